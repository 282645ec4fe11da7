"""Odd files by the thousand, whole, cut and with flipped bits, through the real server: what comes of each, and at what cost.

The corpus is a folder of the caller's, named by ``--corpus``; none is kept with the project.
"""

from __future__ import annotations

import json
import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.hostile.bombs import BOMBS, OUTSIDE
from tests.hostile.frames import call, opening
from tests.hostile.process import RawServer, memory_of, raw_server

AT_ONCE = 2
"""Calls under way: as many as there are readers, so that no call waits for another one's deadline."""

DEADLINE = 121.0
"""What a reader may take, and a second. Only for the report: an answer that comes later is counted, and waited for."""

SLOW = 20.0
"""Seconds after which a bomb is worth a look although it keeps its deadline."""

_CHANGED_BYTES = 4 << 20


@dataclass(slots=True)
class Tally:
    """What came of the calls: ``outcomes`` by the error's code or "text"."""

    outcomes: Counter[str] = field(default_factory=Counter)
    slowest: list[tuple[float, str]] = field(default_factory=list)
    odd: list[str] = field(default_factory=list)

    def note(self, name: str, outcome: str, words: str, seconds: float) -> None:
        self.outcomes[outcome] += 1
        self.slowest = sorted([*self.slowest, (round(seconds, 1), name)], reverse=True)[:5]
        if (
            outcome in ("reader_died", "reader_timeout", "internal_error", "no answer", "not typed")
            or seconds > DEADLINE
        ):
            self.odd.append(f"{outcome} after {seconds:.1f} s: {name}: {words[:160]}")
        elif " in kimi_files." in words:
            self.odd.append(f"{outcome}, a fault of a reader of ours: {name}: {words[-200:]}")
        if self.outcomes.total() % 500 == 0:
            print(f"  … {self.outcomes.total():,}: {dict(self.outcomes.most_common())}", flush=True)

    def print(self) -> None:
        for outcome, number in self.outcomes.most_common():
            print(f"  {number:6,} {outcome}")
        print(f"  slowest: {self.slowest}")
        for words in self.odd:
            print("  ", words)


def files(place: Path, count: int = 7_500, corpus: str = "") -> None:
    """``count`` files of the corpus, as they are."""
    _read(place, count, corpus, _as_they_are)


def changed(place: Path, count: int = 7_500, corpus: str = "") -> None:
    """The same files unless they are large, each cut off or with flipped bits."""
    _read(place, count, corpus, _changed)


def _read(
    place: Path, count: int, corpus: str, variants: Callable[[list[Path], Path], Iterator[tuple[Path, bool]]]
) -> None:
    if not corpus:
        print("files: left out, --corpus names no folder")
        return
    paths = sorted(path for path in Path(corpus).rglob("*") if path.is_file())
    random.Random(1).shuffle(paths)
    chosen = paths[:count]
    tally, started = Tally(), time.perf_counter()
    with raw_server(place, options=("--allow", corpus)) as server:
        server.send(opening("legacy"))
        _through(server, variants(chosen, server.folder), tally)
        peak, alive = memory_of(server, "VmHWM"), server.process.poll() is None
    took = time.perf_counter() - started
    print(
        f"files {variants.__name__.strip('_').replace('_', ' ')}: {tally.outcomes.total():,} in {took:.0f} s; "
        f"the server {'lives' if alive else 'DIED'}, its memory at most {peak} MB"
    )
    tally.print()


def bombs(place: Path, names: str = "") -> None:
    """Every bomb through get_file_content, with pictures too where it has any, and through upload_file."""
    tally, leaked = Tally(), []
    place.mkdir(parents=True, exist_ok=True)
    (place / "secret.txt").write_text(OUTSIDE)
    with raw_server(place) as server:
        server.send(opening("legacy"))
        server.answer("opening")
        for number, bomb in enumerate(bomb for bomb in BOMBS if not names or bomb.name in names.split(",")):
            (server.folder / bomb.name).write_bytes(bomb.make(str(place / "secret.txt")))
            calls = [
                ("get_file_content", {"file": bomb.name}),
                ("upload_file", {"path": bomb.name, "purpose": bomb.purpose}),
            ]
            if bomb.pictures:
                calls.append(("get_file_content", {"file": bomb.name, "pictures": True}))
            for turn, (tool, arguments) in enumerate(calls):
                since = time.perf_counter()
                server.send([call("legacy", f"{number}.{turn}", tool, **arguments)])
                answer = server.take([f"{number}.{turn}"], 3 * DEADLINE)
                seconds = time.perf_counter() - since
                outcome, words = outcome_of(answer)
                tally.note(f"{bomb.name} by {tool}{' with pictures' * (turn == 2)}", outcome, words, seconds)
                leaked += [bomb.name] * (OUTSIDE in json.dumps(answer))
                if seconds > SLOW:
                    tally.odd.append(f"{outcome} after {seconds:.1f} s: {bomb.name} by {tool}: {words[:160]}")
            (server.folder / bomb.name).unlink()
        peak, alive = memory_of(server, "VmHWM"), server.process.poll() is None
    print(
        f"bombs: {len(BOMBS)}, {tally.outcomes.total()} calls; the file outside came out of {len(leaked)} of them; "
        f"the server {'lives' if alive else 'DIED'}, its memory at most {peak} MB"
    )
    tally.print()


def _as_they_are(paths: list[Path], folder: Path) -> Iterator[tuple[Path, bool]]:
    """Paths to read, and whether to delete them afterwards."""
    for path in paths:
        yield path, False


def _changed(paths: list[Path], folder: Path) -> Iterator[tuple[Path, bool]]:
    for number, path in enumerate(paths):
        if not 1 < path.stat().st_size < _CHANGED_BYTES:
            continue
        whole, chance = path.read_bytes(), random.Random(number)
        damaged = bytearray(whole[: chance.randrange(1, len(whole))] if number % 2 else whole)
        for _ in range(chance.randrange(1, 30) * (number % 2 == 0)):
            damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
        copy = folder / f"{number}-{path.name}"
        copy.write_bytes(damaged)
        yield copy, True


def _through(server: RawServer, variants: Iterator[tuple[Path, bool]], tally: Tally) -> None:
    waiting: dict[int, tuple[Path, bool, float]] = {}
    for number, (path, temporary) in enumerate(variants):
        server.send([call("legacy", number, "get_file_content", file=str(path))])
        waiting[number] = path, temporary, time.perf_counter()
        if len(waiting) == AT_ONCE:
            _settle(server, waiting, tally)
    while waiting:
        _settle(server, waiting, tally)


def _settle(server: RawServer, waiting: dict[int, tuple[Path, bool, float]], tally: Tally) -> None:
    answer = server.take(waiting, 3 * DEADLINE)
    number = answer["id"] if answer else next(iter(waiting))
    path, temporary, since = waiting.pop(number)
    seconds = time.perf_counter() - since
    tally.note(("changed " if temporary else "") + str(path), *outcome_of(answer), seconds)
    if temporary:
        os.unlink(path)


def outcome_of(answer: dict[str, Any] | None) -> tuple[str, str]:
    """ "text" or the code of the one typed error, and the error's words."""
    if answer is None:
        return "no answer", ""
    result = answer.get("result")
    if result is None:
        return "not typed", json.dumps(answer)
    text = result["content"][0].get("text", "")
    if not result.get("isError"):
        return "text", ""
    try:
        error = json.loads(text)["error"]
        return error["code"], error["message"]
    except (ValueError, KeyError, TypeError):
        return "not typed", text
