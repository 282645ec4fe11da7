"""A workbook's sheets by the XML of its package: cells as they are shown, comments, links, text boxes, charts' titles."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

from kimi_files.errors import DamagedFile, TooComplex
from kimi_files.extract.office.grid import Grid, located
from kimi_files.extract.office.markdown import picture
from kimi_files.extract.office.number_format import BUILT_IN, Shown, formatter, general
from kimi_files.extract.office.package import Attributes, Package, check_xml, parse_xml

_WORKBOOK = "xl/workbook.xml"
_MOST_CELLS = 5_000_000

# Cells and texts as Excel and nearly every other program writes them: a pass of this is five times as fast as a parser's.
_CELL = re.compile(
    rb'<c r="([A-Z]{1,3})(\d{1,7})"(?: s="(\d{1,6})")?(?: t="(\w{1,9})")?(?:/>|>'
    rb"(?:<f(?: [^<>]*)?(?:/>|>[^<]*</f>))?(?:<v(?: [^<>]*)?>([^<]*)</v>|<v/>|<is><t(?: [^<>]*)?>([^<]*)</t></is>|<is/>)?</c>)"
)
_CELL_START = re.compile(rb"<(?:\w+:)?c[ >/]")
_STRING = re.compile(rb"<si>(?:<t(?: [^<>]*)?>([^<]*)</t>|<t/>|((?:(?!</?si>).)*+))</si>|<si/>", re.DOTALL)
_STRING_START = re.compile(rb"<(?:\w+:)?si[ >/]")
_RUN = re.compile(rb"<t(?: [^<>]*)?>([^<]*)</t>")
_HYPERLINK = re.compile(rb"<(?:\w+:)?hyperlink ([^<>]*)>")
_ATTRIBUTE = re.compile(rb'(?:\w+:)?(\w+)="([^"]*)"')
_PHONETIC = re.compile(rb"<rPh .*?</rPh>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Sheet:
    name: str
    part: str
    hidden: bool


@dataclass(frozen=True, slots=True)
class _Book:
    strings: list[str]
    shown: list[Shown]
    """What shows the numbers of each cell style."""


def sheets(package: Package) -> list[Sheet]:
    """The sheets in the order of their tabs; empty where the package has another layout than Excel's."""
    relations = package.relations(_WORKBOOK)
    found: list[Sheet] = []

    def start(tag: str, attributes: Attributes) -> None:
        if tag == "sheet":
            _, part = relations.get(attributes.get("id", ""), ("", ""))
            state = attributes.get("state", "visible")
            found.append(Sheet(attributes.get("name", ""), part, state in ("hidden", "veryHidden")))

    parse_xml(package.part(_WORKBOOK), start)
    return found


def texts(package: Package, found: list[Sheet]) -> Iterator[str]:
    """Each sheet as a table, or a line for each row where it is mostly empty: ``A1: Position · XFD1: 12.5``.

    Raises:
        DamagedFile: A part is not what it should be.
        TooComplex: A sheet has more cells than are read.
    """
    book = _book(package)
    for sheet in found:
        grid = Grid()
        content = package.part(sheet.part)
        _fill(grid, content, book)
        _add_links(grid, content, package.targets(sheet.part) if b"hyperlink" in content else {})
        _add_asides(grid, package, sheet.part)
        yield grid.text()


def _book(package: Package) -> _Book:
    is_1904 = False

    def start(tag: str, attributes: Attributes) -> None:
        nonlocal is_1904
        if tag == "workbookPr":
            is_1904 = attributes.get("date1904", "0") in ("1", "true")

    parse_xml(package.part(_WORKBOOK), start)
    named = dict(package.relations(_WORKBOOK).values())
    strings = _strings(package.part(named.get("sharedStrings", "xl/sharedStrings.xml")))
    return _Book(strings, _styles(package.part(named.get("styles", "xl/styles.xml")), is_1904))


def _strings(content: bytes) -> list[str]:
    """The texts that cells share."""
    matches = _STRING.findall(content)
    if len(matches) == len(_STRING_START.findall(content)):
        check_xml(content)
        return [_text(plain) if plain or not rich else _rich(rich) for plain, rich in matches]
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

    def text(characters: str) -> None:
        if stack[-1] == "t" and "rPh" not in stack:
            words.append(characters)

    parse_xml(content, start, end, text)
    return found


def _rich(content: bytes) -> str:
    if b"<rPh " in content:
        content = _PHONETIC.sub(b"", content)
    return "".join(map(_text, _RUN.findall(content)))


def _text(raw: bytes) -> str:
    text = raw.decode("utf-8", "replace")
    return html.unescape(text) if "&" in text else text


def _styles(content: bytes, is_1904: bool) -> list[Shown]:
    codes = dict(BUILT_IN)
    styles: list[int] = []
    is_inside = False

    def start(tag: str, attributes: Attributes) -> None:
        nonlocal is_inside
        if tag == "numFmt":
            codes[_number(attributes.get("numFmtId", ""))] = attributes.get("formatCode", "")
        elif tag == "cellXfs":
            is_inside = True
        elif tag == "xf" and is_inside:
            styles.append(_number(attributes.get("numFmtId", "")))

    def end(tag: str) -> None:
        nonlocal is_inside
        is_inside = is_inside and tag != "cellXfs"

    parse_xml(content, start, end)
    return [formatter(codes.get(number, ""), is_1904) for number in styles]


def _fill(grid: Grid, content: bytes, book: _Book) -> None:
    """Put the cells with content into the grid."""
    start = max(content.find(b"sheetData"), 0)
    count = len(_CELL_START.findall(content, start))
    if count > _MOST_CELLS:
        raise TooComplex("The workbook has more cells than are read.", "Export what you need as CSV.")
    matches = _CELL.findall(content, start)
    if len(matches) != count:
        _fill_slowly(grid, content, book)
        return
    check_xml(content)
    columns: dict[bytes, int] = {}
    for letters, row, style, kind, value, inline in matches:
        if value or inline:
            column = columns.get(letters)
            if column is None:
                column = columns[letters] = located(letters.decode())[1]
            text = _text(inline) if inline else _value(_text(value), kind.decode() or "n", int(style or 0), book)
            grid.put(int(row) - 1, column, text)


def _fill_slowly(grid: Grid, content: bytes, book: _Book) -> None:
    cell: Attributes = {}
    words: list[str] = []
    is_value = False
    row = column = -1

    def start(tag: str, attributes: Attributes) -> None:
        nonlocal cell, is_value, row, column
        if tag == "row":
            row = _number(attributes["r"]) - 1 if "r" in attributes else row + 1
            column = -1
        elif tag == "c":
            cell = attributes
            words.clear()
            # A cell without a place stands after the one before it.
            row, column = located(attributes["r"]) if "r" in attributes else (max(row, 0), column + 1)
        is_value = tag in ("v", "t")

    def end(tag: str) -> None:
        nonlocal is_value
        is_value = False
        if tag == "c" and words:
            grid.put(row, column, _value("".join(words), cell.get("t", "n"), _number(cell.get("s", "0")), book))

    def text(part: str) -> None:
        if is_value:
            words.append(part)

    parse_xml(content, start, end, text)


def _value(raw: str, kind: str, style: int, book: _Book) -> str:
    match kind:
        case "s":
            index = _number(raw)
            if not 0 <= index < len(book.strings):
                raise DamagedFile("The workbook is damaged: a cell's text is missing.", "Save it again in Excel.")
            return book.strings[index]
        case "b":
            return "TRUE" if raw.strip() in ("1", "true") else "FALSE"
        case "n":
            return _number_text(raw.strip(), book.shown[style] if 0 <= style < len(book.shown) else general)
        case "d":
            return raw.replace("T", " ").removesuffix("Z").removesuffix(".000").removesuffix(" 00:00:00")
    return raw


def _number_text(raw: str, shown: Shown) -> str:
    try:
        return shown(float(raw))
    except (ValueError, OverflowError):
        return raw


def _add_links(grid: Grid, content: bytes, targets: dict[str, str]) -> None:
    for written in _HYPERLINK.findall(content) if targets else ():
        attributes = dict(_ATTRIBUTE.findall(written))
        target = targets.get(attributes.get(b"id", b"").decode("utf-8", "replace"))
        if target:
            grid.link(*located(attributes.get(b"ref", b"").decode("ascii", "replace").partition(":")[0]), target)


def _add_asides(grid: Grid, package: Package, part: str) -> None:
    """What the parts say that a sheet refers to: drawings, then comments."""
    relations = sorted(package.relations(part).values())
    for kind, name in relations:
        if kind == "drawing":
            grid.asides.extend(_drawn(package.part(name)))
            for inner, chart in package.relations(name).values():
                if inner == "chart":
                    grid.chart(_chart_texts(package.part(chart)))
    for kind, name in relations:
        if kind == "comments":
            _add_comments(grid, package.part(name))


def _drawn(content: bytes) -> Iterator[str]:
    """Texts of boxes, and descriptions of pictures."""
    found: list[str] = []
    stack: list[str] = []
    words: list[str] = []

    def start(tag: str, attributes: Attributes) -> None:
        stack.append(tag)
        if tag == "cNvPr" and "Fallback" not in stack:
            found.append(picture(attributes.get("descr")))
        elif tag in ("br", "tab"):
            words.append(" ")

    def end(tag: str) -> None:
        stack.pop()
        if tag == "p":
            words.append("\n")
        elif tag == "txBody":
            found.append("".join(words).strip())
            words.clear()

    def text(characters: str) -> None:
        if stack[-1] == "t" and "Fallback" not in stack:
            words.append(characters)

    parse_xml(content, start, end, text)
    yield from (text for text in found if text)


def _chart_texts(content: bytes) -> list[str]:
    """Titles, and names of series: the values stand in the cells."""
    found: list[str] = []
    stack: list[str] = []
    words: list[str] = []

    def end(tag: str) -> None:
        stack.pop()
        if tag in ("p", "v") and words:
            found.append("".join(words))
            words.clear()

    def text(characters: str) -> None:
        if stack[-1] == "t" or (stack[-1] == "v" and "tx" in stack):
            words.append(characters)

    parse_xml(content, lambda tag, attributes: stack.append(tag), end, text)
    return found


def _add_comments(grid: Grid, content: bytes) -> None:
    authors: list[str] = []
    stack: list[str] = []
    words: list[str] = []
    place, author = (0, 0), ""

    def start(tag: str, attributes: Attributes) -> None:
        nonlocal place, author
        stack.append(tag)
        if tag == "author":
            authors.append("")
        elif tag == "comment":
            place, number = located(attributes.get("ref", "")), _number(attributes.get("authorId", ""))
            author = authors[number] if 0 <= number < len(authors) else ""

    def end(tag: str) -> None:
        stack.pop()
        if tag == "comment":
            said = "".join(words).strip()
            # Of a thread, Excel writes its words and advice for older programs.
            before, mark, thread = said.partition("Comment:")
            said = thread if mark and before.startswith("[Threaded comment]") else said
            by = "" if author.startswith("tc={") else author
            grid.comment(*place, by, said.removeprefix(f"{author}:"))
            words.clear()

    def text(characters: str) -> None:
        if stack[-1] == "author":
            authors[-1] += characters
        elif stack[-1] == "t" and "rPh" not in stack:
            words.append(characters)

    parse_xml(content, start, end, text)


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        return -1
