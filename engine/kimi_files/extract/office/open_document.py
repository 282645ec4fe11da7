"""Markdown from OpenDocument files by their own XML, packed or flat: texts, sheets and slides, with what libraries drop."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from kimi_files.errors import DamagedFile, PasswordRequired
from kimi_files.extract.office.grid import MOST_CELLS, Grid, repetitions, too_many_cells
from kimi_files.extract.office.markdown import (
    Block,
    heading,
    indented,
    is_power,
    join_blocks,
    link,
    marker,
    picture,
    table,
)
from kimi_files.extract.office.package import Attributes, Package, parse_xml
from kimi_files.extract.office.slide_order import Box, in_reading_order
from kimi_files.extract.symbols import readable

_CONTENT = "content.xml"
_STYLES = "styles.xml"
_MOST_EMPTY = 64

# fmt: off
_SHAPES = frozenset((
    "frame", "g", "rect", "line", "polyline", "polygon", "path", "circle", "ellipse", "connector", "caption",
    "measure", "custom-shape", "regular-polygon", "scene", "control", "page-thumbnail",
))
_NOT_SHOWN = frozenset((
    "tracked-changes", "sequence-decls", "variable-decls", "user-field-decls", "forms", "bibliography-source",
    "table-of-content-source", "alphabetical-index-source", "illustration-index-source", "table-index-source",
    "user-index-source", "object-index-source", "dde-connection-decls", "ruby-text", "script", "image",
    "plugin", "thumbnail", "page-number", "binary-data",
))
# fmt: on
_NUMBER_FORMATS = {"1": "decimal", "a": "lower_alpha", "A": "upper_alpha", "i": "lower_roman", "I": "upper_roman"}
_TEXT = ["body", "text"]
_SHEETS = ["body", "spreadsheet"]
_SLIDES = (["body", "presentation"], ["body", "drawing"])
_LENGTH = re.compile(r"(-?[0-9.]{1,12})(cm|mm|in|pt)$")
_CENTIMETRES = {"cm": 1.0, "mm": 0.1, "in": 2.54, "pt": 2.54 / 72}
_RAISED = re.compile("super|[1-9]")
_BLANKS = re.compile(r"[ \t\r\n]+")


@dataclass(slots=True)
class Node:
    """An element with its texts and elements in order, as far as a reader of ours is interested."""

    tag: str
    attributes: Attributes
    children: list[Node | str] = field(default_factory=list)

    def elements(self, *tags: str) -> Iterator[Node]:
        """The elements right below, of these tags if any are named."""
        for child in self.children:
            if isinstance(child, Node) and (not tags or child.tag in tags):
                yield child


@dataclass(frozen=True, slots=True)
class Slide:
    title: str | None
    blocks: list[Block]
    notes: str
    hidden: bool


@dataclass(frozen=True, slots=True)
class Sheet:
    """``is_shortened`` where rows or cells are repeated more often than they are written out."""

    name: str
    text: str
    hidden: bool
    is_shortened: bool


@dataclass(frozen=True, slots=True)
class _Level:
    """How a level of a list is marked: ``family`` as in ``markdown.marker``; "" for bullets."""

    family: str
    suffix: str
    start: int


class OpenDocument:
    """An OpenDocument file.

    Raises:
        DamagedFile, TooComplex: As ``Package``.
        PasswordRequired: It is encrypted.
    """

    def __init__(self, untrusted_bytes: bytes) -> None:
        self._package: Package | _Flat
        self._package = package = (
            Package(untrusted_bytes) if untrusted_bytes.startswith(b"PK") else _Flat(untrusted_bytes)
        )
        if b"encryption-data" in package.part("META-INF/manifest.xml"):
            raise PasswordRequired(
                "The file is encrypted and opens only with a password.", "Save a copy without the password."
            )
        if _CONTENT not in package.names:
            raise DamagedFile("The file is damaged: its text is missing.", "Open it in its program and save it again.")
        self._hidden_styles: set[str] = set()
        self._raised_styles: set[str] = set()
        self._lists: dict[str, dict[int, _Level]] = {}
        self._deleted: dict[str, str] = {}

    def text(self) -> list[Block]:
        """The blocks of a text document, each note after the block that refers to it."""
        content = self._content()
        writer = _Writer(self._package, self._lists, self._deleted, self._raised_styles)
        found: list[Block] = []
        _each(content, lambda tag, above: above[1:] == _TEXT, lambda node: found.extend(writer.top(node)))
        return found

    def running_heads(self) -> list[str]:
        """Texts of headers and footers, each once."""
        texts: list[str] = []
        writer = _Writer(self._package, self._lists, self._deleted, self._raised_styles)

        def keep(node: Node) -> None:
            texts.append(join_blocks(writer.top(node)))

        heads = frozenset(f"{part}{which}" for part in ("header", "footer") for which in ("", "-left", "-first"))
        _each(self._package.part(_STYLES), lambda tag, above: tag in heads and "master-page" in above, keep)
        return list(dict.fromkeys(text for text in texts if text))

    def slides(self) -> list[Slide]:
        """The slides in order, their notes apart."""
        content = self._content()
        found: list[Slide] = []
        _each(
            content,
            lambda tag, above: above[1:] in _SLIDES and tag == "page",
            lambda page: found.append(self._slide(page)),
        )
        return found

    def _slide(self, page: Node) -> Slide:
        writer = _Writer(self._package, self._lists, self._deleted, self._raised_styles)
        title = next((words for shape in page.elements() if (words := _title_of(shape, writer))), None)
        shapes = [shape for shape in page.elements() if shape.tag != "notes" and not (title and _is_title(shape))]
        found = [(_place(shape), [block for block in writer.top(shape) if block.text]) for shape in shapes]
        blocks = [heading(title, 2)] if title else []
        blocks += in_reading_order([(place, said) for place, said in found if said])
        notes = [block for node in page.elements("notes") for block in writer.top(node)]
        hidden = page.attributes.get("style-name", "") in self._hidden_styles
        return Slide(title, blocks, join_blocks(notes), hidden)

    def sheets(self) -> list[Sheet]:
        """The sheets in the order of their tabs, with values as they are shown, dates as dates."""
        found: list[Sheet] = []
        rows = _SheetWriter(_Writer(self._package, self._lists, self._deleted, self._raised_styles))

        def ended(tag: str, attributes: Attributes) -> None:
            if tag == "table":
                hidden = attributes.get("style-name", "") in self._hidden_styles
                text, is_shortened = rows.taken()
                found.append(Sheet(attributes.get("name", ""), text, hidden, is_shortened))

        _each(
            self._content(),
            lambda tag, above: tag in ("table-row", "shapes") and above[1:3] == _SHEETS,
            rows.add,
            ended,
        )
        return found

    def _content(self) -> bytes:
        """The body's XML, what it refers to read before."""
        content = self._package.part(_CONTENT)
        for styles in dict.fromkeys((self._package.part(_STYLES), content)):
            self._read_styles(styles)
        return content

    def _read_styles(self, content: bytes) -> None:
        """Lists, what is hidden, and the texts that were deleted."""

        def is_wanted(tag: str, above: list[str]) -> bool:
            return tag in ("list-style", "style", "changed-region")

        def keep(node: Node) -> None:
            name = node.attributes.get("name", "")
            match node.tag:
                case "list-style":
                    self._lists[name] = dict(_levels(node))
                case "style":
                    properties = [part.attributes for part in node.elements()]
                    hidden = ("display", "false"), ("visibility", "hidden")
                    if any(found.get(key) == value for found in properties for key, value in hidden):
                        self._hidden_styles.add(name)
                    if any(_RAISED.match(found.get("text-position", "")) for found in properties):
                        self._raised_styles.add(name)
                case "changed-region":
                    writer = _Writer(self._package, self._lists, {}, self._raised_styles)
                    gone = [block for part in node.elements("deletion") for block in writer.blocks(part.elements(), 0)]
                    self._deleted[node.attributes.get("id", "")] = join_blocks(gone)

        _each(content, is_wanted, keep)


def _each(
    content: bytes,
    is_wanted: Callable[[str, list[str]], bool],
    keep: Callable[[Node], None],
    ended: Callable[[str, Attributes], None] | None = None,
) -> None:
    """Go through XML and ``keep`` each wanted element whole; ``is_wanted`` gets its tag and those above it.

    ``ended`` hears of every element outside of those.
    """
    above: list[str] = []
    attributes_above: list[Attributes] = []
    stack: list[Node] = []

    def start(tag: str, attributes: Attributes) -> None:
        if not stack and not is_wanted(tag, above):
            above.append(tag)
            attributes_above.append(attributes)
            return
        node = Node(tag, attributes)
        if stack:
            stack[-1].children.append(node)
        stack.append(node)

    def end(tag: str) -> None:
        if not stack:
            above.pop()
            attributes = attributes_above.pop()
            if ended is not None:
                ended(tag, attributes)
            return
        node = stack.pop()
        if not stack:
            keep(node)

    def text(characters: str) -> None:
        if stack:
            stack[-1].children.append(characters)

    parse_xml(content, start, end, text)


def _levels(node: Node) -> Iterator[tuple[int, _Level]]:
    for part in node.elements():
        family = _NUMBER_FORMATS.get(part.attributes.get("num-format", ""), "")
        start = _count(part.attributes.get("start-value", "1"))
        yield _count(part.attributes.get("level", "1")), _Level(family, part.attributes.get("num-suffix", ""), start)


class _Flat:
    """A file that is one element of XML: the content and the styles in one."""

    def __init__(self, untrusted_bytes: bytes) -> None:
        self._content = untrusted_bytes
        self.names = {_CONTENT: _CONTENT}

    def part(self, name: str) -> bytes:
        return self._content if name in (_CONTENT, _STYLES) else b""


class _Writer:
    """Writes blocks. Notes stand after the outermost block that refers to them."""

    def __init__(
        self,
        package: Package | _Flat,
        lists: dict[str, dict[int, _Level]],
        deleted: dict[str, str],
        raised_styles: set[str],
    ) -> None:
        self._package = package
        self._lists = lists
        self._deleted = deleted
        self._raised_styles = raised_styles
        self._notes = 0
        self._due: list[str] = []
        self._counts: dict[str, int] = {}

    def top(self, node: Node) -> Iterator[Block]:
        """An element's blocks, and the notes that are due after them."""
        for block in self.blocks([node], 0):
            yield block
            for note in self._due:
                yield Block(note)
            self._due.clear()

    def blocks(self, nodes: Iterable[Node], depth: int) -> Iterator[Block]:
        points: list[str] = []
        for node in nodes:
            if node.tag == "list":
                # A slide has a list for each of its points.
                points.append(self._list(node, depth, "", 1))
                continue
            if points:
                yield Block("\n".join(points))
                points = []
            match node.tag:
                case "h":
                    yield heading(self.line(node), _count(node.attributes.get("outline-level", "1")))
                case "p":
                    yield from self._paragraph(node, depth)
                case "table":
                    yield Block(self._table(node, depth))
                case "annotation":
                    yield Block(self.comment(node).strip())
                case "math":
                    yield Block(_formula(node))
                case "index-title-template":
                    pass
                case tag if tag in _SHAPES:
                    yield Block("".join(self._formulas(node)))
                    yield from self._shape(node, depth)
                case tag if tag not in _NOT_SHOWN:
                    yield from self.blocks(node.elements(), depth)
        if points:
            yield Block("\n".join(points))

    def line(self, node: Node) -> str:
        """The words in an element, in one line but for line breaks."""
        return "".join(self._words(node)).strip()

    def _paragraph(self, node: Node, depth: int) -> Iterator[Block]:
        """The paragraph, then what is anchored to it: a text box has paragraphs of its own."""
        yield Block(self.line(node))
        yield from self._anchored(node, depth)

    def _anchored(self, node: Node, depth: int) -> Iterator[Block]:
        for child in node.elements():
            if child.tag in _SHAPES:
                yield from self._shape(child, depth)
            elif child.tag not in ("note", "annotation") and child.tag not in _NOT_SHOWN:
                yield from self._anchored(child, depth)

    def _words(self, node: Node) -> Iterator[str]:
        before = ""
        for child in node.children:
            if isinstance(child, str):
                yield (before := readable(_BLANKS.sub(" ", child)))
                continue
            if child.tag == "span":
                text = "".join(self._words(child))
                is_raised = child.attributes.get("style-name", "") in self._raised_styles
                yield f"^{text}" if is_raised and is_power(text, before) else text
                before = text or before
                continue
            match child.tag:
                case "s":
                    yield " " * min(_count(child.attributes.get("c", "1")), 100)
                case "tab":
                    yield "\t"
                case "line-break":
                    yield "\n"
                case "a":
                    yield link("".join(self._words(child)), child.attributes.get("href", ""))
                case "note":
                    yield self._note(child)
                case "annotation":
                    yield self.comment(child)
                case "change":
                    gone = self._deleted.get(child.attributes.get("change-id", ""), "")
                    yield f"[deleted: {gone}]" if gone else ""
                case "change-start":
                    yield "[inserted: "
                case "change-end":
                    yield "]"
                case "frame":
                    yield from self._formulas(child)
                case tag if tag not in _SHAPES and tag not in _NOT_SHOWN:
                    yield from self._words(child)

    def _note(self, node: Node) -> str:
        self._notes += 1
        number = self._notes
        body = join_blocks(self.blocks((part for child in node.elements("note-body") for part in child.elements()), 0))
        self._due.append(f"[^{number}]: {indented(body, 4)}")
        return f"[^{number}]"

    def comment(self, node: Node) -> str:
        """A comment, to stand behind what it is about."""
        author = " ".join(self.line(part) for part in node.elements("creator", "sender-initials")) or "unknown"
        texts = [self.line(part) for part in node.elements("p", "list")]
        return f" [comment by {author}: {' '.join(texts)}]"

    def _formulas(self, frame: Node) -> Iterator[str]:
        for part in frame.elements("object"):
            node = self._object(part)
            if node is not None and node.tag == "math":
                yield _formula(node)

    def _object(self, node: Node) -> Node | None:
        """What is embedded: in the file itself or as a part of its own."""
        inside = next(node.elements(), None)
        if inside is not None:
            return inside
        path = node.attributes.get("href", "").removeprefix("./")
        found: list[Node] = []
        content = self._package.part(f"{path}/{_CONTENT}") if path else b""
        if b"math" in content[:1000]:
            _each(content, lambda tag, above: not above, found.append)
        return found[0] if found else None

    def _shape(self, node: Node, depth: int) -> Iterator[Block]:
        described = [self.line(part) for part in node.elements("title", "desc")]
        yield Block(picture(": ".join(text for text in described if text)))
        yield from self.blocks((part for part in node.elements() if part.tag not in ("title", "desc")), depth)

    def _list(self, node: Node, depth: int, style: str, level: int) -> str:
        style = node.attributes.get("style-name", style)
        marks = self._lists.get(style, {}).get(level, _Level("", "", 1))
        key = f"{style} {level}"
        goes_on = node.attributes.get("continue-numbering") == "true" or "continue-list" in node.attributes
        number = self._counts.get(key, marks.start - 1) if goes_on else marks.start - 1
        lines: list[str] = []
        for point in node.elements("list-item", "list-header"):
            if point.tag == "list-item":
                number = _count(point.attributes["start-value"]) if "start-value" in point.attributes else number + 1
            mark = "- " if not marks.family else marker(marks.family, number, marks.suffix or ".") + " "
            parts = []
            for child in point.elements():
                if child.tag == "list":
                    parts.append(self._list(child, depth + 1, style, level + 1))
                else:
                    parts.append(join_blocks(self.blocks([child], depth + 1)).replace("\n\n", "\n"))
            if any(parts) and all(
                child.tag == "list" for child, part in zip(point.elements(), parts, strict=True) if part
            ):
                # A point that is only there for those below it has no mark.
                lines.extend("  " + indented(part, 2) for part in parts if part)
            elif any(parts):
                inner = indented("\n".join(part for part in parts if part), len(mark))
                lines.append(mark + inner if point.tag == "list-item" else inner)
        self._counts[key] = number
        return "\n".join(lines)

    def _table(self, node: Node, depth: int) -> str:
        rows: list[list[str]] = []
        places = 0
        for row in _rows(node):
            line: list[str] = []
            for cell in row.elements("table-cell", "covered-table-cell"):
                text = join_blocks(self.blocks(cell.elements(), depth + 1)) if cell.tag == "table-cell" else ""
                times = _count(cell.attributes.get("number-columns-repeated", "1"))
                written = repetitions(times, [text]) if text else min(times, _MOST_EMPTY)
                line.extend([text.replace("\n\n", "\n")] * written)
                if text and written < times:
                    line.append(_more("cell", times - written))
            times = _count(row.attributes.get("number-rows-repeated", "1"))
            written = repetitions(times, line) if any(line) else min(times, 1)
            places += len(line) * written
            if places > MOST_CELLS:
                raise too_many_cells()
            rows.extend([line] * written)
            if any(line) and written < times:
                rows.append([_more("row", times - written)])
        return table(rows)


class _SheetWriter:
    """Gathers the rows of a sheet; each cell with content by its place."""

    def __init__(self, writer: _Writer) -> None:
        self._writer = writer
        self._grid = Grid()
        self._row = 0
        self._filled = 0
        self._is_shortened = False

    def add(self, node: Node) -> None:
        """A row, or the shapes that stand on a sheet and belong to no cell."""
        if node.tag == "shapes":
            self._shape(node)
            return
        times = _count(node.attributes.get("number-rows-repeated", "1"))
        filled: dict[int, str] = {}
        column = 0
        for cell in node.elements("table-cell", "covered-table-cell"):
            repeated = _count(cell.attributes.get("number-columns-repeated", "1"))
            text = self._value(cell)
            for shape in cell.elements():
                if shape.tag in _SHAPES:
                    self._shape(shape)
            if text:
                written = repetitions(repeated, [text])
                for place in range(column, column + written):
                    filled[place] = text
                if written < repeated:
                    filled[column + written] = _more("cell", repeated - written)
                    self._is_shortened = True
            column += repeated
        if filled:
            self._put(filled, times)
        self._row += times

    def _put(self, filled: dict[int, str], times: int) -> None:
        """A row's texts by their columns, as often as it stands there."""
        written = repetitions(times, filled.values())
        self._filled += len(filled) * written
        if self._filled > MOST_CELLS:
            raise too_many_cells()
        for row in range(self._row, self._row + written):
            for column, text in filled.items():
                self._grid.put(row, column, text)
        if written < times:
            self._grid.put(self._row + written, min(filled), _more("row", times - written))
            self._is_shortened = True

    def _shape(self, node: Node) -> None:
        """What stands in a text box or describes a picture, beside the cells."""
        self._grid.asides.extend(block.text for block in self._writer.top(node) if block.text)

    def taken(self) -> tuple[str, bool]:
        """The text of the sheet so far, and whether it is shortened; the next row is the first of another sheet."""
        text, is_shortened = self._grid.text(), self._is_shortened
        self._grid, self._row, self._is_shortened = Grid(), 0, False
        return text, is_shortened

    def _value(self, cell: Node) -> str:
        shown = "\n".join(self._writer.line(part) for part in cell.elements("p"))
        comments = "".join(self._writer.comment(part) for part in cell.elements("annotation"))
        kind = cell.attributes.get("value-type", "")
        if kind == "date" and (date := cell.attributes.get("date-value", "")):
            shown = re.sub(r"T(\d\d:\d\d:\d\d).*", r" \1", date).removesuffix(" 00:00:00")
        elif not shown or shown.startswith("###"):
            stored = (cell.attributes.get(key, "") for key in ("value", "string-value"))
            shown = next(filter(None, stored), "") or cell.attributes.get("boolean-value", "").upper() or shown
        return (shown + comments).strip()


def _place(shape: Node) -> Box | None:
    """Where a shape stands on its slide, in centimetres; around all of its shapes for a group."""
    if shape.tag == "g":
        inner = [place for part in shape.elements() if (place := _place(part)) is not None]
        if not inner:
            return None
        left, top, right, bottom = zip(*inner, strict=True)
        return min(left), min(top), max(right), max(bottom)
    sides = [_LENGTH.match(shape.attributes.get(key, "")) for key in ("x", "y", "width", "height")]
    if any(side is None for side in sides):
        return None
    x, y, width, height = (float(side[1]) * _CENTIMETRES[side[2]] for side in sides if side is not None)
    return x, y, x + width, y + height


def _rows(node: Node) -> Iterator[Node]:
    for part in node.elements():
        if part.tag == "table-row":
            yield part
        elif part.tag in ("table-header-rows", "table-rows", "table-row-group"):
            yield from _rows(part)


def _is_title(shape: Node) -> bool:
    return shape.attributes.get("class") == "title"


def _title_of(shape: Node, writer: _Writer) -> str:
    if not _is_title(shape):
        return ""
    return " ".join(join_blocks(writer.blocks(shape.elements("text-box"), 0)).split())


def _formula(node: Node) -> str:
    """As it was typed, where the file says it; else its signs."""
    typed = [part for part in _descendants(node) if part.tag == "annotation"]
    signs = [text for part in typed or _descendants(node) for text in part.children if isinstance(text, str)]
    return f"${' '.join(' '.join(signs).split())}$"


def _descendants(node: Node) -> Iterator[Node]:
    yield node
    for child in node.elements():
        yield from _descendants(child)


def _count(text: str) -> int:
    try:
        return max(int(text), 0)
    except ValueError:
        return 1


def _more(what: str, times: int) -> str:
    """Stands where a row or cell would be written out once more."""
    return f"[the {what} before is repeated {times:,} times more]"
