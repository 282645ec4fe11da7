"""What a program waits for over HTTP, as ratios in one run: ``uv run python -m bench.http``.

A 100 MB upload against a bare Starlette endpoint that writes the body to a file, the text of a cached file against a static
response of the same bytes, 200 small uploads from 8 connections, and the memory of the server throughout. Both sides run in
processes of their own, on the same server with the same settings; runs are interleaved.
"""

from __future__ import annotations

import argparse
import http.client
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
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from rich.console import Console
from rich.table import Table

from bench.speed import interleaved

KEY = "sk-local-bench"
MEGABYTE = 1 << 20
BOUNDARY = "b0undary"

BARE = """\
import os, sys, tempfile
import anyio
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
from kimi_files_mcp.http.run import Server, listen

folder, sync = sys.argv[1], sys.argv[2] == "sync"
static = b""

async def upload(request):
    with tempfile.TemporaryFile(dir=folder) as file:
        async for chunk in request.stream():
            file.write(chunk)
        if sync:
            file.flush()
            os.fsync(file.fileno())
    return Response("{}")

async def remember(request):
    global static
    static = await request.body()
    return Response("{}")

async def answer(request):
    return Response(static, media_type="application/json")

app = Starlette(routes=[
    Route("/v1/files", upload, methods=["POST"]),
    Route("/v1/static", remember, methods=["PUT"]),
    Route("/v1/static", answer),
])
listener = listen("127.0.0.1", 0)
print(f"http://127.0.0.1:{listener.getsockname()[1]}/v1", flush=True)
anyio.run(Server(app).serve, [listener])
"""

Row = tuple[str, str, str, str]


class Service:
    """A server process and a connection to it that stays open."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout
        self.process = process
        self.address = urlsplit(process.stdout.readline().split()[-1])
        self.connection = self.connect()

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self.address.hostname or "", self.address.port)

    def call(
        self,
        method: str,
        path: str,
        body: Iterator[bytes] | bytes | None = None,
        connection: http.client.HTTPConnection | None = None,
        **headers: str,
    ) -> tuple[float, bytes]:
        """Seconds until the whole answer is there, and the answer; anything but 200 ends the measurement."""
        connection = connection or self.connection
        sent = {"Authorization": f"Bearer {KEY}"} | {name.replace("_", "-"): value for name, value in headers.items()}
        start = time.perf_counter()
        connection.request(method, f"/v1{path}", body, sent)
        answer = connection.getresponse()
        data = answer.read()
        if answer.status != 200:
            sys.exit(f"{method} {path}: {answer.status} {data[:300]!r}")
        return time.perf_counter() - start, data

    def upload(self, name: str, purpose: str, parts: list[bytes]) -> tuple[float, bytes]:
        start, end = form(name, purpose)
        length = len(start) + sum(map(len, parts)) + len(end)
        return self.call(
            "POST",
            "/files",
            iter([start, *parts, end]),
            Content_Type=f"multipart/form-data; boundary={BOUNDARY}",
            Content_Length=str(length),
        )

    def memory(self) -> tuple[float, float]:
        """Now, and the most ever, in MB (Linux; 0 elsewhere)."""
        status = Path(f"/proc/{self.process.pid}/status")
        if not status.exists():
            return 0.0, 0.0
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(lines["VmRSS"].split()[0]) / 1024, int(lines["VmHWM"].split()[0]) / 1024


def form(name: str, purpose: str) -> tuple[bytes, bytes]:
    """What stands before and after the file in the body of an upload."""
    part = f"--{BOUNDARY}\r\nContent-Disposition: form-data; name="
    start = f'{part}"purpose"\r\n\r\n{purpose}\r\n{part}"file"; filename="{name}"\r\n\r\n'
    return start.encode(), f"\r\n--{BOUNDARY}--\r\n".encode()


@contextmanager
def running(*command: str) -> Iterator[Service]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("KIMI_", "MOONSHOT_"))}
    with subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, text=True, env=kept) as process:
        try:
            yield Service(process)
        finally:
            process.terminate()


@contextmanager
def ours(folder: Path) -> Iterator[Service]:
    key_file = folder / "key"
    key_file.write_text(KEY)
    with running(
        "-m", "kimi_files_mcp", "--data-dir", str(folder / "data"), "serve", "--api-key-file", str(key_file)
    ) as service:
        yield service


def video() -> list[bytes]:
    """100 MB that are a whole video by their boxes, and different in every call."""
    head = b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2" + b"\x00\x00\x00\x08moov"
    head += b"\x00\x00\x00\x18free" + os.urandom(16) + b"\x00\x00\x00\x00mdat"
    return [head, *[bytes(MEGABYTE)] * 99, bytes(MEGABYTE - len(head))]


def large_uploads(runs: int, service: Service, folder: Path) -> Iterator[Row]:
    def mine() -> float:
        seconds, answer = service.upload("video.mp4", "video", video())
        service.call("DELETE", f"/files/{file_id(answer)}")
        return seconds

    with running("-c", BARE, str(folder), "write") as plain, running("-c", BARE, str(folder), "sync") as synced:
        times = interleaved(
            runs,
            mine,
            lambda: plain.upload("video.mp4", "video", video())[0],
            lambda: synced.upload("video.mp4", "video", video())[0],
        )
    for name, bare in (("written to a file", times[1]), ("written and synced to disk", times[2])):
        share = statistics.median(b / m for m, b in zip(times[0], bare, strict=True))
        words = f"{100 / statistics.median(times[0]):.0f} MB/s / {100 / statistics.median(bare):.0f} MB/s"
        yield f"100 MB uploaded, against a body {name}", words, f"{share:.0%}", "≥ 60 %"


def cached_text(runs: int, service: Service, folder: Path) -> Iterator[Row]:
    for kilobytes in (2, 100):
        text = ("The turbine inspection found hairline cracks on shaft nine.\n" * (kilobytes * 18)).encode()
        _, answer = service.upload(f"text-{kilobytes}.txt", "file-extract", [text])
        get_content = partial(service.call, "GET", f"/files/{file_id(answer)}/content")
        with running("-c", BARE, str(folder), "write") as bare:
            bare.call("PUT", "/static", get_content()[1])
            static, mine = interleaved(runs * 300, partial(bare.call, "GET", "/static"), get_content)
        low, high = (statistics.median(seconds for seconds, _ in side) for side in (static, mine))
        words = f"{high * 1000:.2f} ms / {low * 1000:.2f} ms"
        yield (
            f"/content of a cached file of {kilobytes} KB, against a static response",
            words,
            f"{high / low:.2f}",
            "≤ 1.5",
        )


def small_uploads(service: Service) -> Iterator[Row]:
    """Any answer but 200 ends the run."""
    numbers = iter(range(200))
    guard = threading.Lock()

    def work() -> None:
        connection = service.connect()
        while True:
            with guard:
                number = next(numbers, None)
            if number is None:
                return
            start, end = form(f"small-{number}.txt", "file-extract")
            body = start + b"small file number %d\n" % number * 50 + end
            kind = f"multipart/form-data; boundary={BOUNDARY}"
            service.call("POST", "/files", body, connection, Content_Type=kind)

    threads = [threading.Thread(target=work) for _ in range(8)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - start
    listed = service.call("GET", "/files")[1].count(b"small-")
    yield "200 small uploads from 8 connections", f"{200 / seconds:.0f} files/s", f"{200 - listed} lost", "0 lost"


def memory(service: Service) -> Iterator[Row]:
    line = b"2026-11-22T10:15:00 INFO request %08d served in 12 ms to client 10.0.0.1\n"
    log = [b"".join(line % (part * 15_000 + number) for number in range(13_500)) for part in range(100)]
    before, _ = service.memory()
    seconds, answer = service.upload("server.log", "file-extract", log)
    yield "100 MB of text uploaded and extracted", f"{seconds:.1f} s", "", ""
    seconds, body = service.call("GET", f"/files/{file_id(answer)}/content")
    yield f"its text downloaded, {len(body) / MEGABYTE:.0f} MB", f"{len(body) / MEGABYTE / seconds:.0f} MB/s", "", ""
    _, most = service.memory()
    yield "memory of the server", f"{before:.0f} MB before, {most:.0f} MB at most", f"{most:.0f} MB", "< 150 MB"


def file_id(answer: bytes) -> str:
    return str(json.loads(answer)["id"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args()
    table = Table("measure", "ours / bare", "ratio", "target", title="serve, medians of interleaved runs")
    with tempfile.TemporaryDirectory() as name, ours(Path(name)) as service:
        folder = Path(name)
        measures: list[Callable[[], Iterator[Row]]] = [
            lambda: cached_text(options.runs, service, folder),
            lambda: small_uploads(service),
            lambda: large_uploads(options.runs, service, folder),
            lambda: memory(service),
        ]
        for measure in measures:
            for row in measure():
                table.add_row(*row)
    Console(width=150).print(table)


if __name__ == "__main__":
    main()
