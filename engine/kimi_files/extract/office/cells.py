"""A workbook's sheets by the XML of its package: cells as they are shown, comments, links, text boxes, charts' titles."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

from kimi_files.errors import DamagedFile
from kimi_files.extract.office.grid import MOST_CELLS, Grid, located, too_many_cells
from kimi_files.extract.office.markdown import is_power, picture
from kimi_files.extract.office.number_format import BUILT_IN, Shown, formatter, general, text_formatter
from kimi_files.extract.office.package import Attributes, Package, check_xml, parse_xml, tree

_WORKBOOK = "xl/workbook.xml"
_MOST_KNOWN = 100_000

# Cells and texts as Excel and nearly every other program writes them: a pass of this is five times as fast as a parser's.
_CELL = re.compile(
    rb'<c r="([A-Z]{1,3})(\d{1,7})"(?: s="(\d{1,6})")?(?: t="(\w{1,9})")?(?:/>|>'
    rb"(?:<f(?: [^<>]*)?(?:/>|>([^<]*)</f>))?(?:<v(?: [^<>]*)?>([^<]*)</v>|<v/>|<is><t(?: [^<>]*)?>([^<]*)</t></is>|<is/>)?</c>)"
)
_CELL_START = re.compile(rb"<(?:\w+:)?c[ >/]")
_STRING = re.compile(rb"<si>(?:<t(?: [^<>]*)?>([^<]*)</t>|<t/>|((?>(?:(?!</?si>).)*)))</si>|<si/>", re.DOTALL)
_STRING_START = re.compile(rb"<(?:\w+:)?si[ >/]")
_HIDDEN_ROW = re.compile(rb'<(?:\w+:)?row [^<>]*?hidden="(?:1|true)"[^<>]*>')
_HIDDEN_COLUMN = re.compile(rb'<(?:\w+:)?col [^<>]*?hidden="(?:1|true)"[^<>]*>')
_MOST_COLUMNS = 16_384
_RUN = re.compile(rb"<t(?: [^<>]*)?>([^<]*)</t>")
_HYPERLINK = re.compile(rb"<(?:\w+:)?hyperlink ([^<>]*)>")
_LATER = re.compile(r"\b_xl(?:fn|ws|pm|udf)\.")
_HEADS = re.compile(rb"<(?:\w+:)?(?:odd|even|first)(?:Header|Footer)(?: [^<>]*)?>([^<]+)</")
_ATTRIBUTE = re.compile(rb'(?:\w+:)?(\w+)="([^"]*)"')
_WITH_ESCAPE = re.compile(rb"_x[0-9A-Fa-f]{4}_")
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_PHONETIC = re.compile(rb"<rPh .*?</rPh>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Sheet:
    name: str
    part: str
    hidden: bool


@dataclass(frozen=True, slots=True)
class Book:
    """What the cells of a workbook refer to: texts, and for each cell style its format code and what shows its numbers."""

    strings: list[str]
    codes: list[str]
    shown: list[Shown]
    has_words: bool

    @classmethod
    def of(cls, strings: list[str], codes: list[str], is_1904: bool) -> Book:
        shown = [formatter(code, is_1904) for code in codes]
        return cls(strings, codes, shown, any(text_formatter(code) for code in codes))

    def string(self, index: int) -> str:
        """Raises DamagedFile where it is missing."""
        if not 0 <= index < len(self.strings):
            raise DamagedFile("The workbook is damaged: a cell's text is missing.", "Save it again in Excel.")
        return self.strings[index]

    def number(self, value: float, style: int) -> str:
        """A number as it is shown. Raises ValueError or OverflowError for one that cannot be."""
        return (self.shown[style] if 0 <= style < len(self.shown) else general)(value)

    def worded(self, text: str, style: int) -> str:
        """A text with the words that its format writes around it."""
        written = text_formatter(self.codes[style]) if self.has_words and 0 <= style < len(self.codes) else None
        return text if written is None else written(text)


def sheets(package: Package) -> list[Sheet]:
    """The sheets in the order of their tabs; empty where the package has another layout than Excel's."""
    main = package.main(_WORKBOOK)
    relations = package.relations(main)
    found: list[Sheet] = []

    def start(tag: str, attributes: Attributes) -> None:
        if tag == "sheet":
            _, part = relations.get(attributes.get("id", ""), ("", ""))
            state = attributes.get("state", "visible")
            found.append(Sheet(attributes.get("name", ""), part, state in ("hidden", "veryHidden")))

    parse_xml(package.part(main), start)
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
        grid.hide(_hidden_rows(content), _hidden_columns(content))
        _add_asides(grid, package, sheet.part, content)
        yield grid.text()


def _book(package: Package) -> Book:
    is_1904 = False

    def start(tag: str, attributes: Attributes) -> None:
        nonlocal is_1904
        # An extension of later programs has the same name.
        if tag == "workbookPr" and "date1904" in attributes:
            is_1904 = attributes.get("date1904", "0") in ("1", "true")

    main = package.main(_WORKBOOK)
    parse_xml(package.part(main), start)
    named = dict(package.relations(main).values())
    strings = _strings(package.part(named.get("sharedStrings", "xl/sharedStrings.xml")))
    codes = _codes(package.part(named.get("styles", "xl/styles.xml")))
    return Book.of(strings, codes, is_1904)


def _strings(content: bytes) -> list[str]:
    """The texts that cells share."""
    matches = _STRING.findall(content)
    if len(matches) == len(_STRING_START.findall(content)):
        check_xml(content)
        found = [_text(plain) if plain or not rich else _rich(rich) for plain, rich in matches]
        return list(map(unescaped, found)) if _WITH_ESCAPE.search(content) else found
    found = []
    stack: list[str] = []
    words: list[str] = []

    def start(tag: str, attributes: Attributes) -> None:
        stack.append(tag)

    def end(tag: str) -> None:
        stack.pop()
        if tag == "si":
            found.append(unescaped("".join(words)))
            words.clear()

    def text(characters: str) -> None:
        if stack[-1] == "t" and "rPh" not in stack:
            words.append(characters)

    parse_xml(content, start, end, text)
    return found


def unescaped(text: str) -> str:
    """A text with the signs that XML cannot carry, which Excel writes as ``_x000D_``."""
    return _ESCAPED.sub(lambda sign: chr(int(sign[1], 16)), text) if "_x" in text else text


def _rich(content: bytes) -> str:
    if b"<rPh " in content:
        content = _PHONETIC.sub(b"", content)
    if b'"superscript"' not in content:
        return "".join(map(_text, _RUN.findall(content)))
    text = ""
    for run in content.split(b"</r>"):
        words = "".join(map(_text, _RUN.findall(run)))
        text += f"^{words}" if b'"superscript"' in run and is_power(words, text) else words
    return text


def _text(raw: bytes) -> str:
    text = raw.decode("utf-8", "replace")
    return html.unescape(text) if "&" in text else text


def _codes(content: bytes) -> list[str]:
    """The format code of each cell style."""
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
    return [codes.get(number, "") for number in styles]


def _fill(grid: Grid, content: bytes, book: Book) -> None:
    """Put the cells with content into the grid."""
    start = max(content.find(b"sheetData"), 0)
    count = len(_CELL_START.findall(content, start))
    if count > MOST_CELLS:
        raise too_many_cells()
    matches = _CELL.findall(content, start)
    if len(matches) != count:
        _fill_slowly(grid, content, book)
        return
    check_xml(content)
    columns: dict[bytes, int] = {}
    known: dict[tuple[bytes, bytes], str] = {}
    for letters, row, style, kind, formula, value, inline in matches:
        if kind == b"s" and value.isdigit():
            text = book.string(int(value))
            if book.has_words:
                text = book.worded(text, int(style or 0))
        elif value and not kind:
            # Most numbers of a column come again.
            text = known.get((value, style), "")
            if not text:
                text = _value(value.decode("utf-8", "replace"), "n", int(style or 0), book)
                if len(known) < _MOST_KNOWN:
                    known[value, style] = text
        elif value or inline:
            text = _value(_text(value or inline), kind.decode() or "n", int(style or 0), book)
        elif formula and kind != b"str":
            # Libraries write formulas without their results; of one that is said to be a text, the text is empty.
            text = _formula(_text(formula))
        else:
            continue
        column = columns.get(letters)
        if column is None:
            column = columns[letters] = located(letters.decode())[1]
        grid.put(int(row) - 1, column, text)


def _formula(written: str) -> str:
    """A formula as Excel shows it: without the marks of functions that came later than the format."""
    return f"={_LATER.sub('', written)}"


def _fill_slowly(grid: Grid, content: bytes, book: Book) -> None:
    cell: Attributes = {}
    words: list[str] = []
    formula: list[str] = []
    taken: list[str] | None = None
    is_spoken = False
    row = column = -1

    def start(tag: str, attributes: Attributes) -> None:
        nonlocal cell, taken, is_spoken, row, column
        if tag == "row":
            row = _number(attributes["r"]) - 1 if "r" in attributes else row + 1
            column = -1
        elif tag == "c":
            cell = attributes
            words.clear()
            formula.clear()
            # A cell without a place stands after the one before it.
            row, column = located(attributes["r"]) if "r" in attributes else (max(row, 0), column + 1)
        is_spoken = tag == "rPh" or (is_spoken and tag == "t")
        taken = words if tag == "v" or (tag == "t" and not is_spoken) else formula if tag == "f" else None

    def end(tag: str) -> None:
        nonlocal taken
        taken = None
        if tag == "c" and words:
            grid.put(row, column, _value("".join(words), cell.get("t", "n"), _number(cell.get("s", "0")), book))
        elif tag == "c" and formula and cell.get("t") != "str":
            grid.put(row, column, _formula("".join(formula)))

    def text(part: str) -> None:
        if taken is not None:
            taken.append(part)

    parse_xml(content, start, end, text)


def _value(raw: str, kind: str, style: int, book: Book) -> str:
    match kind:
        case "n":
            try:
                return book.number(float(raw), style)
            except (ValueError, OverflowError):
                return raw.strip()
        case "s":
            return book.worded(book.string(_number(raw)), style)
        case "b":
            return "TRUE" if raw.strip() in ("1", "true") else "FALSE"
        case "d":
            return raw.replace("T", " ").removesuffix("Z").removesuffix(".000").removesuffix(" 00:00:00")
        case "e":
            return raw
    return book.worded(unescaped(raw), style)


def _hidden_rows(content: bytes) -> set[int]:
    """The rows that are not shown, from 0, as by a filter."""
    found = (dict(_ATTRIBUTE.findall(row)) for row in _HIDDEN_ROW.findall(content)) if b' hidden="' in content else ()
    return {_number(row.get(b"r", b"").decode("ascii", "replace")) - 1 for row in found}


def _hidden_columns(content: bytes) -> set[int]:
    """The columns that are not shown, from 0."""
    hidden: set[int] = set()
    for written in _HIDDEN_COLUMN.findall(content, 0, max(content.find(b"sheetData"), 0)):
        column = dict(_ATTRIBUTE.findall(written))
        first, last = (_number(column.get(key, b"").decode("ascii", "replace")) for key in (b"min", b"max"))
        hidden.update(range(max(first, 1) - 1, min(last, _MOST_COLUMNS)))
    return hidden


def _add_links(grid: Grid, content: bytes, targets: dict[str, str]) -> None:
    for written in _HYPERLINK.findall(content) if targets else ():
        attributes = dict(_ATTRIBUTE.findall(written))
        target = targets.get(attributes.get(b"id", b"").decode("utf-8", "replace"))
        if target:
            grid.link(*located(attributes.get(b"ref", b"").decode("ascii", "replace").partition(":")[0]), target)


def _add_asides(grid: Grid, package: Package, part: str, content: bytes) -> None:
    """What stands on a sheet beside its cells: drawings, comments, headers and footers."""
    add_drawings(grid, package, part)
    has_threads = any(kind == "threadedComment" for kind, _ in package.relations(part).values())
    for kind, name in sorted(package.relations(part).values()):
        if kind == "comments":
            _add_comments(grid, package.part(name), has_threads)
    add_threads(grid, package, part, _WORKBOOK)
    written = _HEADS.findall(content) if b"eaderFooter" in content else []
    grid.heads([unescaped(_text(text)) for text in written])


def add_drawings(grid: Grid, package: Package, part: str) -> None:
    """Texts of boxes, descriptions of pictures, what charts say that the cells do not, and words of diagrams."""
    for drawing in sorted(name for kind, name in package.relations(part).values() if kind == "drawing"):
        grid.asides.extend(_drawn(package.part(drawing)))
        for kind, name in package.relations(drawing).values():
            if kind in ("chart", "chartEx"):
                grid.chart(_chart_texts(package.part(name)))
            elif kind == "diagramData":
                from kimi_files.extract.office.slides_package import diagram

                root = tree(package.part(name))
                grid.asides.extend(block.text for block in (diagram(root) if root is not None else ()) if block.text)


def add_threads(grid: Grid, package: Package, part: str, workbook: str) -> None:
    """The threads of comments, each reply as a comment."""
    threads = sorted(name for kind, name in package.relations(part).values() if kind == "threadedComment")
    people = _people(package, package.main(workbook)) if threads else {}
    for name in threads:
        _add_thread(grid, package.part(name), people)


def add_comment(grid: Grid, row: int, column: int, author: str, words: str, *, has_threads: bool) -> None:
    """A comment on a cell. One that stands for a thread, which Excel writes, with advice, for older programs, is left out
    where the threads themselves are there."""
    before, mark, thread = words.partition("Comment:")
    is_thread = bool(mark) and before.startswith("[Threaded comment]")
    if not (is_thread and has_threads):
        said = thread if is_thread else words
        grid.comment(row, column, "" if author.startswith("tc={") else author, said.removeprefix(f"{author}:"))


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


def _add_comments(grid: Grid, content: bytes, has_threads: bool) -> None:
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
            add_comment(grid, *place, author, unescaped("".join(words)).strip(), has_threads=has_threads)
            words.clear()

    def text(characters: str) -> None:
        if stack[-1] == "author":
            authors[-1] += characters
        elif stack[-1] == "t" and "rPh" not in stack:
            words.append(characters)

    parse_xml(content, start, end, text)


def _people(package: Package, workbook: str) -> dict[str, str]:
    """The names of those who write in threads, by their ids."""
    found: dict[str, str] = {}

    def start(tag: str, attributes: Attributes) -> None:
        if tag == "person":
            found[attributes.get("id", "")] = attributes.get("displayName", "")

    for kind, name in package.relations(workbook).values():
        if kind == "person":
            parse_xml(package.part(name), start)
    return found


def _add_thread(grid: Grid, content: bytes, people: dict[str, str]) -> None:
    place, author, said = (0, 0), "", ""

    def start(tag: str, attributes: Attributes) -> None:
        nonlocal place, author, said
        if tag == "threadedComment":
            place, author, said = located(attributes.get("ref", "")), people.get(attributes.get("personId", ""), ""), ""

    def end(tag: str) -> None:
        if tag == "threadedComment":
            grid.comment(*place, author, said)

    def text(characters: str) -> None:
        nonlocal said
        said += characters

    parse_xml(content, start, end, text)


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        return -1
