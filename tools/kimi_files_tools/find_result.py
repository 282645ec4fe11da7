"""The result that shows places: every hit counted, as many as fit shown with their surroundings."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kimi_files.page_names import is_lines
from kimi_files.progress import Progress
from kimi_files.tokens import estimate_tokens
from kimi_files_tools.fence import FENCE_TOKENS, fence
from kimi_files_tools.find import (
    Hit,
    NearEachOther,
    after,
    alternatives_of,
    context_of,
    find_hits,
    pattern_of,
    telling_words,
)
from kimi_files_tools.layout import head_line, one_line, ranges, warning_line
from kimi_files_tools.pages import Span
from kimi_files_tools.text_result import quoted
from kimi_files_tools.window import Position, write_cursor

if TYPE_CHECKING:
    from kimi_files.content import Content

# More than any budget can show; the rest is counted and reached by the cursor.
_MOST_KEPT = 2_000

# Of more pages, hits are not counted page by page.
_MOST_COUNTED = 24

_NEXT_TOKENS = 150


# A hit as it is shown, once it is complete with a match; None before.
_Try = Callable[[Hit], Hit | None]


@dataclass(slots=True)
class _Hits:
    """``kept`` are the hits from the cursor on; all are counted by page."""

    kept: list[Hit] = field(default_factory=list)
    following: int = 0
    by_page: Counter[int] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        return self.by_page.total()

    def add(self, hit: Hit, start: Position | None) -> None:
        self.by_page[hit.page] += 1
        if after(hit, start):
            self.following += 1
            if len(self.kept) < _MOST_KEPT:
                self.kept.append(hit)


async def find_result(
    content: Content,
    spans: Sequence[Span],
    start: Position | None,
    words: str,
    pages: str,
    max_tokens: int,
    progress: Progress,
) -> str:
    """Head and places, together within ``max_tokens``. Words that do not stand together are looked up one by one."""
    said = f'"{one_line(words, 120)}"'
    (hits,) = await _collect(content, spans, start, pattern_of(words), progress, [_as_it_is])
    if not hits.total and len(words.split()) > 1:
        telling = telling_words(words)
        all_of_them, most = NearEachOther(len(telling)), NearEachOther(max(len(telling) // 2 + 1, 2))
        tries: list[_Try] = [all_of_them, most, _as_it_is]
        together, near, single = await _collect(content, spans, start, alternatives_of(telling), progress, tries)
        hits = together if together.total else near
        if len(telling) > 1 and hits.total:
            said = f"{'the' if together.total else 'most'} words of {said} near each other"
        else:
            hits = single
            said = (
                f"single words of {said}, which do not stand together (ask_about_files finds what answers a question),"
            )
    head = [head_line(content)]
    where = " in these pages" if pages.strip() else ""
    if not hits.total:
        head.append(f'no hit for "{one_line(words, 120)}"{where} · try other words, or ask_about_files with a question')
        return "\n".join(line for line in (*head, warning_line(content)) if line)
    head.append(f"{_count(hits.total)} for {said}{where} on {_where(content, hits)}")
    overhead = sum(estimate_tokens(line) for line in head) + FENCE_TOKENS + _NEXT_TOKENS
    blocks, shown = await _surroundings(content, hits.kept, max_tokens - overhead)
    if shown < hits.following:
        cursor = quoted(write_cursor(content, Position(hits.kept[shown].page, hits.kept[shown].start)))
        again = f"pages={quoted(pages)}, " if pages.strip() else ""
        head.append(f"{_count(hits.following - shown)} more · next: find={quoted(words)}, {again}cursor={cursor}")
    return "\n".join([*head, fence("\n".join(blocks))])


async def _collect(
    content: Content,
    spans: Sequence[Span],
    start: Position | None,
    pattern: re.Pattern[str],
    progress: Progress,
    tries: Sequence[_Try],
) -> list[_Hits]:
    """What each of ``tries`` makes of the matches, in one walk through the text."""
    found = [_Hits() for _ in tries]
    limits: dict[int, list[Span]] = {}
    for span in spans:
        limits.setdefault(span.page, []).append(span)
    async for match in find_hits(content, list(limits), pattern, progress):
        asked = limits[match.page]
        if not any(span.start <= match.start and (span.end is None or match.start < span.end) for span in asked):
            continue
        for hits, made in zip(found, tries, strict=True):
            if (hit := made(match)) is not None:
                hits.add(hit, start)
    return found


def _as_it_is(hit: Hit) -> Hit:
    return hit


def _count(hits: int) -> str:
    return f"{hits:,} hit{'' if hits == 1 else 's'}"


def _where(content: Content, hits: _Hits) -> str:
    """ "pages 26, 27, 36 (2), 41"; nothing to say where the file is one text."""
    if is_lines(content):
        noun = "line" if hits.total == 1 else "lines"
        return f"{noun} {', '.join(f'{hit.line:,}' for hit in hits.kept[:12])}{' …' if hits.total > 12 else ''}"
    labels = content.labels
    kind = content.pages[0].kind
    pages = sorted(hits.by_page.items())
    if len(pages) > _MOST_COUNTED:
        where = ranges([page for page, _ in pages], labels).replace(",", ", ")
    else:
        where = ", ".join(f"{labels[page - 1]}{f' ({count})' if count > 1 else ''}" for page, count in pages)
    noun = "page" if kind in ("text", "picture") else kind
    return f"{noun}{'s' if len(pages) > 1 else ''} {one_line(where, 400)}"


async def _surroundings(content: Content, hits: Sequence[Hit], budget: int) -> tuple[list[str], int]:
    """Blocks of text around the hits, hits that stand close together in one block; and how many hits are shown."""
    blocks: list[str] = []
    near = _NearHits(content)
    shown = 0
    while shown < len(hits):
        page = content.pages[hits[shown].page - 1]
        start, end = context_of(hits[shown], page.characters)
        covered = shown + 1
        while covered < len(hits) and hits[covered].page == page.number and hits[covered].start < end:
            wider = context_of(hits[covered], page.characters)[1]
            if wider - start > _BLOCK_CHARACTERS:
                break
            end = wider
            covered += 1
        text = await near.text(hits[shown : shown + _HITS_AHEAD], start, end)
        block = _block(content, hits[shown], text, start, end, page.characters)
        cost = estimate_tokens(block) + 1
        if cost > budget and blocks:
            break
        budget -= cost
        blocks.append(block)
        shown = covered
    return blocks, shown


@dataclass(slots=True)
class _NearHits:
    """Text around hits; those of short pages are looked up for the next hits too, since most of them will be shown."""

    content: Content
    texts: dict[int, str] = field(default_factory=dict)

    async def text(self, hits: Sequence[Hit], start: int, end: int) -> str:
        """Characters ``start`` to ``end`` of the page of the first hit."""
        page = hits[0].page
        if not self._is_short(page):
            return await self.content.text(page, start, end)
        if page not in self.texts:
            pages = [page for page in dict.fromkeys(hit.page for hit in hits) if self._is_short(page)]
            self.texts = dict(zip(pages, await self.content.whole_pages(pages), strict=True))
        return self.texts[page][start:end]

    def _is_short(self, page: int) -> bool:
        return self.content.pages[page - 1].characters <= _SHORT_PAGE


_HITS_AHEAD = 40
_SHORT_PAGE = 5_000

# Hits that follow each other closely are shown as one run of text, but not as the whole page.
_BLOCK_CHARACTERS = 1_200


def _block(content: Content, hit: Hit, text: str, start: int, end: int, page_characters: int) -> str:
    """``[page 26] … an impairment charge of 12.4 million …``, whole words at both ends."""
    if start > 0:
        text = text[_first_break(text) :]
    if end < page_characters:
        text = text[: _last_break(text)]
    opening, closing = ("… " if start > 0 else ""), (" …" if end < page_characters else "")
    return f"{_mark(content, hit)} {opening}{text.strip()}{closing}"


def _mark(content: Content, hit: Hit) -> str:
    page = content.pages[hit.page - 1]
    if page.kind == "text":
        return f"[line {hit.line}]"
    label = content.labels[hit.page - 1]
    return (
        f'[sheet "{label}"]' if page.kind == "sheet" else f"[{'page' if page.kind == 'picture' else page.kind} {label}]"
    )


def _first_break(text: str) -> int:
    """Where the text may open: at a line if one starts soon, else at a word, so that nothing opens with half a word."""
    match = re.search(r"\n", text[:_LOOK_FOR_LINE]) or re.search(r"\s+", text[:_LOOK_FOR_WORD])
    return match.end() if match else 0


def _last_break(text: str) -> int:
    """Where the text may end, by the same rule."""
    for looked, sign in ((_LOOK_FOR_LINE, "\n"), (_LOOK_FOR_WORD, " ")):
        at = text.rfind(sign, max(len(text) - looked, 0))
        if at > 0:
            return at
    return len(text)


# The surroundings are 200 characters on each side: these never reach the hit.
_LOOK_FOR_LINE = 120
_LOOK_FOR_WORD = 40
