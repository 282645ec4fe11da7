"""Names that are swapped while they are opened, and names that nobody would type."""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from pathlib import Path

import anyio
from tests.hostile.paths import Maze

from kimi_files.access import AccessPolicy, open_file
from kimi_files.errors import KimiFilesError

FUZZED_AT_ONCE = 1_000


def swaps(place: Path, count: int = 100_000) -> None:
    """A file that is allowed and a link to one that is not change places all the time."""
    inside, outside = place / "inside", place / "outside"
    inside.mkdir()
    outside.mkdir()
    (outside / "secret").write_text("secret")
    (inside / "good").write_text("public")
    (inside / "link").symlink_to(outside / "secret")
    (inside / "name").write_text("public")
    ended = threading.Event()
    swapped = 0

    def swap() -> None:
        nonlocal swapped
        while not ended.is_set():
            for source in ("link", "good"):
                (inside / "next").unlink(missing_ok=True)
                os.link(inside / source, inside / "next", follow_symlinks=False)
                os.replace(inside / "next", inside / "name")
                swapped += 1

    async def main() -> Counter[str]:
        policy = AccessPolicy.from_folders([inside], inside)
        seen: Counter[str] = Counter()
        while swapped < count:
            try:
                async with await open_file(str(inside / "name"), policy) as opened:
                    seen[os.pread(opened.descriptor, 10, 0).decode()] += 1
            except KimiFilesError as error:
                seen[error.code] += 1
        return seen

    swapper = threading.Thread(target=swap)
    swapper.start()
    try:
        seen = anyio.run(main)
    finally:
        ended.set()
        swapper.join()
    print(f"swaps: {swapped:,}, {seen.total():,} opens, {seen['secret']} of them of the file outside; {dict(seen)}")


def fuzz(place: Path, count: int = 1_000_000) -> None:
    """Names made of steps that lead out, links, disguises and rubbish, in a folder full of ways out."""
    maze, started = Maze(place), time.perf_counter()
    wrong, outcomes = list[str](), Counter[str]()
    for seed in range(count // FUZZED_AT_ONCE):
        found, came = maze.leaks(FUZZED_AT_ONCE, seed)
        wrong += found
        outcomes += came
    seconds = time.perf_counter() - started
    print(
        f"fuzz: {outcomes.total():,} paths in {seconds:.0f} s, {len(wrong)} of them led out; {dict(outcomes.most_common())}"
    )
    for words in wrong[:10]:
        print("  ", words)
