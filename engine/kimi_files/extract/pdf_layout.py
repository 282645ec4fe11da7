"""A page's markdown with tables put right: liteparse's blocks, and tables found by ruled lines and the places of words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from kimi_files.extract.pdf_tables import (
    Box,
    Grid,
    Item,
    Rule,
    clear_of,
    is_prose,
    open_grids,
    open_regions,
    page_gutter,
    paragraphs,
    ruled_grids,
    two_texts,
)

_THIN = 3.0
_LEADER = re.compile(r"[.·_…=\-–—]{4,}|(?:\. ?){4,}")


@dataclass(slots=True)
class _Part:
    """A part of the page's markdown, the place of the blocks it was made from, and its columns if it is a table."""

    text: str
    box: Box | None
    columns: int
    wrong: bool = False
    """Whether its words are to be put in order anew: two columns of the page mixed, or no table at all."""


@dataclass(frozen=True, slots=True)
class _Unit:
    """A piece of the page to be put in order."""

    box: Box
    text: str


def with_tables(parsed: Any, markdown: str) -> str:
    """The markdown of a page, with its tables as they are ruled or stand in columns.

    Blocks that are right stay as they are. Where a table takes only a part of a block, and where a block mixes two
    columns of the page, what remains of its words comes as paragraphs.
    """
    across, down = _rules(parsed.vector_graphics)
    blocks = parsed.blocks or []
    if not any(block.kind == "table" for block in blocks) and len(across) < 3:
        return markdown
    parts = _parts(markdown, blocks)
    if parts is None:
        return markdown
    items = _upright(_words(parsed.text_items))
    gutter = page_gutter(items, parsed.width)
    grids = _grids(parts, items, across, down, gutter)
    mixed = [part for part in parts if gutter is not None and _mixes(part, items, gutter)]
    for part in mixed:
        part.wrong = True
    if not grids and not any(part.wrong for part in parts):
        return markdown
    return _composed(parts, items, grids, gutter if mixed else None)


def _grids(
    parts: list[_Part], items: list[Item], across: list[Rule], down: list[Rule], gutter: float | None
) -> list[Grid]:
    grids = ruled_grids(items, across, down)
    for region in open_regions(items, across):
        inner = [grid for grid in grids if _overlap(grid.box, region) > 0.9]
        if any(_overlap(region, grid.box) > 0.3 and (grid.closed or grid not in inner) for grid in grids):
            continue
        found = list(open_grids(items, region, across))
        if sum(len(grid.rows) for grid in found) > sum(len(grid.rows) for grid in inner):
            grids = [grid for grid in grids if grid not in inner] + found
    for part in parts:
        if not part.columns or part.box is None or any(_overlap(part.box, grid.box) > 0.3 for grid in grids):
            continue
        if gutter is not None and _mixes(part, items, gutter):
            continue
        box = Box(part.box.left - 1, part.box.top - 1, part.box.right + 1, part.box.bottom + 1)
        found = list(open_grids(items, box, across))
        if part.columns == 1 or any(grid.is_sparse for grid in found) or (not found and is_prose(items, box)):
            part.wrong = True
        else:
            grids.extend(found)
    return grids


def _mixes(part: _Part, items: list[Item], gutter: float) -> bool:
    """Whether a block has text on both sides of the gap between two columns, and none that goes over it."""
    box = part.box
    if box is None or not box.left < gutter - 30 or not box.right > gutter + 30:
        return False
    inside = [item for item in items if box.holds(item)]
    return clear_of(gutter, inside) and (not part.columns or two_texts(gutter, inside))


_LINK = re.compile(r"\[([^\[\]]+)\](\([^()\s]+\))")


def _linked(pieces: list[_Unit], text: str) -> list[_Unit]:
    """The pieces with the links that ``text``, of which they are made anew, had."""
    found = list(pieces)
    for match in _LINK.finditer(text):
        for number, piece in enumerate(found):
            if match[1] in piece.text and match[0] not in piece.text:
                found[number] = _Unit(piece.box, piece.text.replace(match[1], match[0], 1))
                break
    return found


def _composed(parts: list[_Part], items: list[Item], grids: list[Grid], gutter: float | None) -> str:
    free = list(items)
    units: list[_Unit] = []
    waiting = sorted(grids, key=lambda grid: grid.box.top)
    for part in parts:
        if part.box is None:
            units.append(_Unit(units[-1].box if units else Box(0, 0, 0, 0), part.text))
            continue
        inside = [item for item in free if part.box.holds(item)]
        tables = [grid for grid in grids if any(grid.box.holds(item) for item in inside)]
        if not tables and not part.wrong:
            units.append(_Unit(part.box, part.text))
            free = [item for item in free if not part.box.holds(item)]
            continue
        loose = [item for item in inside if not any(grid.box.holds(item) for grid in tables)]
        pieces = [_Unit(box, text) for box, text in paragraphs(loose, gutter)]
        pieces.extend(_Unit(grid.box, _markdown(grid)) for grid in tables if grid in waiting)
        waiting = [grid for grid in waiting if grid not in tables]
        units.extend(_linked(sorted(pieces, key=lambda unit: unit.box.top), part.text))
    if gutter is not None:
        units = _in_columns(units, gutter)
    return "\n\n".join(unit.text for unit in units)


def _in_columns(units: list[_Unit], gutter: float) -> list[_Unit]:
    """Down the left column and then down the right one, between what goes over both."""
    found: list[_Unit] = []
    left: list[_Unit] = []
    right: list[_Unit] = []
    for unit in sorted(units, key=lambda unit: unit.box.top):
        if unit.box.left < gutter - 12 and unit.box.right > gutter + 12:
            found.extend([*left, *right, unit])
            left, right = [], []
        elif (unit.box.left + unit.box.right) / 2 < gutter:
            left.append(unit)
        else:
            right.append(unit)
    return [*found, *left, *right]


def _words(items: Any) -> Iterator[Item]:
    for item in items:
        if abs(item.rotation) > 1 or not item.text.strip():
            continue
        words = item.words
        if sum(len(word.text) for word in words) < len(item.text) - item.text.count(" "):
            yield Item(item.x, item.y, item.x + item.width, item.y + item.height, item.text.strip(), glued=True)
            continue
        for number, word in enumerate(words):
            yield Item(word.x, word.y, word.x + word.width, word.y + word.height, word.text, glued=number == 0)


def _upright(words: Iterator[Item]) -> list[Item]:
    """The words without leaders and drawn lines; marks of a font with far larger boxes are cut down to their line."""
    found = [word for word in words if not _LEADER.fullmatch(word.text)]
    if not found:
        return []
    height = median(word.bottom - word.top for word in found)
    return [
        Item(word.left, word.top, word.right, word.top + height, word.text, word.glued)
        if word.bottom - word.top > 1.8 * height and len(word.text) <= 2
        else word
        for word in found
    ]


def _rules(vectors: Any) -> tuple[list[Rule], list[Rule]]:
    across: list[Rule] = []
    down: list[Rule] = []
    if vectors is None:
        return across, down
    for line in vectors.lines:
        if not line.stroke:
            continue
        if abs(line.y1 - line.y2) < 1 and abs(line.x1 - line.x2) > 4:
            across.append(Rule((line.y1 + line.y2) / 2, min(line.x1, line.x2), max(line.x1, line.x2)))
        elif abs(line.x1 - line.x2) < 1 and abs(line.y1 - line.y2) > 4:
            down.append(Rule((line.x1 + line.x2) / 2, min(line.y1, line.y2), max(line.y1, line.y2)))
    for shape in vectors.shapes:
        if not shape.fill or shape.has_curve:
            continue
        box = shape.bbox
        if box.height < _THIN and box.width > 4:
            across.append(Rule(box.y + box.height / 2, box.x, box.x + box.width))
        elif box.width < _THIN and box.height > 4:
            down.append(Rule(box.x + box.width / 2, box.y, box.y + box.height))
    return across, down


def _parts(markdown: str, blocks: Sequence[Any]) -> list[_Part] | None:
    texts = [text for text in markdown.split("\n\n") if text.strip()]
    groups: list[list[Any]] = []
    for block in blocks:
        if groups and block.kind == "list_item" == groups[-1][-1].kind:
            groups[-1].append(block)
        else:
            groups.append([block])
    if len(groups) != len(texts):
        return None
    return [_Part(text, _union(group), _width(group[0])) for text, group in zip(texts, groups, strict=True)]


def _width(block: Any) -> int:
    """How many columns a block has; 0 if it is no table."""
    return max(map(len, [block.header or (), *(block.rows or ())])) if block.kind == "table" else 0


def _union(blocks: Sequence[Any]) -> Box | None:
    boxes = [block.bbox for block in blocks if block.bbox is not None]
    if not boxes:
        return None
    return Box(
        min(b.x for b in boxes),
        min(b.y for b in boxes),
        max(b.x + b.width for b in boxes),
        max(b.y + b.height for b in boxes),
    )


def _overlap(box: Box, other: Box) -> float:
    """The share of ``box`` that ``other`` covers."""
    width = min(box.right, other.right) - max(box.left, other.left)
    height = min(box.bottom, other.bottom) - max(box.top, other.top)
    if width <= 0 or height <= 0:
        return 0.0
    return width * height / max((box.right - box.left) * (box.bottom - box.top), 1.0)


def _markdown(grid: Grid) -> str:
    rows = [[" ".join(text.split()).replace("|", "\\|") for text in row] for row in grid.rows]
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    lines.insert(1, "|" + "---|" * len(rows[0]))
    return "\n".join(lines)
