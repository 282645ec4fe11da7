"""Pages of a PDF as pictures, for scans and for what text cannot say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any, BinaryIO

from kimi_files.errors import DamagedFile, InvalidPages, PasswordRequired
from kimi_files.extract.picture import LONG_SIDE, Drawing, encode

if TYPE_CHECKING:
    from PIL.Image import Image

# A business card gains nothing from more than four times its printed size.
_MOST_SCALE = 4.0


def draw(stream: BinaryIO, name: str, pages: Sequence[int] | None) -> Iterator[Drawing]:
    """The pages named by number (from 1), else the first one.

    Raises PasswordRequired, DamagedFile, and InvalidPages for a page that is not there.
    """
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
        count = len(document)
        document.init_forms()  # what was typed into a form is drawn, too
        for number in pages or (1,):
            if not 1 <= number <= count:
                raise InvalidPages(f"'{name}' has no page {number}: it has {count}.", f"Ask for pages 1 to {count}.")
            picture = _picture(document, number, name)
            label = document.get_page_label(number - 1) or str(number)
            note = "" if pages else f"page 1 of {count:,}"
            yield encode(picture, number, label, note)


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
