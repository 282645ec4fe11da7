"""``/v1/chat/completions`` and ``/v1/models``, passed through to the chat endpoint that is configured."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import anyio
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from kimi_files.errors import InvalidRequest
from kimi_files.kimi.endpoint import Endpoint
from kimi_files_mcp.http.disconnect import while_connected
from kimi_files_mcp.http.errors import ChatNotConfigured, ChatTimeout, ChatUnreachable, failure_response

if TYPE_CHECKING:
    import httpx

MAX_BODY_BYTES = 100 * 1024 * 1024
"""What the service takes as the body of a chat request."""

# The gateway in front of the service drops a silent call after 900 s.
_SILENCE_SECONDS = 900
_CONNECT_SECONDS = 15
_REQUEST_HEADERS = ("content-type", "content-length", "accept", "accept-encoding")
_RESPONSE_HEADERS = (
    "content-type",
    "content-length",
    "content-encoding",
    "cache-control",
    "retry-after",
    "x-request-id",
)


class ChatRoutes:
    """The chat operations. Without an endpoint they say how to configure one."""

    def __init__(self, endpoint: Endpoint | None) -> None:
        self._endpoint = endpoint
        self._connections: httpx.AsyncClient | None = None

    def routes(self) -> list[Route]:
        return [
            Route("/models", self.models, methods=["GET"]),
            Route("/chat/completions", self.completions, methods=["POST"]),
        ]

    async def models(self, request: Request) -> Response:
        return await self._forward(request, "/models")

    async def completions(self, request: Request) -> Response:
        return await self._forward(request, "/chat/completions")

    async def aclose(self) -> None:
        """Close what is open to the endpoint."""
        if self._connections is not None:
            await self._connections.aclose()
            self._connections = None

    async def _forward(self, request: Request, path: str) -> Response:
        if self._endpoint is None:
            raise ChatNotConfigured(
                "No chat endpoint is configured; this service keeps and reads files.",
                "Start it with KIMI_FILES_CHAT_BASE_URL (and KIMI_FILES_CHAT_API_KEY) set to an OpenAI-compatible API.",
            )
        # httpx costs start-up time and is needed only here.
        import httpx

        client = self._client()
        body = RequestBody(request)
        outgoing = client.build_request(
            request.method,
            self._endpoint.base_url + path,
            headers=self._headers(request),
            content=body.chunks() if request.method == "POST" else None,
        )
        receive = body.receive_after if request.method == "POST" else request.receive
        try:
            answer = await while_connected(receive, lambda: client.send(outgoing, stream=True))
        except httpx.TimeoutException:
            raise ChatTimeout("The chat endpoint did not answer in time.", "Try again; stream long answers.") from None
        except httpx.HTTPError as error:
            raise _unreachable(self._endpoint, f"cannot be reached ({type(error).__name__})") from None
        return await _passed_on(answer, self._endpoint)

    def _headers(self, request: Request) -> dict[str, str]:
        assert self._endpoint is not None
        headers = {name: request.headers[name] for name in _REQUEST_HEADERS if name in request.headers}
        if self._endpoint.key:
            headers["authorization"] = f"Bearer {self._endpoint.key}"
        return headers

    def _client(self) -> httpx.AsyncClient:
        import httpx

        if self._connections is None:
            # A redirect would send files to somewhere else; a proxy of the environment was not asked for.
            timeout = httpx.Timeout(_SILENCE_SECONDS, connect=_CONNECT_SECONDS)
            self._connections = httpx.AsyncClient(follow_redirects=False, trust_env=False, timeout=timeout)
        return self._connections


class RequestBody:
    """The body of a request on its way to the endpoint, and the moment at which it is through."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._through = anyio.Event()

    async def chunks(self) -> AsyncIterator[bytes]:
        """The bytes as they arrive. InvalidRequest beyond the limit."""
        size = 0
        try:
            async for chunk in self._request.stream():
                size += len(chunk)
                if size > MAX_BODY_BYTES:
                    raise InvalidRequest("The body of the chat request is larger than 100 MB.", "Send less text.")
                if chunk:
                    yield chunk
        finally:
            self._through.set()

    async def receive_after(self) -> Message:
        """What the client says after the body."""
        await self._through.wait()
        return await self._request.receive()


class Relay(StreamingResponse):
    """The endpoint's answer as it arrives. The request to the endpoint ends with it, also when the client hangs up."""

    def __init__(self, answer: httpx.Response) -> None:
        headers = {name: answer.headers[name] for name in _RESPONSE_HEADERS if name in answer.headers}
        super().__init__(answer.aiter_raw(), answer.status_code, headers)
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            with anyio.CancelScope(shield=True):
                await self._answer.aclose()


async def _passed_on(answer: httpx.Response, endpoint: Endpoint) -> Response:
    """The answer itself, unless it is not of the contract: a redirect, or a gateway's page in HTML."""
    is_json = "json" in answer.headers.get("content-type", "")
    if answer.is_success or (answer.is_error and is_json):
        return Relay(answer)
    await answer.aclose()
    failure = _unreachable(endpoint, f"answered with status {answer.status_code} and no JSON")
    response = failure_response(failure)
    if answer.is_error:
        response.status_code = answer.status_code
    return response


def _unreachable(endpoint: Endpoint, what: str) -> ChatUnreachable:
    return ChatUnreachable(f"The chat endpoint {what}.", f"Check {endpoint.url_variable}, and try again.")
