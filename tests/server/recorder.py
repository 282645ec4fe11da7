"""Stands between client and server and writes down every line of both: ``recorder.py FILE COMMAND…``."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import BinaryIO


def copy(source: BinaryIO, target: BinaryIO, side: bytes, record: BinaryIO) -> None:
    for line in source:
        record.write(side + b" " + line.rstrip(b"\n") + b"\n")
        record.flush()
        target.write(line)
        target.flush()
    target.close()


def main() -> None:
    with open(sys.argv[1], "ab") as record:
        server = subprocess.Popen(sys.argv[2:], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert server.stdin is not None
        assert server.stdout is not None
        threading.Thread(target=copy, args=(sys.stdin.buffer, server.stdin, b"client", record), daemon=True).start()
        copy(server.stdout, sys.stdout.buffer, b"server", record)
        sys.exit(server.wait())


if __name__ == "__main__":
    main()
