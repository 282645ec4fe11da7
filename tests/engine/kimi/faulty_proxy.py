"""A proxy in front of a service that fails the way real ones do: before the request, in the middle, and after it worked.

In a test: ``async with faulty(upstream, plan) as proxy``. As a process of its own, for the bench:
``python -m tests.engine.kimi.faulty_proxy HOST:PORT --share 0.5 --seed 7``.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum

import anyio
import anyio.abc


class Fault(Enum):
    """What goes wrong. The first group happens before the service sees the request, the second after it answered."""

    DROP_BEFORE = "the connection ends when the request has been read"
    DROP_MIDWAY = "the connection ends in the middle of the request's body"
    RATE_LIMIT = "429 with a wait in its words"
    OVERLOADED = "503 with Retry-After"
    ERROR_500 = "500 in JSON, nothing was done"
    HTML_504 = "504 as a page of a gateway, nothing was done"
    SPURIOUS_400 = "400 about a header that nobody needs"
    NO_BALANCE = "429 that no waiting helps"
    ECHO = "400 that repeats the request's headers"
    REDIRECT = "307 to another address"
    WRONG_KEY = "401 that repeats the key"
    TOO_LONG = "400: more tokens than the model takes"
    NO_MODEL = "404: no such model"
    NO_PICTURES = "400: the model takes no pictures"
    LATE = "504 at once, and the service gets the request after the next list was given"

    LOST_REPLY = "the connection ends instead of a reply"
    CUT_REPLY = "the connection ends in the middle of the reply"
    ERROR_500_AFTER = "500 in JSON, and it was done all the same"
    BAD_GATEWAY_AFTER = "502 as a page, and it was done all the same"
    HTML_504_AFTER = "504 as a page, and it was done all the same"
    TRUNCATED_JSON = "200 with half of the JSON"
    WRONG_TYPE = "200 with a page instead of JSON"
    SILENCE = "it was done, and no reply ever comes"


BEFORE = (
    Fault.DROP_BEFORE,
    Fault.DROP_MIDWAY,
    Fault.RATE_LIMIT,
    Fault.OVERLOADED,
    Fault.ERROR_500,
    Fault.HTML_504,
    Fault.SPURIOUS_400,
)
AFTER = (
    Fault.LOST_REPLY,
    Fault.CUT_REPLY,
    Fault.ERROR_500_AFTER,
    Fault.BAD_GATEWAY_AFTER,
    Fault.HTML_504_AFTER,
    Fault.TRUNCATED_JSON,
    Fault.WRONG_TYPE,
)

Plan = Callable[[str, str], Fault | None]
"""``plan(method, path)``: what goes wrong with this request."""

_PAGE = b"<html><head><title>504 Gateway Time-out</title></head><body><center><h1>504</h1></center></body></html>"


def no_faults(method: str, path: str) -> Fault | None:
    return None


def scripted(method: str, path: str, *faults: Fault | None) -> Plan:
    """These faults, one after the other, for requests whose path ends so; none for others and none when all are used."""
    left = list(faults)

    def plan(of_request: str, at: str) -> Fault | None:
        if of_request == method and at.partition("?")[0].endswith(path) and left:
            return left.pop(0)
        return None

    return plan


def one_after_another(*plans: Plan) -> Plan:
    """The first fault that any of the plans wants."""

    def plan(method: str, path: str) -> Fault | None:
        found = [wanted(method, path) for wanted in plans]
        return next((fault for fault in found if fault is not None), None)

    return plan


def at_random(share: float, seed: int) -> Plan:
    """A fault for that share of the requests, every kind as likely as every other."""
    chance = random.Random(seed)

    def plan(method: str, path: str) -> Fault | None:
        if chance.random() >= share:
            return None
        late = (Fault.LATE,) if method == "POST" else ()
        return chance.choice((*BEFORE, *AFTER, *late))

    return plan


@dataclass(slots=True)
class Proxy:
    """``seen`` counts requests by method and path (ids left out), ``done`` the faults by name.

    ``canned`` are JSON bodies to answer with instead of the service; ``silent`` is set when a request has been done whose
    reply will never come.
    """

    upstream: tuple[str, int]
    plan: Plan
    port: int = 0
    seen: Counter[str] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)
    hung_up: int = 0
    canned: dict[str, bytes] = field(default_factory=dict)
    silent: anyio.Event = field(default_factory=anyio.Event)
    _late: list[bytes] = field(default_factory=list)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    async def handle(self, client: anyio.abc.SocketStream) -> None:
        """One connection is one request: the reply ends it."""
        async with client:
            try:
                await self._serve(client)
            except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError, OSError):
                self.hung_up += 1  # the client is gone

    async def _serve(self, client: anyio.abc.SocketStream) -> None:
        head, rest = await _head(client)
        method, path, *_ = head.split(b" ", 2)
        fault = self.plan(method.decode(), path.decode())
        self.seen[_counted(method.decode(), path.decode())] += 1
        if fault is not None:
            self.done[fault.name] += 1
        length = _length(head)
        if fault is Fault.DROP_MIDWAY:
            await _read(client, rest, length // 2)
            return
        body = await _read(client, rest, length)
        if fault is Fault.DROP_BEFORE:
            return
        if fault is Fault.LATE:
            self._late.append(_closing(head) + body)
            await client.send(_page(504))
            return
        canned = self.canned.get(_counted(method.decode(), path.decode()))
        made_up = _reply(200, "application/json", canned) if canned else _made_up(fault, head)
        if made_up:
            await client.send(made_up)
            return
        if fault is Fault.SILENCE:
            await self._whole_reply(_closing(head) + body)
            self.silent.set()
            await client.receive()  # ends when the client goes
            return
        if fault in AFTER:
            await self._fail_after(client, fault, await self._whole_reply(_closing(head) + body))
            return
        await self._pass_on(client, _closing(head) + body)
        if method == b"GET" and path.partition(b"?")[0].endswith(b"/files"):
            late, self._late = self._late, []
            for request in late:
                await self._whole_reply(request)

    async def _pass_on(self, client: anyio.abc.SocketStream, request: bytes) -> None:
        async with await anyio.connect_tcp(*self.upstream) as upstream, anyio.create_task_group() as tasks:
            await upstream.send(request)

            async def watch() -> None:
                # Nothing more is expected from the client: what comes is its end, and then the service should know.
                try:
                    await client.receive()
                except (anyio.EndOfStream, anyio.BrokenResourceError, OSError):
                    self.hung_up += 1
                    tasks.cancel_scope.cancel()

            tasks.start_soon(watch)
            async for part in upstream:
                await client.send(part)
            tasks.cancel_scope.cancel()

    async def _whole_reply(self, request: bytes) -> bytes:
        async with await anyio.connect_tcp(*self.upstream) as upstream:
            await upstream.send(request)
            return b"".join([part async for part in upstream])

    async def _fail_after(self, client: anyio.abc.SocketStream, fault: Fault, reply: bytes) -> None:
        head, _, body = reply.partition(b"\r\n\r\n")
        if fault is Fault.CUT_REPLY:
            await client.send(head + b"\r\n\r\n" + body[: len(body) // 2])
        elif fault is Fault.ERROR_500_AFTER:
            await client.send(_error(500, "internal", "server_error"))
        elif fault in (Fault.BAD_GATEWAY_AFTER, Fault.HTML_504_AFTER):
            await client.send(_page(502 if fault is Fault.BAD_GATEWAY_AFTER else 504))
        elif fault is Fault.TRUNCATED_JSON:
            # In the form that was asked for, with a length that fits: only the JSON itself shows that half is missing.
            text = body if b"chunked" not in head.lower() else b'{"content":"cut'
            await client.send(_reply(200, "application/json", text[: max(len(text) // 2, 1)]))
        elif fault is Fault.WRONG_TYPE:
            await client.send(_reply(200, "text/html", _PAGE))


@asynccontextmanager
async def faulty(upstream: tuple[str, int], plan: Plan = no_faults) -> AsyncIterator[Proxy]:
    """A proxy on a port of its own, until the end of the block."""
    proxy = Proxy(upstream, plan)
    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener, anyio.create_task_group() as tasks:
        proxy.port = listener.extra(anyio.abc.SocketAttribute.local_port)
        tasks.start_soon(listener.serve, proxy.handle)
        try:
            yield proxy
        finally:
            tasks.cancel_scope.cancel()


async def _head(client: anyio.abc.SocketStream) -> tuple[bytes, bytes]:
    received = b""
    while b"\r\n\r\n" not in received:
        received += await client.receive()
    head, _, rest = received.partition(b"\r\n\r\n")
    return head + b"\r\n\r\n", rest


async def _read(client: anyio.abc.SocketStream, rest: bytes, length: int) -> bytes:
    parts, missing = [rest], length - len(rest)
    while missing > 0:
        parts.append(await client.receive())
        missing -= len(parts[-1])
    return b"".join(parts)


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0


def _closing(head: bytes) -> bytes:
    lines = [line for line in head.split(b"\r\n") if line and not line.lower().startswith(b"connection:")]
    return b"\r\n".join([*lines, b"Connection: close", b"", b""])


def _counted(method: str, path: str) -> str:
    parts = path.partition("?")[0].split("/")
    if "files" in parts and len(parts) > parts.index("files") + 1:
        parts[parts.index("files") + 1] = "ID"
    return f"{method} {'/'.join(parts)}"


def _made_up(fault: Fault | None, head: bytes) -> bytes:
    if fault is Fault.ECHO:
        return _error(400, f"cannot understand: {head.decode()}", "invalid_request_error")
    if fault is Fault.WRONG_KEY:
        key = head.decode().partition("Bearer ")[2].partition("\r\n")[0]
        return _error(401, f"Incorrect API key provided: {key}", "incorrect_api_key_error")
    if fault is Fault.REDIRECT:
        return _reply(307, "text/html", b"", "Location: http://127.0.0.1:9/v1/files")
    if fault is Fault.RATE_LIMIT:
        message = "Your account reached max RPM: 3, please try again after 0.05 seconds"
        return _error(429, message, "rate_limit_reached_error")
    if fault is Fault.NO_BALANCE:
        message = "Your account is suspended, please check your plan and billing details"
        return _error(429, message, "exceeded_current_quota_error")
    if fault is Fault.TOO_LONG:
        return _error(400, "Your request exceeded model token limit : 32768", "invalid_request_error")
    if fault is Fault.NO_MODEL:
        return _error(404, "Not found the model or Permission denied", "resource_not_found_error")
    if fault is Fault.NO_PICTURES:
        return _error(400, "image input is not supported", "invalid_request_error")
    if fault is Fault.OVERLOADED:
        return _reply(
            503, "application/json", b'{"error":{"message":"","type":"server_unavailable"}}', "Retry-After: 0"
        )
    if fault is Fault.ERROR_500:
        return _error(500, "", "")
    if fault is Fault.HTML_504:
        return _page(504)
    if fault is Fault.SPURIOUS_400:
        message = "missing required header Kimi-Api-Version"
        return _error(400, message, "invalid_request_error")
    return b""


def _error(status: int, message: str, kind: str) -> bytes:
    return _reply(status, "application/json", json.dumps({"error": {"message": message, "type": kind}}).encode())


def _page(status: int) -> bytes:
    return _reply(status, "text/html", _PAGE)


def _reply(status: int, media_type: str, body: bytes, *headers: str) -> bytes:
    lines = [
        f"HTTP/1.1 {status} Status",
        f"Content-Type: {media_type}",
        f"Content-Length: {len(body)}",
        "Connection: close",
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("upstream", help="HOST:PORT")
    parser.add_argument("--share", type=float, default=0.5)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    host, _, port = options.upstream.partition(":")
    async with faulty((host, int(port)), at_random(options.share, options.seed)) as proxy:
        print(proxy.base_url, flush=True)
        await anyio.to_thread.run_sync(sys.stdin.read)  # ends with the process that started it
        print(json.dumps(dict(proxy.done)), flush=True)


if __name__ == "__main__":
    anyio.run(_main)
