"""What to show of files when a question names nothing in them: outline, beginning, and passages from all parts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from kimi_files.answer import Citation
from kimi_files.content import Content
from kimi_files.retrieve.index import PassageIndex
from kimi_files.retrieve.places import place_of_page
from kimi_files.retrieve.spending import Purse, printed
from kimi_files.tokens import estimate_tokens

# Sections that say what a text is about are worth more than a place in the middle of it.
_TELLING = re.compile(
    r"abstract|summary|overview|introduction|conclusion|highlights|key (?:points|findings)"
    r"|摘要|概述|总结|结论|引言|前言|简介|要点",
    re.IGNORECASE,
)
# Above this share of numbers a passage is a table, which tells little about a whole.
_MOSTLY_FIGURES = 0.3
_PARTS = 16
_OUTLINE_SHARE = 6
_OUTLINE_TOKENS = 300
_LEAST_FOR_A_FILE = 80


async def overview(
    contents: Sequence[Content], passages: Sequence[int], index: PassageIndex, max_tokens: int
) -> list[Citation]:
    """Citations within ``max_tokens``, the same share for each file; what one file leaves goes to those after it."""
    told = [(content, count) for content, count in zip(contents, passages, strict=True) if count]
    told = told[: max(max_tokens // _LEAST_FOR_A_FILE, 1)]
    citations: list[Citation] = []
    left = max_tokens
    for at, (content, count) in enumerate(told):
        of_one = await _overview_of(content, count, index, left // (len(told) - at), len(citations) + 1)
        citations += of_one
        left -= sum(citation.tokens for citation in of_one)
    return citations


async def _overview_of(
    content: Content, count: int, index: PassageIndex, max_tokens: int, number: int
) -> list[Citation]:
    outline = _outline(content, number, min(max_tokens // _OUTLINE_SHARE, _OUTLINE_TOKENS))
    citations = [outline] if outline else []
    purse = Purse(max_tokens - sum(citation.tokens for citation in citations), number + len(citations))
    order = list(dict.fromkeys(_order(count, await index.headings(content.id))))
    rows = await index.rows((content.id, passage) for passage in order)
    tables = [key for key, row in rows.items() if row.figures > _MOSTLY_FIGURES and key[1] > 0]
    for passage in sorted(order, key=lambda passage: (content.id, passage) in tables):
        if row := rows.get((content.id, passage)):
            await purse.buy(content, row)
    return citations + purse.citations()


def _order(count: int, headings: Sequence[tuple[str, int]]) -> Iterator[int]:
    """Passages by what they tell: the first, telling sections, then halves, quarters, eighths of the text."""
    yield 0
    yield from [first for heading, first in headings if _TELLING.search(heading)][:4]
    starts = sorted({first for _, first in headings})
    parts = 2
    while parts <= _PARTS:
        for part in range(1, parts, 2):
            place = count * part // parts
            # Where a section begins nearby, its beginning says more than its middle.
            yield max((start for start in starts if place - count // _PARTS <= start <= place), default=place)
        parts *= 2


def _outline(content: Content, number: int, max_tokens: int) -> Citation | None:
    """The headings of the highest levels that fit, with their pages; None if there are fewer than three."""
    names: list[str] = []
    for deepest in (3, 2, 1):
        entries = [entry for entry in content.outline if entry.level <= deepest]
        names = [_entry(entry.title, place_of_page(content.page(entry.page), title=False)) for entry in entries]
        if len(names) > 2 and (whole := _cited(content, number, " · ".join(names))).tokens <= max_tokens:
            return whole
    for count in range(min(len(names), max_tokens // 4), 2, -1):
        part = _cited(content, number, f"{' · '.join(names[:count])} · and {len(names) - count} more")
        if part.tokens <= max_tokens:
            return part
    return None


def _cited(content: Content, number: int, text: str) -> Citation:
    tokens = estimate_tokens(printed(number, content.name, "outline", "", text))
    return Citation(number, content.name, "outline", "", text, tokens)


def _entry(title: str, place: str) -> str:
    return f"{title} ({place})" if place else title
