"""The order in which people read what stands on a slide, by where it stands: shapes are stored from the back to the front."""

from __future__ import annotations

import operator
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate, groupby

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
    text = "".join(block.text for _, blocks in found for block in blocks)
    signs = 0 if text.isascii() else len(_FROM_RIGHT.findall(text))
    from_right = signs > 0 and 2 * signs > sum(map(str.isalpha, text))
    lengths = [sum(len(block.text) for block in blocks) for _, blocks in found]
    order = reading_order([box for box, _ in found], lengths, from_right)
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
    width = max(box[2] for box in boxes) - min(box[0] for box in boxes)
    height = max(box[3] for box in boxes) - min(box[1] for box in boxes)
    columns, rows = _in_line(boxes, 0, _IN_LINE * width), _in_line(boxes, 1, _IN_LINE * height)
    in_line = sum(map(operator.or_, columns, rows))
    return in_line >= _MOST * len(boxes) and not any(_cover_each_other(sorted(boxes)))


def _in_line(boxes: list[Box], axis: int, distance: float) -> list[bool]:
    """Of each box, whether enough begin where it does along an axis, or have their middle there."""
    starts = [box[axis] for box in boxes]
    middles = [box[axis] + box[axis + 2] for box in boxes]
    by_start, by_middle = sorted(starts), sorted(middles)
    return [
        _near(by_start, start, distance) >= _LINE or _near(by_middle, middle, 2 * distance) >= _LINE
        for start, middle in zip(starts, middles, strict=True)
    ]


def _near(places: list[float], place: float, distance: float) -> int:
    return bisect_right(places, place + distance) - bisect_left(places, place - distance)


def _cover_each_other(ordered: list[Box]) -> Iterator[bool]:
    """Of those boxes, by where they begin, that may: whether they do."""
    for number, box in enumerate(ordered):
        for place in range(number + 1, len(ordered)):
            if ordered[place][0] >= box[2]:
                break
            yield _covers(box, ordered[place])


def _covers(box: Box, other: Box) -> bool:
    """Whether two boxes overlap by more than stands beside each other."""
    left, top, right, bottom = box
    other_left, other_top, other_right, other_bottom = other
    width = min(right, other_right) - max(left, other_left)
    if width <= _OVERLAP * min(right - left, other_right - other_left):
        return False
    return min(bottom, other_bottom) - max(top, other_top) > _OVERLAP * min(bottom - top, other_bottom - other_top)


def _parted(boxes: dict[int, Box], numbers: list[int], from_right: bool, depth: int) -> list[int]:
    if len(numbers) < 2 or depth > _DEEPEST:
        return numbers
    rows, columns = _widest_gap(boxes, numbers, axis=1), _widest_gap(boxes, numbers, axis=0)
    if columns is not None and (rows is None or columns[0] > rows[0]):
        _, before, after = columns
        before, after = (after, before) if from_right else (before, after)
    elif rows is not None:
        _, before, after = rows
    else:
        return sorted(numbers, key=lambda number: boxes[number][1])
    return [part for half in (before, after) for part in _parted(boxes, half, from_right, depth + 1)]


def _widest_gap(boxes: dict[int, Box], numbers: list[int], axis: int) -> tuple[float, list[int], list[int]] | None:
    """The widest gap along an axis with what is before and behind it; an overlap that is small is a narrow gap."""
    ordered = sorted(numbers, key=lambda number: boxes[number][axis] + boxes[number][axis + 2])
    if len(ordered) == 2:
        first, second = (boxes[number] for number in ordered)
        gap = second[axis] - first[axis + 2]
        overlap = _OVERLAP * min(first[axis + 2] - first[axis], second[axis + 2] - second[axis])
        return (gap, ordered[:1], ordered[1:]) if gap >= -overlap else None
    starts = [boxes[number][axis] for number in ordered]
    ends = [boxes[number][axis + 2] for number in ordered]
    sizes = list(map(operator.sub, ends, starts))
    # From the last gap to the first: where all before it end and all behind it start, and the least of their sizes.
    before = zip([*accumulate(ends, max)][-2::-1], [*accumulate(sizes, min)][-2::-1], strict=True)
    behind = zip(accumulate(reversed(starts), min), accumulate(reversed(sizes), min), strict=True)
    best: tuple[float, int] | None = None
    for turn, ((end, smallest_before), (start, smallest)) in enumerate(zip(before, behind, strict=False), start=1):
        gap = start - end
        if (best is None or gap > best[0]) and gap >= -_OVERLAP * min(smallest, smallest_before):
            best = gap, len(ordered) - turn
    return (best[0], ordered[: best[1]], ordered[best[1] :]) if best is not None else None
