"""The routes under ``/v1/files``: arguments in, the files service, the contract's records out."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Literal

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from kimi_files.errors import InvalidArguments, UnsupportedFile
from kimi_files.formats import MAX_FILES, check_purpose
from kimi_files.models import FileDeleted, FileList, FileObject
from kimi_files.service import FilesService
from kimi_files_mcp.http.bodies import BodyCache
from kimi_files_mcp.http.body import content_body
from kimi_files_mcp.http.disconnect import while_connected
from kimi_files_mcp.http.upload import receive_upload

MOST_LISTED = 10_000
"""What OpenAI's API takes as ``limit``. Without one, all files are listed, as Kimi does."""

# Longer texts are sent as they are read, so that memory stays flat.
_WHOLE_CHARACTERS = 1 << 18
_CACHED_BYTES = 8 << 20
_WHOLE_NUMBER = re.compile(r"[0-9]{1,9}")


class FileRoutes:
    """The file operations of the contract over one service."""

    def __init__(self, service: FilesService, spool_dir: Path) -> None:
        self._service = service
        self._spool_dir = spool_dir
        self._bodies = BodyCache(_CACHED_BYTES)

    def routes(self) -> list[Route]:
        return [
            _route("/files", POST=self.create, GET=self.list),
            _route("/files/{file_id}", GET=self.retrieve, DELETE=self.delete),
            _route("/files/{file_id}/content", GET=self.content),
        ]

    async def create(self, request: Request) -> Response:
        async with receive_upload(request, self._spool_dir) as upload:
            create = partial(self._service.create, upload.file, upload.purpose)
            return _record(await while_connected(request.receive, create))

    async def list(self, request: Request) -> Response:
        query = request.query_params
        purpose = check_purpose(query["purpose"]) if "purpose" in query else None
        found = await self._service.list(purpose, query.get("after") or None, _limit(query), _order(query))
        return _record(found)

    async def retrieve(self, request: Request) -> Response:
        return _record(await self._service.retrieve(request.path_params["file_id"]))

    async def delete(self, request: Request) -> Response:
        return _record(await self._service.delete(request.path_params["file_id"]))

    async def content(self, request: Request) -> Response:
        file = await self._service.retrieve(request.path_params["file_id"])
        if file.purpose == "batch":
            size = {"Content-Length": str(file.bytes)}
            return StreamingResponse(self._service.raw(file.id), headers=size, media_type="application/jsonl")
        if file.purpose != "file-extract":
            raise UnsupportedFile(
                f"'{file.filename}' has the purpose '{file.purpose}': it has no text to give.",
                "Upload it with the purpose 'file-extract' to have its text extracted.",
            )
        body = self._bodies.get(file.id)
        if body is None:
            content = await while_connected(request.receive, partial(self._service.content, file.id))
            if sum(page.characters for page in content.pages) > _WHOLE_CHARACTERS:
                return StreamingResponse(content_body(content), media_type="application/json")
            body = b"".join([part async for part in content_body(content)])
            self._bodies.put(file.id, body)
        return Response(body, media_type="application/json")


def _route(path: str, **endpoints: Callable[[Request], Awaitable[Response]]) -> Route:
    """One route for all methods of a path, so that a 405 names every method that there is."""

    async def answer(request: Request) -> Response:
        return await endpoints["GET" if request.method == "HEAD" else request.method](request)

    return Route(path, answer, methods=list(endpoints))


def _limit(query: Mapping[str, str]) -> int:
    given = query.get("limit", str(MAX_FILES))
    if not _WHOLE_NUMBER.fullmatch(given) or not 1 <= int(given) <= MOST_LISTED:
        raise InvalidArguments(f"Invalid limit: {given[:40]!r}.", f"It is a whole number from 1 to {MOST_LISTED}.")
    return int(given)


def _order(query: Mapping[str, str]) -> Literal["asc", "desc"]:
    match query.get("order", "desc"):
        case "asc":
            return "asc"
        case "desc":
            return "desc"
        case other:
            raise InvalidArguments(f"Invalid order: {other[:40]!r}.", "It is asc or desc.")


def _record(record: FileObject | FileList | FileDeleted) -> Response:
    return Response(record.compact_json(), media_type="application/json")
