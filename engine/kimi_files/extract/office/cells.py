"""A workbook's sheets by their own XML: as tables, or cell by cell where a table would be mostly empty."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from dataclasses import dataclass

from kimi_files.errors import DamagedFile
from kimi_files.extract.office.markdown import table
from kimi_files.extract.office.package import Attributes, Package, parse_xml

_WORKBOOK = "xl/workbook.xml"

_COLUMN = re.compile(rb'<(?:\w+:)?c r="([A-Z]{1,3})[0-9]')
_ROW_START = re.compile(rb"<(?:\w+:)?row[ >]")
_CELL_START = re.compile(rb"<(?:\w+:)?c[ >]")

# A grid of this many places is written anyhow; a larger one only if an eighth of it is filled.
_ALWAYS_PLACES = 20_000
_LEAST_FILLED = 8

# Number formats that Excel numbers without spelling them out: dates and times.
_DATE_FORMATS = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})
_QUOTED = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]')
_DATE_LETTERS = re.compile(r"[dmyhs]", re.IGNORECASE)
_EPOCH = datetime.datetime(1899, 12, 30)
_EPOCH_1904 = datetime.datetime(1904, 1, 1)


@dataclass(frozen=True, slots=True)
class Sheet:
    name: str
    part: str
    hidden: bool


@dataclass(frozen=True, slots=True)
class _Book:
    strings: list[str]
    date_styles: frozenset[int]
    epoch: datetime.datetime


def sheets(package: Package) -> list[Sheet]:
    """The worksheets in the order of their tabs; empty where the package has another layout than Excel's."""
    relations = package.relations(_WORKBOOK)
    found: list[Sheet] = []

    def start(tag: str, attributes: Attributes) -> None:
        if tag == "sheet":
            _, part = relations.get(attributes.get("id", ""), ("", ""))
            state = attributes.get("state", "visible")
            found.append(Sheet(attributes.get("name", ""), part, state in ("hidden", "veryHidden")))

    parse_xml(package.part(_WORKBOOK), start)
    return found


def is_mostly_empty(package: Package, sheet: Sheet) -> bool:
    """Whether the sheet's table would be an explosion of empty cells: one cell far out makes every row as wide."""
    content = package.part(sheet.part)
    width = max((_column_number(name.decode()) for name in set(_COLUMN.findall(content))), default=0)
    return _is_sparse(width * len(_ROW_START.findall(content)), len(_CELL_START.findall(content)))


def texts(package: Package, found: list[Sheet]) -> Iterator[str]:
    """Each sheet as a table, or a line for each row where it is mostly empty: ``A1: Position · XFD1: 12.5``."""
    book = _book(package)
    for sheet in found:
        yield as_text(_rows(package.part(sheet.part), book))


def as_text(rows: list[list[tuple[str, str]]]) -> str:
    """Rows of (place, text) as a table, or a line for each row where it would be mostly empty."""
    width = max((_column_number(place) for row in rows for place, _ in row), default=0)
    if _is_sparse(width * len(rows), sum(map(len, rows))):
        return "\n".join(map(_told, rows))
    return table([_laid_out(row) for row in rows])


def grid_text(rows: dict[int, dict[int, str]]) -> str:
    """The same for rows and columns by number from 0."""
    width = max((max(row) for row in rows.values() if row), default=-1) + 1
    ordered = sorted(rows.items())
    if _is_sparse(width * len(rows), sum(map(len, rows.values()))):
        named = ([(place(column, number + 1), text) for column, text in sorted(row.items())] for number, row in ordered)
        return "\n".join(_told(row) for row in named)
    columns = range(width)
    return table([[row.get(column, "") for column in columns] for _, row in ordered])


def place(column: int, row: int) -> str:
    """What a spreadsheet calls a cell; ``column`` counts from 0, ``row`` from 1."""
    letters = ""
    column += 1
    while column:
        column, letter = divmod(column - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return f"{letters}{row}"


def _told(row: list[tuple[str, str]]) -> str:
    return " · ".join(f"{place}: {' '.join(text.split())}" for place, text in row)


def _is_sparse(places: int, filled: int) -> bool:
    return places > _ALWAYS_PLACES and places > _LEAST_FILLED * filled


def _laid_out(row: list[tuple[str, str]]) -> list[str]:
    """A row's cells in their columns; one without a place stands after the one before it."""
    line: list[str] = []
    for place, text in row:
        line.extend([""] * (_column_number(place) - 1 - len(line)))
        line.append(text)
    return line


def _book(package: Package) -> _Book:
    is_1904 = False

    def start(tag: str, attributes: Attributes) -> None:
        nonlocal is_1904
        if tag == "workbookPr":
            is_1904 = attributes.get("date1904", "0") in ("1", "true")

    parse_xml(package.part(_WORKBOOK), start)
    return _Book(_strings(package), _date_styles(package), _EPOCH_1904 if is_1904 else _EPOCH)


def _strings(package: Package) -> list[str]:
    found: list[str] = []
    stack: list[str] = []
    words: list[str] = []

    def start(tag: str, attributes: Attributes) -> None:
        stack.append(tag)

    def end(tag: str) -> None:
        stack.pop()
        if tag == "si":
            found.append("".join(words))
            words.clear()

    def text(content: str) -> None:
        if stack[-1] == "t" and "rPh" not in stack:
            words.append(content)

    parse_xml(package.part("xl/sharedStrings.xml"), start, end, text)
    return found


def _date_styles(package: Package) -> frozenset[int]:
    """Numbers of the cell styles that show a number as a date."""
    custom: set[int] = set()
    styles: list[int] = []
    is_inside = False

    def start(tag: str, attributes: Attributes) -> None:
        nonlocal is_inside
        if tag == "numFmt" and _DATE_LETTERS.search(_QUOTED.sub("", attributes.get("formatCode", ""))):
            custom.add(_number(attributes.get("numFmtId", "")))
        elif tag == "cellXfs":
            is_inside = True
        elif tag == "xf" and is_inside:
            styles.append(_number(attributes.get("numFmtId", "")))

    def end(tag: str) -> None:
        nonlocal is_inside
        is_inside = is_inside and tag != "cellXfs"

    parse_xml(package.part("xl/styles.xml"), start, end)
    return frozenset(index for index, number in enumerate(styles) if number in _DATE_FORMATS or number in custom)


def _rows(content: bytes, book: _Book) -> list[list[tuple[str, str]]]:
    """Rows that have cells with content: (place, text) of each."""
    rows: list[list[tuple[str, str]]] = []
    row: list[tuple[str, str]] = []
    cell: Attributes = {}
    words: list[str] = []
    is_value = False

    def start(tag: str, attributes: Attributes) -> None:
        nonlocal cell, is_value
        if tag == "c":
            cell = attributes
            words.clear()
        is_value = tag in ("v", "t")

    def end(tag: str) -> None:
        nonlocal is_value, row
        is_value = False
        if tag == "c" and words:
            row.append((cell.get("r", ""), _value("".join(words), cell, book)))
        elif tag == "row" and row:
            rows.append(row)
            row = []

    def text(part: str) -> None:
        if is_value:
            words.append(part)

    parse_xml(content, start, end, text)
    return rows


def _value(raw: str, cell: Attributes, book: _Book) -> str:
    match cell.get("t", "n"):
        case "s":
            index = _number(raw)
            if not 0 <= index < len(book.strings):
                raise DamagedFile("The workbook is damaged: a cell's text is missing.", "Save it again in Excel.")
            return book.strings[index]
        case "b":
            return "TRUE" if raw.strip() == "1" else "FALSE"
        case "n":
            return _number_text(raw.strip(), _number(cell.get("s", "0")) in book.date_styles, book.epoch)
    return raw


def _number_text(raw: str, is_date: bool, epoch: datetime.datetime) -> str:
    try:
        value = float(raw)
        if is_date:
            moment = epoch + datetime.timedelta(seconds=round(value * 86_400))
            return moment.date().isoformat() if value == int(value) else moment.isoformat(" ")
        return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)
    except (ValueError, OverflowError):
        return raw


def _column_number(place: str) -> int:
    """Of "B7" or "B": 2. Excel's last column is XFD, 16,384."""
    number = 0
    for letter in place:
        if not "A" <= letter <= "Z":
            break
        number = number * 26 + ord(letter) - 64
    return min(number, 16_384)


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        return -1
