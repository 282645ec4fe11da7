"""Where keys show up: nowhere."""

from __future__ import annotations

import time
from pathlib import Path

import anyio
from tests.hostile.keys import sightings


def canary(place: Path, count: int = 500) -> None:
    """Calls of every tool over a service that fails in every way, with the log at DEBUG."""
    started = time.perf_counter()
    seen = anyio.run(sightings, place, count)
    print(
        f"canary: {seen.calls} calls in {time.perf_counter() - started:.0f} s, {seen.faults:,} requests that failed on purpose; "
        f"{len(seen.where)} sightings of two keys in {seen.bytes / 1e6:.1f} MB of results, stdout, log and store "
        f"and in {seen.workers} looks at readers; {seen.where[:10]}"
    )
