"""Names that are swapped while they are opened, and names that nobody would type."""

from __future__ import annotations

import os
import threading
from collections import Counter
from pathlib import Path

import anyio

from kimi_files.access import AccessPolicy, open_file
from kimi_files.errors import KimiFilesError


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
