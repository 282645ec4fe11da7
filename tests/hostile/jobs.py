"""What a parser would do that a hostile file has taken over. Only the tests' workers know these jobs.

Each gives ``null`` if the walls held and what it got if they did not; what ends the worker gives nothing.
"""

from __future__ import annotations

import ctypes
import errno
import json
import mmap
import os
import select
import signal
import socket
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from kimi_files import errors

SYSTEM = ctypes.CDLL(None, use_errno=True)


def run(stream: BinaryIO | None, arguments: dict[str, Any], feed: Iterator[bytes]) -> Iterator[bytes]:
    attack = ATTACKS[arguments["what"]]
    try:
        got = attack(arguments.get("target"))
    except (PermissionError, OSError) as error:
        if error.errno not in (errno.EPERM, errno.EACCES, errno.ENOSYS):
            raise
        got = None
    yield json.dumps(got if got is None else repr(got)).encode()


def _called(result: int) -> int:
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def _read(path: str) -> Callable[[Any], Any]:
    return lambda _: os.read(os.open(path, os.O_RDONLY), 10)


def _memory_of_parent(parent: Any) -> Any:
    buffer = ctypes.create_string_buffer(8)
    vector = (ctypes.c_void_p * 2)(ctypes.addressof(buffer), 8)
    return _called(SYSTEM.process_vm_readv(parent, vector, 1, vector, 1, 0))


def _signals_by_descriptor(parent: Any) -> Any:
    import fcntl

    descriptor = next(n for n in range(3, 64) if _is_socket(n))
    fcntl.fcntl(descriptor, fcntl.F_SETOWN, parent)
    return fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGTERM)


def _is_socket(descriptor: int) -> bool:
    try:
        return os.fstat(descriptor).st_mode & 0o170000 == 0o140000
    except OSError:
        return False


def _daemon_socket(path: Any) -> Any:
    one, _ = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    return one.sendto(b"x", path)


ATTACKS: dict[str, Callable[[Any], Any]] = {
    "read a system file": _read("/etc/passwd"),
    "read the server's environment": lambda parent: os.open(f"/proc/{parent}/environ", os.O_RDONLY),
    "read a file of the user": lambda path: os.open(path, os.O_RDONLY),
    "list a folder of the user": lambda path: os.listdir(os.path.dirname(path)),
    "write a file": lambda path: os.open(path + ".new", os.O_WRONLY | os.O_CREAT),
    "write into our own code": lambda _: os.open(errors.__file__, os.O_WRONLY),
    "delete a file": lambda path: os.unlink(path) or "deleted",
    "rename a file": lambda path: os.rename(path, path + ".gone") or "renamed",
    "link a file": lambda path: os.symlink(path, path + ".link") or "linked",
    "change a file's mode": lambda path: os.chmod(path, 0o777) or "changed",
    "connect over TCP": lambda _: socket.create_connection(("127.0.0.1", 9), 1),
    "send over UDP": lambda _: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", 9)),
    "reach a daemon's socket": _daemon_socket,
    "listen": lambda _: socket.socket(socket.AF_UNIX).listen(),
    "run a program": lambda _: os.execv("/bin/true", ["true"]),
    "fork": lambda _: os.fork(),
    "kill the server": lambda parent: os.kill(parent, signal.SIGKILL) or "killed",
    "signal the server by a descriptor": _signals_by_descriptor,
    "read the server's memory": _memory_of_parent,
    "trace the server": lambda parent: _called(SYSTEM.ptrace(16, parent, 0, 0)),
    "survive the server": lambda _: _called(SYSTEM.prctl(1, 0, 0, 0, 0)) or "no parent-death signal",
    "raise its own memory limit": lambda _: _called(SYSTEM.setrlimit(2, (ctypes.c_long * 2)(-1, -1))) or "raised",
    "make new namespaces": lambda _: _called(SYSTEM.unshare(0x10000000)) or "unshared",
    "load a kernel program": lambda _: _called(SYSTEM.syscall(321, 0, 0, 0)) or "loaded",
    "take memory that the limit does not count": lambda _: mmap.mmap(-1, 1 << 20),
    "queue calls past the filter": lambda _: _called(SYSTEM.syscall(425, 8, ctypes.create_string_buffer(120))),
}  # fmt: skip
"""By what they try; the target is the server's process id, or the path of a file of the user's."""

WORKER_ENDS: dict[str, Callable[[Any], Any]] = {
    "crash": lambda _: ctypes.string_at(0),
    "abort": lambda _: os.abort(),
    "eat memory": lambda _: len([bytearray(1 << 28) for _ in range(64)]),
    "spin": lambda _: [None for _ in iter(int, 1)],
    "sleep": lambda _: select.select([], [], []),
}
"""These end the worker, or run into the deadline."""

ATTACKS |= WORKER_ENDS
