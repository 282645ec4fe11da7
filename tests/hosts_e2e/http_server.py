"""The MCP server over streamable HTTP on loopback, for the conformance suite alone: hosts start it over stdio.

Started as ``python http_server.py FOLDER``; prints the port, on which clients may connect from then on.
"""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import uvicorn

from kimi_files.access import AccessPolicy
from kimi_files.local.service import LocalFilesService
from kimi_files.workers.pool import WorkerPool
from kimi_files_mcp.app import build_server
from kimi_files_tools.workspace import Workspace


def main() -> None:
    folder = Path(sys.argv[1])

    async def start(reads: int) -> LocalFilesService:
        return LocalFilesService(folder / "data", WorkerPool())

    workspace = Workspace(AccessPolicy((folder,), folder), start)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        print(listening.getsockname()[1], flush=True)
        configuration = uvicorn.Config(build_server(workspace).streamable_http_app(), log_level="warning")
        uvicorn.Server(configuration).run(sockets=[listening])


if __name__ == "__main__":
    main()
