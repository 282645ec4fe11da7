"""Cut and flipped files of every family end as text or as one error in our words, and the worker answers again."""

from __future__ import annotations

import random
import tempfile
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from kimi_files.errors import KimiFilesError, ReaderDied
from kimi_files.workers.pool import WorkerPool
from tests.engine.extract.test_contract import made

pytestmark = pytest.mark.asyncio(loop_scope="module")

EXTENSIONS = (
    ".epub",
    ".mobi",
    ".azw3",
    ".rtf",
    ".odt",
    ".ods",
    ".odp",
    ".xlsb",
    ".eml",
    ".msg",
    ".ipynb",
    ".mhtml",
    ".svgz",
    ".svg",
)
ARCHIVES = (".zip", ".tar", ".tgz", ".tbz2", ".txz", ".gz")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def pool() -> AsyncIterator[WorkerPool]:
    pool = WorkerPool(size=1)
    yield pool
    await pool.aclose()


@pytest.mark.parametrize("extension", [*EXTENSIONS, *ARCHIVES])
async def test_damaged_files_end_as_text_or_as_one_error(pool: WorkerPool, extension: str) -> None:
    whole, chance = made(extension), random.Random(extension)
    errors: list[KimiFilesError] = []
    for number in range(30):
        content = bytearray(whole[: chance.randrange(1, len(whole))] if number % 2 else whole)
        for _ in range(number // 2 * (number % 2 == 0)):
            content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        with tempfile.TemporaryFile() as file:
            file.write(content)
            file.flush()
            try:
                async with pool.job("extract", {"name": f"a{extension}"}, descriptor=file.fileno()) as frames:
                    async for _ in frames:
                        pass
            except KimiFilesError as error:
                errors.append(error)
    # A library may abort on what it does not expect; a fault in a reader of ours is none.
    assert [error for error in errors if isinstance(error, ReaderDied) and "report" in str(error)] == []
    assert errors or extension in (".rtf", ".eml", ".ipynb", ".svg", ".mhtml")
