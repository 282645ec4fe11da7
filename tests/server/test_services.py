"""The service that the first call starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from kimi_files.workers.pool import WorkerPool
from kimi_files_mcp.settings import read_settings
from kimi_files_mcp.stdio import open_workspace
from kimi_files_tools.ask_about_files import ask_about_files
from kimi_files_tools.get_file_content import ContentRequest, get_file_content
from kimi_files_tools.list_files import list_files
from kimi_files_tools.upload_file import upload_file
from kimi_files_tools.workspace import Workspace


async def content(workspace: Workspace) -> None:
    await get_file_content(workspace, "a.txt", ContentRequest())


async def answer(workspace: Workspace) -> None:
    await ask_about_files(workspace, "cracks?", ["a.txt", "b.txt"])


async def uploaded(workspace: Workspace) -> None:
    await upload_file(workspace, "a.txt")


async def listed(workspace: Workspace) -> None:
    await list_files(workspace)


@pytest.mark.parametrize(("call", "readers"), [(content, 1), (answer, 2), (uploaded, 1), (listed, 0)])
async def test_readers_start_before_the_store_opens_as_many_as_files_will_be_read(
    call, readers: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[bool] = []

    class Watched(WorkerPool):
        def prepare(self, jobs: int = 1) -> None:
            super().prepare(jobs)
            started.extend(not (tmp_path / "data").exists() for _ in self._idle)

    monkeypatch.setattr("kimi_files_mcp.services.WorkerPool", Watched)
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text("The shaft has cracks.\n")
    workspace = open_workspace(read_settings({}, [str(tmp_path)], None, str(tmp_path / "data")))
    try:
        await call(workspace)
    finally:
        await workspace.aclose()
    assert started == [True] * readers
