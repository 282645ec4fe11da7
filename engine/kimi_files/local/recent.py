"""Answers of the catalogue that hold for as long as nobody writes to it: two looks at files instead of a turn in a thread."""

from __future__ import annotations

import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Generic, TypeVar

T = TypeVar("T")
Stamp = tuple[tuple[int, int, int, int], ...]

# Clocks of file systems may stand still for some milliseconds: two writes could then bear the same time.
_SETTLED_NANOSECONDS = 1_000_000_000


class RecentAnswers(Generic[T]):
    """Answers by key. Every commit of any process, to any table, ends them all."""

    def __init__(self, database: Path) -> None:
        self._files = (database, database.with_name(f"{database.name}-wal"))
        self._answers: dict[str, T] = {}
        self._stamp: Stamp = ()

    async def ask(self, key: str, question: Callable[[], Awaitable[T]]) -> T:
        """The answer for ``key``, from ``question`` unless it was asked since the last commit. What it raises is not kept."""
        stamp = self._settled_stamp()
        if stamp and stamp == self._stamp and key in self._answers:
            return self._answers[key]
        answer = await question()
        if stamp and stamp == self._settled_stamp():
            if stamp != self._stamp:
                self._stamp = stamp
                self._answers.clear()
            self._answers[key] = answer
        return answer

    def _settled_stamp(self) -> Stamp:
        """What changes with every commit; empty while that cannot be told."""
        if sys.platform == "win32":
            return ()  # the time of a file that is open may be told late
        stamps = []
        now = time.time_ns()
        for path in self._files:
            try:
                status = path.stat()
            except OSError:
                continue
            if now - status.st_mtime_ns < _SETTLED_NANOSECONDS:
                return ()
            stamps.append((status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns))
        return tuple(stamps)
