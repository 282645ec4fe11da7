"""What is worth saying about a kept file besides its metadata, in a few words: ``status_details``."""

from __future__ import annotations

from collections.abc import Sequence

from kimi_files.content import Content, PageInfo
from kimi_files.page_names import count, length, page_noun, runs

_RANGES_SHOWN = 6


def describe(content: Content) -> str:
    """'48 pages; pages 31-33 are pictures without text', with a corrected type and the number of warnings."""
    parts = [length(content), _without_text(content), _recognised(content)]
    if content.correction:
        parts.append(content.correction)
    if content.warnings:
        parts.append(count(len(content.warnings), "warning"))
    return "; ".join(part for part in parts if part)


def _without_text(content: Content) -> str:
    pages = content.pages
    empty = [page for page in pages if page.without_text and page.ocr != "waiting" and page.kind != "clip"]
    if not empty:
        return ""
    if len(empty) == len(pages):
        return "a picture without text" if len(pages) == 1 else "all are pictures without text"
    named = _named(empty, content)
    return f"{named} is a picture without text" if len(empty) == 1 else f"{named} are pictures without text"


def _recognised(content: Content) -> str:
    """Which pages were read by OCR, and which are on demand."""
    pages = content.pages
    read = [page for page in pages if page.ocr == "read" and page.characters]
    waiting = [page for page in pages if page.ocr == "waiting"]
    words = [f"{_named(read, content)} read by OCR"] if read else []
    if waiting:
        words.append(f"{_named(waiting, content)} read by OCR when asked for")
    return "; ".join(words).strip()


def _named(some: Sequence[PageInfo], content: Content) -> str:
    if len(some) == len(content.pages):
        return "all" if len(some) > 1 else ""
    ranges = runs([page.number for page in some], content.labels)
    shown = ", ".join(ranges[:_RANGES_SHOWN]) + (" and others" if len(ranges) > _RANGES_SHOWN else "")
    return f"{page_noun(content.pages)}{'s' if len(some) > 1 else ''} {shown}"
