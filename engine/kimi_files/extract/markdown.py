"""Cuts Markdown into sections at its headings; all sections together are the text, character by character."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from kimi_files.extract.document import OutlineEntry, PageText
from kimi_files.extract.pieces import outline_entry, page_texts
from kimi_files.tokens import estimate_tokens

SHORT_TOKENS = 2_000
"""A text of fewer tokens stays one page: an agent reads it whole anyway."""

_SHORT_CHARACTERS = 20_000
_MOST_ENTRIES = 1_000

_LINE = re.compile(r"[^\r\n]*(?:\r\n?|\n)|[^\r\n]+\Z")
_HASHES = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$")
_UNDERLINE = re.compile(r" {0,3}(=+|-+)[ \t]*$")
_NO_PARAGRAPH = re.compile(r"\s*$|\t| {4}| {0,3}(?:[-*+>|#<]|\d+[.)]|```|~~~)")
_FENCE = re.compile(r" {0,3}(`{3,}(?=[^`]*$)|~{3,})(.*)$")
_MARKS = re.compile(r"\*\*|__|`|(?<!\w)[*_]|[*_](?!\w)|!?\[([^\]]*)\]\([^)]*\)|\{#[^}]*\}\s*$|<[^>]+>")


@dataclass(frozen=True, slots=True)
class Heading:
    """``level`` is 1 to 6, ``title`` the words without marks."""

    level: int
    title: str


def sections(parts: Callable[[], Iterable[str]]) -> Iterator[PageText | OutlineEntry]:
    """The pages of a Markdown text, each beginning with a heading of the top levels, and an outline of all headings.

    ``parts()`` gives the text in parts of any size; it is called twice, and no more than one section is in memory. A
    text of fewer than ``SHORT_TOKENS`` tokens is one page.
    """
    levels: Counter[int] = Counter()
    beginning, characters = "", 0
    for line, heading in headed_lines(lines(parts())):
        characters += len(line)
        if characters <= _SHORT_CHARACTERS:
            beginning += line
        if heading is not None:
            levels[heading.level] += 1
    short = characters <= _SHORT_CHARACTERS and estimate_tokens(beginning) < SHORT_TOKENS
    cut_level = 0 if short else _cut_level(levels)
    yield from _pages(headed_lines(lines(parts())), cut_level, _outline_level(levels))


def lines(parts: Iterable[str]) -> Iterator[str]:
    """The lines of a text with their ends, whatever those are."""
    rest = ""
    for part in parts:
        rest += part
        end = max(rest.rfind("\n"), rest.rfind("\r", 0, len(rest) - 1)) + 1
        yield from _LINE.findall(rest[:end])
        rest = rest[end:]
    yield from _LINE.findall(rest)


def headed_lines(text_lines: Iterable[str]) -> Iterator[tuple[str, Heading | None]]:
    """Each line with the heading that begins on it; none inside of code fences and front matter."""
    fence = ""
    front_matter = False
    above: str | None = None  # the only line so far of a paragraph, which an underline makes a heading
    paragraph = False
    for number, line in enumerate(text_lines):
        content = line.rstrip("\r\n")
        heading: Heading | None = None
        underline = _UNDERLINE.match(content) if above is not None else None
        if above is not None:
            yield above, Heading(1 if "=" in content else 2, plain_title(above)) if underline else None
            above = None
        if number == 0 and content.rstrip() == "---":
            front_matter = True
        elif front_matter:
            front_matter = content.rstrip() not in ("---", "...")
        elif fence:
            fence = "" if _closes(content, fence) else fence
        elif underline:
            paragraph = False
        elif match := _FENCE.match(content):
            fence, paragraph = match[1], False
        elif match := _HASHES.match(content):
            heading, paragraph = Heading(len(match[1]), plain_title(match[2] or "")), False
        elif _NO_PARAGRAPH.match(content):
            paragraph = bool(content.strip())
        elif not paragraph:
            above, paragraph = line, True
            continue
        yield line, heading
    if above is not None:
        yield above, None


def plain_title(text: str) -> str:
    """A heading's words without emphasis, links, code marks and anchors."""
    return " ".join(_MARKS.sub(lambda match: match[1] or "", text).split())


def _pages(
    text_lines: Iterable[tuple[str, Heading | None]], cut_level: int, outline_level: int
) -> Iterator[PageText | OutlineEntry]:
    number, entries = 1, 0
    section: list[str] = []
    title: str | None = None

    def page() -> Iterator[PageText]:
        return page_texts(number, str(number), "section" if cut_level else "text", title, section)

    for line, heading in text_lines:
        if heading is not None:
            if heading.level <= cut_level:
                if any(not earlier.isspace() for earlier in section):
                    yield from page()
                    number += 1
                    section = []
                title = heading.title or None
            entry = outline_entry(heading.title, heading.level, number)
            if entry is not None and heading.level <= outline_level and entries < _MOST_ENTRIES:
                entries += 1
                yield entry
        section.append(line)
    yield from page()


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


def _closes(content: str, fence: str) -> bool:
    match = _FENCE.match(content)
    return match is not None and match[1][0] == fence[0] and len(match[1]) >= len(fence) and not match[2].strip()
