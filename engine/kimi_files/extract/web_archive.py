"""Web pages that a browser saved with all that belongs to them (mhtml): the pages, without their pictures."""

from __future__ import annotations

import io
from collections.abc import Iterator
from email.message import Message as Part
from typing import TYPE_CHECKING, BinaryIO

from kimi_files.errors import DamagedFile
from kimi_files.extract import mime, web
from kimi_files.extract.document import Advance, OutlineEntry, PageText, Warning  # noqa: A004
from kimi_files.extract.markdown import sections

if TYPE_CHECKING:
    from kimi_files.formats import Format

_MOST_PARTS = 5_000
_PAGES = ("text/html", "application/xhtml+xml")


def read(
    stream: BinaryIO,
    name: str,
    format: Format,  # noqa: A002
) -> Iterator[PageText | OutlineEntry | Warning | Advance]:
    """The page in sections, its frames after it. DamagedFile where there is no page."""
    parts = list(_leaves(mime.parse_parts(stream.read())))[:_MOST_PARTS]
    pages = [part for part in parts if part.get_content_type() in _PAGES]
    if not pages:
        texts = [mime.text_of(part) for part in parts if part.get_content_type() == "text/plain"]
        if not texts:
            raise DamagedFile("The web archive holds no page.", "Save the page again.")
        yield from sections("\n\n".join(texts))
        return
    found = []
    for part in pages:
        declared = part.get_param("charset")
        markup = web.decoded_markup(io.BytesIO(mime.content_of(part)), declared if isinstance(declared, str) else None)
        found.append(web.converted("".join(markup)))
    yield from web.page_events(found)


def _leaves(part: Part) -> Iterator[Part]:
    waiting = [part]
    while waiting:
        found = waiting.pop(0)
        inner = found.get_payload() if found.is_multipart() else None
        if isinstance(inner, list):
            waiting[:0] = [each for each in inner if isinstance(each, Part)]
        else:
            yield found
