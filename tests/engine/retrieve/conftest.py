"""An index in a fresh folder, with a real pool of workers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kimi_files.retrieve.index import PassageIndex
from kimi_files.workers.pool import WorkerPool


@pytest.fixture
async def pool() -> AsyncIterator[WorkerPool]:
    pool = WorkerPool()
    yield pool
    await pool.aclose()


@pytest.fixture
async def index(tmp_path: Path) -> AsyncIterator[PassageIndex]:
    index = PassageIndex(tmp_path / "catalogue.sqlite3")
    yield index
    await index.aclose()
