"""The texts of files: read once by whoever comes first, then from the catalogue, for every process on the store."""

from __future__ import annotations

import hashlib
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import anyio
from pydantic import JsonValue

from kimi_files import extras
from kimi_files.content import Content
from kimi_files.errors import KimiFilesError, ServerError
from kimi_files.local.catalogue import Catalogue, ContentKey
from kimi_files.local.locks import claim, end_claim, try_claim
from kimi_files.local.writing import ContentWriter, ScanWriter
from kimi_files.progress import Progress
from kimi_files.retrieve.index import PassageIndex
from kimi_files.workers.pool import WorkerPool

READER_VERSION = 7
"""Raise it whenever a reader gives another text for the same bytes: texts of other versions are then read anew."""

_MOST_EXTRAS = 256

_REMEMBERED = 32
_WEIGHED_PARTS = 100
_ATTEMPTS = 5

_log = logging.getLogger(__name__)


def _reader() -> int:
    """What a text depends on besides the file: with another set of extras installed, it is another one."""
    return READER_VERSION * _MOST_EXTRAS + extras.installed()


class TextSource(Protocol):
    """Where a text comes from: bytes that a worker reads, or another service. ``size`` is that of the file in bytes."""

    @property
    def name(self) -> str: ...

    @property
    def size(self) -> int: ...

    @property
    def key(self) -> ContentKey:
        """What the text depends on."""
        ...

    def frames(self, pool: WorkerPool) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """The events of ``extract.document``, each as JSON."""
        ...


@dataclass(frozen=True, slots=True)
class Source:
    """Bytes to read a text from. ``open`` gives their descriptor and raises at its end if they have changed meanwhile.

    ``member`` names a file in an archive, of which the bytes and ``sha256`` are; ``archive`` is the archive's name.
    Scanned pages are begun to be read for ``scan_seconds``.
    """

    sha256: str
    name: str
    extension: str
    size: int
    open: Callable[[], AbstractAsyncContextManager[int]]
    member: str = ""
    archive: str = ""
    scan_seconds: float = 30.0

    @property
    def key(self) -> ContentKey:
        """What the text depends on."""
        if not self.member:
            return ContentKey(self.sha256, self.extension, _reader())
        inner = hashlib.sha256(f"{self.sha256}!/{self.member}".encode(errors="surrogateescape")).hexdigest()
        return ContentKey(inner, self.extension, _reader())

    @asynccontextmanager
    async def frames(self, pool: WorkerPool) -> AsyncIterator[AsyncIterator[bytes]]:
        """The events of the text, as a worker sends them."""
        async with (
            self.open() as descriptor,
            pool.job("extract", self._arguments, descriptor=descriptor) as untrusted_frames,
        ):
            yield untrusted_frames

    @asynccontextmanager
    async def scans(self, pool: WorkerPool, pages: Sequence[int]) -> AsyncIterator[AsyncIterator[bytes]]:
        """The events of these pages, read by OCR."""
        arguments: dict[str, JsonValue] = {**self._arguments, "pages": [*pages]}
        async with (
            self.open() as descriptor,
            pool.job("scans", arguments, descriptor=descriptor) as untrusted_frames,
        ):
            yield untrusted_frames

    @property
    def _arguments(self) -> dict[str, JsonValue]:
        where: dict[str, JsonValue] = {"name": self.name, "member": self.member, "archive": self.archive}
        return {**where, "scan_seconds": self.scan_seconds}


class Texts:
    """``cache_bytes`` is how much text is kept of files that are not: named by path, and read."""

    def __init__(
        self, catalogue: Catalogue, index: PassageIndex, pool: WorkerPool, locks: Path, cache_bytes: int
    ) -> None:
        self._catalogue = catalogue
        self._index = index
        self._pool = pool
        self._locks = locks
        self._cache_bytes = cache_bytes
        self._remembered: OrderedDict[int, Content] = OrderedDict()
        self._unweighed_bytes = cache_bytes  # by whoever was here before

    async def get(self, source: TextSource, progress: Progress) -> Content:
        """The text, read now if nobody has read it; who comes while another reads it waits for that."""
        for _ in range(_ATTEMPTS):
            content_id = await self._catalogue.find_content(source.key)
            if content_id is None:
                async with claim(self._lock(source.key)):
                    content_id = await self._catalogue.find_content(source.key)
                    if content_id is None:
                        return self._remember(await self._read(source, progress))
            content = await self._load(content_id)
            if content is not None:
                return content
        raise ServerError("The file's text is deleted as often as it is read.", "Try again in a moment.")

    async def read_scans(self, source: Source, pages: Sequence[int], progress: Progress) -> Content:
        """The text, after those of these pages that wait for it were read by OCR, as many as there is time for."""
        async with claim(self._lock(source.key)):
            content_id = await self._catalogue.find_content(source.key)
            content = None if content_id is None else await self._catalogue.load_content(content_id)
            if content is None:
                raise ServerError("The file's text has left the cache meanwhile.", "Call again.")
            waiting = [number for number in pages if content.page(number).ocr == "waiting"]
            try:
                if waiting:
                    await self._read_pages(source, content.id, waiting, progress)
            finally:
                self._remembered.pop(content.id, None)
        return await self.get(source, progress)

    async def _read_pages(self, source: Source, content_id: int, pages: Sequence[int], progress: Progress) -> None:
        writer = ScanWriter(self._catalogue, source.key, content_id, pages, progress)
        try:
            async with source.scans(self._pool, pages) as untrusted_frames:
                async for untrusted_frame in untrusted_frames:
                    await writer.add(untrusted_frame)
            await writer.finish()
        finally:
            with anyio.CancelScope(shield=True):
                await self._index.forget(content_id)

    async def discard(self, content_id: int) -> None:
        """Remove a text and its passages."""
        self._remembered.pop(content_id, None)
        await self._index.forget(content_id)
        await self._catalogue.discard_content(content_id)

    async def discard_abandoned(self) -> None:
        """Remove what processes that were killed had begun to read or to remove."""
        for content_id, key in await self._catalogue.unfinished():
            lock = self._lock(key)
            descriptor = await anyio.to_thread.run_sync(try_claim, lock)
            if descriptor is not None:
                try:
                    await self.discard(content_id)
                finally:
                    end_claim(lock, descriptor)

    async def _read(self, source: TextSource, progress: Progress) -> Content:
        await progress(0, None, f"reading {source.name}")
        writer = ContentWriter(self._catalogue, source.key, source.size, progress)
        try:
            async with source.frames(self._pool) as untrusted_frames:
                async for untrusted_frame in untrusted_frames:
                    await writer.add(untrusted_frame)
            content = await writer.finish()
        except BaseException:
            if writer.content_id is not None:
                with anyio.CancelScope(shield=True):
                    await self._discard_quietly(writer.content_id)
            raise
        self._unweighed_bytes += writer.text_bytes
        await self._evict()
        return content

    async def _discard_quietly(self, content_id: int) -> None:
        try:
            await self.discard(content_id)
        except KimiFilesError as error:  # what made the reading fail is what the caller has to know
            _log.warning("a half-read text stays until the next start, unseen: %s", error)

    async def _evict(self) -> None:
        """Keep to the budget. Weighing the whole cache takes its time in a big store: not for each small text."""
        if self._unweighed_bytes < self._cache_bytes // _WEIGHED_PARTS:
            return
        self._unweighed_bytes = 0
        for content_id in await self._catalogue.over_budget(_reader(), self._cache_bytes):
            await self.discard(content_id)

    async def _load(self, content_id: int) -> Content | None:
        content = self._remembered.pop(content_id, None) or await self._catalogue.load_content(content_id)
        return None if content is None else self._remember(content)

    def _remember(self, content: Content) -> Content:
        self._remembered[content.id] = content
        if len(self._remembered) > _REMEMBERED:
            self._remembered.popitem(last=False)
        return content

    def _lock(self, key: ContentKey) -> Path:
        name = hashlib.sha256(f"{key.sha256} {key.extension} {key.reader}".encode()).hexdigest()
        return self._locks / name[:32]
