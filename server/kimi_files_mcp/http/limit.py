"""How many requests run at once."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from kimi_files_mcp.http.errors import RETRY_AFTER_SECONDS, TooManyRequests


class RequestLimit:
    """Lets ``most`` requests run at once and asks the next to come again, before its body is read."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app = app
        self._most = most
        self._running = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._running >= self._most:
            raise TooManyRequests(
                f"Your request reached max concurrency: {self._most},"
                f" please try again after {RETRY_AFTER_SECONDS} seconds"
            )
        self._running += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._running -= 1
