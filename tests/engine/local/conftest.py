"""A store in a fresh folder, with a real pool of workers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from stores import CountingPool

from kimi_files.local.service import LocalFilesService


@pytest.fixture
async def pool() -> AsyncIterator[CountingPool]:
    pool = CountingPool()
    yield pool
    await pool.aclose()


@pytest.fixture
async def service(tmp_path: Path, pool: CountingPool) -> AsyncIterator[LocalFilesService]:
    service = LocalFilesService(tmp_path / "store", pool)
    yield service
    await service.aclose()
