"""Pages that are pictures of text: read by the OCR extra where it is installed, as many at a time as a caller waits for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, BinaryIO

from kimi_files import extras
from kimi_files.extract.document import Advance, OcrState, PageKind, PageText
from kimi_files.extract.pieces import page_texts

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


class ScanReader:
    """Reads pages until its time is over. What is left then waits until somebody asks for it."""

    def __init__(self) -> None:
        self._until: float | None = None

    def read(self, draw: Callable[[], Image | None]) -> tuple[str, OcrState]:
        """The words of a page that ``draw`` gives as a picture, and whether they were looked for."""
        if not extras.has("ocr"):
            return "", "none"
        now = time.monotonic()
        if self._until is None:
            self._until = now + _allowed
        elif now >= self._until:
            return "", "waiting"
        image = draw()
        if image is None or min(image.size) < _SMALLEST:
            return "", "none"
        from kimi_files.extract import ocr

        return ocr.read_picture(image), "read"


def read_pages(
    stream: BinaryIO,
    name: str,
    format: Format,  # noqa: A002
    pages: Sequence[int],
) -> Iterator[PageText | Advance]:
    """These pages of a PDF or a picture as text; ends early, between two pages, when the time is over."""
    from kimi_files.extract import picture
    from kimi_files.extract.pdf_page import drawing
    from kimi_files.formats import PDF

    reader = ScanReader()
    kind: PageKind = "page" if format == PDF else "picture"
    drawn = drawing.scans(stream, name, pages) if format == PDF else picture.scans(stream, name, pages)
    with closing(drawn):
        for done, (number, label, draw) in enumerate(drawn):
            yield Advance(done=done, total=len(pages), message=f"reading the scanned page {label}")
            text, ocr = reader.read(draw)
            if ocr == "waiting":
                return
            yield from page_texts(number, label, kind, None, text, without_text=not text, ocr=ocr)
