"""The order in which people read what stands on a slide, by where it stands: shapes are stored from the back to the front."""

from __future__ import annotations

import operator
import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import groupby
from math import inf

from kimi_files.extract.office.markdown import Block

Box = tuple[float, float, float, float]
"""Left, top, right and bottom, in any unit."""

# Boxes that overlap by no more than this part of the lower or narrower one stand beside each other.
_OVERLAP = 0.2
_DEEPEST = 32
_FROM_RIGHT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]")

# A text of no more characters may be a label in a drawing, and so many of them one after the other make one.
_LABEL = 80
_DRAWING = 5
# So many boxes are a row or column, as far as they stand in line to this part of all; so many of them have to.
_LINE = 3
_IN_LINE = 0.02
_MOST = 0.8


def in_reading_order(found: Sequence[tuple[Box | None, list[Block]]]) -> list[Block]:
    """The blocks of shapes by where these stand; from right to left where most letters are of scripts that run so."""
    texts = ["".join([block.text for block in blocks]) for _, blocks in found]
    text = "".join(texts)
    signs = 0 if text.isascii() else len(_FROM_RIGHT.findall(text))
    from_right = signs > 0 and 2 * signs > sum(map(str.isalpha, text))
    order = reading_order([box for box, _ in found], [*map(len, texts)], from_right)
    return [block for number in order for block in found[number][1]]


def reading_order(boxes: Sequence[Box | None], lengths: Sequence[int], from_right: bool = False) -> list[int]:
    """The numbers of the boxes, which have so many characters, as they are read; one without a place stays behind another.

    Boxes are parted into rows or columns where the gap between them is widest, and each part again. The labels of a
    drawing stay in the order in which they were made, which tells more, and count as one box.
    """
    units = list(_units(boxes, lengths))
    known = {number: box for number, (_, box) in enumerate(units) if box is not None}
    unknown = [number for number in range(len(units)) if number not in known]
    order = [*unknown, *_parted(known, list(known), from_right, 0)]
    return [number for unit in order for number in units[unit][0]]


def _units(boxes: Sequence[Box | None], lengths: Sequence[int]) -> Iterator[tuple[list[int], Box | None]]:
    """Boxes that stay together: those without a place with the one before them, and the labels of a drawing."""
    groups: list[list[int]] = []
    for number, box in enumerate(boxes):
        if box is None and groups:
            groups[-1].append(number)
        else:
            groups.append([number])
    if len(groups) < _DRAWING:
        yield from ((group, boxes[group[0]]) for group in groups)
        return
    for is_label, run in groupby(groups, lambda group: sum(lengths[number] for number in group) <= _LABEL):
        labels = list(run)
        places = [box for group in labels if (box := boxes[group[0]]) is not None]
        if is_label and len(places) >= _DRAWING and not _are_in_line(places):
            left, top, right, bottom = zip(*places, strict=True)
            yield [number for group in labels for number in group], (min(left), min(top), max(right), max(bottom))
        else:
            yield from ((group, boxes[group[0]]) for group in labels)


def _are_in_line(boxes: list[Box]) -> bool:
    """Whether most of the boxes stand in rows or columns, and none upon another."""
    columns, rows = _in_line(boxes, 0), _in_line(boxes, 1)
    return sum(map(operator.or_, columns, rows)) >= _MOST * len(boxes) and not _cover_each_other(boxes)


def _in_line(boxes: list[Box], axis: int) -> list[bool]:
    """Of each box, whether enough begin where it does along an axis, or have their middle there."""
    starts = [box[axis] for box in boxes]
    middles = [box[axis] + box[axis + 2] for box in boxes]
    distance = _IN_LINE * (max(box[axis + 2] for box in boxes) - min(starts))
    by_start, by_middle = ([*sorted(places), *[inf] * _LINE] for places in (starts, middles))
    return [
        # Whether the last of so many is as near as the first.
        by_start[bisect_left(by_start, start - distance) + _LINE - 1] <= start + distance
        or by_middle[bisect_left(by_middle, middle - 2 * distance) + _LINE - 1] <= middle + 2 * distance
        for start, middle in zip(starts, middles, strict=True)
    ]


def _cover_each_other(boxes: list[Box]) -> bool:
    """Whether any of the boxes overlaps another by more than stands beside each other."""
    ordered = sorted(boxes)
    for number, (left, top, right, bottom) in enumerate(ordered, start=1):
        for place in range(number, len(ordered)):
            other_left, other_top, other_right, other_bottom = ordered[place]
            if other_left >= right:
                break
            if other_top >= bottom or other_bottom <= top:
                continue
            width = min(right, other_right) - other_left
            height = min(bottom, other_bottom) - max(top, other_top)
            is_wide = width > _OVERLAP * min(right - left, other_right - other_left)
            if is_wide and height > _OVERLAP * min(bottom - top, other_bottom - other_top):
                return True
    return False


def _parted(boxes: dict[int, Box], numbers: list[int], from_right: bool, depth: int) -> list[int]:
    if len(numbers) < 2 or depth > _DEEPEST:
        return numbers
    if len(numbers) == 2:
        first, second = numbers
        return [second, first] if _is_behind(boxes[first], boxes[second], from_right) else numbers
    columns, rows = _widest_gap(boxes, numbers, 0), _widest_gap(boxes, numbers, 1)
    is_across = columns[0] > rows[0]
    _, before, after = columns if is_across else rows
    if not before:
        return sorted(numbers, key=lambda number: boxes[number][1])
    if from_right and is_across:
        before, after = after, before
    return [part for half in (before, after) for part in _parted(boxes, half, from_right, depth + 1)]


def _is_behind(box: Box, other: Box, from_right: bool) -> bool:
    """Whether the other one of two boxes is read first: what ``_parted`` does, for most of what it is asked."""
    left, top, right, bottom = box
    other_left, other_top, other_right, other_bottom = other
    is_left = other_left + other_right < left + right
    is_above = other_top + other_bottom < top + bottom
    across = left - other_right if is_left else other_left - right
    down = top - other_bottom if is_above else other_top - bottom
    is_beside = across >= -_OVERLAP * min(right - left, other_right - other_left)
    is_below = down >= -_OVERLAP * min(bottom - top, other_bottom - other_top)
    if is_beside and (across > down or not is_below):
        return is_left != from_right
    return is_above if is_below else other_top < top


def _widest_gap(boxes: dict[int, Box], numbers: list[int], axis: int) -> tuple[float, list[int], list[int]]:
    """The widest gap along an axis with what is before and behind it; an overlap that is small is a narrow gap.

    Where there is none it is the least number, with nothing before it.
    """
    ordered = sorted(numbers, key=lambda number: boxes[number][axis] + boxes[number][axis + 2])
    # Where all up to each box end, and the least of their sizes.
    before: list[tuple[float, float]] = []
    last, least = -inf, inf
    for number in ordered:
        box = boxes[number]
        start, end = box[axis], box[axis + 2]
        if end > last:
            last = end
        if end - start < least:
            least = end - start
        before.append((last, least))
    widest, cut = -inf, 0
    first = least = inf
    for place in range(len(ordered) - 1, 0, -1):
        box = boxes[ordered[place]]
        start, end = box[axis], box[axis + 2]
        if start < first:
            first = start
        if end - start < least:
            least = end - start
        last, smallest = before[place - 1]
        gap = first - last
        if gap > widest and gap >= -_OVERLAP * min(least, smallest):
            widest, cut = gap, place
    return widest, ordered[:cut], ordered[cut:]
