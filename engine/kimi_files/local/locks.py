"""Locks between processes that end with the process that holds them, however it ends."""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import anyio
import anyio.to_thread

from kimi_files.errors import ServerError

_LONGEST_WAIT_SECONDS = 60.0
_FIRST_PAUSE_SECONDS = 0.002
_LONGEST_PAUSE_SECONDS = 0.1
_MODE = 0o600

if sys.platform == "win32":
    import msvcrt

    # Windows has no shared lock in the standard library: one byte of many is "shared", all of them are "alone".
    _BYTES = 1 << 20

    def _try_lock(descriptor: int, alone: bool) -> bool:
        os.lseek(descriptor, 0 if alone else random.randrange(_BYTES), os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, _BYTES if alone else 1)
        except OSError:
            return False
        return True

    def _unlock(descriptor: int, alone: bool) -> None:
        # The descriptor still stands where it was locked: nothing is ever read from it.
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, _BYTES if alone else 1)

else:
    import fcntl

    def _try_lock(descriptor: int, alone: bool) -> bool:
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _unlock(descriptor: int, alone: bool) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


def try_lock_alone(descriptor: int) -> bool:
    """Lock an open file until it is closed, if nobody else has; False if somebody does."""
    return _try_lock(descriptor, alone=True)


class Gate:
    """A lock that many hold together or one holds alone. One object is for one thread at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    @contextmanager
    def hold(self, *, alone: bool = False) -> Iterator[None]:
        """Wait for the lock, at most a minute, then hold it for the block. ServerError if it does not come free."""
        if self._descriptor is None:
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, _MODE)
        pause, deadline = _FIRST_PAUSE_SECONDS, time.monotonic() + _LONGEST_WAIT_SECONDS
        while not _try_lock(self._descriptor, alone):
            if time.monotonic() > deadline:
                raise ServerError("Another process holds the store's lock.", "Try again, or end the other process.")
            time.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_PAUSE_SECONDS)
        try:
            yield
        finally:
            _unlock(self._descriptor, alone)

    def close(self) -> None:
        """Let go of the file."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


@asynccontextmanager
async def claim(path: Path) -> AsyncIterator[None]:
    """Hold the file ``path`` as a lock, waiting for as long as another task or process holds it. A cancel ends the wait."""
    pause = _FIRST_PAUSE_SECONDS
    while (descriptor := try_claim(path)) is None:  # as quick as the change to a thread that it would need
        await anyio.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE_SECONDS)
    try:
        yield
    finally:
        end_claim(path, descriptor)


def try_claim(path: Path) -> int | None:
    """Descriptor of the lock, or None while somebody else has it. End it with ``end_claim``."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, _MODE)
    except PermissionError:
        if sys.platform != "win32":
            raise
        return None  # the file is about to be deleted by its last holder
    if _try_lock(descriptor, alone=True) and is_at(path, descriptor):
        return descriptor
    os.close(descriptor)
    return None


def end_claim(path: Path, descriptor: int) -> None:
    """Let go of the lock and remove its file."""
    # Removed while it is still held: who opened it before finds, by is_at, that it is gone. Windows cannot, and tries after.
    with suppress(OSError):
        path.unlink()
    os.close(descriptor)
    if sys.platform == "win32":
        with suppress(OSError):
            path.unlink()


def is_at(path: Path, descriptor: int) -> bool:
    """Whether ``path`` still names the file that is open."""
    try:
        there = path.stat()
    except FileNotFoundError:
        return False
    here = os.fstat(descriptor)
    return (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino)
