"""Finds the rows and columns of tables on a PDF page from the places of its words and its ruled lines."""

from __future__ import annotations

import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from statistics import median

from kimi_files.extract.pdf_page.words import (
    Box,
    Line,
    PageWords,
    Word,
    glued,
    in_lines,
    is_prose,
    joined,
    text_of,
    wide_signs,
)

# Points. Lines are drawn as pieces that meet within a point or two.
_TOUCH = 3.0
_SAME = 2.5
_SHORTEST_EDGE = 60.0
_MOST_RULES = 1_500
_MOST_STEPS = 2_000_000
"""Places of a grid times its lines: beyond that it is a diagram on squared paper, and would take seconds."""

# What stands in most cells of a table of figures: few letters beside the digits, or a mark for "nothing".
_NUMERIC = re.compile(r"(?=.*[0-9])[^A-Za-z]*[A-Za-z%]{0,3}[^A-Za-z]{0,12}|[-–—−.·*†‡]{1,3}|n/?a|N/?A")
_MARK = re.compile(r"[•●▪■◦‣⁃·*†‡§$€£¥%)(\[\]±×=/:;,+\-–—<>~|]{1,2}")
_LONGEST_MARK = 2
_JOINT = re.compile(r"[%)\]±×=/:;,*†‡]{1,2}")
_GOES_ON = re.compile(r"[a-z(&/,;%)]")

_MOST_TITLES = 3
"""Rows of one text that follow each other in a table: what sums up the rows above, what names those below, a note."""

_FEWEST_ABOVE = 4
"""Lines above the head of another table, as no head over several lines has."""

_FEWEST_NAMES = 4

_FRAMED_LINES = 10
"""Lines of a cell over all columns, at the edge of a table, that are rather the text of a page with a frame."""

_BLANK = 5.0
"""Heights of a line between the last row of a table and what is none of it."""

_Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Rule:
    """A straight line: across at ``at`` from ``start`` to ``end``, or down."""

    at: float
    start: float
    end: float


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """A table: the texts of its rows, all of the same length, where it stands, and whether lines close it on all sides."""

    rows: list[list[str]]
    box: Box
    closed: bool
    framed: bool = False
    """Whether it is the head or the foot of a frame around running text."""

    @property
    def is_sparse(self) -> bool:
        """Whether it is rather the labels of a diagram."""
        height, width = len(self.rows), len(self.rows[0])
        return height > 4 and width > 4 and sum(bool(text) for row in self.rows for text in row) < 0.35 * height * width


def merged(rules: Iterable[Rule]) -> list[Rule]:
    """Rules on one line that touch, as one; in the order of ``at``."""
    found: list[Rule] = []
    group: list[Rule] = []
    for rule in sorted(rules, key=lambda rule: rule.at):
        if group and rule.at - group[0].at > _SAME:
            found.extend(_without_gaps(group))
            group = []
        group.append(rule)
    found.extend(_without_gaps(group))
    return found


def ruled_grids(page: PageWords, across: list[Rule], down: list[Rule]) -> list[Grid]:
    """Tables whose cells are parted by lines on all sides, or by lines between the columns."""
    if not across or not down or len(across) + len(down) > _MOST_RULES:
        return []
    grids = (_ruled_grid(page, *group) for group in _connected(across, down))
    return [grid for grid in grids if grid is not None]


def open_regions(page: PageWords, across: list[Rule]) -> list[Box]:
    """Where tables with lines above, below and under their head stand: lines that begin and end at the same places."""
    groups: list[list[Rule]] = []
    for rule in across:
        if rule.end - rule.start < _SHORTEST_EDGE:
            continue
        for group in groups:
            if abs(group[0].start - rule.start) < 4 and abs(group[0].end - rule.end) < 4:
                group.append(rule)
                break
        else:
            groups.append([rule])
    found = [
        part
        for group in groups
        if len(group) > 2 or (len(group) == 2 and group[1].at - group[0].at <= 400)
        for part in _by_table(page, group)
    ]
    return [
        Box(group[0].start - 2, group[0].at, group[0].end + 2, group[-1].at)
        for group in found
        if len(group) > 2 or group[-1].at - group[0].at > 20
    ]


def banded_regions(page: PageWords, bands: Sequence[Box]) -> list[Box]:
    """Where tables stand whose head has a filled band behind it, which may have no line below."""
    found: list[Box] = []
    for band in bands:
        if not any(band.covered_by(other) > 0.5 for other in found) and (region := _below_band(page, band)):
            found.append(region)
    return found


def _below_band(page: PageWords, band: Box) -> Box | None:
    """A head in a band and the rows that follow it, the first with figures, down to prose, a blank, or what runs over columns."""
    head = in_lines(page.within(band))
    names = max((line.segments for line in head), key=len, default=[])
    if len(names) < 3 or len(head) > 3 or not all(map(_is_name, names)):
        return None
    above = in_lines(page.within(Box(band.left, band.top - 2 * head[0].height, band.right, band.top)))
    if above and len(above[-1].segments) > 2:
        return None
    last, step = head[-1], 0.0
    for line in in_lines(page.within(Box(band.left, band.bottom, band.right, math.inf))):
        parts = line.segments
        runs_over = parts[0].left < names[1].left - line.height < names[1].left < parts[0].right
        if len(parts) == 1 and (runs_over or (step and line.middle - last.middle > 2 * step)):
            break
        if line.top - last.bottom > _BLANK * line.height or is_prose(line.words, band.width):
            break
        if last is head[-1] and not any(_NUMERIC.fullmatch(part.text) for part in parts[1:]):
            return None
        last, step = line, max(step, line.middle - last.middle)
    return Box(band.left, band.top, band.right, last.bottom + 1) if last is not head[-1] else None


def _is_name(word: Word) -> bool:
    return any(map(str.isalpha, word.text)) and not any(map(str.isdigit, word.text))


def open_grids(page: PageWords, box: Box, across: list[Rule], taken: Sequence[Box] | None = None) -> list[Grid]:
    """The tables in ``box`` by how their words stand in columns; what is prose there is left out.

    Where the places that are ``taken`` are given, rows directly above and below ``box`` may belong to them.
    """
    groups: list[list[Line]] = [[]]
    words = page.within(box)
    if taken:
        words = [word for word in words if not any(place.holds(word) for place in taken)]
    for line in in_lines(words):
        if (len(line.words) > 5 or wide_signs(line.words[0].text)) and is_prose(line.words, box.width):
            groups.append([])
        else:
            if groups[-1] and line.top - groups[-1][-1].bottom > _BLANK * groups[-1][-1].height:
                groups.append([])
            groups[-1].append(line)
    found = [_Columns(lines) for lines in groups]
    if taken is not None:
        # Most have nothing there, and are not measured again.
        if above := _beside(page, found[0], box, taken, above=True):
            found[0] = _Columns([*above, *found[0].lines])
        if below := _beside(page, found[-1], box, taken, above=False):
            found[-1] = _Columns([*found[-1].lines, *below])
    grids = (_open_grid(columns, box, across) for columns in found)
    return [grid for grid in grids if grid is not None]


def _beside(page: PageWords, columns: _Columns, box: Box, taken: Sequence[Box], *, above: bool) -> list[Line]:
    """The lines directly above or below those of a table that stand in its columns: its head, its last row."""
    lines = columns.lines
    if len(lines) < 2:
        return []
    height = median(line.height for line in lines)
    reach = min(1.3 * max(b.middle - a.middle for a, b in pairwise(lines)), 3 * height)
    least = 0.0
    found: list[Line] = []
    notes: list[Line] = []
    last = lines[0] if above else lines[-1]
    if above and not any(_NUMERIC.fullmatch(part.text) for part in last.segments):
        return []
    # Where something stands left of the lines, these are around a part of a table only.
    if page.within(Box(0, last.top, box.left, last.bottom)):
        return []
    kind = "row"
    while kind in ("row", "note") or (kind == "head" and above):
        top, bottom = (last.middle - reach, last.top) if above else (last.bottom, last.middle + reach)
        near = in_lines(page.within(Box(0, top, box.right, bottom)))
        if not near:
            break
        last = near[-1 if above else 0]
        if len(last.segments) == 1 and last.segments[0].right - last.segments[0].left > 0.4 * box.width:
            break
        if last.words[0].centre < box.left or not 0.75 * height < last.height < 1.35 * height:
            break
        if any(place.holds(word) for place in taken for word in last.words):
            break
        if not columns.inner:
            break
        least = least or max(2, 0.6 * len(columns.extents))
        before, kind = kind, _kind(last, columns.inner, columns.extents, least)
        if kind == "note" and before != "head" and len(notes) < 2:
            notes.append(last)
        elif (kind == "row" and before != "head") or kind == ("head" if above else "sum"):
            found += [*notes, last]
            notes = []
            if kind == "head":
                # The other lines of a head stand close, and need not name each column.
                reach, least = 1.5 * height, 2
        else:
            break
    return found[::-1] if above else found


def _kind(line: Line, inner: list[float], extents: list[tuple[float, float]], least: float) -> str:
    """What a line directly above or below a table is to it: a row, a head, a sum, a note below a cell, or nothing ("")."""
    parts = line.segments
    places = [bisect_right(inner, part.left + 1) for part in parts]
    whole = all(place == bisect_left(inner, part.right - 1) for place, part in zip(places, parts, strict=True))
    near = 0.35 * line.height
    if len(parts) == 1:
        if (
            any(map(str.isdigit, line.text))
            and parts[0].text[0].isalpha()
            and abs(parts[0].right - extents[-1][1]) < near
        ):
            return "sum"
        return "note" if whole and places[0] < len(extents) - 1 else ""
    figures = [place for place, part in zip(places, parts, strict=True) if any(map(str.isdigit, part.text))]
    if (
        whole
        and len(set(figures)) == len(figures)
        and any(
            place > places[0] and _NUMERIC.fullmatch(part.text) and abs(part.right - extents[place][1]) < near
            for place, part in zip(places, parts, strict=True)
        )
    ):
        return "row"
    named = [next((c for c, e in enumerate(extents) if _aligned([part], e, 1.5 * line.height)), None) for part in parts]
    if figures or None in named or len(set(named)) < least:
        return ""
    return "head"


def _by_table(page: PageWords, group: list[Rule]) -> Iterator[list[Rule]]:
    """Lines parted where what stands between two of them is no row; a few titles between rows are some, too."""
    first = titles = 0
    above: list[Line] = []
    for number, (upper, lower) in enumerate(pairwise(group), start=1):
        lines = in_lines(page.runs_within(Box(upper.start - 2, upper.at, upper.end + 2, lower.at)))
        if _is_tabular(lines):
            if _begins_another(above, lines):
                yield group[first:number]
                first, above = number - 1, []
            above += lines
            titles = 0
        elif titles < _MOST_TITLES and number - titles > first + 1 and _is_title(lines, upper, lower):
            titles += 1
        elif not (number == 1 and len(group) > 2 and _is_head(lines, upper)):
            yield group[first : number - titles]
            first, titles, above = number, 0, []
    yield group[first : len(group) - titles]


def _is_tabular(lines: list[Line]) -> bool:
    """Whether many lines between two rules have more than one segment, or go on below a cell of those that have."""
    rows = [line.segments for line in lines if len(line.segments) > 1]
    if not rows or len(rows) >= 0.4 * len(lines):
        return bool(rows)
    cells = [(a.left, b.left) for row in rows if len(row) > 2 for a, b in pairwise(row)]
    others = [line.segments[0] for line in lines if len(line.segments) == 1]
    below = sum(any(abs(part.left - left) < _SAME and part.right < end for left, end in cells) for part in others)
    return len(rows) >= 0.15 * len(lines) and below >= 0.8 * len(others)


def _begins_another(above: list[Line], lines: list[Line]) -> bool:
    """Whether lines below a rule are another table than those above: one that begins with the names of many more columns."""
    names = lines[0].segments
    if len(above) < _FEWEST_ABOVE or len(names) < _FEWEST_NAMES or not all(map(_is_name, names)):
        return False
    return len(names) > 1.5 * max(len(line.segments) for line in above)


def _is_title(lines: list[Line], upper: Rule, lower: Rule) -> bool:
    """Whether a row of one text stands between two rules, as what names the rows below or sums up those above does."""
    if len(lines) != 1 or lower.at - upper.at > 3 * lines[0].height:
        return False
    return not is_prose(lines[0].words, upper.end - upper.start)


def _is_head(lines: list[Line], rule: Rule) -> bool:
    """Whether a line or two over a table may be its head: short, and not from edge to edge."""
    return 1 <= len(lines) <= 2 and not any(is_prose(line.words, rule.end - rule.start) for line in lines)


def _without_gaps(group: list[Rule]) -> Iterator[Rule]:
    if not group:
        return
    at = sum(rule.at for rule in group) / len(group)
    group.sort(key=lambda rule: rule.start)
    start, end = group[0].start, group[0].end
    for rule in group[1:]:
        if rule.start <= end + _TOUCH:
            end = max(end, rule.end)
        else:
            yield Rule(at, start, end)
            start, end = rule.start, rule.end
    yield Rule(at, start, end)


# Ruled tables


def _connected(across: list[Rule], down: list[Rule]) -> Iterator[tuple[list[Rule], list[Rule]]]:
    """Groups of lines that cross or touch each other; both come in the order of their places."""
    parents = list(range(len(across) + len(down)))
    places = [rule.at for rule in down]
    for i, level in enumerate(across):
        for j in range(bisect_left(places, level.start - _TOUCH), bisect_right(places, level.end + _TOUCH)):
            if down[j].start - _TOUCH <= level.at <= down[j].end + _TOUCH:
                parents[_root(parents, i)] = _root(parents, len(across) + j)
    groups: dict[int, tuple[list[Rule], list[Rule]]] = {}
    for number, rule in enumerate([*across, *down]):
        groups.setdefault(_root(parents, number), ([], []))[number >= len(across)].append(rule)
    for level_rules, upright_rules in groups.values():
        if len(level_rules) >= 2 and upright_rules:
            yield level_rules, upright_rules


def _root(parents: list[int], number: int) -> int:
    while parents[number] != number:
        parents[number] = parents[parents[number]]
        number = parents[number]
    return number


def _places(rules: list[Rule]) -> list[float]:
    found: list[float] = []
    for at in sorted(rule.at for rule in rules):
        if not found or at - found[-1] > _SAME:
            found.append(at)
    return found


def _ruled_grid(page: PageWords, across: list[Rule], down: list[Rule]) -> Grid | None:
    ys, xs = _places(across), _places(down)
    left, right = min(rule.start for rule in across), max(rule.end for rule in across)
    closed = xs[0] - left <= 8 and right - xs[-1] <= 8
    # Tables that are open at their sides have lines across that reach further than those between the columns.
    if xs[0] - left > 8:
        xs.insert(0, left)
    if right - xs[-1] > 8:
        xs.append(right)
    if len(xs) < 3 or len(xs) * len(ys) * (len(across) + len(down)) > _MOST_STEPS:
        return None
    box = Box(xs[0], ys[0], xs[-1], ys[-1])
    inside = [part for word in page.within(box) for part in ((word,) if " " not in word.text else _cut(word, xs, down))]
    height, width = len(ys) - 1, len(xs) - 1
    owner = _owners(xs, ys, across, down)
    content: dict[_Place, list[Word]] = {}
    for word in inside:
        row = min(max(bisect_right(ys, word.middle) - 1, 0), height - 1)
        column = min(max(bisect_right(xs, word.centre) - 1, 0), width - 1)
        content.setdefault(owner[row, column], []).append(word)
    # The lines of a diagram's background hold few words.
    if len(content) < 2 or len(content) < 0.3 * len(set(owner.values())):
        return None
    lines = {cell: in_lines(words) for cell, words in content.items()}
    if _has_more_columns(lines):
        for grid in open_grids(page, box, across):
            if len(grid.rows[0]) > width:
                return grid
    _part_merged(xs, owner, lines)
    first, last = _within_frame(height, width, owner, lines)
    box = Box(xs[0], ys[first], xs[-1], ys[last])
    rows = [texts for row in range(first, last) for texts in _band(row, width, owner, lines) if any(texts)]
    used = [column for column in range(width) if any(row[column] for row in rows)]
    framed = last - first < height
    if len(rows) < 2 - framed or len(used) < 2:
        return None
    return Grid([[row[column] for column in used] for row in rows], box, closed, framed)


def _within_frame(
    height: int, width: int, owner: dict[_Place, _Place], lines: dict[_Place, list[Line]]
) -> tuple[int, int]:
    """The rows of the table itself: the frame of a page, of which it is the head or the foot, holds running text."""
    first, last = 0, height
    for cell, own in lines.items():
        if len(own) < _FRAMED_LINES or not all(owner[cell[0], column] == cell for column in range(width)):
            continue
        below = next((row for row in range(cell[0], height) if owner[row, 0] != cell), height)
        if not any(row >= below for row, _ in lines):
            last = min(last, cell[0])
        elif not any(row < cell[0] for row, _ in lines):
            first = max(first, below)
    return first, max(first, last)


def _has_more_columns(lines: dict[_Place, list[Line]]) -> bool:
    """Whether cells hold several columns of text that no line parts."""
    several = sum(any(len(line.words) > 1 and len(line.segments) > 1 for line in own) for own in lines.values())
    return several >= 0.25 * len(lines)


def _part_merged(xs: list[float], owner: dict[_Place, _Place], lines: dict[_Place, list[Line]]) -> None:
    """Part cells over several columns whose text stands in columns all the same: there, lines were left out."""
    places_of: dict[_Place, list[_Place]] = {}
    for place, cell in owner.items():
        places_of.setdefault(cell, []).append(place)
    for cell, own in list(lines.items()):
        places = places_of[cell]
        if len(places) < 2 or len({column for _, column in places}) < 2:
            continue
        for line in own:
            spans = [(bisect_right(xs, part.left + 1), bisect_right(xs, part.right - 1)) for part in line.segments]
            if len(spans) > 1 and all(a == b for a, b in spans) and len(set(spans)) == len(spans):
                break
        else:
            continue
        del lines[cell]
        for row, column in places:
            owner[row, column] = (cell[0], column)
        parted: dict[_Place, list[Word]] = {}
        for word in (word for line in own for word in line.words):
            parted.setdefault((cell[0], bisect_right(xs, word.centre) - 1), []).append(word)
        for place, words in parted.items():
            lines[place] = in_lines([*words, *(word for line in lines.get(place, ()) for word in line.words)])


def _cut(word: Word, xs: list[float], down: list[Rule]) -> Iterator[Word]:
    """The parts of a text that runs over a line between columns."""
    if " " in word.text:
        for x in xs[1:-1]:
            if not word.left + 2 < x < word.right - 2 or not _parted(_at(down, x), word.middle):
                continue
            share = (x - word.left) / (word.right - word.left)
            spaces = [place for place, character in enumerate(word.text) if character == " "]
            place = min(spaces, key=lambda place: abs(place / len(word.text) - share))
            if abs(place / len(word.text) - share) <= 0.12:
                yield Word(word.left, word.top, x - 0.5, word.bottom, word.text[:place])
                yield from _cut(Word(x + 0.5, word.top, word.right, word.bottom, word.text[place + 1 :]), xs, down)
                return
    yield word


def _at(rules: list[Rule], at: float) -> list[Rule]:
    return [rule for rule in rules if abs(rule.at - at) <= _SAME + 0.5]


def _parted(rules: list[Rule], middle: float) -> bool:
    return any(rule.start - 1 <= middle <= rule.end + 1 for rule in rules)


def _owners(xs: list[float], ys: list[float], across: list[Rule], down: list[Rule]) -> dict[_Place, _Place]:
    """For each place in the grid the upper left place of the cell that covers it."""
    height, width = len(ys) - 1, len(xs) - 1
    owner = {(row, column): (row, column) for row in range(height) for column in range(width)}

    def root(place: _Place) -> _Place:
        while owner[place] != place:
            place = owner[place]
        return place

    def join(place: _Place, other: _Place) -> None:
        a, b = root(place), root(other)
        owner[max(a, b)] = min(a, b)

    walls, floors = [_at(down, x) for x in xs], [_at(across, y) for y in ys]
    for row in range(height):
        for column in range(width):
            if column + 1 < width and not _parted(walls[column + 1], (ys[row] + ys[row + 1]) / 2):
                join((row, column), (row, column + 1))
            if row + 1 < height and not _parted(floors[row + 1], (xs[column] + xs[column + 1]) / 2):
                join((row, column), (row + 1, column))
    return {place: root(place) for place in owner}


def _band(row: int, width: int, owner: dict[_Place, _Place], lines: dict[_Place, list[Line]]) -> Iterator[list[str]]:
    """The rows between two lines across: one, or several where only the columns are ruled.

    A cell over several rows or columns stands in its first place.
    """
    own = [lines.get((row, column), []) if owner[row, column] == (row, column) else [] for column in range(width)]
    starts = _row_starts([found for found in own if found])
    for start, end in pairwise([float("-inf"), *starts[1:], float("inf")]):
        yield [text_of(line for line in found if start <= line.middle < end) for found in own]


def _row_starts(columns: list[list[Line]]) -> list[float]:
    """Where rows begin that no line parts: at the lines of a column of numbers that others stand beside."""
    best: list[Line] = []
    for lines in columns:
        if len(lines) > max(1, len(best)):
            numbers = sum(bool(_NUMERIC.fullmatch(line.text)) for line in lines)
            if numbers >= 0.6 * len(lines):
                best = lines
    if not any(len(lines) >= len(best) for lines in columns if lines is not best):
        return []
    return [line.top - 0.5 * line.height for line in best]


# Tables without lines between their columns


class _Columns:
    """Lines that may be a table, and their columns, measured when they are first asked for."""

    def __init__(self, lines: list[Line]) -> None:
        self.lines = lines

    @cached_property
    def edges(self) -> list[tuple[float, float]]:
        """From where to where each column reaches."""
        return _edges(self.lines)

    @cached_property
    def inner(self) -> list[float]:
        """Where the columns but the first begin."""
        return [start for start, _ in self.edges[1:]]

    @cached_property
    def extents(self) -> list[tuple[float, float]]:
        """From where to where the words of each column stand below the head."""
        return _extents(self.lines, self.edges, self.inner)


def _open_grid(columns: _Columns, box: Box, across: list[Rule]) -> Grid | None:
    lines = columns.lines
    if len(lines) < 2 or not columns.inner:
        return None
    rules = [
        rule.at
        for rule in across
        if box.top - 3 < rule.at < box.bottom + 3
        and min(rule.end, box.right) - max(rule.start, box.left) >= 0.6 * box.width
    ]
    rows = _rows(columns, rules)
    least = 0.4 * len(rows)
    filled = [sum(map(bool, row)) for row in rows]
    # Texts below the cells of wide rows are no reason to doubt them.
    if len(rows) < 2 or (sum(cells > 1 for cells in filled) < least and sum(cells > 3 for cells in filled) < least / 2):
        return None
    return Grid(rows, Box(box.left, lines[0].top - 1, box.right, lines[-1].bottom + 1), closed=False)


def _edges(lines: list[Line]) -> list[tuple[float, float]]:
    """The columns: what stands between gaps that at least four fifths of the lines on both of their sides leave free."""
    events: list[tuple[float, int, int]] = []
    several = [line for line in lines if len(line.segments) > 1]
    for line in several if len(several) >= 3 else lines:
        spans = _union([(word.left, word.right) for word in line.words])
        events.append((spans[0][0], 0, 1))
        events.append((spans[-1][1], 0, -1))
        for start, end in spans:
            events.append((start, 1, 0))
            events.append((end, -1, 0))
    events.sort()
    height = median(line.height for line in lines)
    inner: list[float] = []
    covering = reaching = most = 0
    opened: float | None = None
    for at, covered, reached in events:
        covering, reaching = covering + covered, reaching + reached
        if reaching >= 2 and covering <= max(0.2 * reaching, reaching >= 4):
            if opened is None:
                opened, most = at, 0
            most = max(most, reaching)
        elif opened is not None:
            # Few lines leave wide gaps free by chance, many do not.
            needed = 0.28 if most >= 6 else 0.45 if most >= 3 else 0.8
            if at - opened >= needed * height:
                inner.append((opened + at) / 2)
            opened = None
    left, right = min(line.words[0].left for line in lines), max(word.right for line in lines for word in line.words)
    inner = [start for start, end in pairwise([*inner, right + 1]) if not _holds_ends(lines, start, end)]
    return _without_marks(lines, list(pairwise([left, *inner, right])))


def _holds_ends(lines: list[Line], start: float, end: float) -> bool:
    """Whether what stands between two gaps is no column: nothing begins there, and few texts end there."""
    few = 0.2 * len(lines)
    for line in lines:
        if any(start <= part.left < end for part in line.segments):
            return False
        for a, b in pairwise(line.words):
            if start <= b.centre < end:
                few -= 1
                if few < 0 or _NUMERIC.fullmatch(a.text):
                    return False
    return True


def _without_marks(lines: list[Line], columns: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The columns without those that hold only marks (bullets, currencies, plus-minus), which belong to their neighbours."""
    starts = [start for start, _ in columns]
    texts_of: list[list[str]] = [[] for _ in columns]
    for line in lines:
        for word in line.words:
            texts_of[max(bisect_right(starts, word.centre) - 1, 0)].append(word.text)
    kept: list[tuple[float, float]] = []
    joining = False
    for (start, end), texts in zip(columns, texts_of, strict=True):
        most = 0.8 * len(texts)
        short = [text for text in texts if len(text) <= _LONGEST_MARK]
        marks = len(short) > most and sum(bool(_MARK.fullmatch(text)) for text in short) > most
        if kept and (joining or (marks and sum(bool(_JOINT.fullmatch(text)) for text in short) > most)):
            kept[-1] = kept[-1][0], end
        else:
            kept.append((start, end))
        joining = marks
    return kept


def _union(spans: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    found: list[tuple[float, float]] = []
    for start, end in spans:
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end)
        else:
            found.append((start, end))
    return found


def _rows(columns: _Columns, rules: list[float]) -> list[list[str]]:
    """The lines as rows, those joined that are one cell's text over several lines."""
    lines = columns.lines
    placed = [_placed(line, columns.inner, columns.extents) for line in lines]
    gaps = [b.middle - a.middle for a, b in pairwise(lines)]
    tight = _tight(lines, placed, gaps)
    rows: list[list[list[str]]] = []
    for number, (line, texts) in enumerate(zip(lines, placed, strict=True)):
        place = bisect_right(rules, lines[number - 1].middle) if number else len(rules)
        parted = place < len(rules) and rules[place] < line.middle
        if rows and not parted and _continues(rows[-1], texts, gaps[number - 1] / line.height, tight / line.height):
            for column, text in enumerate(texts):
                if text:
                    rows[-1][column].append(text)
        else:
            rows.append([[text] if text else [] for text in texts])
    return [[glued(parts) for parts in row] for row in rows]


def _placed(line: Line, inner: list[float], extents: list[tuple[float, float]]) -> list[str]:
    """The line's words by column; a segment that runs over a gap stands whole in its first column."""
    texts = [""] * len(extents)
    for segment in line.segments:
        over = inner[bisect_right(inner, segment.left + 1) : bisect_left(inner, segment.right - 1)]
        shares = (
            _shared_out(segment, line.words, inner, over, extents)
            if over
            else ((bisect_right(inner, segment.centre), segment.text),)
        )
        for column, text in shares:
            texts[column] = f"{texts[column]} {text}".strip()
    return texts


def _shared_out(
    segment: Word, words: list[Word], inner: list[float], over: list[float], extents: list[tuple[float, float]]
) -> Iterator[tuple[int, str]]:
    """What runs over the gaps ``over`` by column."""
    first = bisect_right(inner, segment.left + 1)
    own = [word for word in words if segment.left <= word.left and word.right <= segment.right]
    if any(_goes_over(word, x) for word in own for x in over):
        yield first, segment.text
        return
    pieces: dict[int, list[Word]] = {}
    for word in own:
        pieces.setdefault(bisect_right(inner, word.centre), []).append(word)
    height = segment.bottom - segment.top
    narrow = any(b[0].left - a[-1].right < 0.5 * height for a, b in pairwise(pieces.values()))
    texts = {column: " ".join(part.text for part in joined(piece)) for column, piece in pieces.items()}
    numbers = sum(bool(_NUMERIC.fullmatch(text)) for text in texts.values())
    # Words of a heading over several columns stand as close as words do, and where no column's own words do.
    if narrow and 2 * numbers < len(texts) and not all(_aligned(p, extents[c], height) for c, p in pieces.items()):
        yield first, segment.text
        return
    yield from texts.items()


def _goes_over(word: Word, x: float) -> bool:
    """Whether a word stands on both sides of a gap, rather than being a little too wide for its column."""
    reach = 0.3 * (word.right - word.left) if len(word.text) > 3 else word.right - word.left
    return word.left + reach < x < word.right - reach and not _NUMERIC.fullmatch(word.text)


def _aligned(words: list[Word], extent: tuple[float, float], height: float) -> bool:
    left, right = words[0].left - extent[0], words[-1].right - extent[1]
    return min(abs(left), abs(right), abs(left + right) / 2) < 0.35 * height


def _extents(lines: list[Line], columns: list[tuple[float, float]], inner: list[float]) -> list[tuple[float, float]]:
    """From where to where the words of each column stand below the head."""
    found: dict[int, tuple[float, float]] = {}
    for line in lines[len(lines) // 3 :] if len(lines) > 3 else lines:
        for word in line.words:
            column = bisect_right(inner, word.left + 1)
            if column == bisect_right(inner, word.right - 1):
                left, right = found.get(column, (word.left, word.right))
                found[column] = min(left, word.left), max(right, word.right)
    return [found.get(column, edges) for column, edges in enumerate(columns)]


def _tight(lines: list[Line], placed: list[list[str]], gaps: list[float]) -> float:
    """Up to which distance lines may belong to one row; 0 where the distances do not tell."""
    least = min(gaps)
    if max(gaps) <= 1.2 * least or least > 1.9 * median(line.height for line in lines):
        return 0.0
    tight = 1.15 * least
    for gap, (above, below) in zip(gaps, pairwise(placed), strict=True):
        # Rows of numbers stand as close as that: it is no distance within a row.
        if gap <= tight and any(map(_both_numeric, above, below)):
            return 0.0
    return tight


def _both_numeric(text: str, other: str) -> bool:
    return bool(_NUMERIC.fullmatch(text) and _NUMERIC.fullmatch(other))


def _continues(row: list[list[str]], texts: list[str], gap: float, tight: float) -> bool:
    """Whether a line goes on with the cells of the row above it; ``gap`` and ``tight`` in heights of the line."""
    if tight and gap > tight:
        return False
    if any(_both_numeric(part, text) for parts, text in zip(row, texts, strict=True) for part in parts):
        return False
    filled, before = sum(map(bool, texts)), sum(map(bool, row))
    if filled <= before and gap < 1.6 and _GOES_ON.match(next(text for text in texts if text)):
        return True
    if not tight:
        return False
    return before < filled or not any(_NUMERIC.fullmatch(text) and len(text) > 1 for text in texts)
