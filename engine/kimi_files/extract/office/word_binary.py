"""The words of a binary Word document by its own tables: what a library's richer reading is measured by.

Structures as Microsoft publishes them in [MS-DOC]; those of Word 6 and 95 as its forerunner described them.
"""

from __future__ import annotations

import io
import re
import struct
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from kimi_files.extract.office.compound import Compound
from kimi_files.extract.office.equations import equation
from kimi_files.extract.office.losses import COMMENT, DELETED, END, HIDDEN, INSERTED, SIGN, Line, Parts
from kimi_files.extract.office.markdown import comment, is_power
from kimi_files.extract.symbols import sign

_WORD_97 = 0x00C1
_WORD_6 = 0x0065
_MOST_PIECES = 1 << 20
_MOST_BYTES = 256 << 20

_TABLE_1, _ENCRYPTED, _COMPLEX, _WIDE = 0x0200, 0x0100, 0x0004, 0x1000
_COMPRESSED = 0x40000000
# Where the first part of the file says that a table stands in the second: offset and length.
_COMMENT_PLACES, _CHARACTER_PAGES, _FONTS, _PIECES, _COMMENT_AUTHORS = 0x00BA, 0x00FA, 0x0112, 0x01A2, 0x01BA

# What is found of a run: a mark before it, a power, a sign of a font, a form field that is described in another stream.
_POWER, _SYMBOL, _FIELD_DATA, _SHOWN = "^", "s", "f", "="
_RISE_CODE, _SYMBOL_CODE, _FIELD_CODE = 0x2A48, 0x6A09, 0x6A03
_PROPERTIES = {
    0x0800: DELETED,
    0x0801: INSERTED,
    0x083C: HIDDEN,
    _RISE_CODE: _POWER,
    _SYMBOL_CODE: _SYMBOL,
    _FIELD_CODE: _FIELD_DATA,
}
_SET = re.compile(b"[\x00\x01\x3c]\x08[\x01\x81]")
_OPERAND_BYTES = (1, 1, 2, 4, 2, 2, -1, 3)
_PAGE_BYTES = 512

# A field is its instruction, then its result; what stands between \x13 and \x14 is for Word only.
_INSTRUCTION = re.compile("\x13([^\x13\x14\x15]*)(?:\x14([^\x13\x14\x15]*))?\x15")
_FIELD = "\x13"
_FORM_FIELDS = ("FORMCHECKBOX", "FORMDROPDOWN")
_AS_AT_FIRST = 25
_PICTURE = "\x01"
_DEEPEST_FIELD = 8
_PARAGRAPH_END, _SECTION_END, _CELL_END = "\r", "\x0c", "\x07"
_NOT_SHOWN = "\x00\x01\x02\x03\x04\x06\x08\x10\x11\x12\x13\x14\x15\x1f\xad"
_SIGNS = (*((sign, "") for sign in _NOT_SHOWN), ("\x0b", "\n"), ("\x0e", "\n"), ("\x1e", "-"), ("\xa0", " "))


@dataclass(frozen=True, slots=True)
class _Piece:
    """A run of characters that stand together in the file: ``start`` is its first in the text, ``offset`` in bytes."""

    start: int
    offset: int
    length: int
    width: int


def parts(untrusted_bytes: bytes) -> Parts | None:
    """What stands in the document by its own tables; None where they cannot be followed."""
    try:
        return _parts(untrusted_bytes)
    except (struct.error, ValueError, IndexError):
        # What a damaged file raises; the libraries then say what is wrong.
        return None


def _parts(untrusted_bytes: bytes) -> Parts | None:
    container = Compound(untrusted_bytes)
    main = container.stream("WordDocument", _MOST_BYTES)
    if main is None:
        return None
    version, flags = struct.unpack_from("<H", main, 2)[0], struct.unpack_from("<H", main, 10)[0]
    if flags & _ENCRYPTED or version < _WORD_6:
        return None
    if version < _WORD_97:
        lengths = struct.unpack_from("<8i", main, 0x34)
        text, authors, marks = _old_text(main, flags), [], []
    else:
        lengths = struct.unpack_from("<8i", main, 0x4C)
        tables = container.stream("1Table" if flags & _TABLE_1 else "0Table", _MOST_BYTES)
        if tables is None:
            return None
        pieces = list(_pieces(_named(main, tables, _PIECES)))
        text = "".join(_decoded(main, piece) for piece in pieces)
        # Every picture is described in another stream as fields of a form are: without these, nothing of that is looked at.
        is_form = any(name in text for name in _FORM_FIELDS)
        marks = _marks(main, _named(main, tables, _CHARACTER_PAGES), pieces, is_form)
        if any(mark[0] in (_SYMBOL, _FIELD_DATA) for _, _, mark in marks):
            fonts = list(_fonts(_named(main, tables, _FONTS)))
            fields = container.stream("Data", _MOST_BYTES) or b"" if is_form else b""
            marks = list(_with_signs(marks, text, fonts, fields))
        authors = _comment_authors(main, tables)
    cut: list[str] = []
    position = 0
    for length in lengths:
        end = position + max(length, 0)
        cut.append(_with_marks(text, position, end, marks))
        position = end
    body, footnotes, heads, _, comments, endnotes, boxes, head_boxes = cut
    asides = _comments(comments, authors)
    lines = [line for part in (body, footnotes, endnotes, boxes) for line in _lines(part, asides)]
    running_heads = [line for part in (heads, head_boxes) for line in _lines(part, iter(()))]
    # Of what was written before Word 97 one library reads nothing, and the other the bare letters.
    return Parts(lines, running_heads, is_all=version < _WORD_97 and not flags & _WIDE)


def _named(main: bytes, tables: bytes, place: int) -> bytes:
    start, size = struct.unpack_from("<II", main, place)
    return tables[start : start + size]


def _old_text(main: bytes, flags: int) -> str:
    """Of Word 6 and 95: one byte a character, in the code page of each font; two in the editions of the Far East."""
    width = 2 if flags & _WIDE else 1
    if flags & _COMPLEX:
        start, size = struct.unpack_from("<II", main, 0x0160)
        pieces = _pieces(main[start : start + size], is_old=True)
        raw = b"".join(main[piece.offset : piece.offset + width * piece.length] for piece in pieces)
    else:
        start, end = struct.unpack_from("<II", main, 0x18)
        raw = main[start:end]
    if width == 2:
        return raw.decode("utf-16-le", "replace")
    from kimi_files.extract.encoding import Decoded, code_page

    # Which font each letter has is told far away.
    return "".join(Decoded(io.BytesIO(raw), code_page(raw)))


def _decoded(main: bytes, piece: _Piece) -> str:
    raw = main[piece.offset : piece.offset + piece.width * piece.length]
    return raw.decode("cp1252" if piece.width == 1 else "utf-16-le", "replace")


def _pieces(clx: bytes, is_old: bool = False) -> Iterator[_Piece]:
    """The pieces of the text in its order."""
    position = 0
    while position < len(clx) and clx[position] == 1:
        position += 3 + int(struct.unpack_from("<H", clx, position + 1)[0])
    size = struct.unpack_from("<I", clx, position + 1)[0]
    places = clx[position + 5 : position + 5 + size]
    count = min((len(places) - 4) // 12, _MOST_PIECES)
    ends = struct.unpack_from(f"<{count + 1}I", places, 0)
    descriptions = places[4 * (count + 1) : 4 * (count + 1) + 8 * count]
    for (start, end), (offset,) in zip(pairwise(ends), struct.iter_unpack("<2xI2x", descriptions), strict=True):
        length = max(end - start, 0)
        if is_old:
            yield _Piece(start, offset, length, 1)
        elif offset & _COMPRESSED:
            yield _Piece(start, (offset & ~_COMPRESSED) // 2, length, 1)
        else:
            yield _Piece(start, offset, length, 2)


def _marks(main: bytes, pages: bytes, pieces: list[_Piece], is_form: bool) -> list[tuple[int, int, str]]:
    """First and last character (exclusive) of what is inserted, deleted or hidden, in the order of the text."""
    by_offset = sorted(pieces, key=lambda piece: piece.offset)
    offsets = [piece.offset for piece in by_offset]
    found: list[tuple[int, int, str]] = []
    count = max((len(pages) - 4) // 8, 0)
    for page_number in struct.unpack_from(f"<{count}I", pages, 4 * (count + 1)) if count else ():
        place = (page_number & 0x3FFFFF) * _PAGE_BYTES
        page = main[place : place + _PAGE_BYTES]
        if len(page) < _PAGE_BYTES or not _may_be_set(page, is_form):
            continue
        for start, end, mark in _marked_runs(page, is_form):
            for piece in by_offset[max(bisect_right(offsets, start) - 1, 0) : bisect_right(offsets, end)]:
                first = max(start - piece.offset, 0) // piece.width
                last = min((end - piece.offset) // piece.width, piece.length)
                if first < last:
                    found.append((piece.start + first, piece.start + last, mark))
    return _merged(found)


def _fonts(stored: bytes) -> Iterator[str]:
    """The names of the fonts by their numbers."""
    position = 4
    while position < len(stored):
        size = 1 + stored[position]
        yield stored[position + 40 : position + size].decode("utf-16-le", "replace").partition("\0")[0]
        position += size


def _with_signs(
    marks: list[tuple[int, int, str]], text: str, fonts: list[str], fields: bytes
) -> Iterator[tuple[int, int, str]]:
    """The marks with what signs of symbol fonts and form fields show, without those of pictures."""
    for start, end, mark in marks:
        if mark[0] == _SYMBOL:
            font, code = struct.unpack("<HH", bytes.fromhex(mark[1:]))
            yield start, end, _SHOWN + sign(fonts[font] if font < len(fonts) else "", code).strip()
        elif mark[0] != _FIELD_DATA:
            yield start, end, mark
        elif text[max(start - 16, 0) : start].rstrip().endswith(_FORM_FIELDS):
            shown = _form_field(fields, struct.unpack("<I", bytes.fromhex(mark[1:]))[0])
            # The end of the field may be of the same run.
            place = text.find(_PICTURE, start, end)
            if shown and place >= 0:
                yield place, place + 1, _SHOWN + shown


def _form_field(fields: bytes, offset: int) -> str:
    """A check box of a form, or what is chosen from a list; nothing where that cannot be followed."""
    try:
        start = offset + int(struct.unpack_from("<H", fields, offset + 4)[0])
        kind = struct.unpack_from("<H", fields, start + 4)[0]
        chosen = kind >> 2 & 0x1F
        # Its name stands before what it is at first.
        start += 10
        start += 4 + 2 * int(struct.unpack_from("<H", fields, start)[0])
        chosen = struct.unpack_from("<H", fields, start)[0] if chosen == _AS_AT_FIRST else chosen
        if kind & 3 == 1:
            return "☑" if chosen else "☐"
        start += 2
        for _ in range(5):  # format, help, status, macros at its begin and end
            start += 4 + 2 * int(struct.unpack_from("<H", fields, start)[0])
        extended, count = struct.unpack_from("<HH", fields, start)
        start += 6
        for number in range(count if extended == 0xFFFF else 0):
            length = int(struct.unpack_from("<H", fields, start)[0])
            if number == chosen:
                return fields[start + 2 : start + 2 + 2 * length].decode("utf-16-le", "replace")
            start += 2 + 2 * length
    except struct.error:
        pass
    return ""


def _merged(found: list[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """Runs of the same mark that follow each other as one, in the order of the text, none within another."""
    merged: list[tuple[int, int, str]] = []
    for start, end, mark in sorted(found):
        if merged and start <= merged[-1][1]:
            if mark == merged[-1][2]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]), mark)
                continue
            start = merged[-1][1]
        if start < end:
            merged.append((start, end, mark))
    return merged


def _may_be_set(properties: bytes, is_form: bool) -> bool:
    """Whether something in them looks like a set property of those that are looked for: in most nothing does."""
    if b"\x48\x2a\x01" in properties or b"\x09\x6a" in properties or (is_form and b"\x03\x6a" in properties):
        return True
    return (b"\x08\x01" in properties or b"\x08\x81" in properties) and _SET.search(properties) is not None


def _marked_runs(page: bytes, is_form: bool) -> Iterator[tuple[int, int, str]]:
    """First and last byte (exclusive) of each run of a page of character properties that is inserted, deleted or hidden."""
    count = page[_PAGE_BYTES - 1]
    bounds = struct.unpack_from(f"<{count + 1}I", page, 0)
    # Runs of the same properties share their place.
    known: dict[int, str] = {0: ""}
    for number, half in enumerate(page[4 * (count + 1) : 4 * (count + 1) + count]):
        if half not in known:
            known[half] = _mark(page[2 * half + 1 : 2 * half + 1 + page[2 * half]], is_form)
        if known[half]:
            yield bounds[number], bounds[number + 1], known[half]


def _mark(properties: bytes, is_form: bool) -> str:
    """What a run with these properties is, if it is marked."""
    if not _may_be_set(properties, is_form):
        return ""
    found: dict[int, str] = {}
    position, end = 0, len(properties) - 2
    while position < end:
        code = properties[position] | properties[position + 1] << 8
        position += 2
        if code in _PROPERTIES:
            value = properties[position]
            if code == _SYMBOL_CODE or (is_form and code == _FIELD_CODE):
                found[code] = properties[position : position + 4].hex()
            elif code != _FIELD_CODE and (value == 1 if code == _RISE_CODE else value & 1):
                found[code] = ""
        size = _OPERAND_BYTES[code >> 13]
        position += size if size >= 0 else 1 + properties[position]
    return next((mark + found[code] for code, mark in _PROPERTIES.items() if code in found), "") if found else ""


def _with_marks(text: str, start: int, end: int, marks: list[tuple[int, int, str]]) -> str:
    """A part of the text, with marks around what is marked; a mark ends with its paragraph or cell and begins again."""
    if start >= end:
        return ""
    parts: list[str] = []
    position = start
    for first, last, mark in marks:
        if last <= start:
            continue
        if first >= end:
            break
        first, last = max(first, start), min(last, end)
        parts.append(text[position:first])
        words = text[first:last]
        if mark == _POWER:
            parts.append(f"{SIGN}^{words}" if is_power(words, text[first - 1 : first]) else words)
        elif mark[0] == _SHOWN:
            parts.append("".join(SIGN + character for character in mark[1:] * len(words)))
        else:
            parts.append(_MARKED_WORDS.sub(lambda run, mark=mark: f"{mark}{run[0]}{END}", words))  # type: ignore[misc]
        position = last
    parts.append(text[position:end])
    return "".join(parts)


# Neither a paragraph's or cell's end nor a field's signs.
_MARKED_WORDS = re.compile("[^\r\x07\x0c\x13\x14\x15]*[^\\s\x07\x13\x14\x15\x01\x05\x08][^\r\x07\x0c\x13\x14\x15]*")


def _comment_authors(main: bytes, tables: bytes) -> list[str]:
    """The author of each comment in the order of the text."""
    names: list[str] = []
    stored = _named(main, tables, _COMMENT_AUTHORS)
    position = 0
    while position + 2 <= len(stored):
        length = struct.unpack_from("<H", stored, position)[0]
        names.append(stored[position + 2 : position + 2 + 2 * length].decode("utf-16-le", "replace"))
        position += 2 + 2 * length
    places = _named(main, tables, _COMMENT_PLACES)
    count = max((len(places) - 4) // 34, 0)
    numbers = [struct.unpack_from("<H", places, 4 * (count + 1) + 30 * place + 20)[0] for place in range(count)]
    return [names[number] if number < len(names) else "" for number in numbers]


def _comments(text: str, authors: list[str]) -> Iterator[str]:
    """The comments in the order of the text that they are about; each begins with the sign of its place."""
    for number, words in enumerate(text.split(COMMENT)[1:]):
        author = authors[number] if number < len(authors) else ""
        yield comment(author, " ".join(line.text for line in _lines(words, iter(()))))


def _result(field: re.Match[str]) -> str:
    if field[2] is None and (shown := equation(field[1])):
        return shown
    if SIGN in field[1]:
        return field[1][field[1].index(SIGN) :]
    return field[2] or ""


def _lines(text: str, comments: Iterator[str]) -> Iterator[Line]:
    """Paragraphs and rows. A cell ends with \\x07, a row with another one."""
    if not text:
        return
    for _ in range(_DEEPEST_FIELD):
        if _FIELD not in text:
            break
        shorter = _INSTRUCTION.sub(_result, text)
        if shorter == text:
            break
        text = shorter
    # One after the other: to translate a long text sign by sign takes twenty times as long.
    for written, instead in _SIGNS:
        if written in text:
            text = text.replace(written, instead)
    is_commented = COMMENT in text
    for paragraph in text.replace(_SECTION_END, _PARAGRAPH_END).split(_PARAGRAPH_END):
        if _CELL_END not in paragraph and not is_commented:
            if paragraph := paragraph.strip():
                yield Line((paragraph,))
            continue
        for row in paragraph.split(_CELL_END * 2):
            cells = tuple(map(str.strip, row.split(_CELL_END)))
            if any(cells):
                count = sum(cell.count(COMMENT) for cell in cells) if is_commented else 0
                yield Line(cells, tuple(next(comments, "") for _ in range(count)) if count else ())
