"""Starts the server from the bundle. Every argument is a folder that may be read, as the host's form names them."""

from __future__ import annotations

import sys

from kimi_files_mcp.stdio import run_server

if __name__ == "__main__":
    run_server(sys.argv[1:])
