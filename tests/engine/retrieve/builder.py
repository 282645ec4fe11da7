"""A process that indexes the same text as others: prints how many jobs it started and how many passages there are."""

from __future__ import annotations

import sys
from pathlib import Path

import anyio
from test_passage_index import CountingPool, report

from kimi_files.retrieve.index import PassageIndex


async def main() -> None:
    pool, index = CountingPool(), PassageIndex(Path(sys.argv[1]))
    passages = await index.ensure(report(), pool)
    print(pool.jobs, passages)
    await pool.aclose()
    await index.aclose()


if __name__ == "__main__":
    anyio.run(main)
