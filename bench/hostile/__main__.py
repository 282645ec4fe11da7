"""``python -m bench.hostile [PART…] [--count N] [--corpus FOLDER]``: each part prints its figure; none asks for the network."""

from __future__ import annotations

import argparse
import inspect
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.hostile import files, keys, paths, protocol, readers, store

PARTS: dict[str, Callable[..., Any]] = {
    "files": files.files,
    "changed": files.changed,
    "bombs": files.bombs,
    "walls": readers.walls,
    "swaps": paths.swaps,
    "fuzz": paths.fuzz,
    "canary": keys.canary,
    "frames": protocol.frames,
    "cancels": protocol.cancels,
    "exit": protocol.leaving,
    "calls": protocol.calls,
    "servers": store.servers,
    "kills": store.kills,
    "full": store.full,
    "damage": store.damage,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--count", type=int, help="instead of the full size")
    parser.add_argument("--corpus", help="folder of odd files, for the part files")
    parser.add_argument("--names", help="only these bombs, with commas")
    given = parser.parse_args()
    for name in given.parts:
        if name not in PARTS:
            parser.error(f"there is no part '{name}' (parts: {', '.join(PARTS)}); bombs are chosen by --names")
    options = {"count": given.count, "corpus": given.corpus, "names": given.names}
    for name in given.parts or PARTS:
        part = PARTS[name]
        taken = {key: value for key, value in options.items() if value and key in inspect.signature(part).parameters}
        with tempfile.TemporaryDirectory() as place:
            part(Path(place), **taken)


if __name__ == "__main__":
    main()
