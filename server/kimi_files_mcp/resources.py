"""Uploaded files as resources: a paged list, a template for a file and for pages of it, and the reading of both."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from mcp.types import Resource, ResourceTemplate

from kimi_files.errors import FileNotFound, InvalidRequest, KimiFilesError
from kimi_files.redaction import redacted
from kimi_files_tools.get_file_content import ContentRequest, get_file_content
from kimi_files_tools.workspace import Workspace, is_file_id

if TYPE_CHECKING:
    from mcp.server.lowlevel.helper_types import ReadResourceContents

    from kimi_files.models import FileObject

FILE_TEMPLATE = "kimi-file://{file_id}"
PAGES_TEMPLATE = "kimi-file://{file_id}/pages/{pages}"

_URI = re.compile(r"kimi-file://([^/?#]+)(?:/pages/([^/?#]+))?/?")
_PAGE_RESOURCES = 50


def templates() -> list[ResourceTemplate]:
    """The two forms of address."""
    return [
        ResourceTemplate(
            uri_template=FILE_TEMPLATE,
            name="uploaded-file",
            title="Uploaded file",
            description="The beginning of an uploaded file's text, with its outline and what follows; an image as itself.",
        ),
        ResourceTemplate(
            uri_template=PAGES_TEMPLATE,
            name="uploaded-file-pages",
            title="Pages of an uploaded file",
            description='The text of some pages: "3-7,12", or names of sheets or chapters.',
        ),
    ]


async def listed(workspace: Workspace, cursor: str | None) -> tuple[list[Resource], str | None]:
    """Uploaded files, newest first, and the cursor of the next page; FileNotFound for a cursor that is none."""
    service = await workspace.service()
    page = await service.list(after=cursor or None, limit=_PAGE_RESOURCES)
    return [_resource(file) for file in page.data], page.data[-1].id if page.has_more else None


async def read(workspace: Workspace, uri: str) -> list[ReadResourceContents]:
    """What ``get_file_content`` gives for that file or those pages. McpError with the reason for everything else."""
    from mcp.server.lowlevel.helper_types import ReadResourceContents
    from mcp.server.mcpserver.exceptions import ResourceNotFoundError
    from mcp.shared.exceptions import MCPError
    from mcp.types import INTERNAL_ERROR, INVALID_PARAMS

    match = _URI.fullmatch(uri)
    file_id = unquote(match.group(1)) if match else ""
    if match is None or not is_file_id(file_id):
        raise ResourceNotFoundError(f"Unknown resource: {uri[:200]}. Its form is {FILE_TEMPLATE} or {PAGES_TEMPLATE}.")
    try:
        content = await get_file_content(workspace, file_id, ContentRequest(pages=unquote(match.group(2) or "")))
    except FileNotFound as error:
        raise ResourceNotFoundError(str(error)) from None
    except KimiFilesError as error:
        code = INVALID_PARAMS if isinstance(error, InvalidRequest) else INTERNAL_ERROR
        raise MCPError(code=code, message=str(error), data=error.to_response().model_dump(exclude_none=True)) from None
    pictures = [ReadResourceContents(picture.data, picture.media_type) for picture in content.pictures]
    return [ReadResourceContents(redacted(content.text), "text/plain"), *pictures]


def address(file_id: str, pages: str = "") -> str:
    """The address of a file, or of pages of it."""
    whole = f"kimi-file://{file_id}"
    return f"{whole}/pages/{quote(pages, safe=',-')}" if pages else whole


def _resource(file: FileObject) -> Resource:
    return Resource(
        uri=address(file.id),
        name=file.filename,
        title=file.filename,
        description=file.status_details,
        mime_type="text/plain" if file.purpose in ("file-extract", "batch") else None,
        size=file.bytes,
    )
