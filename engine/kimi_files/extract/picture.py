"""Pictures: what they are, whether they decode, and a copy that a model can look at."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, BinaryIO

from kimi_files import extras
from kimi_files.errors import DamagedFile, InvalidPages, TooComplex, UnsupportedFile
from kimi_files.extract.document import Advance, OutlineEntry, PageText, Warning  # noqa: A004
from kimi_files.extract.pieces import page_texts, without_running
from kimi_files.extract.scan.reader import ScanReader

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

    from kimi_files.formats import Format

MAX_PIXELS = 64_000_000
LONG_SIDE = 1568
"""What vision models take without shrinking it themselves."""

MAX_ENCODED_BYTES = 700_000

DOTS_PER_INCH = 200
LONGEST_SCAN = 4_000
"""How large a page is drawn to be read by OCR, in pixels. More gains nothing: lines are read 48 pixels high."""

# No other decoder of Pillow's ever sees a file.
_DECODERS = ("PNG", "JPEG", "GIF", "WEBP", "BMP", "DIB", "ICO", "XBM", "TIFF", "AVIF")
_ANIMATED = ("PNG", "GIF", "WEBP", "AVIF")
_ORIENTATION, _ON_SIDE = 0x0112, (5, 6, 7, 8)
_LINE_ART_COLOURS = 4096
_QUALITIES = (85, 75, 60, 45, 30)


@dataclass(frozen=True, slots=True)
class Drawing:
    """A picture ready to be shown. ``page`` counts from 1; ``note`` says what the picture alone does not."""

    page: int
    label: str
    media_type: str
    data: bytes
    width: int
    height: int
    note: str = ""


def read(
    stream: BinaryIO,
    name: str,
    format: Format,  # noqa: A002
) -> Iterator[PageText | OutlineEntry | Warning | Advance]:
    """A page for each page of the picture, with words and headings where OCR is there; its size as a warning.

    Raises DamagedFile, TooComplex.
    """
    reader = ScanReader()
    with _opened(stream, name) as image:
        count, words = _pages(image), describe(image, format)
        headings: list[OutlineEntry] = []
        for number in range(1, count + 1):
            scan = reader.read(partial(_scan, image, number, name))
            headings.extend(scan.outline(number))
            yield from page_texts(
                number, str(number), "picture", None, scan.text, without_text=not scan.text, ocr=scan.ocr
            )
            if scan.ocr == "read" and count > 1:
                yield Advance(done=number, total=count, message=f"page {number} of {count}")
        yield from without_running(headings)
        yield Warning(message=words)


def scans(stream: BinaryIO, name: str, pages: Sequence[int]) -> Generator[tuple[int, str, Callable[[], Image | None]]]:
    """Number, label, and how to get each of these pages large enough to be read. DamagedFile, TooComplex."""
    with _opened(stream, name) as image:
        count = _pages(image)
        for number in pages:
            if 1 <= number <= count:
                yield number, str(number), partial(_scan, image, number, name)


def draw(
    stream: BinaryIO,
    name: str,
    format: Format,  # noqa: A002
    pages: Sequence[int] | None,
) -> Iterator[Drawing]:
    """The pages of a picture (most have one), as they should be shown; the first one where none is named.

    Raises DamagedFile, TooComplex, and InvalidPages for a page that is not there.
    """
    with _opened(stream, name) as image:
        count = _pages(image)
        for page in pages or (1,):
            if not 1 <= page <= count:
                raise InvalidPages(f"'{name}' has no page {page}: it has {count}.", f"Ask for pages 1 to {count}.")
            if count > 1:
                image.seek(page - 1)
            _check_size(image, name)
            yield encode(_ready(image), page, str(page), _note(image, page, count, format))


def check(
    stream: BinaryIO,
    name: str,
    format: Format,  # noqa: A002
) -> str:
    """What the picture is, in words. DamagedFile if it does not decode, TooComplex if it is too large."""
    with _opened(stream, name) as image:
        # A draft costs a JPEG an eighth, and still goes through all of its bytes.
        image.draft("L", (LONG_SIDE, LONG_SIDE))
        words = describe(image, format)
        image.load()
    return words


def describe(image: Image, format: Format) -> str:  # noqa: A002
    """'PNG picture, 1,200 × 800 px', upright, with the number of frames, pages or sizes if there are several."""
    width, height = _upright_size(image)
    words = f"{format.name}, {width:,} × {height:,} px"
    sizes = len(image.info.get("sizes", ())) if image.format == "ICO" else 1
    if sizes > 1:
        words += f", the largest of {sizes} sizes"
    frames = _frames(image)
    if frames > 1 and image.format in (*_ANIMATED, "TIFF"):
        words += f", {frames:,} {'pages' if image.format == 'TIFF' else 'frames'}"
    return words


def encode(image: Image, page: int, label: str, note: str = "") -> Drawing:
    """PNG for few colours and for what shines through, else JPEG; at most ``MAX_ENCODED_BYTES``."""
    clear = "A" in image.getbands()
    if clear and image.getchannel("A").getextrema() == (255, 255):
        image, clear = image.convert("RGB"), False
    if clear or image.getcolors(_LINE_ART_COLOURS) is not None:
        data = _saved(image, "PNG", optimize=True)
        if len(data) <= MAX_ENCODED_BYTES:
            return Drawing(page, label, "image/png", data, *image.size, note)
    image = _on_white(image)
    while True:
        for quality in _QUALITIES:
            data = _saved(image, "JPEG", quality=quality)
            if len(data) <= MAX_ENCODED_BYTES:
                return Drawing(page, label, "image/jpeg", data, *image.size, note)
        # Noise: nothing but fewer pixels makes it smaller.
        image = image.reduce(2)


@contextmanager
def _opened(stream: BinaryIO, name: str) -> Iterator[ImageFile]:
    from PIL import Image, UnidentifiedImageError

    Image.MAX_IMAGE_PIXELS = MAX_PIXELS // 2  # Pillow warns above this, and refuses above twice as many
    stream.seek(0)
    try:
        with Image.open(stream, formats=_decoders(stream)) as image:
            _check_size(image, name)
            yield image
    except Image.DecompressionBombError:
        raise _too_large(name, "more") from None
    except UnidentifiedImageError:
        raise DamagedFile(
            f"'{name}' cannot be opened: it is a damaged picture, or one of a rare kind.",
            "Open it in another program, save it as PNG, and retry.",
        ) from None
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, RuntimeError) as error:
        if isinstance(error, RecursionError):
            raise
        if str(error).startswith("Unsupported"):
            raise UnsupportedFile(
                f"'{name}' is a picture of a rare kind that is not read.", "Save it as PNG."
            ) from error
        reason = "it ends too early" if "truncated" in str(error) else "its pixels cannot be decoded"
        raise _damaged(name, reason) from error


def _decoders(stream: BinaryIO) -> tuple[str, ...]:
    """The decoders that may see the file; that of HEIC, where it is installed, for no other kind of file."""
    is_boxed = stream.read(12)[4:8] == b"ftyp"
    stream.seek(0)
    if not is_boxed or not extras.has("heic"):
        return _DECODERS
    import pillow_heif

    pillow_heif.register_heif_opener()
    return (*_DECODERS, "HEIF")


def _check_size(image: Image, name: str) -> None:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise _too_large(name, f"{width:,} × {height:,}")


def _too_large(name: str, pixels: str) -> TooComplex:
    return TooComplex(f"'{name}' has {pixels} pixels, over the limit of {MAX_PIXELS:,}.", "Scale it down first.")


def _damaged(name: str, reason: str) -> DamagedFile:
    return DamagedFile(
        f"'{name}' is a damaged picture: {reason}.", "Open it in another program, save it again, and retry."
    )


def _pages(image: Image) -> int:
    return _frames(image) if image.format == "TIFF" else 1


def _frames(image: Image) -> int:
    """How many pictures the file says it has; one where the chain of them is damaged, for the first was found."""
    try:
        return int(getattr(image, "n_frames", 1))
    except (KeyError, TypeError, ValueError, SyntaxError, OSError):
        return 1


def _upright(image: Image) -> Image:
    """The picture as the camera was held; as it is where that cannot be read."""
    from PIL import ImageOps

    try:
        return ImageOps.exif_transpose(image) or image
    except (struct.error, KeyError, TypeError, ValueError, SyntaxError):
        return image


def _upright_size(image: Image) -> tuple[int, int]:
    """Width and height of ``_upright(image)``. The decoder for TIFF gives those by itself."""
    width, height = image.size
    try:
        on_side = image.format != "TIFF" and image.getexif().get(_ORIENTATION) in _ON_SIDE
    except (struct.error, KeyError, TypeError, ValueError, SyntaxError, OSError):
        on_side = False
    return (height, width) if on_side else (width, height)


def _note(image: Image, page: int, count: int, format: Format) -> str:  # noqa: A002
    parts = []
    frames = _frames(image)
    if count > 1:
        parts.append(f"page {page} of {count:,}")
    elif frames > 1 and image.format in _ANIMATED:
        parts.append(f"{format.name}, frame 1 of {frames:,}")
    width, height = _upright_size(image)
    if max(width, height) > LONG_SIDE:
        parts.append(f"scaled down from {width:,} × {height:,} px")
    return ", ".join(parts)


def _scan(image: ImageFile, number: int, name: str) -> Image:
    """A page in black or colours on white, upright as far as the camera knew, not larger than what is read."""
    if _pages(image) > 1:
        image.seek(number - 1)
    _check_size(image, name)
    copy = _on_white(_plain_colours(image))
    copy.thumbnail((LONGEST_SCAN, LONGEST_SCAN), reducing_gap=3.0)
    return _upright(copy)


def _ready(image: ImageFile) -> Image:
    """Upright, in colours that every viewer knows, and small enough."""
    if image.format == "JPEG":
        image.draft("RGB", (LONG_SIDE, LONG_SIDE))
    copy = _plain_colours(image)
    copy.thumbnail((LONG_SIDE, LONG_SIDE), reducing_gap=3.0)
    return _upright(copy)


def _plain_colours(image: Image) -> Image:
    if image.mode == "I;16B":  # of which the library gives no extremes
        image = image.convert("I")
    if image.mode.startswith(("I", "F")):
        low, high = image.getextrema()
        assert isinstance(low, int | float)
        assert isinstance(high, int | float)
        scale = 255 / (high - low or 1)
        return image.convert("F").point(lambda value: value * scale - low * scale).convert("L")
    if image.has_transparency_data:
        return image.convert("RGBA")
    return image.convert("L" if image.mode in ("1", "L") else "RGB")


def _on_white(image: Image) -> Image:
    if "A" not in image.getbands():
        return image
    import PIL.Image

    background = PIL.Image.new("RGB", image.size, "white")
    background.paste(image, mask=image.getchannel("A"))
    return background


def _saved(image: Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()
