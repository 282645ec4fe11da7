"""Chat requests on their way to the configured endpoint and back."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import httpx
import pytest

from tests.server.http.conftest import KEY, chat_at, listening, serving_here
from tests.server.http.endpoint import KEY as UPSTREAM_KEY
from tests.server.http.endpoint import ChatEndpointApp

GUARD = 30
"""Seconds after which a test that would wait for ever fails instead."""


@pytest.fixture
def connected(store, tmp_path):
    """A client of the service, and the endpoint behind it."""

    @asynccontextmanager
    async def connect() -> AsyncIterator[tuple[httpx.AsyncClient, ChatEndpointApp]]:
        upstream = ChatEndpointApp()
        async with listening(upstream.app()) as url:
            chat = chat_at(url, UPSTREAM_KEY)
            async with serving_here(store(), tmp_path, chat=chat) as running, client_of(running.base_url) as client:
                yield client, upstream

    return connect


def client_of(base_url: str) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {KEY}"}
    return httpx.AsyncClient(base_url=base_url, headers=headers, timeout=GUARD, trust_env=False)


def question(model: str = "kimi-k3", **more: Any) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": "九号主轴?"}], **more}


async def test_a_chat_goes_through_byte_for_byte_with_the_endpoints_own_key(connected):
    body = json.dumps(question(), ensure_ascii=False, indent=1).encode()
    async with connected() as (client, upstream):
        answer = await client.post("/chat/completions", content=body, headers={"Content-Type": "application/json"})
    assert answer.json()["choices"][0]["message"]["content"] == "0 system messages; 九号主轴?"
    headers, received = upstream.requests[0]
    assert received == body
    assert headers["authorization"] == f"Bearer {UPSTREAM_KEY}"
    assert KEY not in str(headers)


async def test_a_body_without_a_length_goes_through_as_it_comes(connected):
    async def body() -> AsyncIterator[bytes]:
        whole = json.dumps(question(padding="x" * 300_000)).encode()
        for start in range(0, len(whole), 10_000):
            yield whole[start : start + 10_000]

    async with connected() as (client, upstream):
        answer = await client.post("/chat/completions", content=body())
    assert answer.status_code == 200
    assert len(json.loads(upstream.requests[0][1])["padding"]) == 300_000


async def test_models_are_the_endpoints(connected):
    async with connected() as (client, upstream):
        answer = await client.get("/models")
    assert answer.json()["data"][0]["id"] == "kimi-k3"
    assert "transfer-encoding" not in upstream.requests[0][0]


async def test_a_stream_arrives_while_the_endpoint_is_still_writing(connected):
    async with connected() as (client, upstream):
        with anyio.fail_after(GUARD):
            async with client.stream("POST", "/chat/completions", json=question("two-step", stream=True)) as answer:
                assert answer.headers["content-type"].startswith("text/event-stream")
                events = answer.aiter_lines()
                assert '"first"' in await anext(events)
                upstream.go_on.set()
                rest = [line async for line in events]
    assert rest[-2:] == ["data: [DONE]", ""]


async def test_a_client_that_hangs_up_in_a_stream_ends_the_endpoints_work(connected):
    async with connected() as (client, upstream):
        with anyio.fail_after(GUARD):
            async with client.stream("POST", "/chat/completions", json=question("endless", stream=True)) as answer:
                await anext(answer.aiter_lines())
            await upstream.stopped.wait()


async def test_a_client_that_hangs_up_before_the_answer_ends_the_endpoints_work(connected):
    async with connected() as (client, upstream):
        with anyio.fail_after(GUARD):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(lambda: client.post("/chat/completions", json=question("silent")))
                await upstream.asked.wait()
                tasks.cancel_scope.cancel()
            await upstream.stopped.wait()


async def test_what_the_endpoint_refuses_reaches_the_client_as_it_is(connected):
    async with connected() as (client, _):
        answer = await client.post("/chat/completions", json=question("busy"))
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "3")
    assert answer.json()["error"]["message"] == "please try again after 3 seconds"


@pytest.mark.parametrize(("model", "status"), [("gateway", 504), ("elsewhere", 502)])
async def test_a_page_or_a_redirect_becomes_an_error_of_the_contract(connected, model, status):
    async with connected() as (client, _):
        answer = await client.post("/chat/completions", json=question(model))
    assert answer.status_code == status
    assert answer.json()["error"]["type"] == "server_unavailable"
    assert "location" not in answer.headers


async def test_an_endpoint_that_is_not_there_is_named_without_its_key(store, tmp_path, caplog):
    chat = chat_at("http://127.0.0.1:9", UPSTREAM_KEY)
    async with serving_here(store(), tmp_path, chat=chat) as running, client_of(running.base_url) as client:
        answer = await client.post("/chat/completions", json=question())
    assert answer.status_code == 502
    assert "KIMI_FILES_CHAT_BASE_URL" in answer.json()["error"]["message"]
    assert UPSTREAM_KEY not in answer.text + caplog.text


@pytest.mark.parametrize(("method", "path"), [("GET", "/models"), ("POST", "/chat/completions")])
def test_without_an_endpoint_the_error_says_how_to_have_one(api, method, path):
    answer = api.request(method, path, json=question() if method == "POST" else None)
    assert answer.status_code == 404
    error = answer.json()["error"]
    assert (error["type"], error["code"]) == ("resource_not_found_error", "chat_not_configured")
    assert "KIMI_FILES_CHAT_BASE_URL" in error["message"]
