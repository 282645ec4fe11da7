"""The pool holds whatever a worker does, and says it in words."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from kimi_files.errors import KimiFilesError, ReaderDied, ReaderTimeout, TooComplex
from kimi_files.workers import pool as pool_module
from kimi_files.workers.pool import WorkerPool

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="looks at processes through /proc")

_HOSTILE_BOOT = (
    "import json, sys; settings = json.loads(sys.argv[1]); sys.path.extend(settings['path']); "
    f"sys.path.append({str(Path(__file__).parent)!r}); "
    "import hostile; from kimi_files.workers import process; process.JOBS['extract'] = 'hostile:run'; process.main(settings)"
)


@pytest.fixture(params=["socket", "pipe"])
def transport(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(pool_module, "DESCRIPTORS_TRAVEL", request.param == "socket")
    return str(request.param)


@pytest.fixture
async def pool(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[WorkerPool]:
    monkeypatch.setattr(pool_module, "_BOOT", _HOSTILE_BOOT)
    pool = WorkerPool()
    yield pool
    await pool.aclose()


async def outputs(pool: WorkerPool, what: str, **options: Any) -> list[Any]:
    async with pool.job("extract", {"what": what}, **options) as frames:
        return [json.loads(frame) async for frame in frames]


async def pid_of_worker(pool: WorkerPool) -> int:
    return int((await outputs(pool, "nothing"))[0]["pid"])


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until_dead(pid: int) -> None:
    """Returns once a process that is nobody's child any more is gone, or only waits to be buried."""
    try:
        while Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
            pass
    except (FileNotFoundError, ProcessLookupError):
        pass


async def feed(*frames: bytes) -> AsyncIterator[bytes]:
    for frame in frames:
        yield frame


async def test_a_warm_worker_is_used_again(pool: WorkerPool, transport: str) -> None:
    assert await pid_of_worker(pool) == await pid_of_worker(pool)


async def test_nothing_is_started_before_the_first_job() -> None:
    before = set(_children())
    pool = WorkerPool()
    assert set(_children()) == before
    await pool.aclose()


async def test_a_prepared_worker_takes_the_next_job(pool: WorkerPool, transport: str) -> None:
    before = set(_children())
    for _ in range(2):
        pool.prepare()
    started = set(_children()) - before
    assert {await pid_of_worker(pool)} == started
    pool.prepare()
    assert set(_children()) - before == started
    pool.prepare(9)
    assert len(set(_children()) - before) == 2


async def test_how_far_a_job_is_is_told_at_once(pool: WorkerPool) -> None:
    async with pool.job("extract", {"what": "advance"}, deadline=20) as frames:
        await anext(frames)
        assert json.loads(await anext(frames))["message"] == "half"


@pytest.mark.parametrize("what", ["segfault", "abort", "leave"])
async def test_a_worker_that_dies_is_an_error_and_the_next_job_works(
    pool: WorkerPool, transport: str, what: str
) -> None:
    with pytest.raises(ReaderDied, match="stopped unexpectedly"):
        await outputs(pool, what)
    assert len(await outputs(pool, "nothing")) == 1


async def test_a_killed_worker_is_an_error_that_names_the_signal(pool: WorkerPool) -> None:
    async with pool.job("extract", {"what": "spin"}) as frames:
        os.kill(json.loads(await anext(frames))["pid"], signal.SIGKILL)
        with pytest.raises(ReaderDied, match="SIGKILL"):
            await anext(frames)


@pytest.mark.parametrize("what", ["rubbish", "odd_error", "nested_error"])
async def test_rubbish_on_the_channel_is_an_error_and_the_worker_is_replaced(pool: WorkerPool, what: str) -> None:
    before = await pid_of_worker(pool)
    with pytest.raises(ReaderDied, match="made no sense"):
        await outputs(pool, what)
    assert not alive(before)
    assert await pid_of_worker(pool) != before


async def test_a_frame_over_the_limit_never_leaves_the_worker(pool: WorkerPool) -> None:
    with pytest.raises(ReaderDied, match="FrameError"):
        await outputs(pool, "over_long")


async def test_a_memory_bomb_is_too_complex(pool: WorkerPool) -> None:
    with pytest.raises(TooComplex, match="memory"):
        await outputs(pool, "memory")
    assert len(await outputs(pool, "nothing")) == 1


async def test_endless_recursion_is_too_complex(pool: WorkerPool) -> None:
    with pytest.raises(TooComplex, match="nested"):
        await outputs(pool, "recursion")


@pytest.mark.parametrize("what", ["panic", "fault"])
async def test_what_a_parser_raises_is_named_without_its_words(pool: WorkerPool, what: str) -> None:
    with pytest.raises(ReaderDied) as caught:
        await outputs(pool, what)
    assert "secret" not in str(caught.value)


async def test_endless_output_is_too_complex(pool: WorkerPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "MAX_OUTPUT_BYTES", 5 << 20)
    async with pool.job("extract", {"what": "endless"}) as frames:
        with pytest.raises(TooComplex):  # noqa: PT012
            while await anext(frames):
                pass


async def test_the_deadline_kills_the_worker(pool: WorkerPool, transport: str) -> None:
    before = await pid_of_worker(pool)
    with pytest.raises(ReaderTimeout, match=r"0\.05 seconds"):
        await outputs(pool, "spin", deadline=0.05)
    assert not alive(before)
    assert await pid_of_worker(pool) != before


async def test_a_deadline_that_is_over_before_the_start_is_a_timeout(pool: WorkerPool) -> None:
    with pytest.raises(ReaderTimeout):
        await outputs(pool, "nothing", deadline=0.0)


async def test_a_cancelled_job_kills_its_worker(pool: WorkerPool, transport: str) -> None:
    pids = []
    async with anyio.create_task_group() as group:

        async def spin() -> None:
            async with pool.job("extract", {"what": "spin"}) as frames:
                async for frame in frames:
                    pids.append(json.loads(frame)["pid"])
                    group.cancel_scope.cancel()

        group.start_soon(spin)
    assert not alive(pids[0])
    assert len(await outputs(pool, "nothing")) == 1


async def test_leaving_early_kills_the_worker(pool: WorkerPool) -> None:
    async with pool.job("extract", {"what": "endless"}) as frames:
        pid = json.loads(await anext(frames))["pid"]
    assert not alive(pid)


async def test_what_a_worker_started_dies_with_it(pool: WorkerPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        pool_module,
        "_BOOT",
        _HOSTILE_BOOT.replace("process.main", "process.sandbox.confine = lambda _: []; process.main"),
    )
    async with pool.job("extract", {"what": "child"}) as frames:
        await anext(frames)
        child = json.loads(await anext(frames))["child"]
    wait_until_dead(child)


async def test_what_a_worker_prints_reaches_neither_the_channel_nor_the_log(
    pool: WorkerPool, transport: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert len(await outputs(pool, "prints")) == 2
    assert capfd.readouterr() == ("", "")


async def test_a_worker_sees_no_key_and_not_the_working_directory(
    pool: WorkerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MOONSHOT_API_KEY", "KIMI_API_KEY", "KIMI_FILES_CHAT_API_KEY", "HOME", "PYTHONPATH", "PATH"):
        monkeypatch.setenv(name, "canary")
    seen = (await outputs(pool, "environment"))[1]
    assert "canary" not in json.dumps(seen)
    assert seen["directory"] == "/"
    assert os.getcwd() not in seen["path"]


async def test_a_worker_dumps_no_core_and_has_a_memory_limit(pool: WorkerPool) -> None:
    limits = Path(f"/proc/{await pid_of_worker(pool)}/limits").read_text()
    assert [line.split()[4] for line in limits.splitlines() if line.startswith("Max core file size")] == ["0"]
    assert [line.split()[3] for line in limits.splitlines() if line.startswith("Max data size")] == [str(2 << 30)]


async def test_input_is_asked_for_frame_by_frame(pool: WorkerPool, transport: str) -> None:
    frames = [json.dumps([number, "中" * 1000]).encode() for number in range(50)]
    assert (await outputs(pool, "echo", feed=feed(*frames)))[1:] == [json.loads(frame) for frame in frames]


async def test_a_job_may_leave_input_unread(pool: WorkerPool) -> None:
    assert (await outputs(pool, "first_input", feed=feed(b"1", b"2")))[1:] == [1]
    assert (await outputs(pool, "echo", feed=feed(b"3")))[1:] == [3]


async def test_an_error_of_the_input_is_the_callers(pool: WorkerPool) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"1"
        raise LookupError("no such page")

    with pytest.raises(LookupError):
        await outputs(pool, "echo", feed=broken())
    assert len(await outputs(pool, "nothing")) == 1


async def test_jobs_read_from_the_beginning_and_move_nobodys_position(pool: WorkerPool) -> None:
    with tempfile.TemporaryFile() as file:
        file.write(b"head" + bytes(100_000) + b"tail")
        file.flush()
        file.seek(7)
        for _ in range(2):
            assert (await outputs(pool, "positions", descriptor=file.fileno()))[1] == ["head", "tail", 100_008]
        assert os.lseek(file.fileno(), 0, os.SEEK_CUR) == 7


async def test_where_descriptors_cannot_travel_the_bytes_do(pool: WorkerPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "DESCRIPTORS_TRAVEL", False)
    with tempfile.TemporaryFile() as file:
        file.write(b"head" + bytes(5 << 20) + b"tail")
        file.flush()
        for _ in range(2):
            assert (await outputs(pool, "positions", descriptor=file.fileno()))[1][:2] == ["head", "tail"]


async def test_no_descriptor_is_left_open_in_server_or_worker(pool: WorkerPool) -> None:
    async def job() -> int:
        with tempfile.TemporaryFile() as file:
            return int((await outputs(pool, "descriptors", descriptor=file.fileno()))[1])

    in_worker, in_server = await job(), len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        assert await job() == in_worker
    with pytest.raises(ReaderDied):
        await outputs(pool, "abort")
    await job()
    assert len(os.listdir("/proc/self/fd")) == in_server


async def test_jobs_wait_for_a_free_worker(pool: WorkerPool) -> None:
    pids: list[int] = []

    async def job() -> None:
        pids.append(await pid_of_worker(pool))

    async with anyio.create_task_group() as group:
        for _ in range(8):
            group.start_soon(job)
    assert len(pids) == 8
    assert len(set(pids)) == 2


async def test_an_idle_worker_ends_and_the_next_job_gets_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "_BOOT", _HOSTILE_BOOT)
    pool = WorkerPool(idle=0.01)
    first = await pid_of_worker(pool)
    os.waitid(os.P_PID, first, os.WEXITED | os.WNOWAIT)
    assert await pid_of_worker(pool) != first
    await pool.aclose()


async def test_closing_ends_busy_and_idle_workers(pool: WorkerPool) -> None:
    idle = await pid_of_worker(pool)
    async with pool.job("extract", {"what": "spin"}) as frames:
        busy = json.loads(await anext(frames))["pid"]
        await pool.aclose()
        assert not alive(busy)
        with pytest.raises(ReaderDied):
            await anext(frames)
    assert not alive(idle)


async def test_a_worker_that_cannot_start_is_an_error(pool: WorkerPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "_BOOT", "raise SystemExit(3)")
    with pytest.raises(ReaderDied, match="exit code 3"):
        await outputs(pool, "nothing")


async def test_a_system_that_starts_no_process_is_an_error(pool: WorkerPool, monkeypatch: pytest.MonkeyPatch) -> None:
    before = len(os.listdir("/proc/self/fd"))
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    with pytest.raises(ReaderDied, match="No such file"):
        await outputs(pool, "nothing")
    assert len(os.listdir("/proc/self/fd")) == before


def test_workers_die_with_the_server() -> None:
    script = (
        "import anyio, os, signal\n"
        "from kimi_files.workers import pool as pool_module\n"
        f"pool_module._BOOT = {_HOSTILE_BOOT!r}\n"
        "async def main():\n"
        "    async with pool_module.WorkerPool().job('extract', {'what': 'spin'}) as frames:\n"
        "        print((await anext(frames)).decode(), flush=True)\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "anyio.run(main)\n"
    )
    server = subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, check=False)
    wait_until_dead(json.loads(server.stdout)["pid"])


async def test_every_fault_keeps_its_class_and_words(pool: WorkerPool) -> None:
    from kimi_files.workers.faults import FAULTS, describe, rebuild

    for fault in FAULTS.values():
        error, retire = rebuild(describe(fault("what\x1b[31m happened", "what to do"), retire=False))
        assert (type(error), error.message, error.hint, retire) == (fault, "what [31m happened", "what to do", False)
        assert isinstance(error, KimiFilesError)


def _children() -> Iterator[int]:
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == os.getpid():
            yield int(stat.parent.name)
