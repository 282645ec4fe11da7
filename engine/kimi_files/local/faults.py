"""What the disk and SQLite say when they fail, in the words of the one error tree."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kimi_files.errors import AccessDenied, DiskFull, KimiFilesError, ServerError, StoreDamaged

# EFBIG is what a file size limit (ulimit -f) gives: to a user it is the same lack of room.
_FULL = frozenset({errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)})
_REFUSED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_NOT_A_FOLDER = frozenset({errno.ENOTDIR, errno.EEXIST, errno.EISDIR})
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_ELSEWHERE = "Choose another folder with --data-dir or KIMI_FILES_DATA_DIR."


@contextmanager
def disk_faults(data_dir: Path) -> Iterator[None]:
    """Turn an OSError of the store's own files into DiskFull, AccessDenied or StoreDamaged."""
    try:
        yield
    except OSError as error:
        raise from_os_error(error, data_dir) from error


def from_os_error(error: OSError, data_dir: Path) -> KimiFilesError:
    """The error of the tree that says what went wrong with the store's own files."""
    reason = error.strerror or type(error).__name__
    if error.errno in _FULL:
        return disk_full(data_dir)
    if error.errno in _REFUSED:
        return AccessDenied(f"The store's folder '{data_dir}' cannot be written ({reason}).", _ELSEWHERE)
    if error.errno in _NOT_A_FOLDER:
        return StoreDamaged(f"The store's folder '{data_dir}' cannot be used: a file is in its way.", _ELSEWHERE)
    return StoreDamaged(f"The store's folder '{data_dir}' cannot be used ({reason}).", _ELSEWHERE)


def from_sqlite_error(error: sqlite3.Error, data_dir: Path) -> KimiFilesError:
    """The error of the tree that says what went wrong with the catalogue."""
    primary = _primary_code(error)
    if primary == sqlite3.SQLITE_FULL:
        return disk_full(data_dir)
    if primary in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return AccessDenied(f"The catalogue in '{data_dir}' cannot be opened for writing ({error}).", _ELSEWHERE)
    if primary in _BUSY:
        return ServerError(f"The catalogue in '{data_dir}' was in use for too long.", "Try again in a moment.")
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    return StoreDamaged(f"The catalogue in '{data_dir}' failed ({name}).", "Run kimi-files-mcp doctor.")


def disk_full(data_dir: Path) -> DiskFull:
    """No room for the store."""
    return DiskFull(
        f"There is no room left on the disk of '{data_dir}'; nothing was stored.",
        "Free some space, delete files, or choose another folder with --data-dir.",
    )


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the catalogue's file itself is broken. Text that is not UTF-8 is an OperationalError without a code."""
    if isinstance(error, sqlite3.OperationalError) and getattr(error, "sqlite_errorcode", None) is None:
        return "decode" in str(error)
    return _primary_code(error) in _DAMAGED


def is_emptied(error: sqlite3.Error) -> bool:
    """Whether the tables have gone under an open connection."""
    return isinstance(error, sqlite3.OperationalError) and "no such table" in str(error)


def is_busy(error: sqlite3.Error) -> bool:
    """Whether another process holds the lock."""
    return _primary_code(error) in _BUSY


def _primary_code(error: sqlite3.Error) -> int:
    code: int = getattr(error, "sqlite_errorcode", None) or 0
    return code & 0xFF
