"""Finds the rows and columns of tables on a PDF page from the places of its words and its ruled lines."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

# Points. Rules are drawn as pieces that meet within a point or two; a stroke is not wider than a few.
_TOUCH = 3.0
_SAME = 2.5
_GUTTER = 9.0
_SHORTEST_RULE = 8.0

_MOST_RULES = 1_500
_MOST_ITEMS = 4_000

# A gap wider than this share of the letters' height parts two segments of a line.
_WORD_GAP = 0.15
_NO_GAP = 0.06
_SEGMENT_GAP = 0.75

_NUMERIC = re.compile(r"(?=.*[0-9])[^A-Za-z]*[A-Za-z%]{0,3}[^A-Za-z]{0,12}|[-–—−.·*†‡]{1,3}|n/?a|N/?A")
_MARK = re.compile(r"[•●▪■◦‣⁃·*†‡§$€£¥%)(\[\]±×=/:;,+\-–—<>~|]{1,2}")
_JOINT = re.compile(r"[%)\]±×=/:;,*†‡]{1,2}")
_GOES_ON = re.compile(r"[a-z(&/,;%)]")


@dataclass(frozen=True, slots=True)
class Item:
    """A run of text and its box, in points from the upper left corner of the page."""

    left: float
    top: float
    right: float
    bottom: float
    text: str
    glued: bool = False
    """Whether it may be the rest of the word before it: a change of font or of height parts words, too."""

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2

    @property
    def centre(self) -> float:
        return (self.left + self.right) / 2


@dataclass(frozen=True, slots=True)
class Rule:
    """A straight line: across at ``at`` from ``start`` to ``end``, or down."""

    at: float
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Box:
    left: float
    top: float
    right: float
    bottom: float

    def holds(self, item: Item) -> bool:
        return self.left <= item.centre <= self.right and self.top <= item.middle <= self.bottom


@dataclass(frozen=True, slots=True)
class Grid:
    """A table: the texts of its rows, all of the same length, where it stands, and whether lines close it on all sides."""

    rows: list[list[str]]
    box: Box
    closed: bool

    @property
    def is_sparse(self) -> bool:
        """Whether it is rather the labels of a diagram."""
        height, width = len(self.rows), len(self.rows[0])
        return height > 4 and width > 4 and sum(bool(text) for row in self.rows for text in row) < 0.35 * height * width


@dataclass(slots=True)
class Line:
    """Runs of text on one line, from left to right, and the segments that they form."""

    top: float
    bottom: float
    runs: list[Item] = field(default_factory=list)
    segments: list[Item] = field(default_factory=list)

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2


def ruled_grids(items: Sequence[Item], across: Sequence[Rule], down: Sequence[Rule]) -> list[Grid]:
    """Tables whose cells are parted by lines on all sides, or by lines between the columns."""
    if not across or not down or len(across) + len(down) > _MOST_RULES or len(items) > _MOST_ITEMS:
        return []
    found = []
    for ours_across, ours_down in _connected(_merged(across), _merged(down)):
        grid = _ruled_grid(items, ours_across, ours_down)
        if grid is not None:
            found.append(grid)
    return found


def open_regions(items: Sequence[Item], across: Sequence[Rule]) -> list[Box]:
    """Where tables with lines above, below and under their head stand: lines that begin and end at the same places."""
    groups: list[list[Rule]] = []
    for rule in sorted(_merged(across), key=lambda rule: rule.at):
        if rule.end - rule.start < 60:
            continue
        for group in groups:
            if abs(group[0].start - rule.start) < 4 and abs(group[0].end - rule.end) < 4:
                group.append(rule)
                break
        else:
            groups.append([rule])
    found = []
    for group in groups:
        start = 0
        for number, (upper, lower) in enumerate(pairwise(group), start=1):
            band = Box(upper.start - 2, upper.at, upper.end + 2, lower.at)
            if not _tabular(items, band):
                found.append((group, start, number - 1))
                start = number
        found.append((group, start, len(group) - 1))
    return [
        Box(group[first].start - 2, group[first].at, group[first].end + 2, group[last].at)
        for group, first, last in found
        if last > first and (last - first >= 2 or len(group) > 2 or group[last].at - group[first].at > 20)
    ]


def _tabular(items: Sequence[Item], band: Box) -> bool:
    """Whether most lines between two lines across have more than one segment."""
    lines = _lines(item for item in items if band.holds(item))
    several = sum(len(line.segments) > 1 for line in lines)
    return several >= 1 and several >= 0.4 * len(lines)


def open_grids(items: Sequence[Item], box: Box, across: Sequence[Rule]) -> Iterator[Grid]:
    """The tables in ``box`` by how their words stand in columns; what is prose there is left out."""
    lines: list[Line] = []
    for line in _lines(item for item in items if box.holds(item)):
        if _is_prose(line.runs, box.right - box.left) and len(line.runs) > 5:
            yield from _open_grid(lines, box, across)
            lines = []
        else:
            lines.append(line)
    yield from _open_grid(lines, box, across)


def _open_grid(lines: list[Line], box: Box, across: Sequence[Rule]) -> Iterator[Grid]:
    if len(lines) < 2:
        return
    columns = _columns(lines)
    if len(columns) < 2:
        return
    rules = sorted(
        {rule.at for rule in _merged(across) if box.top - 3 < rule.at < box.bottom + 3 and _spans(rule, box)}
    )
    rows = _rows(lines, columns, rules)
    if len(rows) < 2 or sum(sum(map(bool, row)) > 1 for row in rows) < 0.4 * len(rows):
        return
    yield Grid(rows, Box(box.left, lines[0].top - 1, box.right, lines[-1].bottom + 1), closed=False)


def page_gutter(items: Sequence[Item], width: float) -> float | None:
    """Where the two columns of a page's text part, or None on a page that has one."""
    lines = _lines(items)
    if len(lines) < 8:
        return None
    spans = [(a.right, b.left) for line in lines for a, b in pairwise(line.runs) if b.left - a.right > _GUTTER]
    best, most = None, 0
    for x in {(start + end) / 2 for start, end in spans if 0.35 * width < (start + end) / 2 < 0.65 * width}:
        free = sum(start <= x - _GUTTER / 2 and x + _GUTTER / 2 <= end for start, end in spans)
        if free > most:
            best, most = x, free
    if best is None or most < 4:
        return None
    left, right = min(item.left for item in items), max(item.right for item in items)
    prose = 0
    for line in lines:
        for runs, room in (
            ([run for run in line.runs if run.right <= best], best - left),
            ([run for run in line.runs if run.left >= best], right - best),
        ):
            prose += _is_prose(runs, room)
    over = sum(not clear_of(best, line.runs) for line in lines)
    return best if prose >= 4 and over < 0.4 * len(lines) else None


def is_prose(items: Iterable[Item], box: Box) -> bool:
    """Whether most lines in ``box`` go from edge to edge."""
    lines = _lines(item for item in items if box.holds(item))
    return sum(_is_prose(line.runs, box.right - box.left) for line in lines) > 0.5 * len(lines)


def _is_prose(runs: list[Item], room: float) -> bool:
    """Whether words fill a column from edge to edge."""
    words = sum(run.text[:1].isalpha() and run.text.islower() for run in runs)
    return words >= 3 and runs[-1].right - runs[0].left > 0.75 * room and len(list(_segments(runs))) == 1


def two_texts(x: float, items: Sequence[Item]) -> bool:
    """Whether what stands on the two sides of ``x`` are columns of a page rather than of a table.

    They are where one side is prose, and where their lines do not stand on the same level.
    """
    left, right = _lines(item for item in items if item.centre < x), _lines(item for item in items if item.centre >= x)
    for lines in (left, right):
        room = max((line.runs[-1].right for line in lines), default=0.0) - min(
            (line.runs[0].left for line in lines), default=0.0
        )
        if sum(_is_prose(line.runs, room) for line in lines) >= max(2, 0.3 * len(lines)):
            return True
    few, many = sorted((left, right), key=len)
    level = sum(any(abs(a.middle - b.middle) < 0.3 * (a.bottom - a.top) for b in many) for a in few)
    return level < 0.7 * len(few)


def clear_of(x: float, items: Iterable[Item]) -> bool:
    """Whether no line of words goes over ``x`` without a gap as wide as that between columns."""
    for line in _lines(items):
        left = [run.right for run in line.runs if run.centre < x]
        right = [run.left for run in line.runs if run.centre >= x]
        if left and right and min(right) - max(left) < _GUTTER:
            return False
    return True


def paragraphs(items: Iterable[Item], gutter: float | None) -> Iterator[tuple[Box, str]]:
    """Text in lines joined where they stand close; each side of a gap between two columns on its own."""
    sides: list[list[Item]] = [[], []]
    for item in items:
        sides[gutter is not None and item.centre > gutter].append(item)
    for side in sides:
        group: list[Line] = []
        for line in _lines(side):
            if group and line.middle - group[-1].middle > 1.6 * (group[-1].bottom - group[-1].top):
                yield _paragraph(group)
                group = []
            group.append(line)
        if group:
            yield _paragraph(group)


def _paragraph(lines: list[Line]) -> tuple[Box, str]:
    box = Box(
        min(line.runs[0].left for line in lines),
        lines[0].top,
        max(line.runs[-1].right for line in lines),
        lines[-1].bottom,
    )
    return box, _text(lines)


def _spans(rule: Rule, box: Box) -> bool:
    return min(rule.end, box.right) - max(rule.start, box.left) >= 0.6 * (box.right - box.left)


# --- rules -----------------------------------------------------------------------------------------------------------


def _merged(rules: Iterable[Rule]) -> list[Rule]:
    """Rules on one line that touch, as one."""
    found: list[Rule] = []
    group: list[Rule] = []
    for rule in sorted(rules, key=lambda rule: rule.at):
        if group and rule.at - group[0].at > _SAME:
            found.extend(_joined(group))
            group = []
        group.append(rule)
    found.extend(_joined(group))
    return found


def _joined(group: list[Rule]) -> Iterator[Rule]:
    if not group:
        return
    at = sum(rule.at for rule in group) / len(group)
    start, end = None, 0.0
    for rule in sorted(group, key=lambda rule: rule.start):
        if start is None:
            start, end = rule.start, rule.end
        elif rule.start <= end + _TOUCH:
            end = max(end, rule.end)
        else:
            yield Rule(at, start, end)
            start, end = rule.start, rule.end
    if start is not None:
        yield Rule(at, start, end)


def _connected(across: list[Rule], down: list[Rule]) -> Iterator[tuple[list[Rule], list[Rule]]]:
    """Groups of lines that cross or touch each other."""
    parents = list(range(len(across) + len(down)))

    def root(number: int) -> int:
        while parents[number] != number:
            parents[number] = parents[parents[number]]
            number = parents[number]
        return number

    for i, level in enumerate(across):
        for j, upright in enumerate(down, start=len(across)):
            if (
                level.start - _TOUCH <= upright.at <= level.end + _TOUCH
                and upright.start - _TOUCH <= level.at <= upright.end + _TOUCH
            ):
                parents[root(i)] = root(j)
    groups: dict[int, tuple[list[Rule], list[Rule]]] = {}
    for i, level in enumerate(across):
        groups.setdefault(root(i), ([], []))[0].append(level)
    for j, upright in enumerate(down, start=len(across)):
        groups.setdefault(root(j), ([], []))[1].append(upright)
    for level_rules, upright_rules in groups.values():
        if len(level_rules) >= 2 and upright_rules:
            yield level_rules, upright_rules


def _places(rules: list[Rule]) -> list[float]:
    found: list[float] = []
    for at in sorted(rule.at for rule in rules):
        if not found or at - found[-1] > _SAME:
            found.append(at)
    return found


def _ruled_grid(items: Sequence[Item], across: list[Rule], down: list[Rule]) -> Grid | None:
    ys, xs = _places(across), _places(down)
    left, right = min(rule.start for rule in across), max(rule.end for rule in across)
    # Tables that are open at their sides have lines across that reach further than those between the columns.
    closed = xs[0] - left <= 8 and right - xs[-1] <= 8
    if xs[0] - left > 8:
        xs.insert(0, left)
    if right - xs[-1] > 8:
        xs.append(right)
    if len(xs) < 3 or len(ys) < 2:
        return None
    box = Box(xs[0], ys[0], xs[-1], ys[-1])
    inside = [part for item in items if box.holds(item) for part in _cut(item, xs, down)]
    if not inside:
        return None
    height, width = len(ys) - 1, len(xs) - 1
    owner = _cells(xs, ys, across, down)
    content: dict[tuple[int, int], list[Item]] = {}
    for item in inside:
        row = min(max(bisect_right(ys, item.middle) - 1, 0), height - 1)
        column = min(max(bisect_right(xs, item.centre) - 1, 0), width - 1)
        content.setdefault(owner[row, column], []).append(item)
    if len(content) < 4 and not (len(content) >= 2 and height >= 2):
        return None
    # The lines of a diagram's background hold few words.
    if len(content) < 0.3 * len(set(owner.values())):
        return None
    if _more_columns(content):
        for grid in open_grids(items, box, across):
            if len(grid.rows[0]) > width:
                return grid
    _part_merged(xs, owner, content)
    rows: list[list[str]] = []
    for row in range(height):
        rows.extend(_band(row, width, owner, content))
    rows = _without_empty(rows)
    if len(rows) < 2 or len(rows[0]) < 2:
        return None
    return Grid(rows, box, closed)


def _more_columns(content: dict[tuple[int, int], list[Item]]) -> bool:
    """Whether cells hold several columns of text that no line parts."""
    several = sum(1 for cell in content.values() if any(len(line.segments) > 1 for line in _lines(cell)))
    return several >= 0.25 * len(content)


def _part_merged(
    xs: list[float], owner: dict[tuple[int, int], tuple[int, int]], content: dict[tuple[int, int], list[Item]]
) -> None:
    """Part cells over several columns whose text stands in columns all the same: there, lines were left out."""
    for cell, texts in list(content.items()):
        places = [place for place, of in owner.items() if of == cell]
        if len({column for _, column in places}) < 2:
            continue
        for line in _lines(texts):
            columns = [
                (bisect_right(xs, segment.left + 1), bisect_right(xs, segment.right - 1)) for segment in line.segments
            ]
            if len(columns) > 1 and all(a == b for a, b in columns) and len(set(columns)) == len(columns):
                break
        else:
            continue
        del content[cell]
        for row, column in places:
            owner[row, column] = (cell[0], column)
        for item in texts:
            column = bisect_right(xs, item.centre) - 1
            content.setdefault((cell[0], column), []).append(item)


def _cut(item: Item, xs: list[float], down: list[Rule]) -> Iterator[Item]:
    """The parts of a text that runs over a line between columns."""
    for x in xs[1:-1]:
        if item.left + 2 < x < item.right - 2 and " " in item.text:
            if not any(abs(rule.at - x) <= _SAME and rule.start <= item.middle <= rule.end for rule in down):
                continue
            share = (x - item.left) / (item.right - item.left)
            places = [match.start() for match in re.finditer(" ", item.text)]
            place = min(places, key=lambda place: abs(place / len(item.text) - share))
            if abs(place / len(item.text) - share) > 0.12:
                continue
            yield Item(item.left, item.top, x - 0.5, item.bottom, item.text[:place])
            yield from _cut(Item(x + 0.5, item.top, item.right, item.bottom, item.text[place + 1 :]), xs, down)
            return
    yield item


def _cells(
    xs: list[float], ys: list[float], across: list[Rule], down: list[Rule]
) -> dict[tuple[int, int], tuple[int, int]]:
    """For each place in the grid the upper left place of the cell that covers it."""
    height, width = len(ys) - 1, len(xs) - 1
    owner = {(row, column): (row, column) for row in range(height) for column in range(width)}

    def root(place: tuple[int, int]) -> tuple[int, int]:
        while owner[place] != place:
            place = owner[place]
        return place

    def parted(rules: list[Rule], at: float, start: float, end: float) -> bool:
        middle = (start + end) / 2
        return any(abs(rule.at - at) <= _SAME + 0.5 and rule.start - 1 <= middle <= rule.end + 1 for rule in rules)

    for row in range(height):
        for column in range(width):
            if column + 1 < width and not parted(down, xs[column + 1], ys[row], ys[row + 1]):
                a, b = root((row, column)), root((row, column + 1))
                owner[max(a, b)] = min(a, b)
            if row + 1 < height and not parted(across, ys[row + 1], xs[column], xs[column + 1]):
                a, b = root((row, column)), root((row + 1, column))
                owner[max(a, b)] = min(a, b)
    return {place: root(place) for place in owner}


def _band(
    row: int,
    width: int,
    owner: dict[tuple[int, int], tuple[int, int]],
    content: dict[tuple[int, int], list[Item]],
) -> Iterator[list[str]]:
    """The rows between two lines across: one, or several where only the columns are ruled."""
    cells = [owner[row, column] for column in range(width)]
    lines = [_lines(content.get(cell, [])) if cell[0] == row else [] for cell in cells]
    starts = _row_starts([found for cell, found in zip(cells, lines, strict=True) if found])
    if len(starts) > 1:
        for number, start in enumerate(starts):
            end = starts[number + 1] if number + 1 < len(starts) else float("inf")
            texts = []
            for column, found in enumerate(lines):
                if column and cells[column] == cells[column - 1]:
                    texts.append("")
                    continue
                texts.append(_text([line for line in found if start <= line.middle < end]))
            yield texts
        return
    texts = []
    for column, cell in enumerate(cells):
        own = cell[1] == column and cell[0] == row
        texts.append(_text(lines[column]) if own else "")
    yield texts


def _row_starts(columns: list[list[Line]]) -> list[float]:
    """Where rows begin that no line parts: at the lines of a column of numbers that others stand beside."""
    best: list[Line] = []
    for lines in columns:
        numbers = sum(bool(_NUMERIC.fullmatch(_line_text(line))) for line in lines)
        if len(lines) > max(1, len(best)) and numbers >= 0.6 * len(lines):
            best = lines
    if not best:
        return []
    beside = [lines for lines in columns if lines is not best and len(lines) >= len(best)]
    if not beside:
        return []
    return [
        line.top - 0.5 * (line.bottom - line.top) * (number > 0) - (1000 if number == 0 else 0)
        for number, line in enumerate(best)
    ]


def _without_empty(rows: list[list[str]]) -> list[list[str]]:
    rows = [row for row in rows if any(row)]
    used = [column for column in range(len(rows[0]) if rows else 0) if any(row[column] for row in rows)]
    return [[row[column] for column in used] for row in rows]


# --- words -----------------------------------------------------------------------------------------------------------


def _lines(items: Iterable[Item]) -> list[Line]:
    """Text in lines, from top to bottom; what stands closer than words do is one segment."""
    lines: list[Line] = []
    for item in sorted(items, key=lambda item: item.middle):
        line = lines[-1] if lines else None
        if line and min(line.bottom, item.bottom) - max(line.top, item.top) > 0.55 * min(
            line.bottom - line.top, item.bottom - item.top
        ):
            line.runs.append(item)
            if item.bottom - item.top > 1.3 * (line.bottom - line.top):
                line.top, line.bottom = item.top, item.bottom
        else:
            lines.append(Line(item.top, item.bottom, [item]))
    for line in lines:
        line.runs.sort(key=lambda item: item.left)
        line.segments = list(_segments(line.runs))
    return lines


def _segments(items: list[Item]) -> Iterator[Item]:
    last: Item | None = None
    for item in items:
        if last is None:
            last = item
            continue
        gap, height = item.left - last.right, min(item.bottom - item.top, last.bottom - last.top)
        if gap > _SEGMENT_GAP * height:
            yield last
            last = item
        else:
            space = "" if gap < (_WORD_GAP if item.glued else _NO_GAP) * height else " "
            last = Item(
                last.left,
                min(last.top, item.top),
                max(last.right, item.right),
                max(last.bottom, item.bottom),
                f"{last.text}{space}{item.text}",
            )
    if last is not None:
        yield last


def _line_text(line: Line) -> str:
    return " ".join(segment.text for segment in line.segments)


def _text(lines: Iterable[Line]) -> str:
    text = ""
    for line in lines:
        part = _line_text(line).strip()
        if text.endswith("\u00ad") or (text.endswith("-") and text[-2:-1].isalpha() and part[:1].islower()):
            text = text[:-1] + part
        else:
            text = f"{text} {part}" if text else part
    return text


def _columns(lines: list[Line]) -> list[tuple[float, float]]:
    """The columns: what stands between gaps that at least four fifths of the lines on both of their sides leave free."""
    events: list[tuple[float, int, int]] = []
    several = [line for line in lines if len(line.segments) > 1]
    for line in several if len(several) >= 3 else lines:
        spans = _union((run.left, run.right) for run in line.runs)
        events.append((spans[0][0], 0, 1))
        events.append((spans[-1][1], 0, -1))
        for start, end in spans:
            events.extend(((start, 1, 0), (end, -1, 0)))
    events.sort()
    height = median(line.bottom - line.top for line in lines)
    gaps: list[tuple[float, float]] = []
    covering = reaching = 0
    opened: float | None = None
    fewest = 0
    for at, covered, reached in events:
        covering, reaching = covering + covered, reaching + reached
        free = reaching >= 2 and covering <= max(0.2 * reaching, reaching >= 4)
        if free and opened is None:
            opened, fewest = at, reaching
        elif free:
            fewest = max(fewest, reaching)
        elif opened is not None:
            needed = 0.28 if fewest >= 6 else 0.45 if fewest >= 3 else 0.8
            if at - opened >= needed * height:
                gaps.append((opened, at))
            opened = None
    left, right = min(line.runs[0].left for line in lines), max(run.right for line in lines for run in line.runs)
    edges = [left, *[(start + end) / 2 for start, end in gaps], right]
    return _with_marks_joined(lines, list(pairwise(edges)))


def _with_marks_joined(lines: list[Line], columns: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The columns without those that hold only marks (bullets, currencies, plus-minus), which belong to their neighbours."""
    kept: list[tuple[float, float]] = []
    joining = False
    for start, end in columns:
        texts = [run.text.strip() for line in lines for run in line.runs if start <= (run.left + run.right) / 2 < end]
        marks = bool(texts) and sum(bool(_MARK.fullmatch(text)) for text in texts) > 0.8 * len(texts)
        if (joining and kept) or (
            marks and kept and sum(bool(_JOINT.fullmatch(text)) for text in texts) > 0.8 * len(texts)
        ):
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


def _rows(lines: list[Line], columns: list[tuple[float, float]], rules: list[float]) -> list[list[str]]:
    """The lines as rows, those joined that are one cell's text over several lines."""
    extents = _extents(lines, columns)
    placed = [_placed(line, columns, extents) for line in lines]
    gaps = [b.middle - a.middle for a, b in pairwise(lines)]
    tight = _tight(lines, placed, gaps, rules)
    rows: list[list[list[str]]] = []
    for number, (line, texts) in enumerate(zip(lines, placed, strict=True)):
        if rows and _continues(lines[number - 1], rows[-1], line, texts, gaps[number - 1], tight, rules):
            for column, text in enumerate(texts):
                if text:
                    rows[-1][column].append(text)
        else:
            rows.append([[text] if text else [] for text in texts])
    return [[_glued(parts) for parts in row] for row in rows]


def _glued(parts: list[str]) -> str:
    text = ""
    for part in parts:
        if text.endswith("-") and text[-2:-1].isalpha() and part[:1].islower():
            text = text[:-1] + part
        else:
            text = f"{text} {part}" if text else part
    return text


def _placed(line: Line, columns: list[tuple[float, float]], extents: list[tuple[float, float]]) -> list[str]:
    """The line's runs by column; a segment that runs over a gap stands whole in its first column."""
    texts = [""] * len(columns)
    inner = [start for start, _ in columns[1:]]
    for segment in line.segments:
        runs = [run for run in line.runs if segment.left <= run.left and run.right <= segment.right]
        for column, text in _shared_out(segment, runs, inner, extents):
            texts[column] = f"{texts[column]} {text}".strip()
    return texts


def _shared_out(
    segment: Item, runs: list[Item], inner: list[float], extents: list[tuple[float, float]]
) -> Iterator[tuple[int, str]]:
    first = bisect_right(inner, segment.left + 1)
    if not any(segment.left + 1 < x < segment.right - 1 for x in inner):
        yield bisect_right(inner, segment.centre), segment.text
        return
    if any(_crosses(run, x) for run in runs for x in inner):
        yield first, segment.text
        return
    pieces: dict[int, list[Item]] = {}
    for run in runs:
        pieces.setdefault(bisect_right(inner, run.centre), []).append(run)
    height = segment.bottom - segment.top
    parts = [(column, *_segments_joined(own)) for column, own in pieces.items()]
    narrow = any(b[1].left - a[1].right < 0.5 * height for a, b in pairwise(parts))
    numbers = sum(bool(_NUMERIC.fullmatch(text)) for _, _, text in parts)
    if narrow and numbers < len(parts) / 2 and not all(_aligned(box, extents[c], height) for c, box, _ in parts):
        yield first, segment.text
        return
    for column, _, text in parts:
        yield column, text


def _crosses(run: Item, x: float) -> bool:
    """Whether words stand on both sides of a gap, rather than one that is a little too wide for its column."""
    reach = 0.3 * (run.right - run.left) if len(run.text) > 3 else run.right - run.left
    return run.left + reach < x < run.right - reach and not _NUMERIC.fullmatch(run.text)


def _segments_joined(runs: list[Item]) -> tuple[Item, str]:
    box = Item(runs[0].left, runs[0].top, runs[-1].right, runs[-1].bottom, "")
    return box, " ".join(segment.text for segment in _segments(runs))


def _aligned(box: Item, extent: tuple[float, float], height: float) -> bool:
    left, right = extent
    return min(abs(box.left - left), abs(box.right - right), abs(box.centre - (left + right) / 2)) < 0.35 * height


def _extents(lines: list[Line], columns: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """From where to where the numbers and words of each column stand, without the head's lines where they are many."""
    inner = [start for start, _ in columns[1:]]
    body = lines[len(lines) // 3 :] if len(lines) > 3 else lines
    found: list[tuple[float, float]] = []
    spans: dict[int, tuple[float, float]] = {}
    for line in body:
        for run in line.runs:
            column = bisect_right(inner, run.centre)
            if any(run.left + 1 < x < run.right - 1 for x in inner):
                continue
            left, right = spans.get(column, (run.left, run.right))
            spans[column] = min(left, run.left), max(right, run.right)
    for column, edges in enumerate(columns):
        found.append(spans.get(column, edges))
    return found


def _tight(lines: list[Line], placed: list[list[str]], gaps: list[float], rules: list[float]) -> float:
    """Up to which distance lines may belong to one row; 0 where all lines stand equally far apart."""
    if not gaps:
        return 0.0
    ordered = sorted(gaps)
    least = ordered[0]
    height = median(line.bottom - line.top for line in lines)
    wide = [gap for gap in ordered if gap > 1.2 * least]
    if not wide or least > 1.9 * height:
        return 0.0
    tight = 1.15 * least
    for gap, (a, b) in zip(gaps, pairwise(placed), strict=True):
        # Rows of numbers stand as close as that: it is no distance within a row.
        if gap <= tight and any(_NUMERIC.fullmatch(x) and _NUMERIC.fullmatch(y) for x, y in zip(a, b, strict=True)):
            return 0.0
    return tight


def _continues(
    above: Line, row: list[list[str]], line: Line, texts: list[str], gap: float, tight: float, rules: list[float]
) -> bool:
    """Whether a line goes on with the cells of the row that ends with the line above."""
    place = bisect_right(rules, above.middle)
    if place < len(rules) and rules[place] < line.middle:
        return False
    for parts, text in zip(row, texts, strict=True):
        if _NUMERIC.fullmatch(text) and any(_NUMERIC.fullmatch(part) for part in parts):
            return False
    filled, filled_before = sum(map(bool, texts)), sum(map(bool, row))
    if tight and gap > tight:
        return False
    first = next(text for text in texts if text)
    if _GOES_ON.match(first) and filled <= filled_before and gap < 1.6 * (line.bottom - line.top):
        return True
    if tight:
        return not any(_NUMERIC.fullmatch(text) and len(text) > 1 for text in texts if text) or filled_before < filled
    return False
