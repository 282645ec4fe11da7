"""Frames, cancels and the end of input, and thousands of calls in a row."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

from tests.hostile.frames import answers_expected, call, hostile, line, opening, request
from tests.hostile.process import cpu_of, descriptors_of, memory_of, raw_server

ERAS = ("legacy", "2026-07-28")


def frames(place: Path, count: int = 2_000) -> None:
    for era in ERAS:
        lines = list(hostile(era, count, seed=1, long=4))
        with raw_server(place / era) as server:
            server.send([*opening(era), *lines, line(request(era, "last"))])
            server.answer("last")
            peak, code = memory_of(server, "VmHWM"), server.close()
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
        started, before = time.perf_counter(), cpu_of(server)
        for number in range(count):
            cancel = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": number}}
            server.send([call("legacy", number, "get_file_content", file="long.txt"), line(cancel)])
        server.send([line(request("legacy", "last"))])
        server.answer("last")
        seconds = time.perf_counter() - started
        print(
            f"cancels: {count:,} calls and cancels, the next answer after {seconds:.1f} s, "
            f"of which the processor worked {cpu_of(server) - before:.1f} s"
        )


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


def calls(place: Path, count: int = 10_000) -> None:
    with raw_server(place) as server:
        (server.folder / "a.md").write_text("# A heading\n\nsome words of a paragraph\n\n" * 200)
        server.send(opening("legacy"))
        memory = descriptors = 0
        for number in range(count):
            if number == count // 10:
                memory, descriptors = memory_of(server, "VmRSS"), descriptors_of(server)
            server.send([call("legacy", number, "get_file_content", file="a.md", find="words")])
            assert "result" in server.answer(number)
            server.lines.clear()
        grown, opened = memory_of(server, "VmRSS") - memory, descriptors_of(server) - descriptors
    print(f"calls: {count:,}; after the first tenth of them memory grew by {grown} MB, open descriptors by {opened}")
