"""Pages as a scanner gives them: pictures of lines."""

from __future__ import annotations

import io
from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT = 900, 700


def scanned_page(lines: Sequence[str], turned: int = 0, title: str = "") -> Image.Image:
    """A page of a few large lines, turned clockwise by a multiple of 90 degrees; a title is set larger."""
    image = Image.new("L", (WIDTH, HEIGHT), "white")
    pen = ImageDraw.Draw(image)
    if title:
        pen.text((60, 20), title, font=ImageFont.load_default(60), fill="black")
        lines = ["", *lines]
    for number, line in enumerate(lines):
        pen.text((60, 60 + 60 * number), line, font=ImageFont.load_default(34), fill="black")
    return image.rotate(-turned, expand=True)


def scanned_pdf(pages: Sequence[Image.Image]) -> bytes:
    """A PDF of nothing but pictures."""
    return saved(pages, "PDF")


def saved(pages: Sequence[Image.Image], kind: str) -> bytes:
    """The pages in one file that Pillow can write: PDF, TIFF, PNG."""
    file = io.BytesIO()
    first, *others = pages
    several = {"save_all": True, "append_images": others} if others else {}
    first.save(file, kind, resolution=100, **several)
    return file.getvalue()
