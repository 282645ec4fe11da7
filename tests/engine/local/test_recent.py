"""Answers are remembered only while nobody writes to the catalogue, whoever that is."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest
from stores import opened

from kimi_files.errors import FileNotFound
from kimi_files.local.recent import RecentAnswers
from kimi_files.local.service import LocalFilesService
from kimi_files.workers.pool import WorkerPool

pytestmark = pytest.mark.skipif(os.name == "nt", reason="nothing is remembered there")


def settle(database: Path) -> None:
    """As if the last write was long ago."""
    for path in database.parent.glob(f"{database.name}*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))


class Asked:
    """A question that counts how often it is asked."""

    def __init__(self) -> None:
        self.times = 0

    async def __call__(self) -> int:
        self.times += 1
        return self.times


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "a.sqlite3"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE t (a)")
    connection.close()
    return path


async def test_an_answer_is_asked_once_while_nobody_writes(database):
    settle(database)
    answers, question = RecentAnswers[int](database), Asked()
    assert [await answers.ask("a", question) for _ in range(3)] == [1, 1, 1]
    assert await answers.ask("b", question) == 2


@pytest.mark.parametrize("journal", ["wal", "truncate", "delete"])
async def test_a_commit_of_anybody_ends_every_answer(database, journal):
    other = sqlite3.connect(database, isolation_level=None)
    other.execute(f"PRAGMA journal_mode = {journal}")
    settle(database)
    answers, question = RecentAnswers[int](database), Asked()
    assert await answers.ask("a", question) == 1
    other.execute("INSERT INTO t VALUES (1)")
    assert await answers.ask("a", question) == 2
    other.close()


async def test_right_after_a_write_nothing_is_remembered(database):
    os.utime(database)
    answers, question = RecentAnswers[int](database), Asked()
    assert [await answers.ask("a", question) for _ in range(3)] == [1, 2, 3]


async def test_an_answer_during_which_somebody_wrote_is_not_kept(database):
    settle(database)
    answers, times = RecentAnswers[int](database), Asked()

    async def question() -> int:
        os.utime(database, (1_000_000_001 + times.times, 1_000_000_001))
        return await times()

    assert [await answers.ask("a", question) for _ in range(2)] == [1, 2]


async def test_a_file_that_another_process_deletes_is_gone_at_once(tmp_path):
    ours, other = (LocalFilesService(tmp_path / "store", WorkerPool()) for _ in range(2))
    path = tmp_path / "a.txt"
    path.write_text("some text")
    async with opened(path) as file:
        kept = await ours.create(file, "file-extract")
    settle(tmp_path / "store" / "catalogue.sqlite3")
    assert await ours.retrieve(kept.id) == await ours.retrieve(kept.id) == kept
    await other.delete(kept.id)
    with pytest.raises(FileNotFound):
        await ours.retrieve(kept.id)
    for service in (ours, other):
        await service.aclose()
