"""Presentations by the XML of their package: slides in order, lists, tables, charts, diagrams, notes, comments."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from kimi_files.extract.office.markdown import (
    Block,
    comment,
    heading,
    is_power,
    join_blocks,
    link,
    marker,
    picture,
    picture_without_words,
    table,
)
from kimi_files.extract.office.package import Node, Package, tree
from kimi_files.extract.office.slide_order import Box, in_reading_order
from kimi_files.extract.symbols import is_symbol_font, readable, with_signs

_PRESENTATION = "ppt/presentation.xml"
_TITLES = ("title", "ctrTitle")
_RUNNING = ("dt", "ftr", "hdr")
_NOT_TEXT = ("sldNum", "sldImg")
# Placeholders whose paragraphs are points unless they say otherwise.
_BODIES = ("body", "obj", "")
_NUMBERED = {
    "alphaLc": "lower_alpha",
    "alphaUc": "upper_alpha",
    "arabic": "decimal",
    "romanLc": "lower_roman",
    "romanUc": "upper_roman",
}
_DEEPEST = 24
# A picture of this part of the slide is content, whether someone described it or not.
_LARGE = 0.125
# How shapes look and move says nothing of their words.
_LOOKS = frozenset(
    (
        "style",
        "extLst",
        "timing",
        "transition",
        "bodyPr",
        "lstStyle",
        "endParaRPr",
        "tblPr",
        "tblGrid",
        "custGeom",
        "prstGeom",
        "ln",
        "solidFill",
        "gradFill",
        "pattFill",
        "effectLst",
        "scene3d",
        "sp3d",
    )
)


@dataclass(slots=True)
class Slide:
    title: str | None = None
    blocks: list[Block] = field(default_factory=list)
    notes: str = ""
    hidden: bool = False


def slides(package: Package) -> list[Slide]:
    """The slides in the order in which they are shown; empty where the package has another layout than PowerPoint's.

    Raises:
        DamagedFile, TooComplex: As ``Package``.
    """
    main = package.main(_PRESENTATION)
    relations = package.relations(main)
    listed = tree(package.part(main))
    authors = _authors(package, [part for kind, part in relations.values() if kind in ("commentAuthors", "authors")])
    running: set[str] = set()
    places = _Places(package, next(listed.below("sldSz"), None) if listed is not None else None)
    found: list[Slide] = []
    for node in listed.below("sldId") if listed is not None else ():
        _, part = relations.get(node.attributes.get("relation", ""), ("", ""))
        if part in package.names:
            found.append(_Writer(package, part, running, authors, places).slide())
    return found


def _authors(package: Package, parts: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in parts:
        root = tree(package.part(part))
        for node in root.elements() if root is not None else ():
            found[node.attributes.get("id", "")] = node.attributes.get("name", "")
    return found


class _Places:
    """Where placeholders stand that say nothing of it themselves: where the slide's layout has them, or its master."""

    def __init__(self, package: Package, size: Node | None) -> None:
        self._package = package
        sides = [size.attributes.get(key, "") for key in ("cx", "cy")] if size is not None else []
        self._area = math.prod(int(side) if side.isdecimal() else 0 for side in sides)
        self._found: dict[str, dict[str, Box]] = {}

    def of(self, part: str, kind: str, index: str) -> Box | None:
        """The place of the placeholder of this kind and index on a slide."""
        similar = {"ctrTitle": "title", "subTitle": "body", "obj": "body"}.get(kind, "")
        # Indexes are a layout's own. A master names its layouts, too, so that the way up goes by kinds.
        for above, names in (("slideLayout", (f"#{index}", kind, similar)), ("slideMaster", (kind, similar))):
            part = next((name for to, name in self._package.relations(part).values() if to == above), "")
            if not part:
                return None
            known = self._found.get(part)
            if known is None:
                known = self._found[part] = self._read(part)
            if box := next(filter(None, map(known.get, names)), None):
                return box
        return None

    def is_large(self, box: Box) -> bool:
        """Whether it takes a good part of a slide."""
        return (box[2] - box[0]) * (box[3] - box[1]) >= _LARGE * self._area > 0

    def _read(self, part: str) -> dict[str, Box]:
        root = tree(self._package.part(part), _LOOKS)
        found: dict[str, Box] = {}
        for shape in root.below("sp", "pic", "graphicFrame") if root is not None else ():
            place, box = _placeholder(shape), _box(shape)
            if place is not None and box is not None:
                found.setdefault(place.attributes.get("type", "obj"), box)
                if index := place.attributes.get("idx"):
                    found.setdefault(f"#{index}", box)
        return found


def _placeholder(shape: Node) -> Node | None:
    return next(
        (part for outer in shape.elements("nvSpPr", "nvPicPr", "nvGraphicFramePr") for part in outer.below("ph")), None
    )


def _box(shape: Node) -> Box | None:
    """Where a shape stands, in the units of the group that it is in."""
    for properties in shape.elements("spPr", "grpSpPr", "xfrm"):
        for frame in [properties] if properties.tag == "xfrm" else properties.elements("xfrm"):
            corner, size = next(frame.elements("off"), None), next(frame.elements("ext"), None)
            if corner is not None and size is not None:
                try:
                    left, top = int(corner.attributes["x"]), int(corner.attributes["y"])
                    return left, top, left + int(size.attributes["cx"]), top + int(size.attributes["cy"])
                except (KeyError, ValueError):
                    return None
    return None


class _Writer:
    """Writes one slide; ``running`` are the headers and footers that came before, which are told once."""

    def __init__(
        self,
        package: Package,
        part: str,
        running: set[str],
        authors: dict[str, str],
        places: _Places,
    ) -> None:
        self._package = package
        self._part = part
        self._relations = package.relations(part)
        self._targets = package.targets(part)
        self._running = running
        self._authors = authors
        self._places = places
        self._slide = Slide()

    def slide(self) -> Slide:
        root = tree(self._package.part(self._part), _LOOKS)
        if root is None:
            return self._slide
        self._slide.hidden = root.attributes.get("show") in ("0", "false")
        blocks = [block for shapes in root.below("spTree") for block in self._shapes(shapes, 0)]
        for kind, part in self._relations.values():
            if kind == "comments":
                blocks.extend(self._comments(part))
            elif kind == "notesSlide":
                self._slide.notes = _Writer(self._package, part, self._running, {}, self._places).notes()
        title = self._slide.title
        self._slide.blocks = [heading(title, 2), *blocks] if title else blocks
        return self._slide

    def notes(self) -> str:
        root = tree(self._package.part(self._part), _LOOKS)
        return join_blocks(
            block for shapes in (root.below("spTree") if root is not None else ()) for block in self._shapes(shapes, 0)
        )

    def _shapes(self, above: Node, depth: int) -> list[Block]:
        """What shapes say, in the order in which they are read."""
        found: list[tuple[Box | None, list[Block]]] = []
        for node in above.elements() if depth < _DEEPEST else ():
            # The same for this program and for older ones.
            either = next(node.elements("Choice"), None) or next(node.elements("Fallback"), None)
            for shape in either.elements() if node.tag == "AlternateContent" and either is not None else [node]:
                blocks = [block for block in self._shape(shape, depth) if block.text]
                if blocks:
                    found.append((self._place(shape), blocks))
        return in_reading_order(found)

    def _place(self, shape: Node) -> Box | None:
        box = _box(shape)
        place = _placeholder(shape) if box is None else None
        if place is None:
            return box
        return self._places.of(self._part, place.attributes.get("type", "obj"), place.attributes.get("idx", ""))

    def _shape(self, node: Node, depth: int) -> Iterator[Block]:
        match node.tag:
            case "sp" | "cxnSp":
                yield from self._described(node)
                yield from self._text_shape(node)
            case "pic":
                yield from self._described(node)
            case "graphicFrame":
                yield from self._described(node)
                yield from self._graphic(node, depth)
            case "grpSp":
                yield from self._described(node)
                yield from self._shapes(node, depth + 1)

    def _described(self, node: Node) -> Iterator[Block]:
        """A picture, or what someone wrote to describe another shape; a small picture that nobody described is left out."""
        properties = next(node.below("cNvPr"), None)
        if properties is None:
            return
        words = properties.attributes.get("descr", "")
        box = self._place(node) if node.tag == "pic" and not words else None
        if not words and (box is None or not self._places.is_large(box)):
            return
        embedded = next(node.below("blip"), None) if node.tag == "pic" else None
        _, part = self._relations.get(embedded.attributes.get("embed", "") if embedded else "", ("", ""))
        suffix = PurePosixPath(part).suffix.replace(".jpeg", ".jpg")
        name = "".join(properties.attributes.get("name", "").split()) + suffix
        yield Block(picture(words, name) or picture_without_words(name))

    def _text_shape(self, node: Node) -> Iterator[Block]:
        place = next((part for outer in node.elements("nvSpPr") for part in outer.below("ph")), None)
        kind = place.attributes.get("type", "") if place is not None else "none"
        bodies = list(node.elements("txBody"))
        if not bodies or kind in _NOT_TEXT:
            return
        if kind in _TITLES and not self._slide.title:
            self._slide.title = " ".join(self._line(p) for p in bodies[0].elements("p")).strip() or None
            return
        text = self._paragraphs(bodies[0].elements("p"), is_list=kind in _BODIES)
        if kind in _RUNNING:
            if text in self._running:
                return
            self._running.add(text)
        yield Block(text)

    def _paragraphs(self, paragraphs: Iterable[Node], is_list: bool = False) -> str:
        """Paragraphs apart, points of a list together, each with its mark and as deep as it is."""
        lines: list[tuple[str, bool]] = []
        counts: dict[int, int] = {}
        found = [(node, self._line(node)) for node in paragraphs]
        found = [(node, line) for node, line in found if line]
        for node, line in found:
            properties = next(node.elements("pPr"), None)
            level = min(int(properties.attributes.get("lvl", "0") or 0), 8) if properties is not None else 0
            tags = {part.tag: part for part in properties.elements()} if properties is not None else {}
            for deeper in [other for other in counts if other > level]:
                del counts[deeper]
            mark = ""
            if "buAutoNum" in tags:
                first = int(tags["buAutoNum"].attributes.get("startAt", "1") or 1)
                counts[level] = counts.get(level, first - 1) + 1
                family = tags["buAutoNum"].attributes.get("type", "")
                mark = _numbered(family, counts[level])
            elif "buChar" in tags or (is_list and "buNone" not in tags and len(found) > 1):
                mark = "-"
            if mark:
                indent = "  " * level
                inner = line.replace("\n", "\n" + indent + " " * (len(mark) + 1))
                lines.append((f"{indent}{mark} {inner}", True))
            else:
                counts.pop(level, None)
                lines.append((line, False))
        text = ""
        for number, (line, is_point) in enumerate(lines):
            between = "\n" if number and is_point and lines[number - 1][1] else "\n\n" if number else ""
            text += between + line
        return text

    def _line(self, paragraph: Node) -> str:
        return "".join(self._runs(paragraph)).replace("\u00a0", " ").strip()

    def _runs(self, node: Node) -> Iterator[str]:
        before = ""
        for part in node.elements():
            match part.tag:
                case "r" | "fld":
                    if not part.attributes.get("type", "").startswith("slidenum"):
                        text = self._run(part)
                        yield f"^{text}" if _is_raised(part) and is_power(text, before) else text
                        before = text or before
                case "br":
                    yield "\n"
                case "AlternateContent":
                    yield from self._runs(next(part.elements("Choice"), part))
                case "m" | "oMath" | "oMathPara":
                    yield "".join(words.text for words in part.below("t"))

    def _run(self, node: Node) -> str:
        text = "".join(part.text for part in node.elements("t"))
        if not text.isascii():
            fonts = [
                inner.attributes.get("typeface", "")
                for part in node.elements("rPr")
                for inner in part.elements("sym", "latin")
            ]
            font = next(filter(is_symbol_font, fonts), None)
            text = with_signs(font, text) if font else readable(text)
        clicked = next((inner for part in node.elements("rPr") for inner in part.elements("hlinkClick")), None)
        return (
            link(text, self._targets.get(clicked.attributes.get("relation", ""), "")) if clicked is not None else text
        )

    def _graphic(self, node: Node, depth: int) -> Iterator[Block]:
        for grid in node.below("tbl"):
            yield Block(self._table(grid))
        for tag, attribute, write in (("chart", "relation", chart), ("relIds", "dm", diagram)):
            for reference in node.below(tag):
                _, part = self._relations.get(reference.attributes.get(attribute, ""), ("", ""))
                root = tree(self._package.part(part), _LOOKS)
                if root is not None:
                    yield from write(root)
        for embedded in node.below("oleObj"):
            yield from self._shapes(embedded, depth + 1)

    def _table(self, grid: Node) -> str:
        """A merged cell's text stands in its first place."""
        rows = []
        for row in grid.elements("tr"):
            cells = []
            for cell in row.elements("tc"):
                covered = any(cell.attributes.get(key) in ("1", "true") for key in ("hMerge", "vMerge"))
                bodies = () if covered else cell.elements("txBody")
                cells.append("\n".join(self._paragraphs(body.elements("p")).replace("\n\n", "\n") for body in bodies))
            rows.append(cells)
        # A table of one cell is a box with a frame.
        return rows[0][0] if [len(row) for row in rows] == [1] else table(rows)

    def _comments(self, part: str) -> Iterator[Block]:
        root = tree(self._package.part(part))
        for remark in root.below("cm", "reply") if root is not None else ():
            own = [inner for inner in remark.elements() if inner.tag in ("text", "txBody")]
            said = " ".join("".join(inner.text for inner in part.every()) for part in own)
            author = self._authors.get(remark.attributes.get("authorId", ""), "")
            if said := " ".join(said.split()):
                yield Block(comment(author, said))


def _is_raised(run: Node) -> bool:
    return any(
        part.attributes.get("baseline", "0").rstrip("%").isdecimal() and part.attributes.get("baseline", "0") != "0"
        for part in run.elements("rPr")
    )


def _numbered(family: str, number: int) -> str:
    """As PowerPoint names them: ``arabicPeriod``, ``alphaLcParenR``."""
    name = next((known for known in _NUMBERED if family.startswith(known)), "arabic")
    mark = marker(_NUMBERED[name], number, ")" if "Paren" in family else "" if family.endswith("Plain") else ".")
    return f"({mark}" if family.endswith("ParenBoth") else mark


def chart(root: Node) -> Iterator[Block]:
    """A chart's titles, and its values as a table: a row for each category, a column for each series."""
    titles = ["".join(words.text for words in title.below("t")) for title in root.below("title")]
    titles = [" ".join(title.split()) for title in titles]
    yield Block(f"[chart: {' · '.join(title for title in titles if title)}]" if any(titles) else "")
    if any(root.below("chartData")):
        yield Block(_table_of_2016(root))
        return
    names: list[str] = [""]
    rows: dict[int, list[str]] = {}
    for column, series in enumerate(root.below("ser"), start=1):
        name = [value.text for part in series.elements("tx") for value in part.below("v")]
        names.append(" ".join(name))
        for part in series.elements("cat", "xVal"):
            for index, value in _points(part):
                rows.setdefault(index, [value])
        for part in series.elements("val", "yVal", "bubbleSize"):
            is_size = part.tag == "bubbleSize"
            for index, value in _points(part):
                row = rows.setdefault(index, [""])
                row.extend([""] * (column + 1 - len(row)))
                row[column] += f" ({value})" if is_size else value
    yield Block(table([names, *(row for _, row in sorted(rows.items()))]))


def _table_of_2016(root: Node) -> str:
    """The values of a chart of the kinds that came with Office 2016: a waterfall's, a histogram's, a sunburst's."""
    names = [value.text for series in root.below("series") for tx in series.elements("tx") for value in tx.below("v")]
    columns = [dict(_points(level)) for size in root.below("strDim", "numDim") for level in size.elements("lvl")]
    rows = [
        [column.get(row, "") for column in columns] for row in sorted({row for column in columns for row in column})
    ]
    return table([[*[""] * (len(columns) - len(names)), *names], *rows])


def _points(part: Node) -> Iterator[tuple[int, str]]:
    from kimi_files.extract.office.number_format import general

    for point in part.below("pt"):
        text = "".join(value.text for value in point.elements("v")) or point.text
        try:
            yield int(point.attributes.get("idx", "0")), general(float(text)) if text else ""
        except (ValueError, OverflowError):
            yield int(point.attributes.get("idx", "0") or 0), text


def diagram(root: Node) -> Iterator[Block]:
    """The words of a diagram, in the order in which they were written."""
    lines = []
    for point in root.below("pt"):
        for body in point.elements("t"):
            words = "\n".join("".join(inner.text for inner in p.below("t")) for p in body.elements("p")).strip()
            if words:
                lines.append("- " + words.replace("\n", "\n  "))
    yield Block("\n".join(lines))
