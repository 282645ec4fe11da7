"""Lines of a PDF page that its markdown lost put back where they stand: rows of a table, captions, titles on a band."""

from __future__ import annotations

import re
from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING

from kimi_files.extract.pdf_page.difference import Letters

if TYPE_CHECKING:
    from kimi_files.extract.pdf_page.laid import LaidPage

_FEWEST_LETTERS = 6
"""Of a line: shorter ones are found anywhere, and parts of formulas."""

_MOSTLY = 0.6
_MOST_LINES, _MOST_CHARACTERS = 400, 100_000
"""Of a page: with more, each line would be looked for in too much."""

_REACH = 3
"""Lines before or after a lost one by which its place is told."""

_MATHS_LETTER = re.compile("[\U0001d400-\U0001d7ff]")
_MATHS = frozenset("=∑∫√∞≤≥→∈∂∇±·∗−|{}^_\\")


def with_lost_lines(markdown: str, plain: str, missing: Counter[str], laid: LaidPage) -> str:
    """The markdown with the lines of the page's plain text whose letters are all ``missing`` from it.

    ``laid`` tells what stands within the page's borders: printers' marks are not to be put back.
    """
    if missing.total() < _FEWEST_LETTERS or len(plain) > _MOST_CHARACTERS:
        return markdown
    lines = [line.strip() for line in plain.split("\n")]
    if len(lines) > _MOST_LINES:
        return markdown
    # Most lines are found as they are, without a look at their letters.
    doubtful = {number: Letters(line).all for number, line in enumerate(lines) if line not in markdown}
    there, left = Letters(markdown).all, missing.copy()
    lost = {number for number, letters in doubtful.items() if _is_lost(lines[number], letters, there, left)}
    if lost:
        inside = _inside(laid)
        lost = {number for number in lost if _is_inside(lines[number], inside)}
    if not lost:
        return markdown
    letters = [Letters(line).all for line in lines]
    blocks = markdown.split("\n\n")
    known = [Letters(block).all for block in blocks]
    # From the end, so that places of blocks stay as they are.
    groups = [list(group) for is_lost, group in groupby(range(len(lines)), lost.__contains__) if is_lost]
    for numbers in reversed(groups):
        text = "\n".join(_tidy(lines[number]) for number in numbers)
        blocks.insert(_place(letters, known, numbers[0], numbers[-1]), text)
    return "\n\n".join(blocks)


def _is_lost(line: str, letters: str, there: str, left: Counter[str]) -> bool:
    """Whether the markdown has none of a line; its letters are no longer ``left`` then."""
    if len(letters) < _FEWEST_LETTERS or letters in there or len(letters) < _MOSTLY * len(line.replace(" ", "")):
        return False
    if not _MATHS.isdisjoint(line) or _MATHS_LETTER.search(line):
        return False
    own = Counter(letters)
    if any(count > left[letter] for letter, count in own.items()):
        return False
    left.subtract(own)
    return True


def _tidy(line: str) -> str:
    """A line with single blanks, and without what stands for signs that the font does not name."""
    return " ".join("".join(sign for sign in line.replace("\t", " ") if sign.isprintable()).split())


def _inside(laid: LaidPage) -> str:
    return " ".join(item.text for item in laid.items if 0 <= item.x <= laid.width and 0 <= item.y <= laid.height)


def _is_inside(line: str, inside: str) -> bool:
    """Whether most words of a line are; ligatures may differ."""
    words = line.split()
    return 2 * sum(word in inside for word in words) > len(words)


def _place(letters: list[str], known: list[str], first: int, last: int) -> int:
    """Before which block lines belong: after the one with the line above them, or before the one with the line below."""
    for above in letters[max(first - _REACH, 0) : first][::-1]:
        if len(above) >= _FEWEST_LETTERS and (found := [n for n, block in enumerate(known) if above in block]):
            return found[-1] + 1
    for below in letters[last + 1 : last + 1 + _REACH]:
        if len(below) >= _FEWEST_LETTERS and (found := [n for n, block in enumerate(known) if below in block]):
            return found[0]
    return len(known) if first > len(letters) / 2 else 0
