"""What a worker costs: its start, a call, and the throughput of a long log. Prints a table; times are medians."""

from __future__ import annotations

import resource
import statistics
import tempfile
import time
from typing import IO

import anyio

from kimi_files.workers.pool import WorkerPool

LOG_LINE = b"2025-11-03 12:00:00 INFO connection accepted from 10.0.0.7, 12 ms, 4,096 bytes\n"


async def _call(pool: WorkerPool, file: IO[bytes]) -> tuple[float, int]:
    started = time.perf_counter()
    received = 0
    async with pool.job("extract", {"name": "a.txt"}, descriptor=file.fileno()) as untrusted_frames:
        async for frame in untrusted_frames:
            received += len(frame)
    return (time.perf_counter() - started) * 1000, received


async def _cold(file: IO[bytes]) -> float:
    pool = WorkerPool()
    milliseconds, _ = await _call(pool, file)
    await pool.aclose()
    return milliseconds


async def _widest_gap(gaps: list[float]) -> None:
    while True:
        started = time.perf_counter()
        await anyio.sleep(0)
        gaps.append((time.perf_counter() - started) * 1000)


async def main() -> None:
    with tempfile.TemporaryFile() as small, tempfile.TemporaryFile() as log:
        small.write(b"0123456789abcde\n" * 64)
        small.flush()
        for _ in range(100):
            log.write(LOG_LINE * (1_000_000 // len(LOG_LINE)))
        log.flush()
        cold = [await _cold(small) for _ in range(5)]
        pool = WorkerPool()
        await _call(pool, small)
        warm = [(await _call(pool, small))[0] for _ in range(500)]
        gaps: list[float] = []
        async with anyio.create_task_group() as group:
            group.start_soon(_widest_gap, gaps)
            long_read, received = await _call(pool, log)
            group.cancel_scope.cancel()
        await pool.aclose()
    print(f"cold start and one 1 KB text  {statistics.median(cold):9.1f} ms")
    print(f"warm call, 1 KB text          {statistics.median(warm):9.2f} ms")
    print(f"100 MB log, {received / 1e6:4.0f} MB of frames  {long_read:9.0f} ms")
    print(f"longest wait of other tasks   {max(gaps):9.1f} ms")
    print(f"memory of the server, peak    {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:9.0f} MB")


if __name__ == "__main__":
    anyio.run(main)
