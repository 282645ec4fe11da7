"""Work that stops when the client that asked for it is gone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio
from starlette.requests import ClientDisconnect
from starlette.types import Receive

Result = TypeVar("Result")


async def while_connected(receive: Receive, work: Callable[[], Awaitable[Result]]) -> Result:
    """The result of ``work``, which is cancelled when the client hangs up: ClientDisconnect then.

    Call it after the body of the request was read: what arrives meanwhile is not looked at.
    """
    failure: Exception | None = None
    outcome: list[Result] = []

    async def watch() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        tasks.cancel_scope.cancel()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(watch)
        try:
            outcome.append(await work())
        except Exception as error:  # the group would wrap it
            failure = error
        tasks.cancel_scope.cancel()
    if failure is not None:
        raise failure
    if not outcome:
        raise ClientDisconnect
    return outcome[0]
