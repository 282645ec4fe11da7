"""Uploads to Kimi that are never lost or doubled, and what they cost: ``uv run python -m bench.kimi``.

1,000 files are uploaded by two processes that share a data folder, each all of them, through a proxy that makes half of all
requests fail in one of 15 ways, before and after they worked; the processes are killed 20 times. Then the account is
compared with what was acknowledged. After that, a 100 MB upload against the same with bare httpx, interleaved, and the
memory that it takes.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import httpx
from rich.console import Console
from rich.table import Table

from kimi_files.access import OpenFile
from kimi_files.kimi.chat import Chat
from kimi_files.kimi.client import KimiClient
from kimi_files.kimi.endpoint import Endpoint
from kimi_files.kimi.errors import OutcomeUnknown, RateLimited, ServiceFault, ServiceUnreachable
from kimi_files.kimi.patience import RetryPolicy
from kimi_files.kimi.service import KimiFilesService
from kimi_files.local.service import LocalFilesService
from kimi_files.workers.pool import WorkerPool

KEY = "sk-bench-5f1d3c7a9b2e4860"
MEGABYTE = 1 << 20

# Waits are those of the service divided by twenty: what is measured is order, not patience.
POLICY = RetryPolicy(first_wait=0.05, longest_wait=1.0, deadline=20.0, settle=(0.0, 0.05, 0.1, 0.2))

# Takes an upload as fast as a line of so many megabits a second lets it (0: any), says what Kimi would say, and keeps nothing.
SINK = """\
import itertools
import sys
import anyio
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route
from kimi_files_mcp.http.run import Server, listen

numbers = itertools.count()
bytes_a_second = int(sys.argv[1]) * 125_000

async def take(request):
    size, begun = 0, anyio.current_time()
    async for chunk in request.stream():
        size += len(chunk)
        if bytes_a_second:
            await anyio.sleep_until(begun + size / bytes_a_second)
    return JSONResponse({"id": f"file_{next(numbers):026d}", "object": "file", "bytes": size, "created_at": 1795334400,
                         "filename": "x.bin", "purpose": "file-extract", "status": "ok"})

async def nothing(request):
    return JSONResponse({"object": "list", "data": []})

app = Starlette(routes=[Route("/v1/files", take, methods=["POST"]), Route("/v1/files", nothing)])
listener = listen("127.0.0.1", 0)
print(f"http://127.0.0.1:{listener.getsockname()[1]}/v1", flush=True)
anyio.run(Server(app).serve, [listener])
"""

Row = tuple[str, str, str, str]


@dataclass(slots=True)
class Uploader:
    """One of the two processes; ``acknowledged`` are the ids that it was given, by name."""

    command: list[str]
    acknowledged: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[str] | None = None
    ended: bool = False

    def run(self) -> None:
        """Start it, again after each kill, until it has uploaded everything."""
        while not self.ended:
            with subprocess.Popen(
                self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            ) as self.process:
                assert self.process.stdin
                assert self.process.stdout
                try:
                    self.process.stdin.write(json.dumps(sorted(self.acknowledged)) + "\n")
                    self.process.stdin.close()
                except BrokenPipeError:
                    continue
                for line in self.process.stdout:
                    if line == "end\n":
                        self.ended = True
                    elif line.endswith("\n"):
                        name, file_id = line.split()
                        self.acknowledged[name] = file_id


async def upload_all(base_url: str, folder: Path, data_dir: Path, seed: int, key: str) -> None:
    """What one process does: every file in an order of its own, each until it works, except what was acknowledged."""
    done = set(json.loads(sys.stdin.readline()))
    names = sorted(path.name for path in folder.iterdir() if path.name not in done)
    random.Random(seed).shuffle(names)
    service = kimi(base_url, data_dir, key=key)
    try:
        for name in names:
            while True:
                try:
                    async with opened(folder / name) as file:
                        record = await service.create(file, "file-extract")
                except (OutcomeUnknown, RateLimited, ServiceFault, ServiceUnreachable):
                    continue  # what an agent does: call again
                print(name, record.id, flush=True)
                break
        print("end", flush=True)
    finally:
        await service.aclose()


def kimi(base_url: str, data_dir: Path, policy: RetryPolicy = POLICY, key: str = KEY) -> KimiFilesService:
    client = KimiClient(Endpoint(base_url, key, "MOONSHOT_BASE_URL", "MOONSHOT_API_KEY"), policy)
    local = LocalFilesService(data_dir, WorkerPool())
    return KimiFilesService(client, local, data_dir, Chat(client, None, is_kimi=True))


def opened(path: Path) -> OpenFile:
    return OpenFile(os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0)), path, str(path))


def faults(count: int, kills: int, folder: Path) -> Iterator[Row]:
    files, data_dir = folder / "files", folder / "data"
    files.mkdir()
    for number in range(count):
        # Few sizes and few names would be told apart by nothing but their content.
        (files / f"{number:04}.txt").write_text(f"file {number:04}\n")
    with process("-m", "tests.engine.kimi.peer", str(folder / "peer"), "--key", KEY) as peer:
        address = peer.address
        with process("-m", "tests.engine.kimi.faulty_proxy", address, "--share", "0.5") as proxy:
            started = time.perf_counter()
            uploaders = [Uploader(upload_command(proxy.address, files, data_dir, seed)) for seed in (1, 2)]
            killed = run_and_kill(uploaders, count, kills)
            seconds = time.perf_counter() - started
            done = json.loads(proxy.end())
        yield from compared(f"http://{address}/v1", data_dir, uploaders, count)
    yield "requests that failed on purpose", f"{sum(done.values()):,} in {len(done)} ways", "", ""
    yield "kill -9", str(killed), "", str(kills)
    yield "time", f"{seconds:.0f} s, {2 * count / seconds:.1f} uploads/s", "", ""


def upload_command(base_url: str, files: Path, data_dir: Path, seed: int) -> list[str]:
    return [sys.executable, "-m", "bench.kimi", "--upload-all", base_url, str(files), str(data_dir), str(seed)]


def run_and_kill(uploaders: list[Uploader], count: int, kills: int) -> int:
    """Run both to the end; a kill whenever another share of the work is done. How many hit a running process."""
    threads = [threading.Thread(target=uploader.run) for uploader in uploaders]
    for thread in threads:
        thread.start()
    chance, killed = random.Random(3), 0
    while any(thread.is_alive() for thread in threads):
        done = sum(len(uploader.acknowledged) for uploader in uploaders)
        if killed < kills and done > (killed + 1) * 2 * count / (kills + 2):
            running = [u.process for u in uploaders if not u.ended and u.process and u.process.poll() is None]
            time.sleep(chance.random() * 0.5)
            for chosen in chance.sample(running, min(1, len(running))):
                chosen.kill()
                killed += 1
        time.sleep(0.02)
    return killed


def compared(base_url: str, data_dir: Path, uploaders: list[Uploader], count: int) -> Iterator[Row]:
    async def look() -> tuple[dict[str, str], list[str], int]:
        service = kimi(base_url, data_dir)
        try:
            listed = (await service.list(limit=100_000)).data
            rows = {row.file_id for row in await service._ledger.all() if row.state == "stored"}
            names = [file.filename for file in listed]
            return {file.id: file.filename for file in listed}, names, len(rows ^ {file.id for file in listed})
        finally:
            await service.aclose()

    there, names, differences = anyio.run(look)
    acknowledged = {(name, file_id) for uploader in uploaders for name, file_id in uploader.acknowledged.items()}
    lost = sum(there.get(file_id) != name for name, file_id in acknowledged)
    doubled = sum(number - 1 for number in Counter(names).values())
    yield "files in the account", f"{len(there):,}", "", f"{count:,}"
    yield (
        "uploads acknowledged (two processes)",
        f"{sum(len(u.acknowledged) for u in uploaders):,}",
        "",
        f"{2 * count:,}",
    )
    yield "duplicates", str(doubled), "", "0"
    yield "acknowledged and lost", str(lost), "", "0"
    yield "ledger and account differ in", str(differences), "", "0"


def large_upload(runs: int, folder: Path) -> Iterator[Row]:
    path = folder / "large.bin.txt"
    with path.open("wb") as file:  # piece by piece: what this process once held counts as its memory
        for _ in range(100):
            file.write(os.urandom(MEGABYTE))
    for line, how, target in (
        ("500", "over a line of 500 Mbit/s", "≤ 1.10"),
        ("0", "over loopback, as fast as it goes", ""),
    ):
        with process("-c", SINK, line) as sink:
            ours, bare, grown = anyio.run(measured, runs, path, sink.address, folder / f"upload-data-{line}")
        ratio = statistics.median(mine / plain for mine, plain in zip(ours, bare, strict=True))
        words = f"{statistics.median(ours) * 1000:.0f} ms / {statistics.median(bare) * 1000:.0f} ms"
        yield f"100 MB uploaded, hash and ledger included, against bare httpx, {how}", words, f"{ratio:.2f}", target
    yield "memory that it takes", f"{grown:.1f} MB", "", "≤ 16 MB"


async def measured(runs: int, path: Path, base_url: str, data_dir: Path) -> tuple[list[float], list[float], float]:
    service = kimi(base_url, data_dir, RetryPolicy())
    ours: list[float] = []
    bare: list[float] = []
    async with httpx.AsyncClient(timeout=300) as client:

        async def mine() -> None:
            async with opened(path) as file:
                await service.create(file, "file-extract")

        async def plain() -> None:
            with path.open("rb") as file:
                reply = await client.post(f"{base_url}/files", data={"purpose": "file-extract"}, files={"file": file})
            assert reply.status_code == 200

        small = path.with_name("small.txt")
        small.write_text("the first look at the account, and every import")
        async with opened(small) as file:
            await service.create(file, "file-extract")
        before = peak()
        await mine()
        grown = peak() - before
        await plain()
        for number in range(runs):
            renew(path)
            # In turn, so that neither always meets the caches that the other has filled.
            if number % 2:
                ours.append(await timed(mine))
            bare.append(await timed(plain))
            if number % 2 == 0:
                ours.append(await timed(mine))
    await service.aclose()
    return ours, bare, grown


def renew(path: Path) -> None:
    """Another content of the same size: what was uploaded once is not sent again."""
    with path.open("r+b") as file:
        file.write(os.urandom(64))


async def timed(work: Callable[[], Awaitable[None]]) -> float:
    start = time.perf_counter()
    await work()
    return time.perf_counter() - start


def peak() -> float:
    """The most memory this process ever had, in MB (Linux; 0 elsewhere)."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0.0
    lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
    return int(lines["VmHWM"].split()[0]) / 1024


@dataclass(slots=True)
class Running:
    """A process that prints its address first and ends when its stdin does."""

    process: subprocess.Popen[str]
    address: str

    def end(self) -> str:
        """Close its stdin; its last line."""
        return self.process.communicate()[0].splitlines()[-1]


@contextmanager
def process(*command: str) -> Iterator[Running]:
    with subprocess.Popen(
        [sys.executable, *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as started:
        assert started.stdout
        try:
            yield Running(started, started.stdout.readline().strip())
        finally:
            started.terminate()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=1_000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--only", choices=["faults", "upload"])
    parser.add_argument("--key", default=KEY, help=argparse.SUPPRESS)
    parser.add_argument("--upload-all", nargs=4, metavar=("URL", "FILES", "DATA", "SEED"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.upload_all:
        base_url, files, data_dir, seed = options.upload_all
        anyio.run(upload_all, base_url, Path(files), Path(data_dir), int(seed), options.key)
        return
    table = Table("measurement", "ours / bare", "ratio", "target", box=None)
    with tempfile.TemporaryDirectory() as folder:
        if options.only != "upload":
            for row in faults(options.files, options.kills, Path(folder)):
                table.add_row(*row)
        if options.only != "faults":
            for row in large_upload(options.runs, Path(folder)):
                table.add_row(*row)
    Console().print(table)


if __name__ == "__main__":
    main()
