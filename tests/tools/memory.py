"""A content that lives in memory, cut into small pieces so that every border is met."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Sequence

from kimi_files.content import Content, Layer, PageInfo, Piece
from kimi_files.extract.document import OutlineEntry, PageKind
from kimi_files.tokens import estimate_tokens


class MemoryStore:
    """``looks`` counts how often it was asked."""

    def __init__(self, pages: Sequence[str], piece: int) -> None:
        self._pages = pages
        self._piece = piece
        self.looks = 0

    async def pieces(
        self, content_id: int, page: int, layer: Layer, start: int, end: int | None
    ) -> AsyncIterator[Piece]:
        self.looks += 1
        text = self._pages[page - 1]
        stop = len(text) if end is None else min(end, len(text))
        for offset in range(0, len(text), self._piece):
            if offset + self._piece > start and offset < stop:
                yield Piece(offset, 1 + text.count("\n", 0, offset), text[offset : offset + self._piece])

    async def whole_pages(self, content_id: int, pages: Sequence[int]) -> list[str]:
        self.looks += 1
        return [self._pages[page - 1] for page in pages]

    async def line_offset(self, content_id: int, page: int, line: int) -> int:
        lines = self._pages[page - 1].split("\n")
        return min(sum(len(text) + 1 for text in lines[: line - 1]), len(self._pages[page - 1]))


def content_of(
    pages: Sequence[str],
    *,
    labels: Sequence[str] | None = None,
    titles: Sequence[str | None] | None = None,
    kind: PageKind = "page",
    piece: int = 65_536,
    name: str = "report.pdf",
    outline: Sequence[OutlineEntry] = (),
    without_text: Sequence[int] = (),
    warnings: Sequence[str] = (),
) -> Content:
    """A content with these page texts."""
    infos = tuple(
        PageInfo(
            number=number,
            label=labels[number - 1] if labels else str(number),
            kind=kind,
            title=titles[number - 1] if titles else None,
            characters=len(text),
            tokens=estimate_tokens(text),
            lines=text.count("\n") + (0 if text.endswith("\n") or not text else 1),
            without_text=number in without_text,
            hidden=False,
        )
        for number, text in enumerate(pages, 1)
    )
    return Content(
        id=1,
        sha256=hashlib.sha256("".join(pages).encode("utf-8", "surrogatepass")).hexdigest(),
        name=name,
        file_id=None,
        bytes=sum(map(len, pages)),
        format="PDF" if kind == "page" else "text",
        correction=None,
        pages=infos,
        outline=tuple(outline),
        warnings=tuple(warnings),
        store=MemoryStore(pages, piece),
    )
