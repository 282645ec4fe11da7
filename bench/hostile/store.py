"""Servers that share a store, are killed, find the disk full and the catalogue damaged."""

from __future__ import annotations

import json
import os
import random
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
from tests.hostile.frames import call, opening
from tests.hostile.process import RawServer, raw_server, workers_of

from kimi_files.local.service import LocalFilesService
from kimi_files.workers.pool import WorkerPool

AT_ONCE = 4


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


@dataclass(slots=True)
class Ledger:
    """What the servers have acknowledged: ``kept`` ids and texts; ``unknown`` are ids whose deletion was not answered."""

    kept: dict[str, str] = field(default_factory=dict)
    unknown: dict[str, str] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    commits: int = 0
    errors: Counter[str] = field(default_factory=Counter)


def kills(place: Path, count: int = 300, commits: int = 5_000) -> None:
    """A server that uploads and deletes is killed, again and again, at a moment of chance."""
    ledger, chance = Ledger(), random.Random(1)
    killed = outlived = started_workers = 0
    slowest = 0.0
    commits = min(commits, commits * count // 300)
    started = time.perf_counter()
    while killed < count or ledger.commits < commits:
        with raw_server(place) as server:
            server.send(opening("legacy"))
            server.answer("opening")
            until = ledger.commits + commits // count + chance.randrange(4)
            since = time.perf_counter()
            ended = _commit(server, ledger, chance, until, first=killed == 0)
            slowest = max(slowest, time.perf_counter() - since)
            workers = workers_of(server.process.pid)
            started_workers += len(workers)
            server.process.kill()
            server.process.wait()
            killed += 1
            outlived += sum(not _gone(worker) for worker in workers)
            ended()
            if killed % 50 == 0:
                print(f"  … {killed} kills, {ledger.commits:,} acknowledged, {len(ledger.kept)} kept", flush=True)
    seconds = time.perf_counter() - started
    wrong = anyio.run(_differences, place / "data", ledger)
    print(
        f"kills: {killed} kill -9 in {seconds:.0f} s, {ledger.commits:,} uploads and deletions acknowledged, "
        f"{len(ledger.kept):,} files kept; {len(wrong)} differences; "
        f"{outlived} of {started_workers} readers outlived their server; errors {dict(ledger.errors)}"
    )
    for words in wrong[:10]:
        print("  ", words)


def _commit(server: RawServer, ledger: Ledger, chance: random.Random, until: int, *, first: bool) -> Any:
    """Upload and delete until so much is acknowledged, and leave calls under way; call the result when it is dead."""
    waiting: dict[str, tuple[str, str]] = {}

    def settle(answer: dict[str, Any]) -> None:
        tool, what = waiting.pop(answer["id"])
        result = answer["result"]
        told = json.loads(result["content"][0]["text"])
        if result.get("isError"):
            ledger.errors[told["error"]["code"]] += 1
            if tool == "delete_file":
                ledger.kept[what] = ledger.unknown.pop(what)
        elif tool == "upload_file":
            ledger.kept[told["id"]] = what
            ledger.commits += 1
        else:
            ledger.unknown.pop(what)
            ledger.deleted.add(what)
            ledger.commits += 1

    number = 0
    while ledger.commits < until:
        while len(waiting) < AT_ONCE:
            number += 1
            # Far below the number of files that may be kept: else the servers would only say so.
            if ledger.kept and chance.random() < (0.3 if len(ledger.kept) < 300 else 0.7):
                chosen = chance.choice([*ledger.kept])
                ledger.unknown[chosen] = ledger.kept.pop(chosen)
                waiting[str(number)] = "delete_file", chosen
                server.send([call("legacy", str(number), "delete_file", file_id=chosen)])
            else:
                text = f"{time.time_ns()} {chance.random()}\n" * chance.choice((1, 10, 3_000))
                (server.folder / f"{number}.txt").write_text(text)
                waiting[str(number)] = "upload_file", text
                server.send([call("legacy", str(number), "upload_file", path=f"{number}.txt")])
        answer = server.take(waiting, 60)
        assert answer is not None, "the server does not answer"
        settle(answer)
    time.sleep(chance.random() * 0.05)

    def ended() -> None:
        while waiting and (answer := server.take(waiting, 5)) is not None:
            settle(answer)

    return ended


def _gone(process: int) -> bool:
    """Whether a process ends within two seconds."""
    until = time.monotonic() + 2
    while time.monotonic() < until:
        try:
            if Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.01)
    return False


async def _differences(data_dir: Path, ledger: Ledger, is_whole: bool = True) -> list[str]:
    """What the store has too much, too little or otherwise than was acknowledged; damage of the rest too if ``is_whole``."""
    service = LocalFilesService(data_dir, WorkerPool())
    wrong: list[str] = []
    try:
        listed = {file.id: file for file in (await service.list(limit=100_000)).data}
        wrong += [f"lost: {key}" for key in ledger.kept.keys() - listed.keys()]
        wrong += [f"back again: {key}" for key in ledger.deleted & listed.keys()]
        for key, file in listed.items():
            raw = b"".join([chunk async for chunk in service.raw(key)])
            known = ledger.kept.get(key, ledger.unknown.get(key))
            if known is not None and raw.decode() != known:
                wrong.append(f"other bytes: {key}")
            if len(raw) != file.bytes:
                wrong.append(f"other size: {key}")
        health = await service.health()
        if (health.problem and is_whole) or (health.files, health.bytes) != (
            len(listed),
            sum(file.bytes for file in listed.values()),
        ):
            wrong.append(f"accounting: {health}")
        blobs = len([path for path in (data_dir / "blobs").rglob("*") if path.is_file()])
        records = len(list((data_dir / "files").glob("*.json")))
        if not blobs == records == len(listed):
            wrong.append(f"{len(listed)} files, {blobs} blobs, {records} records")
    finally:
        await service.aclose()
    return wrong


@contextmanager
def _small_disk(place: Path, kilobytes: int) -> Iterator[Path]:
    place.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(place)], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def full(place: Path, count: int = 50) -> None:
    """A disk that is full at another point each time: said as it is, nothing acknowledged is lost, and room helps."""
    if os.geteuid() != 0:
        print("full: left out, only root can make a small disk")
        return
    said: Counter[str] = Counter()
    wrong: list[str] = []
    for number in range(count):
        # From a disk that does not take the empty store to one that takes some hundred files.
        size = 40 + number * number * 3
        with _small_disk(place / str(number) / "data", size):
            ledger = Ledger()
            with raw_server(place / str(number)) as server:
                server.send(opening("legacy"))
                _fill(server, ledger, said, number)
                if ledger.kept and not _make_room(server, ledger, said):
                    wrong.append(f"{size} KB: no room after deleting")
            wrong += [f"{size} KB: {words}" for words in _looked_at(place / str(number) / "data", ledger)]
    print(f"full: {count} disks of {40} to {size:,} KB; the servers said {dict(said)}; {len(wrong)} differences")
    for words in wrong[:10]:
        print("  ", words)


def _fill(server: RawServer, ledger: Ledger, said: Counter[str], seed: int) -> None:
    chance = random.Random(seed)
    for turn in range(2_000):
        text = "".join(f"{chance.random()} words of a line\n" for _ in range(chance.randrange(1, 400)))
        (server.folder / f"{turn}.txt").write_text(text)
        told = _called(server, f"u{turn}", "upload_file", path=f"{turn}.txt")
        if "error" in told:
            said[told["error"]["code"]] += 1
            return
        ledger.kept[told["id"]] = text


def _make_room(server: RawServer, ledger: Ledger, said: Counter[str]) -> bool:
    """Delete half of the files, and store one again."""
    for number, key in enumerate([*ledger.kept][: len(ledger.kept) // 2 + 1]):
        told = _called(server, f"d{number}", "delete_file", file_id=key)
        if "error" in told:
            said[f"{told['error']['code']} at a delete"] += 1
            ledger.unknown[key] = ledger.kept.pop(key)
        else:
            del ledger.kept[key]
            ledger.deleted.add(key)
    (server.folder / "again.txt").write_text("there is room again\n")
    told = _called(server, "again", "upload_file", path="again.txt")
    if "error" not in told:
        ledger.kept[told["id"]] = "there is room again\n"
    return "error" not in told


def _looked_at(data_dir: Path, ledger: Ledger, is_whole: bool = True) -> list[str]:
    try:
        return anyio.run(_differences, data_dir, ledger, is_whole)
    except Exception as error:
        return [f"cannot be opened: {error}"] if ledger.kept else []


def damage(place: Path, count: int = 20) -> None:
    """The catalogue is damaged under two servers, or between two starts; both go on with every file."""
    ledger, chance, wrong = Ledger(), random.Random(2), list[str]()
    said: Counter[str] = Counter()
    catalogue = place / "one" / "data" / "catalogue.sqlite3"
    for number in range(count):
        with raw_server(place / "one") as one, raw_server(place / "one") as two:
            for server in (one, two):
                server.send(opening("legacy"))
                if number % 2:
                    _called(server, "before", "list_files")
            _keep(one, ledger, f"before {number}", said)
            if number % 2 == 0:
                two.close()
            _spoil(catalogue, chance, number)
            for server in (one, two) if number % 2 else (one,):
                _keep(server, ledger, f"after {number} {server.process.pid}", said)
                for key, text in ledger.kept.items():
                    told = _read_again(server, f"r{number}{key}", key, said)
                    if text not in told.get("text", ""):
                        wrong.append(f"damage {number}: {told}")
        wrong += [f"damage {number}: {words}" for words in _looked_at(place / "one" / "data", ledger, is_whole=False)]
    aside = len(list(catalogue.parent.glob("catalogue.damaged-*")))
    print(
        f"damage: {count} times, {aside} catalogues set aside, {len(ledger.kept)} files kept, errors {dict(said)}; "
        f"{len(wrong)} differences"
    )
    for words in wrong[:10]:
        print("  ", words)


def _read_again(server: RawServer, number: str, key: str, said: Counter[str]) -> dict[str, Any]:
    """Read a file; once more where the error asks for it."""
    told = _called(server, number, "get_file_content", file=key)
    if told.get("error", {}).get("code") == "store_damaged":
        said["store_damaged"] += 1
        told = _called(server, f"{number} again", "get_file_content", file=key)
    return told


def _keep(server: RawServer, ledger: Ledger, text: str, said: Counter[str]) -> None:
    """Store a file; a call that met the damage may have to be made again, as its error says."""
    (server.folder / "next.txt").write_text(text)
    for attempt in range(3):
        told = _called(server, f"{text} {attempt}", "upload_file", path="next.txt")
        if "error" not in told:
            ledger.kept[told["id"]] = text
            return
        said[told["error"]["code"]] += 1
    ledger.errors["not stored"] += 1


def _spoil(path: Path, chance: random.Random, number: int) -> None:
    size = path.stat().st_size
    with path.open("r+b") as file:
        kind = number % 5
        if kind == 0:  # rubbish at a place of chance
            file.seek(chance.randrange(size))
            file.write(chance.randbytes(chance.choice((1, 100, 5_000, 50_000))))
        elif kind == 1:  # a page of zeros
            file.seek(4096 * chance.randrange(size // 4096))
            file.write(bytes(4096))
        elif kind == 2:  # cut
            file.truncate(chance.randrange(size))
        elif kind == 3:  # the header
            file.write(chance.randbytes(100))
        else:  # two pages in each other's place
            one, two = (4096 * chance.randrange(size // 4096) for _ in range(2))
            pages = []
            for start in (one, two):
                file.seek(start)
                pages.append(file.read(4096))
            for start, page in zip((two, one), pages, strict=True):
                file.seek(start)
                file.write(page)


def _called(server: RawServer, number: str, tool: str, **arguments: Any) -> dict[str, Any]:
    server.send([call("legacy", number, tool, **arguments)])
    answer = server.take([number], 60)
    assert answer is not None, f"no answer to {tool}"
    text = answer["result"]["content"][0]["text"]
    return json.loads(text) if text.startswith("{") else {"text": text}
