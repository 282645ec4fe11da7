"""Jobs that do what a hostile or broken parser would do. Only the tests' workers know them."""

from __future__ import annotations

import ctypes
import json
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, BinaryIO

from kimi_files.extract.document import Advance
from kimi_files.workers.output import Output


def run(stream: BinaryIO | None, arguments: dict[str, Any], feed: Iterator[bytes]) -> Iterator[bytes | Output]:
    yield _at_once({"pid": os.getpid()})
    yield from globals()[arguments["what"]](stream, feed)


def nothing(stream: BinaryIO | None, feed: Iterator[bytes]) -> Iterator[bytes]:
    yield from ()


def advance(stream: BinaryIO | None, feed: Iterator[bytes]) -> Iterator[bytes | Output]:
    yield Advance(done=1, total=2, message="half")
    while True:
        pass


def spin(stream: BinaryIO | None, feed: Iterator[bytes]) -> Iterator[bytes]:
    while True:
        pass
    yield b""


def segfault(stream: BinaryIO | None, feed: Iterator[bytes]) -> Iterator[bytes]:
    ctypes.string_at(0)
    yield b""


def abort(stream: BinaryIO | None, feed: Iterator[bytes]) -> Iterator[bytes]:
    os.abort()
    yield b""


def leave(stream: BinaryIO | None, feed: Iterator[bytes]) -> Iterator[bytes]:
    os._exit(0)
    yield b""


def memory(stream: BinaryIO | None, feed: Iterator[bytes]) -> Iterator[bytes]:
    held = []
    while True:
        held.append(bytearray(256 << 20))
    yield b""


def recursion(stream: BinaryIO | None, feed: Iterator[bytes]) -> Iterator[bytes]:
    yield from recursion(stream, feed)


def panic(stream: BinaryIO | None, feed: Iterator[bytes]) -> Iterator[bytes]:
    class PanicException(BaseException):
        pass

    raise PanicException("byte index 3 is not a boundary of `the secret words of the file`")
    yield b""


def fault(stream: BinaryIO | None, feed: Iterator[bytes]) -> Iterator[bytes]:
    raise KeyError("the secret words of the file")
    yield b""


def endless(stream: BinaryIO | None, feed: Iterator[bytes]) -> Iterator[bytes]:
    while True:
        yield bytes(1 << 20)


def over_long(stream: BinaryIO | None, feed: Iterator[bytes]) -> Iterator[bytes]:
    yield bytes(200 << 20)


def rubbish(stream: BinaryIO | None, feed: Iterator[bytes]) -> Iterator[bytes]:
    _scribble(b"\xff" * 100)
    yield b""


def odd_error(stream: BinaryIO | None, feed: Iterator[bytes]) -> Iterator[bytes]:
    payload = json.dumps({"code": "path_not_allowed", "message": "m", "hint": "h", "retire": False}).encode()
    _scribble(len(payload).to_bytes(4, "big") + b"\x09" + payload)
    yield b""


def nested_error(stream: BinaryIO | None, feed: Iterator[bytes]) -> Iterator[bytes]:
    payload = b"[" * 100_000
    _scribble(len(payload).to_bytes(4, "big") + b"\x09" + payload)
    yield b""


def prints(stream: BinaryIO | None, feed: Iterator[bytes]) -> Iterator[bytes]:
    print("a stray print", flush=True)
    os.write(1, b"and one below Python")
    os.write(2, b"the secret words of the file")
    yield b"{}"


def environment(stream: BinaryIO | None, feed: Iterator[bytes]) -> Iterator[bytes]:
    yield json.dumps({"environment": dict(os.environ), "directory": os.getcwd(), "path": sys.path}).encode()


def descriptors(stream: BinaryIO | None, feed: Iterator[bytes]) -> Iterator[bytes]:
    yield json.dumps(len(list(_open_descriptors()))).encode()


def child(stream: BinaryIO | None, feed: Iterator[bytes]) -> Iterator[bytes]:
    pid = os.fork()
    if pid == 0:
        while True:
            pass
    yield _at_once({"child": pid})
    while True:
        pass


def echo(stream: BinaryIO | None, feed: Iterator[bytes]) -> Iterator[bytes]:
    yield from feed


def first_input(stream: BinaryIO | None, feed: Iterator[bytes]) -> Iterator[bytes]:
    yield next(feed)


def positions(stream: BinaryIO | None, feed: Iterator[bytes]) -> Iterator[bytes]:
    assert stream is not None
    first = stream.read(4)
    stream.seek(-4, os.SEEK_END)
    yield json.dumps([first.decode(), stream.read().decode(), stream.tell()]).encode()


def _at_once(output: dict[str, int]) -> bytes:
    """So long that it does not wait for what comes next."""
    return json.dumps({**output, "filling": "x" * 70_000}).encode()


def _scribble(data: bytes) -> None:
    """Write into the channel, past all that keeps its form: it is the one socket that this process has."""
    for descriptor in _open_descriptors():
        if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
            os.write(descriptor, data)


def _open_descriptors() -> Iterator[int]:
    for descriptor in range(1024):
        with suppress(OSError):
            os.fstat(descriptor)
            yield descriptor
