"""Requests that are answered before their body has arrived: a refusal must reach its client, and cost little."""

from __future__ import annotations

import math
from collections.abc import Mapping

import anyio
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_UNREAD_BYTES = 32 << 20
"""How much of a body is thrown away after the answer: a client that sends all before it reads gets to the answer."""

UNREAD_SECONDS = 4.0
"""How long that may take, from the answer on; shorter than the server waits for requests when it is stopped."""

# So little is read to its end, and the connection stays.
_SMALL_BYTES = 1 << 20


class UnreadBodies:
    """Ends the connection after an answer to a request of whose body much is still to come.

    The answer says so (``Connection: close``) and is followed by the end only when the client has sent the rest, as much
    of it as the bounds let through: whoever closes on data that nobody has read resets the connection, and the client
    may lose the answer with it.
    """

    def __init__(self, app: ASGIApp, most_bytes: int = MOST_UNREAD_BYTES, seconds: float = UNREAD_SECONDS) -> None:
        self._app = app
        self._most_bytes = most_bytes
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = _Body(Headers(scope=scope), receive)
        closing = False

        async def watched(message: Message) -> None:
            nonlocal closing
            if message["type"] == "http.response.start" and body.left > _SMALL_BYTES:
                closing = True
                message = {**message, "headers": [*message.get("headers", []), (b"connection", b"close")]}
            if not closing or message.get("more_body") or message["type"] != "http.response.body" or not body.is_coming:
                await send(message)
                return
            await send({**message, "more_body": True})
            with anyio.move_on_after(self._seconds):
                await body.discard(self._most_bytes)
            await send({"type": "http.response.body", "body": b""})

        await self._app(scope, body.receive, watched)


class _Body:
    """The body of a request. ``left`` is how many bytes of it are still to come, infinite where nobody knows."""

    def __init__(self, headers: Mapping[str, str], receive: Receive) -> None:
        self._receive = receive
        self._waits_for_leave = headers.get("expect", "").lower() == "100-continue"
        length = headers.get("content-length", "0")
        self.left = math.inf if "transfer-encoding" in headers else float(length) if length.isdecimal() else 0.0

    @property
    def is_coming(self) -> bool:
        """Whether the client sends the rest: not if it waits for leave, which the answer does not give."""
        return self.left > 0 and not self._waits_for_leave

    async def receive(self) -> Message:
        """The next part, as the server gives it. To ask for it is to give leave to send it."""
        self._waits_for_leave = False
        message = await self._receive()
        if message["type"] == "http.request":
            self.left = max(self.left - len(message.get("body", b"")), 0.0)
        if not message.get("more_body"):
            self.left = 0.0
        return message

    async def discard(self, most_bytes: int) -> None:
        """Throw away what arrives, until the body or the connection ends or there was enough of it."""
        size = 0
        while self.left > 0 and size < most_bytes:
            size += len((await self.receive()).get("body", b""))
