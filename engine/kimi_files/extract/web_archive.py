"""Web pages that a browser saved with all that belongs to them (mhtml): the pages, without their pictures.

Excel writes workbooks so, and programs for web sites offer such files as ``.xls``: each sheet is a page of its own.
"""

from __future__ import annotations

import html
import io
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message as Part
from typing import TYPE_CHECKING, BinaryIO

from kimi_files.errors import DamagedFile
from kimi_files.extract import mime, web
from kimi_files.extract.document import Advance, OutlineEntry, PageText, Warning  # noqa: A004
from kimi_files.extract.markdown import sections
from kimi_files.extract.pieces import one_line, outline_entry, page_texts, sentence

if TYPE_CHECKING:
    from kimi_files.formats import Format

_MOST_PARTS = 5_000
_PAGES = ("text/html", "application/xhtml+xml")
# A frame is a part of its own, and its text is given after that of the page.
_FRAME = re.compile(r"""<iframe\b(?>(?:[^<>"']|"[^"<>]{0,4000}"|'[^'<>]{0,4000}')*)>""", re.IGNORECASE)
_FRAME_WITHIN = re.compile(r"""\ssrc\s*=\s*["']?cid:""", re.IGNORECASE)

_WORKSHEET = re.compile(
    r"<x:ExcelWorksheet>\s*<x:Name>([^<]*)</x:Name>((?:(?!</x:ExcelWorksheet>).){0,4000})</x:ExcelWorksheet>", re.S
)
_SHEET_SOURCE = re.compile(r"""<x:WorksheetSource\s+HRef\s*=\s*["']([^"'<>]+)["']""")
_SHEET_HIDDEN = re.compile(r"<x:Visible>\s*Sheet(?:Very)?Hidden")


@dataclass(frozen=True, slots=True)
class _Sheet:
    name: str
    markup: str
    hidden: bool


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
    markups = [_markup(part) for part in pages]
    workbook = _workbook(pages, markups)
    if workbook:
        yield from _sheet_events(workbook)
    else:
        yield from web.page_events([web.converted(_FRAME.sub(_outside, markup)) for markup in markups])


def _outside(frame: re.Match[str]) -> str:
    return "" if _FRAME_WITHIN.search(frame[0]) else frame[0]


def _markup(part: Part) -> str:
    declared = part.get_param("charset")
    return "".join(
        web.decoded_markup(io.BytesIO(mime.content_of(part)), declared if isinstance(declared, str) else None)
    )


def _workbook(pages: list[Part], markups: list[str]) -> list[_Sheet]:
    """The sheets that the first page names, in the order of their tabs; none where one of them is missing."""
    by_address = {
        _last_name(str(part.get(header, ""))): markup
        for part, markup in zip(pages, markups, strict=True)
        for header in ("Content-Location", "Content-ID")
    }
    found: list[_Sheet] = []
    for name, properties in _WORKSHEET.findall(markups[0]):
        source = _SHEET_SOURCE.search(properties)
        markup = by_address.get(_last_name(html.unescape(source[1]))) if source else None
        if markup is None:
            return []
        found.append(_Sheet(one_line(html.unescape(name)), markup, _SHEET_HIDDEN.search(properties) is not None))
    return found


def _last_name(address: str) -> str:
    """What an address ends with: of a part of the archive, a program writes it in several ways."""
    return posixpath.basename(address.strip().strip("<>").removeprefix("cid:").replace("\\", "/")).casefold()


def _sheet_events(found: list[_Sheet]) -> Iterator[PageText | OutlineEntry | Warning]:
    labels: set[str] = set()
    for number, sheet in enumerate(found, start=1):
        label = sheet.name if sheet.name and sheet.name not in labels else f"{sheet.name} {number}".strip()
        labels.add(label)
        text, _ = web.as_markdown(sheet.markup)
        yield from page_texts(number, label, "sheet", sheet.name, text.strip(), hidden=sheet.hidden)
        entry = outline_entry(label, 1, number)
        if entry is not None:
            yield entry
    hidden = [sheet.name for sheet in found if sheet.hidden]
    if hidden:
        yield Warning(message=sentence(f"Hidden in the workbook, given here all the same: {', '.join(hidden)}."))


def _leaves(part: Part) -> Iterator[Part]:
    waiting = [part]
    while waiting:
        found = waiting.pop(0)
        inner = found.get_payload() if found.is_multipart() else None
        if isinstance(inner, list):
            waiting[:0] = [each for each in inner if isinstance(each, Part)]
        else:
            yield found
