"""Cuts Markdown into sections at its headings; all sections together are the text, character by character."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from kimi_files.extract.document import OutlineEntry, PageText
from kimi_files.extract.pieces import outline_entry, page_texts
from kimi_files.tokens import estimate_tokens

SHORT_TOKENS = 2_000
"""A text of fewer tokens stays one page: an agent reads it whole anyway."""

_SHORT_CHARACTERS = 20_000
_MOST_ENTRIES = 1_000
_LONGEST_HEADING = 1_000

# What may be or end a heading: hashes, a fence, an underline. Each alternative is linear in the line's length.
_MARKED_LINE = re.compile(
    r"(?:(?<=[\r\n])|\A) {0,3}(?:(?P<hashes>#{1,6})(?=[ \t\r\n]|\Z)(?P<title>[^\r\n]*)"
    r"|(?P<fence>`{3,}(?=[^`\r\n]*(?:[\r\n]|\Z))|~{3,})(?P<info>[^\r\n]*)"
    r"|(?P<underline>=+|-+)[ \t]*(?=[\r\n]|\Z))"
)
_FRONT_MATTER = re.compile(r"---[ \t]*\r?\n(?:[^\r\n]*\r?\n)*?(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)")
_NO_PARAGRAPH = re.compile(r"\s*\Z|\t| {4}| {0,3}(?:[-*+>|#<]|\d+[.)]|```|~~~)")
_MARK_SIGN = re.compile(r"[*_`\[{<]")
_MARKS = re.compile(
    r"\*\*|__|`|(?<!\w)[*_](?!\))|(?<!\()[*_](?!\w)|!?\[([^\]]*)\]\([^)]*\)|\[\^[^\]\s]+\]|\{#[^}]*\}\s*\Z|<[^>]+>"
)


@dataclass(frozen=True, slots=True)
class Heading:
    """``start`` is the offset of its line, ``level`` 1 to 6, ``title`` the words without marks."""

    start: int
    level: int
    title: str


def sections(text: str) -> Iterator[PageText | OutlineEntry]:
    """The pages of a Markdown text, each beginning with a heading of the top levels, and an outline of all headings.

    A text of fewer than ``SHORT_TOKENS`` tokens is one page.
    """
    found = list(headings(text))
    levels = Counter(heading.level for heading in found)
    short = len(text) <= _SHORT_CHARACTERS and estimate_tokens(text) < SHORT_TOKENS
    yield from _pages(text, found, 0 if short else _cut_level(levels), _outline_level(levels))


def headings(text: str) -> Iterator[Heading]:
    """The headings in order; what looks like one inside of code fences and front matter is none."""
    front_matter = _FRONT_MATTER.match(text)
    end = front_matter.end() if front_matter else 0  # where the last line ended that was more than a paragraph
    fence = ""
    for match in _MARKED_LINE.finditer(text, end):
        if fence:
            if _closes(match, fence):
                fence, end = "", _next_line(text, match.end())
        elif match["fence"]:
            fence = match["fence"]
        elif match["hashes"]:
            end = _next_line(text, match.end())
            yield Heading(match.start(), len(match["hashes"]), plain_title(_without_closing(match["title"])))
        else:
            start = _paragraph_above(text, match.start(), end)
            if start is not None:
                title = plain_title(text[start : match.start()])
                end = _next_line(text, match.end())
                yield Heading(start, 1 if match["underline"][0] == "=" else 2, title)


def plain_title(text: str) -> str:
    """A heading's words without emphasis, links, code marks and anchors."""
    text = text[:_LONGEST_HEADING]
    # Most headings have none, and each sign that may begin one is tried in many ways.
    if _MARK_SIGN.search(text):
        text = _MARKS.sub(lambda match: match[1] or "", text)
    return " ".join(text.split())


def _pages(
    text: str, found: Sequence[Heading], cut_level: int, outline_level: int
) -> Iterator[PageText | OutlineEntry]:
    begins = [(heading.start, heading.title or None) for heading in found if heading.level <= cut_level]
    # Blank lines above the first heading go with it; anything else there is a page of its own.
    if not begins or text[: begins[0][0]].strip():
        begins.insert(0, (0, None))
    begins[0] = (0, begins[0][1])
    # A title alone, right above the first chapter, is no page worth turning.
    if len(begins) > 1 and _is_one_line(text[: begins[1][0]]):
        del begins[1]
    entries = [heading for heading in found if heading.level <= outline_level][:_MOST_ENTRIES]
    position = 0
    for number, ((start, title), (end, _)) in enumerate(pairwise([*begins, (len(text), None)]), start=1):
        while position < len(entries) and entries[position].start < end:
            entry = outline_entry(entries[position].title, entries[position].level, number)
            if entry is not None:
                yield entry
            position += 1
        yield from page_texts(number, str(number), "section" if cut_level else "text", title, text[start:end])


def _is_one_line(text: str) -> bool:
    return len(text) <= _LONGEST_HEADING and "\n" not in text.strip() and text.lstrip().startswith("#")


def _cut_level(levels: Counter[int]) -> int:
    """The highest level with more than one heading: a single title above the chapters is no cut worth having."""
    return next((level for level in sorted(levels) if levels[level] > 1), 0)


def _outline_level(levels: Counter[int]) -> int:
    """The deepest level with which the outline is not too long; the highest one is always in it."""
    total, deepest = 0, min(levels, default=1)
    for level in sorted(levels):
        total += levels[level]
        if total > _MOST_ENTRIES:
            break
        deepest = level
    return deepest


def _closes(match: re.Match[str], fence: str) -> bool:
    found: str | None = match["fence"]
    return found is not None and found[0] == fence[0] and len(found) >= len(fence) and not match["info"].strip()


def _without_closing(title: str) -> str:
    title = title.strip(" \t")
    open_title = title.rstrip("#")
    return open_title if not open_title or open_title[-1] in " \t" else title


def _next_line(text: str, end: int) -> int:
    return end + (2 if text[end : end + 2] == "\r\n" else 1)


def _paragraph_above(text: str, underline: int, end: int) -> int | None:
    """Where the line above an underline starts, if it is a paragraph of one line; None if it is not."""
    line_end = _line_end_before(text, underline)
    start = _line_start(text, line_end)
    if start is None or start < end or _NO_PARAGRAPH.match(text, start, line_end):
        return None
    if start in (0, end):
        return start
    above_end = _line_end_before(text, start)
    above = _line_start(text, above_end)
    return start if above is not None and not text[above:above_end].strip() else None


def _line_end_before(text: str, start: int) -> int:
    return start - (2 if text[max(start - 2, 0) : start] == "\r\n" else min(start, 1))


def _line_start(text: str, end: int) -> int | None:
    """Where the line that ends at ``end`` starts; None if it is too long for a heading."""
    low = max(end - _LONGEST_HEADING, 0)
    start = max(text.rfind("\n", low, end), text.rfind("\r", low, end)) + 1
    return start if start or low == 0 else None
