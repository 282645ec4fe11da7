"""Whether a bracket or a mark in Chinese is wide or narrow: the recognised sign does not tell, the blank around its ink does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Any

_NARROW, _WIDE = ",:;?!()", "，：；？！（）"
WIDE = str.maketrans(_NARROW, _WIDE)

# They stand for signs measured as narrow, until those that could not be measured are told by what stands around them.
_MEASURED = "\ue000\ue001\ue002\ue003\ue004\ue005\ue006"
_AS_MEASURED = str.maketrans(_NARROW + _WIDE, _MEASURED * 2)
MEASURED_BRACKETS = _MEASURED[-2:]
AS_NARROW = str.maketrans(_MEASURED, _NARROW)

_SIGNS = frozenset(_NARROW + _WIDE)
_OPENING, _BRACKETS, _QUOTES = "(（", "()（）", "“”‘’"
# Signs with half a blank of their own before or after their ink.
_BLANK_BEFORE, _BLANK_AFTER = frozenset("“‘（《〈「『【〔"), frozenset("”’）》〉」』】〕，。、：；？！")

# In ems. The ink of a sign is at most so wide, that of a bracket so tall, and so far from where it was read.
_INK, _TALL, _ASTRAY = 0.5, 0.6, 0.4
# Blank on the outer side of a bracket, and what lies between the ink before a sign and the ink after it: in eleven Chinese
# fonts, with Latin of two others, of 9 to 12 points, narrow ones stay below the first figure and wide ones above the second.
_NARROW_OUTSIDE, _WIDE_OUTSIDE = 0.38, 0.58
_NARROW_BRACKET, _WIDE_BRACKET = 0.92, 1.0
_NARROW_MARK, _WIDE_MARK = 0.88, 1.0
_OWN_BLANK, _MOST_OWN_BLANK, _BEARING = 0.5, 0.6, 0.1
_FEWEST_PITCHES = 4

# Of a line's picture, what may belong to the lines above and below it.
_TRIMMED = 0.08


@dataclass(frozen=True, slots=True)
class Reading:
    """A line as it was read. ``places`` are the signs' middles, in pixels from the left of ``crop``; empty if unknown."""

    text: str
    score: float
    crop: Any
    places: Sequence[float] = ()


def with_widths(readings: Sequence[Reading]) -> list[str]:
    """The text of each line of a page, wide and narrow signs as they were measured, as read where that is unsure."""
    pitches = [_pitches(reading) for reading in readings]
    ems = [sum(each) / len(each) for each in pitches if len(each) >= _FEWEST_PITCHES]
    if not ems:
        return [reading.text for reading in readings]
    common = median(ems)
    lines = [
        _Line(reading, sum(each) / len(each) if len(each) >= _FEWEST_PITCHES else common)
        for reading, each in zip(readings, pitches, strict=True)
    ]
    quotes = [blank for line in lines for blank in line.blanks_of_quotes()]
    own = min(median(quotes) - _BEARING, _MOST_OWN_BLANK) if quotes else _OWN_BLANK
    return [line.text(own) for line in lines]


def _pitches(reading: Reading) -> list[float]:
    """How far it is from one ideograph to the next beside it."""
    signs = list(zip(reading.text, reading.places, strict=False))
    return [right - left for (a, left), (b, right) in pairwise(signs) if _is_ideograph(a) and _is_ideograph(b)]


def _is_ideograph(sign: str) -> bool:
    return "\u3400" <= sign <= "\u9fff" or "\uf900" <= sign <= "\ufaff"


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Columns with ink, and how high that is."""

    left: int
    right: int
    height: int


@dataclass(frozen=True, slots=True)
class _Around:
    """The ink of a sign and the blank before and after it, in ems; None at an edge of the line."""

    before: float | None
    ink: float
    after: float | None


class _Line:
    def __init__(self, reading: Reading, em: float) -> None:
        self._reading = reading
        self._em = em
        is_of_use = reading.places and not _SIGNS.isdisjoint(reading.text)
        self._stretches = list(_stretches(reading.crop)) if is_of_use else []

    def blanks_of_quotes(self) -> Iterator[float]:
        """How far quotation marks stand off the ideograph on their outer side."""
        text = self._reading.text
        for at, sign in enumerate(text if self._stretches else ""):
            if sign in "“‘" and _is_ideograph(text[at - 1 : at]):
                around = self._around(at)
                if around and around.before is not None:
                    yield around.before
            elif sign in "”’" and _is_ideograph(text[at + 1 : at + 2]):
                around = self._around(at)
                if around and around.after is not None:
                    yield around.after

    def text(self, blank_of_quotes: float) -> str:
        """What was read, with the signs that could be measured; quotation marks have so much blank of their own."""
        text = self._reading.text
        signs = list(text)
        for at, sign in enumerate(text if self._stretches else ""):
            if sign in _SIGNS and (around := self._around(at)):
                previous, following = text[at - 1 : at], text[at + 1 : at + 2]
                if sign in _BRACKETS:
                    wide = _is_wide_bracket(sign, previous, following, around)
                else:
                    wide = _is_wide_mark(previous, following, around, blank_of_quotes)
                if wide is not None:
                    signs[at] = sign.translate(WIDE if wide else _AS_MEASURED)
        return "".join(signs)

    def _around(self, at: int) -> _Around | None:
        """None where there is no ink of such a sign."""
        place, em = self._reading.places[at], self._em
        is_tall = self._reading.text[at] in _BRACKETS
        near = [
            (abs((stretch.left + stretch.right) / 2 - place), at)
            for at, stretch in enumerate(self._stretches)
            if stretch.right - stretch.left <= _INK * em and (stretch.height >= _TALL * em or not is_tall)
        ]
        astray, at = min(near, default=(em, 0))
        if astray > _ASTRAY * em:
            return None
        before, here, after = (self._stretches[max(at - 1, 0)], self._stretches[at], self._stretches[at + 1 : at + 2])
        return _Around(
            (here.left - before.right) / em if at else None,
            (here.right - here.left) / em,
            (after[0].left - here.right) / em if after else None,
        )


def _stretches(crop: Any) -> Iterator[_Stretch]:
    import numpy

    grey = crop.mean(axis=2)
    trimmed = round(_TRIMMED * len(grey))
    dark, light = numpy.percentile(grey, (2, 90))
    ink = grey[trimmed : len(grey) - trimmed] < (dark + light) / 2
    columns = numpy.flatnonzero(ink.any(axis=0))
    if len(columns):
        for stretch in numpy.split(columns, numpy.flatnonzero(numpy.diff(columns) > 1) + 1):
            left, right = int(stretch[0]), int(stretch[-1]) + 1
            rows = numpy.flatnonzero(ink[:, left:right].any(axis=1))
            yield _Stretch(left, right, int(rows[-1] - rows[0]) + 1)


def _is_wide_bracket(sign: str, previous: str, following: str, around: _Around) -> bool | None:
    """Whether it takes a whole em; None where that is not sure: at an edge of the line, or beside a blank."""
    outside, inside, neighbour, blank_there = (
        (around.before, around.after, previous, _BLANK_AFTER)
        if sign in _OPENING
        else (around.after, around.before, following, _BLANK_BEFORE)
    )
    if outside is None:
        return None
    if outside < _NARROW_OUTSIDE:
        return False
    if neighbour in blank_there:
        return True if outside >= _WIDE_OUTSIDE + _OWN_BLANK else None
    if outside < _WIDE_OUTSIDE:
        length = outside + around.ink + (inside or 0.0)
        if length < _NARROW_BRACKET:
            return False
        if length < _WIDE_BRACKET:
            return None
    return None if neighbour.isspace() and sign in "()" else True


def _is_wide_mark(previous: str, following: str, around: _Around, blank_of_quotes: float) -> bool | None:
    if around.before is None or around.after is None:
        return None
    length = around.before + around.ink + around.after
    for neighbour in ({previous} & _BLANK_AFTER) | ({following} & _BLANK_BEFORE):
        length -= blank_of_quotes if neighbour in _QUOTES else _OWN_BLANK
    if length < _NARROW_MARK:
        return False
    return True if length >= _WIDE_MARK and not following.isspace() else None
