"""Answers to requests whose body has not arrived: they reach the client, and the rest of the body costs little."""

from __future__ import annotations

import http.client
import json
import socket
from contextlib import closing

import anyio
from starlette.types import Message, Receive, Scope, Send

from kimi_files_mcp.http.unread import MOST_UNREAD_BYTES, UnreadBodies

MEGABYTE = 1 << 20
# What the sockets of both sides hold beside what the service has read.
BUFFERS = 32 * MEGABYTE


def test_of_a_refused_body_without_end_a_bounded_part_is_read_and_the_answer_comes(running):
    with socket.create_connection(running.address) as connection:
        connection.sendall(
            b"POST /v1/files HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer wrong\r\n"
            b"Content-Type: multipart/form-data; boundary=b\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        chunk = b"%x\r\n%s\r\n" % (MEGABYTE, bytes(MEGABYTE))
        sent = 0
        try:
            while sent < 4 * (MOST_UNREAD_BYTES + BUFFERS):
                connection.sendall(chunk)
                sent += MEGABYTE
        except ConnectionError:
            pass
        assert sent < MOST_UNREAD_BYTES + BUFFERS
        answer = connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 401 ")
    assert b"connection: close" in answer.lower()
    assert b"Incorrect API key provided" in answer


def test_a_client_that_sends_everything_before_it_reads_gets_its_answer(running):
    headers = {"Content-Length": str(24 * MEGABYTE), "Content-Type": "multipart/form-data; boundary=b"}
    with closing(http.client.HTTPConnection(*running.address)) as connection:
        connection.request("POST", "/v1/files", (bytes(MEGABYTE) for _ in range(24)), headers)
        answer = connection.getresponse()
        assert (answer.status, answer.headers["connection"]) == (401, "close")
        assert json.loads(answer.read())["error"]["type"] == "invalid_authentication_error"


def test_after_a_short_body_that_nobody_wanted_the_connection_is_used_again(running):
    with closing(http.client.HTTPConnection(*running.address)) as connection:
        for _ in range(2):
            connection.request("POST", "/v1/files", bytes(1000))
            answer = connection.getresponse()
            assert answer.status == 401
            answer.read()
            assert connection.sock is not None  # it would be None if the answer had ended it


async def test_a_client_that_neither_sends_nor_leaves_is_not_waited_for():
    sent: list[Message] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 400, "headers": []})
        await send({"type": "http.response.body", "body": b"no"})

    async def send(message: Message) -> None:
        sent.append(message)

    scope: Scope = {"type": "http", "headers": [(b"content-length", b"100000000")]}
    await UnreadBodies(app, seconds=0)(scope, anyio.sleep_forever, send)
    start, body, end = sent
    assert start["headers"] == [(b"connection", b"close")]
    assert (body["body"], body["more_body"]) == (b"no", True)
    assert not end.get("more_body")


def test_what_is_no_http_is_refused_in_the_contracts_form(running):
    with socket.create_connection(running.address) as connection:
        connection.sendall(b"GET /v1/files HTTP/1.1\r\nno header\r\n\r\n")
        head, _, body = connection.recv(65536).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert json.loads(body)["error"]["type"] == "invalid_request_error"
