"""A binary workbook's sheets by the records of its package (xlsb): cells as they are shown, comments, links, text boxes.

Structures as Microsoft publishes them in [MS-XLSB]; drawings and charts are XML as in every other package.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager

from kimi_files.errors import DamagedFile
from kimi_files.extract.office import cells
from kimi_files.extract.office.cells import Book, Sheet
from kimi_files.extract.office.grid import MOST_CELLS, Grid, too_many_cells
from kimi_files.extract.office.number_format import BUILT_IN, general
from kimi_files.extract.office.package import Package

_WORKBOOK = "xl/workbook.bin"

# fmt: off
_ROW, _ERROR, _BOOL, _REAL, _TEXT, _SHARED = 0, 3, 4, 5, 6, 7
_FORMULA_TEXT, _FORMULA_NUMBER, _FORMULA_BOOL, _FORMULA_ERROR, _RICH_TEXT = 8, 9, 10, 11, 62
_STRING, _FORMAT, _XF, _BOOK_PROPERTIES, _BUNDLE_SHEET, _HEADS, _LINK = 19, 44, 47, 153, 156, 479, 494
_CELL_STYLES, _CELL_STYLES_END, _AUTHOR, _COMMENT, _COMMENT_TEXT = 617, 618, 632, 635, 637
# fmt: on
_ERRORS = {
    0: "#NULL!",
    7: "#DIV/0!",
    15: "#VALUE!",
    23: "#REF!",
    29: "#NAME?",
    36: "#NUM!",
    42: "#N/A",
    43: "#GETTING_DATA",
}
# Packed numbers and shared texts, which most cells are, one after the other, each 14 bytes long; cells without content between.
_RUN = re.compile(rb"(?:[\x02\x07]\x0c.{12}|(\x01\x08.{8}))+", re.DOTALL)
_CELL_OR_BLANK = re.compile(rb"([\x02\x07]\x0c.{12})|\x01\x08.{8}", re.DOTALL)
_IS_1904 = 1
_NO_STRING = 0xFFFFFFFF
# How long the beginning of a cell is: its column and its style.
_CELL = 8
_STYLE = 0xFFFFFF


def sheets(package: Package) -> list[Sheet]:
    """The sheets in the order of their tabs. Raises DamagedFile."""
    main = package.main(_WORKBOOK)
    relations = package.relations(main)
    found: list[Sheet] = []
    with _damage():
        for kind, body in _records(package.part(main)):
            if kind == _BUNDLE_SHEET:
                (state,) = struct.unpack_from("<I", body)
                relation, place = _wide(body, 8)
                found.append(Sheet(_wide(body, place)[0], relations.get(relation, ("", ""))[1], state != 0))
    return found


def texts(package: Package, found: list[Sheet]) -> Iterator[str]:
    """Each sheet's text as ``cells.texts`` gives it.

    Raises:
        DamagedFile: A part is not what it should be.
        TooComplex: A sheet has more cells than are read.
    """
    with _damage():
        book = _book(package)
        for sheet in found:
            grid = Grid()
            _fill(grid, package, sheet.part, book)
            cells.add_drawings(grid, package, sheet.part)
            _add_comments(grid, package, sheet.part)
            cells.add_threads(grid, package, sheet.part, _WORKBOOK)
            yield grid.text()


@contextmanager
def _damage() -> Iterator[None]:
    """Records that end too early are a damaged file."""
    try:
        yield
    except (struct.error, IndexError):
        raise DamagedFile("The workbook is damaged or cut off.", "Open it in Excel and save it again.") from None


def _records(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Kind and content of each record."""
    place = 0
    while place < len(content):
        kind, start, place = _record(content, place)
        yield kind, content[start:place]


def _record(content: bytes, place: int) -> tuple[int, int, int]:
    """A record's kind, and where its content starts and ends; kinds and sizes are written in seven bits a byte."""
    kind = content[place]
    place += 1
    if kind & 0x80:
        kind = kind & 0x7F | (content[place] & 0x7F) << 7
        place += 1
    size = 0
    for shift in (0, 7, 14, 21):
        byte = content[place]
        place += 1
        size |= (byte & 0x7F) << shift
        if not byte & 0x80:
            break
    return kind, place, place + size


def _wide(body: bytes, place: int) -> tuple[str, int]:
    """A text with its length before it, and the place behind it; one that is missing is empty."""
    (size,) = struct.unpack_from("<I", body, place)
    place += 4
    if size == _NO_STRING:
        return "", place
    return body[place : place + 2 * size].decode("utf-16-le", "replace"), place + 2 * size


def _book(package: Package) -> Book:
    main = package.main(_WORKBOOK)
    named = dict(package.relations(main).values())
    is_1904 = any(
        kind == _BOOK_PROPERTIES and body[0] & _IS_1904 for kind, body in _records(package.part(main)) if body
    )
    strings = [
        _wide(body, 1)[0]
        for kind, body in _records(package.part(named.get("sharedStrings", "xl/sharedStrings.bin")))
        if kind == _STRING
    ]
    return Book.of(strings, _codes(package.part(named.get("styles", "xl/styles.bin"))), is_1904)


def _codes(content: bytes) -> list[str]:
    """The format code of each cell style."""
    codes = dict(BUILT_IN)
    styles: list[int] = []
    is_inside = False
    for kind, body in _records(content):
        if kind == _FORMAT:
            codes[struct.unpack_from("<H", body)[0]] = _wide(body, 2)[0]
        elif kind in (_CELL_STYLES, _CELL_STYLES_END):
            is_inside = kind == _CELL_STYLES
        elif kind == _XF and is_inside:
            styles.append(struct.unpack_from("<H", body, 2)[0])
    return [codes.get(number, "") for number in styles]


def _fill(grid: Grid, package: Package, part: str, book: Book) -> None:
    """Put the cells with content into the grid, links on them, and the sheet's headers and footers beside them."""
    targets = package.targets(part)
    links: list[tuple[int, int, str]] = []
    content = package.part(part)
    shown: dict[tuple[int, int], str] = {}
    row = count = place = 0
    while place < len(content):
        if run := _RUN.match(content, place):
            place = run.end()
            filled = run[0] if run[1] is None else b"".join(_CELL_OR_BLANK.findall(run[0]))
            line = {column: text for column, text in _texts_of(filled, book, shown) if text and not text.isspace()}
            if line:
                grid.rows.setdefault(row, {}).update(line)
                count += len(line)
            if count > MOST_CELLS:
                raise too_many_cells()
            continue
        kind, start, place = _record(content, place)
        if kind == _ROW:
            (row,) = struct.unpack_from("<I", content, start)
        elif kind <= _FORMULA_ERROR or kind == _RICH_TEXT:
            count += 1
            body = content[start:place]
            column, style = struct.unpack_from("<II", body)
            grid.put(row, column, _value(kind, body, style & _STYLE, book))
        elif kind == _LINK:
            first, _, column, _ = struct.unpack_from("<IIII", content, start)
            links.append((first, column, targets.get(_wide(content[start:place], 16)[0], "")))
        elif kind == _HEADS:
            grid.heads(list(_heads(content[start:place])))
    for first, column, target in links:
        grid.link(first, column, target)


def _texts_of(run: bytes, book: Book, shown: dict[tuple[int, int], str]) -> Iterator[tuple[int, str]]:
    """Columns and texts of cells that stand one after the other; what a number looks like is kept in ``shown``."""
    for kind, _, column, style, value in struct.iter_unpack("<BBIII", run):
        if kind == _SHARED:
            text = book.string(value)
            yield column, book.worded(text, style & _STYLE) if book.has_words else text
            continue
        known = shown.get((style, value))
        if known is None:
            known = shown[style, value] = _number(_rk(value), style & _STYLE, book)
        yield column, known


def _heads(body: bytes) -> Iterator[str]:
    place = 2
    while place < len(body):
        head, place = _wide(body, place)
        yield head


def _value(kind: int, body: bytes, style: int, book: Book) -> str:
    if kind in (_REAL, _FORMULA_NUMBER):
        return _number(struct.unpack_from("<d", body, _CELL)[0], style, book)
    if kind in (_TEXT, _FORMULA_TEXT, _RICH_TEXT):
        return book.worded(_wide(body, _CELL + (kind == _RICH_TEXT))[0], style)
    if kind in (_BOOL, _FORMULA_BOOL):
        return "TRUE" if body[_CELL] else "FALSE"
    return _ERRORS.get(body[_CELL], "#ERROR!") if kind in (_ERROR, _FORMULA_ERROR) else ""


def _number(value: float, style: int, book: Book) -> str:
    try:
        return book.number(value, style)
    except (ValueError, OverflowError):
        return general(value) if abs(value) < float("inf") else str(value)


def _rk(packed: int) -> float:
    """A number packed into four bytes, two bits of which say that it is a hundredth of it, and a whole one."""
    whole = (packed - (1 << 32) if packed & 1 << 31 else packed) >> 2
    value = float(whole) if packed & 2 else struct.unpack("<d", struct.pack("<q", whole << 34))[0]
    return float(value / 100 if packed & 1 else value)


def _add_comments(grid: Grid, package: Package, part: str) -> None:
    relations = sorted(package.relations(part).values())
    has_threads = any(kind == "threadedComment" for kind, _ in relations)
    for name in (name for kind, name in relations if kind == "comments"):
        authors: list[str] = []
        row = column = number = 0
        for kind, body in _records(package.part(name)):
            if kind == _AUTHOR:
                authors.append(_wide(body, 0)[0])
            elif kind == _COMMENT:
                number, row, _, column = struct.unpack_from("<IIII", body)
            elif kind == _COMMENT_TEXT:
                author = authors[number] if number < len(authors) else ""
                cells.add_comment(grid, row, column, author, _wide(body, 1)[0].strip(), has_threads=has_threads)
