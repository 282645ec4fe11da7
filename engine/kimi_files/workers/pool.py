"""Workers on demand: started when first needed, reused while warm, killed on a deadline, a cancel or a doubt."""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import IO, Literal, TypeVar

import anyio
import anyio.to_thread
from pydantic import JsonValue

import kimi_files
from kimi_files import reports
from kimi_files.access import shown
from kimi_files.errors import ReaderDied, ReaderTimeout, TooComplex
from kimi_files.workers import sandbox
from kimi_files.workers.channel import Channel, ChannelClosedError, PipeChannel, SocketChannel
from kimi_files.workers.faults import rebuild
from kimi_files.workers.frames import FrameError, Kind, pack
from kimi_files.workers.process import JobName, Settings

MAX_OUTPUT_BYTES = 1 << 30
"""A job that sends more than this is stopped: no text of a 100 MB file is longer, only a bomb's is."""

DESCRIPTORS_TRAVEL = hasattr(socket, "send_fds")
"""Whether a file reaches a worker as its descriptor. Where it cannot (Windows), its bytes are copied."""

_BOOT = (
    "import json, sys; settings = json.loads(sys.argv[1]); sys.path.extend(settings['path']); "
    "from kimi_files.workers.process import main; main(settings)"
)

# Nothing else of the environment reaches a parser; Windows and Nix find their own libraries by the last two.
_KEPT_ENVIRONMENT = ("TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "LD_LIBRARY_PATH")

# Looking for plugins in every installed package takes time, and would run their code.
_WORKER_ENVIRONMENT = {"PYDANTIC_DISABLE_PLUGINS": "__all__"}

_log = logging.getLogger(__name__)

_T = TypeVar("_T")


class WorkerPool:
    """At most ``size`` worker processes. ``deadline`` and ``idle`` are in seconds of wall time.

    The pool starts nothing until the first job. ``aclose`` ends all workers. With ``strict`` no worker sees two files.
    """

    def __init__(self, size: int = 2, deadline: float = 120.0, idle: float = 60.0, *, strict: bool = False) -> None:
        self.level: str | None = None
        """What stands around a worker on this system, in words; None until the first one has started."""
        self._strict = strict
        self._deadline = deadline
        self._idle_seconds = idle
        self._size = size
        self._turns = anyio.Semaphore(size)
        self._idle: list[_Worker] = []
        self._busy: set[_Worker] = set()

    @asynccontextmanager
    async def job(
        self,
        name: JobName,
        arguments: Mapping[str, JsonValue],
        *,
        descriptor: int | None = None,
        feed: AsyncIterator[bytes] | None = None,
        deadline: float | None = None,
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """Run a job; gives its output frame by frame. They are JSON by agreement only: check them before any use.

        ``descriptor`` is of a file, which the job reads from its beginning; it stays the caller's to close. ``feed`` is
        the job's input, asked for its next frame (at most 2 MB) only when the job wants one. The deadline runs from the
        moment a worker is free to the job's end; the time the caller takes between frames counts. Never open a job
        inside another one: two such callers would wait for each other's worker.

        Iterating raises what the job ended with: one of ``faults.FAULTS``; ReaderDied if the worker ended without an
        answer, ReaderTimeout at the deadline. Leaving the context before the end, or a cancel, kills the worker.
        """
        request = {"job": name, "arguments": dict(arguments), "file": descriptor is not None}
        frame = pack(Kind.REQUEST, json.dumps(request).encode())
        async with self._turns:
            run = _Run(name, feed, self._deadline if deadline is None else deadline)
            try:
                await self._begin(run, frame, descriptor)
                yield run
            finally:
                await self._release(run)

    def prepare(self, jobs: int = 1) -> None:
        """Start workers, as far as there are none, for jobs that are likely to come while the caller does other things."""
        with suppress(ReaderDied):  # the job itself will say so, if it comes
            while len(self._idle) + len(self._busy) < min(jobs, self._size):
                self._idle.append(_Worker(self._idle_seconds))

    async def aclose(self) -> None:
        """End all workers and wait until they are gone. Jobs that still run end with ReaderDied."""
        for worker in (*self._idle, *self._busy):
            worker.kill()
        for worker in tuple(self._busy):
            await worker.gone()
        while self._idle:
            await self._idle.pop().end()

    async def _begin(self, run: _Run, frame: bytes, descriptor: int | None) -> None:
        """Hand the request to a worker. A warm one may have just ended itself: nothing was read then, take the next."""
        while self._idle:
            run.worker = self._idle.pop()
            self._busy.add(run.worker)
            try:
                self._note_level(await run.start(frame, descriptor))
                return
            except ReaderDied:
                await self._release(run)
        run.worker = _Worker(self._idle_seconds)
        self._busy.add(run.worker)
        self._note_level(await run.start(frame, descriptor))

    def _note_level(self, layers: frozenset[sandbox.Layer]) -> None:
        if self.level is not None:
            return
        self.level = sandbox.describe(layers)
        _log.log(logging.INFO if layers >= sandbox.FULL else logging.WARNING, "readers are walled in: %s", self.level)

    async def _release(self, run: _Run) -> None:
        worker, run.worker = run.worker, None
        if worker is None:
            return
        self._busy.discard(worker)
        if run.reusable and not self._strict:
            self._idle.append(worker)
        else:
            await worker.end()


class _Run:
    """One job on one worker: an iterator over its output."""

    def __init__(self, name: JobName, feed: AsyncIterator[bytes] | None, seconds: float) -> None:
        self.worker: _Worker | None = None
        self.reusable = False
        self._name = name
        self._feed = feed
        self._seconds = seconds
        self._until = anyio.current_time() + seconds
        self._received = 0
        self._ended = False
        self._layers: frozenset[sandbox.Layer] | None = None

    async def start(self, frame: bytes, descriptor: int | None) -> frozenset[sandbox.Layer]:
        """Send the request; gives the layers of the worker's sandbox. ReaderDied if it was gone before it took it."""
        return await self._in_time(self._start(self._channel, frame, descriptor))

    def __aiter__(self) -> _Run:
        return self

    async def __anext__(self) -> bytes:
        while not self._ended:
            frame = self._received_frame()
            if frame is None:
                frame = await self._in_time(self._channel.receive())
            kind, untrusted_payload = frame
            if kind is Kind.PULL:
                await self._send_input()
            elif kind is Kind.DATA:
                self._count(untrusted_payload)
                return untrusted_payload
            else:
                self._conclude(kind, untrusted_payload)
        raise StopAsyncIteration

    def _received_frame(self) -> tuple[Kind, bytes] | None:
        """A frame that came together with the one before."""
        try:
            return self._channel.received()
        except FrameError:
            raise self._rubbish() from None

    @property
    def _channel(self) -> Channel:
        if self.worker is None:
            raise RuntimeError("the context of this job was left")
        return self.worker.channel

    async def _start(self, channel: Channel, frame: bytes, descriptor: int | None) -> frozenset[sandbox.Layer]:
        await channel.send(frame, descriptor)
        kind, untrusted_layers = await channel.receive()
        if kind is not Kind.STARTED:
            raise FrameError("a job begins with STARTED")
        if descriptor is not None:
            await channel.send_file(descriptor)
        try:
            named = json.loads(untrusted_layers)
        except (ValueError, RecursionError):
            raise FrameError("STARTED names layers") from None
        self._layers = frozenset(layer for layer in sandbox.LAYERS if isinstance(named, list) and layer in named)
        return self._layers

    async def _send_input(self) -> None:
        frame = await anext(self._feed, None) if self._feed is not None else None
        packed = pack(Kind.FEED_END) if frame is None else pack(Kind.FEED, frame)
        await self._in_time(self._channel.send(packed))

    def _count(self, untrusted_payload: bytes) -> None:
        self._received += len(untrusted_payload)
        if self._received > MAX_OUTPUT_BYTES:
            size = MAX_OUTPUT_BYTES >> 30
            raise TooComplex(f"This file unpacks to more than {size} GB of text.", "Split it, or read a part of it.")

    def _conclude(self, kind: Kind, untrusted_payload: bytes) -> None:
        """Take END or ERROR; raises what ERROR says."""
        try:
            if kind is Kind.ERROR:
                error, retire = rebuild(untrusted_payload)
            elif kind is Kind.END:
                error, retire = None, json.loads(untrusted_payload) != {"retire": False}
            else:
                raise FrameError(f"no job sends {kind.name}")
        except (FrameError, ValueError, RecursionError):
            raise self._rubbish() from None
        self._ended = True
        self.reusable = not retire
        if isinstance(error, ReaderDied):
            raise self._reported(error.message, error.hint, "an error that no reader foresaw")
        if error is not None:
            raise error

    async def _in_time(self, work: Awaitable[_T]) -> _T:
        try:
            with anyio.CancelScope(deadline=self._until):
                return await work
        except ChannelClosedError:
            raise await self._death() from None
        except FrameError:
            raise self._rubbish() from None
        raise ReaderTimeout(
            f"Reading this file took longer than {self._seconds:g} seconds and was stopped.",
            "It may be damaged or very complex: read fewer pages of it, or split it.",
        )

    async def _death(self) -> ReaderDied:
        reason = _reason(await self.worker.gone() if self.worker is not None else None)
        return self._reported(
            f"The reader for this file stopped unexpectedly ({reason}): the file is probably damaged, or too "
            "large to be read.",
            "Other files can still be read; if programs open this one, save it again there and retry.",
            reason,
        )

    def _rubbish(self) -> ReaderDied:
        return self._reported(
            "The reader for this file was stopped because its answer made no sense: the file is probably damaged.",
            "Other files can still be read; if programs open this one, save it again there and retry.",
            "an answer that is none",
        )

    def _reported(self, message: str, hint: str, reason: str) -> ReaderDied:
        """The error for a crash of the worker, which leaves a report. One that died before it had taken the request read
        nothing of a file, and what it said of its start goes into the log."""
        untrusted_stack = self.worker.last_words() if self.worker is not None else ""
        if self._layers is None:
            if untrusted_stack:
                _log.error("a reader could not start: %s", untrusted_stack.strip())
            return ReaderDied(message, hint)
        facts = {"job": self._name, "walls": sandbox.describe(self._layers)}
        report = reports.leave("reader", reason, reports.places_in(untrusted_stack), facts)
        if report is None:
            return ReaderDied(message, hint)
        return ReaderDied(
            message, f"{hint} A report without its content, to be shown to whoever mends it: {shown(report)}"
        )


class _Worker:
    """One process and the line to it."""

    def __init__(self, idle: float) -> None:
        # In the event loop's own thread: a worker gets SIGKILL when the thread that started it ends.
        self._stack = _Stack()
        try:
            with self._stack.end as stack:
                start = _start_with_socket if DESCRIPTORS_TRAVEL else _start_with_pipes
                self.process, self.channel = start(idle, stack)
        except OSError as error:
            self._stack.close()
            raise ReaderDied(
                f"No process for the reader could be started ({error.strerror}).",
                "The system may be out of memory or processes: close something, and retry.",
            ) from error

    def kill(self) -> None:
        """End the process now, and with it whatever it started."""
        if self.process.poll() is not None:
            return
        if sys.platform == "win32":
            self.process.kill()
        else:
            os.killpg(self.process.pid, signal.SIGKILL)

    async def gone(self) -> int:
        """Kill the process if it still runs, and wait for its exit code."""
        with anyio.CancelScope(shield=True):
            self.kill()
            await anyio.to_thread.run_sync(self.process.wait)
        return self.process.returncode

    async def end(self) -> None:
        """Kill the process, wait until it is gone, and close the line to it."""
        await self.gone()
        self.channel.close()
        self._stack.close()

    def last_words(self) -> str:
        """What the process wrote to its standard error: untrusted, and of a crash only the stack."""
        return self._stack.read()


class _Stack:
    """Where a dying process writes its stack; ``end`` is for the process, and closed here once it has started."""

    def __init__(self) -> None:
        self._is_file = not DESCRIPTORS_TRAVEL
        if not self._is_file:
            # No file, which could be filled up until the disk is.
            read, write = os.pipe()
            os.set_blocking(read, False)
            self._read: IO[bytes] = open(read, "rb", buffering=0)  # noqa: SIM115 - closed with the worker
            self.end: IO[bytes] = open(write, "wb", buffering=0)  # noqa: SIM115
        else:
            self._read = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115
            self.end = open(os.dup(self._read.fileno()), "wb", buffering=0)  # noqa: SIM115

    def read(self) -> str:
        if self._is_file:
            self._read.seek(0)
        return (self._read.read(reports.MOST_STACK_BYTES) or b"").decode("utf-8", "replace")

    def close(self) -> None:
        self._read.close()


def _start_with_socket(idle: float, stack: IO[bytes]) -> tuple[subprocess.Popen[bytes], Channel]:
    channel = SocketChannel()
    try:
        with channel.worker_end:
            return _start("socket", idle, channel.worker_end.fileno(), subprocess.DEVNULL, stack), channel
    except OSError:
        channel.close()
        raise


def _start_with_pipes(idle: float, stack: IO[bytes]) -> tuple[subprocess.Popen[bytes], Channel]:
    process = _start("pipe", idle, subprocess.PIPE, subprocess.PIPE, stack)
    assert process.stdin is not None
    assert process.stdout is not None
    return process, PipeChannel(process.stdin, process.stdout)


def _start(
    transport: Literal["socket", "pipe"], idle: float, worker_input: int, worker_output: int, stack: IO[bytes]
) -> subprocess.Popen[bytes]:
    settings: Settings = {"path": _import_path(), "parent": os.getpid(), "transport": transport, "idle": idle}
    return subprocess.Popen(
        # Isolated and without site: no code of the user's, only the folders that this process imports from.
        [sys.executable, "-I", "-S", "-X", "utf8", "-c", _BOOT, json.dumps(settings)],
        stdin=worker_input,
        stdout=worker_output,
        stderr=stack,
        env={name: os.environ[name] for name in _KEPT_ENVIRONMENT if name in os.environ} | _WORKER_ENVIRONMENT,
        cwd=Path(sys.executable).anchor,
        start_new_session=True,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )


def _import_path() -> list[str]:
    """The folders from which this process imports, our own first; never the working directory."""
    own = str(Path(kimi_files.__file__).parents[1])
    try:
        here = os.getcwd()
    except OSError:  # it was removed
        here = ""
    return [own, *(path for path in sys.path if Path(path).is_absolute() and path not in (own, here))]


def _reason(code: int | None) -> str:
    if code is None or code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
