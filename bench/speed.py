"""What a user waits for, as ratios in one run: ``uv run python -m bench.speed``.

Start to ``initialize`` and first call against the smallest MCPServer script, a warm ``get_file_content`` against a bare
tool that returns the same text, the first read of a PDF against the bare library, and ``tools/list`` and the server's memory
while a 100 MB log is read. Runs are interleaved, so that a noisy machine is noisy for both sides.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

LOG_BYTES = 100 * 1024 * 1024 - 200

SAMPLES = Path(__file__).parent.parent / "server" / "kimi_files_mcp" / "samples"

SMALLEST = """\
from mcp.server import MCPServer
server = MCPServer("smallest")
@server.tool()
def hello() -> str:
    return "hello"
server.run("stdio")
"""

BARE_TEXT = """\
import sys
from pathlib import Path
from mcp.server import MCPServer
from mcp.types import CallToolResult, TextContent
server = MCPServer("bare")
text = Path(sys.argv[1]).read_text(encoding="utf-8")
@server.tool(structured_output=False)
async def get_text() -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text=text)])
server.run("stdio")
"""

BARE_PDF = """\
import sys, time
start = time.perf_counter()
import liteparse
liteparse.LiteParse(ocr_enabled=False, output_format="markdown", quiet=True).parse(sys.argv[1])
print(time.perf_counter() - start)
"""


INITIALIZE = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "bench", "version": "1"}}
_NOT_PASSED_ON = ("KIMI_", "MOONSHOT_", "PYTHONDONTWRITEBYTECODE")


class Server:
    """A server on two pipes, spoken to line by line."""

    def __init__(self, command: list[str], **variables: str) -> None:
        # Without compiled bytecode a start costs twice as much; the first run, which is not counted, writes it.
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_PASSED_ON)}
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=kept | variables
        )
        self._next = 0
        self._answers: dict[int, tuple[float, dict[str, Any]]] = {}
        self._arrived = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            message = json.loads(line)
            if "id" in message and "method" not in message:
                with self._arrived:
                    self._answers[message["id"]] = (time.perf_counter(), message)
                    self._arrived.notify_all()

    def send(self, method: str, params: dict[str, Any]) -> int:
        self._next += 1
        self._write({"jsonrpc": "2.0", "id": self._next, "method": method, "params": params})
        return self._next

    def answer(self, number: int) -> tuple[float, dict[str, Any]]:
        """When the answer came, and the answer."""
        with self._arrived:
            self._arrived.wait_for(lambda: number in self._answers, timeout=300)
            return self._answers.pop(number)

    def request(self, method: str, params: dict[str, Any]) -> tuple[float, dict[str, Any]]:
        """Seconds until the answer, and the answer."""
        start = time.perf_counter()
        arrived, message = self.answer(self.send(method, params))
        return arrived - start, message

    def initialize(self) -> float:
        """Seconds from the start of the process to the answer of ``initialize``."""
        arrived, _ = self.answer(self.send("initialize", INITIALIZE))
        self._write({"jsonrpc": "2.0", "method": "notifications/initialized"})
        return arrived - self.started

    def call(self, name: str, **arguments: Any) -> tuple[float, dict[str, Any]]:
        seconds, message = self.request("tools/call", {"name": name, "arguments": arguments})
        return seconds, message["result"]

    def _write(self, message: dict[str, Any]) -> None:
        assert self.process.stdin
        self.process.stdin.write(json.dumps(message).encode() + b"\n")
        self.process.stdin.flush()

    def peak_memory(self) -> float:
        """Most memory the server process itself ever held, in MB (Linux; 0 elsewhere)."""
        return self._status("VmHWM")

    def memory(self) -> float:
        """Memory the server process itself holds, in MB (Linux; 0 elsewhere)."""
        return self._status("VmRSS")

    def _status(self, name: str) -> float:
        status = Path(f"/proc/{self.process.pid}/status")
        if not status.exists():
            return 0.0
        line = next(line for line in status.read_text().splitlines() if line.startswith(name))
        return int(line.split()[1]) / 1024

    def end(self) -> float:
        """Close stdin; CPU seconds of the process."""
        assert self.process.stdin
        self.process.stdin.close()
        _, _, usage = os.wait4(self.process.pid, 0)
        self.process.returncode = 0
        return usage.ru_utime + usage.ru_stime


def ours(data_dir: Path, folder: Path) -> list[str]:
    return [sys.executable, "-m", "kimi_files_mcp", "--allow", str(folder), "--data-dir", str(data_dir)]


@contextmanager
def running(command: list[str]) -> Iterator[Server]:
    server = Server(command)
    try:
        server.initialize()
        yield server
    finally:
        server.end()


def interleaved(runs: int, *sides: Callable[[], Any]) -> list[list[Any]]:
    """Each side once to warm up, then in turn; the results of each side."""
    for side in sides:
        side()
    results: list[list[Any]] = [[] for _ in sides]
    for _ in range(runs):
        for index, side in enumerate(sides):
            results[index].append(side())
    return results


def record(command: list[str], data_dir: Path) -> None:
    """Let servers run until one has recorded its start: none does within two seconds of a change to a file of ours."""
    while not list((data_dir / "starts").glob("*.json")):
        server = Server(command)
        server.initialize()
        time.sleep(4)
        server.end()


def forget(data_dir: Path) -> None:
    """Leave no recording of an earlier start."""
    for recording in (data_dir / "starts").glob("*"):
        recording.unlink()


def start_up(runs: int, data_dir: Path) -> list[tuple[str, str, str, str]]:
    """From a recording, and without one as at the first start, against the smallest server."""
    first, recorded = ours(data_dir / "first", SAMPLES), ours(data_dir / "recorded", SAMPLES)
    record(recorded, data_dir / "recorded")

    def start(command: list[str]) -> tuple[float, float]:
        forget(data_dir / "first")
        server = Server(command)
        seconds = server.initialize()
        return seconds, server.end()

    smallest, *mine = interleaved(
        runs, lambda: start([sys.executable, "-c", SMALLEST]), lambda: start(recorded), lambda: start(first)
    )
    rows = []
    for index, (name, target) in enumerate([("start to initialize", "≤ 0.95"), ("CPU of a session without calls", "")]):
        for kind, side in zip(("recorded", "the first time"), mine, strict=True):
            bare, our = (statistics.median(run[index] for run in runs_of) for runs_of in (smallest, side))
            ratio = statistics.median(b[index] / a[index] for a, b in zip(smallest, side, strict=True))
            rows.append((f"{name}, {kind}", f"{our * 1000:.0f} ms / {bare * 1000:.0f} ms", f"{ratio:.2f}", target))
    return rows


def warm_read(runs: int, data_dir: Path) -> list[tuple[str, str, str, str]]:
    with running(ours(data_dir, SAMPLES)) as server:
        _, result = server.call("get_file_content", file="annual-report.pdf")
        text = data_dir / "result.txt"
        text.write_text(result["content"][0]["text"], encoding="utf-8")
        with running([sys.executable, "-c", BARE_TEXT, str(text)]) as bare:
            plain, cached = interleaved(
                runs * 5,
                lambda: bare.call("get_text")[0],
                lambda: server.call("get_file_content", file="annual-report.pdf")[0],
            )
    ours_ms, bare_ms = statistics.median(cached) * 1000, statistics.median(plain) * 1000
    return [
        ("warm get_file_content", f"{ours_ms:.1f} ms / {bare_ms:.1f} ms", f"+{ours_ms - bare_ms:.1f} ms", "≤ +5 ms")
    ]


def first_pdf(runs: int, data_dir: Path, pdf: Path) -> list[tuple[str, str, str, str]]:
    """The first read in a warm server whose worker is not yet started, against the library in a fresh process."""
    worker = worker_start(runs)

    def library() -> float:
        return float(subprocess.run([sys.executable, "-c", BARE_PDF, str(pdf)], capture_output=True, check=True).stdout)

    def first() -> float:
        with tempfile.TemporaryDirectory() as fresh, running(ours(Path(fresh), pdf.parent)) as server:
            return server.call("get_file_content", file=pdf.name)[0]

    bare, mine = interleaved(runs, library, first)
    ratio = statistics.median((m - worker) / b for b, m in zip(bare, mine, strict=True))
    ours_ms, bare_ms = statistics.median(mine) * 1000, statistics.median(bare) * 1000
    words = f"{ours_ms:.0f} ms / {bare_ms:.0f} ms, worker start {worker * 1000:.0f} ms"
    return [(f"first read of {pdf.name}", words, f"{ratio:.2f}", "≤ 1.5 + worker start")]


def worker_start(runs: int) -> float:
    """Seconds from nothing to a worker that has read the smallest file."""
    import anyio

    async def once() -> float:
        from kimi_files.access import AccessPolicy, open_file
        from kimi_files.workers.pool import WorkerPool

        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "a.txt").write_text("a\n")
            async with await open_file("a.txt", AccessPolicy.from_folders([folder], Path(folder))) as opened:
                pool = WorkerPool()
                start = time.perf_counter()
                async with pool.job("extract", {"name": "a.txt"}, descriptor=opened.descriptor) as frames:
                    async for _ in frames:
                        pass
                seconds = time.perf_counter() - start
                await pool.aclose()
                return seconds

    return statistics.median(anyio.run(once) for _ in range(runs))


def write_log(path: Path) -> None:
    """A log just below the limit of 100 MB."""
    line = "2026-11-22T10:15:{:02d} INFO request {:08d} served in 12 ms to client 10.0.0.{:d}\n"
    with path.open("w", encoding="utf-8") as file:
        number = 0
        while file.tell() < LOG_BYTES:
            file.write("".join(line.format(n % 60, number + n, n % 250) for n in range(1000)))
            number += 1000
        file.truncate(LOG_BYTES)


def large_log(data_dir: Path) -> list[tuple[str, str, str, str]]:
    """A 100 MB log is read while tools/list is asked ten times a second."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "server.log"
        write_log(log)
        with running(ours(data_dir, log.parent)) as server:
            reading = server.send("tools/call", {"name": "get_file_content", "arguments": {"file": "server.log"}})
            start = time.perf_counter()
            waits: list[float] = []
            while reading not in server._answers:
                waits.append(server.request("tools/list", {})[0])
                time.sleep(0.1)
            arrived, message = server.answer(reading)
            again = server.call("get_file_content", file="server.log")[0]
            memory = server.peak_memory()
            size = len(message["result"]["content"][0]["text"])
    return [
        (
            "first read of a 100 MB log",
            f"{arrived - start:.1f} s, {size:,} characters; again {again * 1000:.0f} ms",
            "",
            "",
        ),
        ("tools/list meanwhile, slowest", f"{len(waits)} calls", f"{max(waits) * 1000:.0f} ms", "< 200 ms"),
        ("memory of the server, most", "", f"{memory:.0f} MB", "< 150 MB"),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--pdf", type=Path, default=SAMPLES / "annual-report.pdf", help="the PDF of the first read")
    options = parser.parse_args()
    table = Table("measure", "ours / bare", "ratio", "target", title="kimi-files-mcp, medians of interleaved runs")
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder)
        for rows in (
            start_up(options.runs, data_dir),
            warm_read(options.runs, data_dir),
            first_pdf(options.runs, data_dir, options.pdf),
            large_log(data_dir),
        ):
            for row in rows:
                table.add_row(*row)
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
