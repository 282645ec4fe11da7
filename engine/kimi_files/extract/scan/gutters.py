"""Boxes that were drawn over two columns of a page, parted where the gutter between them is blank."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

# A gutter has so many lines that end before it and as many that begin after it on one edge, not farther off than this.
_FEWEST_LINES = 4
_FARTHEST = 25.0
# In heights of a line's box: how exact an edge is, how wide a gutter may be, how far a line reaches over it, how much of it
# is blank in the line's picture: more than between words or after a wide comma.
_EDGE = 0.4
_WIDEST = 3.0
_OVER = 1.0
_BLANK = 0.55
_BLANK_SHARE = 0.7


@dataclass(frozen=True, slots=True)
class Area:
    """Where a line stands on its page, in pixels from the top left, the page laid level."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def height(self) -> float:
        return self.bottom - self.top


def part_at_gutters(areas: Sequence[Area], crops: Sequence[Any]) -> tuple[list[Area], list[Any]]:
    """Areas and pictures of the lines, those over a gutter as two."""
    if not areas:
        return [], []
    size = median(area.height for area in areas)
    parted: list[tuple[Area, Any]] = []
    waiting = list(zip(areas, crops, strict=True))[::-1]
    while waiting:
        area, crop = waiting.pop()
        parts = next(
            (parts for gutter in _gutters(area, areas, size) if (parts := _parts(area, crop, gutter, size))), None
        )
        if parts:
            parted.append(parts[0])
            waiting.append(parts[1])
        else:
            parted.append((area, crop))
    return [area for area, _ in parted], [crop for _, crop in parted]


def _gutters(area: Area, areas: Sequence[Area], size: float) -> Iterator[tuple[float, float]]:
    """Where columns end and the next begin around a line that reaches over both, from left to right."""
    near = [other for other in areas if abs(other.top - area.top) <= _FARTHEST * size]
    starts = sorted(other.left for other in near if area.left + _OVER * size < other.left < area.right - _OVER * size)
    done = 0.0
    for start in starts:
        if start - done <= _EDGE * size or sum(abs(other - start) <= _EDGE * size for other in starts) < _FEWEST_LINES:
            continue
        done = start
        ends = sorted(other.right for other in near if start - _WIDEST * size <= other.right <= start + _EDGE * size)
        if len(ends) >= _FEWEST_LINES:
            end = ends[-_FEWEST_LINES]  # the boxes of a few may reach into the gutter
            yield min(end, start), max(end, start)


def _parts(area: Area, crop: Any, gutter: tuple[float, float], size: float) -> list[tuple[Area, Any]]:
    """The line on either side of the gutter; nothing if there is ink in it."""
    end, start = gutter
    scale = crop.shape[1] / (area.right - area.left)
    first = max(round((end - _EDGE * size - area.left) * scale), 0)
    last = round((start + _EDGE * size - area.left) * scale)
    left, right = _widest_blank(crop, first, last)
    if right - left < max(_BLANK * size, _BLANK_SHARE * (start - end)) * scale:
        return []
    cut = first + (left + right) // 2
    at = area.left + cut / scale
    return [
        (Area(area.left, area.top, at, area.bottom), crop[:, :cut]),
        (Area(at, area.top, area.right, area.bottom), crop[:, cut:]),
    ]


def _widest_blank(crop: Any, first: int, last: int) -> tuple[int, int]:
    """The widest run of columns without ink between two, counted from the first."""
    import numpy

    grey = crop.mean(axis=2)
    dark, light = numpy.percentile(grey, (2, 90))
    ink = (grey[:, first:last] < (dark + light) / 2).any(axis=0)
    edges = numpy.flatnonzero(numpy.concatenate(([True], ink, [True])))
    widest = int(numpy.diff(edges).argmax())
    return int(edges[widest]), int(edges[widest + 1]) - 1
