"""Runs a host in a network of its own in which there is nothing but loopback and the scripted model.

Started as ``unshare --net [--map-root-user] python closed_network.py PLAN RECORD``. PLAN is JSON: ``turns`` for the model,
``command``, ``folder`` and ``environment`` of the host, in which ``{model}`` stands for the model's address, as it does in
its configuration ``files``, which are filled in first. RECORD becomes JSON: ``requests``, ``code`` and ``output``.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import struct
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from scripted_model import ScriptedModel

_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1
_TIMEOUT_SECONDS = 240


def main() -> None:
    plan = json.loads(Path(sys.argv[1]).read_text())
    _bring_loopback_up()
    assert _is_closed(), "the network is open"
    model = ScriptedModel(plan["turns"])

    def filled(text: str) -> str:
        return text.replace("{model}", model.url)

    for path in map(Path, plan["files"]):
        path.write_text(filled(path.read_text()))
    environment = {**os.environ, **{name: filled(value) for name, value in plan["environment"].items()}}
    environment["PWD"] = plan["folder"]  # which opencode believes more than the folder it is started in
    done = subprocess.run(
        [filled(part) for part in plan["command"]],
        cwd=plan["folder"],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=_TIMEOUT_SECONDS,
    )
    model.close()
    record = {"requests": model.requests, "code": done.returncode, "output": done.stdout.decode(errors="replace")}
    Path(sys.argv[2]).write_text(json.dumps(record))


def _bring_loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sH14s", b"lo", 0, b"")
        flags = struct.unpack("16sH14s", fcntl.ioctl(control, _SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sH14s", b"lo", flags | _IFF_UP, b""))


def _is_closed() -> bool:
    """No route leads out: an address outside is unreachable at once."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # an address of the documentation; a datagram socket sends nothing here
        except OSError:
            return True
    return False


if __name__ == "__main__":
    main()
