"""Tables that go on over pages: the head is repeated where the file leaves it out, since pages are read one by one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

# A number, an amount, a share, a date: what cells of one column have in common, and their head has not.
_FIGURE = re.compile(r"[^\w]{0,3}[A-Z]{0,3}[^\w]{0,2}[0-9][0-9.,:/ '’%–-]*[^\w]{0,3}[A-Za-z%]{0,3}\W{0,2}|[-–—−]")
_YEAR = re.compile(r"[*_]*(?:19|20)[0-9]{2}(?:[/–-][0-9]{2,4})?[*_]*")
_DIGITS = re.compile(r"[0-9]+")
_PAGE_NUMBER = re.compile(r"\W*(?:[^\W\d]+\.? )?(?:[0-9]+|[ivxlc]+)(?:\W+(?:[^\W\d]+ )?[0-9]+)?\W*", re.IGNORECASE)
_SAYS_SO = re.compile(
    r"\bcont(?:inued|['’]?d|\.)|\b[Ff]ortsetzung|\bsuite\b|\bcontinuaci|[Пп]родолжение|续表|續表|続き", re.IGNORECASE
)

_LONGEST_RUNNING_LINE = 120
_MOST_RUNNING_LINES = 4
_MOST_HEAD_ROWS = 3
_MOSTLY = 0.6
_LONGEST_HEAD = 40

_Row = list[str]


@dataclass(frozen=True, slots=True)
class Continued:
    """The texts of two pages that follow each other, the table that goes from one to the other marked in both."""

    before: str
    after: str


def continued(before: str, after: str, label: str, next_label: str) -> Continued | None:
    """Two pages' markdown where the last table of the first goes on as the first of the second; None where none does.

    Nothing but running headers, footers and page numbers stand between. ``label`` and ``next_label`` are what the pages
    are called. A page that repeats the head of the table itself stays as it is.
    """
    if "\n|---|" not in before or "\n|---|" not in after:
        return None
    upper, lower = _blocks(before), _blocks(after)
    last = max(number for number, block in enumerate(upper) if _is_table(block))
    first = min(number for number, block in enumerate(lower) if _is_table(block))
    below, above = upper[last + 1 :], lower[:first]
    if not (_are_running(below, lower, ends=True) and _are_running(above, upper, ends=False)):
        return None
    rows, more = _rows(upper[last]), _rows(lower[first])
    head = _head_that_holds(rows, more, any(map(_SAYS_SO.search, above)))
    if head is None:
        return None
    lines = lower[first].split("\n")
    named = f"(Table continued from page {label}"
    if head:
        table = [*map(_line, head[:1]), lines[1], *map(_line, head[1:]), lines[0], *lines[2:]]
        lower[first] = "\n".join([f"{named}; its head is repeated.)", "", *table])
    else:
        lower[first] = "\n".join([f"{named}.)", "", *lines])
    upper[last] = f"{upper[last]}\n\n(Table continues on page {next_label}.)"
    return Continued("\n\n".join(upper), "\n\n".join(lower))


def _blocks(text: str) -> list[str]:
    return [block for block in text.split("\n\n") if block.strip()]


def _is_table(block: str) -> bool:
    return block.startswith("|") and "\n|---|" in block


def _rows(table: str) -> list[_Row]:
    lines = table.split("\n")
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in [lines[0], *lines[2:]]]


def _line(row: _Row) -> str:
    return f"| {' | '.join(row)} |"


def _are_running(blocks: Sequence[str], others: Sequence[str], *, ends: bool) -> bool:
    """Whether blocks are what stands at the end (or the start) of every page: their like is there on the other one, too."""
    if len(blocks) > _MOST_RUNNING_LINES:
        return False
    reach = _MOST_RUNNING_LINES + 1
    near = {_running(other) for other in (others[-reach:] if ends else others[:reach])}
    return all(
        len(block) <= _LONGEST_RUNNING_LINE
        and (_PAGE_NUMBER.fullmatch(block) or block == "---" or _SAYS_SO.search(block) or _running(block) in near)
        for block in blocks
    )


def _running(block: str) -> str:
    return _DIGITS.sub("#", block.strip("#*_ "))


def _head_that_holds(rows: list[_Row], more: list[_Row], said_so: bool) -> list[_Row] | None:
    """The rows of the head that are to be repeated, none where the table has none, and None where it does not go on."""
    width = len(rows[0])
    if width < 2 or any(len(row) != width for row in more) or len(rows) < 3 or rows[0] == more[0]:
        return None
    figures = _columns_of_figures(rows[1:])
    if figures and not said_so:
        theirs = _columns_of_figures(more) or _columns_of_figures(more[1:])
        if len(figures & theirs) < 0.8 * len(figures | theirs):
            return None
    if figures:
        if not (_is_data(more[0], figures) or _is_label(more[0])) or not any(
            _is_data(row, figures) for row in more[:3]
        ):
            return None
        head = list(takewhile(lambda row: not _is_data(row, figures), rows[: _MOST_HEAD_ROWS + 1]))
        return head if len(head) <= _MOST_HEAD_ROWS and sum(map(bool, rows[0])) > 1 else []
    filled = all(0 < len(cell) <= _LONGEST_HEAD for cell in rows[0])
    longer = max(map(len, more[0])) > _LONGEST_HEAD
    return rows[:1] if filled and (longer or said_so) else None


def _columns_of_figures(rows: Sequence[_Row]) -> set[int]:
    found = set()
    for column, cells in enumerate(zip(*rows, strict=True)):
        filled = [cell for cell in cells if cell]
        if len(filled) >= min(2, len(rows)) and sum(map(_is_figure, filled)) >= _MOSTLY * len(filled):
            found.add(column)
    return found


def _is_figure(cell: str) -> bool:
    return bool(_FIGURE.fullmatch(cell.strip("*_ ")))


def _is_data(row: _Row, figures: set[int]) -> bool:
    """Whether figures stand in the columns of figures, other than years, by which columns are called, too."""
    found = [row[column] for column in figures if row[column]]
    return any(_is_figure(cell) and not _YEAR.fullmatch(cell) for cell in found) and not all(
        map(_YEAR.fullmatch, found)
    )


def _is_label(row: _Row) -> bool:
    """Whether a row only names those that follow."""
    return bool(row[0]) and not any(row[1:])
