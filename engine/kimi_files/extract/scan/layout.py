"""From lines that stand somewhere on a page to its text: columns in order, paragraphs, rows, tables, headings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from statistics import median

from kimi_files.extract.office.markdown import table
from kimi_files.extract.scan.columns import Line, across, blocks, is_wide, signs
from kimi_files.extract.scan.headings import Body, body, headings

_FEWEST_TABLE_ROWS = 3
_PARAGRAPH_PITCH = 1.25
# A column beside a picture is narrower than above it: its edge is where so many of the lines around end, within this.
_AROUND, _FEWEST_AT_EDGE, _RAGGED = 6, 6, 1.5

# What begins an entry of a list, or a line of a form with its label.
_BEGINS = re.compile(r"[•·▪■◦●○]|[–*-]\s|\(?\d{1,3}[.)]\s|[一二三四五六七八九十]{1,2}、|[A-Z][\w .]{0,30}:\s")


@dataclass(frozen=True, slots=True)
class Part:
    """A paragraph, a table or a heading as markdown; ``level`` is that of a heading, from 1, and 0 of all else."""

    text: str
    level: int = 0


def arrange(lines: Iterable[Line]) -> Iterator[Part]:
    """What stands on a page in reading order."""
    found = list(lines)
    if not found:
        return
    size = median(line.height for line in found)
    main = body(found)
    for block in blocks(found):
        yield from _paragraphs(block, size, main)


def _paragraphs(lines: list[Line], size: float, body: Body | None) -> Iterator[Part]:
    rows = _rows(lines)
    at = 0
    while at < len(rows):
        end = _table_end(rows, at)
        if end > at:
            yield Part(table(_cells(rows[at:end])))
            at = end
            continue
        start = at
        while at < len(rows) and (at == start or _table_end(rows, at) == at):
            at += 1
        yield from _running_text(rows[start:at], size, body)


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
    return across(a, b) > 0.3 * min(a.width, b.width)


def _table_end(rows: Sequence[list[Line]], start: int) -> int:
    """Where the rows end that are cells in the same columns, from ``start`` on; ``start`` if none begin there.

    A cell may stand alone in a row, close to the rows above and below: a label over several of them, or the rest of one.
    """
    columns: list[tuple[float, float]] = []
    end, full = start, 0
    for at in range(start, len(rows)):
        widened = _with_columns(columns, rows[at])
        if widened is None:
            break
        if len(rows[at]) > 1:
            end, full = at + 1, full + 1
        elif len(widened) > len(columns) or not _is_close(rows[at - 1], rows[at]):
            break
        columns = widened
    return end if full >= _FEWEST_TABLE_ROWS else start


def _is_close(above: Sequence[Line], below: Sequence[Line]) -> bool:
    return min(cell.top for cell in below) - max(cell.bottom for cell in above) < max(cell.height for cell in below)


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


def _running_text(rows: Sequence[list[Line]], size: float, body: Body | None) -> Iterator[Part]:
    """Paragraphs: one ends where the next row stands farther off than rows do; a line that ends early ends its line."""
    text = ""
    left_edge = min(row[0].left for row in rows)
    pitches = [below[0].middle - above[0].middle for above, below in pairwise(rows)]
    apart = _PARAGRAPH_PITCH * max(median(pitches), size) if pitches else 0.0
    found = headings(rows, body) if body else {}
    at = 0
    while at < len(rows):
        if heading := found.get(at):
            if text:
                yield Part(text)
            title = reduce(_joined, (row[0].text for row in rows[at : heading.end]))
            yield Part(f"{'#' * heading.level} {title}", heading.level)
            text, at = "", heading.end
            continue
        row = rows[at]
        words = "   ".join(cell.text for cell in row)
        if text and row[0].middle - rows[at - 1][0].middle > apart:
            yield Part(text)
            text = ""
        if not text:
            text = words
        elif _goes_on(rows[at - 1], row, left_edge, _right_edge(rows, at)):
            text = _joined(text, words)
        else:
            text += f"\n{words}"
        at += 1
    if text:
        yield Part(text)


def _right_edge(rows: Sequence[list[Line]], at: int) -> float:
    """Where lines around that row are full: all of the rows tell it where those around do not agree."""
    ends = [row[-1].right for row in rows[max(at - _AROUND, 0) : at + _AROUND]]
    edge = max(ends)
    agreeing = sum(end > edge - _RAGGED * rows[at][0].height for end in ends)
    return edge if agreeing >= _FEWEST_AT_EDGE else max(row[-1].right for row in rows)


def _goes_on(above: Sequence[Line], below: Sequence[Line], left_edge: float, right_edge: float) -> bool:
    """Whether a sentence runs on: the line above is full, so that the first word below did not fit on it."""
    if len(above) > 1 or len(below) > 1:
        return False
    line, following = above[0], below[0]
    if _BEGINS.match(following.text):
        return False
    if following.left - left_edge > 1.2 * following.height and following.left - line.left > 0.8 * following.height:
        return False  # the first line of a paragraph, set in
    word = 1 if is_wide(following.text[0]) else len(following.text.split()[0]) + 1
    sign = following.width / max(signs(following.text), 1)
    room = right_edge - line.right
    return room < (word + 1) * sign * (2 if is_wide(following.text[0]) else 1) + sign


def _joined(text: str, words: str) -> str:
    """Two lines as one: no blank between wide characters, no hyphen inside a word."""
    if is_wide(text[-1]) or is_wide(words[0]):
        return text + words
    if text.endswith("-") and text[-2:-1].isalpha() and words[0].islower():
        return text[:-1] + words
    return f"{text} {words}"
