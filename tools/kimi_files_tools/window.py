"""Windows over a file's text: what fits a token budget, and where the next part starts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from kimi_files.content import Content
from kimi_files.errors import InvalidCursor
from kimi_files.tokens import estimate_tokens
from kimi_files_tools.pages import Span

_CURSOR = re.compile(r"(.*):(\d{1,12}):([0-9a-f]{4})", re.DOTALL)

# Better places to cut than the middle of a word, best first.
_BREAKS = (re.compile(r"\n\s*\n"), re.compile(r"\n"), re.compile(r"[.!?。！？；;]\s*"), re.compile(r"\s+"))

# The estimate counts at most about eight characters a token, but for long runs of one sign.
_CHARACTERS_A_TOKEN = 8


@dataclass(frozen=True, slots=True)
class Position:
    """Where a part starts: page number and character offset in the page."""

    page: int
    offset: int


@dataclass(frozen=True, slots=True)
class Part:
    """A run of text of one page. ``start`` and ``end`` are character offsets in it."""

    page: int
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Window:
    """The parts that fit, and where to go on: None when everything that was asked for is shown."""

    parts: tuple[Part, ...]
    next: Position | None


def write_cursor(content: Content, position: Position) -> str:
    """``label:offset:check``; the check ties it to these bytes, so that a cursor of another file is noticed."""
    return f"{content.labels[position.page - 1]}:{position.offset}:{content.sha256[:4]}"


def read_cursor(content: Content, cursor: str) -> Position:
    """The position that a cursor of this file stands for. InvalidCursor for any other text."""
    match = _CURSOR.fullmatch(cursor.strip().strip("\"'"))
    if match is None:
        raise InvalidCursor(
            f"'{cursor[:80]}' is not a cursor.",
            "Copy it from the line 'next:' of a result, or leave it out to start again.",
        )
    label, offset, check = match.group(1), int(match.group(2)), match.group(3)
    labels = content.labels
    if check != content.sha256[:4] or label not in labels:
        raise InvalidCursor(
            f"Cursor '{cursor[:80]}' belongs to another file, or '{content.name}' has changed since.",
            "Leave the cursor out to start again.",
        )
    page = labels.index(label) + 1
    if offset > content.pages[page - 1].characters:
        raise InvalidCursor(
            f"Cursor '{cursor[:80]}' is past the end of its page.", "Leave the cursor out to start again."
        )
    return Position(page, offset)


def page_mark(content: Content, part: Part) -> str:
    """The line above a part: ``[page 9]``, ``[sheet "Positions"]``, ``[line 120]``."""
    page = content.pages[part.page - 1]
    label = content.labels[part.page - 1]
    continued = ", continued" if part.start else ", read by OCR" if page.ocr == "read" and page.characters else ""
    if page.kind == "text":
        return ""
    if page.kind == "sheet":
        return f'[sheet "{label}"{", hidden" if page.hidden else ""}{continued}]'
    kind = "page" if page.kind == "picture" else page.kind
    printed = f', printed "{page.label}"' if page.label != label else ""
    return f"[{kind} {label}{printed}{', hidden' if page.hidden else ''}{continued}]"


async def take_window(content: Content, spans: Sequence[Span], start: Position | None, budget: int) -> Window:
    """The text of ``spans`` from ``start`` on that fits ``budget`` tokens, page marks included; at least one character."""
    parts: list[Part] = []
    following: Position | None = None
    left = budget
    for span in spans:
        begin, end = _bounds(content, span, start)
        if begin is None:
            continue
        page = content.pages[span.page - 1]
        mark = page_mark(content, Part(span.page, begin, end, ""))
        left -= estimate_tokens(mark) + 2 if mark else 0
        if left <= 0 and parts:
            following = Position(span.page, begin)
            break
        if begin == 0 and end == page.characters and page.tokens <= left:
            parts.append(Part(span.page, 0, end, ""))  # its text comes below, with those of all whole pages
            left -= page.tokens
            continue
        text = await _beginning(content, span.page, begin, end, left, needed=not parts)
        if text or begin == end:
            parts.append(Part(span.page, begin, begin + len(text), text))
        if begin + len(text) < end:
            following = Position(span.page, begin + len(text))
            break
        left -= estimate_tokens(text)
    return Window(await _with_texts(content, parts), following)


def _bounds(content: Content, span: Span, start: Position | None) -> tuple[int | None, int]:
    """Where the part of a span from ``start`` on begins and ends in its page; None where the span lies before it."""
    characters = content.pages[span.page - 1].characters
    end = characters if span.end is None else min(span.end, characters)
    if start is None or span.page > start.page:
        return span.start, end
    if span.page < start.page or (end <= start.offset and end > span.start):
        return None, end
    return max(span.start, start.offset), end


async def _beginning(content: Content, page: int, begin: int, end: int, budget: int, *, needed: bool) -> str:
    """What fits of a part of a page; ``needed`` asks for one character at least, so that every window moves on."""
    reach = min(end, begin + max(budget, 1) * _CHARACTERS_A_TOKEN)
    text = await content.text(page, begin, reach)
    return fitting(text, budget, final=reach >= end) or (text[:1] if needed else "")


async def _with_texts(content: Content, parts: Sequence[Part]) -> tuple[Part, ...]:
    """The parts with the texts of whole pages, which are looked up together."""
    empty = [part.page for part in parts if part.end > part.start and not part.text]
    texts = dict(zip(empty, await content.whole_pages(empty), strict=True))
    return tuple(
        replace(part, text=texts[part.page]) if part.page in texts and not part.text else part for part in parts
    )


def fitting(text: str, budget: int, *, final: bool = True) -> str:
    """The longest beginning of ``text`` within ``budget`` tokens that ends at a good place.

    ``final`` says that nothing follows ``text``, so that all of it may be taken without looking for a place to cut.
    """
    if budget <= 0:
        return ""
    tokens = estimate_tokens(text)
    if tokens <= budget and final:
        return text
    low, high = (0, 0), (len(text), tokens)
    if tokens <= budget:
        return text[: _good_cut(text, len(text))]
    for _ in range(24):
        # Between two measured lengths tokens grow nearly evenly, so the next guess is nearly right.
        share = (budget - low[1]) / max(high[1] - low[1], 1)
        guess = min(max(low[0] + int((high[0] - low[0]) * share), low[0] + 1), high[0] - 1)
        if guess <= low[0]:
            break
        measured = (guess, estimate_tokens(text[:guess]))
        low, high = (measured, high) if measured[1] <= budget else (low, measured)
        if budget - low[1] <= max(2, budget // 64):
            break
    return text[: _good_cut(text, low[0])]


def _good_cut(text: str, limit: int) -> int:
    """A place at or before ``limit`` where a reader would pause, not more than a fifth before it."""
    earliest = limit - limit // 5
    for pattern in _BREAKS:
        last = None
        for match in pattern.finditer(text, earliest, limit):
            last = match.end()
        if last is not None and last > 0:
            return _whole_line_end(text, last)
    return _whole_line_end(text, limit)


def _whole_line_end(text: str, cut: int) -> int:
    """Never between the two characters of a Windows line end."""
    return cut - 1 if 1 < cut < len(text) and text[cut - 1] == "\r" and text[cut] == "\n" else cut
