"""Files in memory as the catalogue would give them, so that searching is tested without reading and storing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence

from kimi_files.content import Content, Layer, PageInfo, Piece
from kimi_files.extract.document import OutlineEntry, PageKind


class MemoryTexts:
    """Gives out pages in pieces of ``piece`` characters."""

    def __init__(self, piece: int = 65_536) -> None:
        self._piece = piece
        self._pages: dict[int, Sequence[str]] = {}

    def add(
        self,
        name: str,
        pages: Sequence[str] | str,
        *,
        kind: PageKind = "page",
        format: str = "Word document",  # noqa: A002 - the word of Content
        labels: Mapping[int, str] | None = None,
        outline: Sequence[OutlineEntry] = (),
    ) -> Content:
        """A file. A single string is a text without pages."""
        if isinstance(pages, str):
            pages, kind, format = [pages], "text", "text"  # noqa: A001
        number = len(self._pages) + 1
        self._pages[number] = pages
        return Content(
            id=number,
            sha256=f"{number:064x}",
            name=name,
            file_id=None,
            bytes=sum(map(len, pages)),
            format=format,
            correction=None,
            pages=tuple(_page(at, kind, text, (labels or {}).get(at, str(at))) for at, text in enumerate(pages, 1)),
            outline=tuple(outline),
            warnings=(),
            store=self,
        )

    async def pieces(
        self, content_id: int, page: int, layer: Layer, start: int, end: int | None
    ) -> AsyncIterator[Piece]:
        text = self._pages[content_id][page - 1]
        for at in range(0, len(text), self._piece):
            piece = text[at : at + self._piece]
            if at + len(piece) > start and (end is None or at < end):
                yield Piece(at, 1 + text.count("\n", 0, at), piece)

    async def line_offset(self, content_id: int, page: int, line: int) -> int:
        return sum(map(len, self._pages[content_id][page - 1].splitlines(keepends=True)[: line - 1]))


def _page(number: int, kind: PageKind, text: str, label: str) -> PageInfo:
    return PageInfo(
        number=number,
        label=label,
        kind=kind,
        title=None,
        characters=len(text),
        tokens=len(text) // 4,
        lines=text.count("\n") + 1,
        without_text=not text,
        hidden=False,
    )
