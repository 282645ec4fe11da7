"""Frames that no client of good will sends, among some that one does, and which of them have to be answered."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

ENVELOPE = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": {"name": "tests", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}
INITIALIZE = {
    "protocolVersion": "2025-11-25",
    "capabilities": {},
    "clientInfo": {"name": "tests", "version": "1"},
}


def opening(era: str) -> list[bytes]:
    """What a client sends first; the only request in it has the id "opening"."""
    if era == "legacy":
        return [
            line({"jsonrpc": "2.0", "id": "opening", "method": "initialize", "params": INITIALIZE}),
            line({"jsonrpc": "2.0", "method": "notifications/initialized"}),
        ]
    return [line({"jsonrpc": "2.0", "id": "opening", "method": "tools/list", "params": {"_meta": ENVELOPE}})]


def request(era: str, number: Any, method: str = "tools/list", **params: Any) -> dict[str, Any]:
    meta = {} if era == "legacy" else {"_meta": ENVELOPE}
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": {**params, **meta}}


def call(era: str, number: Any, tool: str, **arguments: Any) -> bytes:
    return line(request(era, number, "tools/call", name=tool, arguments=arguments))


def line(frame: Any) -> bytes:
    return json.dumps(frame, separators=(",", ":")).encode() + b"\n"


def hostile(era: str, count: int, seed: int = 0, long: int = 1) -> Iterator[bytes]:
    """``count`` lines, ``long`` of them over 16 MB."""
    source = random.Random(seed)
    at = set(source.sample(range(count), long))
    for number in range(count):
        yield _over_long(era, number, source) if number in at else source.choice(_KINDS)(era, number, source)


def answers_expected(lines: Iterator[bytes]) -> tuple[Counter[Any], Counter[Any]]:
    """How often each id has to be answered, at least and at most, by what JSON-RPC says and nothing of ours."""
    least: Counter[Any] = Counter()
    most: Counter[Any] = Counter()
    for raw in lines:
        if len(raw) > 16 << 20:
            least[_id_of_long(raw)] += 1
            continue
        try:
            frame = json.loads(raw)
        except (ValueError, RecursionError):
            if raw.strip():
                most[None] += 1
                for number in _digits(raw):
                    most[number] += 1
            continue
        for entry in frame if isinstance(frame, list) else [frame]:
            if (
                isinstance(entry, dict)
                and "id" in entry
                and ("method" in entry or not {"result", "error"} & set(entry))
            ):
                found = entry["id"]
                readable = isinstance(found, str | int | float) and not isinstance(found, bool)
                least[found if readable else None] += 1
            else:
                most[None] += 1
    return least, least + most


def _digits(raw: bytes) -> set[int]:
    text = raw[:200].decode("utf-8", "replace")
    return {
        int(part) for part in "".join(c if c.isascii() and c.isdigit() else " " for c in text).split() if len(part) < 12
    }


def _id_of_long(raw: bytes) -> int:
    return int(
        raw[:60].split(b'"id":')[1].split(b",")[0]
        if b'"id":' in raw[:60]
        else raw[-40:].split(b'"id":')[1].split(b"}")[0]
    )


def _valid(era: str, number: int, source: random.Random) -> bytes:
    return line(request(era, number, source.choice(["tools/list", "no/such", "tools/call"])))


def _over_long(era: str, number: int, source: random.Random) -> bytes:
    filling = b"x" * (17 << 20)
    if source.random() < 0.5:
        return b'{"jsonrpc":"2.0","id":%d,"method":"tools/list","params":{"a":"%s"}}\n' % (number, filling)
    return b'{"method":"tools/list","params":{"a":"%s"},"jsonrpc":"2.0","id":%d}\n' % (filling, number)


def _changed(**fields: Any) -> Any:
    def kind(era: str, number: int, source: random.Random) -> bytes:
        frame = request(era, number) | fields
        return line({name: value for name, value in frame.items() if value is not ...})

    return kind


def _cut(era: str, number: int, source: random.Random) -> bytes:
    whole = line(request(era, number))
    return whole[: source.randrange(1, len(whole) - 1)] + b"\n"


def _flipped(era: str, number: int, source: random.Random) -> bytes:
    raw = bytearray(line(request(era, number))[:-1])
    for _ in range(source.randrange(1, 4)):
        raw[source.randrange(len(raw))] = source.choice(b'{}[]":,0x\\ \x00\xff')
    return bytes(raw) + b"\n"


def _nested(era: str, number: int, source: random.Random) -> bytes:
    depth = source.choice([150, 300, 5_000, 100_000])
    opened, closed = source.choice([(b"[", b"]"), (b'{"a":', b"}")])
    middle = opened * depth + b"1" + closed * depth
    return b'{"jsonrpc":"2.0","id":%d,"method":"no/such","params":{"a":%s}}\n' % (number, middle)


def _surrogate(era: str, number: int, source: random.Random) -> bytes:
    return line(request(era, number, a="\ud800" if source.random() < 0.5 else "\udc00x"))


def _not_utf8(era: str, number: int, source: random.Random) -> bytes:
    return b'{"jsonrpc":"2.0","id":%d,"method":"tools/list","params":{"a":"\xff\xfe"}}\n' % number


def _batch(era: str, number: int, source: random.Random) -> bytes:
    frames = [request(era, f"{number}.{n}") for n in range(source.randrange(5))]
    return line([*frames, *source.choice([[], [3], [{"jsonrpc": "2.0", "method": "x"}]])])


def _rubbish(era: str, number: int, source: random.Random) -> bytes:
    return bytes(source.randrange(11, 256) for _ in range(source.randrange(1, 200))).replace(b"\r", b"") + b"\n"


def _no_request(era: str, number: int, source: random.Random) -> bytes:
    return source.choice(
        [
            b"\n",
            b"   \r\n",
            b"3\n",
            b"null\n",
            b'"text"\n',
            line({"jsonrpc": "2.0", "id": number, "result": {}}),
            line({"jsonrpc": "2.0", "id": number, "result": 5}),
            line({"jsonrpc": "2.0", "id": number, "error": {"code": 1, "message": "m"}}),
            line({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": f"none {number}"}}),
            line(
                {"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progressToken": [], "progress": "x"}}
            ),
            line({"jsonrpc": "2.0", "method": "no/such", "params": 5}),
        ]
    )


_KINDS = [
    _valid,
    _valid,
    _changed(params=[1, 2]),
    _changed(params="text"),
    _changed(jsonrpc="1.0"),
    _changed(jsonrpc=...),
    _changed(method=...),
    _changed(method=5),
    _changed(method=None),
    _changed(id=None),
    _changed(id=True),
    _changed(id=[1]),
    _changed(id=0.5),
    _changed(result={}),
    _changed(error={"code": 1, "message": "m"}),
    _changed(id=10**30),
    _cut,
    _flipped,
    _nested,
    _surrogate,
    _not_utf8,
    _batch,
    _rubbish,
    _no_request,
]
