"""Our own ``/v1`` service as the peer of the client's tests, made like Kimi where the two differ.

Kimi does not know the same content again: a second upload of a name is stored as ``name (1).ext``. Chat, models, token
counts and batches, which our service does not have, are answered by small scripts.
"""

from __future__ import annotations

import argparse
import json
import re
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from kimi_files.access import OpenFile
from kimi_files.kimi.errors import ExtractionFailed
from kimi_files.local.service import Limits, LocalFilesService
from kimi_files.models import FileObject, Purpose
from kimi_files.progress import Progress, no_progress
from kimi_files.workers.pool import WorkerPool
from kimi_files_mcp.http.app import build_app
from kimi_files_mcp.http.run import Server

KEY = "sk-canary-3f9a1c2b7d4e5f60718293a4b5c6d7e8"

MODELS = [
    {"id": "kimi-k3", "context_length": 262_144, "supports_image_in": True, "supports_video_in": True},
    {"id": "kimi-small", "context_length": 32_768, "supports_image_in": False, "supports_video_in": False},
]


class KimiLike(LocalFilesService):
    """Stores every upload, also of what it has, and counts them; refuses names with one of the words in ``refused``."""

    refused: Sequence[str] = ()
    created = 0

    async def create(self, file: OpenFile, purpose: Purpose, progress: Progress = no_progress) -> FileObject:
        if any(word in file.name for word in self.refused):
            raise ExtractionFailed("text extract error: 没有解析出内容")
        taken = {record.filename for record in (await self.list(limit=10_000)).data}
        stem, dot, extension = file.name.rpartition(".")
        number = 0
        while file.name in taken:
            number += 1
            file.name = f"{stem} ({number}){dot}{extension}"
        record = await super().create(file, purpose, progress)
        self.created += 1
        return record

    async def _examine(self, *_: object) -> str:
        """Texts are read when somebody asks for them: most tests only count files, and a worker costs them a second."""
        return ""


@dataclass(slots=True)
class Script:
    """What the parts beside the files answer. ``chats`` are the requests that came."""

    answer: Callable[[dict[str, Any]], Sequence[str]] = lambda request: ("No idea.",)
    models: list[dict[str, Any]] = field(default_factory=lambda: [*MODELS])
    chats: list[dict[str, Any]] = field(default_factory=list)
    counts: list[dict[str, Any]] = field(default_factory=list)
    batches: dict[str, dict[str, Any]] = field(default_factory=dict)
    hung_up: anyio.Event = field(default_factory=anyio.Event)
    finish: str = "stop"


@dataclass(slots=True)
class Peer:
    """A service that listens. ``address`` is where a proxy connects to."""

    port: int
    service: KimiLike
    script: Script

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", self.port

    async def names(self) -> list[str]:
        """The names in the account, without the marks and numbers that make them unique."""
        return sorted(re.sub(r"\.kf-[0-9a-f]{16}-[0-9a-f]{8}", "", file.filename) for file in await self.files())

    async def files(self) -> list[FileObject]:
        return (await self.service.list(limit=10_000)).data


class _Quiet(Server):
    """Leaves Ctrl-C and SIGTERM to the test's own process."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def peer(data_dir: Path, limits: Limits | None = None, key: str = KEY) -> AsyncIterator[Peer]:
    """The service on a port of its own, inside the test."""
    service = KimiLike(data_dir, WorkerPool(size=1), limits)
    script = Script()
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    server = _Quiet(_with_script(build_app(service, key, data_dir / "spool"), service, script))
    with listener:
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(server.serve, [listener])
                try:
                    yield Peer(listener.getsockname()[1], service, script)
                finally:
                    server.should_exit = True
        finally:
            await service.aclose()


def _with_script(app: Starlette, service: KimiLike, script: Script) -> Starlette:
    """The application with the routes that only Kimi has in front of its own."""

    async def models(_: Request) -> Response:
        return JSONResponse({"object": "list", "data": script.models})

    async def count(request: Request) -> Response:
        script.counts.append(await request.json())
        words = sum(len(str(message["content"])) for message in script.counts[-1]["messages"])
        return JSONResponse({"data": {"total_tokens": words // 4}})

    async def chat(request: Request) -> Response:
        asked = await request.json()
        script.chats.append(asked)
        return StreamingResponse(_events(script, asked), media_type="text/event-stream")

    async def create_batch(request: Request) -> Response:
        asked = await request.json()
        batch = {"id": f"batch_{len(script.batches)}", "object": "batch", "status": "validating", **asked}
        batch["request_counts"] = {"total": 3, "completed": 0, "failed": 0}
        script.batches[batch["id"]] = batch
        return JSONResponse(batch)

    async def list_batches(_: Request) -> Response:
        return JSONResponse({"object": "list", "data": [*script.batches.values()], "has_more": False})

    async def batch(request: Request) -> Response:
        found = script.batches.get(request.path_params["batch_id"])
        if found is None:
            error = {"message": "batch not found", "type": "resource_not_found_error"}
            return JSONResponse({"error": error}, 404)
        following = {"validating": "in_progress", "in_progress": "finalizing", "finalizing": "completed"}
        found["status"] = following.get(found["status"], found["status"])
        return JSONResponse(found)

    routes = [
        Route("/v1/models", models),
        Route("/v1/tokenizers/estimate-token-count", count, methods=["POST"]),
        Route("/v1/chat/completions", chat, methods=["POST"]),
        Route("/v1/batches", create_batch, methods=["POST"]),
        Route("/v1/batches", list_batches, methods=["GET"]),
        Route("/v1/batches/{batch_id}", batch),
    ]
    app.router.routes[:0] = routes
    return app


async def _events(script: Script, asked: dict[str, Any]) -> AsyncIterator[str]:
    def event(delta: dict[str, Any], finish: str | None = None, **more: Any) -> str:
        value = {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more}
        return f"data: {json.dumps(value, ensure_ascii=False)}\n\n"

    try:
        yield event({"role": "assistant", "reasoning_content": "Let me look at the files."})
        for part in script.answer(asked):
            if part == "WAIT":
                await anyio.sleep_forever()
            yield event({"content": part})
        yield event({}, script.finish)
        usage = {"prompt_tokens": 44_180, "completion_tokens": 96, "total_tokens": 44_276}
        yield f"data: {json.dumps({'choices': [], 'usage': usage})}\n\n"
        yield "data: [DONE]\n\n"
    except BaseException:
        script.hung_up.set()
        raise


async def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data_dir", type=Path)
    parser.add_argument("--key", default=KEY)
    options = parser.parse_args()
    async with peer(options.data_dir, Limits(files=1_000_000), options.key) as running:
        print(f"127.0.0.1:{running.port}", flush=True)
        await anyio.to_thread.run_sync(sys.stdin.read)  # ends with the process that started it


if __name__ == "__main__":
    anyio.run(_main)
