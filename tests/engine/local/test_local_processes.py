"""Several processes on one store, and processes that are killed at the worst moment."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import anyio
import pytest
from stores import CountingPool, content, create, left_over, written

from kimi_files.local.service import LocalFilesService

ACTOR = Path(__file__).with_name("actor.py")

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kills itself by signal")


async def act(data_dir: Path, folder: Path, *scenario: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, str(ACTOR), str(data_dir), str(folder), *scenario]
    return await anyio.run_process(command, check=False)


async def test_processes_on_one_store_see_no_lock_and_read_each_text_once(tmp_path: Path, pool: CountingPool) -> None:
    store = tmp_path / "store"
    for number in range(4):
        written(tmp_path / f"{number}.txt", f"shared {number}\n" * 20_000)
    done: list[subprocess.CompletedProcess[bytes]] = []

    async def run(seed: str) -> None:
        done.append(await act(store, tmp_path, "share", seed))

    async with anyio.create_task_group() as tasks:
        for seed in "abc":
            tasks.start_soon(run, seed)
    assert [(process.returncode, process.stderr) for process in done] == [(0, b"")] * 3
    # 20 texts of its own each, and the shared ones once in all.
    assert sum(int(process.stdout.split()[1]) for process in done) == 3 * 20 + 4
    service = LocalFilesService(store, pool)
    names = [file.filename for file in (await service.list(limit=1_000)).data]
    assert sorted(names) == sorted(
        [f"{number}.txt" for number in range(4)] + [f"{seed}-{turn}.txt" for seed in "abc" for turn in range(0, 20, 2)]
    )
    health = await service.health()
    assert (health.files, health.contents, health.problem) == (34, 34, None)
    assert len([name for name in left_over(store) if not name.startswith("files")]) == 34
    await service.aclose()


@pytest.mark.parametrize(
    ("where", "number"),
    [
        ("fsync", 6),
        ("replace", 4),
        ("insert_file", 2),
        ("delete_file", 1),
        ("unlink", 9),
    ],
)
async def test_a_kill_loses_nothing_that_was_acknowledged_and_leaves_nothing_else(
    tmp_path: Path, pool: CountingPool, where: str, number: int
) -> None:
    store = tmp_path / "store"
    killed = await act(store, tmp_path, "create_until_killed", where, str(number))
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    lines = [line.split() for line in killed.stdout.decode().splitlines()]
    made = {file_id for what, file_id in lines if what == "made"}
    deleting = [file_id for what, file_id in lines if what == "deleting"]
    unknown = set(deleting[-1:])  # asked for, perhaps not done

    service = LocalFilesService(store, pool)
    listed = {file.id: file for file in (await service.list(limit=1_000)).data}
    assert made - set(deleting) <= set(listed)
    assert not set(listed) & set(deleting) - unknown
    assert len(set(listed) - made) <= 1  # one more may be there whole
    for file in listed.values():
        assert len(b"".join([chunk async for chunk in service.raw(file.id)])) == file.bytes
        assert (await service.content(file.id)).bytes == file.bytes
    health = await service.health()
    assert (health.files, health.bytes) == (len(listed), sum(file.bytes for file in listed.values()))
    assert health.problem is None
    rest = left_over(store)
    assert sorted(name for name in rest if name.startswith("files")) == sorted(f"files/{key}.json" for key in listed)
    assert len([name for name in rest if name.startswith("blobs")]) == len(listed)
    assert not [name for name in rest if name.startswith("incoming")]
    await service.aclose()


async def test_a_process_killed_while_it_reads_leaves_no_half_text(tmp_path: Path, pool: CountingPool) -> None:
    store, path = tmp_path / "store", written(tmp_path / "long.log", "a line of a log\n" * 1_200_000)
    killed = await act(store, tmp_path, "read_until_killed")
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    service = LocalFilesService(store, pool)
    assert (await service.health()).contents == 0
    read = await content(service, path)
    assert (read.pages[0].lines, read.pages[0].characters) == (1_200_000, 16 * 1_200_000)
    assert [name for name in left_over(store) if not name.startswith("locks/passages")] == []
    await service.aclose()


async def test_a_file_made_by_another_process_is_there_at_once(tmp_path: Path, pool: CountingPool) -> None:
    one, two = (LocalFilesService(tmp_path / "store", pool) for _ in range(2))
    made = await create(one, written(tmp_path / "note.txt", "one"))
    assert await two.retrieve(made.id) == made
    await two.delete(made.id)
    assert (await one.list()).data == []
    for service in (one, two):
        await service.aclose()
