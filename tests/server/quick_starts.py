"""Real servers that start in milliseconds: one process imports everything once, and forks for each start.

``python -m tests.server.quick_starts SOCKET`` takes, on one connection a start, the pipes and how to start, and says how it
ended. What differs from a start of its own is that the SDK's import takes no time.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any


class QuickStart:
    """A started server: its pipes, its id, and how it ended (as ``subprocess`` says it)."""

    def __init__(self, address: str, arguments: list[str], folder: Path, record: bool = False) -> None:
        child_input, self.stdin = os.pipe()
        self.stdout, child_output = os.pipe()
        self.log = folder / "log"
        with socket.socket(socket.AF_UNIX) as starter, self.log.open("ab") as log:
            starter.connect(address)
            how = {"arguments": arguments, "folder": str(folder), "record": record}
            socket.send_fds(starter, [json.dumps(how).encode()], [child_input, child_output, log.fileno()])
            os.close(child_input)
            os.close(child_output)
            self._starter = starter.dup()
        self.pid = int(self._starter.recv(100))

    def ended(self) -> int:
        """Wait for the end."""
        self._starter.settimeout(60)
        with self._starter:
            return int(self._starter.recv(100))


def serve(address: str) -> None:
    """Fork for each start until this process is killed."""
    import kimi_files_mcp.__main__
    import kimi_files_mcp.services
    import kimi_files_mcp.start.front
    import kimi_files_mcp.start.recorder
    import kimi_files_mcp.stdio  # noqa: F401

    gc.freeze()
    # Whoever runs the tests may ignore it (nohup does), and that is handed on.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address)
    listener.listen()
    print("ready", flush=True)
    while True:
        starter, _ = listener.accept()
        if os.fork() == 0:  # one process waits for the end of the other
            listener.close()
            _wait_for_start(starter)
        starter.close()
        while _reap():
            pass


def _wait_for_start(starter: socket.socket) -> None:
    message, descriptors, _, _ = socket.recv_fds(starter, 65536, 3)
    how = json.loads(message)
    pid = os.fork()
    if pid == 0:
        starter.close()
        for target, descriptor in enumerate(descriptors):
            os.dup2(descriptor, target)
            os.close(descriptor)
        _start(how)
    for descriptor in descriptors:
        os.close(descriptor)
    starter.send(str(pid).encode())
    _, status = os.waitpid(pid, 0)
    starter.send(str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _start(how: dict[str, Any]) -> None:
    from kimi_files_mcp.__main__ import _server_options, main
    from kimi_files_mcp.start.recorder import imported_files, recorded
    from kimi_files_mcp.start.recording import Recording

    os.chdir(how["folder"])
    sys.argv[1:] = how["arguments"]
    if how["record"]:
        Recording(_server_options(sys.argv[1:]) or {}, os.environ).write(recorded(), imported_files())
        os._exit(0)
    try:
        main()
    except KeyboardInterrupt:
        os._exit(130)
    os._exit(0)


def _reap() -> bool:
    try:
        return os.waitpid(-1, os.WNOHANG) != (0, 0)
    except ChildProcessError:
        return False


def started(address: Path) -> subprocess.Popen[str]:
    """The process that forks, when it is ready."""
    command = [sys.executable, "-m", "tests.server.quick_starts", str(address)]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("KIMI_", "MOONSHOT_"))}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=kept, cwd=Path(__file__).parents[2])
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


if __name__ == "__main__":
    serve(sys.argv[1])
