"""Failures that only HTTP knows, as part of the one tree, and the one place where a failure becomes a response.

KimiFilesError
├── InvalidRequest                 400
│   ├── InvalidUpload                  invalid_upload
│   └── MethodNotAllowed           405 method_not_allowed
├── InvalidAuthentication          401 invalid_authentication_error
│   └── IncorrectKey                   incorrect_api_key_error
├── RouteNotFound                  404 resource_not_found_error / route_not_found
├── ChatNotConfigured              404 resource_not_found_error / chat_not_configured
├── TooManyRequests                429 rate_limit_reached_error
└── ServerError
    ├── ServiceStopping            503 server_unavailable
    ├── ChatUnreachable            502 server_unavailable
    └── ChatTimeout                504 server_unavailable
"""

from __future__ import annotations

from collections.abc import Mapping

import anyio
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kimi_files.errors import InvalidRequest, KimiFilesError, ServerError
from kimi_files_tools.failure import as_error

RETRY_AFTER_SECONDS = 1


class InvalidUpload(InvalidRequest):
    """The body is not a form with one file and one purpose."""

    code = "invalid_upload"


class MethodNotAllowed(InvalidRequest):
    status = 405
    code = "method_not_allowed"


class InvalidAuthentication(KimiFilesError):
    """There is no key in the request, or not in the form that the contract wants."""

    status = 401
    type = "invalid_authentication_error"
    code = "invalid_authentication"


class IncorrectKey(InvalidAuthentication):
    type = "incorrect_api_key_error"
    code = "incorrect_api_key"


class RouteNotFound(KimiFilesError):
    status = 404
    type = "resource_not_found_error"
    code = "route_not_found"


class ChatNotConfigured(RouteNotFound):
    code = "chat_not_configured"


class TooManyRequests(KimiFilesError):
    status = 429
    type = "rate_limit_reached_error"
    code = "rate_limit_reached"


class ServiceStopping(ServerError):
    status = 503
    type = "server_unavailable"
    code = "service_stopping"


class ChatUnreachable(ServerError):
    status = 502
    type = "server_unavailable"
    code = "chat_unreachable"


class ChatTimeout(ServerError):
    status = 504
    type = "server_unavailable"
    code = "chat_timeout"


class FailuresAsResponses:
    """Answers every failure of the application below with an ``ErrorResponse``."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except ClientDisconnect:
            return  # nobody is there to be answered
        except anyio.get_cancelled_exc_class():
            # Only the server cancels a request, when it ends; raised further, it would be logged as a fault of ours.
            if not started:
                with anyio.CancelScope(shield=True):
                    await failure_response(_stopping())(scope, receive, send)
        except Exception as error:
            failure = as_error(error)
            if started:
                return  # an unfinished response makes the server cut the connection: nobody takes it for whole
            await failure_response(failure)(scope, receive, send)


def _stopping() -> ServiceStopping:
    return ServiceStopping("The service was stopped before it could answer.", "Ask again when it is back.")


def failure_response(failure: KimiFilesError, headers: Mapping[str, str] | None = None) -> Response:
    """The contract's ``ErrorResponse`` with the status and the headers that belong to it."""
    also: dict[str, str] = {}
    if isinstance(failure, InvalidAuthentication):
        also["WWW-Authenticate"] = "Bearer"
    if isinstance(failure, TooManyRequests):
        also["Retry-After"] = str(RETRY_AFTER_SECONDS)
    body = failure.to_response().compact_json()
    return Response(body, failure.status, {**also, **(headers or {})}, media_type="application/json")


def routing_failure(request: Request, error: Exception) -> Response:
    """What the router says (no such path, another method) in the contract's words."""
    assert isinstance(error, HTTPException)
    where = f"{request.method[:20]} {request.url.path[:200]}"
    if error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "")
        return failure_response(
            MethodNotAllowed(f"There is no {where}.", f"The path takes {allowed}."), {"Allow": allowed}
        )
    return failure_response(RouteNotFound(f"There is no {where}.", "GET /openapi.json lists what there is."))
