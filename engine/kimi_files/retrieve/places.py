"""What people call the place of a passage: page 17, sheet "Positions", lines 120-134."""

from __future__ import annotations

from kimi_files.content import Content, Layer, PageInfo
from kimi_files.retrieve.index import searched_layer


def place_of_page(page: PageInfo, title: bool = True) -> str:
    """The name of a page, with its title where it has one that says more; empty for a text without pages."""
    if page.kind == "text":
        return ""
    if page.kind == "sheet":
        return f'sheet "{page.label}"'
    return f"{page.kind} {page.label}{f' ({page.title})' if title and _is_titled(page) else ''}"


def heading_beside(page: PageInfo, heading: str) -> str:
    """The heading over a passage, unless the name of its page says it already."""
    return "" if _is_titled(page) and heading == page.title else heading


def _is_titled(page: PageInfo) -> bool:
    return page.kind != "page" and bool(page.title) and page.title != page.label


async def place_of(content: Content, page: PageInfo, start: int, end: int) -> str:
    """The name of the page, or, in a text without pages, the lines from ``start`` to ``end`` (offsets, exclusive)."""
    if name := place_of_page(page):
        return name
    layer = searched_layer(content)
    first = await _line(content, page.number, layer, start)
    last = await _line(content, page.number, layer, end - 1)
    return f"line {first}" if first == last else f"lines {first}-{last}"


async def _line(content: Content, page: int, layer: Layer, offset: int) -> int:
    async for piece in content.store.pieces(content.id, page, layer, offset, offset + 1):
        return piece.line + piece.text.count("\n", 0, offset - piece.start)
    raise IndexError(offset)
