"""A page's markdown put right: tables found by lines and places of words, columns of the page that were mixed parted."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kimi_files.extract.pdf_tables import Grid, Rule, merged, open_grids, open_regions, ruled_grids
from kimi_files.extract.pdf_words import (
    Box,
    PageWords,
    clear_of,
    in_lines,
    mostly_prose,
    page_gutter,
    paragraphs,
    text_of,
    two_texts,
)

_THIN = 3.0
"""Points: a filled shape no thicker than that is a line."""

_FEWEST_LETTERS = 20
_MOST_LINKS = 500
_TARGET = re.compile(r"[()\s<>\x00-\x1f]")
_TARGETS = re.compile(r"\]\(([^()\s]+)\)")
_LINK = re.compile(r"\[([^\[\]]+)\]\([^()\s]+\)")


@dataclass(slots=True)
class _Part:
    """A part of the page's markdown, the place of the blocks it was made from, and its columns if it is a table."""

    text: str
    box: Box | None
    columns: int
    wrong: bool = False
    """Whether its words are to be put in order anew: two columns of the page mixed, or no table at all."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """A piece of text and where it stands on the page."""

    box: Box
    text: str


def put_right(parsed: Any, markdown: str) -> str:
    """The markdown of one of liteparse's pages with its tables as they are ruled or stand in columns.

    Blocks that are right stay as they are. Where a table takes only a part of a block, and where a block mixes two
    columns of the page, what remains of its words comes as paragraphs.
    """
    across, down = _rules(parsed.vector_graphics)
    has_tables = "\n|---|" in markdown
    if len(across) < 3 and not has_tables:
        return markdown
    parts = _parts(markdown, parsed.blocks or [])
    if parts is None:
        return markdown
    page = PageWords(parsed.text_items)
    ruled, regions = ruled_grids(page, across, down), open_regions(page, across)
    if not (has_tables or ruled or regions):
        return markdown
    gutter = page_gutter(page, parsed.width)
    for part in parts if gutter else ():
        part.wrong = _is_mixed(part, page, gutter or 0.0)
    mixed = any(part.wrong for part in parts)
    grids = _grids(parts, page, across, ruled, regions)
    if not grids and not any(part.wrong for part in parts):
        return markdown
    pieces = _pieces(parts, page, grids, gutter if mixed else None)
    if gutter and mixed:
        pieces = _in_columns(pieces, gutter)
    return "\n\n".join(piece.text for piece in pieces)


def with_links(parsed: Any, markdown: str) -> str:
    """The markdown with the page's links that liteparse left out, as it does in tables, on the words that they lie on."""
    links = [note for note in parsed.annotations or () if note.uri and note.rect]
    if not links:
        return markdown
    there = set(_TARGETS.findall(markdown))
    missing = [note for note in links if note.uri not in there][:_MOST_LINKS]
    missing = [note for note in missing if note.uri not in markdown]
    if not missing:
        return markdown
    page = PageWords(parsed.text_items)
    for note in missing:
        rect, uri = note.rect, _TARGET.sub(lambda match: f"%{ord(match[0]):02X}", note.uri)
        words = page.within(Box(rect.x, rect.y, rect.x + rect.width, rect.y + rect.height))
        phrase = text_of(in_lines(words)).replace("|", "\\|")
        if len(phrase) > 1:
            # Not within a word, nor within another link.
            pattern = re.compile(rf"(?<![\w\[(/]){re.escape(phrase)}(?![\w\])/])")
            if match := pattern.search(markdown):
                markdown = f"{markdown[: match.start()]}[{match[0]}]({uri}){markdown[match.end() :]}"
    return markdown


def turned_by(parsed: Any) -> int:
    """By how many degrees clockwise the text of a page stands: 0, 90, 180 or 270."""
    items = parsed.text_items
    letters: Counter[int] = Counter()
    # A few runs show whether there is reason to look at all.
    if any(item.rotation for item in items[:: max(len(items) // 10, 1)]):
        for item in items:
            letters[round(item.rotation / 90) % 4 * 90] += len(item.text)
    angle, most = letters.most_common(1)[0] if letters else (0, 0)
    return angle if most > max(0.7 * letters.total(), _FEWEST_LETTERS) else 0


def _rules(vectors: Any) -> tuple[list[Rule], list[Rule]]:
    """The lines across and down, drawn as lines or as thin filled shapes."""
    across: list[Rule] = []
    down: list[Rule] = []
    for line in vectors.lines if vectors else ():
        if not line.stroke:
            continue
        x, y, v, w = line.x1, line.y1, line.x2, line.y2
        if abs(y - w) < 1 and abs(x - v) > 4:
            across.append(Rule((y + w) / 2, min(x, v), max(x, v)))
        elif abs(x - v) < 1 and abs(y - w) > 4:
            down.append(Rule((x + v) / 2, min(y, w), max(y, w)))
    for shape in vectors.shapes if vectors else ():
        if shape.fill and not shape.has_curve:
            box = shape.bbox
            width, height = box.width, box.height
            if height < _THIN and width > 4:
                across.append(Rule(box.y + height / 2, box.x, box.x + width))
            elif width < _THIN and height > 4:
                down.append(Rule(box.x + width / 2, box.y, box.y + height))
    return merged(across), merged(down)


def _parts(markdown: str, blocks: Sequence[Any]) -> list[_Part] | None:
    """Markdown by the blocks that it was made from, or None where that cannot be told."""
    texts = [text for text in markdown.split("\n\n") if text.strip()]
    groups: list[list[Any]] = []
    for block in blocks:
        if groups and block.kind == "list_item" == groups[-1][-1].kind:
            groups[-1].append(block)
        else:
            groups.append([block])
    if len(groups) != len(texts):
        return None
    return [_Part(text, _around(group), _width(group[0])) for text, group in zip(texts, groups, strict=True)]


def _around(blocks: Sequence[Any]) -> Box | None:
    boxes = [block.bbox for block in blocks if block.bbox is not None]
    if not boxes:
        return None
    right, bottom = max(box.x + box.width for box in boxes), max(box.y + box.height for box in boxes)
    return Box(min(box.x for box in boxes), min(box.y for box in boxes), right, bottom)


def _width(block: Any) -> int:
    """How many columns a block has; 0 if it is no table."""
    return max(map(len, [block.header or (), *(block.rows or ())])) if block.kind == "table" else 0


def _is_mixed(part: _Part, page: PageWords, gutter: float) -> bool:
    """Whether a block has text on both sides of the gap between two columns, and none that goes over it."""
    box = part.box
    if box is None or not box.left < gutter - 30 or not box.right > gutter + 30:
        return False
    words = page.within(box)
    return clear_of(gutter, words) and (not part.columns or two_texts(gutter, words))


def _grids(
    parts: list[_Part], page: PageWords, across: list[Rule], ruled: list[Grid], regions: list[Box]
) -> list[Grid]:
    grids = ruled
    for region in regions:
        inner = [grid for grid in grids if grid.box.covered_by(region) > 0.9]
        if any(region.covered_by(grid.box) > 0.3 and (grid.closed or grid not in inner) for grid in grids):
            continue
        found = open_grids(page, region, across)
        if sum(len(grid.rows) for grid in found) > sum(len(grid.rows) for grid in inner):
            grids = [grid for grid in grids if grid not in inner] + found
    for part in parts:
        if not part.columns or part.box is None or part.wrong:
            continue
        if not any(part.box.covered_by(grid.box) > 0.3 for grid in grids):
            found = open_grids(page, part.box.grown(1), across)
            if (
                part.columns == 1
                or any(grid.is_sparse for grid in found)
                or (not found and _holds_prose(part.box, page))
            ):
                part.wrong = True
            else:
                grids.extend(found)
    return grids


def _holds_prose(box: Box, page: PageWords) -> bool:
    return mostly_prose(in_lines(page.within(box)), box.width)


def _pieces(parts: list[_Part], page: PageWords, grids: list[Grid], gutter: float | None) -> list[_Piece]:
    """Parts that are right as they are, and in the place of the others their tables and the rest of their words."""
    changed = [part.wrong or any(part.box and part.box.covered_by(g.box) > 0 for g in grids) for part in parts]
    kept = [part.box for part, is_changed in zip(parts, changed, strict=True) if part.box and not is_changed]
    waiting = list(grids)
    pieces: list[_Piece] = []
    for part, is_changed in zip(parts, changed, strict=True):
        box = part.box
        if box is None or not is_changed:
            pieces.append(_Piece(box or (pieces[-1].box if pieces else Box(0, 0, 0, 0)), part.text))
            continue
        words = page.within(box)
        own = [grid for grid in grids if box.covered_by(grid.box) > 0 and any(map(grid.box.holds, words))]
        if not own and not part.wrong:
            pieces.append(_Piece(box, part.text))
            continue
        others = [other for other in kept if other.covered_by(box) > 0] + [grid.box for grid in own]
        loose = [word for word in words if not any(other.holds(word) for other in others)]
        new = [_Piece(*paragraph) for paragraph in paragraphs(loose, gutter)]
        new.extend(_Piece(grid.box, _table(grid)) for grid in own if grid in waiting)
        waiting = [grid for grid in waiting if grid not in own]
        pieces.extend(_linked(sorted(new, key=lambda piece: piece.box.top), part.text))
    return pieces


def _linked(pieces: list[_Piece], text: str) -> list[_Piece]:
    """The pieces with the links that ``text``, in the place of which they come, had."""
    found = list(pieces)
    for link in _LINK.finditer(text):
        for number, piece in enumerate(found):
            if link[1] in piece.text and link[0] not in piece.text:
                found[number] = _Piece(piece.box, piece.text.replace(link[1], link[0], 1))
                break
    return found


def _in_columns(pieces: list[_Piece], gutter: float) -> list[_Piece]:
    """Down the left column and then down the right one, between what goes over both."""
    found: list[_Piece] = []
    sides: tuple[list[_Piece], list[_Piece]] = [], []
    for piece in sorted(pieces, key=lambda piece: piece.box.top):
        if piece.box.left < gutter - 12 and piece.box.right > gutter + 12:
            found.extend([*sides[0], *sides[1], piece])
            sides = [], []
        else:
            sides[piece.box.left + piece.box.right > 2 * gutter].append(piece)
    return [*found, *sides[0], *sides[1]]


def _table(grid: Grid) -> str:
    rows = [[" ".join(text.split()).replace("|", "\\|") for text in row] for row in grid.rows]
    lines = [f"| {' | '.join(row)} |" for row in rows]
    lines.insert(1, "|" + "---|" * len(rows[0]))
    return "\n".join(lines)
