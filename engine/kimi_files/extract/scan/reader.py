"""Pages that are pictures of text: read by the OCR extra where it is installed, as many at a time as a caller waits for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from kimi_files import extras
from kimi_files.extract.document import Advance, OcrState, OutlineEntry, PageKind, PageText
from kimi_files.extract.pieces import outline_entry, page_texts

if TYPE_CHECKING:
    from PIL.Image import Image

    from kimi_files.formats import Format

SECONDS = 30.0
"""How long pages are begun to be read: some hosts give up after a minute, and a page takes 2 to 10 seconds."""

_allowed = SECONDS

# In a smaller picture no word can be told from dust.
_SMALLEST = 24


def allow(seconds: float) -> None:
    """Give every reader of this process so much time from now on."""
    global _allowed
    _allowed = seconds


@dataclass(frozen=True, slots=True)
class Scan:
    """The words of a page, whether they were looked for, and the headings among them, with their levels from 1."""

    text: str = ""
    ocr: OcrState = "none"
    headings: Sequence[tuple[str, int]] = ()

    def outline(self, page: int) -> Iterator[OutlineEntry]:
        """Its headings as entries of a file in which it has that number."""
        for title, level in self.headings:
            entry = outline_entry(title, level, page)
            if entry is not None:
                yield entry


class ScanReader:
    """Reads pages until its time is over. What is left then waits until somebody asks for it."""

    def __init__(self) -> None:
        self._until: float | None = None

    def read(self, draw: Callable[[], Image | None]) -> Scan:
        """The page that ``draw`` gives as a picture."""
        if not extras.has("ocr"):
            return Scan()
        now = time.monotonic()
        if self._until is None:
            self._until = now + _allowed
        elif now >= self._until:
            return Scan(ocr="waiting")
        image = draw()
        if image is None or min(image.size) < _SMALLEST:
            return Scan()
        from kimi_files.extract.scan import recognition

        found = recognition.read_picture(image)
        return Scan(found.text, "read", found.headings)


def read_pages(
    stream: BinaryIO,
    name: str,
    format: Format,  # noqa: A002
    pages: Sequence[int],
) -> Iterator[PageText | OutlineEntry | Advance]:
    """These pages of a PDF or a picture as text; ends early, between two pages, when the time is over.

    Their headings follow each page, unless the file has an outline of its own.
    """
    from kimi_files.extract import picture
    from kimi_files.extract.pdf_page import drawing
    from kimi_files.formats import PDF

    reader = ScanReader()
    kind: PageKind = "page" if format == PDF else "picture"
    has_outline = format == PDF and drawing.has_outline(stream, name)
    drawn = drawing.scans(stream, name, pages) if format == PDF else picture.scans(stream, name, pages)
    with closing(drawn):
        for done, (number, label, draw) in enumerate(drawn):
            yield Advance(done=done, total=len(pages), message=f"reading the scanned page {label}")
            found = reader.read(draw)
            if found.ocr == "waiting":
                return
            yield from page_texts(number, label, kind, None, found.text, without_text=not found.text, ocr=found.ocr)
            if not has_outline:
                yield from found.outline(number)
