"""A server with keys, a service that fails in every way and repeats what it was sent, and everywhere a key could show up."""

from __future__ import annotations

import base64
import random
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import anyio
import anyio.to_thread

from tests.engine.kimi.faulty_proxy import Fault, Plan
from tests.engine.kimi.peer import KEY
from tests.engine.kimi.world import World, world
from tests.hostile.frames import call, opening
from tests.hostile.process import RawServer, raw_server, workers_of

CHAT_KEY = "sk-canary-of-the-chat-0123456789abcdef"
MARKS = tuple(
    form(key).encode()
    for key in (KEY, CHAT_KEY)
    for form in (str, quote, lambda key: base64.b64encode(key.encode()).decode())
)
AT_ONCE = 8


@dataclass(slots=True)
class Sightings:
    """``where`` a key was seen; ``bytes`` is how much was looked through, ``workers`` how many readers."""

    where: list[str] = field(default_factory=list)
    bytes: int = 0
    calls: int = 0
    workers: int = 0
    faults: int = 0

    def look(self, name: str, content: bytes) -> None:
        self.bytes += len(content)
        if any(mark in content for mark in MARKS):
            self.where.append(name)


async def sightings(place: Path, count: int, share: float = 0.3) -> Sightings:
    """``count`` calls of every tool, with that share of the requests behind them failing in every way there is."""
    seen = Sightings()
    async with world(place) as at:
        at.proxy.plan = _any_fault(share)
        await anyio.to_thread.run_sync(_talk, at, place / "server", count, seen)
        seen.faults = at.proxy.done.total()
    return seen


def _any_fault(share: float) -> Plan:
    chance = random.Random(1)
    kinds = [fault for fault in Fault if fault not in (Fault.SILENCE, Fault.LATE)]  # a minute of patience each
    return lambda method, path: chance.choice(kinds) if chance.random() < share else None


def _talk(at: World, place: Path, count: int, seen: Sightings) -> None:
    keys = {
        "MOONSHOT_API_KEY": KEY,
        "MOONSHOT_BASE_URL": at.proxy.base_url,
        "KIMI_FILES_CHAT_BASE_URL": at.proxy.base_url,
        "KIMI_FILES_CHAT_API_KEY": CHAT_KEY,
        "KIMI_FILES_LOG": "DEBUG",
    }
    with raw_server(place, **keys) as server:
        server.send(opening("legacy"))
        waiting: set[int] = set()
        for number in range(count):
            server.send([_call(server, number)])
            waiting.add(number)
            if len(waiting) >= AT_ONCE:
                _settle(server, waiting, seen)
        while waiting:
            _settle(server, waiting, seen)
        for worker in workers_of(server.process.pid):
            _look_at_process(worker, seen)
        server.close()
        for line in server.lines:
            seen.look("stdout", line)
    for path in place.rglob("*"):
        if path.is_file():
            seen.look(str(path.relative_to(place)), path.read_bytes())


def _call(server: RawServer, number: int) -> bytes:
    name = f"{number % 40}.txt"
    (server.folder / "a.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"><text y="9">words</text></svg>')
    (server.folder / name).write_text(f"The replacement of shaft {number} cost 48,300.00 euros.\n")
    steps = (
        ("upload_file", {"path": name}),
        ("upload_file", {"path": "a.svg", "purpose": "image"}),  # which a reader looks at first
        ("get_file_content", {"file": name}),
        ("ask_about_files", {"question": "What did it cost?", "files": [name]}),
        ("list_files", {}),
        ("delete_file", {"file_id": f"file_{number}"}),
    )
    tool, arguments = steps[number % len(steps)]
    return call("legacy", number, tool, **arguments)


def _settle(server: RawServer, waiting: set[int], seen: Sightings) -> None:
    answer = server.take(waiting, 120)
    assert answer is not None, "the server does not answer"
    waiting.remove(answer["id"])
    seen.calls += 1
    seen.look(f"result {answer['id']}", str(answer).encode())
    for worker in workers_of(server.process.pid):
        _look_at_process(worker, seen)


def _look_at_process(process: int, seen: Sightings) -> None:
    try:
        command = Path(f"/proc/{process}/cmdline").read_bytes()
        if b"kimi_files.workers" not in command:
            return  # not started yet: for a moment it is a copy of the server
        seen.look("environment of a reader", Path(f"/proc/{process}/environ").read_bytes())
        seen.look("command line of a reader", command)
        seen.workers += 1
    except OSError:
        pass  # it has ended
