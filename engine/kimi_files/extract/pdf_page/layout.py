"""A page's markdown put right: tables found by lines and places of words, columns of the page that were mixed parted."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import chain
from typing import Any

from kimi_files.extract.pdf_page.headings import Block, with_headings_marked, with_whole_headings
from kimi_files.extract.pdf_page.laid import LaidPage
from kimi_files.extract.pdf_page.open_tables import open_grids
from kimi_files.extract.pdf_page.ruled_tables import ruled_grids
from kimi_files.extract.pdf_page.table_regions import banded_regions, open_regions
from kimi_files.extract.pdf_page.tables import Grid, Rule, merged
from kimi_files.extract.pdf_page.words import (
    Box,
    PageWords,
    Word,
    clear_of,
    in_lines,
    mostly_prose,
    page_gutter,
    page_gutters,
    paragraphs,
    text_of,
    two_texts,
)

# A block may hold several columns if it is wider than that share of the page and of more than one line, in points.
_WIDE = 0.4
_TALL = 24.0

_ACROSS = 8
"""Letters on each side of the gap that show in which order a text was read."""

_THIN = 3.0
"""Points: a filled shape no thicker than that is a line."""

_LEAST_BAND, _BAND = 8.0, 45.0
"""Points: how tall what lies behind the head of a table is."""

_WIDE_BAND = 150.0
_MOST_BANDS = 500
_WHITE = ("ffffffff", None)

_ONE_LINE = 16.0
"""Points: not more than a line of a table is tall."""

_THROUGH = 0.3
"""Of the height of a line: so close to its middle is what strikes it out."""

_FEWEST_LETTERS = 20
_MOST_LINKS = 500
_TARGET = re.compile(r"[()\s<>\x00-\x1f]")
_TARGETS = re.compile(r"\]\(([^()\s]+)\)")
# Headings that stand one below the other, with no page numbers as in a table of contents.
_NUMBERED_HEADINGS = re.compile(
    r"(?:\|(?:---\|)+\n?|\| (?:[0-9]{1,2}|[A-Z])(?:\.[0-9]{1,2}){1,4} \| [^|\n]*[^|\n\s\d] \|\n?){3,5}"
)
_TYPEWRITER = re.compile(r"mono|cour|consol|code|type|tt[0-9]|menlo|fixed|terminal|nimbusmon", re.IGNORECASE)
_LONG_WORD, _FEWEST_WORDS, _AS_WIDE = 6, 4, 0.12
_STRUCK = re.compile(r"~~([^~\n]+)~~")
_LINK = re.compile(r"\[([^\[\]]+)\]\([^()\s]+\)")


@dataclass(slots=True)
class _Part:
    """A part of the page's markdown, the place of the blocks it was made from, and its columns if it is a table."""

    text: str
    box: Box | None
    columns: int
    wrong: bool = False
    """Whether its words are to be put in order anew: two columns of the page mixed, or no table at all."""
    goes_on: bool = False
    """Whether it goes on from the foot of one column of the page to the head of the next."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """A piece of text and where it stands on the page."""

    box: Box
    text: str


def put_right(laid: LaidPage, markdown: str) -> str:
    """The markdown of one of liteparse's pages with its tables as they are ruled or stand in columns.

    Blocks that are right stay as they are. Where a table takes only a part of a block, and where a block mixes two
    columns of the page, what remains of its words comes as paragraphs.
    """
    across, down, bands = _drawn(laid.vectors)
    has_tables = "\n|---|" in markdown
    parts = _parts(markdown, laid.blocks)
    if parts is None:
        return markdown
    if "```" in markdown:
        parts = _without_false_code(parts, laid)
        markdown = "\n\n".join(part.text for part in parts)
    if markdown.startswith(("#", "**")) or "\n#" in markdown or "\n**" in markdown:
        parts = _with_whole_headings(parts, laid)
        markdown = "\n\n".join(part.text for part in parts)
    if len(across) < 3 and not (has_tables or bands):
        return _unmixed(laid, markdown, parts)
    page = laid.words
    ruled, regions = ruled_grids(page, across, down), open_regions(page, across) + banded_regions(page, bands)
    if not (has_tables or ruled or regions):
        return _unmixed(laid, markdown, parts)
    gutters = page_gutters(page, laid.width)
    if len(gutters) < 2:
        gutters = [gutter] if (gutter := page_gutter(page, laid.width)) else []
    mixed = _find_mixed(parts, page, gutters, in_doubt=True)
    grids = _grids(parts, page, across, ruled, regions, gutters)
    if not grids and not any(part.wrong for part in parts):
        return markdown
    gutters = gutters if mixed else []
    pieces = _in_columns(_pieces(laid, parts, grids, gutters), gutters)
    return "\n\n".join(piece.text for piece in pieces)


def _without_false_code(parts: list[_Part], laid: LaidPage) -> list[_Part]:
    """The parts with those as text that are code for nothing but a font that says of itself that its letters are all as wide."""
    found: list[_Part] = []
    for part in parts:
        if part.text.startswith("```") and part.box and not _is_typewriter(laid.styles.of(part.box).style[0], laid):
            text = "\n".join(part.text.split("\n")[1:-1])
            block = with_headings_marked([Block(text, part.box)], laid.styles)[0]
            found.append(_Part(block.text, part.box, 0))
        else:
            found.append(part)
    return found


def _is_typewriter(font: str, laid: LaidPage) -> bool:
    """Whether a font is called so, or longer words are as wide as their letters are many."""
    if _TYPEWRITER.search(font):
        return True
    widths: list[float] = sorted(
        word.width / len(word.text) / item.height
        for item in laid.items
        if item.font_name == font and item.height
        for word in item.words
        if len(word.text) >= _LONG_WORD
    )
    if len(widths) < _FEWEST_WORDS:
        return True
    few = len(widths) // 10
    return widths[-1 - few] - widths[few] < _AS_WIDE * widths[len(widths) // 2]


def _with_whole_headings(parts: list[_Part], laid: LaidPage) -> list[_Part]:
    blocks = with_whole_headings([Block(part.text, part.box) for part in parts], laid.styles)
    if blocks is None:
        return parts
    columns = {part.text: part.columns for part in parts}
    return [_Part(block.text, block.box, columns.get(block.text, 0)) for block in blocks]


def _unmixed(laid: LaidPage, markdown: str, parts: list[_Part]) -> str:
    """The markdown of a page without tables with the columns parted that a block mixes line by line."""
    wide = [part for part in parts if part.box and part.box.width > _WIDE * laid.width and part.box.height > _TALL]
    if not wide:
        return markdown
    page = laid.words
    gutters = page_gutters(page, laid.width)
    if not _find_mixed(wide, page, gutters, in_doubt=False):
        return markdown
    return "\n\n".join(piece.text for piece in _in_columns(_pieces(laid, parts, [], gutters), gutters))


def with_links(laid: LaidPage, markdown: str) -> str:
    """The markdown with the page's links that liteparse left out, as it does in tables, on the words that they lie on."""
    links = [note for note in laid.annotations if note.uri and note.rect]
    if not links:
        return markdown
    there = set(_TARGETS.findall(markdown))
    missing = [note for note in links if note.uri not in there][:_MOST_LINKS]
    missing = [note for note in missing if note.uri not in markdown]
    if not missing:
        return markdown
    page = laid.words
    for note in missing:
        rect, uri = note.rect, _TARGET.sub(lambda match: f"%{ord(match[0]):02X}", note.uri)
        words = page.within(Box(rect.x, rect.y, rect.x + rect.width, rect.y + rect.height))
        phrase = text_of(in_lines(words)).replace("|", "\\|")
        if len(phrase) > 1 and phrase in markdown:
            # Not within a word, nor within another link.
            pattern = re.compile(rf"(?<![\w\[(/]){re.escape(phrase)}(?![\w\])/])")
            if match := pattern.search(markdown):
                markdown = f"{markdown[: match.start()]}[{match[0]}]({uri}){markdown[match.end() :]}"
    return markdown


def without_false_strikes(laid: LaidPage, markdown: str) -> str:
    """The markdown with words struck out only where a line of their own goes through them: no line of a table or a chart."""
    across, _, _ = _drawn(laid.vectors)
    places = [rule.at for rule in across]
    lines = laid.words.lines()

    def through(run: Word) -> list[Rule]:
        reach = _THROUGH * (run.bottom - run.top)
        return across[bisect_right(places, run.middle - reach) : bisect_left(places, run.middle + reach)]

    def checked(match: re.Match[str]) -> str:
        first = match[1].strip("* ").split(" ")[0]
        runs = [(run, line.words[-1].right) for line in lines for run in line.words if run.text.startswith(first)]
        is_struck = any(
            run.left - _THIN < rule.start < run.right and rule.end < right + _THIN
            for run, right in runs
            for rule in through(run)
        )
        return match[0] if is_struck or not runs else match[1]

    return _STRUCK.sub(checked, markdown)


def turned_by(items: Sequence[Any]) -> int:
    """By how many degrees clockwise the text of a page stands: 0, 90, 180 or 270."""
    letters: Counter[int] = Counter()
    # A few runs show whether there is reason to look at all.
    if any(item.rotation for item in items[:: max(len(items) // 10, 1)]):
        for item in items:
            letters[round(item.rotation / 90) % 4 * 90] += len(item.text)
    angle, most = letters.most_common(1)[0] if letters else (0, 0)
    return angle if most > max(0.7 * letters.total(), _FEWEST_LETTERS) else 0


def _drawn(vectors: Any) -> tuple[list[Rule], list[Rule], list[Box]]:
    """The lines across and down, drawn as lines or as thin filled shapes, and filled bands as tall as a line of text."""
    across: list[Rule] = []
    down: list[Rule] = []
    bands: list[Box] = []
    for line in vectors.lines if vectors else ():
        if not line.stroke:
            continue
        x, y, v, w = line.x1, line.y1, line.x2, line.y2
        if abs(y - w) < 1 and abs(x - v) > 4:
            across.append(Rule((y + w) / 2, min(x, v), max(x, v)))
        elif abs(x - v) < 1 and abs(y - w) > 4:
            down.append(Rule((x + v) / 2, min(y, w), max(y, w)))
    for shape in vectors.shapes if vectors else ():
        if not shape.fill:
            continue
        box = shape.bbox
        width, height = box.width, box.height
        if height < _THIN or width < _THIN:
            if shape.has_curve:
                continue
            if height < _THIN and width > 4:
                across.append(Rule(box.y + height / 2, box.x, box.x + width))
            elif width < _THIN and height > 4:
                down.append(Rule(box.x + width / 2, box.y, box.y + height))
        elif height < _BAND < 3 * width and height > _LEAST_BAND and shape.fill_color not in _WHITE:
            bands.append(Box(box.x, box.y, box.x + width, box.y + height))
    return merged(across), merged(down), _whole(bands)


def _whole(bands: list[Box]) -> list[Box]:
    """Bands that touch on one level as one; those that are wide enough for a table."""
    if len(bands) > _MOST_BANDS:
        return []
    found: list[Box] = []
    for band in sorted(bands, key=lambda band: (round(band.top), band.left)):
        last = found[-1] if found else None
        if last and abs(last.top - band.top) < 1.5 > abs(last.bottom - band.bottom) and band.left < last.right + _THIN:
            found[-1] = last.with_(band)
        else:
            found.append(band)
    return [band for band in found if band.width > _WIDE_BAND]


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
    boxes = [Box(box.x, box.y, box.x + box.width, box.y + box.height) for block in blocks if (box := block.bbox)]
    return reduce(Box.with_, boxes) if boxes else None


def _width(block: Any) -> int:
    """How many columns a block has; 0 if it is no table."""
    return max(map(len, [block.header or (), *(block.rows or ())])) if block.kind == "table" else 0


def _find_mixed(parts: list[_Part], page: PageWords, gutters: Sequence[float], *, in_doubt: bool) -> bool:
    """Mark the parts that mix columns of the page; False if there is none. ``in_doubt`` takes what is no prose, too."""
    mixed = False
    for part in parts:
        for gutter in gutters:
            if part.box and part.box.left < gutter - 30 and part.box.right > gutter + 30:
                words = page.within(part.box)
                if clear_of(gutter, words) and ((in_doubt and not part.columns) or two_texts(gutter, words)):
                    part.wrong = True
                    part.goes_on = not part.columns and _goes_on_above(part.text, words, gutter)
                    mixed = mixed or not part.goes_on
    # What goes on from column to column is right, but where others are put in order it has to be parted with them.
    for part in () if mixed else parts:
        part.wrong = False
    return mixed


def _goes_on_above(text: str, words: list[Word], gutter: float) -> bool:
    """Whether a text goes on from the foot of the left column to the head of the right one, as it should."""
    left = "".join(line.text for line in in_lines(word for word in words if word.centre < gutter)[-1:])
    right = "".join(line.text for line in in_lines(word for word in words if word.centre >= gutter)[:1])
    return _letters(left)[-_ACROSS:] + _letters(right)[:_ACROSS] in _letters(text)


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text))


def _grids(
    parts: list[_Part],
    page: PageWords,
    across: list[Rule],
    ruled: list[Grid],
    regions: list[Box],
    gutters: Sequence[float],
) -> list[Grid]:
    grids = ruled
    for region in regions:
        inner = [grid for grid in grids if grid.box.covered_by(region) > 0.9]
        others = [grid.box for grid in grids if grid.closed or grid not in inner]
        # Ruled tables that stand one below the other have lines that begin and end at the same places, too.
        if sum(region.covered_by(other) for other in others) > 0.3:
            continue
        found = [
            grid
            for grid in open_grids(page, region, across, others)
            if all(grid.box.covered_by(other) < 0.1 for other in others)
            and not _tears(grid, parts)
            and (gutters or not _has_names_beside(grid, page, regions))
        ]
        if sum(len(grid.rows) for grid in found) > sum(len(grid.rows) for grid in inner):
            grids = [grid for grid in grids if grid not in inner] + found
    for part in parts:
        if not part.columns or part.box is None or part.wrong:
            continue
        if _NUMBERED_HEADINGS.fullmatch(part.text) or any(g.framed and g.box.covered_by(part.box) > 0.9 for g in grids):
            part.wrong = True
        elif not any(part.box.covered_by(grid.box) > 0.3 for grid in grids):
            found = open_grids(page, part.box.grown(1), across, [grid.box for grid in grids])
            if part.columns == 1 or any(grid.is_sparse for grid in found) or (not found and _is_text(part.box, page)):
                part.wrong = True
            else:
                grids.extend(found)
    return grids


def _tears(grid: Grid, parts: list[_Part]) -> bool:
    """Whether it ends with the head of a table below it that has many more columns."""
    return any(
        part.columns >= 2 * len(grid.rows[0])
        and part.box
        and 0 < part.box.covered_by(grid.box) <= 0.3
        and 0 < grid.box.bottom - part.box.top < _ONE_LINE < part.box.top - grid.box.top
        for part in parts
    )


def _has_names_beside(grid: Grid, page: PageWords, regions: list[Box]) -> bool:
    """Whether the rows have their names left of the lines: these are around the figures of a table only."""
    box = grid.box
    left = page.runs_within(Box(0, box.top, box.left, box.bottom))
    names = in_lines(run for run in left if not any(region.holds(run) for region in regions))
    return len(names) >= 0.6 * len(grid.rows)


def _is_text(box: Box, page: PageWords) -> bool:
    """Whether it holds prose, or lines of one piece each, which may be underlined."""
    lines = in_lines(page.within(box))
    return mostly_prose(lines, box.width) or all(len(line.segments) < 2 for line in lines)


def _pieces(laid: LaidPage, parts: list[_Part], grids: list[Grid], gutters: Sequence[float]) -> list[_Piece]:
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
        words = laid.words.within(box)
        own = [grid for grid in grids if box.covered_by(grid.box) > 0 and _holds(part, grid, words)]
        if not own and not part.wrong:
            pieces.append(_Piece(box, part.text))
            continue
        others = [grid.box for grid in own] + [other for other in kept if other.covered_by(box) > 0]
        loose = [word for word in words if not any(other.holds(word) for other in others)]
        found = [Block(text, place) for place, text in paragraphs(loose, gutters)]
        new = [_Piece(block.box, block.text) for block in with_headings_marked(found, laid.styles) if block.box]
        new.extend(_Piece(grid.box, _table(grid)) for grid in own if grid in waiting)
        waiting = [grid for grid in waiting if grid not in own]
        pieces.extend(_linked(sorted(new, key=lambda piece: (round(piece.box.top), piece.box.left)), part.text))
    return pieces


def _holds(part: _Part, grid: Grid, words: list[Word]) -> bool:
    """Whether a table was made a part of a block: what goes on from column to column only lies around it."""
    if not part.goes_on:
        return any(map(grid.box.holds, words))
    inside = {word.text for word in words if grid.box.holds(word)}
    return bool(inside) and sum(text in part.text for text in inside) >= 0.6 * len(inside)


def _linked(pieces: list[_Piece], text: str) -> list[_Piece]:
    """The pieces with the links that ``text``, in the place of which they come, had."""
    found = list(pieces)
    for link in _LINK.finditer(text):
        for number, piece in enumerate(found):
            if link[1] in piece.text and link[0] not in piece.text:
                found[number] = _Piece(piece.box, piece.text.replace(link[1], link[0], 1))
                break
    return found


def _in_columns(pieces: list[_Piece], gutters: Sequence[float]) -> list[_Piece]:
    """Down each column and then down the one to its right, between what goes over several."""
    if not gutters:
        return pieces
    found: list[_Piece] = []
    columns: list[list[_Piece]] = [[] for _ in range(len(gutters) + 1)]
    for piece in sorted(pieces, key=lambda piece: piece.box.top):
        if any(piece.box.left < gutter - 12 and piece.box.right > gutter + 12 for gutter in gutters):
            found.extend([*chain.from_iterable(columns), piece])
            columns = [[] for _ in columns]
        else:
            columns[bisect_left(gutters, (piece.box.left + piece.box.right) / 2)].append(piece)
    return [*found, *chain.from_iterable(columns)]


def _table(grid: Grid) -> str:
    rows = [[" ".join(text.split()).replace("|", "\\|") for text in row] for row in grid.rows]
    lines = [f"| {' | '.join(row)} |" for row in rows]
    lines.insert(1, "|" + "---|" * len(rows[0]))
    return "\n".join(lines)
