"""Works that share a transaction: one sync of the disk for many, and a failure is only its own."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import anyio
import pytest

from kimi_files.errors import FileNotFound
from kimi_files.local.database import Database


def prepare(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TABLE IF NOT EXISTS rows (number INTEGER PRIMARY KEY)")


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(tmp_path / "rows.sqlite3", tmp_path / "rows.lock", prepare)


def insert(number: int) -> Callable[[sqlite3.Connection], int]:
    def work(connection: sqlite3.Connection) -> int:
        connection.execute("INSERT INTO rows VALUES (?)", (number,))
        if number == 13:
            raise FileNotFound("thirteen", "Take another number.")
        return number

    return work


def commits(path: Path) -> int:
    """The file's change counter, which every transaction that wrote raises by one."""
    return int.from_bytes(path.read_bytes()[24:28], "big")


async def rows(database: Database) -> list[int]:
    def work(connection: sqlite3.Connection) -> list[int]:
        return [row[0] for row in connection.execute("SELECT number FROM rows ORDER BY number")]

    return await database.read(work)


async def insert_at_once(database: Database, numbers: range) -> list[int | type[Exception]]:
    ended: dict[int, int | type[Exception]] = {}

    async def one(number: int) -> None:
        try:
            ended[number] = await database.write_shared(insert(number))
        except (FileNotFound, sqlite3.Error) as error:
            ended[number] = type(error)

    async with anyio.create_task_group() as tasks:
        for number in numbers:
            tasks.start_soon(one, number)
    return [ended[number] for number in numbers]


async def test_many_that_come_together_are_few_transactions(database: Database) -> None:
    await database.write(insert(100))
    before = commits(database.path)
    assert await insert_at_once(database, range(80)) == [
        *range(13), FileNotFound, *range(14, 80),
    ]  # fmt: skip
    assert await rows(database) == [*range(13), *range(14, 80), 100]
    # The one that fails has those that came with it stored one by one.
    assert commits(database.path) - before <= 48 + 80 // 48 + 1
    before = commits(database.path)
    assert await insert_at_once(database, range(200, 280)) == [*range(200, 280)]
    assert commits(database.path) - before <= 80 // 48 + 2
    await database.aclose()


async def test_large_works_share_no_transaction(database: Database) -> None:
    await database.write(insert(100))
    before = commits(database.path)
    async with anyio.create_task_group() as tasks:
        for number in range(6):
            tasks.start_soon(database.write_shared, insert(number), 5 << 20)
    assert commits(database.path) - before == 6
    assert await rows(database) == [*range(6), 100]
    await database.aclose()


async def test_a_write_larger_than_the_cache_keeps_readers_out_only_while_it_is_committed(database: Database) -> None:
    def work(connection: sqlite3.Connection) -> int:
        connection.execute("CREATE TABLE large (text TEXT)")
        connection.executemany("INSERT INTO large VALUES (?)", (("x" * 1_000_000,) for _ in range(20)))
        with closing(sqlite3.connect(database.path, timeout=0)) as other:
            return int(other.execute("SELECT count(*) FROM rows").fetchone()[0])

    await database.write(insert(100))
    assert await database.write(work) == 1
    await database.aclose()


async def test_a_cancel_is_obeyed_or_comes_too_late_and_the_others_are_stored(database: Database) -> None:
    await database.write(insert(100))
    ended: list[int] = []

    async def one(number: int, scope: anyio.CancelScope) -> None:
        with scope:
            ended.append(await database.write_shared(insert(number)))

    scopes = [anyio.CancelScope() for _ in range(40)]
    async with anyio.create_task_group() as tasks:
        for number, scope in enumerate(scopes[:13]):
            tasks.start_soon(one, number, scope)
        for number, scope in enumerate(scopes[14:], 14):
            tasks.start_soon(one, number, scope)
        await anyio.lowlevel.checkpoint()
        for scope in scopes[1::2]:
            scope.cancel()
    stored = await rows(database)
    assert set(ended) <= set(stored)
    assert set(range(0, 40, 2)) <= set(stored)
    with anyio.fail_after(30):  # nobody still holds the queue
        await database.write_shared(insert(500))
    assert 500 in await rows(database)
    await database.aclose()
