"""Which lines of a scan are headings: set larger than its text, or numbered and apart. Only where that is clear."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from kimi_files.extract.scan.columns import Line, is_wide, signs

_NUMBERED = re.compile(r"(?:[A-Z]\.)?\d{1,2}(?:\.\d{1,2})*\.?(?=\s|[^\d\s.,:%)/-])")
_ENTRY = re.compile(r"[•·▪■◦●○–*-]")
_ENDS_A_SENTENCE = tuple(".,;:，。；：、")
_LONGEST = 80
_FEWEST_LETTERS, _FEWEST_IDEOGRAPHS = 3, 2
_MOST_LINES = 3
_MOST_IN_A_ROW = 3

# How large a line is set is told by its width, which is measured more exactly than its height: these signs are so many
# times as wide as small letters.
_THIN = frozenset("ijlItfr.,:;'!|()[] ")
_BROAD = frozenset("mwMW")
_BOX_MARGIN = 0.3
_FEWEST_BODY_LINES, _FEWEST_BODY_SIGNS = 3, 14

# Sizes in those of the text, blanks in heights of a line: 52 pages of manuals in nine languages were looked at.
_LARGE, _LARGER, _LARGEST = 1.15, 1.28, 1.7
_LOWEST = 0.9
_SAME_SIZE = 0.15
_LITTLE_ABOVE, _MUCH_ABOVE, _BELOW = 0.3, 0.45, 0.15


@dataclass(frozen=True, slots=True)
class Body:
    """What the text of a page is set in: the width of a small letter and the height of a line, in pixels."""

    letter: float
    height: float


def body(lines: Iterable[Line]) -> Body | None:
    """None where there is too little text to tell what is larger."""
    long = [line for line in lines if signs(line.text) >= _FEWEST_BODY_SIGNS]
    if len(long) < _FEWEST_BODY_LINES:
        return None
    return Body(median(map(_letter, long)), median(line.height for line in long))


@dataclass(frozen=True, slots=True)
class Heading:
    """The rows from ``start`` to before ``end``; ``level`` counts from 1. ``is_large`` tells it from one only numbered."""

    start: int
    end: int
    level: int
    is_large: bool


def headings(rows: Sequence[Sequence[Line]], body: Body) -> dict[int, Heading]:
    """The headings among rows by the row at which they begin. Many in a row are the contents of a book."""
    found: list[Heading] = []
    for at in range(len(rows)):
        if (not found or found[-1].end <= at) and (one := _heading(rows, at, body)):
            found.append(one)
    listed: set[int] = set()
    run: list[Heading] = []
    for one in [*found, None]:
        if one is None or (run and run[-1].end != one.start):
            if len(run) > _MOST_IN_A_ROW:
                listed.update(each.start for each in run if not each.is_large)
            run = []
        if one is not None:
            run.append(one)
    return {one.start: one for one in found if one.start not in listed}


def _heading(rows: Sequence[Sequence[Line]], at: int, body: Body) -> Heading | None:
    if len(rows[at]) > 1:
        return None
    line = rows[at][0]
    size = _letter(line) / body.letter
    end = at + 1
    while end < len(rows) and end - at < _MOST_LINES and _goes_on(rows[end - 1][0], rows[end], body, size):
        end += 1
    words = " ".join(row[0].text for row in rows[at:end])
    above = (line.top - max(each.bottom for each in rows[at - 1])) / body.height if at else _MUCH_ABOVE
    last = rows[end - 1][0]
    below = (min(each.top for each in rows[end]) - last.bottom) / body.height if end < len(rows) else _BELOW
    if not _may_be(words) or line.height < _LOWEST * body.height or above < _LITTLE_ABOVE or below < _BELOW:
        return None
    number = _NUMBERED.match(words)
    depth = len(re.findall(r"\d+", number[0])) if number else 0
    is_apart = above >= _MUCH_ABOVE and not words.endswith(_ENDS_A_SENTENCE)
    if size >= _LARGER or (is_apart and size >= (_LOWEST if depth > 1 else _LARGE)):
        return Heading(at, end, min(depth + 1, 6) if number else 1 if size >= _LARGEST else 2, size >= _LARGER)
    return None


def _goes_on(above: Line, row: Sequence[Line], body: Body, size: float) -> bool:
    """Whether a row is the next line of a heading that is set larger than the text."""
    line = row[0]
    return (
        len(row) == 1
        and size >= _LARGE
        and abs(_letter(line) / body.letter / size - 1) <= _SAME_SIZE
        and line.top - above.bottom < _LITTLE_ABOVE * body.height
    )


def _may_be(words: str) -> bool:
    ideographs = sum(is_wide(sign) for sign in words)
    letters = sum(sign.isalpha() for sign in words)
    return (
        not _ENTRY.match(words)
        and len(words) <= _LONGEST
        and (letters >= _FEWEST_LETTERS or ideographs >= _FEWEST_IDEOGRAPHS)
    )


def _letter(line: Line) -> float:
    """The width of a small letter in this line."""
    width = 0.0
    for sign in line.text:
        if is_wide(sign):
            width += 2.0
        elif sign in _THIN:
            width += 0.6
        elif sign in _BROAD:
            width += 1.6
        else:
            width += 1.35 if sign.isupper() else 1.0
    return max(line.width - _BOX_MARGIN * line.height, 0.0) / max(width, 1.0)
