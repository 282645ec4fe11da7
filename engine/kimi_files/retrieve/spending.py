"""Spends a budget of tokens on the best passages: each with a little around it, merged where they are on one page."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from kimi_files.answer import Citation
from kimi_files.content import Content, PageInfo
from kimi_files.retrieve.index import searched_layer
from kimi_files.retrieve.places import heading_beside, place_of
from kimi_files.retrieve.postings import PassageKey, PassageRow
from kimi_files.retrieve.search import Hit
from kimi_files.tokens import estimate_tokens

AROUND_TOKENS = 100
"""What is shown around a passage, on its page."""

# Characters of which 100 tokens are made are at most so many; the rest of a long page is not looked at.
_AROUND_CHARACTERS = 800
# Two parts of a page with less than this between them are shown as one.
_GAP_CHARACTERS = 120
# Passages that did not fit before it is given up to look for smaller ones.
_MISSES = 20
_LEAST_TOKENS = 40
_FILE_NAME_CHARACTERS = 120
_BETWEEN = "\n…\n"

_BREAK = re.compile(r"\n+|(?<=[.!?;])\s+|(?<=[。！？；])")

Span = tuple[int, int]


async def spend(
    hits: Sequence[Hit], contents: Sequence[Content], max_tokens: int, around: int = AROUND_TOKENS
) -> tuple[list[Citation], set[PassageKey]]:
    """Citations for the best hits that fit, and the keys of the passages that they show."""
    by_id = {content.id: content for content in contents}
    purse = Purse(max_tokens)
    misses = 0
    for hit in hits:
        if misses > _MISSES or purse.left < _LEAST_TOKENS:
            break
        content = by_id[hit.passage.content]
        if not await purse.buy(content, hit.passage, around):
            misses += 1
    shown = {(hit.passage.content, hit.passage.number) for hit in hits if purse.shows(hit.passage)}
    return purse.citations(), shown


@dataclass(slots=True, eq=False)
class _Block:
    """What is shown of one page (of one run of lines, in a text without pages)."""

    content: Content
    page: PageInfo
    heading: str
    spans: list[Span]
    text: str = ""
    place: str = ""
    tokens: int = 0


@dataclass(slots=True)
class Purse:
    """What is left of a budget, and what it was spent on."""

    left: int
    first_number: int = 1
    _blocks: list[_Block] = field(default_factory=list)

    async def buy(self, content: Content, passage: PassageRow, around: int = 0) -> bool:
        """Show a passage with up to ``around`` tokens beside it, or alone; cut, if it is the first; False if it does not fit."""
        if self.shows(passage):
            return True
        page = content.page(passage.page)
        alone = (passage.start, passage.end)
        wide = await _widened(content, page, alone, around) if around else alone
        for span in dict.fromkeys((wide, alone)):
            if await self._show(content, page, passage, span):
                return True
        if self._blocks:
            return False
        cut = await _cut(content, page, alone, self.left - _LEAST_TOKENS)
        return cut is not None and await self._show(content, page, passage, cut)

    def shows(self, passage: PassageRow) -> bool:
        """Whether all of a passage is shown."""
        return any(
            start <= passage.start and passage.end <= end
            for block in self._blocks
            if block.content.id == passage.content and block.page.number == passage.page
            for start, end in block.spans
        )

    def citations(self) -> list[Citation]:
        """What was bought, numbered in the order of buying."""
        return [
            Citation(
                number=number,
                file=block.content.name,
                place=block.place,
                heading=block.heading,
                text=block.text,
                tokens=block.tokens,
                page=block.page.number,
                content=block.content.id,
            )
            for number, block in enumerate(self._blocks, self.first_number)
        ]

    async def _show(self, content: Content, page: PageInfo, passage: PassageRow, span: Span) -> bool:
        block = self._block_for(content, page, span)
        header = [(passage.header_start, passage.header_end)] if passage.header_end else []
        before = block.spans if block else []
        at = self._blocks.index(block) if block else len(self._blocks)
        heading = block.heading if block else heading_beside(page, passage.heading)
        bought = _Block(content, page, heading, _merged([*before, *header, span]))
        await _print(bought, self.first_number + at)
        cost = bought.tokens - (block.tokens if block else 0)
        if cost > self.left:
            return False
        self._blocks[at : at + 1] = [bought]
        self.left -= cost
        return True

    def _block_for(self, content: Content, page: PageInfo, span: Span) -> _Block | None:
        for block in self._blocks:
            if (block.content.id, block.page.number) != (content.id, page.number):
                continue
            if page.kind != "text" or any(_touch(span, other) for other in block.spans):
                return block
        return None


def printed(number: int, file: str, place: str, heading: str, text: str) -> str:
    """A citation as tools print it: what the budget counts."""
    of_heading = f" ({heading})" if heading else ""
    return f"[{number}] {file[:_FILE_NAME_CHARACTERS]}, {place}{of_heading}\n{text}\n"


async def _print(block: _Block, number: int) -> None:
    layer = searched_layer(block.content)
    parts = [await block.content.text(block.page.number, start, end, layer) for start, end in block.spans]
    block.text = _BETWEEN.join(parts)
    block.place = await place_of(block.content, block.page, block.spans[0][0], block.spans[-1][1])
    block.tokens = estimate_tokens(printed(number, block.content.name, block.place, block.heading, block.text))


def _merged(spans: Sequence[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and _touch(merged[-1], (start, end)):
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def _touch(one: Span, other: Span) -> bool:
    return max(one[0], other[0]) - min(one[1], other[1]) <= _GAP_CHARACTERS


async def _widened(content: Content, page: PageInfo, span: Span, tokens: int) -> Span:
    """The span and up to half of ``tokens`` on each side, or all on one side where the page ends on the other."""
    layer = searched_layer(content)
    start, end = span
    low = max(start - _AROUND_CHARACTERS, 0)
    before = await content.text(page.number, low, start, layer)
    after = await content.text(page.number, end, end + _AROUND_CHARACTERS, layer)
    taken = _tail(before, tokens // 2)
    ahead = _beginning(after, tokens - estimate_tokens(before[len(before) - taken :]))
    if ahead == len(after):
        taken = _tail(before, tokens - estimate_tokens(after))
    beside_start, beside_end = before[len(before) - taken :].lstrip(), after[:ahead].rstrip()
    return start - len(beside_start), end + len(beside_end)


def _beginning(text: str, tokens: int) -> int:
    """Length of the longest beginning of a text that ends with a line or sentence and costs at most ``tokens``."""
    return _longest([match.start() for match in _BREAK.finditer(text)] + [len(text)], lambda at: text[:at], tokens)


def _tail(text: str, tokens: int) -> int:
    """Length of the longest end of a text that begins with a line or sentence and costs at most ``tokens``."""
    places = [len(text) - match.end() for match in _BREAK.finditer(text)]
    return _longest([*reversed(places), len(text)], lambda length: text[len(text) - length :], tokens)


def _longest(lengths: Sequence[int], part: Callable[[int], str], tokens: int) -> int:
    best = 0
    for length in lengths:
        if estimate_tokens(part(length)) > tokens:
            break
        best = length
    return best


async def _cut(content: Content, page: PageInfo, span: Span, tokens: int) -> Span | None:
    """As much of a passage as fits; None if no line or sentence of it does."""
    text = await content.text(page.number, *span, searched_layer(content))
    length = _beginning(text, tokens)
    return (span[0], span[0] + length) if length else None
