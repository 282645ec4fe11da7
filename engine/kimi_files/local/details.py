"""What is worth saying about a kept file besides its metadata, in a few words: ``status_details``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kimi_files.content import Content, PageInfo

_RANGES_SHOWN = 6


def describe(content: Content) -> str:
    """'48 pages; pages 31-33 are pictures without text', with a corrected type and the number of warnings."""
    parts = [_length(content.pages), _without_text(content.pages), _recognised(content.pages)]
    if content.correction:
        parts.append(content.correction)
    if content.warnings:
        parts.append(_count(len(content.warnings), "warning"))
    return "; ".join(part for part in parts if part)


def _length(pages: Sequence[PageInfo]) -> str:
    if not pages:
        return "no pages"
    if pages[0].kind == "text" and len(pages) == 1:
        return _count(pages[0].lines, "line")
    return _count(len(pages), _noun(pages))


def _without_text(pages: Sequence[PageInfo]) -> str:
    empty = [page for page in pages if page.without_text and page.ocr != "waiting" and page.kind != "clip"]
    if not empty:
        return ""
    if len(empty) == len(pages):
        return "a picture without text" if len(pages) == 1 else "all are pictures without text"
    named = _named(empty, pages)
    return f"{named} is a picture without text" if len(empty) == 1 else f"{named} are pictures without text"


def _recognised(pages: Sequence[PageInfo]) -> str:
    """Which pages were read by OCR, and which are on demand."""
    read = [page for page in pages if page.ocr == "read" and page.characters]
    waiting = [page for page in pages if page.ocr == "waiting"]
    words = [f"{_named(read, pages)} read by OCR"] if read else []
    if waiting:
        words.append(f"{_named(waiting, pages)} read by OCR when asked for")
    return "; ".join(words).strip()


def _named(some: Sequence[PageInfo], pages: Sequence[PageInfo]) -> str:
    if len(some) == len(pages):
        return "all" if len(pages) > 1 else ""
    ranges = list(_ranges(some))
    shown = ", ".join(ranges[:_RANGES_SHOWN]) + (" and others" if len(ranges) > _RANGES_SHOWN else "")
    return f"{_noun(pages)}{'s' if len(some) > 1 else ''} {shown}"


def _ranges(pages: Iterable[PageInfo]) -> Iterable[str]:
    """Labels of pages, those in a row as first-last."""
    runs: list[list[PageInfo]] = []
    for page in pages:
        if runs and page.number == runs[-1][-1].number + 1:
            runs[-1].append(page)
        else:
            runs.append([page])
    for run in runs:
        yield run[0].label if len(run) == 1 else f"{run[0].label}-{run[-1].label}"


def _noun(pages: Sequence[PageInfo]) -> str:
    kinds = {page.kind for page in pages}
    kind = kinds.pop() if len(kinds) == 1 else "page"
    return "page" if kind in ("text", "picture") else kind


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
