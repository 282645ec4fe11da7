"""The real server on two pipes, without a client that would put anything right."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.server.conftest import environment


class RawServer:
    """``folder`` is the one that may be read. Lines are read in the background, so that neither side waits for us."""

    def __init__(self, place: Path, *, reads: bool = True, options: tuple[str, ...] = (), **variables: str) -> None:
        self.folder = place / "files"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.log = place / "log"
        command = [
            sys.executable,
            "-m",
            "kimi_files_mcp",
            "--allow",
            str(self.folder),
            "--data-dir",
            str(place / "data"),
        ]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, *options],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=environment(**variables),
                cwd=place,
            )
        self.lines: list[bytes] = []
        self._arrived = threading.Condition()
        self._ended = False
        self._reader = threading.Thread(target=self._read, daemon=True)
        if reads:
            self._reader.start()

    def send(self, lines: Iterable[bytes]) -> None:
        assert self.process.stdin is not None
        for line in lines:
            self.process.stdin.write(line)
        self.process.stdin.flush()

    def answer(self, number: Any) -> dict[str, Any]:
        """The answer to a request; fails after a minute."""
        found: list[dict[str, Any]] = []

        def arrived() -> bool:
            found.extend(frame for frame in map(json.loads, self.lines) if frame.get("id") == number)
            return bool(found)

        with self._arrived:
            assert self._arrived.wait_for(arrived, 60), f"no answer to {number!r}"
        return found[0]

    def take(self, numbers: Collection[Any], seconds: float) -> dict[str, Any] | None:
        """The first answer to one of these requests, which is then forgotten; None if none came in time or the server died."""
        found: list[dict[str, Any]] = []

        def arrived() -> bool:
            for line in self.lines:
                frame = json.loads(line)
                if frame.get("id") in numbers and "method" not in frame:
                    found.append(frame)
                    self.lines.remove(line)
                    return True
            return self._ended

        with self._arrived:
            self._arrived.wait_for(arrived, seconds)
        return found[0] if found else None

    def answered(self) -> Counter[Any]:
        """How often each id was answered so far."""
        frames = [json.loads(line) for line in self.lines]
        return Counter(frame["id"] for frame in frames if "id" in frame and "method" not in frame)

    def close(self) -> int:
        """End the input and give the exit code."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        code = self.process.wait(60)
        if self._reader.is_alive():
            self._reader.join(60)
        return code

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._arrived:
                self.lines.append(line)
                self._arrived.notify_all()
        with self._arrived:
            self._ended = True
            self._arrived.notify_all()


def memory_of(server: RawServer, field: str) -> int:
    """MB of a running server, by a field of /proc: VmRSS is now, VmHWM at most."""
    rows = Path(f"/proc/{server.process.pid}/status").read_text().splitlines()
    return int(next(row for row in rows if row.startswith(field)).split()[1]) // 1000


def cpu_of(server: RawServer) -> float:
    """Seconds of processor time that a running server and what it started and buried have taken."""
    fields = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def descriptors_of(server: RawServer) -> int:
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


def workers_of(process: int) -> list[int]:
    """Process ids of the readers that a server has started and not yet reaped."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text()
    return [int(child) for child in children.split()]


@contextmanager
def raw_server(place: Path, **options: Any) -> Iterator[RawServer]:
    server = RawServer(place, **options)
    try:
        yield server
    finally:
        server.process.kill()
        server.process.wait()
        for pipe in (server.process.stdin, server.process.stdout):
            assert pipe is not None
            pipe.close()
