"""What tables on a page of a PDF are made of: the lines that are drawn, and the rows that are found between them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kimi_files.extract.pdf_page.words import Box

# Points. Lines are drawn as pieces that meet within a point or two.
TOUCH = 3.0
SAME = 2.5

# What stands in most cells of a table of figures: few letters beside the digits, or a mark for "nothing".
NUMERIC = re.compile(r"(?=.*[0-9])[^A-Za-z]*[A-Za-z%]{0,3}[^A-Za-z]{0,12}|[-–—−.·*†‡]{1,3}|n/?a|N/?A")

BLANK = 5.0
"""Heights of a line between the last row of a table and what is none of it."""


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
        if group and rule.at - group[0].at > SAME:
            found.extend(_without_gaps(group))
            group = []
        group.append(rule)
    found.extend(_without_gaps(group))
    return found


def _without_gaps(group: list[Rule]) -> Iterator[Rule]:
    if not group:
        return
    at = sum(rule.at for rule in group) / len(group)
    group.sort(key=lambda rule: rule.start)
    start, end = group[0].start, group[0].end
    for rule in group[1:]:
        if rule.start <= end + TOUCH:
            end = max(end, rule.end)
        else:
            yield Rule(at, start, end)
            start, end = rule.start, rule.end
    yield Rule(at, start, end)
