"""A PDF laid out by liteparse in a thread of its own, part after part, while pdfium reads the same pages in another."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from math import ceil
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kimi_files.extract.pdf_page.laid import LaidPage

# A part is large enough for liteparse, which looks across all its pages for the size of the text.
_PART_PAGES = 24
_FEWEST_IN_PARTS = 6

# The last one is smaller by that: liteparse has nothing to do while its pages are finished.
_LAST_PART = 0.5


class Parts:
    """The pages of a PDF in parts of ``size`` pages. The next part is begun when one is asked for."""

    def __init__(self, untrusted_pdf: bytes, count: int) -> None:
        """``count`` is the number of pages."""
        parts = 1 if count < _FEWEST_IN_PARTS else max(2, ceil(count / _PART_PAGES)) - _LAST_PART
        self.size = max(ceil(count / parts), 1)
        self.failed = False
        """Whether liteparse gave up: the pages from there on are missing."""
        self._batches = self._parsed(untrusted_pdf)
        # One part is waited for, and the next is begun when that is read.
        self._coming: deque[Future[list[Any]]] = deque()
        self._begin()
        self._begin()

    @property
    def is_ready(self) -> bool:
        """Whether the next part need not be waited for."""
        return self._coming[0].done()

    def next(self) -> dict[int, LaidPage]:
        """The pages of the next part by their numbers, without those that liteparse cannot read."""
        from kimi_files.extract.pdf_page.laid import LaidPage

        pages = self._coming.popleft().result()
        self._begin()
        return {page.page_num: LaidPage(page) for page in pages}

    def close(self) -> None:
        for future in self._coming:
            future.cancel()
        # liteparse ends a session only in the thread that began it.
        _beside().submit(self._batches.close)

    def _begin(self) -> None:
        self._coming.append(_beside().submit(next, self._batches, []))

    def _parsed(self, untrusted_pdf: bytes) -> Generator[list[Any]]:
        try:
            session = _liteparse().open_batch_session_bytes(untrusted_pdf, self.size)
            while (batch := session.next_batch()) is not None:
                yield batch.result.pages
        except RuntimeError:
            self.failed = True


def upright(untrusted_pdf: bytes, turned: Mapping[int, int]) -> dict[int, LaidPage]:
    """The pages whose text stands sideways or on its head, by how many degrees, read anew as they stand upright."""
    if not turned:
        return {}
    from kimi_files.extract.pdf_page.laid import LaidPage

    pages = ",".join(map(str, turned))
    parser = _liteparse(target_pages=pages, page_orientation_corrections=list(turned.items()))
    try:
        return {page.page_num: LaidPage(page) for page in parser.parse_bytes(untrusted_pdf).pages}
    except RuntimeError:
        return {}


@cache
def _beside() -> ThreadPoolExecutor:
    """The thread in which liteparse reads one file after another; it holds no lock meanwhile."""
    return ThreadPoolExecutor(1)


def _liteparse(**options: Any) -> Any:
    # The public class copies every text run into a Python object, a fifth of the time, and few of them are looked at.
    from liteparse._liteparse import LiteParse

    # OCR would download language data; running headers and small print are text like any other.
    return LiteParse(
        ocr_enabled=False,
        output_format="markdown",
        quiet=True,
        keep_headers_footers=True,
        preserve_very_small_text=True,
        continue_on_page_error=True,
        image_mode="off",
        extract_annotations=True,
        extract_form_fields=True,
        extract_blocks=True,
        extract_vector_graphics=True,
        emit_word_boxes=True,
        **options,
    )
