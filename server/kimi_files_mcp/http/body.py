"""The body of ``GET /v1/files/{id}/content`` for a text: one JSON object, written while the text is read."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

from kimi_files.content import Content, PageInfo
from kimi_files.formats import FORMATS

PAGE_BREAK = "\n\n"

_MEDIA_TYPES = {known.name: known.media_type for known in FORMATS}


async def content_body(content: Content) -> AsyncIterator[bytes]:
    """``{"content":…,"file_type":…,"filename":…,"title":"","type":"file"}`` in UTF-8, piece by piece.

    ``content`` is the text of all pages that have one, with an empty line between two, and the name above each sheet.
    """
    yield b'{"content":"'
    pages = [page for page in content.pages if page.characters]
    for place, page in enumerate(pages):
        yield _escaped(_before(page, first=place == 0))
        async for piece in content.pieces(page.number):
            yield _escaped(piece.text)
    file_type = _MEDIA_TYPES.get(content.format, "application/octet-stream")
    rest = {"file_type": file_type, "filename": content.name, "title": "", "type": "file"}
    yield b'",' + _compact(rest)[1:].encode()


def _before(page: PageInfo, *, first: bool) -> str:
    # A sheet's name is in no cell; titles of other pages stand in their texts.
    name = f"# {page.label}{' (hidden)' if page.hidden else ''}{PAGE_BREAK}" if page.kind == "sheet" else ""
    return name if first else PAGE_BREAK + name


def _escaped(text: str) -> bytes:
    """A part of a JSON string without the quotes around it."""
    return _compact(text)[1:-1].encode()


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
