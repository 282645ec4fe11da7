"""From lines that stand somewhere on a page to its text: columns in order, paragraphs, rows, tables, headings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from kimi_files.extract.office.markdown import table

# Text that runs in columns fills them; cells of a table are short, or as long as they happen to be.
_FILLED = 0.7
_FEWEST_COLUMN_LINES = 3
_FEWEST_COLUMN_SIGNS = 14
_GUTTER = 0.7

_FEWEST_TABLE_ROWS = 3
_HEADING_SIZE = 1.45
_LONGEST_HEADING = 80
_PARAGRAPH_PITCH = 1.25


@dataclass(frozen=True, slots=True)
class Line:
    """Words that stand together on one line, and where, in pixels from the top left."""

    text: str
    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2


def arrange(lines: Iterable[Line]) -> str:
    """The text of a page in reading order: paragraphs with an empty line between, tables and headings as markdown."""
    found = sorted(lines, key=lambda line: (line.top, line.left))
    if not found:
        return ""
    size = median(line.height for line in found)
    return "\n\n".join(part for block in _blocks(found, size) for part in _paragraphs(block, size))


# ---- columns


def _blocks(lines: list[Line], size: float) -> Iterator[list[Line]]:
    """Runs of lines that are read from top to bottom, in reading order."""
    gutter = _gutter(lines, size)
    if gutter is None:
        yield lines
        return
    band: list[Line] = []
    for line in [*lines, None]:
        if line is not None and not line.left < gutter < line.right:
            band.append(line)
            continue
        if band:
            yield from _band(band, gutter, size)
        band = []
        if line is not None:
            yield [line]


def _band(lines: list[Line], gutter: float, size: float) -> Iterator[list[Line]]:
    """What stands between two lines that cross the gutter: two columns, or rows where it is none of columns."""
    left = [line for line in lines if line.right <= gutter]
    right = [line for line in lines if line.left >= gutter]
    if left and right and not (_is_columns(left, size) and _is_columns(right, size)) and not _stands_apart(left, right):
        yield lines
        return
    for column in (left, right):
        if column:
            yield from _blocks(column, size)


def _stands_apart(left: list[Line], right: list[Line]) -> bool:
    """Whether no line on one side has a neighbour on the same height on the other."""
    return not any(_same_row(a, b) for a in left for b in right)


def _gutter(lines: list[Line], size: float) -> float | None:
    """Where an empty stripe from top to bottom parts the most lines into two columns, a few lines across it aside."""
    best: tuple[int, float] | None = None
    edges = sorted({line.right for line in lines})
    for edge in edges:
        rest = [line for line in lines if line.left >= edge - size / 4]
        if len(rest) < _FEWEST_COLUMN_LINES:
            continue
        middle = (edge + min(line.left for line in rest)) / 2
        if min(line.left for line in rest) - edge < _GUTTER * size:
            continue
        crossing = sum(line.left < middle < line.right for line in lines)
        left = [line for line in lines if line.right <= middle]
        right = [line for line in lines if line.left >= middle]
        if crossing * 2 > min(len(left), len(right)) or (best is not None and crossing >= best[0]):
            continue
        if _is_columns(left, size) and _is_columns(right, size):
            best = (crossing, middle)
    return None if best is None else best[1]


def _is_columns(lines: list[Line], size: float) -> bool:
    """Whether lines are of running text in one column, or in several beside each other."""
    return _is_column(lines) or _gutter(lines, size) is not None


def _is_column(lines: list[Line]) -> bool:
    """Whether lines are of running text: many, long, and most of them as wide as the column."""
    if len(lines) < _FEWEST_COLUMN_LINES:
        return False
    width = max(line.right for line in lines) - min(line.left for line in lines)
    filled = sum(line.width >= _FILLED * width for line in lines) >= 0.6 * len(lines)
    return filled and median(_signs(line.text) for line in lines) >= _FEWEST_COLUMN_SIGNS


def _signs(text: str) -> int:
    """Characters, wide ones counted twice."""
    return sum(2 if _is_wide(sign) else 1 for sign in text)


def _is_wide(sign: str) -> bool:
    return "\u2e80" <= sign <= "\u9fff" or "\uac00" <= sign <= "\ud7af" or "\uf900" <= sign <= "\uffef"


# ---- rows, tables, paragraphs


def _paragraphs(lines: list[Line], size: float) -> Iterator[str]:
    rows = _rows(lines)
    at = 0
    while at < len(rows):
        end = _table_end(rows, at)
        if end - at >= _FEWEST_TABLE_ROWS:
            yield table(_cells(rows[at:end]))
            at = end
            continue
        start = at
        while at < len(rows) and (at == start or _table_end(rows, at) - at < _FEWEST_TABLE_ROWS):
            at += 1
        yield from _running_text(rows[start:at], size)


def _rows(lines: list[Line]) -> list[list[Line]]:
    """Lines on the same height together, from left to right."""
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: line.middle):
        if rows and _same_row(rows[-1][-1], line) and not any(_overlap(line, cell) for cell in rows[-1]):
            rows[-1].append(line)
        else:
            rows.append([line])
    return [sorted(row, key=lambda line: line.left) for row in rows]


def _same_row(a: Line, b: Line) -> bool:
    return abs(a.middle - b.middle) < 0.5 * min(a.height, b.height)


def _overlap(a: Line, b: Line) -> bool:
    return min(a.right, b.right) - max(a.left, b.left) > 0.3 * min(a.width, b.width)


def _table_end(rows: Sequence[list[Line]], start: int) -> int:
    """Where the rows end that are cells in the same columns, from ``start`` on; ``start`` if none begin there."""
    columns: list[tuple[float, float]] = []
    for at in range(start, len(rows)):
        if len(rows[at]) < 2:
            return at
        widened = _with_columns(columns, rows[at])
        if widened is None:
            return at
        columns = widened
    return len(rows)


def _with_columns(columns: list[tuple[float, float]], row: Sequence[Line]) -> list[tuple[float, float]] | None:
    """The columns with a row's cells in them; None if a cell lies across two of them, or two lie in one."""
    widened = sorted([*columns, *((cell.left, cell.right) for cell in row)])
    merged: list[tuple[float, float]] = []
    for left, right in widened:
        if merged and left < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], right))
        else:
            merged.append((left, right))
    alone = all(sum(left <= cell.left < right for cell in row) <= 1 for left, right in merged)
    return merged if alone and len(merged) >= max(len(columns), len(row)) else None


def _cells(rows: Sequence[list[Line]]) -> list[list[str]]:
    columns: list[tuple[float, float]] = []
    for row in rows:
        columns = _with_columns(columns, row) or columns
    cells = []
    for row in rows:
        texts = {
            next(at for at, (left, right) in enumerate(columns) if left <= cell.left < right): cell for cell in row
        }
        cells.append([texts[at].text if at in texts else "" for at in range(len(columns))])
    return cells


def _running_text(rows: Sequence[list[Line]], size: float) -> Iterator[str]:
    """Paragraphs: one ends where the next row stands farther off than rows do; a line that ends early ends its line."""
    text = ""
    previous: list[Line] = []
    right_edge = max(row[-1].right for row in rows)
    left_edge = min(row[0].left for row in rows)
    pitches = [below[0].middle - above[0].middle for above, below in pairwise(rows)]
    apart = _PARAGRAPH_PITCH * max(median(pitches), size) if pitches else 0.0
    for row in rows:
        words = "   ".join(cell.text for cell in row)
        heading = _is_heading(row, size)
        if previous and (heading or _is_heading(previous, size) or row[0].middle - previous[0].middle > apart):
            yield text
            text = ""
        if not text:
            text = f"## {words}" if heading else words
        elif _goes_on(previous, row, left_edge, right_edge):
            text = _joined(text, words)
        else:
            text += f"\n{words}"
        previous = row
    yield text


def _is_heading(row: Sequence[Line], size: float) -> bool:
    line = row[0]
    return (
        len(row) == 1
        and line.height >= _HEADING_SIZE * size
        and len(line.text) <= _LONGEST_HEADING
        and any(sign.isalpha() for sign in line.text)
    )


def _goes_on(above: Sequence[Line], below: Sequence[Line], left_edge: float, right_edge: float) -> bool:
    """Whether a sentence runs on: the line above is full, so that the first word below did not fit on it."""
    if len(above) > 1 or len(below) > 1:
        return False
    line, following = above[0], below[0]
    if following.left - left_edge > 1.2 * following.height and following.left - line.left > 0.8 * following.height:
        return False  # the first line of a paragraph, set in
    word = 1 if _is_wide(following.text[0]) else len(following.text.split()[0]) + 1
    sign = following.width / max(_signs(following.text), 1)
    room = right_edge - line.right
    return room < (word + 1) * sign * (2 if _is_wide(following.text[0]) else 1) + sign


def _joined(text: str, words: str) -> str:
    """Two lines as one: no blank between wide characters, no hyphen inside a word."""
    if _is_wide(text[-1]) or _is_wide(words[0]):
        return text + words
    if text.endswith("-") and text[-2:-1].isalpha() and words[0].islower():
        return text[:-1] + words
    return f"{text} {words}"
