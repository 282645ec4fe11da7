"""Whatever happens below, the client gets an ``ErrorResponse`` or a connection that is cut."""

from __future__ import annotations

import json
from typing import Any

import anyio
import pytest
from starlette.types import Message, Receive, Scope, Send

from kimi_files_mcp.http.errors import FailuresAsResponses

START: Message = {"type": "http.response.start", "status": 200, "headers": []}


async def answered(app: Any) -> list[Message]:
    """What is sent to the client."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    await FailuresAsResponses(app)({"type": "http"}, anyio.sleep_forever, send)
    return sent


def error_of(sent: list[Message]) -> tuple[int, dict[str, str]]:
    return sent[0]["status"], json.loads(sent[1]["body"])["error"]


async def test_a_fault_of_ours_is_a_500_that_shows_nothing_of_the_file(caplog):
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise ValueError(" ".join(["words", "of", "a", "file"]))

    status, error = error_of(await answered(app))
    assert (status, error["type"]) == (500, "server_error")
    assert "words of a file" not in error["message"] + caplog.text
    assert "ValueError" in caplog.text


async def test_a_failure_after_the_first_bytes_ends_the_response_unfinished():
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(START)
        raise ValueError

    assert await answered(app) == [START]


@pytest.mark.parametrize("started", [False, True])
async def test_a_request_that_the_end_of_the_server_cancels_is_told_so(started):
    sent: list[Message] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if started:
            await send(START)
        ending.cancel()
        await anyio.sleep_forever()

    with anyio.CancelScope() as ending:
        sent = await answered(app)
    if started:
        assert sent == [START]
    else:
        assert error_of(sent)[0] == 503
