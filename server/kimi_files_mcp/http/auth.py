"""Who may speak to the service: whoever holds the one key."""

from __future__ import annotations

import re
import secrets
from pathlib import Path

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from kimi_files.errors import InvalidArguments
from kimi_files_mcp.http.errors import IncorrectKey, InvalidAuthentication

_KEY = re.compile(r"[!-~]{1,512}")
_HINT = (
    "Send the header Authorization: Bearer KEY, with the key that `kimi-files-mcp serve` printed or its key file holds."
)


class KeyRequired:
    """Lets only requests with the key through. The key itself is in no message, log or representation."""

    def __init__(self, app: ASGIApp, key: str) -> None:
        self._app = app
        self._key = key.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._check(Headers(scope=scope).getlist("authorization"))
        await self._app(scope, receive, send)

    def _check(self, values: list[str]) -> None:
        if not values:
            raise InvalidAuthentication("Invalid Authentication: the request has no key.", _HINT)
        scheme, _, given = values[0].strip().partition(" ")
        if len(values) > 1 or scheme.lower() != "bearer" or not _KEY.fullmatch(given.strip()):
            raise InvalidAuthentication("Invalid Authentication: the Authorization header is malformed.", _HINT)
        if not secrets.compare_digest(given.strip().encode(), self._key):
            raise IncorrectKey("Incorrect API key provided.", _HINT)


def new_key() -> str:
    """A key that nobody can guess, recognisable as one of this service."""
    return f"sk-local-{secrets.token_urlsafe(32)}"


def read_key(path: Path) -> str:
    """The key in a file of one line. InvalidArguments where there is none; the message never shows what is in the file."""
    hint = "Put one line of visible ASCII characters without spaces into it, or leave --api-key-file out."
    try:
        text = path.read_text(encoding="utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise InvalidArguments(f"The key file '{path}' cannot be read: {reason}.", hint) from None
    if not _KEY.fullmatch(text):
        raise InvalidArguments(f"The key file '{path}' holds no usable key.", hint)
    return text
