"""Which fonts the letters of a PDF page have, in all of it and in parts."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from kimi_files.extract.pdf_page.words import Box

Style = tuple[str, float]
"""The name of a font and its size."""

_NONE: Style = ("", 0.0)


@dataclass(frozen=True, slots=True)
class Look:
    """The style of most letters of a block, the shares that have it and that have the page's, and the height of its lines."""

    style: Style
    share: float
    of_body: float
    height: float


class Styles:
    """The styles of a page, measured when they are first asked for."""

    def __init__(self, items: Any) -> None:
        """``items`` are liteparse's runs of text."""
        self._items = items
        # Middle down the page, middle across, letters, height, style; in this order.
        self._runs: list[tuple[float, float, int, float, Style]] = []
        self._levels: list[float] = []
        self._body: Style | None = None
        self._height = 0.0

    @property
    def runs(self) -> int:
        return len(self._items)

    @property
    def body(self) -> Style:
        """The style of most letters of the page."""
        if self._body is None:
            self._measure()
        return self._body or _NONE

    @property
    def height(self) -> float:
        """The height of most letters of the page."""
        if self._body is None:
            self._measure()
        return self._height

    def of(self, box: Box) -> Look:
        """The style of most letters in the box, and what else is told by its letters."""
        body = self.body
        left, right, bottom = box.left - 1, box.right + 1, box.bottom + 1
        letters: Counter[Style] = Counter()
        height = 0.0
        for number in range(bisect_left(self._levels, box.top - 1), len(self._runs)):
            y, x, count, tall, style = self._runs[number]
            if y > bottom:
                break
            if left <= x <= right:
                letters[style] += count
                height = max(height, tall)
        if not letters:
            return Look(_NONE, 0.0, 0.0, 0.0)
        style, most = letters.most_common(1)[0]
        total = letters.total()
        return Look(style, most / total, letters[body] / total, height)

    def _measure(self) -> None:
        letters: Counter[Style] = Counter()
        heights: Counter[float] = Counter()
        known: dict[tuple[Any, Any, float], tuple[Style, float]] = {}
        for item in self._items:
            count, height = len(item.text), item.height
            given = item.font_name, item.font_size, height
            found = known.get(given)
            if found is None:
                # Many programs write the size of the letters into the matrix, and 1 as that of the font.
                size = given[1] or 0.0
                found = known[given] = (
                    (given[0] or "", round(size, 1) if size != 1 else round(height)),
                    round(height, 1),
                )
            style, rounded = found
            self._runs.append((item.y + height / 2, item.x + item.width / 2, count, height, style))
            letters[style] += count
            heights[rounded] += count
        self._runs.sort(key=itemgetter(0))
        self._levels = [y for y, *_ in self._runs]
        self._height = heights.most_common(1)[0][0] if heights else 0.0
        self._body = letters.most_common(1)[0][0] if letters else _NONE
