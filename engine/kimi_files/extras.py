"""The parts that users install when they want them: which are there, and how to get the others."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from typing import Literal

Extra = Literal["ocr", "video", "heic"]

_NEEDED: dict[Extra, tuple[str, ...]] = {
    "ocr": ("rapidocr", "onnxruntime"),
    "video": ("av",),
    "heic": ("pillow_heif",),
}


EXTRAS: tuple[Extra, ...] = tuple(_NEEDED)


@cache
def has(extra: Extra) -> bool:
    """Whether an extra is installed; nothing of it is imported to find out."""
    return all(find_spec(module) is not None for module in _NEEDED[extra])


def installed() -> int:
    """Which extras are there, as one number: part of what a text depends on."""
    return sum(1 << place for place, extra in enumerate(_NEEDED) if has(extra))


def install_command(extra: Extra) -> str:
    """What to type to get an extra."""
    return f'uv tool install "kimi-files-mcp[{extra}]"'
