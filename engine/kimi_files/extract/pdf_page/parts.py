"""A PDF laid out by liteparse in a thread of its own, part after part, while pdfium reads the same pages in another."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
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
        self._batches = self._parsed(untrusted_pdf, count)
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

    def _parsed(self, untrusted_pdf: bytes, count: int) -> Generator[list[Any]]:
        first = 1
        try:
            session = _tried(lambda: _liteparse().open_batch_session_bytes(untrusted_pdf, self.size))
            while (batch := _tried(session.next_batch)) is not None:
                yield batch.result.pages
                first += self.size
        except _Failed:
            # One page ends a session: then the others are read without it.
            for start in range(first, count + 1, self.size):
                pages = _read_apart(untrusted_pdf, range(start, min(start + self.size, count + 1)))
                if not pages:
                    self.failed = True
                    return
                yield pages


def upright(untrusted_pdf: bytes, turned: Mapping[int, int]) -> dict[int, LaidPage]:
    """The pages whose text stands sideways or on its head, by how many degrees, read anew as they stand upright."""
    if not turned:
        return {}
    from kimi_files.extract.pdf_page.laid import LaidPage

    try:
        pages = _read(untrusted_pdf, turned, page_orientation_corrections=list(turned.items()))
    except _Failed:
        return {}
    return {page.page_num: LaidPage(page) for page in pages}


class _Failed(Exception):
    """liteparse gave up, or fell over one of the pages."""


def _read_apart(untrusted_pdf: bytes, numbers: Sequence[int]) -> list[Any]:
    """The pages with these numbers, in halves where they cannot be read together, without those that fail alone."""
    try:
        return _read(untrusted_pdf, numbers)
    except _Failed:
        half = len(numbers) // 2
        return _read_apart(untrusted_pdf, numbers[:half]) + _read_apart(untrusted_pdf, numbers[half:]) if half else []


def _read(untrusted_pdf: bytes, numbers: Iterable[int], **options: Any) -> list[Any]:
    parser = _liteparse(target_pages=",".join(map(str, numbers)), **options)
    pages: list[Any] = _tried(lambda: parser.parse_bytes(untrusted_pdf).pages)
    return pages


def _tried(read: Callable[[], Any]) -> Any:
    """What liteparse gives. Raises _Failed."""
    try:
        return read()
    except RuntimeError:
        raise _Failed from None
    except BaseException as error:
        # A panic of Rust comes as no Exception, and of a class that cannot be imported.
        if type(error).__name__ != "PanicException":
            raise
        raise _Failed from None


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
