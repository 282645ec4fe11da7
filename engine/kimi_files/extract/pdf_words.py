"""The words of a PDF page by their places: in boxes, in lines, in paragraphs, in columns of the page."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from typing import Any

# In shares of the letters' height: words are parted by a gap of a quarter, columns of a table by three or more.
_SEGMENT_GAP = 0.75
_WORD_GAP = 0.15
_NO_GAP = 0.06
_SAME_LINE = 0.55
_PARAGRAPH_GAP = 1.6

_GUTTER = 9.0
"""Points between two columns of a page, at least."""

_FEWEST_LINES = 8
_MOST_RUNS = 4_000

_LEADER = re.compile(r"[.·_…=\-–—]{4,}|(?:\. ?){4,}")


@dataclass(slots=True)
class Word:
    """A word, or words that stand in one piece, and its box in points from the upper left corner of the page."""

    left: float
    top: float
    right: float
    bottom: float
    text: str
    glued: bool = False
    """Whether it may be the rest of the word before it: a change of the font parts words, too."""
    middle: float = field(init=False)
    centre: float = field(init=False)

    def __post_init__(self) -> None:
        self.middle = (self.top + self.bottom) / 2
        self.centre = (self.left + self.right) / 2


@dataclass(frozen=True, slots=True)
class Box:
    """A part of the page, in the same points."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left

    def holds(self, word: Word) -> bool:
        return self.left <= word.centre <= self.right and self.top <= word.middle <= self.bottom

    def covered_by(self, other: Box) -> float:
        """The share of this box that ``other`` covers."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        if width <= 0 or height <= 0:
            return 0.0
        return width * height / max(self.width * (self.bottom - self.top), 1.0)

    def grown(self, by: float) -> Box:
        return Box(self.left - by, self.top - by, self.right + by, self.bottom + by)


class Line:
    """Words on one level, from left to right."""

    __slots__ = ("_segments", "bottom", "top", "words")

    def __init__(self, word: Word) -> None:
        self.top, self.bottom = word.top, word.bottom
        self.words = [word]
        self._segments: list[Word] | None = None

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def segments(self) -> list[Word]:
        """What stands no further apart than words do, in one piece."""
        if self._segments is None:
            self._segments = list(joined(self.words))
        return self._segments

    @property
    def text(self) -> str:
        return " ".join(segment.text for segment in self.segments)


class PageWords:
    """All upright words of a page, found by box without looking at each."""

    def __init__(self, items: Any) -> None:
        """``items`` are liteparse's runs of text, each with the words in it."""
        found = [(item.y, item.height, item) for item in items if abs(item.rotation) < 1]
        found.sort(key=lambda entry: entry[0] + entry[1] / 2)
        heights = [height for _, height, _ in found]
        self._middles = [top + height / 2 for top, height, _ in found]
        self._items = [item for _, _, item in found]
        self._height = median(heights) if found else 0.0
        self._tallest = max(heights, default=0.0)
        self._words: list[list[Word] | None] = [None] * len(found)

    def __len__(self) -> int:
        return len(self._items)

    def within(self, box: Box) -> list[Word]:
        return [word for number in self._near(box) for word in self._words_of(number) if box.holds(word)]

    def runs_within(self, box: Box) -> list[Word]:
        return [run for run in map(self._run, self._near(box)) if box.holds(run)]

    def runs(self) -> list[Word]:
        """liteparse's own pieces: words that stand close, on one level."""
        return [run for run in map(self._run, range(len(self))) if not run.text.isspace()]

    def _near(self, box: Box) -> range:
        start = bisect_left(self._middles, box.top - self._tallest)
        return range(start, bisect_left(self._middles, box.bottom + self._tallest, start))

    def _run(self, number: int) -> Word:
        item = self._items[number]
        return Word(item.x, item.y, item.x + item.width, item.y + item.height, item.text)

    def _words_of(self, number: int) -> list[Word]:
        words = self._words[number]
        if words is None:
            words = self._words[number] = list(self._made(self._items[number]))
        return words

    def _made(self, item: Any) -> Iterator[Word]:
        text = item.text.strip()
        if not text:
            return
        top, height = item.y, item.height
        # Marks of some fonts have boxes of several lines.
        if height > 1.8 * self._height and len(text) <= 2:
            height = self._height
        if " " not in text:
            if not _LEADER.fullmatch(text):
                yield Word(item.x, top, item.x + item.width, top + height, text, glued=True)
            return
        words = item.words
        if sum(len(word.text) for word in words) < len(text) - text.count(" "):
            yield Word(item.x, top, item.x + item.width, top + height, text, glued=True)
            return
        for number, word in enumerate(words):
            if not _LEADER.fullmatch(word.text):
                yield Word(word.x, top, word.x + word.width, top + height, word.text, glued=number == 0)


def in_lines(words: Iterable[Word]) -> list[Line]:
    """Words in lines, from top to bottom."""
    lines: list[Line] = []
    for word in sorted(words, key=lambda word: word.middle):
        if lines:
            line = lines[-1]
            height = word.bottom - word.top
            shared = min(line.bottom, word.bottom) - max(line.top, word.top)
            if shared > _SAME_LINE * min(line.bottom - line.top, height):
                line.words.append(word)
                if height > 1.3 * (line.bottom - line.top):
                    line.top, line.bottom = word.top, word.bottom
                continue
        lines.append(Line(word))
    for line in lines:
        line.words.sort(key=lambda word: word.left)
    return lines


def joined(words: list[Word]) -> Iterator[Word]:
    """Words in order joined to segments where they stand no further apart than words do."""
    texts: list[str] = []
    first: Word | None = None
    right = 0.0
    for word in words:
        if first is not None:
            gap, height = word.left - right, min(word.bottom - word.top, first.bottom - first.top)
            if gap <= _SEGMENT_GAP * height:
                if gap >= (_WORD_GAP if word.glued else _NO_GAP) * height:
                    texts.append(" ")
                texts.append(word.text)
                right = max(right, word.right)
                continue
            yield Word(first.left, first.top, right, first.bottom, "".join(texts))
        first, right, texts = word, word.right, [word.text]
    if first is not None:
        yield Word(first.left, first.top, right, first.bottom, "".join(texts))


def text_of(lines: Iterable[Line]) -> str:
    """The text of lines as one, hyphens at their ends undone."""
    return glued(line.text.strip() for line in lines)


def glued(parts: Iterable[str]) -> str:
    text = ""
    for part in parts:
        if text.endswith("\u00ad") or (text.endswith("-") and text[-2:-1].isalpha() and part[:1].islower()):
            text = text[:-1] + part
        else:
            text = f"{text} {part}" if text else part
    return text


def paragraphs(words: Iterable[Word], gutter: float | None) -> Iterator[tuple[Box, str]]:
    """Text joined where lines stand close; on each side of a gap between two columns of the page on its own."""
    sides: tuple[list[Word], list[Word]] = [], []
    for word in words:
        sides[gutter is not None and word.centre > gutter].append(word)
    for side in sides:
        group: list[Line] = []
        for line in in_lines(side):
            if group and line.middle - group[-1].middle > _PARAGRAPH_GAP * group[-1].height:
                yield _paragraph(group)
                group = []
            group.append(line)
        if group:
            yield _paragraph(group)


def _paragraph(lines: list[Line]) -> tuple[Box, str]:
    left = min(line.words[0].left for line in lines)
    right = max(line.words[-1].right for line in lines)
    return Box(left, lines[0].top, right, lines[-1].bottom), text_of(lines)


def page_gutter(page: PageWords, width: float) -> float | None:
    """Where the two columns of a page's text part, or None on a page that has not two."""
    if not _FEWEST_LINES <= len(page) <= _MOST_RUNS:
        return None
    runs = page.runs()
    lines = in_lines(runs)
    near, far = 0.35 * width, 0.65 * width
    gaps = [
        (a.right, b.left)
        for line in lines
        for a, b in pairwise(line.words)
        if b.left - a.right > _GUTTER and a.right < far and b.left > near
    ]
    best, most = 0.0, 3
    for x in {round((start + end) / 6) * 3.0 for start, end in gaps}:
        if near < x < far:
            free = sum(a <= x - _GUTTER / 2 and x + _GUTTER / 2 <= b for a, b in gaps)
            if free > most:
                best, most = x, free
    if not best:
        return None
    left, right = min(run.left for run in runs), max(run.right for run in runs)
    prose = over = 0
    for line in lines:
        ours = [run for run in line.words if run.right <= best]
        theirs = [run for run in line.words if run.left >= best]
        prose += is_prose(ours, best - left) + is_prose(theirs, right - best)
        over += not _clear(best, line)
    return best if prose >= 4 and over < 0.4 * len(lines) else None


def is_prose(words: list[Word], room: float) -> bool:
    """Whether words fill a column from edge to edge."""
    if not words or words[-1].right - words[0].left <= 0.75 * room:
        return False
    for a, b in pairwise(words):
        if b.left - a.right > _SEGMENT_GAP * (a.bottom - a.top):
            return False
    return sum(part.islower() for word in words for part in word.text.split()) >= 3


def mostly_prose(lines: list[Line], room: float) -> bool:
    return sum(is_prose(line.words, room) for line in lines) > 0.5 * len(lines)


def clear_of(x: float, words: Iterable[Word]) -> bool:
    """Whether no line of words goes over ``x`` without a gap as wide as that between columns of a page."""
    return all(_clear(x, line) for line in in_lines(words))


def _clear(x: float, line: Line) -> bool:
    left = max((word.right for word in line.words if word.centre < x), default=0.0)
    right = min((word.left for word in line.words if word.centre >= x), default=x + left + _GUTTER)
    return not left or right - left >= _GUTTER


def two_texts(x: float, words: list[Word]) -> bool:
    """Whether what stands on the two sides of ``x`` are columns of a page rather than of a table.

    They are where one side is prose, and where their lines do not stand on the same level.
    """
    left, right = in_lines(w for w in words if w.centre < x), in_lines(w for w in words if w.centre >= x)
    if not left or not right:
        return False
    for lines in (left, right):
        room = max(line.words[-1].right for line in lines) - min(line.words[0].left for line in lines)
        if sum(is_prose(line.words, room) for line in lines) >= max(2, 0.3 * len(lines)):
            return True
    few, many = sorted((left, right), key=len)
    level = sum(any(abs(a.middle - b.middle) < 0.3 * a.height for b in many) for a in few)
    return level < 0.7 * len(few)
