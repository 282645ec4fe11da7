"""Texts in memory, so that the benchmark measures retrieval and not the reading of files."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from kimi_files.content import Content, Layer, PageInfo, Piece
from kimi_files.extract.document import PIECE_CHARACTERS, OutlineEntry, PageKind


@dataclass(frozen=True, slots=True)
class BenchFile:
    """A file as its reader would give it: the text of each page, in the layer that is searched."""

    name: str
    format: str
    kind: PageKind
    pages: tuple[str, ...]
    outline: tuple[OutlineEntry, ...] = ()


class MemoryTexts:
    """Stands where the catalogue stands: gives out pages in pieces."""

    def __init__(self, files: Sequence[BenchFile]) -> None:
        self._pages = {number: file.pages for number, file in enumerate(files, 1)}
        self.contents = [self._content(number, file) for number, file in enumerate(files, 1)]

    async def pieces(
        self, content_id: int, page: int, layer: Layer, start: int, end: int | None
    ) -> AsyncIterator[Piece]:
        text = self._pages[content_id][page - 1]
        for at in range(0, len(text), PIECE_CHARACTERS):
            piece = text[at : at + PIECE_CHARACTERS]
            if at + len(piece) > start and (end is None or at < end):
                yield Piece(at, 1 + text.count("\n", 0, at), piece)

    async def line_offset(self, content_id: int, page: int, line: int) -> int:
        lines = self._pages[content_id][page - 1].splitlines(keepends=True)
        return sum(map(len, lines[: line - 1]))

    def _content(self, number: int, file: BenchFile) -> Content:
        return Content(
            id=number,
            sha256=f"{number:064x}",
            name=file.name,
            file_id=None,
            bytes=sum(map(len, file.pages)),
            format=file.format,
            correction=None,
            pages=tuple(_page(at, file.kind, text) for at, text in enumerate(file.pages, 1)),
            outline=file.outline,
            warnings=(),
            store=self,
        )


def _page(number: int, kind: PageKind, text: str) -> PageInfo:
    return PageInfo(
        number=number,
        label=str(number),
        kind=kind,
        title=None,
        characters=len(text),
        tokens=len(text) // 4,
        lines=text.count("\n") + 1,
        without_text=not text,
        hidden=False,
    )
