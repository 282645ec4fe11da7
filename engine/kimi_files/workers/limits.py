"""What a worker takes away from itself before it reads anything: its life after the server, core dumps, memory."""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kimi_files.workers.sandbox import Layer

MEMORY_BYTES = 2 << 30
"""Writable private memory a worker may have. A parser that wants more gets none, and the job ends as an error."""

RETIRE_BYTES = 512 << 20
"""A worker that still holds this much after a job is replaced."""


def die_with_parent(parent: int) -> None:
    """End this process when the process ``parent`` ends, even while a parser holds the interpreter."""
    if sys.platform == "linux":
        import ctypes
        import signal

        death_signal = 1  # PR_SET_PDEATHSIG
        ctypes.CDLL(None, use_errno=True).prctl(death_signal, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(0)
    else:
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def restrain() -> list[Layer]:
    """No core dumps, nothing readable by others, a memory limit where the system has one that parsers survive.

    Gives what of it counts as a layer of the sandbox.
    """
    os.umask(0o077)
    if sys.platform == "win32":
        return []
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        # Not RLIMIT_AS: pdfium reserves address space that it never uses, and aborts under that limit.
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
        return ["memory"]
    return []


def too_big() -> bool:
    """Whether this process holds so much memory that a fresh one is better."""
    if sys.platform == "linux":
        with open("/proc/self/statm", "rb") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") > RETIRE_BYTES
    if sys.platform == "darwin":
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > RETIRE_BYTES
    return False


def _watch(parent: int) -> None:
    if sys.platform == "win32":
        import _winapi

        synchronize = 0x00100000
        _winapi.WaitForSingleObject(_winapi.OpenProcess(synchronize, False, parent), _winapi.INFINITE)
    else:
        while os.getppid() == parent:
            time.sleep(1)
    os._exit(0)
