"""Where on a PDF page tables without lines between their columns may stand: between lines across, below a filled band."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

from kimi_files.extract.pdf_page.tables import BLANK, NUMERIC, SAME, Rule
from kimi_files.extract.pdf_page.words import Box, Line, PageWords, Word, in_lines, is_prose

_SHORTEST_EDGE = 60.0

_MOST_TITLES = 3
"""Rows of one text that follow each other in a table: what sums up the rows above, what names those below, a note."""

_FEWEST_ABOVE = 4
"""Lines above the head of another table, as no head over several lines has."""

_FEWEST_NAMES = 4


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
        if line.top - last.bottom > BLANK * line.height or is_prose(line.words, band.width):
            break
        if last is head[-1] and not any(NUMERIC.fullmatch(part.text) for part in parts[1:]):
            return None
        last, step = line, max(step, line.middle - last.middle)
    return Box(band.left, band.top, band.right, last.bottom + 1) if last is not head[-1] else None


def _is_name(word: Word) -> bool:
    return any(map(str.isalpha, word.text)) and not any(map(str.isdigit, word.text))


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
    below = sum(any(abs(part.left - left) < SAME and part.right < end for left, end in cells) for part in others)
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
