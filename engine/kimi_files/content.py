"""The text of one file as tools see it: a list of pages, and any part of any page on demand.

Nothing here holds a whole text: a 100 MB log is read in pieces of ``PIECE_CHARACTERS`` from the catalogue.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:  # the event models cost start-up time and are needed only where events are read
    from kimi_files.extract.document import OcrState, OutlineEntry, PageKind

Layer = Literal["text", "plain"]
"""``text`` is for reading, ``plain`` for searching and quoting; they are the same unless the reader gave both."""

# Of short pages; what is longer comes in pieces.
_CHARACTERS_AT_ONCE = 200_000


@dataclass(frozen=True, slots=True)
class PageInfo:
    """One page without its text. ``characters``, ``tokens`` and ``lines`` are of the reading layer.

    ``ocr`` is "read" for a page whose words were recognised in its picture, "waiting" for a scan that is read on demand.
    """

    number: int
    label: str
    kind: PageKind
    title: str | None
    characters: int
    tokens: int
    lines: int
    without_text: bool
    hidden: bool
    ocr: OcrState = "none"


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of characters of one page; ``start`` is its offset in the page, ``line`` its first line (from 1)."""

    start: int
    line: int
    text: str


class TextStore(Protocol):
    """Where texts are kept: the catalogue."""

    def pieces(self, content_id: int, page: int, layer: Layer, start: int, end: int | None) -> AsyncIterator[Piece]:
        """The stored pieces of a page that overlap ``start <= offset < end``, in order, uncut."""
        ...

    async def whole_pages(self, content_id: int, pages: Sequence[int]) -> list[str]:
        """The reading layer of each of these pages, in one look at the store."""
        ...

    async def line_offset(self, content_id: int, page: int, line: int) -> int:
        """Offset in the reading layer at which line ``line`` (from 1) starts; the page's length if past its end."""
        ...


@dataclass(frozen=True, slots=True)
class Content:
    """The extracted text of a file. ``file_id`` is None for a file that was named by path and not uploaded."""

    id: int
    sha256: str
    name: str
    file_id: str | None
    bytes: int
    format: str
    correction: str | None
    pages: tuple[PageInfo, ...]
    outline: tuple[OutlineEntry, ...]
    warnings: tuple[str, ...]
    store: TextStore
    labels: tuple[str, ...] = field(init=False, repr=False, compare=False)
    """What each page is called: its label where no two pages share one, else its number."""

    def __post_init__(self) -> None:
        labels = tuple(page.label for page in self.pages)
        if len(set(labels)) < len(labels):
            labels = tuple(str(page.number) for page in self.pages)
        object.__setattr__(self, "labels", labels)

    @property
    def tokens(self) -> int:
        """Estimated tokens of the whole text."""
        return sum(page.tokens for page in self.pages)

    @property
    def waiting_scans(self) -> list[int]:
        """Numbers of the pages that are scans nobody has read yet."""
        return [page.number for page in self.pages if page.ocr == "waiting"]

    @property
    def has_plain_layer(self) -> bool:
        """Whether searching and quoting use a text other than the one for reading."""
        return self.format == "PDF"

    def page(self, number: int) -> PageInfo:
        """The page with that number; IndexError where there is none."""
        if not 1 <= number <= len(self.pages):
            raise IndexError(number)
        return self.pages[number - 1]

    async def text(self, page: int, start: int = 0, end: int | None = None, layer: Layer = "text") -> str:
        """Characters ``start`` to ``end`` (exclusive) of a page, cut to what the page has."""
        parts: list[str] = []
        async for piece in self.store.pieces(self.id, page, layer, start, end):
            low = max(start - piece.start, 0)
            high = len(piece.text) if end is None else min(end - piece.start, len(piece.text))
            parts.append(piece.text[low:high])
        return "".join(parts)

    async def whole_pages(self, pages: Sequence[int]) -> list[str]:
        """The texts of several short pages: one look at the catalogue instead of one for each."""
        return await self.store.whole_pages(self.id, pages) if pages else []

    async def pieces(self, page: int, layer: Layer = "text", start: int = 0) -> AsyncIterator[Piece]:
        """The pieces of a page in order, for going through a text of any length in constant memory."""
        async for piece in self.store.pieces(self.id, page, layer, start, None):
            yield piece

    async def pieces_of(self, pages: Sequence[int]) -> AsyncIterator[tuple[int, Piece]]:
        """The pieces of several pages in order, each with its page: for many short pages one look at the store."""
        for together in self._looked_up_together(pages):
            if len(together) == 1:
                async for piece in self.pieces(together[0]):
                    yield together[0], piece
            else:
                for page, text in zip(together, await self.whole_pages(together), strict=True):
                    yield page, Piece(0, 1, text)

    def _looked_up_together(self, pages: Sequence[int]) -> Iterator[list[int]]:
        together: list[int] = []
        characters = 0
        for page in pages:
            characters += self.pages[page - 1].characters
            if together and characters > _CHARACTERS_AT_ONCE:
                yield together
                together, characters = [], self.pages[page - 1].characters
            together.append(page)
        if together:
            yield together

    async def line_offset(self, page: int, line: int) -> int:
        """Offset at which line ``line`` (from 1) of a page starts; the page's length if the page is shorter."""
        return await self.store.line_offset(self.id, page, line)

    async def line_number(self, page: int, offset: int) -> int:
        """Line (from 1) on which the character at ``offset`` of a page stands; 1 for an empty page."""
        async for piece in self.store.pieces(self.id, page, "text", offset, offset + 1):
            return piece.line + piece.text.count("\n", 0, offset - piece.start)
        return max(self.pages[page - 1].lines, 1)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture ready to be shown to a model: at most 1568 px on the long side and well under 1 MB."""

    page: int
    label: str
    media_type: str
    data: bytes
    width: int
    height: int
    note: str = ""
