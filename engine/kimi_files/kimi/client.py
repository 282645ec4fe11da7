"""Requests to a service that speaks Kimi's API, each with what is known afterwards about its effect."""

from __future__ import annotations

import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import IO, Any, Literal, TypeVar
from urllib.parse import quote

import anyio
import anyio.to_thread
import httpx
from pydantic import ValidationError

from kimi_files.access import OpenFile
from kimi_files.errors import FileNotFound
from kimi_files.kimi.body import text_parts
from kimi_files.kimi.endpoint import Endpoint
from kimi_files.kimi.errors import RemoteFailure, ServiceFault, ServiceUnreachable
from kimi_files.kimi.form import UploadForm
from kimi_files.kimi.patience import Clock, Patience, RetryPolicy, SystemClock
from kimi_files.kimi.replies import RemoteFile, failure_of, odd_reply, read_file, read_object
from kimi_files.models import Purpose
from kimi_files.progress import Progress, no_progress
from kimi_files.redaction import redacted

T = TypeVar("T")

# By phase. An upload's reply comes when its text has been extracted; the gateway cuts silent chats after 900 s.
_CONNECT_SECONDS = 15.0
_WRITE_SECONDS = 60.0
_READ_SECONDS = 60.0
_EXTRACTION_SECONDS = 300.0
_CHAT_SILENCE_SECONDS = 900.0

_MOST_REPLY_BYTES = 32 << 20
_MOST_ERROR_BYTES = 1 << 20
_MOST_CONTENT_BYTES = 1 << 30
_MOST_PAGES = 1_000
_MOST_EVENT_CHARACTERS = 4 << 20

_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of the account. ``begun_at`` is the Unix time before the look; ``complete`` says that none is missing."""

    files: tuple[RemoteFile, ...]
    begun_at: float
    complete: bool


class KimiClient:
    """One connection pool for a service, made at the first request.

    ``files``, ``file``, ``delete_file``, ``content`` and ``get`` may be sent again without harm and are, by the policy;
    they raise errors of the tree. ``upload`` and ``post`` are sent once and raise RemoteFailure.
    """

    def __init__(self, endpoint: Endpoint, policy: RetryPolicy | None = None, clock: Clock | None = None) -> None:
        self.endpoint = endpoint
        self.policy = policy or RetryPolicy()
        self.clock = clock or SystemClock()
        self._http: httpx.AsyncClient | None = None
        self._not_before = 0.0

    async def aclose(self) -> None:
        """Close the connections."""
        http, self._http = self._http, None
        if http is not None:
            await http.aclose()

    # Files

    async def upload(
        self, file: OpenFile, sent_name: str, purpose: Purpose, progress: Progress = no_progress
    ) -> RemoteFile:
        """Send a file, once. RemoteFailure says whether it may be there all the same; FileChanged if it changes meanwhile."""
        form = UploadForm(file, sent_name, purpose, progress)
        timeout = _timeout(_EXTRACTION_SECONDS)
        try:
            status, body = await self._exchange(
                "POST", "/files", timeout=timeout, headers=form.headers, content=form.chunks()
            )
        except RemoteFailure as failure:
            # An answer from a gateway, or none: the service may store the file after we have looked for it.
            failure.settling = failure.kind == "unknown" and form.is_sent and failure.settling
            raise
        return read_file(body, status)

    async def files(self, progress: Progress = no_progress) -> Listing:
        """All files of the account."""
        return await self.patiently(self._list_once, progress)

    async def file(self, file_id: str, progress: Progress = no_progress) -> RemoteFile:
        """One file. FileNotFound only if the service itself says that there is none."""

        async def look() -> RemoteFile:
            status, body = await self._exchange("GET", _file_path(file_id))
            return read_file(body, status)

        return await self.patiently(look, progress)

    async def delete_file(self, file_id: str, progress: Progress = no_progress) -> bool:
        """Delete a file; False if there was none."""
        may_be_done = False

        async def delete() -> bool:
            nonlocal may_be_done
            try:
                await self._exchange("DELETE", _file_path(file_id))
            except RemoteFailure as failure:
                may_be_done = may_be_done or failure.kind == "unknown"
                raise
            return True

        try:
            return await self.patiently(delete, progress)
        except FileNotFound:
            return may_be_done

    async def content(self, file_id: str, target: IO[bytes], progress: Progress = no_progress) -> str:
        """Write a file's content body into ``target``, whole; gives its media type."""

        async def load() -> str:
            await anyio.to_thread.run_sync(_emptied, target)
            async with self._answer("GET", f"{_file_path(file_id)}/content") as response:
                media_type: str = response.headers.get("content-type", "").partition(";")[0].strip().lower()
                if media_type == "text/html":
                    raise odd_reply("a file's content", response.status_code)
                size = 0
                async for chunk in response.aiter_bytes(1 << 20):
                    size += len(chunk)
                    if size > _MOST_CONTENT_BYTES:
                        raise odd_reply("a content of a sensible size", response.status_code)
                    await anyio.to_thread.run_sync(target.write, chunk)
            await anyio.to_thread.run_sync(text_parts, target)  # finds out whether it is whole
            return media_type

        return await self.patiently(load, progress)

    # Anything else

    async def get(self, path: str, what: str, progress: Progress = no_progress) -> dict[str, Any]:
        """A JSON object."""

        async def load() -> dict[str, Any]:
            return await self.get_once(path, what)

        return await self.patiently(load, progress)

    async def get_once(self, path: str, what: str) -> dict[str, Any]:
        """A JSON object, asked for once; RemoteFailure if it does not come."""
        status, body = await self._exchange("GET", path)
        return read_object(body, what, status)

    async def post(self, path: str, value: Mapping[str, Any], what: str) -> dict[str, Any]:
        """Send a JSON object, once; the JSON object that comes back."""
        headers, content = _json_body(value)
        status, body = await self._exchange("POST", path, headers=headers, content=content)
        return read_object(body, what, status)

    @asynccontextmanager
    async def events(self, path: str, value: Mapping[str, Any]) -> AsyncIterator[AsyncIterator[str]]:
        """Send a JSON object, once; the data of each server-sent event, or one JSON reply as a whole.

        Leaving the block closes the request, whether it has ended or not.
        """
        headers, content = _json_body(value)
        headers["Accept"] = "text/event-stream, application/json"
        timeout = _timeout(_CHAT_SILENCE_SECONDS)
        async with self._answer("POST", path, headers=headers, content=content, timeout=timeout) as response:
            yield _events(response)

    async def patiently(self, attempt: Callable[[], Awaitable[T]], progress: Progress = no_progress) -> T:
        """The result of ``attempt``, made again after a failure for as long as the policy says; then its error."""
        patience = Patience(self.policy, self.clock, progress)
        while True:
            try:
                return await attempt()
            except RemoteFailure as failure:
                await patience.after(failure)

    # Inside

    async def _list_once(self) -> Listing:
        begun_at = self.clock.time()
        found: dict[str, RemoteFile] = {}
        path = "/files"
        for _ in range(_MOST_PAGES):
            status, body = await self._exchange("GET", path)
            page = read_object(body, "a list of files", status)
            records = page.get("data")
            if not isinstance(records, list):
                raise odd_reply("a list of files", status)
            before = len(found)
            try:
                found.update((file.id, file) for file in map(RemoteFile.model_validate, records))
            except ValidationError:
                raise odd_reply("a list of files", status) from None
            if page.get("has_more") is not True:
                return Listing(tuple(found.values()), begun_at, complete=True)
            if len(found) == before:
                break  # it says that there is more and does not give it
            path = f"/files?after={quote(list(found)[-1], safe='')}"
        return Listing(tuple(found.values()), begun_at, complete=False)

    async def _exchange(self, method: Literal["GET", "POST", "DELETE"], path: str, **options: Any) -> tuple[int, bytes]:
        """Status and whole body of a 2xx reply; RemoteFailure for everything else."""
        async with self._answer(method, path, **options) as response:
            return response.status_code, await _body(response, _MOST_REPLY_BYTES)

    @asynccontextmanager
    async def _answer(self, method: str, path: str, **options: Any) -> AsyncIterator[httpx.Response]:
        """A 2xx reply whose body is still to be read. What goes wrong in the block becomes a RemoteFailure as well."""
        await self._pause()
        try:
            async with self._client().stream(method, self.endpoint.base_url + path, **options) as response:
                if not response.is_success:
                    raise await self._failure(response)
                yield response
        except _NOT_SENT as error:
            raise RemoteFailure(_unreachable(error, self.endpoint), _kind_of_unreachable(error)) from None
        except httpx.TransportError as error:
            raise RemoteFailure(_broken(error), "unknown", settling=True) from None
        except (httpx.DecodingError, httpx.InvalidURL) as error:
            raise odd_reply(f"readable ({type(error).__name__})", 200) from None

    async def _failure(self, response: httpx.Response) -> RemoteFailure:
        body = await _body(response, _MOST_ERROR_BYTES)
        failure = failure_of(response.status_code, response.headers, body, self.endpoint, self.clock.time())
        if failure.kind == "busy" and failure.wait is not None:
            # The limit is the account's: whatever else this process would send meets it too.
            wait = min(failure.wait, self.policy.longest_wait)
            self._not_before = max(self._not_before, self.clock.monotonic() + wait)
        return failure

    async def _pause(self) -> None:
        wait = self._not_before - self.clock.monotonic()
        if wait > 0:
            await self.clock.sleep(wait)

    def _client(self) -> httpx.AsyncClient:
        if self._http is None:
            headers = {"User-Agent": "kimi-files-mcp"}
            if self.endpoint.key:
                headers["Authorization"] = f"Bearer {self.endpoint.key}"
            self._http = httpx.AsyncClient(
                headers=headers,
                timeout=_timeout(_READ_SECONDS),
                follow_redirects=False,  # a 307 would send the file again, to somewhere else
                trust_env=False,  # no proxy reads along that nobody asked for here
            )
        return self._http


def _timeout(read: float) -> httpx.Timeout:
    return httpx.Timeout(connect=_CONNECT_SECONDS, write=_WRITE_SECONDS, read=read, pool=_READ_SECONDS)


def _file_path(file_id: str) -> str:
    return f"/files/{quote(file_id, safe='')}"


def _json_body(value: Mapping[str, Any]) -> tuple[dict[str, str], bytes]:
    # A lone surrogate, which a file's text may hold, has no UTF-8.
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return {"Content-Type": "application/json"}, body


def _emptied(target: IO[bytes]) -> None:
    target.seek(0)
    target.truncate()


async def _body(response: httpx.Response, most: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in response.aiter_bytes():
        size += len(part)
        if size > most:
            raise odd_reply("of a sensible size", response.status_code)
        parts.append(part)
    return b"".join(parts)


async def _events(response: httpx.Response) -> AsyncIterator[str]:
    if "event-stream" not in response.headers.get("content-type", ""):
        yield (await _body(response, _MOST_REPLY_BYTES)).decode("utf-8", "replace")
        return
    lines: list[str] = []
    size = 0
    async for line in response.aiter_lines():
        if line.startswith("data:"):
            lines.append(line[5:].removeprefix(" "))
            size += len(line)
            if size > _MOST_EVENT_CHARACTERS:
                raise odd_reply("an event of a sensible size", response.status_code)
        elif not line and lines:
            yield "\n".join(lines)
            lines, size = [], 0
    if lines:
        yield "\n".join(lines)


def _kind_of_unreachable(error: Exception) -> Literal["refused", "busy"]:
    """A certificate that is not trusted will not be trusted in a second either."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return "refused"
        cause = cause.__cause__ or cause.__context__
    return "refused" if "CERTIFICATE_VERIFY_FAILED" in str(error) else "busy"


def _unreachable(error: Exception, endpoint: Endpoint) -> ServiceUnreachable:
    reason = redacted(str(error))[:200] or type(error).__name__
    return ServiceUnreachable(
        f"The service at {endpoint.base_url} cannot be reached ({reason}).",
        f"Check the network, and {endpoint.url_variable}. Proxies of the environment are not used.",
    )


def _broken(error: Exception) -> ServiceFault:
    reason = redacted(str(error))[:200] or type(error).__name__
    return ServiceFault(f"The connection to the service broke ({reason}).", "Call again in a moment.")
