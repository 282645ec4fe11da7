"""Tables of a PDF page whose cells are parted by lines: on all sides, or between the columns."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from itertools import pairwise

from kimi_files.extract.pdf_page.open_tables import open_grids
from kimi_files.extract.pdf_page.tables import NUMERIC, SAME, TOUCH, Grid, Rule
from kimi_files.extract.pdf_page.words import Box, Line, PageWords, Word, in_lines, text_of

_MOST_RULES = 1_500
_MOST_STEPS = 2_000_000
"""Places of a grid times its lines: beyond that it is a diagram on squared paper, and would take seconds."""

_FRAMED_LINES = 10
"""Lines of a cell over all columns, at the edge of a table, that are rather the text of a page with a frame."""

_Place = tuple[int, int]


def ruled_grids(page: PageWords, across: list[Rule], down: list[Rule]) -> list[Grid]:
    """Tables whose cells are parted by lines on all sides, or by lines between the columns."""
    if not across or not down or len(across) + len(down) > _MOST_RULES:
        return []
    grids = (_ruled_grid(page, *group) for group in _connected(across, down))
    return [grid for grid in grids if grid is not None]


def _connected(across: list[Rule], down: list[Rule]) -> Iterator[tuple[list[Rule], list[Rule]]]:
    """Groups of lines that cross or touch each other; both come in the order of their places."""
    parents = list(range(len(across) + len(down)))
    places = [rule.at for rule in down]
    for i, level in enumerate(across):
        for j in range(bisect_left(places, level.start - TOUCH), bisect_right(places, level.end + TOUCH)):
            if down[j].start - TOUCH <= level.at <= down[j].end + TOUCH:
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
        if not found or at - found[-1] > SAME:
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
    return [rule for rule in rules if abs(rule.at - at) <= SAME + 0.5]


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
            numbers = sum(bool(NUMERIC.fullmatch(line.text)) for line in lines)
            if numbers >= 0.6 * len(lines):
                best = lines
    if not any(len(lines) >= len(best) for lines in columns if lines is not best):
        return []
    return [line.top - 0.5 * line.height for line in best]
