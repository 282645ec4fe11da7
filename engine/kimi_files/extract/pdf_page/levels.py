"""Levels of headings that are the same throughout a PDF: liteparse gives them anew for each part of a file that it sees."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kimi_files.extract.pdf_page.laid import LaidPage

_HEADING = re.compile(r"^(#{1,6}) (.+)$", re.MULTILINE)
_NUMBERED = re.compile(r"\n(#{1,6}) ([0-9]{1,2}(?:\.[0-9]{1,2}){0,4})(?=\.? +[^\W\d_])")
_LOWEST = 6
_FEWEST_NUMBERED = 3

_SAME_SIZE = 0.96
"""Of the larger one: fonts of one size differ that much in height."""


@dataclass(frozen=True, slots=True)
class Headings:
    """What liteparse took for headings in one part of the file."""

    sizes: Mapping[int, float]
    """The height of most headings of each level, in points."""
    titles: Mapping[int, frozenset[str]]
    """The headings of each page that has any."""


def headings_of(pages: Mapping[int, LaidPage]) -> Headings:
    """What are headings on liteparse's pages."""
    sizes: dict[int, Counter[float]] = {}
    titles: dict[int, frozenset[str]] = {}
    for number, page in pages.items():
        found = [block for block in page.blocks if block.kind == "heading" and block.text]
        if not found:
            continue
        titles[number] = frozenset(block.text for block in found)
        for block in found:
            if (box := block.bbox) and (height := _height(box, page.items)):
                sizes.setdefault(block.level, Counter())[height] += 1
    return Headings({level: counts.most_common(1)[0][0] for level, counts in sorted(sizes.items())}, titles)


def levels(parts: Iterable[Headings]) -> list[dict[int, int]]:
    """For each part the level in the file of each level in the part, by the sizes of headings; none where they are the same.

    Where levels do not go by size, as in files that name them, they are told by the file and the same in each part.
    """
    given = [part.sizes for part in parts]
    if len(given) < 2 or any(upper <= lower for sizes in given for upper, lower in pairwise(sizes.values())):
        return [{} for _ in given]
    ranks: dict[float, int] = {}
    last, rank = 0.0, 0
    for size in sorted({size for sizes in given for size in sizes.values()}, reverse=True):
        if not rank or size < _SAME_SIZE * last:
            last, rank = size, rank + 1
        ranks[size] = min(rank, _LOWEST)
    return [{level: ranks[size] for level, size in sizes.items() if ranks[size] != level} for sizes in given]


def with_levels(markdown: str, titles: frozenset[str], levels: Mapping[int, int]) -> str:
    """The markdown of a page with those of its headings that are in ``titles`` on their level in the file."""

    def heading(match: re.Match[str]) -> str:
        level = levels.get(len(match[1]))
        # Other headings were made here, by number or from several.
        if level is None or not any(title in match[2] for title in titles):
            return match[0]
        return f"{'#' * level} {match[2]}"

    return _HEADING.sub(heading, markdown)


class NumberedLevels:
    """The levels of numbered headings ("3.2 Ships"), by those that most of them with as long a number have so far."""

    def __init__(self) -> None:
        self._counts: dict[int, Counter[int]] = {}

    def add(self, markdown: str) -> None:
        """Count the headings of a page."""
        if "#" in markdown:
            for marks, number in _NUMBERED.findall(f"\n{markdown}"):
                self._counts.setdefault(number.count("."), Counter())[len(marks)] += 1

    def of_depths(self) -> dict[int, int]:
        """The level for each depth of numbers: the points within them."""
        return {
            depth: counts.most_common(1)[0][0]
            for depth, counts in self._counts.items()
            if counts.total() >= _FEWEST_NUMBERED
        }


def with_numbered_levels(markdown: str, levels: Mapping[int, int]) -> str:
    """The markdown of a page with its numbered headings on the level of their depth."""

    def heading(match: re.Match[str]) -> str:
        level = levels.get(match[2].count("."))
        return match[0] if level is None else f"\n{'#' * level} {match[2]}"

    return _NUMBERED.sub(heading, f"\n{markdown}")[1:] if "#" in markdown else markdown


def _height(box: Any, items: Iterable[Any]) -> float:
    """The height of the first of liteparse's runs of text that stands in the first line of a block."""
    left, top, right = box.x - 1, box.y, box.x + box.width
    heights: Iterator[float] = (item.height for item in items if abs(item.y - top) < 1 and left <= item.x <= right)
    return round(next(heights, 0.0), 1)
