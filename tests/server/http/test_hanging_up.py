"""Clients that go away, and more of them than the service takes at once."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from kimi_files.access import OpenFile
from kimi_files.local.service import LocalFilesService
from kimi_files.models import FileObject, Purpose
from kimi_files.progress import Progress, no_progress
from tests.server.http.conftest import KEY, Running, serving, serving_here

GUARD = 30
"""Seconds after which a test that would wait for ever fails instead."""

BODY = (
    b"--b\r\nContent-Disposition: form-data; name=purpose\r\n\r\nfile-extract\r\n"
    b'--b\r\nContent-Disposition: form-data; name=file; filename="half.txt"\r\n\r\n'
    + b"text " * 1000
    + b"\r\n--b--\r\n"
)


class SlowService(LocalFilesService):
    """A service whose work lasts until it is cancelled."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.begun = anyio.Event()
        self.stopped = anyio.Event()

    async def create(self, file: OpenFile, purpose: Purpose, progress: Progress = no_progress) -> FileObject:
        self.begun.set()
        try:
            await anyio.sleep_forever()
        finally:
            self.stopped.set()
        raise AssertionError


@contextmanager
def half_sent(running: Running) -> Iterator[socket.socket]:
    """An upload that the service has let in and of which it has half the body."""
    with socket.create_connection(running.address, timeout=GUARD) as connection:
        connection.sendall(
            f"POST /v1/files HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer {KEY}\r\nExpect: 100-continue\r\n"
            f"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {len(BODY)}\r\n\r\n".encode()
        )
        assert connection.recv(1024).startswith(b"HTTP/1.1 100 ")
        connection.sendall(BODY[: len(BODY) // 2])
        yield connection


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service that takes one request at a time."""
    with serving(tmp_path_factory.mktemp("narrow"), "--max-requests", "1") as started:
        yield started


def stored(data_dir: Path) -> list[Path]:
    """Everything of an upload that could be left on the disk."""
    kept = [path for folder in ("blobs", "incoming", "files") for path in (data_dir / folder).rglob("*")]
    return [path for path in [*kept, *data_dir.glob("upload-*")] if path.is_file()]


def test_one_request_too_many_is_asked_to_come_again(narrow):
    with half_sent(narrow) as upload, narrow.client() as client:
        refusal = client.get("/files")
        assert (refusal.status_code, refusal.headers["retry-after"]) == (429, "1")
        assert refusal.json()["error"]["type"] == "rate_limit_reached_error"
        assert "please try again after 1 seconds" in refusal.json()["error"]["message"]
        assert client.get(narrow.base_url.replace("/v1", "/healthz")).status_code == 200
        upload.sendall(BODY[len(BODY) // 2 :])
        assert upload.recv(1024).startswith(b"HTTP/1.1 200 ")
        file = client.get("/files").json()["data"][0]
        assert client.delete(f"/files/{file['id']}").status_code == 200


def test_of_an_upload_that_was_broken_off_nothing_is_stored(narrow):
    with narrow.client() as client:
        assert client.get("/files").json()["data"] == []
        before = stored(narrow.data_dir)
        with half_sent(narrow):
            pass
        # Its place is free again when the service has cleared it away.
        transport = httpx.HTTPTransport()
        with narrow.client(transport=transport) as other:
            while (answer := other.get("/files")).status_code == 429:
                pass
        assert answer.json()["data"] == []
        assert stored(narrow.data_dir) == before


async def test_a_client_that_hangs_up_stops_the_work_on_its_upload(store, tmp_path):
    service = store(SlowService)
    async with serving_here(service, tmp_path) as running:
        with anyio.fail_after(GUARD):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(anyio.to_thread.run_sync, _send_and_leave, running, service.begun)
                await service.stopped.wait()
        assert (await service.list()).data == []
    assert list(tmp_path.glob("upload-*")) == []


def _send_and_leave(running: Running, begun: anyio.Event) -> None:
    with half_sent(running) as upload:
        upload.sendall(BODY[len(BODY) // 2 :])
        anyio.from_thread.run(begun.wait)
