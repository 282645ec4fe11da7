"""The files service of Kimi. Texts it has extracted are cached on this machine; what it cannot read is read here."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Literal

import anyio
import anyio.to_thread

from kimi_files.access import OpenFile
from kimi_files.answer import Answer, Exhibit, Question
from kimi_files.content import Content, PageInfo, Picture
from kimi_files.errors import (
    LIST_FILES_HINT,
    FileNotFound,
    InvalidPurpose,
    KimiFilesError,
    NoText,
    QuotaExceeded,
    UnsupportedFile,
)
from kimi_files.formats import Format, by_name, check_listing, check_purpose, check_size
from kimi_files.kimi.asking import ask_model
from kimi_files.kimi.batches import Batches
from kimi_files.kimi.chat import Chat
from kimi_files.kimi.client import KimiClient
from kimi_files.kimi.errors import ExtractionFailed, RequestRefused
from kimi_files.kimi.exhibits import NoTexts, drawn_exhibits, is_seen_as_it_is, remote_exhibit
from kimi_files.kimi.ledger import Ledger, Upload
from kimi_files.kimi.marker import shown_name
from kimi_files.kimi.remote_text import REMOTE_READER, RemoteText
from kimi_files.kimi.replies import RemoteFile
from kimi_files.kimi.uploads import AccountLimits, Uploads
from kimi_files.local.catalogue import ContentKey
from kimi_files.local.records import extension_of
from kimi_files.local.service import LocalFilesService
from kimi_files.models import FileDeleted, FileList, FileObject, Purpose
from kimi_files.progress import Progress, no_progress

_HASH_CHARACTERS = 64
# How long a file is taken to be there after the service said so: reading on in a text costs no request.
_SEEN_SECONDS = 300.0

# What the service cannot read, our readers may; a full account is no reason not to read either.
_READ_HERE = (ExtractionFailed, RequestRefused, InvalidPurpose, UnsupportedFile, NoText, QuotaExceeded)


class KimiFilesService:
    """One account, with what was read from it in ``local``, a service over the same ``data_dir``, closed with this one.

    ``chat`` is who answers questions: Kimi itself, or another endpoint.
    """

    kind: Literal["local", "kimi"] = "kimi"

    def __init__(
        self,
        client: KimiClient,
        local: LocalFilesService,
        data_dir: Path,
        chat: Chat,
        limits: AccountLimits | None = None,
    ) -> None:
        self._client = client
        self._local = local
        self._chat = chat
        self._ledger = Ledger(data_dir / "catalogue.sqlite3", data_dir / "catalogue.lock", client.endpoint.account)
        self._uploads = Uploads(client, self._ledger, data_dir / "locks", limits)
        self._seen: dict[str, tuple[RemoteFile, float]] = {}
        self._read_here_for: dict[ContentKey, tuple[str, float]] = {}

    async def create(self, file: OpenFile, purpose: Purpose, progress: Progress = no_progress) -> FileObject:
        """Upload a file, once: the same bytes, name and purpose give the file that is there. It is kept until deleted."""
        check_purpose(purpose)
        file.check_whole()
        check_size(file.size)
        found = "" if purpose == "file-extract" else await self._checked(file, purpose, progress)
        sha256 = await self._local.sha256(file)
        remote = await self._uploads.put(file, sha256, purpose, kept=True, progress=progress)
        return self._remember(remote).as_file(file.name, found)

    async def list(
        self,
        purpose: Purpose | None = None,
        after: str | None = None,
        limit: int = 100,
        order: Literal["asc", "desc"] = "desc",
    ) -> FileList:
        """The account's files by time, newest first unless ``order`` is asc; those that were only read say so."""
        check_listing(purpose, limit)
        await self._local.prepare()
        listing = await self._client.files()
        removed = await self._uploads.absorb(listing)
        rows = {row.file_id: row for row in await self._ledger.all() if row.file_id}
        records = [_record(file, rows.get(file.id)) for file in listing.files if file.id not in removed]
        records.sort(key=lambda record: (record.created_at, record.id), reverse=order == "desc")
        if after is not None:
            ids = [record.id for record in records]
            if after not in ids:
                raise FileNotFound(f"No file has the id '{after[:80]}'.", LIST_FILES_HINT)
            records = records[ids.index(after) + 1 :]
        records = [record for record in records if purpose is None or record.purpose == purpose]
        return FileList(data=records[:limit], has_more=len(records) > limit)

    async def retrieve(self, file_id: str) -> FileObject:
        """Metadata of one file, as the service has it now. FileNotFound if there is none."""
        await self._local.prepare()
        self._seen.pop(file_id, None)
        remote = await self._look_up(file_id)
        return _record(remote, await self._ledger.by_file(file_id))

    async def delete(self, file_id: str) -> FileDeleted:
        """Delete a file from the account, and its text from the cache."""
        await self._local.prepare()
        row = await self._ledger.by_file(file_id)
        remote = self._seen.pop(file_id, (None, 0.0))[0]
        was_there = await self._client.delete_file(file_id)
        with anyio.CancelScope(shield=True):
            await self._ledger.forget_file(file_id, row.bytes if row else remote.bytes if remote else 0)
            await self._local.discard_text(self._key_by_id(file_id))
            if row is not None:
                await self._local.discard_text(ContentKey(row.sha256, row.extension, REMOTE_READER))
        if not was_there and row is None:
            raise _no_file(file_id)
        return FileDeleted(id=file_id)

    async def content(self, file: OpenFile | str, progress: Progress = no_progress) -> Content:
        """The text that the service extracted, from the cache if it was read before. What it cannot read is read here."""
        if isinstance(file, str):
            return await self._content_by_id(file, progress)
        check_size(file.size)
        named = by_name(file.name)
        if named is not None and "video" in named.purposes and not file.member:
            return self._nothing_to_read(file.name, None, file.size, named, await self._local.sha256(file))
        if why := _reason_not_to_send(file, named):
            return await self._read_here(file, why, progress)
        text = await self._text_by_path(file, progress)
        why, since = self._read_here_for.get(text.key, ("", 0.0))
        if why and self._client.clock.monotonic() - since < _SEEN_SECONDS:
            return await self._read_here(file, why, progress)
        try:
            content = await self._local.text(text, progress)
        except _READ_HERE as error:
            # Or reading on in a long file would send all of it again for each part.
            self._read_here_for[text.key] = (error.message, self._client.clock.monotonic())
            return await self._read_here(file, error.message, progress)
        if not content.tokens:
            return await self._read_here(file, "Kimi found no text in it.", progress)
        return replace(content, name=file.name)

    async def read_scans(self, file: OpenFile | str, pages: Sequence[int], progress: Progress = no_progress) -> Content:
        """The text of a file on this machine, which only waits where it was read here; Kimi's own has no such pages."""
        if isinstance(file, str):
            return await self.content(file, progress)
        return await self._local.read_scans(file, pages, progress)

    async def pictures(
        self, file: OpenFile | str, pages: Sequence[int] | None, progress: Progress = no_progress
    ) -> Sequence[Picture]:
        """Pictures of a file on this machine. UnsupportedFile for an id: the service gives no bytes back."""
        if isinstance(file, str):
            raise UnsupportedFile(
                "Kimi gives back neither pictures nor pages of uploaded files.",
                "Name the file by its path, or ask about it with ask_about_files.",
            )
        return await self._local.pictures(file, pages, progress)

    async def exhibits(
        self, file: OpenFile | str, content: Content, progress: Progress = no_progress
    ) -> Sequence[Exhibit]:
        """What the model will look at of a picture or a video; nothing of a file that has text."""
        if content.tokens:
            return []
        if isinstance(file, str):
            remote = await self._look_up(file, progress)
            name = shown_name(remote.filename)
            if not self._chat.is_kimi:
                return []  # only Kimi's models find what ms:// names
            if remote.purpose == "image":
                return [remote_exhibit(name, "image", remote.id)]
            return [remote_exhibit(name, "video", remote.id)] if remote.purpose == "video" else []
        named = by_name(file.name)
        if not self._chat.is_kimi or file.member or named is None or not is_seen_as_it_is(named):
            return await drawn_exhibits(self._local, file, content, progress)
        kind: Literal["image", "video"] = "video" if "video" in named.purposes else "image"
        sha256 = await self._local.sha256(file)
        try:
            remote = await self._uploads.put(file, sha256, kind, kept=False, progress=progress)
        except _READ_HERE:
            if kind == "video":
                raise
            return await drawn_exhibits(self._local, file, content, progress)
        return [remote_exhibit(file.name, kind, remote.id)]

    async def answer(self, question: Question, contents: Sequence[Content], progress: Progress = no_progress) -> Answer:
        """The model's answer with citations that were checked against the files."""
        search = partial(self._local.answer, progress=progress)
        pinned = [exhibit.url.removeprefix("ms://") for exhibit in question.exhibits]
        with self._uploads.pinned(pinned):
            return await ask_model(question, contents, self._chat, search, progress)

    async def raw(self, file_id: str) -> AsyncIterator[bytes]:
        """The bytes of a batch file or of a batch's results. UnsupportedFile for others: the service keeps them."""
        remote = await self._look_up(file_id)
        if not remote.purpose.startswith("batch"):
            raise UnsupportedFile(
                f"Kimi does not give back the bytes of '{shown_name(remote.filename)}'.",
                "Its text can be read.",
            )
        with TemporaryFile() as body:
            await self._client.content(file_id, body)
            await anyio.to_thread.run_sync(body.seek, 0)
            while chunk := await anyio.to_thread.run_sync(body.read, 1 << 20):
                yield chunk

    @property
    def batches(self) -> Batches:
        """The batches of the account."""
        return Batches(self._client)

    async def aclose(self) -> None:
        """Close the connections and end the workers."""
        with anyio.CancelScope(shield=True):
            await self._client.aclose()
            await self._chat.aclose()
            await self._ledger.aclose()
            await self._local.aclose()

    # Inside

    async def _checked(self, file: OpenFile, purpose: Purpose, progress: Progress) -> str:
        try:
            return await self._local.check(file, purpose, progress)
        except UnsupportedFile:
            return ""  # what nobody here can look into, the service may take all the same

    async def _text_by_path(self, file: OpenFile, progress: Progress) -> RemoteText:
        sha256 = await self._local.sha256(file)

        async def load(target: IO[bytes]) -> None:
            try:
                await self._load(file, sha256, target, progress)
            except FileNotFound:  # deleted between the look and the reading: it is sent again
                await self._load(file, sha256, target, progress)

        return RemoteText(file.name, file.size, ContentKey(sha256, extension_of(file.name), REMOTE_READER), load)

    async def _load(self, file: OpenFile, sha256: str, target: IO[bytes], progress: Progress) -> None:
        remote = await self._uploads.put(file, sha256, "file-extract", kept=False, progress=progress)
        await self._client.content(remote.id, target, progress)

    async def _content_by_id(self, file_id: str, progress: Progress) -> Content:
        await self._local.prepare()
        remote = await self._look_up(file_id, progress)
        name = shown_name(remote.filename)
        row = await self._ledger.by_file(file_id)
        if remote.purpose in ("image", "video"):
            return self._nothing_to_read(name, file_id, remote.bytes, by_name(name), self._key_by_id(file_id).sha256)
        await self._uploads.when_read(remote, name, progress)
        key = self._key_by_id(file_id)
        if row is not None and len(row.sha256) == _HASH_CHARACTERS:
            key = ContentKey(row.sha256, row.extension, REMOTE_READER)

        async def load(target: IO[bytes]) -> None:
            try:
                await self._client.content(file_id, target, progress)
            except FileNotFound:
                await self._forget(file_id)
                raise _no_file(file_id) from None

        content = await self._local.text(RemoteText(name, remote.bytes, key, load), progress)
        return replace(content, name=row.name if row else name, file_id=file_id)

    async def _read_here(self, file: OpenFile, why: str, progress: Progress) -> Content:
        try:
            content = await self._local.content(file, progress)
        except KimiFilesError as error:
            raise type(error)(f"{why} On this machine it cannot be read either: {error.message}", error.hint) from error
        return replace(content, warnings=(f"read on this machine: {why}", *content.warnings))

    def _nothing_to_read(self, name: str, file_id: str | None, size: int, known: Format | None, sha256: str) -> Content:
        """A picture or a video: something to ask about, without text."""
        picture = known is not None and known.picture
        page = PageInfo(1, "1", "picture", None, 0, 0, 0, without_text=True, hidden=False)
        return Content(
            id=0,
            sha256=sha256,
            name=name,
            file_id=file_id,
            bytes=size,
            format=known.name if known else "unknown",
            correction=None,
            pages=(page,) if picture else (),
            outline=(),
            warnings=() if picture else ("it has no text: ask about it with ask_about_files",),
            store=NoTexts(),
        )

    async def _look_up(self, file_id: str, progress: Progress = no_progress) -> RemoteFile:
        """The service's record, not older than a few minutes."""
        remote, seen_at = self._seen.get(file_id, (None, 0.0))
        if remote is not None and self._client.clock.monotonic() - seen_at < _SEEN_SECONDS:
            return remote
        try:
            return self._remember(await self._client.file(file_id, progress))
        except FileNotFound:
            await self._forget(file_id)
            raise _no_file(file_id) from None

    def _remember(self, remote: RemoteFile) -> RemoteFile:
        if remote.usable:
            self._seen[remote.id] = (remote, self._client.clock.monotonic())
        return remote

    async def _forget(self, file_id: str) -> None:
        self._seen.pop(file_id, None)
        await self._ledger.forget_file(file_id, 0)

    def _key_by_id(self, file_id: str) -> ContentKey:
        """For files whose bytes nobody here has seen: an id means the same text for as long as it exists."""
        name = hashlib.sha256(f"{self._client.endpoint.account} {file_id}".encode()).hexdigest()
        return ContentKey(name, "", REMOTE_READER)


def _reason_not_to_send(file: OpenFile, named: Format | None) -> str:
    """Why a file is read on this machine without asking the service; empty for what it can read."""
    if file.member:
        return "it is in an archive."
    if named is None:
        return ""
    if named.reader == "archive":
        return "Kimi takes no archives."
    return "Kimi gives no text of pictures." if named.picture else ""


def _record(remote: RemoteFile, row: Upload | None) -> FileObject:
    """The contract's record, with the name that the user gave."""
    note = "only read; removed when room is needed" if row is not None and not row.kept else ""
    return remote.as_file(row.name if row else shown_name(remote.filename), note)


def _no_file(file_id: str) -> FileNotFound:
    return FileNotFound(f"No file has the id '{file_id[:80]}'.", LIST_FILES_HINT)
