"""The text that the service extracted, as the events that a reader of our own would send: cached and paged like any other."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import IO

import anyio.to_thread

from kimi_files.extract.document import DocumentEvent, Start
from kimi_files.extract.measured import measured
from kimi_files.extract.pieces import page_texts
from kimi_files.formats import TEXT, by_name
from kimi_files.kimi.body import text_parts
from kimi_files.local.catalogue import ContentKey
from kimi_files.workers.pool import WorkerPool

REMOTE_READER = 1_000_001
"""Keeps these texts apart from those of our own readers, whose versions count from 1."""

_PAGE_BREAK = "\f"


@dataclass(frozen=True, slots=True)
class RemoteText:
    """``load`` writes the content body into a file, whole. The other fields are as ``local.texts.TextSource`` says."""

    name: str
    size: int
    key: ContentKey
    load: Callable[[IO[bytes]], Awaitable[None]]

    @asynccontextmanager
    async def frames(self, pool: WorkerPool) -> AsyncIterator[AsyncIterator[bytes]]:
        """Nothing is parsed here, so no worker is needed."""
        with TemporaryFile() as body:
            await self.load(body)
            yield _frames(self.name, body)


async def _frames(name: str, body: IO[bytes]) -> AsyncIterator[bytes]:
    events = measured(await anyio.to_thread.run_sync(_events, name, body))
    while (frame := await anyio.to_thread.run_sync(_next_frame, events)) is not None:
        yield frame


def _next_frame(events: Iterator[DocumentEvent]) -> bytes | None:
    event = next(events, None)
    return None if event is None else event.to_json()


def _events(name: str, body: IO[bytes]) -> Iterator[DocumentEvent]:
    known = by_name(name) or TEXT
    yield Start(format=known.name)
    paged = not known.textual and any(_PAGE_BREAK in part for part in text_parts(body))
    if not paged:
        yield from page_texts(1, "1", "text", None, text_parts(body))
        return
    pages = _Pages(text_parts(body))
    number = 0
    while not pages.ended:
        number += 1
        yield from page_texts(number, str(number), "page", None, pages.next_page())


class _Pages:
    """Parts of a text, cut at form feeds; one page has to be read to its end before the next."""

    def __init__(self, parts: Iterable[str]) -> None:
        self._parts = iter(parts)
        self._rest = ""
        self.ended = False

    def next_page(self) -> Iterator[str]:
        while True:
            page, found, self._rest = self._rest.partition(_PAGE_BREAK)
            if page:
                yield page
            self._rest = self._rest or next(self._parts, "")
            self.ended = not self._rest  # a form feed at the very end begins no page
            if found or self.ended:
                return
