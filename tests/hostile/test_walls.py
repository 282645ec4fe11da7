"""A reader that a file has taken over gets nothing, reaches nobody, and costs one call."""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from kimi_files.errors import KimiFilesError
from kimi_files.workers import pool as pool_module
from kimi_files.workers import sandbox
from kimi_files.workers.pool import WorkerPool
from tests.hostile.jobs import ATTACKS, WORKER_ENDS

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="these walls are Linux's")

BOOT = (
    "import json, sys; settings = json.loads(sys.argv[1]); sys.path.extend(settings['path']); "
    f"sys.path.append({str(Path(__file__).parents[2])!r}); "
    "import tests.hostile.jobs; from kimi_files.workers import process; "
    "process.JOBS['extract'] = 'tests.hostile.jobs:run'; process.main(settings)"
)


@pytest.fixture
async def pool(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[WorkerPool]:
    monkeypatch.setattr(pool_module, "_BOOT", BOOT)
    pool = WorkerPool()
    yield pool
    await pool.aclose()


async def attack(pool: WorkerPool, what: str, target: str | int | None = None, seconds: float = 60) -> object:
    async with pool.job("extract", {"what": what, "target": target}, deadline=seconds) as frames:
        return [json.loads(frame) async for frame in frames]


async def test_every_wall_holds(pool: WorkerPool, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("words of the user")
    held = {}
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as daemon:
        daemon.bind(str(tmp_path / "daemon"))
        for what in ATTACKS.keys() - WORKER_ENDS.keys():
            target: str | int = os.getpid() if "server" in what else str(secret)
            held[what] = await attack(pool, what, str(tmp_path / "daemon") if "daemon" in what else target)
    assert {what: got for what, got in held.items() if got != [None]} == {}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["daemon", "secret.txt"]
    assert secret.read_text() == "words of the user"


@pytest.mark.parametrize("what", WORKER_ENDS)
async def test_what_ends_a_reader_is_one_error_and_the_next_job_works(pool: WorkerPool, what: str) -> None:
    with pytest.raises(KimiFilesError):
        await attack(pool, what, seconds=0.5 if what in ("spin", "sleep") else 60)
    assert await attack(pool, "fork") == [None]


async def test_the_level_is_told_once_a_worker_has_started(pool: WorkerPool) -> None:
    assert pool.level is None
    await attack(pool, "fork")
    assert pool.level == sandbox.describe(sandbox.FULL)
    assert "refused" not in pool.level


async def test_a_refused_layer_leaves_the_others_and_is_named(
    pool: WorkerPool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    refused = "process.sandbox._CREATE_RULESET = 999; process.main"
    monkeypatch.setattr(pool_module, "_BOOT", BOOT.replace("process.main", refused))
    assert await attack(pool, "fork") == [None]
    assert pool.level is not None
    assert pool.level.endswith("refused by this system: no files (Landlock)")
    assert [record.levelname for record in caplog.records] == ["WARNING"]


async def test_without_landlock_nothing_can_be_written_all_the_same(
    pool: WorkerPool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    refused = "process.sandbox._CREATE_RULESET = 999; process.main"
    monkeypatch.setattr(pool_module, "_BOOT", BOOT.replace("process.main", refused))
    (tmp_path / "a").write_text("a")
    for what in ("write a file", "write into our own code", "delete a file", "rename a file"):
        assert await attack(pool, what, str(tmp_path / "a")) == [None]


async def test_strict_gives_every_file_a_worker_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "_BOOT", BOOT)
    pool = WorkerPool(strict=True)
    for _ in range(3):
        await attack(pool, "fork")
        assert not pool._idle
    await pool.aclose()


def test_every_number_of_a_call_is_in_the_table_once() -> None:
    for column in (0, 1):
        numbers = [numbers[column] for numbers in sandbox._CALLS.values() if numbers[column] is not None]
        assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_filter_is_well_formed_on_both_architectures(machine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "uname", lambda: SimpleNamespace(machine=machine))
    steps = sandbox._instructions()
    assert len(steps) < 4096
    for place, step in enumerate(steps):
        code, over_if_true, over_if_false = int.from_bytes(step[:2], sys.byteorder), step[2], step[3]
        if code & 7 == 5:
            assert place + 1 + max(over_if_true, over_if_false) < len(steps)
    assert steps[-1] == sandbox._refusal(1)
