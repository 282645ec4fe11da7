"""Which part of a file is asked for: "3-7,12", names of sheets and chapters, lines of a one-page text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from kimi_files.content import Content, PageInfo
from kimi_files.errors import InvalidPages
from kimi_files.page_names import is_lines

_LETTER = r"[^\W\d_]"
_RANGE = re.compile(r"(.+?)\s*(?:-|–|—|\.\.|~|至|到)\s*(.+)|(.+?)\s*-")
_NAMED = re.compile(
    r"^(?:pages?|pp?\.|sheets?|slides?|chapters?|sections?|lines?|第)\s*(?=[\d\"'])|(?<=\d)\s*[页頁章节節行]$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Span:
    """Characters ``start`` to ``end`` of a page; ``end`` None is the page's end."""

    page: int
    start: int = 0
    end: int | None = None


async def select(content: Content, pages: str) -> list[Span]:
    """The spans that ``pages`` names, in the order of the file, none twice. Everything where it names nothing.

    Raises InvalidPages, saying which part of the words is wrong and what the file has.
    """
    parts = [part.strip() for part in _split(pages)]
    parts = [part for part in parts if part]
    if not parts:
        return [Span(page.number) for page in content.pages]
    if is_lines(content) and parts != ["1"]:
        return await _lines(content, parts)
    labels = content.labels
    numbers: set[int] = set()
    for part in parts:
        numbers.update(_pages_of(part, labels, content))
    return [Span(number) for number in sorted(numbers)]


def _split(pages: str) -> list[str]:
    """Cut at commas and semicolons that stand outside quotes: a sheet may be called "Q1, Q2"."""
    found = re.findall(r"\"([^\"]*)\"|([^,;，；、\"]+)", pages)
    return [quoted or bare for quoted, bare in found]


def _pages_of(part: str, labels: Sequence[str], content: Content) -> list[int]:
    """Numbers of the pages that one part names; a name goes before a range, for sheets called "2020-2021"."""
    pages = content.pages
    single = _find(part, labels, pages)
    if single is not None:
        return [single]
    match = _RANGE.fullmatch(_NAMED.sub("", part))
    if match and match.group(3):
        first = _find(match.group(3), labels, pages)
        if first is not None:
            return list(range(first, len(pages) + 1))
    if match and match.group(1):
        first, last = _find(match.group(1), labels, pages), _find(match.group(2), labels, pages)
        if first is not None and last is None and match.group(2).isdigit() and int(match.group(2)) > len(pages):
            last = len(pages)
        if first is not None and last is not None:
            if first > last:
                raise InvalidPages(f"'{part}' runs backwards.", f"Write '{labels[last - 1]}-{labels[first - 1]}'.")
            return list(range(first, last + 1))
    raise InvalidPages(f"There is no page '{part[:80]}'.", _what_there_is(part, labels, content))


def _find(name: str, labels: Sequence[str], pages: Sequence[PageInfo]) -> int | None:
    """Number of the page with that label, number or title."""
    name = name.strip()
    bare = _NAMED.sub("", name).strip().strip("\"'")
    for candidate in (name, bare):
        if candidate in labels:
            return labels.index(candidate) + 1
    for index, page in enumerate(pages):
        known = {labels[index].casefold(), (page.title or "").casefold()} - {""}
        if name.casefold() in known or bare.casefold() in known:
            return index + 1
    if bare.isdigit() and 1 <= int(bare) <= len(pages) and not any(label.isdigit() for label in labels):
        return int(bare)
    return None


def _what_there_is(part: str, labels: Sequence[str], content: Content) -> str:
    import difflib

    heading = next((entry for entry in content.outline if part.casefold() in entry.title.casefold()), None)
    if heading and re.search(_LETTER, part):
        return f'The heading "{heading.title[:80]}" is on page {labels[heading.page - 1]}.'
    names = [*labels, *(page.title for page in content.pages if page.title)]
    near = difflib.get_close_matches(part, names, n=1) if re.search(_LETTER, part) else []
    if near:
        return f'Did you mean "{near[0]}"?'
    if len(labels) == 1:
        return f'The file has one page, "{labels[0]}".'
    if all(label.isdigit() for label in labels):
        return f"The file has pages {labels[0]} to {labels[-1]}."
    shown = ", ".join(f'"{label}"' for label in labels[:12])
    return f"The file has {shown}{f' and {len(labels) - 12} more' if len(labels) > 12 else ''}."


async def _lines(content: Content, parts: Sequence[str]) -> list[Span]:
    """Line ranges of the only page, merged, as character spans."""
    total = content.pages[0].lines
    ranges: list[tuple[int, int]] = []
    for part in parts:
        match = re.fullmatch(r"(\d+)(?:\s*(?:-|–|—|\.\.|~|至|到)\s*(\d+)?)?", _NAMED.sub("", part))
        if match is None:
            raise InvalidPages(
                f"'{part[:80]}' is not a line range.",
                f'The file is one text of {total:,} lines; write pages="120-180".',
            )
        first = int(match.group(1))
        last = int(match.group(2)) if match.group(2) else (total if "-" in part[1:] else first)
        if first > last:
            raise InvalidPages(f"'{part}' runs backwards.", f"Write '{last}-{first}'.")
        if not 1 <= first <= total:
            raise InvalidPages(f"There is no line {first}.", f"The file has lines 1 to {total:,}.")
        ranges.append((first, min(last, total)))
    spans: list[Span] = []
    for first, last in _merge(sorted(ranges)):
        start = await content.line_offset(1, first)
        end = await content.line_offset(1, last + 1)
        spans.append(Span(1, start, end))
    return spans


def _merge(ranges: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for first, last in ranges:
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return merged
