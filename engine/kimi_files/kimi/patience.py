"""How often and how long a request is tried again: as the service asks, capped, with jitter and a total deadline."""

from __future__ import annotations

import email.utils
import random
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import anyio

from kimi_files.kimi.errors import ExtractionFailed, RemoteFailure, ServiceUnreachable
from kimi_files.progress import Progress, no_progress

# "please try again after 7 seconds", "retry after 1.5s"
_SPOKEN_WAIT = re.compile(r"\bafter\s+(\d+(?:\.\d+)?)\s*(ms|s\b|sec|minute)", re.I)
_UNITS = {"ms": 0.001, "minute": 60.0}

# An extraction that fails twice fails for what is in the file.
_MOST_EXTRACTIONS = 2


class Clock(Protocol):
    """Time as this package sees it."""

    def monotonic(self) -> float: ...

    def time(self) -> float: ...

    async def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """The real one."""

    def monotonic(self) -> float:
        return time.monotonic()

    def time(self) -> float:
        return time.time()

    async def sleep(self, seconds: float) -> None:
        await anyio.sleep(seconds)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Seconds. ``settle`` are the pauses before each look for what a request of unknown outcome may have left.

    ``unreachable_deadline`` is for a service that cannot even be connected to: whoever is offline should soon know.
    """

    first_wait: float = 1.0
    longest_wait: float = 60.0
    deadline: float = 180.0
    unreachable_deadline: float = 15.0
    settle: tuple[float, ...] = (0.0, 1.0, 2.0, 4.0, 8.0)
    first_poll: float = 0.5
    longest_poll: float = 5.0
    poll_deadline: float = 300.0


@dataclass(slots=True)
class Patience:
    """For one piece of work: how long it has been tried, and whether to go on."""

    policy: RetryPolicy
    clock: Clock
    progress: Progress = no_progress
    _failures: int = 0
    _extractions: int = 0
    _begun: float = field(init=False)

    def __post_init__(self) -> None:
        self._begun = self.clock.monotonic()

    async def after(self, failure: RemoteFailure) -> None:
        """Wait until it makes sense to try again. Raises the failure's error where it never does, or not in time."""
        if failure.kind == "refused":
            raise failure.error
        self._extractions += isinstance(failure.error, ExtractionFailed)
        wait = self._next_wait(failure)
        spent = self.clock.monotonic() - self._begun
        offline = isinstance(failure.error, ServiceUnreachable)
        deadline = self.policy.unreachable_deadline if offline else self.policy.deadline
        if wait > self.policy.longest_wait or spent + wait > deadline:
            raise failure.error
        if self._extractions >= _MOST_EXTRACTIONS:
            raise failure.error
        self._failures += 1
        await self.progress(0, None, f"waiting {wait:.0f} s: {failure.error.message}")
        await self.clock.sleep(wait)

    def _next_wait(self, failure: RemoteFailure) -> float:
        # Never less than the service asked for, and never all waiting clients at the same moment.
        jitter = random.uniform(1.0, 1.25)
        if failure.wait is not None:
            return (
                failure.wait
                if failure.wait > self.policy.longest_wait
                else min(failure.wait * jitter + 0.05, self.policy.longest_wait)
            )
        return min(self.policy.first_wait * 2.0**self._failures * jitter, self.policy.longest_wait)


def asked_wait(headers: Mapping[str, str], message: str, now: float) -> float | None:
    """Seconds that a reply asks to wait: by ``Retry-After`` (seconds or a date) or in its words; None if it does not."""
    given = headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d+)?", given):
        return float(given)
    if given:
        try:
            return max(email.utils.parsedate_to_datetime(given).timestamp() - now, 0.0)
        except ValueError:
            pass  # not a date either: the words may say more
    spoken = _SPOKEN_WAIT.search(message)
    if spoken is None:
        return None
    return float(spoken.group(1)) * _UNITS.get(spoken.group(2).lower(), 1.0)
