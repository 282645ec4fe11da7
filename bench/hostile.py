"""The full size of the promises about hostile files and confused clients: ``python -m bench.hostile [PART…] [--count N]``.

Parts: frames, cancels, exit, walls, swaps, servers, calls. Each prints its figure; none of them asks for the network.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
from tests.hostile.frames import answers_expected, call, hostile, line, opening, request
from tests.hostile.process import RawServer, raw_server
from tests.hostile.test_walls import ATTACKS, BOOT, WORKER_ENDS

from kimi_files.access import AccessPolicy, open_file
from kimi_files.errors import KimiFilesError
from kimi_files.workers import pool as pool_module
from kimi_files.workers.pool import WorkerPool

ERAS = ("legacy", "2026-07-28")


def frames(place: Path, count: int = 2_000) -> None:
    for era in ERAS:
        lines = list(hostile(era, count, seed=1, long=4))
        with raw_server(place / era) as server:
            server.send([*opening(era), *lines, line(request(era, "last"))])
            server.answer("last")
            peak, code = _memory(server, "VmHWM"), server.close()
            answered = server.answered() - Counter(["opening", "last"])
        least, most = answers_expected(iter(lines))
        silent, doubled = (least - answered).total(), (answered - most).total()
        print(f"frames {era}: {count:,} sent, {least.total():,} had to be answered, {silent} were not, {doubled} too often, "
              f"exit code {code}, memory at most {peak} MB")  # fmt: skip


def cancels(place: Path, count: int = 1_000) -> None:
    with raw_server(place) as server:
        (server.folder / "long.txt").write_text("a line of a long text\n" * 200_000)
        server.send(opening("legacy"))
        server.answer("opening")
        started = time.perf_counter()
        for number in range(count):
            cancel = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": number}}
            server.send([call("legacy", number, "get_file_content", file="long.txt"), line(cancel)])
        server.send([line(request("legacy", "last"))])
        server.answer("last")
        print(f"cancels: {count:,} calls and cancels, the next answer after {time.perf_counter() - started:.1f} s")


def leaving(place: Path, count: int = 5) -> None:
    slowest = 0.0
    for number in range(count):
        with raw_server(place / str(number)) as server:
            (server.folder / "long.md").write_text("# A heading\n\nsome words of a paragraph\n\n" * 300_000)
            server.send([*opening("legacy"), call("legacy", 1, "get_file_content", file="long.md")])
            server.answer("opening")
            started = time.perf_counter()
            server.close()
            slowest = max(slowest, time.perf_counter() - started)
    print(f"exit: {slowest:.2f} s after the end of input at most, {count} times in the middle of a read")


def walls(place: Path, count: int = 1) -> None:
    async def main() -> None:
        pool_module._BOOT = BOOT
        pool = WorkerPool()
        held = 0
        (place / "secret").write_text("words of the user")
        for what in ATTACKS:
            target: int | str = os.getpid() if "server" in what else str(place / "secret")
            try:
                seconds = 0.5 if what in ("spin", "sleep") else 60
                async with pool.job("extract", {"what": what, "target": target}, deadline=seconds) as output:
                    got = [json.loads(frame) async for frame in output]
                held += got == [None]
            except KimiFilesError:
                held += what in WORKER_ENDS
        print(f"walls: {held} of {len(ATTACKS)} attacks held; {pool.level}")
        await pool.aclose()

    anyio.run(main)


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


def servers(place: Path, count: int = 200) -> None:
    """Eight servers on one store, each with ``count`` calls: uploads, reads, lists, deletions."""
    failures: list[str] = []
    (place / "one" / "files").mkdir(parents=True)
    for number in range(30):
        (place / "one" / "files" / f"{number % 3}-{number // 3}.txt").write_text(f"words of {number}\n" * 50)

    def work(number: int) -> None:
        with raw_server(place / "one") as server:
            server.send(opening("legacy"))
            for turn in range(count // 4):
                name = f"{number % 3}-{turn % 10}.txt"
                steps = (
                    ("upload_file", {"path": name}), ("get_file_content", {"file": name}), ("list_files", {}),
                    ("ask_about_files", {"question": "words", "files": [name]}),
                )  # fmt: skip
                for step, (tool, arguments) in enumerate(steps):
                    server.send([call("legacy", turn * 4 + step, tool, **arguments)])
                    result = server.answer(turn * 4 + step)
                    if "result" not in result or result["result"].get("isError"):
                        failures.append(json.dumps(result)[:300])
                    server.lines.clear()

    started = time.perf_counter()
    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(f"servers: 8 × {count} calls on one store in {time.perf_counter() - started:.0f} s, {len(failures)} errors")
    for failure in sorted(set(failures))[:5]:
        print("  ", failure)


def calls(place: Path, count: int = 10_000) -> None:
    with raw_server(place) as server:
        (server.folder / "a.md").write_text("# A heading\n\nsome words of a paragraph\n\n" * 200)
        server.send(opening("legacy"))
        memory = descriptors = 0
        for number in range(count):
            if number == count // 10:
                memory, descriptors = _memory(server, "VmRSS"), _descriptors(server)
            server.send([call("legacy", number, "get_file_content", file="a.md", find="words")])
            assert "result" in server.answer(number)
            server.lines.clear()
        grown, opened = _memory(server, "VmRSS") - memory, _descriptors(server) - descriptors
    print(f"calls: {count:,}; after the first tenth of them memory grew by {grown} MB, open descriptors by {opened}")


def _memory(server: RawServer, field: str) -> int:
    rows = Path(f"/proc/{server.process.pid}/status").read_text().splitlines()
    return int(next(row for row in rows if row.startswith(field)).split()[1]) // 1000


def _descriptors(server: RawServer) -> int:
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


PARTS: dict[str, Callable[..., Any]] = {
    "frames": frames,
    "cancels": cancels,
    "exit": leaving,
    "walls": walls,
    "swaps": swaps,
    "servers": servers,
    "calls": calls,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--count", type=int, help="instead of the full size")
    options = parser.parse_args()
    for part in options.parts or PARTS:
        with tempfile.TemporaryDirectory() as place:
            PARTS[part](Path(place), **({"count": options.count} if options.count else {}))


if __name__ == "__main__":
    main()
