"""A small OpenAI-compatible chat endpoint for the pass-through to speak to."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import anyio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

KEY = "sk-upstream-for-tests"


@dataclass
class ChatEndpointApp:
    """Answers by the model that is asked for; remembers what it was sent.

    ``silent`` answers nothing, ``endless`` begins a stream that never ends, ``two-step`` sends its second event when
    ``go_on`` is set; ``stopped`` is set when such a request ends because its client is gone.
    """

    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    asked: anyio.Event = field(default_factory=anyio.Event)
    go_on: anyio.Event = field(default_factory=anyio.Event)
    stopped: anyio.Event = field(default_factory=anyio.Event)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/v1/models", self.models),
                Route("/v1/chat/completions", self.completions, methods=["POST"]),
            ]
        )

    async def models(self, request: Request) -> Response:
        self.requests.append((dict(request.headers), await request.body()))
        return JSONResponse(
            {"object": "list", "data": [{"id": "kimi-k3", "object": "model", "context_length": 1_048_576}]}
        )

    async def completions(self, request: Request) -> Response:
        body = await request.body()
        self.requests.append((dict(request.headers), body))
        asked = json.loads(body)
        self.asked.set()
        match asked["model"]:
            case "silent":
                await self._until_left(request)
            case "endless" | "two-step":
                return StreamingResponse(self._events(asked["model"]), media_type="text/event-stream")
            case "busy":
                error = {"message": "please try again after 3 seconds", "type": "rate_limit_reached_error"}
                return JSONResponse({"error": error}, 429, {"Retry-After": "3"})
            case "gateway":
                return HTMLResponse("<h1>504 Gateway Time-out</h1>", 504)
            case "elsewhere":
                return RedirectResponse("http://127.0.0.1:1/v1/chat/completions")
        return JSONResponse(completion(asked["messages"]))

    async def _until_left(self, request: Request) -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        self.stopped.set()

    async def _events(self, model: str) -> AsyncIterator[bytes]:
        try:
            yield b'data: {"choices":[{"index":0,"delta":{"content":"first"}}]}\n\n'
            await (self.go_on.wait() if model == "two-step" else anyio.sleep_forever())
            yield b'data: {"choices":[{"index":0,"delta":{"content":" second"}}]}\n\ndata: [DONE]\n\n'
        finally:
            self.stopped.set()


def completion(messages: list[dict[str, Any]]) -> dict[str, Any]:
    """An answer that tells what it was asked: how many system messages, and the last words of the user."""
    system = [message["content"] for message in messages if message["role"] == "system"]
    words = f"{len(system)} system messages; {messages[-1]['content']}"
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": words}}
    return {"id": "chat-1", "object": "chat.completion", "created": 1, "model": "kimi-k3", "choices": [choice]}
