"""The bytes of kept files, by their sha256: whole or not there."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from secrets import token_hex

import anyio
import anyio.to_thread

from kimi_files.access import OpenFile
from kimi_files.errors import StoreDamaged
from kimi_files.formats import check_size
from kimi_files.local.faults import disk_faults
from kimi_files.local.locks import is_at, try_lock_alone

CHUNK_BYTES = 1 << 20
_MODE = 0o600
_FOLDER_MODE = 0o700
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
_CLONE_REQUEST = 0x40049409  # FICLONE: btrfs, XFS, bcachefs and ZFS share the blocks instead of copying them


class Received:
    """Bytes that have arrived in full and have no place yet. ``descriptor`` stands at the beginning."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self.descriptor = descriptor
        self.sha256 = ""
        self.size = 0

    def close(self) -> None:
        """Close the descriptor; once more does nothing."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


class Blobs:
    """Blobs under ``data_dir``/blobs; what is still arriving is in ``data_dir``/incoming."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._folder = data_dir / "blobs"
        self._incoming = data_dir / "incoming"

    def prepare(self) -> None:
        """Make the folders, and remove what processes that were killed had begun to receive."""
        for folder in (self._folder, self._incoming):
            folder.mkdir(mode=_FOLDER_MODE, exist_ok=True)
        for path in self._incoming.iterdir():
            _remove_if_abandoned(path)

    @asynccontextmanager
    async def receive(self, file: OpenFile, max_bytes: int) -> AsyncIterator[Received]:
        """Copy and hash a file, or take a temporary one over. What got no place by the end of the block is removed.

        Raises FileChanged if the file is written to meanwhile, FileTooLarge beyond ``max_bytes``, DiskFull.
        """
        taken_over = await anyio.to_thread.run_sync(self._take_over, file) if file.temporary else None
        received = await anyio.to_thread.run_sync(self._begin) if taken_over is None else taken_over
        try:
            with disk_faults(self._data_dir):
                if taken_over is None:
                    await _copy(received, file, max_bytes)
                await _settle(received, file, max_bytes)
            yield received
        finally:
            received.close()
            received.path.unlink(missing_ok=True)

    def place(self, received: Received) -> None:
        """Make received bytes a blob. Call it inside the transaction that names the blob."""
        place = self._place(received.sha256)
        if not received.path.exists() and place.exists():
            return  # the transaction is tried once more
        place.parent.mkdir(mode=_FOLDER_MODE, exist_ok=True)
        if sys.platform == "win32":
            received.close()  # an open file cannot be renamed there
        # Also over a blob that is there: if that one was damaged, it is whole now.
        received.path.replace(place)
        sync_folder(place.parent)

    def take_back(self, received: Received) -> None:
        """Undo ``place``. Call it inside the transaction that failed, and only if nobody else names the blob."""
        with suppress(FileNotFoundError):  # it had no place yet
            self._place(received.sha256).replace(received.path)

    def remove(self, sha256: str) -> None:
        """Remove a blob, if it is there. Call it inside the transaction that found nobody naming it."""
        self._place(sha256).unlink(missing_ok=True)

    def has(self, sha256: str) -> bool:
        """Whether the blob is there."""
        return self._place(sha256).is_file()

    def all(self) -> Iterator[str]:
        """The sha256 of every blob."""
        for path in self._folder.glob("??/*"):
            yield path.name

    @asynccontextmanager
    async def open(self, sha256: str) -> AsyncIterator[int]:
        """Descriptor of a blob whose bytes were compared with their hash, at its beginning. StoreDamaged if they differ."""
        descriptor = await anyio.to_thread.run_sync(self._open_checked, sha256)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    async def chunks(self, sha256: str) -> AsyncIterator[bytes]:
        """The bytes of a blob; StoreDamaged after the last if they are not what was stored."""
        with disk_faults(self._data_dir):
            descriptor = await anyio.to_thread.run_sync(self._open, sha256)
            digest = hashlib.sha256()
            try:
                while chunk := await anyio.to_thread.run_sync(os.read, descriptor, CHUNK_BYTES):
                    digest.update(chunk)
                    yield chunk
            finally:
                os.close(descriptor)
        if digest.hexdigest() != sha256:
            raise _damaged()

    def _begin(self) -> Received:
        with disk_faults(self._data_dir):
            while True:
                path = self._incoming / token_hex(16)
                received = Received(path, os.open(path, _FLAGS, _MODE))
                # The lock tells a sweep that somebody is at work. Windows refuses to remove an open file anyway.
                if sys.platform == "win32" or (
                    try_lock_alone(received.descriptor) and is_at(path, received.descriptor)
                ):
                    return received
                received.close()

    def _take_over(self, file: OpenFile) -> Received | None:
        """A temporary file without a name gets one here instead of being copied; None where the system cannot do that."""
        if sys.platform != "linux":
            return None
        received = Received(self._incoming / token_hex(16), os.dup(file.descriptor))
        try:
            descriptors = os.open("/proc/self/fd", os.O_RDONLY)
            try:
                # The lock before the name: a sweep never sees the file without it.
                if not try_lock_alone(received.descriptor):
                    raise BlockingIOError
                os.link(str(file.descriptor), received.path, src_dir_fd=descriptors)
            finally:
                os.close(descriptors)
        except OSError:  # it has a name elsewhere, another disk, no /proc
            received.close()
            return None
        return received

    def _open(self, sha256: str) -> int:
        try:
            return os.open(self._place(sha256), os.O_RDONLY | getattr(os, "O_BINARY", 0))
        except FileNotFoundError:
            raise StoreDamaged(
                "The stored bytes of this file are missing.", "Delete the file and upload it again."
            ) from None

    def _open_checked(self, sha256: str) -> int:
        with disk_faults(self._data_dir):
            descriptor = self._open(sha256)
            try:
                digest = hashlib.sha256()
                while chunk := os.read(descriptor, CHUNK_BYTES):
                    digest.update(chunk)
                os.lseek(descriptor, 0, os.SEEK_SET)
                if digest.hexdigest() != sha256:
                    raise _damaged()
            except BaseException:
                os.close(descriptor)
                raise
            return descriptor

    def _place(self, sha256: str) -> Path:
        return self._folder / sha256[:2] / sha256


def write_whole(path: Path, data: bytes) -> None:
    """Write a small file so that after any crash it is there whole or not at all."""
    temporary = path.with_name(f".{path.name}.{token_hex(4)}")
    descriptor = os.open(temporary, _FLAGS, _MODE)
    try:
        try:
            _write(descriptor, data)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make a rename in the folder survive a loss of power, where the system needs to be told."""
    if sys.platform != "win32":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


async def _copy(received: Received, file: OpenFile, max_bytes: int) -> None:
    # The clone is instant; the source is still read to be hashed, which also tells whether it stayed the same.
    cloned = await anyio.to_thread.run_sync(_clone, file.descriptor, received.descriptor)
    size = 0
    async for chunk in file.chunks(CHUNK_BYTES):
        size += len(chunk)
        check_size(size, max_bytes)
        if not cloned:
            await anyio.to_thread.run_sync(_write, received.descriptor, chunk)


async def _settle(received: Received, file: OpenFile, max_bytes: int) -> None:
    """Make the bytes survive a loss of power."""
    check_size(file.size, max_bytes)
    await anyio.to_thread.run_sync(os.fsync, received.descriptor)
    os.lseek(received.descriptor, 0, os.SEEK_SET)
    received.size = file.size
    received.sha256 = await file.sha256()


def _clone(source: int, target: int) -> bool:
    if sys.platform != "linux":
        return False
    import fcntl

    try:
        fcntl.ioctl(target, _CLONE_REQUEST, source)
    except OSError:
        return False  # another file system, or one without clones
    return True


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _remove_if_abandoned(path: Path) -> None:
    with suppress(OSError):  # gone meanwhile, or, on Windows, still open
        if sys.platform == "win32":
            path.unlink()
            return
        descriptor = os.open(path, os.O_RDWR)
        try:
            if try_lock_alone(descriptor):
                path.unlink()
        finally:
            os.close(descriptor)


def _damaged() -> StoreDamaged:
    return StoreDamaged(
        "The stored bytes of this file are damaged: they differ from what was uploaded.",
        "Delete the file and upload it again.",
    )
