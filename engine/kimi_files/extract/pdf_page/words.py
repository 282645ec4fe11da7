"""The words of a PDF page by their places: in boxes, in lines, in paragraphs, in columns of the page."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, floor, inf
from operator import attrgetter, itemgetter
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

_WIDEST_GUTTER = 60.0
_MOST_GUTTERS = 3

_FEWEST_LINES = 8
_FEWEST_PROSE = 4
_MOST_RUNS = 4_000

# What a line of prose has at least: words in small letters, or signs of Chinese, Japanese and Korean.
_FEWEST_SMALL = 3
_FEWEST_WIDE = 12
_WIDE_SIGNS = re.compile("[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uff60]+")

_LEADER = re.compile(r"[.·_…=\-–—]{4,}|(?:\. ?){4,}")
_WITHOUT_BLANKS = "\u2e80"
_HANGUL = re.compile("[\u1100-\u11ff\uac00-\ud7af]")
_LEADERS = frozenset(".·_…=-–—")

_MIDDLE, _LEFT, _FIRST = attrgetter("middle"), attrgetter("left"), itemgetter(0)


class Word:
    """A word, or words that stand in one piece, and its box in points from the upper left corner of the page.

    ``glued`` tells whether it may be the rest of the word before it: a change of the font parts words, too.
    """

    __slots__ = ("bottom", "centre", "glued", "left", "middle", "right", "text", "top")

    def __init__(self, left: float, top: float, right: float, bottom: float, text: str, glued: bool = False) -> None:
        self.left, self.top, self.right, self.bottom = left, top, right, bottom
        self.text, self.glued = text, glued
        self.middle = (top + bottom) / 2
        self.centre = (left + right) / 2


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

    @property
    def height(self) -> float:
        return self.bottom - self.top

    def holds(self, word: Word) -> bool:
        return self.left <= word.centre <= self.right and self.top <= word.middle <= self.bottom

    def covered_by(self, other: Box) -> float:
        """The share of this box that ``other`` covers."""
        if other.top >= self.bottom or other.bottom <= self.top or other.left >= self.right or other.right <= self.left:
            return 0.0
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        return width * height / max(self.width * (self.bottom - self.top), 1.0)

    def with_(self, other: Box) -> Box:
        """The smallest box that holds both."""
        left, top = min(self.left, other.left), min(self.top, other.top)
        return Box(left, top, max(self.right, other.right), max(self.bottom, other.bottom))

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
            self._segments = self.words if len(self.words) == 1 else list(joined(self.words))
        return self._segments

    @property
    def text(self) -> str:
        return " ".join(segment.text for segment in self.segments)


class PageWords:
    """All upright words of a page, found by box without looking at each."""

    def __init__(self, items: Any) -> None:
        """``items`` are liteparse's runs of text, each with the words in it."""
        found = []
        for item in items:
            if abs(item.rotation) < 1:
                top, height = item.y, item.height
                found.append((top + height / 2, top, height, item))
        found.sort(key=_FIRST)
        heights = [height for _, _, height, _ in found]
        self._middles = [middle for middle, _, _, _ in found]
        self._items = found
        self._height = median(heights) if found else 0.0
        self._tallest = max(heights, default=0.0)
        self._words: list[list[Word] | None] = [None] * len(found)
        self._runs: list[Word | None] = [None] * len(found)
        self._all: list[Word] | None = None
        self._lines: list[Line] | None = None

    def __len__(self) -> int:
        return len(self._items)

    def within(self, box: Box) -> list[Word]:
        left, top, right, bottom = box.left, box.top, box.right, box.bottom
        made = self._words
        return [
            word
            for number in self._near(box)
            for word in made[number] or self._words_of(number)
            if left <= word.centre <= right and top <= word.middle <= bottom
        ]

    def runs_within(self, box: Box) -> list[Word]:
        left, top, right, bottom = box.left, box.top, box.right, box.bottom
        return [
            run
            for number in self._near(box)
            if left <= (run := self._runs[number] or self._run(number)).centre <= right and top <= run.middle <= bottom
        ]

    def runs(self) -> list[Word]:
        """liteparse's own pieces: words that stand close, on one level."""
        if self._all is None:
            self._all = [run for number in range(len(self)) if not (run := self._run(number)).text.isspace()]
        return self._all

    def lines(self) -> list[Line]:
        """These pieces in lines."""
        if self._lines is None:
            self._lines = in_lines(self.runs())
        return self._lines

    def _near(self, box: Box) -> range:
        start = bisect_left(self._middles, box.top - self._tallest)
        return range(start, bisect_left(self._middles, box.bottom + self._tallest, start))

    def _run(self, number: int) -> Word:
        run = self._runs[number]
        if run is None:
            _, top, height, item = self._items[number]
            left = item.x
            run = self._runs[number] = Word(left, top, left + item.width, top + height, item.text)
        return run

    def _words_of(self, number: int) -> list[Word]:
        words = self._words[number]
        if words is None:
            words = self._words[number] = self._made(*self._items[number][1:])
        return words

    def _made(self, top: float, height: float, item: Any) -> list[Word]:
        text = item.text.strip()
        if not text:
            return []
        # Marks of some fonts have boxes of several lines.
        if height > 1.8 * self._height and len(text) <= 2:
            height = self._height
        bottom = top + height
        if " " in text:
            words = [(word.text, word.x, word.width) for word in item.words]
            if sum(len(word) for word, _, _ in words) >= len(text) - text.count(" "):
                return [
                    Word(x, top, x + width, bottom, word, glued=not number)
                    for number, (word, x, width) in enumerate(words)
                    if not (word[0] in _LEADERS and _LEADER.fullmatch(word))
                ]
        elif text[0] in _LEADERS and _LEADER.fullmatch(text):
            return []
        return [Word(item.x, top, item.x + item.width, bottom, text, glued=True)]


def in_lines(words: Iterable[Word]) -> list[Line]:
    """Words in lines, from top to bottom."""
    lines: list[Line] = []
    line: Line | None = None
    for word in sorted(words, key=_MIDDLE):
        top, bottom = word.top, word.bottom
        if line is not None:
            above, below = line.top, line.bottom
            height, own = bottom - top, below - above
            shared = (below if below < bottom else bottom) - (above if above > top else top)
            if shared > _SAME_LINE * (own if own < height else height):
                line.words.append(word)
                if height > 1.3 * own:
                    line.top, line.bottom = top, bottom
                continue
        line = Line(word)
        lines.append(line)
    for line in lines:
        if len(line.words) > 1:
            line.words.sort(key=_LEFT)
    return lines


def joined(words: list[Word]) -> Iterator[Word]:
    """Words in order joined to segments where they stand no further apart than words do."""
    if len(words) == 1:
        yield words[0]
        return
    texts: list[str] = []
    first: Word | None = None
    right = tall = 0.0
    for word in words:
        if first is not None:
            gap, height = word.left - right, word.bottom - word.top
            if tall < height:
                height = tall
            if gap <= _SEGMENT_GAP * height:
                if gap >= (_WORD_GAP if word.glued else _NO_GAP) * height:
                    texts.append(" ")
                texts.append(word.text)
                if word.right > right:
                    right = word.right
                continue
            yield Word(first.left, first.top, right, first.bottom, "".join(texts))
        first, right, texts, tall = word, word.right, [word.text], word.bottom - word.top
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
        elif text[-1:] >= _WITHOUT_BLANKS <= part[:1] and not _HANGUL.match(part):
            text += part
        else:
            text = f"{text} {part}" if text else part
    return text


def paragraphs(words: Iterable[Word], gutters: Sequence[float]) -> Iterator[tuple[Box, str]]:
    """Text joined where lines stand close; on each side of the gaps between columns of the page on its own."""
    sides: list[list[Word]] = [[] for _ in range(len(gutters) + 1)]
    for word in words:
        sides[bisect_left(gutters, word.centre)].append(word)
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
    runs, lines = page.runs(), page.lines()
    near, far = 0.35 * width, 0.65 * width
    gaps = [
        (a.right, b.left)
        for line in lines
        for a, b in pairwise(line.words)
        if b.left - a.right > _GUTTER and a.right < far and b.left > near
    ]
    free = Counter(
        step
        for a, b in gaps
        for step in range(ceil(max(a + _GUTTER / 2, near) / 3), floor(min(b - _GUTTER / 2, far) / 3) + 1)
    )
    best, most = 0.0, 3
    for x in {round((start + end) / 6) * 3.0 for start, end in gaps}:
        lines_free = free[round(x / 3)]
        if lines_free > most and near < x < far:
            best, most = x, lines_free
    if not best:
        return None
    if sum(not _clear(best, line) for line in lines) >= 0.4 * len(lines):
        return None
    left, right = min(run.left for run in runs), max(run.right for run in runs)
    prose = 0
    for line in lines:
        prose += is_prose([run for run in line.words if run.right <= best], best - left)
        prose += is_prose([run for run in line.words if run.left >= best], right - best)
        if prose >= _FEWEST_PROSE:
            return best
    return None


def page_gutters(page: PageWords, width: float) -> list[float]:
    """Where the columns of a page's text part, from left to right; none on a page of one column."""
    if not _FEWEST_LINES <= len(page) <= _MOST_RUNS:
        return []
    runs = page.runs()
    lines = [line for line in page.lines() if len(line.words) > 1]
    free = Counter(
        step
        for line in lines
        for a, b in pairwise(line.words)
        if _GUTTER < b.left - a.right < _WIDEST_GUTTER
        for step in range(ceil((a.right + _GUTTER / 2) / 3), floor((b.left - _GUTTER / 2) / 3) + 1)
    )
    found: list[float] = []
    for step, count in free.most_common(60):
        if count < max(4, 0.3 * len(lines)) or len(found) == _MOST_GUTTERS:
            break
        if all(abs(step * 3.0 - other) > 0.15 * width for other in found):
            found.append(step * 3.0)
    if not found:
        return []
    found.sort()
    edges = [min(run.left for run in runs), *found, max(run.right for run in runs)]
    columns = [[run for run in runs if a <= run.centre < b] for a, b in pairwise(edges)]
    for column, (a, b) in zip(columns, pairwise(edges), strict=True):
        if sum(is_prose(line.words, b - a - _GUTTER) for line in in_lines(column)) < _FEWEST_PROSE:
            return []
    return found


def is_prose(words: list[Word], room: float) -> bool:
    """Whether words fill a column from edge to edge."""
    if not words or words[-1].right - words[0].left <= 0.75 * room:
        return False
    for a, b in pairwise(words):
        if b.left - a.right > _SEGMENT_GAP * (a.bottom - a.top):
            return False
    return (
        sum(part.islower() for word in words for part in word.text.split()) >= _FEWEST_SMALL
        or sum(wide_signs(word.text) for word in words) >= _FEWEST_WIDE
    )


def wide_signs(text: str) -> int:
    """How many of its letters and marks are Chinese, Japanese and Korean ones."""
    return 0 if text.isascii() else sum(map(len, _WIDE_SIGNS.findall(text)))


def width_of(line: str) -> int:
    """In Latin letters; those of Chinese, Japanese and Korean take the room of two."""
    return len(line) + wide_signs(line)


def mostly_prose(lines: list[Line], room: float) -> bool:
    return sum(is_prose(line.words, room) for line in lines) > 0.35 * len(lines)


def clear_of(x: float, words: Iterable[Word]) -> bool:
    """Whether no line of words goes over ``x`` without a gap as wide as that between columns of a page."""
    return all(_clear(x, line) for line in in_lines(words))


def _clear(x: float, line: Line) -> bool:
    left, right = 0.0, inf
    for word in line.words:
        if word.centre < x:
            left = max(left, word.right)
        else:
            right = min(right, word.left)
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
