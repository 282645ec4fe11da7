"""The process of ``kimi-files-mcp serve``: a socket, a key, the application, until it is told to stop."""

from __future__ import annotations

import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import HANDLED_SIGNALS

from kimi_files.errors import InvalidArguments, InvalidRequest
from kimi_files.kimi.endpoint import is_loopback
from kimi_files_mcp.http.app import MOST_REQUESTS, build_app
from kimi_files_mcp.http.auth import new_key, read_key
from kimi_files_mcp.services import start
from kimi_files_mcp.settings import Settings

_GRACE_SECONDS = 5
_IDLE_SECONDS = 75
_BACKLOG = 512


@dataclass(frozen=True, slots=True)
class Address:
    """Where the service listens. ``key`` is None when a key file holds it."""

    base_url: str
    key: str | None = field(repr=False)


async def serve(
    settings: Settings,
    host: str = "127.0.0.1",
    port: int = 0,
    api_key_file: Path | None = None,
    most_requests: int = MOST_REQUESTS,
    announce: Callable[[Address], None] = lambda address: None,
) -> None:
    """Serve the contract until SIGINT or SIGTERM. ``announce`` is called once, when connections are taken.

    Port 0 takes a free one. InvalidArguments for a host beyond this machine without a key file, an unusable key file,
    and an address that cannot be listened on.
    """
    if api_key_file is None and not is_loopback(host):
        raise InvalidArguments(
            f"Listening on '{host}' lets other machines in.",
            "Give the key that they need with --api-key-file FILE, or leave --host out to stay on this machine.",
        )
    key = new_key() if api_key_file is None else read_key(api_key_file)
    with listen(host, port) as listener:
        service = start(settings, text_required=True)
        try:
            app = build_app(service, key, settings.data_dir, settings.chat or settings.kimi, most_requests)
            announce(Address(_base_url(listener), key if api_key_file is None else None))
            await Server(app).serve([listener])
        finally:
            with anyio.CancelScope(shield=True):
                await service.aclose()


class Server(uvicorn.Server):
    """Stops on a signal without raising it again afterwards: the service behind it is to be closed first."""

    def __init__(self, app: Starlette) -> None:
        super().__init__(_config(app))

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in HANDLED_SIGNALS}
        try:
            yield
        finally:
            for number, action in before.items():
                signal.signal(number, action)


class _Protocol(H11Protocol):
    """Says in the contract's form, too, that a request is no HTTP."""

    def send_400_response(self, msg: str) -> None:
        failure = InvalidRequest("The request is not well-formed HTTP.", "Send it with a client that speaks HTTP/1.1.")
        body = failure.to_response().compact_json().encode()
        head = f"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        self.transport.write(f"{head}Connection: close\r\n\r\n".encode() + body)
        self.transport.close()


def _config(app: Starlette) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=_Protocol,  # h11 is always there: what is tested is what runs
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,  # paths hold ids, and nobody asked for a record of them
        server_header=False,
        proxy_headers=False,
        # Longer than clients keep idle connections: they, not we, decide when one ends.
        timeout_keep_alive=_IDLE_SECONDS,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )


def listen(host: str, port: int) -> socket.socket:
    """A socket that takes connections. InvalidArguments, with the reason, where there can be none."""
    # asyncio turns Nagle's delay off (40 ms for each answer) only where the protocol is named.
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if sys.platform != "win32":  # there it would let two processes share the port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except (OSError, OverflowError) as error:
        listener.close()
        reason = getattr(error, "strerror", None) or str(error)
        raise InvalidArguments(
            f"'{host}' port {port} cannot be listened on: {reason}.", "Choose another --port, or 0 for any free one."
        ) from None
    return listener


def _base_url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/v1"
