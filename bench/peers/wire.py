"""An MCP server on two pipes, spoken to in single lines: no client of ours lends its patience to a server under test."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_KEYS = ("KIMI_", "MOONSHOT_")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back within the time; ``result`` is None if nothing did. ``memory`` is the most that all processes held, MB."""

    seconds: float
    result: dict[str, Any] | None
    bytes: int
    memory: float
    ended: bool

    @property
    def failed(self) -> bool:
        return bool(self.result is not None and (self.result.get("isError") or "code" in self.result))

    @property
    def text(self) -> str:
        found = (self.result or {}).get("content", [])
        return "".join(part.get("text", "") for part in found)


class Server:
    """Killed with all its processes at the end; its own session, so that none is left."""

    def __init__(self, command: list[str], folder: Path, environment: dict[str, str]) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_KEYS)}
        self._started = time.perf_counter()
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env=kept | environment,
            start_new_session=True,
        )
        self._next = 0
        self._lines: queue.Queue[bytes | None] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def initialize(self) -> float:
        """Seconds from the start of the process to the answer."""
        client = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "bench", "version": "1"}}
        self.request("initialize", client, 60)
        seconds = time.perf_counter() - self._started
        self._write({"jsonrpc": "2.0", "method": "notifications/initialized"})
        return seconds

    def call(self, tool: str, arguments: Any, seconds: float) -> Answer:
        return self.request("tools/call", {"name": tool, "arguments": arguments}, seconds)

    def request(self, method: str, params: dict[str, Any], seconds: float) -> Answer:
        """The answer, or that none came in ``seconds``; memory is looked at ten times a second meanwhile."""
        self._next += 1
        start = time.perf_counter()
        self._write({"jsonrpc": "2.0", "id": self._next, "method": method, "params": params})
        most = 0.0
        while (passed := time.perf_counter() - start) < seconds:
            most = max(most, self.memory())
            try:
                line = self._lines.get(timeout=0.1)
            except queue.Empty:
                continue
            if line is None:
                return Answer(passed, None, 0, most, ended=True)
            message = json.loads(line)
            if message.get("id") == self._next and "method" not in message:
                result = message.get("result", message.get("error"))
                return Answer(time.perf_counter() - start, result, len(line), max(most, self.memory()), ended=False)
        return Answer(seconds, None, 0, most, ended=False)

    def memory(self) -> float:
        """MB that the server and its processes hold now."""
        children: dict[int, list[int]] = {}
        resident: dict[int, int] = {}
        for status in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = status.read_text().rsplit(")", 1)[1].split()
            except OSError:  # it has just ended
                continue
            number = int(status.parent.name)
            children.setdefault(int(fields[1]), []).append(number)
            resident[number] = int(fields[21]) * os.sysconf("SC_PAGE_SIZE")
        total, waiting = 0, [self._process.pid]
        while waiting:
            number = waiting.pop()
            total += resident.get(number, 0)
            waiting += children.get(number, [])
        return total / 1e6

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            if line.strip().startswith(b"{"):
                self._lines.put(line)
        self._lines.put(None)

    def _write(self, message: dict[str, Any]) -> None:
        assert self._process.stdin
        try:
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:  # the queue says that it ended
            pass
