"""A multipart upload, taken from the wire to a nameless temporary file: at most 100 MB, and never in memory."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import anyio
import anyio.to_thread
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from kimi_files.access import OpenFile
from kimi_files.formats import MAX_FILE_BYTES, check_purpose, check_size
from kimi_files.local.faults import disk_faults
from kimi_files.models import Purpose
from kimi_files_mcp.http.disposition import parse_disposition
from kimi_files_mcp.http.errors import InvalidUpload

_WRITE_BYTES = 1 << 20
_MAX_FIELD_BYTES = 1 << 16
_MAX_HEADERS = 16
_MAX_HEADER_BYTES = 1 << 14
_ROOM_FOR_FORM = 1 << 20
_HINT = "Send multipart/form-data with one part 'file', which has a file name, and one part 'purpose'."


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that has arrived in full, and what it is for."""

    file: OpenFile
    purpose: Purpose


@asynccontextmanager
async def receive_upload(request: Request, spool_dir: Path) -> AsyncIterator[Upload]:
    """Read the body of an upload into a temporary file in ``spool_dir``, which is gone at the end of the block.

    Raises InvalidUpload, InvalidPurpose, EmptyFile, FileTooLarge as soon as it is clear, DiskFull, ClientDisconnect.
    """
    _check_announced_size(request)
    form = UploadForm(_boundary(request))
    with disk_faults(spool_dir):
        spool = await anyio.to_thread.run_sync(_temporary_file, spool_dir)
    with spool:
        sha256 = await _receive(request, form, spool, spool_dir)
        name, purpose = form.finish()
        async with OpenFile.from_descriptor(os.dup(spool.fileno()), name, sha256) as file:
            yield Upload(file, purpose)


async def _receive(request: Request, form: UploadForm, spool: IO[bytes], spool_dir: Path) -> str:
    """Write the file to ``spool`` while the rest of it arrives; its sha256."""
    digest = hashlib.sha256()
    arrived, to_write = anyio.create_memory_object_stream[list[bytes]](1)

    async def write() -> None:
        async for parts in to_write:
            with disk_faults(spool_dir):
                await anyio.to_thread.run_sync(_write, spool, parts, digest)

    with arrived, to_write:
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(write)
                async for data in request.stream():
                    form.feed(data)
                    if form.waiting_bytes >= _WRITE_BYTES:
                        await arrived.send(form.take())
                await arrived.send(form.take())
                arrived.close()
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from None  # of one: the first failure cancels the other task
    return digest.hexdigest()


class UploadForm:
    """The form of an upload, fed with the body as it arrives. Fields that the contract does not know are passed over."""

    def __init__(self, boundary: bytes, max_file_bytes: int = MAX_FILE_BYTES) -> None:
        self.waiting_bytes = 0
        self._max_file_bytes = max_file_bytes
        self._waiting: list[bytes] = []
        self._size = 0
        self._name: str | None = None
        self._purpose: bytes | None = None
        self._field = ""
        self._field_bytes = 0
        self._header_name = b""
        self._header_value = b""
        self._headers: dict[bytes, bytes] = {}
        self._ended = False
        self._parser = self._new_parser(boundary)

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the body."""
        try:
            self._parser.write(data)
        except FormParserError:
            raise InvalidUpload("The body of the request is not well-formed multipart/form-data.", _HINT) from None

    def take(self) -> list[bytes]:
        """The bytes of the file that have come since the last call."""
        waiting, self._waiting, self.waiting_bytes = self._waiting, [], 0
        return waiting

    def finish(self) -> tuple[str, Purpose]:
        """Name and purpose, when the body has ended. Raises InvalidUpload, EmptyFile, InvalidPurpose."""
        if not self._ended:
            raise InvalidUpload(
                "The body of the request ended before the form did; nothing was stored.", "Send it again."
            )
        if self._name is None:
            raise InvalidUpload("The form has no part 'file'.", _HINT)
        if self._purpose is None:
            raise InvalidUpload("The form has no part 'purpose'.", _HINT)
        check_size(self._size)
        return self._name, self._checked_purpose(self._purpose)

    def _new_parser(self, boundary: bytes) -> MultipartParser:
        return MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin_part,
                "on_header_field": self._take_header_name,
                "on_header_value": self._take_header_value,
                "on_header_end": self._end_header,
                "on_headers_finished": self._begin_field,
                "on_part_data": self._take_data,
                "on_part_end": self._end_part,
                "on_end": self._end,
            },
            max_header_count=_MAX_HEADERS,
            max_header_size=_MAX_HEADER_BYTES,
        )

    def _begin_part(self) -> None:
        self._headers = {}
        self._field_bytes = 0

    def _take_header_name(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _take_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _end_header(self) -> None:
        self._headers[self._header_name.lower()] = self._header_value.strip()
        self._header_name = self._header_value = b""

    def _begin_field(self) -> None:
        disposition = parse_disposition(self._headers.get(b"content-disposition", b""))
        self._field = disposition.field
        if self._field == "file":
            self._begin_file(disposition.file_name)
        elif self._field == "purpose":
            if self._purpose is not None:
                raise InvalidUpload("The form has two parts 'purpose'.", _HINT)
            self._purpose = b""

    def _begin_file(self, name: str | None) -> None:
        if self._name is not None:
            raise InvalidUpload("The form has two parts 'file'.", "Send one request for each file.")
        if name is None:
            raise InvalidUpload("The part 'file' has no file name.", _HINT + " With curl: -F file=@report.pdf")
        if self._headers.get(b"content-transfer-encoding", b"binary").lower() not in (b"binary", b"8bit", b"7bit"):
            raise InvalidUpload(
                "The part 'file' is encoded (Content-Transfer-Encoding).", "Send its bytes as they are."
            )
        self._name = name

    def _take_data(self, data: bytes, start: int, end: int) -> None:
        if self._field == "file":
            self._size += end - start
            check_size(self._size, self._max_file_bytes)
            self._waiting.append(data[start:end])
            self.waiting_bytes += end - start
            return
        self._field_bytes += end - start
        if self._field_bytes > _MAX_FIELD_BYTES:
            raise InvalidUpload(f"The field '{self._field[:40]}' of the form is too long.", _HINT)
        if self._field == "purpose":
            self._purpose = (self._purpose or b"") + data[start:end]

    def _end_part(self) -> None:
        if self._field == "purpose":
            # A wrong purpose in front of the file is known before the file is sent.
            self._checked_purpose(self._purpose or b"")

    def _end(self) -> None:
        self._ended = True

    def _checked_purpose(self, purpose: bytes) -> Purpose:
        return check_purpose(purpose.decode(errors="replace"))


def _boundary(request: Request) -> bytes:
    kind, options = parse_options_header(request.headers.get("content-type"))
    boundary = options.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not 0 < len(boundary) <= 200:
        raise InvalidUpload("The request is not multipart/form-data with a boundary.", _HINT)
    return boundary


def _check_announced_size(request: Request) -> None:
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > MAX_FILE_BYTES + _ROOM_FOR_FORM:
        check_size(int(announced))


def _temporary_file(folder: Path) -> IO[bytes]:
    """A file without a name where the system can make one: nothing is left behind, however the process ends."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if sys.platform == "linux":
        # Not tempfile's own, which could never be given a name: the store keeps this very file, without a copy.
        with suppress(OSError):  # a file system without such files
            return open(os.open(folder, os.O_RDWR | os.O_TMPFILE | os.O_CLOEXEC, 0o600), "r+b", buffering=0)
    return tempfile.TemporaryFile(dir=folder, prefix="upload-", buffering=0)


def _write(spool: IO[bytes], parts: list[bytes], digest: hashlib._Hash) -> None:
    for part in parts:
        digest.update(part)
        view = memoryview(part)
        while view:
            view = view[spool.write(view) :]
