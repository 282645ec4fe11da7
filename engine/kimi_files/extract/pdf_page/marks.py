"""Raised numbers of a PDF page: marks of footnotes and exponents, which plain text glues to the number before them."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from kimi_files.extract.edits import edited

Bounds = tuple[float, float, float, float]
"""Left, bottom, right and top in points."""

_RAISED = re.compile(r"[+−–-]?[0-9]{1,3}(?:\s?[,–-]\s?[0-9]{1,3})*")
_LABELS = re.compile(r"[0-9]+")
# What is raised to a power: ten, and units and variables.
_POWER = re.compile(r"(?<![\w.,])(?:10|[A-Za-zµ]{1,2})$")

# A numerator, and the page after a row of dots, stand as high.
_CARRIES_NONE = re.compile(r"[=+−×·/<>≤≥≈±~(\[{|-]$|[.…·_]{3}$")
_BEGINS_NOTE = re.compile(r"\s*[\w\"'“‘«„(\[<]")
_SMALLER = 0.88

_RISE = 0.28
"""In shares of the height of what is before it."""

# Points.
_WIDEST = 40.0
_TALLEST = 12.0
_WIDEST_GAP = 7.0
_NOWHERE: Bounds = (-1e6, -1e6, -1e6, -1e6)

_MOST = 200
_LONGEST_PAGE = 100_000
_CONTEXT = 14
_ENOUGH_CONTEXT = 8

# Without blanks and what markdown may put between two characters.
_BETWEEN = re.compile(r"([\s*_`\\|]+)")
_BEFORE_NOTE = re.compile(r"(?:\n+#+ |\s*)(?<![\w.,])(\[?)\Z")
_AFTER_NUMBER = re.compile(r"[\s*_]*")
_BEFORE_MARK = re.compile(r"([*_]*)\s?[*_]*")

_FORMULA = re.compile(r"\$([^$\n]+)\$")
_NO_WORDS = re.compile(r"\\[A-Za-z]+ ?|[_^]?\{[^{}]*\}")
_PROSE = re.compile(r"[a-z]{9,}|[a-z]{3,}[,;.][A-Za-z]{2,}")


@dataclass(frozen=True, slots=True)
class Mark:
    """A raised number with the text before and after it on its line; ``opens`` where a note begins with it."""

    before: str
    text: str
    after: str
    opens: bool


def raised_marks(
    shown: Sequence[tuple[int, Bounds]], text_of: Callable[[int], str], size_of: Callable[[int], float]
) -> list[Mark]:
    """The raised numbers among the text objects of a page, which come in the order in which they are drawn.

    ``text_of`` gives the text of an object, ``size_of`` the size of its font.
    """
    if not _has_steps(shown):
        return []
    found: list[Mark] = []
    base = 0
    number = 1
    while number < len(shown) and len(found) < _MOST:
        bounds, foot = shown[number][1], shown[base][1]
        # Most stand as low as the one before, or as the one before that if it hangs below the line: told without a call.
        if (
            bounds[1] - foot[1] <= _RISE * (foot[3] - foot[1])
            or (base and _hangs_below(foot, shown[base - 1][1]) and bounds[1] <= shown[base - 1][1][1])
            or not (_is_raised(bounds, foot) and _follows(bounds, foot))
        ):
            base, number = number, number + 1
            continue
        after = number + 1
        while after < len(shown) and _is_raised(shown[after][1], shown[base][1]) and _follows(shown[after][1], bounds):
            bounds, after = shown[after][1], after + 1
        # The size is told at once, a text is looked for on the whole page.
        if size_of(shown[number][0]) < _SMALLER * size_of(shown[base][0]):
            text = "".join(text_of(obj) for obj, _ in shown[number:after]).strip(" ,")
            if _RAISED.fullmatch(text):
                before, follows = _before(shown, base, text_of), _after(shown, after, bounds, text_of)
                found.append(Mark(before, text, follows, opens=False))
        number = after
    for (obj, bounds), (following, place), (_, last) in zip(shown, shown[1:], [(0, _NOWHERE), *shown], strict=False):
        if (
            bounds[1] - place[1] > _RISE * (place[3] - place[1])
            and _is_raised(bounds, place)
            and _follows(place, bounds)
            and not _follows(bounds, last)
        ) and size_of(obj) < _SMALLER * size_of(following):
            text = text_of(obj).strip()
            if text.isdecimal() and len(text) <= 3:
                found.append(Mark("", text, text_of(following), opens=True))
    return found


def _has_steps(shown: Sequence[tuple[int, Bounds]]) -> bool:
    """Whether any object stands close behind another, and a good deal higher or lower: on most pages none does."""
    for (_, (_, foot, right, top)), (_, (left, other, _, end)) in pairwise(shown):
        if -2.0 < left - right < _WIDEST_GAP and (
            other - foot > _RISE * (top - foot) or foot - other > _RISE * (end - other)
        ):
            return True
    return False


def with_marks(text: str, marks: Sequence[Mark]) -> str:
    """The text of the page with "[^3]" for the mark of a note on the page, "[^3]: " where it begins, and "^2" for others."""
    if len(text) > _LONGEST_PAGE:
        return text
    bare = _Bare(text)
    marked = {label for mark in marks if not mark.opens for label in _LABELS.findall(mark.text)}
    edits: dict[int, tuple[int, str]] = {}
    opened = set()
    for mark in marks:
        if mark.opens and mark.text in marked and mark.text not in opened and _BEGINS_NOTE.match(mark.after):
            places = list(bare.openings(mark))
            if len(places) == 1 and not _in_table(text, places[0][0]):
                opened.add(mark.text)
                start, end, bracket = places[0]
                edits[start] = end, f"{chr(10) * 2 if start else ''}[^{mark.text}]: {bracket}"
    for mark, count in Counter(mark for mark in marks if not mark.opens).items():
        if not bare.of(mark.before) or _CARRIES_NONE.search(mark.before.rstrip()):
            continue
        spans = list(bare.raised(mark))
        if len(spans) > count and len(mark.before.strip()) + len(mark.after.strip()) < _ENOUGH_CONTEXT:
            # A number of the table beside it may look the same.
            continue
        labels = _LABELS.findall(mark.text)
        is_note = opened.issuperset(labels) and not _POWER.search(mark.before.rstrip())
        label = "".join(f"[^{label}]" for label in labels) if is_note else f"^{mark.text}"
        for start, end in spans[:count]:
            edits.setdefault(start, (end, label))
    return edited(text, ((start, end, new) for start, (end, new) in edits.items()))


class _Bare:
    """A page's text without its blanks and what markdown may put between two characters, found in it all the same."""

    def __init__(self, text: str) -> None:
        self._whole = text
        parts = _BETWEEN.split(text)
        self._text = "".join(parts[::2])
        # Where each piece of it begins, and how much was left out before that.
        self._starts = list(accumulate(map(len, parts[::2]), initial=0))
        self._left_out = list(accumulate(map(len, parts[1::2]), initial=0))

    @staticmethod
    def of(text: str, *, start: bool = False) -> str:
        """The bare text on the last line of a text, or on its first: pdfium has a mark for a hyphen at the end of a line."""
        return _BETWEEN.sub("", text.partition("\x02")[0] if start else text.rpartition("\x02")[2])

    def openings(self, mark: Mark) -> Iterator[tuple[int, int, str]]:
        """Where a note begins with its mark: the part that mark and blanks around it take, and a bracket before them."""
        for place in self._find(mark.text + self.of(mark.after, start=True)[:_CONTEXT]):
            at = self._at(place)
            # Notes come as headings, as links, or at the end of the paragraph before them.
            before = _BEFORE_NOTE.search(self._whole, max(at - _CONTEXT, 0), at)
            after = _AFTER_NUMBER.match(self._whole, self._at(place + len(mark.text) - 1) + 1)
            if before and after:
                yield before.start(), after.end(), before[1]

    def raised(self, mark: Mark) -> Iterator[tuple[int, int]]:
        """Where a mark stands between what is before and after it."""
        before = self.of(mark.before)[-_CONTEXT:]
        number = self.of(mark.text)
        for place in self._find(before + number + self.of(mark.after, start=True)[:_ENOUGH_CONTEXT]):
            first = place + len(before)
            between = _BEFORE_MARK.fullmatch(self._whole, self._at(first - 1) + 1, self._at(first))
            if between:
                yield between.end(1), self._at(first + len(number) - 1) + 1

    def _at(self, place: int) -> int:
        """Where a character of the bare text stands in the whole."""
        return place + self._left_out[bisect_right(self._starts, place) - 1]

    def _find(self, part: str) -> Iterator[int]:
        place = self._text.find(part)
        while place >= 0:
            yield place
            place = self._text.find(part, place + len(part))


def without_false_formulas(markdown: str, plain: str) -> str:
    """The markdown with its words apart again where a formula took them in: "$m^{2}andthevolume$", and signs as they look."""

    def words(match: re.Match[str]) -> str:
        bare = _NO_WORDS.sub(" ", match[1])
        # What has blanks stands between two signs of dollars, or two formulas.
        if not _PROSE.search(bare) or " " in re.sub(r"\\[A-Za-z]+ ", "", match[1]):
            return match[0]
        characters = [c for c in re.sub(r"\\[A-Za-z]+", "", match[1]) if c.isalnum()]
        found = re.search(r"[\W_]{0,4}".join(characters[:400]), plain)
        return " ".join(found[0].split()) if found else match[0]

    if not markdown.isascii():
        from kimi_files.extract.symbols import readable

        markdown = readable(markdown, is_formula=True)
    return _FORMULA.sub(words, markdown) if "$" in markdown and len(plain) <= _LONGEST_PAGE else markdown


def _is_raised(bounds: Bounds, base: Bounds) -> bool:
    """Whether an object begins well above the foot of another."""
    raised = bounds[1] - base[1]
    return (
        _RISE * (base[3] - base[1]) < raised < base[3] - base[1] + 1.0
        and bounds[3] - bounds[1] < _TALLEST
        and bounds[2] - bounds[0] < _WIDEST
    )


def _hangs_below(bounds: Bounds, other: Bounds) -> bool:
    """Whether an object begins below another on its line, as a letter p does."""
    return bounds[1] < other[1] < bounds[1] + 0.5 * (other[3] - other[1])


def _follows(bounds: Bounds, other: Bounds) -> bool:
    return -2.0 < bounds[0] - other[2] < _WIDEST_GAP and bounds[1] < other[3] + 2.0 and other[1] < bounds[3] + 2.0


def _before(shown: Sequence[tuple[int, Bounds]], base: int, text_of: Callable[[int], str]) -> str:
    """The text from before the mark, of as many objects of its line as make a few words."""
    text = text_of(shown[base][0])
    while (
        len(text) < _CONTEXT
        and base
        and _follows(shown[base][1], shown[base - 1][1])
        and not _is_raised(shown[base - 1][1], shown[base][1])
    ):
        base -= 1
        text = text_of(shown[base][0]) + text
    return text


def _after(shown: Sequence[tuple[int, Bounds]], number: int, bounds: Bounds, text_of: Callable[[int], str]) -> str:
    if number < len(shown) and _follows(shown[number][1], bounds) and shown[number][1][1] < bounds[1]:
        return text_of(shown[number][0])
    return ""


def _in_table(text: str, place: int) -> bool:
    return text.startswith("|", text.rfind("\n", 0, place) + 1)
