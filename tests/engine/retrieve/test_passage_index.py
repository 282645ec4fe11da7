"""The index is built once, whole or not at all, by however many processes; what is forgotten is gone."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from memory_texts import MemoryTexts

from kimi_files.content import Content
from kimi_files.errors import ReaderDied
from kimi_files.retrieve.index import PassageIndex
from kimi_files.retrieve.search import search
from kimi_files.workers.pool import WorkerPool

BUILDER = Path(__file__).with_name("builder.py")
TABLES = ("passage_state", "passage_segment", "passage", "passage_page", "passage_word")


def report(pages: int = 400) -> Content:
    text = "The turbine was inspected and cracks were found on shaft {0}. It cost {0},500.00 in 2025. " * 12
    return MemoryTexts().add("report.docx", [text.format(number) for number in range(1, pages + 1)])


def rows(path: Path) -> dict[str, int]:
    connection = sqlite3.connect(path)
    counts = {table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in TABLES}
    connection.close()
    return counts


class CountingPool(WorkerPool):
    """A pool that counts its jobs."""

    jobs = 0

    @asynccontextmanager
    async def job(self, *arguments: Any, **named: Any) -> AsyncIterator[AsyncIterator[bytes]]:
        self.jobs += 1
        async with super().job(*arguments, **named) as frames:
            yield frames


async def test_a_text_is_indexed_once_by_all_who_ask_at_once(tmp_path: Path) -> None:
    pool, content = CountingPool(), report()
    indexes = [PassageIndex(tmp_path / "catalogue.sqlite3") for _ in range(3)]
    counts: list[int] = []

    async def ensure(index: PassageIndex) -> None:
        counts.append(await index.ensure(content, pool))

    async with anyio.create_task_group() as tasks:
        for index in indexes:
            tasks.start_soon(ensure, index)
    assert pool.jobs == 1
    assert counts == [rows(tmp_path / "catalogue.sqlite3")["passage"]] * 3
    await pool.aclose()
    for index in indexes:
        await index.aclose()


async def test_two_processes_build_one_index(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.sqlite3"
    done: list[subprocess.CompletedProcess[bytes]] = []

    async def run() -> None:
        done.append(await anyio.run_process([sys.executable, str(BUILDER), str(path)], check=False))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run)
        tasks.start_soon(run)
    assert [(process.returncode, process.stderr) for process in done] == [(0, b"")] * 2
    # Each prints how many jobs it started and how many passages it found.
    printed = [tuple(map(int, process.stdout.split())) for process in done]
    assert sum(jobs for jobs, _ in printed) == 1
    assert {passages for _, passages in printed} == {rows(path)["passage"]}


async def test_a_cancelled_build_leaves_nothing_and_can_be_repeated(index: PassageIndex, tmp_path: Path) -> None:
    pool, content = WorkerPool(), report(2_000)
    stored = anyio.Event()
    insert = index._store

    async def store_and_tell(content_id: int, first: int, segment: Any) -> int:
        count = await insert(content_id, first, segment)
        assert rows(tmp_path / "catalogue.sqlite3")["passage"] > 0
        stored.set()
        await anyio.sleep_forever()
        return count

    index._store = store_and_tell  # type: ignore[method-assign]
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(index.ensure, content, pool)
        with anyio.fail_after(60):
            await stored.wait()
        assert await index.passages(content.id) is None
        tasks.cancel_scope.cancel()
    assert set(rows(tmp_path / "catalogue.sqlite3").values()) == {0}
    index._store = insert  # type: ignore[method-assign]
    assert await index.ensure(content, pool) > 0
    await pool.aclose()


async def test_what_a_killed_process_left_is_replaced(index: PassageIndex, pool: WorkerPool, tmp_path: Path) -> None:
    content = report(40)
    whole = await index.ensure(content, pool)
    before = rows(tmp_path / "catalogue.sqlite3")
    # What a kill before the end leaves: rows, and no word that they are complete.
    connection = sqlite3.connect(tmp_path / "catalogue.sqlite3")
    connection.execute("DELETE FROM passage_state")
    connection.commit()
    connection.close()
    assert await index.passages(content.id) is None
    assert await index.ensure(content, pool) == whole
    assert rows(tmp_path / "catalogue.sqlite3") == before


async def test_an_index_of_an_older_version_is_built_again(
    index: PassageIndex, pool: WorkerPool, tmp_path: Path
) -> None:
    content = report(3)
    await index.ensure(content, pool)
    before = rows(tmp_path / "catalogue.sqlite3")
    connection = sqlite3.connect(tmp_path / "catalogue.sqlite3")
    connection.execute("UPDATE passage_state SET version = version - 1")
    connection.commit()
    connection.close()
    assert await index.passages(content.id) is None
    await index.ensure(content, pool)
    assert rows(tmp_path / "catalogue.sqlite3") == before


async def test_forgetting_leaves_no_row_and_touches_no_other_text(
    index: PassageIndex, pool: WorkerPool, tmp_path: Path
) -> None:
    texts = MemoryTexts()
    kept, gone = texts.add("kept.txt", "a turbine"), texts.add("gone.txt", "another turbine\n" * 5_000)
    await index.ensure(kept, pool)
    before = rows(tmp_path / "catalogue.sqlite3")
    await index.ensure(gone, pool)
    await index.forget(gone.id)
    await index.forget(gone.id)
    assert rows(tmp_path / "catalogue.sqlite3") == before
    assert await index.passages(gone.id) is None
    found = await search(index, [kept, gone], "turbine")
    assert [hit.passage.content for hit in found.hits] == [kept.id]


async def test_a_text_without_words_has_no_passages(index: PassageIndex, pool: WorkerPool) -> None:
    content = MemoryTexts().add("scan.pdf", ["", " \n "])
    assert await index.ensure(content, pool) == 0
    assert await index.passages(content.id) == 0


async def test_a_worker_that_sends_nonsense_is_an_error_and_stores_nothing(index: PassageIndex, tmp_path: Path) -> None:
    class LyingPool(WorkerPool):
        @asynccontextmanager
        async def job(self, *arguments: Any, **named: Any) -> AsyncIterator[AsyncIterator[bytes]]:
            async def frames() -> AsyncIterator[bytes]:
                yield b'{"passages": "many"}'

            yield frames()

    with pytest.raises(ReaderDied):
        await index.ensure(report(2), LyingPool())
    assert set(rows(tmp_path / "catalogue.sqlite3").values()) == {0}


async def test_progress_comes_to_the_end(index: PassageIndex, pool: WorkerPool) -> None:
    told: list[tuple[float, float | None]] = []

    async def progress(done: float, total: float | None, message: str) -> None:
        told.append((done, total))

    content = report(20)
    await index.ensure(content, pool, progress)
    assert len(told) == 20
    assert told[-1] == (content.bytes, content.bytes)


async def test_a_text_of_many_segments_is_searched_to_its_end(index: PassageIndex, pool: WorkerPool) -> None:
    log = "".join(f"2025-11-{1 + at % 28:02d} INFO request {at} took {at % 97} ms\n" for at in range(60_000))
    content = MemoryTexts().add("server.log", log + "2025-11-30 ERROR disk full on volume nine\n")
    passages = await index.ensure(content, pool)
    assert passages > 4_000
    (hit, *_) = (await search(index, [content], "disk full")).hits
    assert hit.passage.number == passages - 1
    assert (await content.text(1, hit.passage.start, hit.passage.end)).endswith("disk full on volume nine")
