"""The client at the other end of this process's pipes. Imports nothing that costs start-up time."""

from __future__ import annotations

import errno
import os
import select
import sys
import threading
import time

LAST_SECONDS = 1.5
"""What is still to be done when the client is gone has to be done by then."""

_READ_BYTES = 1 << 16
_ATOMIC_BYTES = 4096  # a pipe that is ready takes this much without blocking: PIPE_BUF of Linux, a multiple of macOS's


class Pipes:
    """Bytes from the client and lines to it. The descriptors are never closed: a thread may still be at work on them when
    this process ends, which then ends them."""

    def __init__(self, client_input: int, client_output: int) -> None:
        self._input = client_input
        self._output = client_output
        self._sending = threading.Lock()

    def receive(self) -> bytes:
        """What the client sent, as soon as there is something; nothing when it is gone."""
        try:
            return os.read(self._input, _READ_BYTES)
        except OSError:  # a terminal that was closed
            return b""

    def answer(self, line: bytes) -> None:
        """Send what the SDK says."""
        self.send(line)

    def send(self, line: bytes) -> None:
        """Write a line in one piece, whoever else writes, and wait as long as it takes unless nobody is there any more."""
        with self._sending:
            rest = memoryview(line)
            try:
                while rest:
                    self._wait()
                    rest = rest[os.write(self._output, rest[:_ATOMIC_BYTES]) :]
            except OSError as error:
                if error.errno not in (errno.EPIPE, errno.EINVAL, errno.EIO):
                    raise
                # What the client does not hear any more needs no answer.
                self.end_soon()

    def end_soon(self) -> None:
        """Give the SDK, the store and the workers a moment to end by themselves, and no more."""
        timer = threading.Timer(LAST_SECONDS, os._exit, (0,))
        timer.daemon = True
        timer.start()

    def _wait(self) -> None:
        """Return when the client takes what is written. A client that reads nothing and has hung up ends this process."""
        if not hasattr(select, "poll"):
            return
        writable, hung_up = select.poll(), select.poll()
        writable.register(self._output, select.POLLOUT)
        hung_up.register(self._input, 0)
        since = None
        while not writable.poll(0 if since is None else 250):
            since = since or time.monotonic()
            if not hung_up.poll(0):
                since = time.monotonic()
            elif time.monotonic() - since > LAST_SECONDS:
                os._exit(0)


def taken() -> tuple[int, int]:
    """The client's pipes; from now on what anything else reads from stdin is empty, and what it prints goes to stderr."""
    client_input, client_output = os.dup(0), os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nowhere, 0), (2, 1)):
        os.dup2(source, target)
        if sys.platform == "win32":
            from mcp.os.win32.utilities import rebind_std_handle_to_fd

            rebind_std_handle_to_fd(target)
    os.close(nowhere)
    return client_input, client_output
