"""From what a worker sends to rows of the catalogue: checked, counted, and stored while it arrives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import anyio.to_thread
from pydantic import ValidationError

from kimi_files.content import Content, Layer
from kimi_files.errors import ReaderDied
from kimi_files.extract.checked import document_event
from kimi_files.extract.document import (
    Advance,
    OutlineEntry,
    PageText,
    Start,
    Warning,  # noqa: A004
)
from kimi_files.local.catalogue import Catalogue, ContentKey, PageRow, Rows, WholeText, checksum
from kimi_files.progress import Progress

# So little is checked as quickly as a thread is found for it.
_TAKEN_AT_ONCE_BYTES = 128 << 10

# What is held in memory at a time, and how long a transaction may get: some 80 ms of writing. Each costs a sync of the disk.
_BATCH_BYTES = 8 << 20

# Only blanks have fewer. A reader that a file has taken over could understate a page until it floods a conversation.
_MOST_CHARACTERS_A_TOKEN = 64


# page, layer, start, characters, line, text; stored with its checksum before the text
_Piece = tuple[int, Layer, int, int, int, str]
_StoredPiece = tuple[int, str, int, int, int, int, str]


@dataclass(slots=True)
class _Page:
    """The page that is arriving."""

    first: PageText
    characters: int = 0
    tokens: float = 0.0
    newlines: int = 0
    ends_with_newline: bool = True
    plain_characters: int = 0
    plain_newlines: int = 0

    def pieces(self, event: PageText) -> Iterator[_Piece]:
        """The rows of the page's next part, of each layer that it has."""
        if event.plain is not None and self.first.plain is None:
            raise _misbehaved("a page got its plain text too late")
        if event.text:
            self.tokens += max(event.tokens, len(event.text) // _MOST_CHARACTERS_A_TOKEN)
            yield self._text(event.text)
        plain = event.text if event.plain is None else event.plain
        if self.first.plain is not None and plain:
            yield self._plain(plain)

    def _text(self, text: str) -> _Piece:
        piece: _Piece = (self.first.number, "text", self.characters, len(text), self.newlines + 1, text)
        self.characters += len(text)
        self.newlines += text.count("\n")
        self.ends_with_newline = text.endswith("\n")
        return piece

    def _plain(self, text: str) -> _Piece:
        piece: _Piece = (self.first.number, "plain", self.plain_characters, len(text), self.plain_newlines + 1, text)
        self.plain_characters += len(text)
        self.plain_newlines += text.count("\n")
        return piece

    def row(self) -> PageRow:
        first = self.first
        return (
            first.number,
            first.label,
            first.kind,
            first.title,
            self.characters,
            round(self.tokens),
            self.newlines + (not self.ends_with_newline),
            first.without_text,
            first.hidden,
            first.plain is not None,
            first.ocr,
        )


class ContentWriter:
    """Stores one text. ``add`` every frame, then ``finish``; nobody sees the text before.

    ``size`` is that of the file in bytes. ``content_id`` is None while nothing is stored: most texts are one transaction.
    ``text_bytes`` counts what came so far.
    """

    def __init__(self, catalogue: Catalogue, key: ContentKey, size: int, progress: Progress) -> None:
        self.content_id: int | None = None
        self._catalogue = catalogue
        self._key = key
        self._size = size
        self._progress = progress
        self._untrusted_frames: list[bytes] = []
        self._waiting_bytes = 0
        self._start: Start | None = None
        self._page: _Page | None = None
        self._advance: Advance | None = None
        self._rows = Rows([], [], [], [])
        self._outline_entries = 0
        self._warnings = 0
        self.text_bytes = 0

    async def add(self, untrusted_frame: bytes) -> None:
        """Take the next frame. ReaderDied if it is not what a reader may send."""
        self._untrusted_frames.append(untrusted_frame)
        self._waiting_bytes += len(untrusted_frame)
        if self._waiting_bytes >= _BATCH_BYTES or untrusted_frame.startswith(b'{"event":"advance"'):
            await self._take_waiting()
        if self._waiting_bytes >= _BATCH_BYTES:
            self._waiting_bytes = 0
            if self.content_id is None:
                self.content_id = await self._catalogue.begin_content(self._key, self._size)
            await self._catalogue.add_rows(self.content_id, self._emptied())

    async def finish(self) -> Content:
        """Store the rest and let everybody see the text, which is given without a name. ReaderDied if there never was one."""
        await self._take_waiting()
        if self._start is None:
            raise _misbehaved("it sent nothing")
        self._end_page()
        start, key, size = self._start, self._key, self._size
        text = WholeText(key, size, start.format, start.correction, self.text_bytes)
        return await self._catalogue.finish_content(self.content_id, text, self._emptied())

    async def _take_waiting(self) -> None:
        untrusted_frames, self._untrusted_frames = self._untrusted_frames, []
        if sum(map(len, untrusted_frames)) <= _TAKEN_AT_ONCE_BYTES:
            self._take(untrusted_frames)
        else:
            await anyio.to_thread.run_sync(self._take, untrusted_frames)
        if self._advance is not None:
            advance, self._advance = self._advance, None
            await self._progress(advance.done, advance.total, advance.message)

    def _take(self, untrusted_frames: list[bytes]) -> None:
        for untrusted_frame in untrusted_frames:
            try:
                event = document_event.validate_json(untrusted_frame)
            except ValidationError:
                raise _misbehaved("it sent something that is no event") from None
            if isinstance(event, Start):
                self._take_start(event)
            elif self._start is None:
                raise _misbehaved("it did not say first what the file is")
            elif isinstance(event, PageText):
                self._take_page(event)
            elif isinstance(event, OutlineEntry):
                self._rows.outline.append((self._outline_entries, event.title, event.level, event.page))
                self._outline_entries += 1
            elif isinstance(event, Advance):
                self._advance = event
            else:
                self._rows.warnings.append((self._warnings, event.message))
                self._warnings += 1

    def _take_start(self, event: Start) -> None:
        if self._start is not None:
            raise _misbehaved("it began twice")
        self._start = event

    def _take_page(self, event: PageText) -> None:
        if self._page is None or event.number != self._page.first.number:
            if event.number != (1 if self._page is None else self._page.first.number + 1):
                raise _misbehaved("its pages are not in order")
            self._end_page()
            self._page = _Page(event)
        pieces = [_with_checksum(piece, self._key.sha256) for piece in self._page.pieces(event)]
        self.text_bytes += _size(pieces)
        self._rows.pieces.extend(pieces)

    def _end_page(self) -> None:
        if self._page is not None:
            self._rows.pages.append(self._page.row())

    def _emptied(self) -> Rows:
        rows, self._rows = self._rows, Rows([], [], [], [])
        return rows


class ScanWriter:
    """Stores pages of a text anew, each in one step as soon as it is whole. ``add`` every frame, then ``finish``."""

    def __init__(
        self, catalogue: Catalogue, key: ContentKey, content_id: int, wanted: Sequence[int], progress: Progress
    ) -> None:
        self._catalogue = catalogue
        self._key = key
        self._content_id = content_id
        self._wanted = set(wanted)
        self._progress = progress
        self._page: _Page | None = None
        self._pieces: list[_StoredPiece] = []
        self._headings: list[OutlineEntry] = []

    async def add(self, untrusted_frame: bytes) -> None:
        """Take the next frame. ReaderDied if it is none of the pages that were asked for."""
        try:
            event = document_event.validate_json(untrusted_frame)
        except ValidationError:
            raise _misbehaved("it sent something that is no event") from None
        if isinstance(event, Advance):
            await self._progress(event.done, event.total, event.message)
        elif isinstance(event, PageText):
            if self._page is None or event.number != self._page.first.number:
                await self.finish()
                if event.number not in self._wanted:
                    raise _misbehaved("it sent a page that nobody asked for")
                self._wanted.discard(event.number)
                self._page = _Page(event)
            self._pieces.extend(_with_checksum(piece, self._key.sha256) for piece in self._page.pieces(event))
        elif isinstance(event, OutlineEntry):
            if self._page is None or event.page != self._page.first.number:
                raise _misbehaved("it sent a heading of another page")
            self._headings.append(event)
        elif not isinstance(event, Warning):
            raise _misbehaved("it sent more than pages")

    async def finish(self) -> None:
        """Store the page that was arriving."""
        page, self._page = self._page, None
        pieces, self._pieces = self._pieces, []
        headings, self._headings = self._headings, []
        if page is not None:
            outline = [(number, each.title, each.level, each.page) for number, each in enumerate(headings)]
            rows = Rows([page.row()], pieces, outline, [])
            await self._catalogue.replace_page(self._content_id, rows, _size(pieces))


def _with_checksum(piece: _Piece, sha256: str) -> _StoredPiece:
    number, layer, start, characters, line, text = piece
    return number, layer, start, characters, line, checksum(sha256, number, layer, start, line, text.encode()), text


def _size(pieces: Iterable[_StoredPiece]) -> int:
    """Bytes of text."""
    return sum(len(text.encode()) for *_, text in pieces)


def _misbehaved(what: str) -> ReaderDied:
    return ReaderDied(f"The reader's answer was refused: {what}.", "This is a fault of the reader: please report it.")
