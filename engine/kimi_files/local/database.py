"""One SQLite file that many processes use at once: short transactions, no lock error, damage set aside."""

from __future__ import annotations

import logging
import math
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Generic, TypeVar

import anyio
import anyio.to_thread

from kimi_files.errors import ServerError, StoreDamaged
from kimi_files.local.faults import from_os_error, from_sqlite_error, is_busy, is_damage, is_emptied
from kimi_files.local.locks import Gate

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]

# 3.7.0 to 3.51.2 can lose a transaction when two processes reset the write-ahead log at the same moment.
_IS_WAL = sqlite3.sqlite_version_info >= (3, 51, 3)
_BUSY_SECONDS = 5.0
_LONGEST_WAIT_SECONDS = 120.0
_CACHE_KIBIBYTES = 8_000
# As many works, and as much text, as a transaction should last for: other processes wait meanwhile.
_MOST_SHARING = 48
_MOST_SHARED_CHARACTERS = 8 << 20
_LONGEST_REST_SECONDS = 0.1
_LEAST_SHARED_REST_SECONDS = 0.03
_SIDE_FILES = ("", "-journal", "-wal", "-shm")

_log = logging.getLogger(__name__)


class Database:
    """Runs functions over a connection in a thread, one reader and one writer at a time in this process.

    ``prepare`` brings a connection's schema up to date, inside a transaction that holds the write lock. If the file
    turns out to be damaged it is renamed, a new one is made by ``prepare``, and the work is run again.
    """

    def __init__(self, path: Path, lock_path: Path, prepare: Work[None]) -> None:
        self.path = path
        self._prepare = prepare
        turns = threading.Lock()
        self._reader = _Lane(path, lock_path, prepare, turns)
        self._writer = _Lane(path, lock_path, prepare, turns)
        self._reads = _Queue(self._reader, writes=False)
        self._shared_writes = _Queue(self._writer, writes=True)

    async def read(self, work: Work[T]) -> T:
        """Run ``work`` on one consistent state. It may be run again, so it must have no other effect."""
        return await self._reads.run(work)

    async def write(self, work: Work[T], undo: Work[None] | None = None) -> T:
        """Run ``work`` as one transaction with the write lock held from its beginning; all of it happens or nothing.

        ``undo`` takes back what ``work`` did outside the catalogue. It runs if ``work`` or its commit fails, while the
        write lock is still held; not if SQLite has already let go of it.
        """
        async with self._writer.lock:
            return await anyio.to_thread.run_sync(self._writer.run, work, undo or _nothing)

    async def write_shared(self, work: Work[T], size: int = 0) -> T:
        """Run ``work``, which writes ``size`` characters, like ``write``: in one transaction with others that come meanwhile.

        Syncs of the disk are what a transaction costs. After one there is a rest of twice its length, unless many wait
        already, so that more come together the slower the disk is; and a short one where several came together, who are
        likely to be followed by more. ``work`` may be run again, by itself if another one fails, so it must have no other
        effect.
        """
        return await self._shared_writes.run(work, size)

    async def aclose(self) -> None:
        """Close the connections; the next call opens them again."""
        for lane in (self._reader, self._writer):
            with anyio.CancelScope(shield=True):
                async with lane.lock:
                    await anyio.to_thread.run_sync(lane.close)


class _Queue:
    """Works that wait for a connection, and share a transaction when their turn comes: the first of them runs all."""

    def __init__(self, lane: _Lane, *, writes: bool) -> None:
        self._lane = lane
        self._writes = writes
        self._waiting: list[_Shared[Any]] = []
        self._leader: _Shared[Any] | None = None
        self._rests_until = -math.inf
        self._enough = anyio.Event()

    async def run(self, work: Work[T], size: int = 0) -> T:
        """What ``work`` gives, or raises."""
        mine = _Shared(work, size)
        self._waiting.append(mine)
        if self._writes and self._are_enough():
            self._enough.set()
        self._leader = self._leader or mine
        try:
            if self._leader is not mine:
                await mine.turn.wait()
            if self._leader is mine:
                await self._run_together()
        finally:
            if mine in self._waiting:
                self._waiting.remove(mine)
            elif not mine.ended:
                # Once it is taken along it happens: a cancel waits for the end, as for a transaction of one's own.
                with anyio.CancelScope(shield=True):
                    await mine.turn.wait()
            if self._leader is mine:
                self._leader = self._waiting[0] if self._waiting else None
                if self._leader is not None:
                    self._leader.turn.set()
        return mine.result()

    def _are_enough(self) -> bool:
        return (
            len(self._waiting) >= _MOST_SHARING or sum(mine.size for mine in self._waiting) >= _MOST_SHARED_CHARACTERS
        )

    def _taken(self) -> list[_Shared[Any]]:
        taken = [self._waiting.pop(0)]
        size = taken[0].size
        while self._waiting and len(taken) < _MOST_SHARING and size + self._waiting[0].size <= _MOST_SHARED_CHARACTERS:
            taken.append(self._waiting.pop(0))
            size += taken[-1].size
        return taken

    async def _run_together(self) -> None:
        if not self._are_enough() and anyio.current_time() < self._rests_until:
            self._enough = anyio.Event()
            with anyio.CancelScope(deadline=self._rests_until):
                await self._enough.wait()
        async with self._lane.lock:
            together = self._taken()
            begun = anyio.current_time()
            await anyio.to_thread.run_sync(self._lane.run_shared, together, _nothing if self._writes else None)
            ended = anyio.current_time()
        if self._writes:
            least = _LEAST_SHARED_REST_SECONDS if len(together) > 1 else 0.0
            self._rests_until = ended + min(max(2 * (ended - begun), least), _LONGEST_REST_SECONDS)
        for shared in together:
            shared.turn.set()


class _Shared(Generic[T]):
    """A work that shares a transaction with others, and how it ended. ``turn`` comes when it has, or when it is to lead."""

    def __init__(self, work: Work[T], size: int) -> None:
        self.work = work
        self.size = size
        self.turn = anyio.Event()
        self.ended = False
        self.result: Callable[[], T]

    def succeeded(self, value: T) -> None:
        self.ended = True
        self.result = lambda: value

    def failed(self, error: BaseException) -> None:
        def result() -> T:
            raise error

        self.ended = True
        self.result = result


class _Lane:
    """One connection, used by one thread at a time. ``turns`` keeps its reads out of the other lane's commits: where
    readers and a writer lock each other out, SQLite would let the one that comes second sleep for too long.
    """

    def __init__(self, path: Path, lock_path: Path, prepare: Work[None], turns: threading.Lock) -> None:
        self.lock = anyio.Lock()
        self._path = path
        self._gate = Gate(lock_path)
        self._prepare = prepare
        self._turns: AbstractContextManager[object] = nullcontext() if _IS_WAL else turns
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None

    def run(self, work: Work[T], undo: Work[None] | None) -> T:
        """Run ``work`` in a transaction, which may write if there is an ``undo``."""
        try:
            return self._repairing(work, undo)
        except sqlite3.Error as error:
            raise from_sqlite_error(error, self._path.parent) from error
        except OSError as error:
            raise from_os_error(error, self._path.parent) from error

    def run_shared(self, together: Sequence[_Shared[Any]], undo: Work[None] | None) -> None:
        """Run works in one transaction; if that fails, each in its own, so that a failure is only that one's."""
        if len(together) > 1:
            try:
                values = self.run(lambda connection: [shared.work(connection) for shared in together], undo)
            except Exception as error:
                _log.debug("%d works are done one by one: %s", len(together), type(error).__name__)
            else:
                for shared, value in zip(together, values, strict=True):
                    shared.succeeded(value)
                return
        for shared in together:
            try:
                shared.succeeded(self.run(shared.work, undo))
            except Exception as error:
                shared.failed(error)

    def _repairing(self, work: Work[T], undo: Work[None] | None) -> T:
        try:
            return self._transaction(work, undo)
        except sqlite3.Error as error:
            if is_damage(error):
                self._set_aside(error)
            elif is_emptied(error):
                self._disconnect()  # opening it again makes the tables anew
            else:
                raise
        return self._transaction(work, undo)

    def close(self) -> None:
        """Close the connection and the lock's file."""
        self._disconnect()
        self._gate.close()

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _transaction(self, work: Work[T], undo: Work[None] | None) -> T:
        # The gate keeps the file from being set aside between the look at its identity and the end of the transaction.
        with self._gate.hold():
            connection = self._current()
            if undo is not None:
                return self._writing(connection, work, undo)
            with self._turns:
                return self._reading(connection, work)

    def _reading(self, connection: sqlite3.Connection, work: Work[T]) -> T:
        _begin(connection, writes=False)
        try:
            result = work(connection)
            _patiently(lambda: connection.execute("COMMIT"))
        except BaseException:
            _roll_back(connection)
            raise
        return result

    def _writing(self, connection: sqlite3.Connection, work: Work[T], undo: Work[None]) -> T:
        _begin(connection, writes=True)
        try:
            result = work(connection)
            with self._turns:
                _patiently(lambda: connection.execute("COMMIT"))
        except BaseException:
            try:
                if connection.in_transaction:
                    undo(connection)
            finally:
                _roll_back(connection)
            raise
        return result

    def _current(self) -> sqlite3.Connection:
        """The connection, opened anew if another process has replaced the file."""
        if self._connection is not None:
            if self._identity == _identity(self._path):
                return self._connection
            self._disconnect()
        connection = _connect(self._path)
        self._identity = _identity(self._path)
        try:
            _configure(connection)
            _begin(connection, writes=True)
            self._prepare(connection)
            _patiently(lambda: connection.execute("COMMIT"))
        except BaseException:
            _roll_back(connection)
            connection.close()
            raise
        self._connection = connection
        return connection

    def _set_aside(self, reason: sqlite3.Error) -> None:
        damaged = self._identity
        self._disconnect()
        with self._gate.hold(alone=True):
            if damaged is None or _identity(self._path) != damaged:
                return  # another process has done it
            stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
            try:
                for old in self._path.parent.glob(f"{self._path.stem}.damaged-*"):
                    old.unlink()  # only the latest is kept: each may be gigabytes
                for suffix in reversed(_SIDE_FILES):
                    side = self._path.with_name(self._path.name + suffix)
                    if side.exists():
                        side.rename(
                            self._path.with_name(f"{self._path.stem}.damaged-{stamp}{self._path.suffix}{suffix}")
                        )
            except PermissionError as error:  # Windows, while another connection is open
                raise StoreDamaged(
                    f"The catalogue in '{self._path.parent}' is damaged and in use.",
                    "End every kimi-files-mcp process and start again: the catalogue is then rebuilt.",
                ) from error
        _log.warning("catalogue damaged (%s): set aside as %s.damaged-%s and rebuilt", reason, self._path.stem, stamp)


def _nothing(connection: sqlite3.Connection) -> None:
    pass


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)


def _configure(connection: sqlite3.Connection) -> None:
    def pragmas() -> None:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        journal = connection.execute("PRAGMA journal_mode").fetchone()[0]
        wanted = "wal" if _IS_WAL else "truncate"
        if journal != wanted:
            connection.execute(f"PRAGMA journal_mode = {wanted}")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIBIBYTES}")
        connection.execute("PRAGMA temp_store = MEMORY")
        # A transaction too big for the cache would lock readers out before its commit, and wait for them forever then.
        connection.execute("PRAGMA cache_spill = OFF")
        connection.execute("PRAGMA cell_size_check = ON")

    _patiently(pragmas)


def _begin(connection: sqlite3.Connection, writes: bool) -> None:
    def begin() -> None:
        connection.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
        if not writes:
            try:
                connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()  # takes the lock now, not later
            except sqlite3.Error:
                connection.execute("ROLLBACK")
                raise

    _patiently(begin)


def _patiently(step: Callable[[], object]) -> None:
    """Run ``step`` again while another process holds the lock: no user should ever read "database is locked"."""
    deadline = time.monotonic() + _LONGEST_WAIT_SECONDS
    while True:
        try:
            step()
        except sqlite3.OperationalError as error:
            if not is_busy(error):
                raise
            if time.monotonic() > deadline:
                raise ServerError("The catalogue was in use for two minutes.", "Try again in a moment.") from error
            time.sleep(0.005)
        else:
            return


def _roll_back(connection: sqlite3.Connection) -> None:
    # SQLite may have rolled back by itself, and after a fault of the disk it may be unable to: the journal does it then.
    with suppress(sqlite3.Error):
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino
