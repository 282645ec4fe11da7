"""The walls around a worker on Linux: no file but libraries and fonts, no network, no other program, no other process.

Everything here is taken away from this process for good, before it sees a file. What a kernel does not offer is left
out, and ``confine`` says so. Readers go on importing what they need: code and fonts stay readable, nothing is writable.
"""

from __future__ import annotations

import os
import struct
import sys
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Literal

Layer = Literal["memory", "privileges", "files", "calls"]

LAYERS: dict[Layer, str] = {
    "memory": "memory limit",
    "privileges": "no new privileges",
    "files": "no files (Landlock)",
    "calls": "no network, programs or signals (seccomp)",
}
"""The layers that a worker can have beyond a process, an empty environment and a deadline, and what people call each."""

FULL: frozenset[Layer] = frozenset(LAYERS if sys.platform == "linux" else ())
"""The layers that a worker has where the system refuses none."""


def describe(layers: Collection[Layer]) -> str:
    """The level in words: what there is, and what this system refused."""
    there = ["process of its own", "deadline", *(words for layer, words in LAYERS.items() if layer in layers)]
    refused = [LAYERS[layer] for layer in LAYERS if layer in FULL - set(layers)]
    return ", ".join(there) + (f"; refused by this system: {', '.join(refused)}" if refused else "")


def confine(import_path: Sequence[str]) -> list[Layer]:
    """Put up the walls that this system offers around the calling thread and all that it starts; gives their names."""
    if sys.platform != "linux":
        return []
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    walls: dict[Layer, Callable[[], None]] = {
        "privileges": partial(_prctl, libc, _NO_NEW_PRIVILEGES, 1),
        "files": partial(_close_files, libc, _readable(import_path)),
        "calls": partial(_filter_calls, libc),
    }
    reached: list[Layer] = []
    for layer, put_up in walls.items():
        with suppress(OSError):
            put_up()
            reached.append(layer)
    return reached


# Landlock: https://docs.kernel.org/userspace-api/landlock.html
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
_RIGHTS = {
    1: 13,
    2: 14,
    3: 15,
    5: 16,
}  # how many rights on files the kernel knows from which version of its interface on
_TCP = 0b11
_SCOPES = 0b11  # abstract sockets and signals

_SYSTEM_FOLDERS = (
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "/usr/share/zoneinfo",
    "/nix/store",
    "/gnu/store",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/fonts",
    "/proc/self/statm",
    "/dev/null",
    "/dev/urandom",
)


def _readable(import_path: Sequence[str]) -> Iterable[str]:
    """What a reader opens: the interpreter's and the packages' code, libraries, fonts; never a folder of the user's."""
    packages = [path for path in import_path if Path(path).name in ("site-packages", "dist-packages")]
    own = str(Path(__file__).parents[2])
    libraries = [path for path in os.environ.get("LD_LIBRARY_PATH", "").split(":") if path.startswith("/")]
    return [*packages, own, *_interpreter(), *libraries, *_SYSTEM_FOLDERS]


def _interpreter() -> Iterable[str]:
    """The standard library's folders, and those of the interpreter's own shared libraries."""
    standard = Path(os.__file__).parent
    return [str(standard), str(standard / "lib-dynload"), str(Path(sys.base_prefix) / "lib")]


def _close_files(libc: Any, readable: Iterable[str]) -> None:
    import ctypes

    version = _checked(libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint(1)))
    rights = (1 << max(count for since, count in _RIGHTS.items() if version >= since)) - 1
    handled = struct.pack("=QQQ", rights, _TCP, _SCOPES)[: 8 if version < 4 else 16 if version < 6 else 24]
    ruleset = _checked(libc.syscall(_CREATE_RULESET, handled, ctypes.c_size_t(len(handled)), ctypes.c_uint(0)))
    try:
        for path in readable:
            try:
                opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
            except OSError:
                continue
            allowed = _READ_FILE | _READ_DIR if os.path.isdir(path) else _READ_FILE
            rule = struct.pack("=Qi", allowed, opened)
            _checked(libc.syscall(_ADD_RULE, ctypes.c_int(ruleset), ctypes.c_int(1), rule, ctypes.c_uint(0)))
            os.close(opened)
        _checked(libc.syscall(_RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint(0)))
    finally:
        os.close(ruleset)


# seccomp: https://docs.kernel.org/userspace-api/seccomp_filter.html
_NO_NEW_PRIVILEGES, _SECCOMP, _FILTER = 38, 22, 2
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL, _ERROR = 0x7FFF0000, 0x80000000, 0x00050000
_EPERM, _EACCES, _ENOSYS = 1, 13, 38
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16
_X32 = 0x40000000

# Numbers of the calls on x86-64 and on 64-bit ARM; None where there is no such call.
_CALLS: dict[str, tuple[int, int | None]] = {
    "read": (0, 63), "write": (1, 64), "close": (3, 57), "lseek": (8, 62), "pread64": (17, 67), "readv": (19, 65),
    "writev": (20, 66), "preadv": (295, 69), "fadvise64": (221, 223), "getdents64": (217, 61), "dup": (32, 23),
    "dup2": (33, None), "dup3": (292, 24), "pipe": (22, None), "pipe2": (293, 59), "eventfd2": (290, 19),
    "stat": (4, None), "fstat": (5, 80), "lstat": (6, None), "newfstatat": (262, 79), "statx": (332, 291),
    "statfs": (137, 43), "fstatfs": (138, 44), "access": (21, None), "faccessat": (269, 48), "faccessat2": (439, 439),
    "readlink": (89, None), "readlinkat": (267, 78), "getcwd": (79, 17),
    "recvfrom": (45, 207), "sendto": (44, 206), "recvmsg": (47, 212),
    # What Rust's async runtime starts with, inside the PDF reader.
    "epoll_create1": (291, 20), "epoll_ctl": (233, 21), "epoll_wait": (232, None), "epoll_pwait": (281, 22),
    "epoll_pwait2": (441, 441), "shutdown": (48, 210),
    "poll": (7, None), "ppoll": (271, 73), "select": (23, None), "pselect6": (270, 72),
    "mprotect": (10, 226), "munmap": (11, 215), "mremap": (25, 216), "brk": (12, 214),
    "madvise": (28, 233), "mincore": (27, 232), "msync": (26, 227), "membarrier": (324, 283),
    "rt_sigaction": (13, 134), "rt_sigprocmask": (14, 135), "rt_sigreturn": (15, 139), "sigaltstack": (131, 132),
    "futex": (202, 98), "set_robust_list": (273, 99), "get_robust_list": (274, 100), "rseq": (334, 293),
    "set_tid_address": (218, 96), "arch_prctl": (158, None), "restart_syscall": (219, 128),
    "exit": (60, 93), "exit_group": (231, 94), "sched_yield": (24, 124), "sched_getaffinity": (204, 123),
    "getcpu": (309, 168), "nanosleep": (35, 101), "clock_nanosleep": (230, 115), "clock_gettime": (228, 113),
    "clock_getres": (229, 114), "gettimeofday": (96, 169), "time": (201, None), "times": (100, 153),
    "getpid": (39, 172), "getppid": (110, 173), "gettid": (186, 178), "getuid": (102, 174), "geteuid": (107, 175),
    "getgid": (104, 176), "getegid": (108, 177), "uname": (63, 160), "sysinfo": (99, 179), "getrusage": (98, 165),
    "getrlimit": (97, 163), "getrandom": (318, 278),
}  # fmt: skip

_WRITING = 0o3 | 0o100 | 0o1000  # O_ACCMODE, O_CREAT, O_TRUNC
_THREAD = 0x10000  # CLONE_THREAD
_SHARED, _ANONYMOUS = 0x01, 0x20  # MAP_SHARED, MAP_ANONYMOUS
_OF_DESCRIPTORS = (0, 1, 2, 3, 4, 1030)  # fcntl: duplicates and flags; not F_SETOWN, which sends signals
_OF_STREAMS = (0x5401, 0x541B, 0x5421, 0x5450, 0x5451)  # ioctl: isatty, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX
_OF_PAIRS = tuple(1 | close | wait for close in (0, 0o2000000) for wait in (0, 0o4000))  # streams, connected for good
_OF_NAMES = (15, 16, 0x53564D41)  # prctl: names of threads and of memory


def _filter_calls(libc: Any) -> None:
    import ctypes

    class Program(ctypes.Structure):
        _fields_ = (("count", ctypes.c_ushort), ("instructions", ctypes.c_char_p))

    instructions = b"".join(_instructions())
    program = Program(len(instructions) // 8, instructions)
    _prctl(libc, _SECCOMP, _FILTER, ctypes.byref(program))


def _instructions() -> list[bytes]:
    """Allow what reading and computing take; anything else fails with EPERM."""
    column, architecture = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}.get(os.uname().machine, (0, None))
    if architecture is None or sys.maxsize < 1 << 32:
        raise OSError(_ENOSYS, os.strerror(_ENOSYS))

    def on(x86: int, arm: int | None, *verdict: bytes) -> list[bytes]:
        number = (x86, arm)[column]
        return [] if number is None else [_jump(_EQUAL, number, 0, len(verdict)), *verdict]

    own = (os.getpid(),)
    return [
        _step(_LOAD, _ARCHITECTURE),
        _jump(_EQUAL, architecture, 1, 0),
        _verdict(_KILL),
        _step(_LOAD, _NUMBER),
        *([_jump(_AT_LEAST, _X32, 0, 1), _verdict(_KILL)] if column == 0 else []),
        *(step for numbers in _CALLS.values() for step in on(*numbers, _verdict(_ALLOW))),
        *on(2, None, *_unless_bits(1, _WRITING, _EACCES)),  # open
        *on(257, 56, *_unless_bits(2, _WRITING, _EACCES)),  # openat
        *on(56, 220, _step(_LOAD, _ARGUMENTS), _jump(_ANY_BIT, _THREAD, 1, 0), _refusal(_EPERM), _verdict(_ALLOW)),  # clone
        *on(9, 222, *_unless_both_bits(3, _SHARED, _ANONYMOUS)),  # mmap: the memory limit does not count what is shared
        *on(53, 199, *_if_one_of(1, _OF_PAIRS)),  # socketpair
        *on(435, 435, _refusal(_ENOSYS)),  # clone3: its flags cannot be seen, and the C library then takes clone
        *on(62, 129, *_if_one_of(0, own)),  # kill
        *on(234, 131, *_if_one_of(0, own)),  # tgkill
        *on(72, 25, *_if_one_of(1, _OF_DESCRIPTORS)),  # fcntl
        *on(16, 29, *_if_one_of(1, _OF_STREAMS)),  # ioctl
        *on(157, 167, *_if_one_of(0, _OF_NAMES)),  # prctl
        *on(302, 261, *_if_null(2)),  # prlimit64: only to ask
        _refusal(_EPERM),
    ]  # fmt: skip


def _if_one_of(argument: int, values: Sequence[int]) -> list[bytes]:
    allowed = [step for value in values for step in (_jump(_EQUAL, value, 0, 1), _verdict(_ALLOW))]
    return [_step(_LOAD, _ARGUMENTS + 8 * argument), *allowed, _refusal(_EPERM)]


def _if_null(argument: int) -> list[bytes]:
    low, high = _ARGUMENTS + 8 * argument, _ARGUMENTS + 8 * argument + 4
    return [
        _step(_LOAD, low), _jump(_EQUAL, 0, 1, 0), _refusal(_EPERM),
        _step(_LOAD, high), _jump(_EQUAL, 0, 1, 0), _refusal(_EPERM), _verdict(_ALLOW),
    ]  # fmt: skip


def _unless_bits(argument: int, bits: int, error: int) -> list[bytes]:
    return [_step(_LOAD, _ARGUMENTS + 8 * argument), _jump(_ANY_BIT, bits, 0, 1), _refusal(error), _verdict(_ALLOW)]


def _unless_both_bits(argument: int, one: int, other: int) -> list[bytes]:
    return [
        _step(_LOAD, _ARGUMENTS + 8 * argument), _jump(_ANY_BIT, one, 0, 2),
        _jump(_ANY_BIT, other, 0, 1), _refusal(_EPERM), _verdict(_ALLOW),
    ]  # fmt: skip


def _step(code: int, value: int) -> bytes:
    return struct.pack("=HBBI", code, 0, 0, value)


def _jump(code: int, value: int, over_if_true: int, over_if_false: int) -> bytes:
    return struct.pack("=HBBI", code, over_if_true, over_if_false, value)


def _verdict(action: int) -> bytes:
    return _step(_RETURN, action)


def _refusal(error: int) -> bytes:
    return _verdict(_ERROR | error)


def _prctl(libc: Any, option: int, value: int, pointer: Any = 0) -> None:
    import ctypes

    _checked(
        libc.prctl(
            ctypes.c_int(option),
            ctypes.c_ulong(value),
            pointer or ctypes.c_ulong(0),
            ctypes.c_ulong(0),
            ctypes.c_ulong(0),
        )
    )


def _checked(result: int) -> int:
    import ctypes

    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result
