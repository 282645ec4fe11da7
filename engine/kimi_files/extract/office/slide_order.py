"""The order in which people read what stands on a slide, by where it stands: shapes are stored from the back to the front."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

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
    in_line = sum(
        _has_line(box, boxes, 0, _IN_LINE * width) or _has_line(box, boxes, 1, _IN_LINE * height) for box in boxes
    )
    return in_line >= _MOST * len(boxes) and not any(
        _covers(box, other) for number, box in enumerate(boxes) for other in boxes[:number]
    )


def _has_line(box: Box, boxes: list[Box], axis: int, distance: float) -> bool:
    starts = sum(abs(box[axis] - other[axis]) <= distance for other in boxes)
    middles = sum(abs(box[axis] + box[axis + 2] - other[axis] - other[axis + 2]) <= 2 * distance for other in boxes)
    return max(starts, middles) >= _LINE


def _covers(box: Box, other: Box) -> bool:
    """Whether two boxes overlap by more than stands beside each other."""
    return all(
        min(box[axis + 2], other[axis + 2]) - max(box[axis], other[axis])
        > _OVERLAP * min(box[axis + 2] - box[axis], other[axis + 2] - other[axis])
        for axis in (0, 1)
    )


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
    sizes = [boxes[number][axis + 2] - boxes[number][axis] for number in ordered]
    end, smallest = float("-inf"), float("inf")
    before: list[tuple[float, float]] = []
    for number, size in zip(ordered, sizes, strict=True):
        end, smallest = max(end, boxes[number][axis + 2]), min(smallest, size)
        before.append((end, smallest))
    best: tuple[float, int] | None = None
    start, smallest = float("inf"), float("inf")
    for place in range(len(ordered) - 1, 0, -1):
        start, smallest = min(start, boxes[ordered[place]][axis]), min(smallest, sizes[place])
        end, smallest_before = before[place - 1]
        gap = start - end
        if gap >= -_OVERLAP * min(smallest, smallest_before) and (best is None or gap > best[0]):
            best = gap, place
    return (best[0], ordered[: best[1]], ordered[best[1] :]) if best is not None else None
