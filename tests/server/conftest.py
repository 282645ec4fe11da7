"""The real server over stdio, called by the real client, with every line recorded."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters

RECORDER = Path(__file__).parent / "recorder.py"
ERAS = ("legacy", "2026-07-28")


@dataclass
class Session:
    """A connected client, the folder that the server may read, and the recorded lines."""

    client: Client
    folder: Path
    record: Path

    async def call(self, name: str, **arguments: Any) -> str:
        """The text of a result that must not be an error."""
        result = await self.client.call_tool(name, arguments)
        text = result.content[0].text
        assert not result.is_error, text
        return text

    async def fail(self, name: str, **arguments: Any) -> dict[str, str]:
        """The error of a result that must be one."""
        import json

        result = await self.client.call_tool(name, arguments)
        assert result.is_error, result.content[0].text
        assert len(result.content) == 1
        return json.loads(result.content[0].text)["error"]


Connect = Callable[..., AbstractAsyncContextManager[Session]]


def environment(**extra: str) -> dict[str, str]:
    """Ours without any variable that would change the server."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("KIMI_", "MOONSHOT_"))}
    return kept | extra


@pytest.fixture
def connect(tmp_path: Path) -> Connect:
    folder = tmp_path / "files"
    folder.mkdir()

    @asynccontextmanager
    async def connected(
        mode: str = "2026-07-28", data: str = "data", name: str = "record", **options: Any
    ) -> AsyncIterator[Session]:
        record = tmp_path / name
        command = [sys.executable, "-m", "kimi_files_mcp", "--allow", str(folder), "--data-dir", str(tmp_path / data)]
        parameters = StdioServerParameters(
            command=sys.executable, args=[str(RECORDER), str(record), *command], env=environment(), cwd=tmp_path
        )
        async with Client(parameters, mode=mode, **options) as client:
            yield Session(client, folder, record)

    return connected
