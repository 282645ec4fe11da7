"""The worker process: takes requests one at a time, runs a job from a closed table, sends what the job yields.

``pool.py`` starts it. What most requests want is imported before the first comes; each job imports its readers when it
needs them.
"""

from __future__ import annotations

import faulthandler
import gc
import importlib
import io
import json
import math
import os
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any, BinaryIO, Literal, TypedDict, cast

from kimi_files.workers import limits, sandbox
from kimi_files.workers.frames import HEADER, FrameError, Kind, pack, unpack_header
from kimi_files.workers.output import Output

JobName = Literal["extract", "pictures", "scans", "check", "index"]

JOBS: dict[JobName, str] = {
    "extract": "kimi_files.extract.jobs:extract",
    "pictures": "kimi_files.extract.jobs:pictures",
    "scans": "kimi_files.extract.jobs:scans",
    "check": "kimi_files.extract.jobs:check",
    "index": "kimi_files.retrieve.passages:run",
}
"""All that a worker can be asked for; each is a ``Job``."""

# Imports and readers make many objects that stay: looking through them at each 700, as Python does, is time lost.
_COLLECTED_AT = (50_000, 20, 50)

_SPOOLED_BYTES = 16 << 20
_STACK_BYTES = 8 << 10
_SENT_TOGETHER_BYTES = 64 << 10
_SENT_TOGETHER_SECONDS = 0.02


class Settings(TypedDict):
    """What the pool tells a worker on its command line. ``idle`` is in seconds."""

    path: list[str]
    parent: int
    transport: Literal["socket", "pipe"]
    idle: float


# run(stream, arguments, feed) yields JSON, or what turns into it.
Job = Callable[[BinaryIO | None, dict[str, Any], Iterator[bytes]], Iterable[bytes | Output]]


class _ServerGone(BaseException):
    """The other end of the channel is closed: nobody waits for this worker any more."""


def main(settings: Settings) -> None:
    """Serve until the server closes the channel, dies, or asks for nothing during the idle time."""
    gc.set_threshold(*_COLLECTED_AT)
    stack = os.dup(2)
    limits.die_with_parent(settings["parent"])
    # What a parser's native code does to this process is told by where it was called from.
    faulthandler.enable(stack)
    layers = limits.restrain()
    channel = _SocketChannel() if settings["transport"] == "socket" else _PipeChannel()
    layers += sandbox.confine(settings["path"])
    with suppress(Exception):  # the first request, which may still be on its way, will say what is wrong
        _job("extract")
    try:
        while (request := channel.request(settings["idle"])) is not None:
            _serve(channel, request, layers, stack)
    except _ServerGone:
        pass
    # Without waiting for threads that a parser may have left behind.
    os._exit(0)


def _serve(channel: _Channel, request: dict[str, Any], layers: list[sandbox.Layer], stack: int) -> None:
    channel.write(Kind.STARTED, json.dumps(layers).encode())
    stream = channel.file() if request["file"] else None
    try:
        for output in _job(request["job"])(stream, request["arguments"], channel.feed()):
            if isinstance(output, bytes):
                channel.write(Kind.DATA, output)
            else:
                channel.write(Kind.DATA, output.to_json(), at_once=output.at_once)
    except _ServerGone:
        raise
    except BaseException as error:  # panics of Rust parsers are no Exception
        channel.write(Kind.ERROR, _fault(error, stack))
    else:
        channel.write(Kind.END, json.dumps({"retire": limits.too_big()}).encode())
    finally:
        if stream is not None:
            stream.close()


def _job(name: JobName) -> Job:
    module, _, function = JOBS[name].partition(":")
    return cast(Job, getattr(importlib.import_module(module), function))


def _fault(error: BaseException, stack: int) -> bytes:
    from kimi_files.errors import KimiFilesError, ReaderDied, TooComplex
    from kimi_files.workers.faults import describe

    if isinstance(error, KimiFilesError):
        return describe(error, retire=limits.too_big())
    if isinstance(error, MemoryError):
        size = limits.MEMORY_BYTES >> 30
        fault = TooComplex(
            f"Reading this file needs more than {size} GB of memory.", "Split it, or save it in a simpler form."
        )
        return describe(fault, retire=True)
    if isinstance(error, RecursionError):
        return describe(
            TooComplex("This file is nested too deeply to be read.", "Save it in a simpler form."), retire=True
        )
    os.write(stack, _frames(error).encode("utf-8", "replace"))
    died = ReaderDied(
        f"The reader for this file failed ({place(error)}).", "This is a fault of the reader: please report it."
    )
    return describe(died, retire=True)


def _frames(error: BaseException) -> str:
    """The stack without a word of the error's: those may quote the file."""
    from kimi_files.reports import frames_of

    return "".join(f'File "{file}", line {line}\n' for file, line in frames_of(error.__traceback__))[-_STACK_BYTES:]


def place(error: BaseException) -> str:
    """Class of an error, and the last line of ours that it passed: what a report needs, and nothing from the file."""
    where = ""
    traceback = error.__traceback__
    while traceback is not None:
        name = traceback.tb_frame.f_globals.get("__name__", "")
        if name.startswith("kimi_files.") and name != __name__:
            where = f" in {name} line {traceback.tb_lineno}"
        traceback = traceback.tb_next
    return type(error).__name__ + where


class _Channel:
    """One end of the line to the server."""

    def __init__(self) -> None:
        self._unsent = bytearray()
        self._sent_at = -math.inf

    def request(self, idle: float) -> dict[str, Any] | None:
        """The next request, or None when none came for ``idle`` seconds."""
        raise NotImplementedError

    def file(self) -> BinaryIO:
        """The file of the request, at its beginning."""
        raise NotImplementedError

    def feed(self) -> Iterator[bytes]:
        """The frames of the job's input."""
        while True:
            self.write(Kind.PULL)
            kind, payload = self.read()
            if kind is Kind.FEED_END:
                return
            yield payload

    def read(self) -> tuple[Kind, bytes]:
        size, kind = unpack_header(self._receive(HEADER.size))
        return kind, self._receive(size)

    def write(self, kind: Kind, payload: bytes = b"", *, at_once: bool = False) -> None:
        """Send a frame; output that comes quickly after another frame waits for more, since each time wakes the server."""
        self._unsent += pack(kind, payload)
        now = time.monotonic()
        quick = kind is Kind.DATA and not at_once and now < self._sent_at + _SENT_TOGETHER_SECONDS
        if quick and len(self._unsent) < _SENT_TOGETHER_BYTES:
            return
        unsent, self._unsent = bytes(self._unsent), bytearray()
        self._sent_at = now
        self._send(unsent)

    def _receive(self, size: int) -> bytes:
        raise NotImplementedError

    def _send(self, frames: bytes) -> None:
        raise NotImplementedError


class _SocketChannel(_Channel):
    """A socket in the place of standard input; files arrive as descriptors."""

    def __init__(self) -> None:
        super().__init__()
        self._socket = socket.socket(fileno=os.dup(0))
        self._descriptor: int | None = None
        _silence()

    def request(self, idle: float) -> dict[str, Any] | None:
        self._socket.settimeout(idle)
        try:
            header, descriptors, _, _ = socket.recv_fds(self._socket, HEADER.size, 1)
        except TimeoutError:
            return None
        except OSError:
            raise _ServerGone from None
        self._socket.settimeout(None)
        self._descriptor = descriptors[0] if descriptors else None
        size, _ = unpack_header(header + self._receive(HEADER.size - len(header)))
        return cast(dict[str, Any], json.loads(self._receive(size)))

    def file(self) -> BinaryIO:
        if self._descriptor is None:
            raise FrameError("the request came without its file")
        return io.BufferedReader(_DescriptorReader(self._descriptor), 1 << 16)

    def _receive(self, size: int) -> bytes:
        received = bytearray()
        while len(received) < size:
            try:
                part = self._socket.recv(size - len(received))
            except OSError:
                raise _ServerGone from None
            if not part:
                raise _ServerGone
            received += part
        return bytes(received)

    def _send(self, frames: bytes) -> None:
        try:
            self._socket.sendall(frames)
        except OSError:
            raise _ServerGone from None


class _PipeChannel(_Channel):
    """Standard input and output; files arrive as bytes and are kept in a temporary file."""

    def __init__(self) -> None:
        super().__init__()
        self._input = os.fdopen(os.dup(0), "rb")
        self._output = os.fdopen(os.dup(1), "wb")
        _silence()

    def request(self, idle: float) -> dict[str, Any] | None:
        # A pipe of Windows cannot be read with a time limit.
        timer = threading.Timer(idle, os._exit, (0,))
        timer.daemon = True
        timer.start()
        _, payload = self.read()
        timer.cancel()
        return cast(dict[str, Any], json.loads(payload))

    def file(self) -> BinaryIO:
        import tempfile

        spool = tempfile.SpooledTemporaryFile(_SPOOLED_BYTES)  # noqa: SIM115 - closed when the job is done
        while True:
            kind, payload = self.read()
            if kind is Kind.FEED_END:
                break
            spool.write(payload)
        spool.seek(0)
        return cast(BinaryIO, spool)

    def _receive(self, size: int) -> bytes:
        try:
            received = self._input.read(size)
        except OSError:
            raise _ServerGone from None
        if len(received) < size:
            raise _ServerGone
        return received

    def _send(self, frames: bytes) -> None:
        try:
            self._output.write(frames)
            self._output.flush()
        except OSError:
            raise _ServerGone from None


def _silence() -> None:
    """What parsers print could be parts of the file: it goes nowhere, least of all into the channel or a log."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    os.close(nowhere)


class _DescriptorReader(io.RawIOBase):
    """A file by its descriptor, with a position of its own: the server and other jobs use the same descriptor.

    The size is that of the beginning, so that a log that grows while it is read comes to an end.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._size = os.fstat(descriptor).st_size
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise ValueError("negative seek position")
        self._position = base + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: Any) -> int:
        wanted = min(len(buffer), max(self._size - self._position, 0))
        if wanted == 0:
            return 0
        data = os.pread(self._descriptor, wanted, self._position)
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)

    def close(self) -> None:
        if not self.closed:
            os.close(self._descriptor)
        super().close()
