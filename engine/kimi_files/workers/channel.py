"""The server's end of the line to a worker: frames out, frames in, and the file itself."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from typing import IO, Protocol

import anyio
import anyio.lowlevel
import anyio.to_thread

from kimi_files.workers.frames import HEADER, Kind, pack, unpack_header

_BUFFER_BYTES = 256 << 10
_COPY_BYTES = 1 << 20


class ChannelClosedError(Exception):
    """The worker is no longer at the other end."""


class Channel(Protocol):
    async def send(self, frame: bytes, descriptor: int | None = None) -> None:
        """Send one frame, with a file's descriptor where descriptors travel. ChannelClosedError if the worker is gone."""
        ...

    async def send_file(self, descriptor: int) -> None:
        """Send what ``send`` could not: the file's bytes, where descriptors do not travel."""
        ...

    async def receive(self) -> tuple[Kind, bytes]:
        """The next frame, untrusted. ChannelClosedError, or FrameError if it is none. The worker waits until it is taken."""
        ...

    def received(self) -> tuple[Kind, bytes] | None:
        """The next frame if it is here already, as ``receive`` would give it."""
        ...

    def close(self) -> None: ...


class SocketChannel:
    """A pair of sockets, over which descriptors travel. ``worker_end`` goes to the worker and is then closed here."""

    def __init__(self) -> None:
        self._socket, self.worker_end = socket.socketpair()
        self._socket.setblocking(False)
        for end in (self._socket, self.worker_end):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER_BYTES)
        self._received = bytearray()

    async def send(self, frame: bytes, descriptor: int | None = None) -> None:
        rest = memoryview(frame)
        while rest:
            try:
                sent = self._send(rest, descriptor)
            except BlockingIOError:
                await anyio.wait_writable(self._socket)
                continue
            except OSError:
                raise ChannelClosedError from None
            descriptor = None
            rest = rest[sent:]

    async def send_file(self, descriptor: int) -> None:
        pass

    async def receive(self) -> tuple[Kind, bytes]:
        while (frame := self.received()) is None:
            await self._receive_more()
        return frame

    def received(self) -> tuple[Kind, bytes] | None:
        if len(self._received) < HEADER.size:
            return None
        size, kind = unpack_header(bytes(self._received[: HEADER.size]))
        end = HEADER.size + size
        if len(self._received) < end:
            return None
        payload = bytes(self._received[HEADER.size : end])
        del self._received[:end]
        return kind, payload

    def close(self) -> None:
        self._socket.close()

    def _send(self, data: memoryview, descriptor: int | None) -> int:
        if descriptor is None:
            return self._socket.send(data)
        return socket.send_fds(self._socket, [data], [descriptor])

    async def _receive_more(self) -> None:
        if self._take():
            # A worker that is always ready must not keep everything else from running.
            await anyio.lowlevel.checkpoint()
        else:
            await anyio.wait_readable(self._socket)
            self._take()

    def _take(self) -> bool:
        """Take what has come; whether anything has."""
        try:
            part = self._socket.recv(_BUFFER_BYTES)
        except BlockingIOError:
            return False
        except OSError:
            raise ChannelClosedError from None
        if not part:
            raise ChannelClosedError
        self._received += part
        return True


class PipeChannel:
    """The worker's standard input and output, used in threads, which end when the worker does."""

    # Two jobs may copy the same descriptor, and Windows cannot read at an offset in one step.
    _position = threading.Lock()

    def __init__(self, worker_input: IO[bytes], worker_output: IO[bytes]) -> None:
        self._input = worker_input
        self._output = worker_output

    async def send(self, frame: bytes, descriptor: int | None = None) -> None:
        await anyio.to_thread.run_sync(self._write, frame, abandon_on_cancel=True)

    async def send_file(self, descriptor: int) -> None:
        offset = 0
        while part := await anyio.to_thread.run_sync(self._read_file, descriptor, offset):
            await self.send(pack(Kind.BYTES, part))
            offset += len(part)
        await self.send(pack(Kind.FEED_END))

    async def receive(self) -> tuple[Kind, bytes]:
        return await anyio.to_thread.run_sync(self._read, abandon_on_cancel=True)

    def received(self) -> tuple[Kind, bytes] | None:
        return None

    def close(self) -> None:
        for pipe in (self._input, self._output):
            with contextlib.suppress(OSError):  # what was not yet written has no reader any more
                pipe.close()

    def _write(self, frame: bytes) -> None:
        try:
            self._input.write(frame)
            self._input.flush()
        except (OSError, ValueError):
            raise ChannelClosedError from None

    def _read(self) -> tuple[Kind, bytes]:
        size, kind = unpack_header(self._exactly(HEADER.size))
        return kind, self._exactly(size)

    def _exactly(self, size: int) -> bytes:
        try:
            received = self._output.read(size)
        except (OSError, ValueError):
            raise ChannelClosedError from None
        if len(received) < size:
            raise ChannelClosedError
        return received

    def _read_file(self, descriptor: int, offset: int) -> bytes:
        with self._position:
            os.lseek(descriptor, offset, os.SEEK_SET)
            return os.read(descriptor, _COPY_BYTES)
