"""Presentations in PowerPoint's binary format by their own records: slides in order, tables, notes, comments, hidden slides.

Structures as Microsoft publishes them in [MS-PPT] and [MS-ODRAW].
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from kimi_files.errors import PasswordRequired
from kimi_files.extract.office.compound import Compound
from kimi_files.extract.office.markdown import Block, comment, heading, join_blocks, picture, table

# fmt: off
_SLIDE, _SLIDE_ATOM, _NOTES, _SLIDE_PLACE, _SHOW, _DRAWING = 0x03EE, 0x03EF, 0x03F0, 0x03F3, 0x03F9, 0x040C
_TEXT_REFERENCE, _TEXT_HEADER, _CHARACTERS, _BYTES, _STRING = 0x0F9E, 0x0F9F, 0x0FA0, 0x0FA8, 0x0FBA
_LIST, _COMMENT, _DIRECTORY, _TAG_DATA = 0x0FF0, 0x2EE0, 0x1772, 0x138B
_GROUP, _SHAPE, _OPTIONS, _TEXT_BOX, _CHILD_ANCHOR, _MORE_OPTIONS = 0xF003, 0xF004, 0xF00B, 0xF00D, 0xF00F, 0xF122
_CLIENT_DATA, _PLACEHOLDER = 0xF011, 0x0BC3
# fmt: on
_DESCRIPTION, _TABLE = 0x0381, 0x039F
# What their records begin with: to look for these first spares going through all that is drawn.
_COMMENT_START, _DESCRIPTION_START = b"\x0f\x00\xe0\x2e", b"\x81\xc3"
_TEXT_BOX_START, _TABLE_START, _PLACEHOLDER_START = b"\x0d\xf0", b"\x9f\x03", b"\xc3\x0b"
_TITLES, _BODIES, _TITLE_PLACES = (0, 6), (1, 5, 7, 8), (13, 15, 17)
_FOR_97 = "PP97_DUALSTORAGE"
_ENCRYPTED = 0xF3D1C4DF
_HIDDEN = 4
_MOST_BYTES = 256 << 20
_MOST_EDITS = 1_000
_DEEPEST = 24
_SIGNS = (("\x0b", "\n"), ("\xa0", " "), ("\x1f", ""), ("\xad", ""))


@dataclass(slots=True)
class Slide:
    title: str | None = None
    blocks: list[Block] = field(default_factory=list)
    notes: str = ""
    hidden: bool = False


_HEAD = struct.Struct("<HHI")

_Record = tuple[int, int, int, int]
"""Kind; its version, 15 where it holds others, and above four bits what is said of it; where it starts and ends.

A plain tuple: a presentation has thousands.
"""


def slides(untrusted_bytes: bytes) -> list[Slide] | None:
    """The slides in the order in which they are shown; None where the records cannot be followed.

    Raises:
        PasswordRequired: The presentation is encrypted.
    """
    try:
        container = Compound(untrusted_bytes)
        # PowerPoint 97 could save for PowerPoint 95 as well: then what it reads itself stands apart.
        stream = container.stream("PowerPoint Document", _MOST_BYTES, _FOR_97)
        user = container.stream("Current User", _MOST_BYTES, None if stream is None else _FOR_97)
        if stream is None:
            stream = container.stream("PowerPoint Document", _MOST_BYTES)
        if user is None or stream is None:
            return None
        token, edit = struct.unpack_from("<II", user, 12)
        if token == _ENCRYPTED:
            raise PasswordRequired(
                "The file is encrypted and opens only with a password.", "Save a copy without the password."
            )
        return _Show(stream, edit).slides()
    except (struct.error, ValueError, IndexError, KeyError):
        # What a damaged file raises; the libraries then say what is wrong.
        return None


class _Show:
    def __init__(self, stream: bytes, edit: int) -> None:
        self._stream = stream
        self._places, self._document = self._directory(edit)

    def slides(self) -> list[Slide]:
        document = self._at(self._document)
        listed: dict[int, list[tuple[int, int, list[tuple[int, str]]]]] = {}
        for record in self._inner(document):
            if record[0] == _LIST:
                listed[record[1] >> 4] = list(self._listed(record))
        notes = {identity: place for place, identity, _ in listed.get(2, ())}
        return [self._slide(place, texts, notes) for place, _, texts in listed.get(0, ())]

    def _directory(self, edit: int) -> tuple[dict[int, int], int]:
        """Where each part stands, by its number, as the newest edit has it; the number of the document."""
        places: dict[int, int] = {}
        document = 0
        for _ in range(_MOST_EDITS):
            before, directory, newest = struct.unpack_from("<III", self._stream, edit + 16)
            document = document or newest
            record = self._at_offset(directory)
            if record[0] != _DIRECTORY:
                raise ValueError("no directory")
            position = record[2]
            while position < record[3]:
                packed = struct.unpack_from("<I", self._stream, position)[0]
                first, count = packed & 0xFFFFF, packed >> 20
                for turn, offset in enumerate(struct.unpack_from(f"<{count}I", self._stream, position + 4)):
                    places.setdefault(first + turn, offset)
                position += 4 + 4 * count
            if not before:
                break
            edit = before
        return places, document

    def _at(self, number: int) -> _Record:
        return self._at_offset(self._places[number])

    def _at_offset(self, offset: int) -> _Record:
        packed, kind, size = _HEAD.unpack_from(self._stream, offset)
        return kind, packed, offset + 8, min(offset + 8 + size, len(self._stream))

    def _inner(self, record: _Record) -> Iterator[_Record]:
        """The records that stand in this one."""
        stream, unpack, whole = self._stream, _HEAD.unpack_from, len(self._stream)
        _, _, position, end = record
        while position + 8 <= end:
            packed, kind, size = unpack(stream, position)
            start = position + 8
            position = start + size
            if position > whole:
                position = whole
            yield kind, packed, start, position

    def _all(self, record: _Record, kind: int, depth: int = 0) -> Iterator[_Record]:
        """Records of a kind within this one, however deep."""
        for inner in self._inner(record):
            if inner[0] == kind:
                yield inner
            elif depth < _DEEPEST and (inner[0] == _TAG_DATA or inner[1] & 0xF == 0xF):
                yield from self._all(inner, kind, depth + 1)

    def _listed(self, record: _Record) -> Iterator[tuple[int, int, list[tuple[int, str]]]]:
        """Number of the part, identity, and the texts of its placeholders with their kinds, of each slide of a list."""
        texts: list[tuple[int, str]] = []
        place = None
        kind = 4
        for inner in self._inner(record):
            if inner[0] == _SLIDE_PLACE:
                if place is not None:
                    yield (*place, texts)
                number, _, _, identity = struct.unpack_from("<4I", self._stream, inner[2])
                place, texts = (number, identity), []
            elif inner[0] == _TEXT_HEADER:
                kind = struct.unpack_from("<I", self._stream, inner[2])[0]
                texts.append((kind, ""))
            elif inner[0] in (_CHARACTERS, _BYTES) and texts:
                texts[-1] = (kind, self._text(inner))
        if place is not None:
            yield (*place, texts)

    def _text(self, record: _Record) -> str:
        raw = self._stream[record[2] : record[3]]
        text = raw.decode("latin-1" if record[0] == _BYTES else "utf-16-le", "replace")
        for sign, instead in _SIGNS:
            if sign in text:
                text = text.replace(sign, instead)
        return text

    def _slide(self, place: int, texts: list[tuple[int, str]], notes: dict[int, int]) -> Slide:
        record = self._at(place)
        slide = Slide()
        blocks: list[Block] = []
        for inner in self._inner(record):
            if inner[0] == _SLIDE_ATOM:
                identity = struct.unpack_from("<I", self._stream, inner[2] + 16)[0]
                if identity in notes:
                    slide.notes = self._notes(notes[identity])
            elif inner[0] == _SHOW:
                slide.hidden = bool(struct.unpack_from("<H", self._stream, inner[2] + 10)[0] & _HIDDEN)
            elif inner[0] == _DRAWING:
                blocks.extend(self._shapes(inner, slide, texts, 0))
        is_commented = self._stream.find(_COMMENT_START, record[2], record[3]) >= 0
        for remark in self._all(record, _COMMENT) if is_commented else ():
            said = {part[1] >> 4: self._text(part) for part in self._inner(remark) if part[0] == _STRING}
            if words := " ".join(said.get(1, "").split()):
                author = said.get(0, "").strip()
                blocks.append(Block(comment(author, words)))
        slide.blocks = [heading(slide.title, 2), *blocks] if slide.title else blocks
        return slide

    def _notes(self, place: int) -> str:
        slide = Slide()
        blocks = list(self._shapes(self._at(place), slide, [], 0))
        return join_blocks([Block(slide.title or ""), *blocks])

    def _shapes(self, record: _Record, slide: Slide, texts: list[tuple[int, str]], depth: int) -> Iterator[Block]:
        if depth >= _DEEPEST or not self._may_tell(record):
            return
        for inner in self._inner(record):
            if inner[0] == _SHAPE:
                if not self._may_tell(inner):
                    continue
                kind, text = self._shape_text(inner, texts)
                yield from self._described(inner)
                if kind in _TITLES and not slide.title and text.strip():
                    slide.title = " ".join(text.split())
                elif text.strip():
                    yield Block(paragraphs(kind, text))
            elif inner[0] == _GROUP and self._is_table(inner):
                yield Block(self._table(inner, texts))
            elif inner[1] & 0xF == 0xF:
                yield from self._shapes(inner, slide, texts, depth + 1)

    def _may_tell(self, record: _Record) -> bool:
        """Whether something in it looks like a text box or a description: most of what is drawn has neither."""
        find = self._stream.find
        return find(_TEXT_BOX_START, *record[2:]) >= 0 or find(_DESCRIPTION_START, *record[2:]) >= 0

    def _shape_text(self, shape: _Record, texts: list[tuple[int, str]]) -> tuple[int, str]:
        kind, text = 4, ""
        is_title = False
        for box in self._inner(shape):
            if box[0] == _CLIENT_DATA and self._stream.find(_PLACEHOLDER_START, box[2], box[3]) >= 0:
                for part in self._inner(box):
                    is_title = is_title or (part[0] == _PLACEHOLDER and self._stream[part[2] + 4] in _TITLE_PLACES)
            elif box[0] == _TEXT_BOX:
                kind, text = self._box_text(box, texts)
        # A field's place, such as the slide's number, is a star.
        return 0 if is_title else kind, "" if text.strip() == "*" else text

    def _box_text(self, box: _Record, texts: list[tuple[int, str]]) -> tuple[int, str]:
        """Kind and text, which stand before all that is said of its looks."""
        kind = 4
        for part in self._inner(box):
            if part[0] == _TEXT_HEADER:
                kind = struct.unpack_from("<I", self._stream, part[2])[0]
            elif part[0] == _CHARACTERS or part[0] == _BYTES:
                return kind, self._text(part)
            elif part[0] == _TEXT_REFERENCE:
                number = struct.unpack_from("<I", self._stream, part[2])[0]
                return texts[number] if number < len(texts) else (kind, "")
        return kind, ""

    def _described(self, shape: _Record) -> Iterator[Block]:
        """What a picture's author wrote about it; the name of its file, which stands there by itself, says nothing."""
        if self._stream.find(_DESCRIPTION_START, shape[2], shape[3]) < 0:
            return
        for number, words in self._options(shape):
            if number == _DESCRIPTION and words:
                yield Block(picture(words.decode("utf-16-le", "replace").partition("\0")[0]))

    def _options(self, shape: _Record) -> Iterator[tuple[int, bytes]]:
        """Number and long value of each property of a shape."""
        for part in self._inner(shape):
            if part[0] not in (_OPTIONS, _MORE_OPTIONS):
                continue
            count = part[1] >> 4
            position = part[2] + 6 * count
            for turn in range(count):
                number, value = struct.unpack_from("<HI", self._stream, part[2] + 6 * turn)
                size = value if number & 0x8000 else 0
                yield number & 0x3FFF, self._stream[position : min(position + size, part[3])]
                position += size

    def _is_table(self, group: _Record) -> bool:
        if self._stream.find(_TABLE_START, group[2], group[3]) < 0:
            return False
        first = next(self._inner(group), None)
        return first is not None and any(number == _TABLE for number, _ in self._options(first))

    def _table(self, group: _Record, texts: list[tuple[int, str]]) -> str:
        """Cells by where they stand: a merged one in its first place."""
        cells: dict[tuple[int, int], str] = {}
        for shape in self._inner(group):
            if shape[0] != _SHAPE:
                continue
            for part in self._inner(shape):
                if part[0] == _CHILD_ANCHOR:
                    left, top = struct.unpack_from("<ii", self._stream, part[2])
                    text = self._shape_text(shape, texts)[1].replace("\r", "\n").strip()
                    if text:
                        cells[top, left] = text
        rows = sorted({top for top, _ in cells})
        columns = sorted({left for _, left in cells})
        return table([[cells.get((top, left), "") for left in columns] for top in rows])


def paragraphs(kind: int, text: str) -> str:
    """Paragraphs of a text box; points of a slide's body."""
    lines = [line.strip() for line in text.split("\r")]
    lines = [line for line in lines if line]
    if kind in _BODIES and len(lines) > 1:
        return "\n".join("- " + line.replace("\n", "\n  ") for line in lines)
    return "\n\n".join(lines)
