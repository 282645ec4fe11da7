"""A damaged catalogue, a full disk, a folder that cannot be written: said as they are, and nothing lost."""

from __future__ import annotations

import errno
import logging
import os
import random
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from stores import CountingPool, content, create, left_over, written

from kimi_files.errors import AccessDenied, DiskFull, KimiFilesError, StoreDamaged
from kimi_files.local import database as database_module
from kimi_files.local.service import LocalFilesService
from kimi_files.models import FileObject


def overwrite(where: float, size: int) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        with path.open("r+b") as file:
            file.seek(int(path.stat().st_size * where))
            file.write(random.Random(where).randbytes(size))

    return damage


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


DAMAGES: dict[str, Callable[[Path], None]] = {
    "header": overwrite(0, 100),
    "absurd version": lambda path: write_at(path, 60, b"\x7f\xff\xff\xff"),
    "first page": overwrite(0.001, 4_000),
    "first quarter": overwrite(0.02, 60_000),
    "all but the header": lambda path: write_at(path, 100, random.Random(7).randbytes(path.stat().st_size - 100)),
    "cut": cut,
    "emptied": lambda path: path.write_bytes(b"") and None,
    "not a database": lambda path: path.write_bytes(b"something else\n" * 1_000) and None,
    "deleted": lambda path: path.unlink(),
}


def write_at(path: Path, offset: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(data)


async def filled(service: LocalFilesService, folder: Path) -> list[FileObject]:
    return [
        await create(service, written(folder / f"{number}.txt", f"text {number}\n" * 100 * number))
        for number in range(1, 6)
    ]


async def assert_whole(service: LocalFilesService, files: list[FileObject]) -> None:
    assert (await service.list(order="asc")).data == files
    for file in files:
        text = await (await service.content(file.id)).text(1)
        assert len(text) == file.bytes
        assert b"".join([chunk async for chunk in service.raw(file.id)]) == text.encode()
    assert (await service.health()).problem is None


@pytest.mark.parametrize(
    ("damage", "running"),
    # The version is looked at when the catalogue is opened.
    [(damage, running) for damage in DAMAGES for running in (False, True) if not (running and "version" in damage)],
)
async def test_a_damaged_catalogue_is_set_aside_and_made_anew(
    tmp_path: Path,
    service: LocalFilesService,
    pool: CountingPool,
    caplog: pytest.LogCaptureFixture,
    damage: str,
    running: bool,
) -> None:
    files = await filled(service, tmp_path)
    store = tmp_path / "store"
    if not running:
        service = LocalFilesService(store, pool)
    with caplog.at_level(logging.WARNING):
        DAMAGES[damage](store / "catalogue.sqlite3")
        if running:
            forget_pages(service)
        await assert_whole(service, files)
    assert "made anew from the records of 5 files" in caplog.text
    assert len(list(store.glob("catalogue.damaged-*.sqlite3"))) == (damage not in ("emptied", "deleted"))
    more = await create(service, written(tmp_path / "more.txt", "one more"))
    assert (await service.list()).data[0] == more
    await service.aclose()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE pieces SET text = replace(text, 'text 3', 'texts3')",
        "UPDATE pieces SET line = line + 1",
        "DELETE FROM pieces WHERE start > 0",
        "UPDATE pages SET characters = characters + 1",
        "UPDATE contents SET sha256 = (SELECT sha256 FROM contents ORDER BY id DESC)",
    ],
)
@pytest.mark.parametrize("together", [False, True])
async def test_a_text_that_changed_on_the_disk_is_never_shown(
    tmp_path: Path,
    service: LocalFilesService,
    pool: CountingPool,
    caplog: pytest.LogCaptureFixture,
    change: str,
    together: bool,
) -> None:
    files = [
        *await filled(service, tmp_path),
        await create(service, written(tmp_path / "long.txt", "a line of a long text\n" * 10_000)),
    ]
    await service.aclose()
    with sqlite3.connect(tmp_path / "store" / "catalogue.sqlite3") as connection:
        connection.execute(change)
    connection.close()
    again = LocalFilesService(tmp_path / "store", pool)
    seen: set[str] = set()
    for _ in files:  # who meets the damage is told to call again
        try:
            for file in files:
                read = await again.content(file.id)
                seen.add((await read.whole_pages([1]))[0] if together else await read.text(1))
        except StoreDamaged:
            continue
    assert seen == {(tmp_path / file.filename).read_text() for file in files}
    assert "made anew from the records of 6 files" in caplog.text
    await again.aclose()


def forget_pages(service: LocalFilesService) -> None:
    """A connection may go on for a while on what it has read before; let it look at the disk."""
    for lane in (service._catalogue.database._reader, service._catalogue.database._writer):
        assert lane._connection is not None
        lane._connection.execute("PRAGMA shrink_memory")


async def test_another_server_goes_on_after_the_catalogue_was_made_anew(tmp_path: Path, pool: CountingPool) -> None:
    store = tmp_path / "store"
    one, two = (LocalFilesService(store, pool) for _ in range(2))
    files = await filled(one, tmp_path)
    old = await two.content(files[0].id)
    DAMAGES["header"](store / "catalogue.sqlite3")
    forget_pages(one)
    await assert_whole(one, files)
    more = await create(two, written(tmp_path / "more.txt", "one more"))
    assert (await one.list()).data == [more, *files[::-1]]
    with pytest.raises(StoreDamaged, match="Call again"):
        await old.text(1)
    assert await (await two.content(files[0].id)).text(1) == "text 1\n" * 100
    for service in (one, two):
        await service.aclose()


async def test_a_record_that_cannot_be_read_costs_no_other_file_and_no_bytes(
    tmp_path: Path, service: LocalFilesService, pool: CountingPool
) -> None:
    files = await filled(service, tmp_path)
    store = tmp_path / "store"
    (store / "files" / f"{files[0].id}.json").write_text("{")
    (store / "files" / f"{files[1].id}.json").unlink()
    again = LocalFilesService(store, pool)
    await assert_whole(again, files)  # the catalogue still knows, and writes what is missing
    await again.aclose()
    (store / "catalogue.sqlite3").unlink()
    anew = LocalFilesService(store, pool)
    assert (await anew.list(order="asc")).data == files[1:]
    assert len(list((store / "blobs").rglob("??/*"))) == 5
    await anew.aclose()


async def test_a_store_of_a_newer_version_is_left_alone(
    tmp_path: Path, service: LocalFilesService, pool: CountingPool
) -> None:
    await filled(service, tmp_path)
    with sqlite3.connect(tmp_path / "store" / "catalogue.sqlite3") as connection:
        connection.execute("PRAGMA user_version = 7")
    connection.close()
    before = left_over(tmp_path / "store")
    newer = LocalFilesService(tmp_path / "store", pool)
    with pytest.raises(StoreDamaged, match="newer version"):
        await newer.list()
    assert left_over(tmp_path / "store") == before
    assert not list((tmp_path / "store").glob("catalogue.damaged-*"))
    await newer.aclose()


def full_at(number: int, real: Callable[..., Any]) -> Callable[..., Any]:
    calls = 0

    def counted(*arguments: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls >= number:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(*arguments, **options)

    return counted


@pytest.mark.parametrize(
    ("function", "numbers"), [("write", range(1, 4)), ("fsync", range(1, 5)), ("mkdir", range(1, 2))]
)
async def test_a_disk_that_fills_up_while_a_file_is_stored_says_so_and_keeps_nothing_half(
    tmp_path: Path,
    service: LocalFilesService,
    monkeypatch: pytest.MonkeyPatch,
    function: str,
    numbers: range,
) -> None:
    kept = await create(service, written(tmp_path / "kept.txt", "kept"))
    before = left_over(tmp_path / "store")
    path = written(tmp_path / "next.txt", "x" * (2 << 17))
    errors: list[str] = []
    for number in numbers:
        with monkeypatch.context() as patch:
            patch.setattr(os, function, full_at(number, getattr(os, function)))
            try:
                await service.delete((await create(service, path)).id)
            except DiskFull as error:
                errors.append(str(error))
        assert left_over(tmp_path / "store") == before
        assert (await service.list()).data == [kept]
    assert errors
    assert all("--data-dir" in error for error in errors)
    assert (await create(service, path)).status == "ready"


@pytest.mark.parametrize("room", [1, 5, 30, 70])
async def test_a_catalogue_that_finds_no_room_says_so_and_keeps_nothing_half(
    tmp_path: Path, service: LocalFilesService, pool: CountingPool, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    kept = await create(service, written(tmp_path / "kept.txt", "kept"))
    path = written(tmp_path / "next.txt", "a line of the text of a file\n" * 10_000)
    before = left_over(tmp_path / "store")
    pages = (tmp_path / "store" / "catalogue.sqlite3").stat().st_size // 4096
    real = database_module._configure

    def small(connection: sqlite3.Connection) -> None:
        real(connection)
        connection.execute(f"PRAGMA max_page_count = {pages + room}")

    monkeypatch.setattr(database_module, "_configure", small)
    cramped = LocalFilesService(tmp_path / "store", pool)
    with pytest.raises(DiskFull):
        await create(cramped, path)
    assert left_over(tmp_path / "store") == before
    assert (await cramped.list()).data == [kept]
    assert (await cramped.health()).problem is None
    assert (await create(service, path)).bytes == path.stat().st_size
    assert (await content(service, path)).pages[0].lines == 10_000
    await cramped.aclose()


NOBODY = """
import os, sys, anyio
from pathlib import Path
from kimi_files.errors import AccessDenied
from kimi_files.local.service import LocalFilesService
from kimi_files.workers.pool import WorkerPool

async def main():
    if os.getuid() == 0:
        os.setuid(65534)
    service = LocalFilesService(Path("below", "store"), WorkerPool())
    try:
        await service.list()
    except AccessDenied as error:
        print(error)

anyio.run(main)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="folders there have no modes")
def test_a_folder_that_cannot_be_written_is_named_with_the_remedy(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    # Started inside the folder: root, as which tests may run, has to become somebody else to be refused.
    done = subprocess.run([sys.executable, "-c", NOBODY], capture_output=True, check=False, cwd=tmp_path, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "cannot be written" in done.stdout
    assert "--data-dir" in done.stdout


async def test_a_catalogue_that_may_only_be_read_is_named_with_the_remedy(
    tmp_path: Path, service: LocalFilesService, pool: CountingPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    await filled(service, tmp_path)
    real = database_module._connect
    monkeypatch.setattr(database_module, "_connect", lambda path: only_read(real(path)))
    again = LocalFilesService(tmp_path / "store", pool)
    with pytest.raises(AccessDenied, match="--data-dir"):
        await create(again, written(tmp_path / "more.txt", "more"))
    await again.aclose()


def only_read(connection: sqlite3.Connection) -> sqlite3.Connection:
    connection.execute("PRAGMA query_only = ON")
    return connection


async def test_an_error_of_the_store_never_holds_a_text(
    tmp_path: Path, service: LocalFilesService, caplog: pytest.LogCaptureFixture
) -> None:
    made = await create(service, written(tmp_path / "secret.txt", "the canary sings"))
    (blob,) = (tmp_path / "store" / "blobs").rglob("??/*")
    blob.unlink()
    DAMAGES["header"](tmp_path / "store" / "catalogue.sqlite3")
    forget_pages(service)
    with pytest.raises(KimiFilesError) as caught:
        await service.content(made.id)
    assert "canary" not in str(caught.value) + caplog.text
