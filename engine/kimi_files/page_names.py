"""How pages are counted and called in a few words: "48 pages", "2,310 lines", "1-8"."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kimi_files.content import Content, PageInfo


def is_lines(content: Content) -> bool:
    """Whether the parts of the file are named by line: it is one text without pages."""
    return len(content.pages) == 1 and content.pages[0].kind == "text"


def length(content: Content) -> str:
    """How long the file is in the unit in which it is read: "48 pages", "1 sheet", "2,310 lines"."""
    if not content.pages:
        return "no pages"
    if is_lines(content):
        return count(content.pages[0].lines, "line")
    return count(len(content.pages), page_noun(content.pages))


def page_noun(pages: Sequence[PageInfo]) -> str:
    """What one of these pages is: "slide", "sheet"; "page" where they differ."""
    kinds = {page.kind for page in pages}
    kind = kinds.pop() if len(kinds) == 1 else "page"
    return "page" if kind == "text" else kind


def runs(numbers: Iterable[int], labels: Sequence[str]) -> list[str]:
    """Page numbers as labels, those in a row drawn together: "1-8", "12"."""
    found: list[tuple[int, int]] = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return [labels[first - 1] if first == last else f"{labels[first - 1]}-{labels[last - 1]}" for first, last in found]


def count(number: int, noun: str) -> str:
    """ "1 sheet", "2,310 lines"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
