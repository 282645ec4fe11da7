"""A store in a fresh folder, with a real pool of workers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import kimi_files.answer

if not hasattr(kimi_files.answer, "passages_answer"):
    kimi_files.answer.passages_answer = None
from kimi_files.local.service import LocalFilesService
from stores import CountingPool


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
