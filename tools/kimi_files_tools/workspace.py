"""What every tool works with: who may read what, and the service that keeps the files."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import anyio

from kimi_files.access import AccessPolicy, open_file, open_files

if TYPE_CHECKING:
    from kimi_files.errors import KimiFilesError
    from kimi_files.service import FileReference, FilesService

# Ours and Kimi's since August 2026; before that, ids were 20 characters of base32hex.
_FILE_ID = re.compile(r"file[_-][0-9A-Za-z]{20,64}|[0-9a-v]{20}")


@dataclass(slots=True)
class Workspace:
    """``start_service`` is called at the first tool call, so that a server nobody calls costs nothing. It is told how
    many files that call is about to have read, so that readers start beside the service.
    """

    policy: AccessPolicy
    start_service: Callable[[int], Awaitable[FilesService]]
    _service: FilesService | None = None
    _starting: anyio.Lock = field(default_factory=anyio.Lock)

    async def service(self, reads: int = 0) -> FilesService:
        """The files service, started once. ``reads``: how many files the caller will have read at the same time."""
        if self._service is None:
            async with self._starting:
                if self._service is None:
                    self._service = await self.start_service(reads)
        return self._service

    @asynccontextmanager
    async def open(self, file: str) -> AsyncIterator[FileReference]:
        """A file id as it is, or the file that a path names, open until the end of the block."""
        if is_file_id(file):
            yield file.strip()
            return
        async with await open_file(file, self.policy) as opened:
            yield opened

    async def open_together(self, files: Sequence[str]) -> list[FileReference | KimiFilesError]:
        """What ``open`` gives for each of several files, the caller's to close; or the error that it raises."""
        paths = [file for file in files if not is_file_id(file)]
        found = iter(await open_files(paths, self.policy))
        return [file.strip() if is_file_id(file) else next(found) for file in files]

    async def aclose(self) -> None:
        """End the service, if it was ever started."""
        if self._service is not None:
            await self._service.aclose()


def is_file_id(file: str) -> bool:
    """Whether ``file`` has the form of a file id; no file in a folder is called like that."""
    return _FILE_ID.fullmatch(file.strip()) is not None
