"""Running headers and footers of a PDF that come as a heading on every page: a line of the page like any other."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from kimi_files.extract.pieces import FEWEST_RUNNING, running_keys

_PAGE_NUMBER = re.compile(r"^[0-9]{1,5}(?= )| [0-9]{1,5}$")
_COUNTED = re.compile(r"[^\W\d]+ [0-9]{1,3}")
"""A chapter or an exercise that may begin each page."""

_SHARE = 1 / 3
"""Of the pages: headers of left and of right pages may differ, and first pages of chapters have none."""


class RunningHeadings:
    """Headings that begin or end pages, by how many of the pages so far they do."""

    def __init__(self) -> None:
        self._times: Counter[str] = Counter()
        self._pages = 0
        self._kept: set[str] = set()

    def add(self, markdown: str, number: int) -> None:
        """Count those of a page; ``number`` is its own."""
        self._pages += 1
        for start, _, title in _edges(markdown):
            self._times.update(_keys(title, number, is_last=start > 0))

    def without(self, markdown: str, number: int) -> str:
        """The markdown of a page with those that count its number, or are on many pages, as plain lines.

        What is the same on many pages stays a heading where it stands first, which may be the title.
        """
        for start, words, title in _edges(markdown):
            if self._runs(title, _keys(title, number, is_last=start > 0)):
                markdown = markdown[:start] + markdown[words:]
        return markdown

    def _runs(self, title: str, keys: set[str]) -> bool:
        most = max(self._times[key] for key in keys)
        if most < FEWEST_RUNNING or self._times[title] < most:
            return most >= FEWEST_RUNNING
        if most < _SHARE * self._pages:
            return False
        is_known = title in self._kept
        self._kept.add(title)
        return is_known


def _edges(markdown: str) -> Iterator[tuple[int, int, str]]:
    """Where the last and the first block of a page stand, if they are headings, where their titles begin, and these."""
    last = markdown.rfind("\n\n") + 2
    first = markdown.partition("\n\n")[0]
    for start, block in ((last, markdown[last:]), (0, first)) if last > 1 else ((0, first),):
        if block.startswith("#"):
            title = block.lstrip("#").lstrip()
            yield start, start + len(block) - len(title), title


def _keys(title: str, number: int, *, is_last: bool) -> set[str]:
    """What is the same on other pages; at the foot of a page the page number is enough."""
    if not is_last and _COUNTED.fullmatch(title):
        return {title}
    keys = running_keys(title, number)
    if is_last and (found := _PAGE_NUMBER.search(title)):
        keys.add(f"{int(found[0]) - number:+}")
    return keys
