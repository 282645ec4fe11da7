"""Pictures come out upright, small enough and in a form that every host shows; bombs and rubbish do not."""

from __future__ import annotations

import io
import random
import struct
import zlib
from typing import Any

import pytest
from PIL import Image

from kimi_files import extras, formats
from kimi_files.errors import DamagedFile, InvalidPages, TooComplex, UnsupportedFile
from kimi_files.extract import picture
from kimi_files.extract.document import PageText, Warning  # noqa: A004
from kimi_files.extract.picture import LONG_SIDE, MAX_ENCODED_BYTES, Drawing


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def drawn(data: bytes, format: formats.Format = formats.PNG, pages: list[int] | None = None) -> list[Drawing]:  # noqa: A002
    return list(picture.draw(io.BytesIO(data), "a.png", format, pages))


def shown(drawing: Drawing) -> Image.Image:
    image = Image.open(io.BytesIO(drawing.data))
    assert image.size == (drawing.width, drawing.height)
    assert Image.MIME[image.format or ""] == drawing.media_type
    assert len(drawing.data) <= MAX_ENCODED_BYTES
    assert max(image.size) <= LONG_SIDE
    return image


def noise(width: int, height: int) -> Image.Image:
    return Image.frombytes("RGB", (width, height), random.Random(1).randbytes(width * height * 3))


def png_of_size(width: int, height: int) -> bytes:
    def part(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", header) + part(b"IDAT", zlib.compress(b"")) + part(b"IEND", b"")


def test_line_art_stays_png_and_photographs_become_jpeg() -> None:
    (art,) = drawn(saved(Image.new("RGB", (300, 200), "red"), "PNG"))
    assert shown(art).format == "PNG"
    (photograph,) = drawn(saved(noise(300, 200), "PNG"))
    assert shown(photograph).format == "JPEG"


def test_a_large_picture_is_scaled_down_and_says_so() -> None:
    (drawing,) = drawn(saved(noise(3000, 1500), "JPEG"), formats.JPEG)
    assert shown(drawing).size == (1568, 784)
    assert drawing.note == "scaled down from 3,000 × 1,500 px"


def test_a_transparent_photograph_is_shown_on_white() -> None:
    image = noise(1568, 1568).convert("RGBA")
    image.putalpha(Image.new("L", image.size, 0))
    (drawing,) = drawn(saved(image, "PNG"))
    assert shown(drawing).convert("RGB").getpixel((5, 5)) == (255, 255, 255)


def test_transparency_of_a_drawing_is_kept() -> None:
    (drawing,) = drawn(saved(Image.new("RGBA", (10, 10), (255, 0, 0, 128)), "PNG"))
    assert shown(drawing).getpixel((0, 0)) == (255, 0, 0, 128)


@pytest.mark.parametrize("known", [formats.JPEG, formats.PNG, formats.WEBP, formats.TIFF, formats.AVIF])
@pytest.mark.parametrize(("orientation", "corner"), [(1, (3, 3)), (3, (56, 36)), (6, (36, 3)), (8, (3, 56))])
def test_the_camera_orientation_is_applied(known: formats.Format, orientation: int, corner: tuple[int, int]) -> None:
    image = Image.new("RGB", (60, 40), "white")
    image.paste("black", (0, 0, 20, 20))
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = saved(image, known.extensions[0][1:].replace("jpg", "jpeg").replace("tif", "tiff"), exif=exif)
    (drawing,) = drawn(data, known)
    upright = shown(drawing).convert("L")
    size = (40, 60) if orientation > 4 else (60, 40)
    assert upright.size == size
    dark = upright.getpixel(corner)
    assert isinstance(dark, int)
    assert dark < 50
    words = picture.check(io.BytesIO(data), "a.png", known)
    assert words == f"{known.name}, {size[0]} × {size[1]} px"


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "F"])
def test_every_kind_of_colour_is_drawn(mode: str) -> None:
    image = Image.new(mode, (20, 10))
    kind = {"CMYK": "JPEG", "F": "TIFF"}.get(mode, "PNG")
    (drawing,) = drawn(saved(image, kind))
    assert shown(drawing).size == (20, 10)


def test_sixteen_bits_of_grey_use_all_of_eight() -> None:
    image = Image.new("I;16", (2, 1))
    image.putpixel((0, 0), 1000)
    image.putpixel((1, 0), 3000)
    (drawing,) = drawn(saved(image, "PNG"))
    assert [shown(drawing).getpixel((x, 0)) for x in (0, 1)] == [0, 255]


def test_sixteen_bits_are_drawn_in_either_order_of_bytes() -> None:
    pixels = struct.pack(">HH", 1000, 3000)
    entries = [
        (256, 3, 2),
        (257, 3, 1),
        (258, 3, 16),
        (259, 3, 1),
        (262, 3, 1),
        (273, 4, 8),
        (277, 3, 1),
        (278, 3, 1),
        (279, 4, 4),
    ]
    directory = b"".join(
        struct.pack(">HHI", tag, kind, 1) + (struct.pack(">HH", value, 0) if kind == 3 else struct.pack(">I", value))
        for tag, kind, value in entries
    )
    big = b"MM\0*" + struct.pack(">I", 12) + pixels + struct.pack(">H", len(entries)) + directory + bytes(4)
    (drawing,) = drawn(big, formats.TIFF)
    assert [shown(drawing).getpixel((x, 0)) for x in (0, 1)] == [0, 255]


def test_an_icon_says_how_many_sizes_it_has() -> None:
    data = saved(Image.new("RGBA", (64, 64), "red"), "ICO", sizes=[(16, 16), (32, 32), (64, 64)])
    assert picture.check(io.BytesIO(data), "a.ico", formats.ICO) == "icon, 64 × 64 px, the largest of 3 sizes"


def test_a_variant_that_nothing_here_decodes_is_not_called_damaged() -> None:
    data = bytearray(saved(Image.new("RGB", (4, 4)), "BMP"))
    data[28:30] = struct.pack("<H", 2)
    with pytest.raises(UnsupportedFile, match="rare kind"):
        drawn(bytes(data), formats.BMP)


def test_pages_of_a_tiff_are_pages() -> None:
    first, *others = (Image.new("RGB", (10 + number, 10), "blue") for number in range(3))
    data = saved(first, "TIFF", save_all=True, append_images=others)
    events = list(picture.read(io.BytesIO(data), "a.tiff", formats.TIFF))
    pages = [event for event in events if isinstance(event, PageText)]
    assert [(page.number, page.kind, page.without_text, page.text) for page in pages] == [
        (number, "picture", True, "") for number in (1, 2, 3)
    ]
    assert [event.message for event in events if isinstance(event, Warning)] == ["TIFF picture, 10 × 10 px, 3 pages"]
    drawings = drawn(data, formats.TIFF, [3, 1])
    assert [(drawing.page, drawing.width, drawing.note) for drawing in drawings] == [
        (3, 12, "page 3 of 3"),
        (1, 10, "page 1 of 3"),
    ]
    with pytest.raises(InvalidPages, match="it has 3"):
        drawn(data, formats.TIFF, [4])


@pytest.mark.filterwarnings("ignore::UserWarning")  # the library's own word about it
@pytest.mark.parametrize("kept", [10, 18])
def test_a_photograph_whose_exif_is_cut_off_is_shown_as_it_is(kept: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = saved(noise(30, 20), "JPEG", exif=exif.tobytes()[:kept])
    assert shown(drawn(data, formats.JPEG)[0]).size == (30, 20)


def test_a_tiff_whose_chain_of_pages_is_damaged_shows_its_first() -> None:
    data = bytearray(saved(Image.new("L", (8, 8), 255), "TIFF", save_all=True, append_images=[Image.new("L", (8, 8))]))
    first = struct.unpack("<I", data[4:8])[0]
    link = first + 2 + 12 * struct.unpack("<H", data[first : first + 2])[0]
    second = struct.unpack("<I", data[link : link + 4])[0]
    data[second + 2 : second + 14] = struct.pack(
        "<HHII", 273, 2, 1, 1 << 31
    )  # where its pixels are: text, from nowhere
    assert shown(drawn(bytes(data), formats.TIFF)[0]).convert("L").getpixel((0, 0)) == 255


@pytest.mark.parametrize("known", [formats.GIF, formats.PNG, formats.WEBP, formats.AVIF])
def test_an_animation_shows_its_first_frame_and_says_so(known: formats.Format) -> None:
    frames = [Image.new("RGB", (16, 16), (number * 20, 0, 0)) for number in range(12)]
    data = saved(frames[0], known.extensions[0][1:], save_all=True, append_images=frames[1:])
    (drawing,) = drawn(data, known)
    assert drawing.note == f"{known.name}, frame 1 of 12"
    assert picture.check(io.BytesIO(data), "a.gif", known) == f"{known.name}, 16 × 16 px, 12 frames"


@pytest.mark.parametrize("size", [(50_000, 50_000), (64_001, 1_000)])
def test_a_bomb_is_refused_before_it_is_decoded(size: tuple[int, int]) -> None:
    with pytest.raises(TooComplex, match="64,000,000"):
        drawn(png_of_size(*size))
    with pytest.raises(TooComplex):
        picture.check(io.BytesIO(png_of_size(*size)), "a.png", formats.PNG)


def test_a_picture_that_ends_too_early_is_damaged() -> None:
    data = saved(noise(200, 200), "JPEG")
    with pytest.raises(DamagedFile, match="ends too early"):
        picture.check(io.BytesIO(data[: len(data) // 2]), "a.jpg", formats.JPEG)
    with pytest.raises(DamagedFile, match="damaged picture, or one of a rare kind"):
        picture.check(io.BytesIO(data[:20]), "a.jpg", formats.JPEG)


def test_other_decoders_of_the_library_are_never_used() -> None:
    with pytest.raises(DamagedFile):
        drawn(saved(Image.new("RGB", (10, 10)), "PPM"))


@pytest.mark.skipif(not extras.has("heic"), reason="the extra 'heic' is not installed")
def test_a_photograph_of_a_phone_is_shown_with_its_extra() -> None:
    import pillow_heif

    file = io.BytesIO()
    pillow_heif.from_pillow(Image.new("RGB", (64, 48), (200, 30, 30))).save(file)
    found = formats.identify("a.heic", io.BytesIO(file.getvalue())).format
    assert formats.require_reader("a.heic", found) == "picture"
    (drawing,) = drawn(file.getvalue(), found)
    red, green, _ = shown(drawing).convert("RGB").getpixel((32, 24))
    assert ((drawing.width, drawing.height), red > 180, green < 60) == ((64, 48), True, True)


def test_without_its_extra_the_error_for_heic_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "has", lambda extra: False)
    with pytest.raises(UnsupportedFile, match=r'uv tool install "kimi-files-mcp\[heic\]"'):
        formats.require_reader("a.heic", formats.HEIC)
