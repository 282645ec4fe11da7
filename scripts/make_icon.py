"""Draws packaging/icon.png, the icon of the bundle."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image, ImageDraw

ROOT = Path(__file__).parent.parent

_NIGHT, _PAPER, _FOLD, _INK = (22, 24, 35, 255), (255, 255, 255, 255), (150, 158, 180, 255), (61, 107, 255, 255)


def draw(size: int) -> bytes:
    """A page with three lines on a dark ground, as PNG. Drawn eight times as large and made smaller, for smooth edges."""
    side = 8 * size
    unit = side / 48
    image = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    pen = ImageDraw.Draw(image)
    pen.rounded_rectangle((0, 0, side - 1, side - 1), radius=10 * unit, fill=_NIGHT)
    page = [(13, 9), (29, 9), (36, 16), (36, 40), (13, 40)]
    pen.polygon([(x * unit, y * unit) for x, y in page], fill=_PAPER)
    pen.polygon([(x * unit, y * unit) for x, y in [(29, 9), (29, 16), (36, 16)]], fill=_FOLD)
    for top, right in ((21, 33), (26, 33), (31, 26)):
        pen.rounded_rectangle((17 * unit, top * unit, right * unit, (top + 2) * unit), radius=unit, fill=_INK)
    small = image.resize((size, size), Image.Resampling.LANCZOS).quantize(64)
    written = io.BytesIO()
    small.save(written, "PNG", optimize=True)
    return written.getvalue()


def main() -> None:
    folder = ROOT / "packaging"
    folder.mkdir(exist_ok=True)
    (folder / "icon.png").write_bytes(draw(512))


if __name__ == "__main__":
    main()
