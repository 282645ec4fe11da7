"""The files service on this machine."""

from __future__ import annotations

import hashlib
import logging
import os
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import anyio
import anyio.to_thread
from pydantic import Base64Bytes, BaseModel, ConfigDict, Field, JsonValue, ValidationError

from kimi_files.access import OpenFile
from kimi_files.answer import Answer, Exhibit, Question
from kimi_files.content import Content, Picture
from kimi_files.errors import InvalidPurpose, KimiFilesError, NoText, ReaderDied
from kimi_files.formats import (
    FORMATS,
    MAX_FILE_BYTES,
    MAX_FILES,
    MAX_TOTAL_BYTES,
    by_name,
    check_listing,
    check_purpose,
    check_size,
    too_many_bytes,
    too_many_files,
)
from kimi_files.local import catalogue as rows
from kimi_files.local.blobs import Blobs, Received
from kimi_files.local.catalogue import Catalogue, ContentKey, Usage
from kimi_files.local.details import describe
from kimi_files.local.faults import disk_faults
from kimi_files.local.ids import new_file_id
from kimi_files.local.recent import RecentAnswers
from kimi_files.local.records import FileRecord, Records, extension_of
from kimi_files.local.texts import Source, Texts, TextSource
from kimi_files.models import FileDeleted, FileList, FileObject, Purpose
from kimi_files.progress import Progress, no_progress
from kimi_files.retrieve.index import PassageIndex
from kimi_files.workers.pool import WorkerPool

_FOLDER_MODE = 0o700
_PICTURES = frozenset(known.name for known in FORMATS if known.picture)

# Passages of a longer text are made at the first question: an upload should not wait half a minute for them.
_INDEXED_AT_UPLOAD_CHARACTERS = 5_000_000

# A file changed so shortly before it was hashed may change again without its time of change showing it.
_SETTLED_NANOSECONDS = 2_000_000_000

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """The contract's limits; ``cache_bytes``: how much text is kept of files that were only named by path;
    ``scan_seconds``: how long scanned pages are begun to be read in one call.
    """

    files: int = MAX_FILES
    file_bytes: int = MAX_FILE_BYTES
    total_bytes: int = MAX_TOTAL_BYTES
    cache_bytes: int = 2 << 30
    scan_seconds: float = 30.0


@dataclass(frozen=True, slots=True)
class StoreHealth:
    """How the store is. ``exists`` is False before its first use; ``problem`` says what is wrong, None if nothing is."""

    data_dir: Path
    exists: bool
    schema_version: int | None = None
    journal_mode: str | None = None
    files: int = 0
    bytes: int = 0
    contents: int = 0
    text_bytes: int = 0
    problem: str | None = None


class _PictureFrame(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    page: int
    label: str
    media_type: Literal["image/png", "image/jpeg", "image/webp", "image/gif"]
    data: Base64Bytes
    width: int
    height: int
    note: str = ""


class _CheckFrame(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    details: str = Field(max_length=500)


class LocalFilesService:
    """A store in the folder ``data_dir``, made at the first call. Any number of processes may use the same one.

    A file without text is kept, for an agent can look at its pages, and scanned pages are read when they are asked for.
    With ``text_required`` it is as at Kimi: all of them are read at once, and without text a file is refused for
    ``file-extract``. A program that goes by the text alone would take nothing for everything.
    """

    kind: Literal["local", "kimi"] = "local"

    def __init__(
        self, data_dir: Path, pool: WorkerPool, limits: Limits | None = None, *, text_required: bool = False
    ) -> None:
        self._data_dir = data_dir
        self._pool = pool
        self._limits = limits or Limits()
        self._text_required = text_required
        self._blobs = Blobs(data_dir)
        self._records = Records(data_dir)
        database, lock, locks = data_dir / "catalogue.sqlite3", data_dir / "catalogue.lock", data_dir / "locks"
        self._catalogue = Catalogue(database, lock, self._restore)
        self._recent_records = RecentAnswers[FileRecord](database)
        self._index = PassageIndex(database, lock, locks)
        self._texts = Texts(self._catalogue, self._index, pool, locks, self._limits.cache_bytes)
        self._opening = anyio.Lock()
        self._is_open = False

    async def create(self, file: OpenFile, purpose: Purpose, progress: Progress = no_progress) -> FileObject:
        """Keep a file, read or checked as its purpose asks. The same bytes, name and purpose give the file there is."""
        check_purpose(purpose)
        file.check_whole()
        self._check_size(file.size)
        named = by_name(file.name)
        if purpose == "file-extract" and named is not None and named.picture:
            raise _is_a_picture(file.name)
        await self._open()
        await progress(0, None, f"storing {file.name}")
        async with self._blobs.receive(file, self._limits.file_bytes) as received:
            existing = await self._catalogue.duplicate(received.sha256, file.name, purpose)
            if existing is not None:
                return existing
            self._check_room(await self._catalogue.usage(), received.size)
            details = await self._examine(received, file.name, purpose, progress)
            return await self._keep(received, file.name, purpose, details)

    async def list(
        self,
        purpose: Purpose | None = None,
        after: str | None = None,
        limit: int = 100,
        order: Literal["asc", "desc"] = "desc",
    ) -> FileList:
        """Files by time, newest first unless ``order`` is asc. FileNotFound if there is no file ``after``."""
        check_listing(purpose, limit)
        await self._open()
        return await self._catalogue.files(purpose, after, limit, order)

    async def retrieve(self, file_id: str) -> FileObject:
        """Metadata of one file. FileNotFound if there is none."""
        return (await self._record(file_id)).file

    async def delete(self, file_id: str) -> FileDeleted:
        """Forget a file; its bytes and its text too, when no other file has the same ones."""
        await self._open()

        def forget(connection: sqlite3.Connection) -> tuple[FileRecord, list[int]]:
            record = rows.find_file(connection, file_id)
            rows.delete_file(connection, file_id)
            return record, rows.hide_unused_contents(connection, record)

        def remove(connection: sqlite3.Connection) -> None:
            self._records.remove(record.file.id)
            if not rows.has_blob_users(connection, record.sha256):
                self._blobs.remove(record.sha256)

        with anyio.CancelScope(shield=True):
            record, content_ids = await self._catalogue.database.write(forget)
            await self._catalogue.database.write(remove)
            for content_id in content_ids:
                await self._texts.discard(content_id)
        return FileDeleted(id=file_id)

    async def content(self, file: OpenFile | str, progress: Progress = no_progress) -> Content:
        """The file's text, read now if it was not before."""
        source, file_id = await self._source_of(file)
        content = await self._text(source, progress)
        await self._catalogue.save_seen(source.sha256)
        return replace(content, name=source.name, file_id=file_id)

    async def read_scans(self, file: OpenFile | str, pages: Sequence[int], progress: Progress = no_progress) -> Content:
        """The file's text, after those of these pages that wait for it were read by OCR: as many as half a minute allows."""
        source, file_id = await self._source_of(file)
        return replace(await self._texts.read_scans(source, pages, progress), name=source.name, file_id=file_id)

    async def pictures(
        self, file: OpenFile | str, pages: Sequence[int] | None, progress: Progress = no_progress
    ) -> Sequence[Picture]:
        """Pictures of pages (numbers from 1), or of the image itself when ``pages`` is None."""
        if isinstance(file, str):
            record = await self._record(file)
            name, opened = record.file.filename, self._opened_blob(record)
        else:
            self._check_size(file.size)
            name, opened = file.name, _unchanged(file)
        await progress(0, None, f"drawing {name}")
        arguments: dict[str, JsonValue] = {"name": name, "pages": None if pages is None else [*pages]}
        if not isinstance(file, str) and file.member:
            arguments |= {"member": file.member, "archive": file.path.name}
        async with (
            opened() as descriptor,
            self._pool.job("pictures", arguments, descriptor=descriptor) as untrusted_frames,
        ):
            return [_picture(untrusted_frame) async for untrusted_frame in untrusted_frames]

    async def answer(self, question: Question, contents: Sequence[Content], progress: Progress = no_progress) -> Answer:
        """The passages that answer best."""
        # Only questions need it.
        from kimi_files.retrieve.answering import passages_answer

        await self._open()
        return await passages_answer(question, contents, self._index, self._pool, progress)

    async def raw(self, file_id: str) -> AsyncIterator[bytes]:
        """The stored bytes of a file. StoreDamaged at the end if they are not the ones that were uploaded."""
        record = await self._record(file_id)
        async for chunk in self._blobs.chunks(record.sha256):
            yield chunk

    async def exhibits(
        self, file: OpenFile | str, content: Content, progress: Progress = no_progress
    ) -> Sequence[Exhibit]:
        """Nothing: no model looks at pictures here."""
        return []

    async def prepare(self) -> None:
        """Open the store now instead of at the first call that needs it."""
        await self._open()

    async def text(self, source: TextSource, progress: Progress = no_progress) -> Content:
        """The text of any source, kept in the same cache; ``name`` and ``file_id`` are the caller's to fill in."""
        await self._open()
        return await self._texts.get(source, progress)

    async def discard_text(self, key: ContentKey) -> None:
        """Remove a text, if it was read before."""
        await self._open()
        content_id = await self._catalogue.find_content(key)
        if content_id is not None:
            await self._texts.discard(content_id)

    async def check(self, file: OpenFile, purpose: Purpose, progress: Progress = no_progress) -> str:
        """Look whether a file is what its purpose asks, and keep nothing; what is worth saying about it, in words."""
        self._check_size(file.size)
        await progress(0, None, f"checking {file.name}")
        async with _unchanged(file)() as descriptor:
            return await self._check(descriptor, file.name, purpose)

    async def sha256(self, file: OpenFile) -> str:
        """Hash of a file's bytes, from an earlier call if the file has not been written to since."""
        sha256 = await self._hash(file)
        await self._catalogue.save_seen(sha256)
        return sha256

    async def health(self) -> StoreHealth:
        """How the store is, from a check of the whole catalogue. Makes nothing where there is no store yet."""
        place = anyio.Path(self._data_dir)
        # A folder may hold what is no store; where a file stands, opening says what is wrong.
        if not await (place / "locks").exists() and not await place.is_file():
            return StoreHealth(self._data_dir, exists=False)
        try:
            await self._open()
            found = await self._catalogue.health()
        except KimiFilesError as error:
            return StoreHealth(self._data_dir, exists=True, problem=str(error))
        return StoreHealth(
            self._data_dir,
            exists=True,
            schema_version=found.schema_version,
            journal_mode=found.journal_mode,
            files=found.usage.files,
            bytes=found.usage.bytes,
            contents=found.contents,
            text_bytes=found.text_bytes,
            problem=found.problem,
        )

    async def aclose(self) -> None:
        """End the workers and close the catalogue."""
        with anyio.CancelScope(shield=True):
            await self._pool.aclose()
            await self._index.aclose()
            await self._catalogue.aclose()

    # Opening the store

    async def _open(self) -> None:
        if self._is_open:
            return
        async with self._opening:
            if not self._is_open:
                await anyio.to_thread.run_sync(self._make_folders)
                await self._catalogue.database.write(self._reconcile)
                await self._texts.discard_abandoned()
                self._is_open = True

    def _make_folders(self) -> None:
        with disk_faults(self._data_dir):
            self._data_dir.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
            (self._data_dir / "locks").mkdir(mode=_FOLDER_MODE, exist_ok=True)
            self._records.prepare()
            self._blobs.prepare()

    def _restore(self, connection: sqlite3.Connection) -> None:
        """Fill a catalogue made just now with the files whose records and bytes are there."""
        records = self._records.read_all()
        for record in records:
            if self._blobs.has(record.sha256):
                rows.insert_file(connection, record)
            else:
                _log.warning("the bytes of %s are missing: it is not in the new catalogue", record.file.id)
        if records:
            _log.warning("catalogue made anew from the records of %d files", len(records))

    def _reconcile(self, connection: sqlite3.Connection) -> None:
        """Remove what a process that was killed left between two steps; write a record that is missing."""
        records = dict(rows.file_ids_and_hashes(connection))
        all_known = self._records.remove_unknown(records.keys())
        for file_id in records.keys() - set(self._records.ids()):
            self._records.write(rows.find_file(connection, file_id))
        if all_known:  # else a record that cannot be read may name one of these blobs
            used = set(records.values())
            for sha256 in [sha256 for sha256 in self._blobs.all() if sha256 not in used]:
                self._blobs.remove(sha256)

    # Creating

    def _check_size(self, size: int) -> None:
        check_size(size, self._limits.file_bytes)

    def _check_room(self, usage: Usage, size: int) -> None:
        if usage.files >= self._limits.files:
            raise too_many_files(self._limits.files)
        if usage.bytes + size > self._limits.total_bytes:
            raise too_many_bytes(self._limits.total_bytes)

    async def _examine(self, received: Received, name: str, purpose: Purpose, progress: Progress) -> str:
        """Read or check the bytes as the purpose asks; what is worth saying about them."""
        if purpose != "file-extract":
            return await self._check(received.descriptor, name, purpose)

        @asynccontextmanager
        async def opened() -> AsyncIterator[int]:
            yield received.descriptor

        content = await self._text(self._source(name, received.sha256, received.size, opened), progress)
        if content.format in _PICTURES:
            raise _is_a_picture(name)
        if self._text_required and not await _has_words(content):
            raise _has_no_text(name)
        if sum(page.characters for page in content.pages) <= _INDEXED_AT_UPLOAD_CHARACTERS:
            await self._index.ensure(content, self._pool, progress)
        return describe(content)

    async def _check(self, descriptor: int, name: str, purpose: Purpose) -> str:
        arguments: dict[str, JsonValue] = {"name": name, "purpose": purpose}
        async with self._pool.job("check", arguments, descriptor=descriptor) as untrusted_frames:
            return "; ".join([_checked(untrusted_frame) async for untrusted_frame in untrusted_frames])

    async def _keep(self, received: Received, name: str, purpose: Purpose, details: str) -> FileObject:
        now = time.time_ns() // 1_000_000
        file = FileObject(
            id=new_file_id(now),
            bytes=received.size,
            created_at=now // 1_000,
            filename=name,
            purpose=purpose,
            status="ready",
            status_details=details or None,
        )
        record = FileRecord(file=file, sha256=received.sha256)

        def keep(connection: sqlite3.Connection) -> FileObject:
            existing = rows.find_duplicate(connection, record.sha256, name, purpose)
            if existing is not None:
                return existing
            self._check_room(rows.usage(connection), received.size)
            self._blobs.place(received)
            self._records.write(record)
            rows.insert_file(connection, record)
            return file

        def undo(connection: sqlite3.Connection) -> None:
            self._records.remove(file.id)
            if not rows.has_blob_users(connection, record.sha256, besides=file.id):
                self._blobs.take_back(received)

        return await self._catalogue.database.write(keep, undo)

    # Reading

    async def _text(self, source: Source, progress: Progress) -> Content:
        content = await self._texts.get(source, progress)
        while self._text_required and (scans := content.waiting_scans):
            content = await self._texts.read_scans(source, scans, progress)
        return content

    async def _hash(self, file: OpenFile) -> str:
        """Hash of a file's bytes; a new one of a large file is noted, and stored by the caller or with the file's text."""
        await self._open()
        if file.hashed:
            return await file.sha256()
        key = hashlib.sha256(f"{file.path}\0{file.signature}".encode(errors="surrogateescape")).hexdigest()
        known = await self._catalogue.seen(key)
        if known is not None:
            return known
        status, now = os.fstat(file.descriptor), time.time_ns()
        sha256 = await file.sha256()
        if now - max(status.st_mtime_ns, status.st_ctime_ns) > _SETTLED_NANOSECONDS:
            self._catalogue.note_seen(key, sha256)
        return sha256

    async def _record(self, file_id: str) -> FileRecord:
        await self._open()
        return await self._recent_records.ask(file_id, lambda: self._catalogue.file(file_id))

    async def _source_of(self, file: OpenFile | str) -> tuple[Source, str | None]:
        """Where a file's text comes from, and the file's id if it is kept."""
        if isinstance(file, str):
            record = await self._record(file)
            blob = self._opened_blob(record)
            return self._source(record.file.filename, record.sha256, record.file.bytes, blob), record.file.id
        self._check_size(file.size)
        source = self._source(file.name, await self._hash(file), file.size, _unchanged(file))
        return replace(source, member=file.member, archive=file.path.name if file.member else ""), None

    def _source(
        self, name: str, sha256: str, size: int, opened: Callable[[], AbstractAsyncContextManager[int]]
    ) -> Source:
        extension, seconds = extension_of(name), self._limits.scan_seconds
        return Source(sha256, name, extension, size, opened, scan_seconds=seconds)

    def _opened_blob(self, record: FileRecord) -> Callable[[], AbstractAsyncContextManager[int]]:
        return lambda: self._blobs.open(record.sha256)


def _unchanged(file: OpenFile) -> Callable[[], AbstractAsyncContextManager[int]]:
    """The file's descriptor; FileChanged at the end of the block if the file was written to since it was opened."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[int]:
        yield file.descriptor
        file.check_unchanged()

    return opened


def _picture(untrusted_frame: bytes) -> Picture:
    try:
        frame = _PictureFrame.model_validate_json(untrusted_frame)
    except ValidationError:
        raise ReaderDied(
            "The reader sent something that is no picture.", "This is a fault of the reader: please report it."
        ) from None
    return Picture(**dict(frame))


def _checked(untrusted_frame: bytes) -> str:
    try:
        return _CheckFrame.model_validate_json(untrusted_frame).details
    except ValidationError:
        raise ReaderDied(
            "The reader sent something that is no result of a check.",
            "This is a fault of the reader: please report it.",
        ) from None


def _is_a_picture(name: str) -> InvalidPurpose:
    return InvalidPurpose(
        f"'{name}' is a picture: pictures are refused for the purpose 'file-extract'.",
        "Upload it with the purpose 'image'.",
    )


async def _has_words(content: Content) -> bool:
    for page in content.pages:
        if page.characters:
            async for piece in content.pieces(page.number):
                if not piece.text.isspace():
                    return True
    return False


def _has_no_text(name: str) -> NoText:
    return NoText(
        "text extract error: 没有解析出内容",
        f"No text came out of '{name}': it is empty, a scan, or made of pictures. Save it with a text layer.",
    )
