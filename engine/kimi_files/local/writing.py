"""From what a worker sends to rows of the catalogue: checked, counted, and stored while it arrives."""

from __future__ import annotations

from dataclasses import dataclass

import anyio.to_thread
from pydantic import ValidationError

from kimi_files.content import Layer
from kimi_files.errors import ReaderDied
from kimi_files.extract.document import Advance, OutlineEntry, PageText, Start, document_event
from kimi_files.local.catalogue import Catalogue, ContentKey, Rows, WholeText, checksum
from kimi_files.progress import Progress
from kimi_files.tokens import estimate_tokens

# What is held in memory at a time, and how long a transaction may get: some 80 ms of writing. Each costs a sync of the disk.
_BATCH_BYTES = 8 << 20

# Estimating goes at about 10 MB/s: beyond the first million characters of a page one piece in so many speaks for the rest.
_MEASURED_PIECES = 16
_MEASURED_ONE_IN = 64


@dataclass(slots=True)
class _Page:
    """The page that is arriving."""

    first: PageText
    characters: int = 0
    tokens: float = 0.0
    newlines: int = 0
    ends_with_newline: bool = True
    pieces: int = 0
    tokens_a_character: float = 0.0
    plain_characters: int = 0
    plain_newlines: int = 0

    def row(self) -> tuple[int, str, str, str | None, int, int, int, bool, bool, bool]:
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
        )


class ContentWriter:
    """Stores one text. ``add`` every frame, then ``finish``; nobody sees the text before.

    ``size`` is that of the file in bytes. ``content_id`` is None while nothing is stored: most texts are one transaction.
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
        self._text_bytes = 0

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

    async def finish(self) -> int:
        """Store the rest and let everybody see the text; gives its id. ReaderDied if there never was one."""
        await self._take_waiting()
        if self._start is None:
            raise _misbehaved("it sent nothing")
        self._end_page()
        start, key, size = self._start, self._key, self._size
        text = WholeText(key, size, start.format, start.correction, self._text_bytes)
        return await self._catalogue.finish_content(self.content_id, text, self._emptied())

    async def _take_waiting(self) -> None:
        untrusted_frames, self._untrusted_frames = self._untrusted_frames, []
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
        page = self._page
        if event.plain is not None and page.first.plain is None:
            raise _misbehaved("a page got its plain text too late")
        self._take_text(page, event.text)
        if page.first.plain is not None:
            self._take_plain(page, event.text if event.plain is None else event.plain)

    def _take_text(self, page: _Page, text: str) -> None:
        if not text:
            return
        self._add_piece(page, "text", page.characters, page.newlines + 1, text)
        if page.pieces < _MEASURED_PIECES or page.pieces % _MEASURED_ONE_IN == 0:
            tokens = estimate_tokens(text)
            page.tokens_a_character = tokens / len(text)
            page.tokens += tokens
        else:
            page.tokens += len(text) * page.tokens_a_character
        page.pieces += 1
        page.characters += len(text)
        page.newlines += text.count("\n")
        page.ends_with_newline = text.endswith("\n")

    def _take_plain(self, page: _Page, text: str) -> None:
        if not text:
            return
        self._add_piece(page, "plain", page.plain_characters, page.plain_newlines + 1, text)
        page.plain_characters += len(text)
        page.plain_newlines += text.count("\n")

    def _add_piece(self, page: _Page, layer: Layer, start: int, line: int, text: str) -> None:
        encoded, number = text.encode(), page.first.number
        check = checksum(self._key.sha256, number, layer, start, line, encoded)
        self._rows.pieces.append((number, layer, start, len(text), line, check, text))
        self._text_bytes += len(encoded)

    def _end_page(self) -> None:
        if self._page is not None:
            self._rows.pages.append(self._page.row())

    def _emptied(self) -> Rows:
        rows, self._rows = self._rows, Rows([], [], [], [])
        return rows


def _misbehaved(what: str) -> ReaderDied:
    return ReaderDied(f"The reader's answer was refused: {what}.", "This is a fault of the reader: please report it.")
