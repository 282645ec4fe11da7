"""Presentations in PowerPoint's binary format by their own records: slides in order, tables, notes, comments, hidden slides.

Structures as Microsoft publishes them in [MS-PPT] and [MS-ODRAW].
"""

from __future__ import annotations

import re
import struct
from codecs import utf_16_le_decode
from collections.abc import Iterator
from dataclasses import dataclass, field

from kimi_files.errors import PasswordRequired
from kimi_files.extract.edits import edited
from kimi_files.extract.office.compound import Compound
from kimi_files.extract.office.markdown import Block, comment, heading, is_power, join_blocks, picture, table
from kimi_files.extract.office.slide_order import Box, in_reading_order
from kimi_files.extract.symbols import readable

# fmt: off
_SLIDE, _SLIDE_ATOM, _NOTES, _SLIDE_PLACE, _SHOW, _DRAWING = 0x03EE, 0x03EF, 0x03F0, 0x03F3, 0x03F9, 0x040C
_TEXT_REFERENCE, _TEXT_HEADER, _CHARACTERS, _BYTES, _STRING = 0x0F9E, 0x0F9F, 0x0FA0, 0x0FA8, 0x0FBA
_LIST, _COMMENT, _DIRECTORY, _TAG_DATA, _STYLES = 0x0FF0, 0x2EE0, 0x1772, 0x138B, 0x0FA1
_GROUP, _SHAPE, _OPTIONS, _TEXT_BOX, _CHILD_ANCHOR, _MORE_OPTIONS = 0xF003, 0xF004, 0xF00B, 0xF00D, 0xF00F, 0xF122
_ANCHOR, _CLIENT_DATA, _PLACEHOLDER = 0xF010, 0xF011, 0x0BC3
# fmt: on
_DESCRIPTION, _TABLE = 0x0381, 0x039F
# What their records begin with: to look for these first spares going through all that is drawn.
_COMMENT_START, _DESCRIPTION_START = b"\x0f\x00\xe0\x2e", b"\x81\xc3"
_TEXT_BOX_START, _TABLE_START, _PLACEHOLDER_START = b"\x0d\xf0", b"\x9f\x03", b"\xc3\x0b"
_TITLES, _BODIES, _TITLE_PLACES = (0, 6), (1, 5, 7, 8), (13, 15, 17)
_FOR_97 = "PP97_DUALSTORAGE"
_ENCRYPTED = 0xF3D1C4DF
_HIDDEN = 4
_HOLDS_OTHERS = 0xF
_MOST_BYTES = 256 << 20
_MOST_EDITS = 1_000
_DEEPEST = 24
# Stands before a paragraph once for each level that it is below the first.
_DEEPER = "\x02"
_SIGNS = (("\x0b", "\n"), ("\xa0", " "), ("\x1f", ""), ("\xad", ""), (_DEEPER, ""))
_PARAGRAPH = re.compile("(?:(?<=\r)|(?<![\\s\\S]))[^\r]")
# Bits of a mask and the bytes of the field that they stand for, in the order of the fields; 0 for as many as it says.
# fmt: off
_PARAGRAPH_FIELDS = (
    (0xF, 2), (0x80, 2), (0x10, 2), (0x40, 2), (0x20, 4), (0x800, 2), (0x1000, 2), (0x2000, 2), (0x4000, 2), (0x100, 2),
    (0x400, 2), (0x8000, 2), (0x100000, 0), (0x10000, 2), (0xE0000, 2), (0x200000, 2),
)
_CHARACTER_FIELDS = (
    (0x3EB7, 2), (0x10000, 2), (0x200000, 2), (0x400000, 2), (0x800000, 2), (0x20000, 2), (0x40000, 4), (0x80000, 2),
)
# fmt: on
_RAISED = 0x80000


@dataclass(slots=True)
class Slide:
    title: str | None = None
    blocks: list[Block] = field(default_factory=list)
    notes: str = ""
    hidden: bool = False


_HEAD, _NUMBER = struct.Struct("<HHI"), struct.Struct("<I")
_PARAGRAPH_RUN, _CHARACTER_RUN = struct.Struct("<IHI"), struct.Struct("<II")
_WIDE_BOX, _NARROW_BOX = struct.Struct("<4i"), struct.Struct("<4h")

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
        self._is_described = False
        # Of the drawing that ends there, the next place that looks like a text box.
        self._next_box = self._drawing_end = 0
        # How many bytes the fields take that a mask names, of those where it alone says so.
        self._paragraph_sizes: dict[int, int] = {}
        self._character_sizes: dict[int, int] = {}

    def slides(self) -> list[Slide]:
        document = self._at(self._document)
        listed: dict[int, list[tuple[int, int, list[tuple[int, str]]]]] = {}
        for record in self._inner(*document[2:]):
            if record[0] == _LIST:
                listed[record[1] >> 4] = list(self._listed(record))
        notes = {identity: place for place, identity, _ in listed.get(2, ())}
        return [self._slide(place, texts, notes) for place, _, texts in listed.get(0, ())]

    def _directory(self, edit: int) -> tuple[dict[int, int], int]:
        """Where each part stands, by its number, as the newest edit has it; the number of the document."""
        places: dict[int, int] = {}
        document = 0
        seen: set[int] = set()
        while edit not in seen and len(seen) < _MOST_EDITS:
            seen.add(edit)
            before, directory, newest = struct.unpack_from("<III", self._stream, edit + 16)
            document = document or newest
            record = self._at_offset(directory)
            if record[0] != _DIRECTORY:
                raise ValueError("no directory")
            position = record[2]
            while position < record[3]:
                packed = _NUMBER.unpack_from(self._stream, position)[0]
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

    def _inner(self, position: int, end: int) -> Iterator[_Record]:
        """The records from a place to another, of which none goes beyond that."""
        stream, unpack = self._stream, _HEAD.unpack_from
        while position + 8 <= end:
            packed, kind, size = unpack(stream, position)
            start = position + 8
            position = start + size
            if position > end:
                position = end
            yield kind, packed, start, position

    def _all(self, record: _Record, kind: int, depth: int = 0) -> Iterator[_Record]:
        """Records of a kind within this one, however deep."""
        for inner in self._inner(*record[2:]):
            if inner[0] == kind:
                yield inner
            elif depth < _DEEPEST and (inner[0] == _TAG_DATA or inner[1] & 0xF == _HOLDS_OTHERS):
                yield from self._all(inner, kind, depth + 1)

    def _listed(self, record: _Record) -> Iterator[tuple[int, int, list[tuple[int, str]]]]:
        """Number of the part, identity, and the texts of its placeholders with their kinds, of each slide of a list."""
        texts: list[tuple[int, str]] = []
        place = None
        kind = 4
        for inner in self._inner(*record[2:]):
            if inner[0] == _SLIDE_PLACE:
                if place is not None:
                    yield (*place, texts)
                number, _, _, identity = struct.unpack_from("<4I", self._stream, inner[2])
                place, texts = (number, identity), []
            elif inner[0] == _TEXT_HEADER:
                kind = _NUMBER.unpack_from(self._stream, inner[2])[0]
                texts.append((kind, ""))
            elif inner[0] in (_CHARACTERS, _BYTES) and texts:
                texts[-1] = (kind, self._text(inner[0], *inner[2:]))
            elif inner[0] == _STYLES and texts:
                texts[-1] = (kind, self._with_styles(texts[-1][1], inner[2]))
        if place is not None:
            yield (*place, texts)

    def _text(self, code: int, start: int, end: int) -> str:
        raw = self._stream[start:end]
        return raw.decode("latin-1") if code == _BYTES else utf_16_le_decode(raw, "replace", True)[0]

    def _with_styles(self, text: str, position: int) -> str:
        """The text with marks for the depth of paragraphs and for powers, as the runs of its styles have them."""
        marks: dict[int, str] = {}
        stream, start, end = self._stream, 0, len(text)
        try:
            while start <= end:
                count, depth, mask = _PARAGRAPH_RUN.unpack_from(stream, position)
                position += 10
                for paragraph in _PARAGRAPH.finditer(text, start, start + count) if depth else ():
                    marks[paragraph.start()] = _DEEPER * min(depth, 4)
                size = self._paragraph_sizes.get(mask)
                if size is None:
                    size = self._size(mask, _PARAGRAPH_FIELDS, self._paragraph_sizes, position)
                position += size
                start += count or 1
            start = 0
            while start <= end:
                count, mask = _CHARACTER_RUN.unpack_from(stream, position)
                position += 8
                size = self._character_sizes.get(mask)
                if size is None:
                    size = self._size(mask, _CHARACTER_FIELDS, self._character_sizes, position)
                is_raised = mask & _RAISED and struct.unpack_from("<h", stream, position + size - 2)[0] > 0
                if is_raised and is_power(text[start : start + count], text[max(start - 1, 0) : start]):
                    marks[start] = "^"
                position += size
                start += count or 1
        except (struct.error, IndexError):
            # The styles of a damaged file tell nothing; its text does.
            pass
        return edited(text, ((place, place, mark) for place, mark in marks.items())) if marks else text

    def _size(self, mask: int, fields: tuple[tuple[int, int], ...], known: dict[int, int], position: int) -> int:
        """How many bytes the fields take that a mask names."""
        size = 0
        is_told = True
        for bits, length in fields:
            if mask & bits:
                is_told = is_told and length > 0
                size += length or 2 + 4 * int(struct.unpack_from("<H", self._stream, position + size)[0])
        if is_told:
            known[mask] = size
        return size

    def _slide(self, place: int, texts: list[tuple[int, str]], notes: dict[int, int]) -> Slide:
        record = self._at(place)
        slide = Slide()
        blocks: list[Block] = []
        is_commented = False
        for inner in self._inner(*record[2:]):
            if inner[0] == _SLIDE_ATOM:
                identity = _NUMBER.unpack_from(self._stream, inner[2] + 16)[0]
                if identity in notes:
                    slide.notes = self._notes(notes[identity])
            elif inner[0] == _SHOW:
                slide.hidden = bool(struct.unpack_from("<H", self._stream, inner[2] + 10)[0] & _HIDDEN)
            elif inner[0] == _DRAWING:
                blocks.extend(self._drawn(inner, slide, texts))
            else:
                is_commented = is_commented or self._stream.find(_COMMENT_START, inner[2] - 8, inner[3]) >= 0
        for remark in self._all(record, _COMMENT) if is_commented else ():
            strings = (part for part in self._inner(*remark[2:]) if part[0] == _STRING)
            said = {packed >> 4: self._text(code, start, end) for code, packed, start, end in strings}
            if words := " ".join(said.get(1, "").split()):
                author = said.get(0, "").strip()
                blocks.append(Block(comment(author, words)))
        slide.blocks = [heading(slide.title, 2), *blocks] if slide.title else blocks
        return slide

    def _notes(self, place: int) -> str:
        slide = Slide()
        blocks = self._drawn(self._at(place), slide, [])
        return join_blocks([Block(slide.title or ""), *blocks])

    def _drawn(self, record: _Record, slide: Slide, texts: list[tuple[int, str]]) -> list[Block]:
        # What most slides have none of is not looked for in each of their shapes; one byte is found faster than two.
        start, end = record[2:]
        first = self._stream.find(_DESCRIPTION_START[1:], start, end)
        self._is_described = first >= 0 and self._stream.find(_DESCRIPTION_START, first - 1, end) >= 0
        self._next_box, self._drawing_end = -1, end
        return self._shapes(start, end, slide, texts, 0)

    def _shapes(self, position: int, end: int, slide: Slide, texts: list[tuple[int, str]], depth: int) -> list[Block]:
        """What shapes say, in the order in which they are read."""
        found: list[tuple[Box | None, list[Block]]] = []
        unpack = _HEAD.unpack_from
        while position + 8 <= end:
            packed, kind, size = unpack(self._stream, position)
            start = position + 8
            position = start + size
            if position > end:
                position = end
            if self._next_box < start:
                self._find_box(start)
            # Most of what is drawn has neither a text box nor a description.
            if (self._next_box >= position and not self._is_described) or packed & 0xF != _HOLDS_OTHERS:
                continue
            place: Box | None = None
            if kind == _SHAPE:
                place, blocks = self._shape(start, position, slide, texts)
            elif kind == _GROUP and self._is_table(start, position):
                place, blocks = self._place(start, position), [Block(self._table(start, position, texts))]
            else:
                blocks = self._shapes(start, position, slide, texts, depth + 1) if depth < _DEEPEST else []
                if blocks and kind == _GROUP:
                    place = self._place(start, position)
            if blocks:
                found.append((place, blocks))
        return in_reading_order(found) if len(found) > 1 else found[0][1] if found else []

    def _shape(
        self, start: int, end: int, slide: Slide, texts: list[tuple[int, str]]
    ) -> tuple[Box | None, list[Block]]:
        kind, text, place = self._shape_text(start, end, texts)
        blocks = list(self._described(start, end)) if self._is_described else []
        if not text or text.isspace():
            return place, blocks
        if kind in _TITLES and not slide.title:
            slide.title = " ".join(_plain(text).split())
        else:
            blocks.append(Block(paragraphs(kind, text)))
        return place, blocks

    def _place(self, position: int, end: int) -> Box | None:
        """Where a group stands, by its first shape, which is the group itself."""
        for kind, _, start, stop in self._inner(position, end):
            if kind == _SHAPE:
                for code, _, first, last in self._inner(start, stop):
                    if code in (_ANCHOR, _CHILD_ANCHOR):
                        return self._anchor(code, first, last)
                break
        return None

    def _anchor(self, code: int, start: int, end: int) -> Box | None:
        is_wide = end - start >= 16
        if not is_wide and (code == _CHILD_ANCHOR or end - start < 8):
            return None
        first, second, right, bottom = (_WIDE_BOX if is_wide else _NARROW_BOX).unpack_from(self._stream, start)
        return (first, second, right, bottom) if code == _CHILD_ANCHOR else (second, first, right, bottom)

    def _find_box(self, start: int) -> None:
        """Find what looks like the next text box; each is looked for once, as shapes are gone through in their order."""
        place = self._stream.find(_TEXT_BOX_START, start, self._drawing_end)
        self._next_box = place if place >= 0 else self._drawing_end

    def _shape_text(self, position: int, end: int, texts: list[tuple[int, str]]) -> tuple[int, str, Box | None]:
        """Kind and text, and where the shape stands."""
        kind, text = 4, ""
        is_title = False
        place: Box | None = None
        stream, unpack = self._stream, _HEAD.unpack_from
        # Not by `_inner`, here and below: most of all records are those of shapes.
        while position + 8 <= end:
            _, code, size = unpack(stream, position)
            start = position + 8
            position = start + size
            if position > end:
                position = end
            if code == _TEXT_BOX:
                kind, text = self._box_text(start, position, texts)
            elif code in (_ANCHOR, _CHILD_ANCHOR):
                place = place or self._anchor(code, start, position)
            elif code == _CLIENT_DATA and stream.find(_PLACEHOLDER_START, start, position) >= 0:
                for part in self._inner(start, position):
                    is_title = is_title or (part[0] == _PLACEHOLDER and stream[part[2] + 4] in _TITLE_PLACES)
        # A field's place, such as the slide's number, is a star.
        return 0 if is_title else kind, "" if "*" in text and _plain(text).strip() == "*" else text, place

    def _box_text(self, position: int, end: int, texts: list[tuple[int, str]]) -> tuple[int, str]:
        """Kind and text, with marks of its styles."""
        kind, text = 4, ""
        stream, unpack = self._stream, _HEAD.unpack_from
        while position + 8 <= end:
            _, code, size = unpack(stream, position)
            start = position + 8
            position = start + size
            if code == _TEXT_HEADER:
                kind = _NUMBER.unpack_from(stream, start)[0]
            elif code in (_CHARACTERS, _BYTES):
                text = self._text(code, start, position)
            elif code == _STYLES:
                return kind, self._with_styles(text, start)
            elif code == _TEXT_REFERENCE:
                number = _NUMBER.unpack_from(stream, start)[0]
                return texts[number] if number < len(texts) else (kind, "")
        return kind, text

    def _described(self, position: int, end: int) -> Iterator[Block]:
        """What a picture's author wrote about it; the name of its file, which stands there by itself, says nothing."""
        if self._stream.find(_DESCRIPTION_START, position, end) < 0:
            return
        for number, words in self._options(position, end):
            if number == _DESCRIPTION and words:
                yield Block(picture(words.decode("utf-16-le", "replace").partition("\0")[0]))

    def _options(self, position: int, end: int) -> Iterator[tuple[int, bytes]]:
        """Number and long value of each property of a shape."""
        for kind, packed, start, stop in self._inner(position, end):
            if kind not in (_OPTIONS, _MORE_OPTIONS):
                continue
            count = packed >> 4
            place = start + 6 * count
            for turn in range(count):
                number, value = struct.unpack_from("<HI", self._stream, start + 6 * turn)
                size = value if number & 0x8000 else 0
                yield number & 0x3FFF, self._stream[place : min(place + size, stop)]
                place += size

    def _is_table(self, position: int, end: int) -> bool:
        start = position + 8
        stop = min(start + _NUMBER.unpack_from(self._stream, position + 4)[0], end)
        if self._stream.find(_TABLE_START, start, stop) < 0:
            return False
        return any(number == _TABLE for number, _ in self._options(start, stop))

    def _table(self, position: int, end: int, texts: list[tuple[int, str]]) -> str:
        """Cells by where they stand: a merged one in its first place."""
        cells: dict[tuple[float, float], str] = {}
        for kind, _, start, stop in self._inner(position, end):
            if kind != _SHAPE or self._stream.find(_TEXT_BOX_START, start, stop) < 0:
                continue
            _, text, place = self._shape_text(start, stop, texts)
            text = _plain(text).replace("\r", "\n").strip()
            if text and place:
                cells[place[1], place[0]] = text
        rows = sorted({top for top, _ in cells})
        columns = sorted({left for _, left in cells})
        return table([[cells.get((top, left), "") for left in columns] for top in rows])


def paragraphs(kind: int, text: str) -> str:
    """Paragraphs of a text box; points of a slide's body, as deep as they are."""
    if "\r" not in text:
        return _plain(text).strip()
    if _DEEPER in text:
        lines = [("  " * line.count(_DEEPER), _plain(line).strip()) for line in text.split("\r")]
    else:
        lines = [("", _plain(line).strip()) for line in text.split("\r")]
    lines = [(indent, line) for indent, line in lines if line]
    if kind in _BODIES and len(lines) > 1:
        return "\n".join(f"{indent}- " + line.replace("\n", f"\n{indent}  ") for indent, line in lines)
    return "\n\n".join(line for _, line in lines)


def _plain(text: str) -> str:
    """A text without marks of its styles, with signs for codes of symbol fonts."""
    if text.isprintable():
        # None of all these is.
        return text
    for sign, instead in _SIGNS:
        if sign in text:
            text = text.replace(sign, instead)
    return readable(text)
