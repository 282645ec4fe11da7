"""The service as a process of its own, as ``kimi-files-mcp serve`` starts it, and as an application inside a test."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from starlette.applications import Starlette

from kimi_files.kimi.endpoint import Endpoint
from kimi_files.local.service import LocalFilesService
from kimi_files.workers.pool import WorkerPool
from kimi_files_mcp.http.app import build_app
from kimi_files_mcp.http.run import Server, listen

KEY = "sk-local-for-tests"


@dataclass(frozen=True, slots=True)
class Running:
    """A service that listens. ``base_url`` ends in /v1."""

    base_url: str
    data_dir: Path
    process: subprocess.Popen[str] | None = None

    @property
    def address(self) -> tuple[str, int]:
        url = httpx.URL(self.base_url)
        assert url.port is not None
        return url.host, url.port

    def client(self, **options: Any) -> httpx.Client:
        headers = {"Authorization": f"Bearer {KEY}", **options.pop("headers", {})}
        return httpx.Client(base_url=self.base_url, headers=headers, timeout=60, trust_env=False, **options)


def clean_environment(**extra: str) -> dict[str, str]:
    """Ours without any variable that would change the service or its clients."""
    ours = ("KIMI_", "MOONSHOT_", "OPENAI_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
    return {name: value for name, value in os.environ.items() if not name.upper().startswith(ours)} | extra


@contextmanager
def serving(folder: Path, *options: str, **variables: str) -> Iterator[Running]:
    """``kimi-files-mcp serve`` as a process, with ``folder``/data as its store."""
    key_file = folder / "key"
    key_file.write_text(KEY + "\n")
    command = [sys.executable, "-m", "kimi_files_mcp", "--data-dir", str(folder / "data")]
    command += ["serve", "--api-key-file", str(key_file), *options]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=clean_environment(**variables), cwd=folder
    ) as process:
        assert process.stdout
        try:
            yield Running(process.stdout.readline().split()[-1], folder / "data", process)
        finally:
            process.terminate()


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One process for all tests that only need some files of their own in it."""
    with serving(tmp_path_factory.mktemp("serve")) as started:
        yield started


@pytest.fixture
def api(running: Running) -> Iterator[httpx.Client]:
    with running.client() as client:
        yield client


@asynccontextmanager
async def listening(app: Starlette) -> AsyncIterator[str]:
    """An application on a port of this machine, inside the test; its base URL without /v1."""
    listener = listen("127.0.0.1", 0)
    server = Server(app)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(server.serve, [listener])
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True


@pytest.fixture
def store(tmp_path: Path) -> Callable[..., LocalFilesService]:
    """Makes local services over the test's own folder."""
    return lambda kind=LocalFilesService: kind(tmp_path / "data", WorkerPool())


def chat_at(url: str, key: str = "") -> Endpoint:
    """A chat endpoint of the user's own at ``url`` without /v1."""
    return Endpoint(f"{url}/v1", key, "KIMI_FILES_CHAT_BASE_URL", "KIMI_FILES_CHAT_API_KEY")


@asynccontextmanager
async def serving_here(service: LocalFilesService, spool_dir: Path, **options: Any) -> AsyncIterator[Running]:
    """The application over ``service``, inside the test."""
    try:
        async with listening(build_app(service, KEY, spool_dir, **options)) as url:
            yield Running(f"{url}/v1", spool_dir)
    finally:
        await service.aclose()
