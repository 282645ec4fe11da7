"""Starts the server from the bundle. Every argument is a folder that may be read, as the host's form names them."""

from __future__ import annotations

import sys

from kimi_files_mcp.__main__ import main

if __name__ == "__main__":
    sys.argv[1:] = [f"--allow={folder}" for folder in sys.argv[1:]]
    main()
