"""Who may read what: allowed folders, secrets, and the only place that opens a user's file."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class AccessPolicy:
    """Folders that may be read, resolved once. ``working_directory`` is where relative paths start first."""

    allowed: tuple[Path, ...]
    working_directory: Path


class OpenFile:
    """A regular file, opened for reading; closes itself at the end of ``async with``.

    ``name`` is the file's own name, ``shown_path`` the path as people would write it, ``size`` the bytes at opening.
    """

    name: str
    shown_path: str
    path: Path
    size: int
    descriptor: int

    @property
    def signature(self) -> str:
        """Device, inode, size, mtime and ctime: equal signatures mean that the file was not written to in between."""
        raise NotImplementedError

    async def chunks(self, size: int = 1 << 20) -> AsyncIterator[bytes]:
        """The bytes from the beginning, read in a thread. FileChanged if the file grew, shrank or was written to."""
        raise NotImplementedError
        yield b""

    async def sha256(self) -> str:
        """Hash of the bytes, computed once."""
        raise NotImplementedError

    async def aclose(self) -> None:
        raise NotImplementedError

    async def __aenter__(self) -> OpenFile:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


async def open_file(path: str, policy: AccessPolicy) -> OpenFile:
    """Open a file that a user or an agent named.

    Raises PathNotFound, NotAFile, PathNotAllowed, SecretRefused, AccessDenied.
    """
    raise NotImplementedError


async def readable_files(path: str, policy: AccessPolicy) -> Sequence[str]:
    """The files in a folder, and below it, that may be opened, by name."""
    raise NotImplementedError
