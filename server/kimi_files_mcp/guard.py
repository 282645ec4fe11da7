"""Between the pipes and the SDK's loop: answers what the SDK leaves unanswered, and sees to it that the process ends.

Every frame with a readable id gets one answer. What the SDK takes for a request it answers itself and gets unchanged;
the rest is refused here. Nothing here holds more than one line, of at most ``MAX_LINE_BYTES``.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

import anyio
import anyio.to_thread
from mcp.server.stdio import stdio_server
from mcp_types import (
    INVALID_REQUEST,
    PARSE_ERROR,
    JSONRPCRequest,
    jsonrpc_message_adapter,
)

from kimi_files_mcp.pipes import Pipes

if TYPE_CHECKING:
    from mcp.server import MCPServer

MAX_LINE_BYTES = 16 << 20
"""A longer line is refused; no call to this server needs a thousandth of it."""

_EDGE_BYTES = 4096  # kept of both ends of an over-long line, for its id

_log = logging.getLogger(__name__)


async def serve(server: MCPServer[Any], pipes: Pipes) -> None:
    """Run the server over the pipes until the client is gone."""
    lines, output = cast(Any, _Lines(pipes)), cast(Any, _Output(pipes))
    async with stdio_server(lines, output) as (read, write):
        program = server._lowlevel_server
        await program.run(read, write, program.create_initialization_options())


def refusals(line: bytes) -> list[bytes] | None:
    """The answers to a line that the SDK would leave unanswered; None for one that it takes."""
    try:
        message = jsonrpc_message_adapter.validate_json(line, by_name=False)
    except (ValueError, RecursionError):
        return _refusals(line)
    if isinstance(message, JSONRPCRequest):
        return None
    # The SDK takes a request with an odd id for a notification, and one with an odd method for a response.
    frame = json.loads(line)
    return [_refusal(frame)] if "id" in frame and "method" in frame else None


def salvaged_id(line: bytes) -> str | int | None:
    """The id of a request that is no JSON or too long, if it stands among plain members at either end of the line."""
    head, tail = line[:_EDGE_BYTES], line[-_EDGE_BYTES:]
    if b'"method"' not in head + tail and re.search(rb'"(?:result|error)"', head + tail):
        return None  # an answer to a request of ours: its id is none of the client's
    for members in (_HEAD.match(head), _TAIL.search(tail)):
        for name, value in _MEMBER.findall(members[1]) if members else ():
            if name == b"id":
                return cast("str | int", json.loads(value, strict=False))
    return None


# Clients put the id before the params (Python) or after them (TypeScript); between them may be anything.
_NAME = rb'"(jsonrpc|id|method)"\s*:\s*'
_VALUE = rb'("(?:[^"\\\x00-\x1f\x80-\xff]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4}){0,512}"|-?[1-9]\d{0,40}|0)\s*'
_MEMBER = re.compile(_NAME + _VALUE)
_PLAIN = (_NAME + _VALUE).replace(b"(jsonrpc", b"(?:jsonrpc").replace(b'("(?:[', b'(?:"(?:[')
_HEAD = re.compile(rb"(?:\xef\xbb\xbf)?\s*\{\s*((?:" + _PLAIN + rb"[,}]\s*)+)")
_TAIL = re.compile(rb",\s*((?:" + _PLAIN + rb",\s*)*" + _PLAIN + rb")\}\s*$")


def _refusals(line: bytes) -> list[bytes]:
    try:
        frame = json.loads(line)
        line.decode()
    except RecursionError:
        return [_error(salvaged_id(line), PARSE_ERROR, "The message is nested too deeply.")]
    except ValueError as error:
        where = f" (column {error.colno})" if isinstance(error, json.JSONDecodeError) else ""
        why = f"This line is not JSON in UTF-8{where}. Send each message as one line of JSON."
        return [_error(salvaged_id(line), PARSE_ERROR, why)]
    if isinstance(frame, list):
        return list(_batch_refusals(frame))
    if isinstance(frame, dict) and "method" not in frame and ("result" in frame or "error" in frame):
        _log.info("dropped a response that is none of the protocol")
        return []
    if isinstance(frame, dict) and "id" not in frame and isinstance(frame.get("method"), str):
        _log.info("dropped a notification that is none of the protocol")
        return []
    return [_refusal(frame)]


def _batch_refusals(frames: list[Any]) -> Iterator[bytes]:
    why = "Batches are not part of the protocol: send each message as a line of its own."
    answered = False
    for frame in frames:
        if isinstance(frame, dict) and "method" in frame and _is_id(frame.get("id")):
            answered = True
            yield _error(frame["id"], INVALID_REQUEST, why)
    if not answered:
        yield _error(None, INVALID_REQUEST, why)


def _refusal(frame: Any) -> bytes:
    """The answer to a frame that is JSON, and none of the protocol's."""
    if not isinstance(frame, dict):
        return _error(None, INVALID_REQUEST, "A message is a JSON object.")
    found = frame.get("id")
    if isinstance(found, bool) or not isinstance(found, str | int):
        why = "The id of a request is a string or an integer; a notification has none."
    elif frame.get("jsonrpc") != "2.0":
        why = 'A message has "jsonrpc":"2.0".'
    elif not isinstance(frame.get("method"), str):
        why = "The method of a request is a string."
    elif not isinstance(frame.get("params", {}), dict):
        why = "The params of a request are an object."
    elif "result" in frame or "error" in frame:
        why = "A message with a method has neither result nor error."
    else:
        why = "This text cannot be read: it is nested too deeply, or holds half a character (a lone surrogate)."
        return _error(found, PARSE_ERROR, why)
    return _error(found if _is_id(found) else None, INVALID_REQUEST, why)


def _is_id(value: Any) -> bool:
    """Whether an answer can name it: JSON-RPC has fractions too, and a client that sends one waits for it."""
    if isinstance(value, float):
        return value == value and abs(value) != float("inf")
    return isinstance(value, str | int) and not isinstance(value, bool)


def _error(request_id: Any, code: int, message: str) -> bytes:
    answer = {"jsonrpc": "2.0", "id": request_id, "error": {"code": code, "message": message}}
    return json.dumps(answer, separators=(",", ":")).encode() + b"\n"


class _Lines:
    """The lines that the SDK takes, in order. The others are answered when they come."""

    def __init__(self, pipes: Pipes) -> None:
        self._pipes = pipes
        self._received = bytearray()
        self._thread = anyio.CapacityLimiter(1)

    def __aiter__(self) -> _Lines:
        return self

    async def __anext__(self) -> str:
        line = await anyio.to_thread.run_sync(self._next, abandon_on_cancel=True, limiter=self._thread)
        if line is None:
            raise StopAsyncIteration
        return line

    def _next(self) -> str | None:
        while (line := self._line()) is not None:
            line = line.strip(b"\r")
            if not line or line.isspace():
                continue
            answers = refusals(line)
            if answers is None:
                return line.decode() + "\n"
            for answer in answers:
                self._pipes.send(answer)
        self._pipes.end_soon()
        return None

    def _line(self) -> bytes | None:
        """The next line that is not over-long, without its end; None when the client is gone."""
        searched = 0
        while (end := self._received.find(b"\n", searched)) < 0:
            searched = len(self._received)
            if searched > MAX_LINE_BYTES:
                self._skip()
                searched = 0
            elif not self._receive():
                rest, self._received = bytes(self._received), bytearray()
                return rest or None
        line = bytes(self._received[:end])
        del self._received[: end + 1]
        return line

    def _skip(self) -> None:
        """Go to the end of an over-long line and answer it; the answer does not wait for that end if it need not."""
        why = f"This line is longer than {MAX_LINE_BYTES >> 20} MB."
        head = bytes(self._received[:_EDGE_BYTES])
        found = salvaged_id(head)
        if found is not None:
            self._pipes.send(_error(found, INVALID_REQUEST, why))
        while (end := self._received.find(b"\n")) < 0:
            del self._received[:-_EDGE_BYTES]
            if not self._receive():
                break
        if found is None:
            tail = bytes(self._received[:end] if end >= 0 else self._received)
            self._pipes.send(_error(salvaged_id(head + tail[-_EDGE_BYTES:]), INVALID_REQUEST, why))
        del self._received[: end + 1 if end >= 0 else None]

    def _receive(self) -> bool:
        data = self._pipes.receive()
        self._received += data
        return bool(data)


class _Output:
    """The SDK's lines to the client; a thread of its own writes them."""

    def __init__(self, pipes: Pipes) -> None:
        self._pipes = pipes
        self._line = ""
        self._thread = anyio.CapacityLimiter(1)

    async def write(self, text: str) -> None:
        self._line += text

    async def flush(self) -> None:
        line, self._line = self._line, ""
        await anyio.to_thread.run_sync(self._pipes.answer, line.encode(), limiter=self._thread)
