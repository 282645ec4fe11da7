"""The cells of a sheet as a table, or one by one where a table would be mostly empty, and what stands beside them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from kimi_files.errors import TooComplex
from kimi_files.extract.office.markdown import link, table

MOST_CELLS = 5_000_000
"""More cells with content are read of no file; ``too_many_cells`` says so."""

# What a file says stands there again and again is written out up to so many characters, some 30,000 tokens.
_REPEATED_CHARACTERS = 1 << 17
_CELL_CHARACTERS = 3

# A grid of this many places is written anyhow; a larger one only if an eighth of it is filled.
_ALWAYS_PLACES = 5_000
_LEAST_FILLED = 8
_MOST_RANGES = 40

# "Page of", "第 頁, 共 頁": what is left of page numbers.
_PAGE_WORDS = 12
_HEAD_CODE = re.compile(r'&(?:&|"[^"&]{0,200}"|\d{1,3}|K(?:[0-9A-Fa-f]{6}|\d\d[+-]\d{3})|[A-Za-z](?:[+-]\d+)?)')


@dataclass(slots=True)
class Grid:
    """``rows`` are those with content, by row and column from 0. ``asides`` are text boxes, charts' titles and comments."""

    rows: dict[int, dict[int, str]] = field(default_factory=dict)
    asides: list[str] = field(default_factory=list)

    def put(self, row: int, column: int, text: str) -> None:
        """Keep a cell's text, if it has any."""
        if text and not text.isspace():
            line = self.rows.get(row)
            if line is None:
                line = self.rows[row] = {}
            line[column] = text

    def link(self, row: int, column: int, target: str) -> None:
        """Let a cell's text lead to an address outside of the file."""
        text = self.rows.get(row, {}).get(column)
        if text:
            self.rows[row][column] = link(text, target)

    def comment(self, row: int, column: int, author: str, text: str) -> None:
        """A comment on a cell, beside the cells."""
        said = " ".join(text.split())
        if said:
            by = f" ({author})" if author else ""
            self.asides.append(f"[comment on {place(column, row + 1)}{by}: {said}]")

    def hide(self, rows: set[int], columns: set[int]) -> None:
        """Tell which rows and columns with content are not shown, as those that a filter leaves out."""
        hidden = sorted(rows & self.rows.keys()) if rows else []
        filled = {column for line in self.rows.values() for column in line} & columns if columns else set()
        parts = [f"rows {_ranges([str(row + 1) for row in hidden], hidden)}"] if hidden else []
        if filled:
            ordered = sorted(filled)
            parts.append(f"columns {_ranges([place(column, 1)[:-1] for column in ordered], ordered)}")
        if parts:
            self.asides.append(f"[hidden on this sheet, given here all the same: {'; '.join(parts)}]")

    def chart(self, texts: list[str]) -> None:
        """What a chart says that its cells do not."""
        there = {text for line in self.rows.values() for text in line.values()} if texts else set()
        said = [text for text in dict.fromkeys(" ".join(text.split()) for text in texts) if text and text not in there]
        if said:
            self.asides.append(f"[chart: {' · '.join(said)}]")

    def heads(self, codes: list[str]) -> None:
        """Headers and footers of the printed sheet, each text once, without the codes for fonts, page numbers and dates."""
        texts = dict.fromkeys(_head(code) for code in codes)
        said = [text for text in texts if any(map(str.isalnum, text))]
        if said:
            self.asides.append("Headers and footers:\n" + "\n".join(said))

    def text(self) -> str:
        """All of it as markdown."""
        return "\n\n".join(part for part in (self._cells(), *self.asides) if part)

    def _cells(self) -> str:
        width = max((max(row) for row in self.rows.values() if row), default=-1) + 1
        ordered = sorted(self.rows.items())
        if is_sparse(width * len(ordered), sum(map(len, self.rows.values()))):
            return "\n".join(_told(number, row) for number, row in ordered)
        columns = range(width)
        return table([[row.get(column, "") for column in columns] for _, row in ordered])


def _ranges(names: list[str], numbers: list[int]) -> str:
    """Names as "3, 7-9", no more of them than are of use."""
    runs: list[list[str]] = []
    for name, number, before in zip(names, numbers, [-2, *numbers], strict=False):
        if runs and number == before + 1:
            runs[-1][1:] = [name]
        else:
            runs.append([name])
    more = f" and {len(runs) - _MOST_RANGES} more ranges" if len(runs) > _MOST_RANGES else ""
    return ", ".join("-".join(run) for run in runs[:_MOST_RANGES]) + more


def _head(code: str) -> str:
    """The words of a header or footer; none where they only name the number of the page."""
    text = " ".join(_HEAD_CODE.sub(lambda sign: "&" if sign[0] == "&&" else " ", code).split())
    return "" if "&P" in code and len(text) <= _PAGE_WORDS else text


def is_sparse(places: int, filled: int) -> bool:
    """Whether a table would be an explosion of empty cells: one cell far out makes every row as wide."""
    return places > _ALWAYS_PLACES and places > _LEAST_FILLED * filled


def repetitions(times: int, texts: Iterable[str]) -> int:
    """How often to write out what a file says stands there so many ``times``: always once, and not beyond reason."""
    characters = sum(len(text) + _CELL_CHARACTERS for text in texts)
    return min(times, max(1, _REPEATED_CHARACTERS // max(characters, 1)))


def too_many_cells() -> TooComplex:
    """For a file with more than ``MOST_CELLS``."""
    return TooComplex("The file has more cells than are read.", "Split it, or export what you need as CSV.")


def place(column: int, row: int) -> str:
    """What a spreadsheet calls a cell; ``column`` counts from 0, ``row`` from 1."""
    letters = ""
    column += 1
    while column:
        column, letter = divmod(column - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return f"{letters}{row}"


def located(name: str) -> tuple[int, int]:
    """Row and column, from 0, of what a spreadsheet calls "B7". Excel's last cell is XFD1048576."""
    column = row = 0
    for sign in name:
        if "A" <= sign <= "Z":
            column = min(column * 26 + ord(sign) - 64, 16_384)
        elif "0" <= sign <= "9":
            row = min(row * 10 + ord(sign) - 48, 1_048_576)
    return max(row - 1, 0), max(column - 1, 0)


def _told(number: int, row: dict[int, str]) -> str:
    return " · ".join(f"{place(column, number + 1)}: {' '.join(text.split())}" for column, text in sorted(row.items()))
