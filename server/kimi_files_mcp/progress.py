"""Progress for whoever waits: the latest word once a second, so that no host believes the server dead."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
from mcp.server.mcpserver import Context

from kimi_files.progress import Progress

_EVERY_SECONDS = 1.0


@asynccontextmanager
async def reporting(context: Context[Any, Any]) -> AsyncIterator[Progress]:
    """A ``Progress`` whose latest word goes to the client every second until the end of the block.

    The number sent always grows, as the protocol asks, also while the work stands at one place.
    """
    latest: tuple[float, float | None, str] = (0.0, None, "working")

    async def remember(done: float, total: float | None, message: str) -> None:
        nonlocal latest
        latest = (done, total, message)

    async def send() -> None:
        sent = 0.0
        while True:
            await anyio.sleep(_EVERY_SECONDS)
            done, total, message = latest
            sent = done if done > sent else sent + 0.001
            await context.report_progress(sent, total, message)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(send)
        yield remember
        tasks.cancel_scope.cancel()
