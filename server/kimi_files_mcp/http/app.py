"""The ASGI application: routes, and around them key, limit and errors."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route, Router

from kimi_files.kimi.endpoint import Endpoint
from kimi_files.service import FilesService
from kimi_files_mcp.http.auth import KeyRequired
from kimi_files_mcp.http.chat import ChatRoutes
from kimi_files_mcp.http.errors import FailuresAsResponses, routing_failure
from kimi_files_mcp.http.files import FileRoutes
from kimi_files_mcp.http.limit import RequestLimit
from kimi_files_mcp.http.schema import openapi_json
from kimi_files_mcp.http.unread import UnreadBodies

MOST_REQUESTS = 64


def build_app(
    service: FilesService,
    key: str,
    spool_dir: Path,
    chat: Endpoint | None = None,
    most_requests: int = MOST_REQUESTS,
) -> Starlette:
    """The contract over ``service`` for whoever holds ``key``; uploads on their way are in ``spool_dir``.

    The application does not close the service: whoever opened it does.
    """
    files = FileRoutes(service, spool_dir)
    chats = ChatRoutes(chat)
    guarded = Router(
        [*files.routes(), *chats.routes()],
        redirect_slashes=False,
        middleware=[Middleware(KeyRequired, key), Middleware(RequestLimit, most_requests)],
    )

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await chats.aclose()

    app = Starlette(
        routes=[
            Route("/healthz", _health, methods=["GET"]),
            Route("/openapi.json", _schema, methods=["GET"]),
            Mount("/v1", guarded),
        ],
        middleware=[Middleware(UnreadBodies), Middleware(FailuresAsResponses)],
        exception_handlers={HTTPException: routing_failure},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    return app


async def _health(_: Request) -> Response:
    return Response('{"status":"ok"}', media_type="application/json")


async def _schema(_: Request) -> Response:
    return Response(openapi_json(), media_type="application/json")
