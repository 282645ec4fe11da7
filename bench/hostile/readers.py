"""Attacks from inside a reader."""

from __future__ import annotations

import json
import os
from pathlib import Path

import anyio
from tests.hostile.test_walls import ATTACKS, BOOT, WORKER_ENDS

from kimi_files.errors import KimiFilesError
from kimi_files.workers import pool as pool_module
from kimi_files.workers.pool import WorkerPool


def walls(place: Path, count: int = 1) -> None:
    async def main() -> None:
        pool_module._BOOT = BOOT
        pool = WorkerPool()
        held = 0
        (place / "secret").write_text("words of the user")
        for what in ATTACKS:
            target: int | str = os.getpid() if "server" in what else str(place / "secret")
            try:
                seconds = 0.5 if what in ("spin", "sleep") else 60
                async with pool.job("extract", {"what": what, "target": target}, deadline=seconds) as output:
                    got = [json.loads(frame) async for frame in output]
                held += got == [None]
            except KimiFilesError:
                held += what in WORKER_ENDS
        print(f"walls: {held} of {len(ATTACKS)} attacks held; {pool.level}")
        await pool.aclose()

    anyio.run(main)
