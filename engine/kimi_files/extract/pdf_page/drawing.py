"""Pages of a PDF as pictures, for scans and for what text cannot say."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO

from kimi_files.errors import DamagedFile, InvalidPages, PasswordRequired
from kimi_files.extract.picture import DOTS_PER_INCH, LONG_SIDE, LONGEST_SCAN, Drawing, encode

if TYPE_CHECKING:
    from PIL.Image import Image

# A business card gains nothing from more than four times its printed size.
_MOST_SCALE = 4.0


def draw(stream: BinaryIO, name: str, pages: Sequence[int] | None) -> Iterator[Drawing]:
    """The pages named by number (from 1), else the first one.

    Raises PasswordRequired, DamagedFile, and InvalidPages for a page that is not there.
    """
    with _opened(stream, name) as document:
        count = len(document)
        for number in pages or (1,):
            if not 1 <= number <= count:
                raise InvalidPages(f"'{name}' has no page {number}: it has {count}.", f"Ask for pages 1 to {count}.")
            picture = _picture(document, number, name)
            label = document.get_page_label(number - 1) or str(number)
            note = "" if pages else f"page 1 of {count:,}"
            yield encode(picture, number, label, note)


def scans(stream: BinaryIO, name: str, pages: Sequence[int]) -> Generator[tuple[int, str, Callable[[], Image | None]]]:
    """Number, label, and how to draw each of these pages large enough to be read. Raises what ``draw`` does."""
    with _opened(stream, name) as document:
        labels = page_labels(document)
        for number in pages:
            if 1 <= number <= len(labels):
                yield number, labels[number - 1], partial(scan, document, number)


def has_outline(stream: BinaryIO, name: str) -> bool:
    """Whether the file has an outline of its own. Raises what ``draw`` does."""
    with _opened(stream, name) as document:
        return any(True for _ in document.get_toc(max_depth=1))


def scan(document: Any, number: int) -> Image | None:
    """A page drawn large enough to be read; None for one that cannot be drawn."""
    import pypdfium2

    try:
        with closing(document[number - 1]) as page:
            scale = min(DOTS_PER_INCH / 72, LONGEST_SCAN / max(*page.get_size(), 1.0))
            picture: Image = page.render(scale=scale).to_pil()
    except pypdfium2.PdfiumError:
        return None
    return picture


def page_labels(document: Any) -> list[str]:
    """Page labels ("iv", "A-3"), or plain numbers where the labels do not tell all pages apart."""
    numbers = [str(number) for number in range(1, len(document) + 1)]
    labels = [document.get_page_label(index).strip() for index in range(len(document))]
    return labels if all(labels) and len(set(labels)) == len(labels) else numbers


@contextmanager
def _opened(stream: BinaryIO, name: str) -> Iterator[Any]:
    import pypdfium2
    from pypdfium2.raw import FPDF_ERR_PASSWORD

    stream.seek(0)
    try:
        document = pypdfium2.PdfDocument(stream.read())
    except pypdfium2.PdfiumError as error:
        if error.err_code == FPDF_ERR_PASSWORD:
            raise PasswordRequired(f"'{name}' opens only with a password.", "Save a copy without a password.") from None
        raise DamagedFile(f"'{name}' cannot be opened as PDF.", "Save it again in the program it came from.") from None
    with closing(document):
        document.init_forms()  # what was typed into a form is drawn, too
        yield document


def _picture(document: Any, number: int, name: str) -> Image:
    import pypdfium2

    try:
        with closing(document[number - 1]) as page:
            scale = min(LONG_SIDE / max(*page.get_size(), 1.0), _MOST_SCALE)
            picture: Image = page.render(scale=scale).to_pil().convert("RGB")
    except pypdfium2.PdfiumError:
        raise DamagedFile(
            f"Page {number} of '{name}' is damaged and cannot be drawn.", "Ask for other pages."
        ) from None
    picture.thumbnail((LONG_SIDE, LONG_SIDE))  # pdfium rounds up
    return picture
