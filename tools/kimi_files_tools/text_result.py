"""The result that shows text: head, then the parts that fit, under their page marks, inside the fence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kimi_files.page_names import is_lines
from kimi_files.tokens import estimate_tokens
from kimi_files_tools.fence import FENCE_TOKENS, fence
from kimi_files_tools.layout import head_line, one_line, outline_line, ranges, warning_line
from kimi_files_tools.pages import Span
from kimi_files_tools.window import Position, Window, page_mark, take_window, write_cursor

if TYPE_CHECKING:
    from kimi_files.content import Content, PageInfo

# The line "shown: …" is written after the window is known; this is what it costs at most.
_SHOWN_TOKENS = 150
_EXAMPLE_LINES = 60


async def text_result(
    content: Content, spans: Sequence[Span], start: Position | None, pages: str, max_tokens: int
) -> str:
    """Head and text, together within ``max_tokens``. ``pages`` is what was asked for, to be repeated in the next call."""
    lines = [head_line(content), warning_line(content)]
    overhead = sum(estimate_tokens(line) for line in lines) + FENCE_TOKENS + _SHOWN_TOKENS
    if not pages.strip() and start is None and content.tokens > max_tokens - overhead:
        lines.append(outline_line(content, max_tokens))
        overhead += estimate_tokens(lines[-1])
    window = await take_window(content, spans, start, max_tokens - overhead)
    lines.insert(1, await _shown_line(content, window, pages, start))
    head = "\n".join(line for line in lines if line)
    return f"{head}\n{fence(_body(content, window))}"


def _body(content: Content, window: Window) -> str:
    """The parts under their marks. A page without text says so instead of standing there empty."""
    blocks: list[str] = []
    for part in window.parts:
        if content.pages[part.page - 1].kind == "clip" and not part.text.strip():
            continue
        mark = page_mark(content, part)
        if not part.text.strip():
            mark += f" ({_why_empty(content.pages[part.page - 1])})"
        blocks.append(f"{mark.lstrip()}\n{part.text}" if mark else part.text)
    return "\n".join(blocks)


def _why_empty(page: PageInfo) -> str:
    if page.ocr == "waiting":
        return "a scan, not read yet"
    if page.ocr == "read":
        return "a picture in which no words were found"
    return "a picture without text" if page.without_text else "empty"


async def _shown_line(content: Content, window: Window, pages: str, start: Position | None) -> str:
    """What is shown, and the exact next call."""
    shown = await _shown(content, window)
    if window.next is None:
        if not pages.strip() and start is None:
            return "shown: everything"
        return f"shown: {shown} · {'nothing of these pages' if pages.strip() else 'nothing'} follows"
    cursor = quoted(write_cursor(content, window.next))
    if pages.strip():
        return f"shown: {shown} · next: pages={quoted(pages)}, cursor={cursor}"
    return f'shown: {shown} · next: cursor={cursor} · or pages={await _example(content, window.next)}, or find="words"'


async def _shown(content: Content, window: Window) -> str:
    """ "pages 1-8", "lines 1-210", with a word on the last part when it stops inside a page."""
    if is_lines(content) and window.parts:
        first_line = await content.line_number(1, window.parts[0].start)
        last_line = await content.line_number(1, max(window.parts[-1].end - 1, window.parts[0].start))
        lines = f"line {first_line:,}" if first_line == last_line else f"lines {first_line:,}-{last_line:,}"
        return f"{lines} of {content.pages[0].lines:,}"
    numbers = [part.page for part in window.parts]
    kind = content.pages[0].kind if content.pages else "page"
    kind = "page" if kind in ("text", "picture") else kind
    named = ranges(numbers, content.labels)
    words = f"{kind}{'s' if len(numbers) != 1 else ''} {one_line(named, 200)}"
    last = window.parts[-1] if window.parts else None
    if last and (last.start or last.end < content.pages[last.page - 1].characters):
        size = content.pages[last.page - 1].characters
        words += f" ({'of the last, ' if len(numbers) > 1 else ''}characters {last.start:,}-{last.end:,} of {size:,})"
    return words


async def _example(content: Content, position: Position) -> str:
    """A ``pages`` argument that would work here."""
    if is_lines(content):
        line, last = await content.line_number(1, position.offset), content.pages[0].lines
        return f'"{line}-{min(line + _EXAMPLE_LINES, last)}" (lines)'
    labels = content.labels
    following = labels[min(position.page, len(labels)) - 1 : position.page + 2]
    if all(label.isdigit() for label in labels) and len(following) > 1:
        return quoted(f"{following[0]}-{following[-1]}")
    return quoted(one_line((following[1:] or following)[0], 60))


def quoted(text: str) -> str:
    """An argument as the agent should write it."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
