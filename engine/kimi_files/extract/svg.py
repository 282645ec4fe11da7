"""SVG pictures: the words in them, and a picture of them in a bounded size."""

from __future__ import annotations

import io
import re
import sys
import threading
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from kimi_files.errors import DamagedFile, TooComplex, UnsupportedFile
from kimi_files.extract.document import Advance, OutlineEntry, PageText, Warning  # noqa: A004
from kimi_files.extract.encoding import Decoded, detect_encoding
from kimi_files.extract.picture import LONG_SIDE, Drawing, encode
from kimi_files.extract.pieces import one_line, page_texts
from kimi_files.extract.tags import walk
from kimi_files.extract.text import warnings

if TYPE_CHECKING:
    from kimi_files.formats import Format

_MOST_BYTES = 32 << 20
_STACK_BYTES = 256 << 20  # address space; only what is used of it costs memory
_WORDS = frozenset(("title", "desc", "text", "foreignobject"))
_NO_WORDS = frozenset(("style", "script", "metadata"))
_ENTITIES = re.compile(r"<!DOCTYPE[^>\[]*\[.*?\]\s*>", re.DOTALL | re.IGNORECASE)
_ENTITY = re.compile(r"""<!ENTITY\s+([\w.:-]+)\s+(?:"([^"&%<]*)"|'([^'&%<]*)')\s*>""")
# Whatever its prefix: a reference to anything but a part of the file or a picture inside of it.
_OUTSIDE = re.compile(
    r"""([\s"'][\w.:-]*href\s*=\s*)(?:"(?!\#|data:image/(?!svg))[^"]*"|'(?!\#|data:image/(?!svg))[^']*')""",
    re.IGNORECASE,
)

_FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts")
_SERIF = {"Liberation Serif": "LiberationSerif-Regular.ttf", "DejaVu Serif": "DejaVuSerif.ttf"}
_SANS = {"Liberation Sans": "LiberationSans-Regular.ttf", "DejaVu Sans": "DejaVuSans.ttf"}
_MONO = {"Liberation Mono": "LiberationMono-Regular.ttf", "DejaVu Sans Mono": "DejaVuSansMono.ttf"}
_NOTO = {"Noto Serif": "NotoSerif-Regular.ttf", "Noto Sans": "NotoSans-Regular.ttf", "Cantarell": "Cantarell-VF.otf"}
_FAMILIES = {
    "font_family": {**_SANS, **_SERIF, **_NOTO},
    "serif_family": {**_SERIF, **_SANS, **_NOTO},
    "sans_serif_family": {**_SANS, **_SERIF, **_NOTO},
    "monospace_family": {**_MONO, **_SANS, **_NOTO},
}

_SEE_IT = "These are the words of the picture; call with pictures=true to see it."


def read(
    stream: BinaryIO,
    name: str,
    format: Format,  # noqa: A002
) -> Iterator[PageText | OutlineEntry | Warning | Advance]:
    """One page: title, description and each text of the drawing on a line. DamagedFile, TooComplex."""
    decoded = _decoded(stream, name)
    markup = "".join(decoded)
    yield from warnings(decoded)
    lines, title = _lines(markup)
    yield from page_texts(1, "1", "picture", title, "\n".join(lines), without_text=not lines)
    if lines:
        yield Warning(message=_SEE_IT)


def draw(stream: BinaryIO, name: str) -> Iterator[Drawing]:
    """The picture, as large as models take it. DamagedFile, TooComplex; UnsupportedFile without the library for it."""
    from PIL import Image

    try:
        import resvg_py
    except ImportError:
        raise UnsupportedFile(
            f"'{name}' cannot be drawn: the library resvg-py is not on this machine.", "Read its words instead."
        ) from None
    markup = _OUTSIDE.sub(r'\1""', _without_entities("".join(_decoded(stream, name)), name))
    try:
        # Both sides are given: the library fits the drawing into them, however large or narrow it says it is.
        options = {"width": LONG_SIDE, "height": LONG_SIDE, **_families()}
        png = _with_deep_stack(partial(resvg_py.svg_to_bytes, svg_string=markup, **options))
    except ValueError as error:
        if "limit" in str(error):
            raise TooComplex(
                f"'{name}' has more parts, or parts inside of parts, than are drawn.", "Simplify it."
            ) from None
        raise DamagedFile(
            f"'{name}' is a damaged SVG picture.", "Open it in a browser to see what is left of it."
        ) from None
    with Image.open(io.BytesIO(png), formats=("PNG",)) as image:
        yield encode(image.convert("RGBA"), 1, "1")


def _with_deep_stack(work: Callable[[], bytes]) -> bytes:
    """Run what goes down once for each level of nesting: at 250 levels the usual stack ends, and the process with it."""
    before = threading.stack_size(_STACK_BYTES)
    try:
        with ThreadPoolExecutor(1) as deep:
            return deep.submit(work).result()
    finally:
        threading.stack_size(before)


def check(stream: BinaryIO, name: str) -> str:
    """What the picture is, in words. Raises what ``draw`` does."""
    for drawing in draw(stream, name):
        return f"SVG picture, drawn at {drawing.width:,} × {drawing.height:,} px"
    return ""


def _families() -> dict[str, Any]:
    """Fonts for texts that name none that is there: the library knows only those of Windows, and drops the text."""
    found = {path.name for folder in _FONT_FOLDERS if sys.platform == "linux" for path in Path(folder).rglob("*.?tf")}
    families: dict[str, Any] = {}
    for option, candidates in _FAMILIES.items():
        there = [family for family, file in candidates.items() if file in found]
        families.update({option: there[0]} if there else {})
    return families


def _decoded(stream: BinaryIO, name: str) -> Decoded:
    """The characters, unpacked where they are packed, in at most ``_MOST_BYTES``."""
    stream.seek(0)
    content = stream.read(_MOST_BYTES + 1)
    if content.startswith(b"\x1f\x8b"):
        try:
            content = zlib.decompressobj(wbits=31).decompress(content, _MOST_BYTES + 1)
        except zlib.error:
            raise DamagedFile(f"'{name}' is damaged: it cannot be unpacked.", "Save it again.") from None
    if len(content) > _MOST_BYTES:
        raise TooComplex(f"'{name}' is larger than {_MOST_BYTES >> 20} MB, which is more than is read.", "Simplify it.")
    plain = io.BytesIO(content)
    return Decoded(plain, detect_encoding(plain))


def _lines(markup: str) -> tuple[list[str], str | None]:
    """The lines of words, and the drawing's own title."""
    lines: list[str] = []
    words: list[str] = []
    title: str | None = None
    inside: list[str] = []
    # What comes after markup in a switch is for programs that cannot show it, and says the same, often cut short.
    switches: list[bool] = []
    muted = before = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal before
        if tag == "switch":
            switches.append(False)
        elif muted:
            return
        elif tag in _WORDS or tag in _NO_WORDS:
            finish()
            inside.append(tag)
            before = len(lines)
        elif tag in ("tspan", "p", "div", "br", "li") and words and ("y" in attributes or tag != "tspan"):
            words.append("\n")

    def end(tag: str) -> None:
        nonlocal muted
        if tag == "switch" and switches:
            muted -= switches.pop()
        elif inside and inside[-1] == tag and not muted:
            finish()
            inside.pop()
            if tag == "foreignobject" and switches and len(lines) > before:
                switches[-1] = True
                muted += 1

    def finish() -> None:
        nonlocal title
        found = [line for part in "".join(words).split("\n") if (line := " ".join(part.split()))]
        words.clear()
        if inside and inside[-1] == "title" and found and title is None:
            title = one_line(" ".join(found))
        if not inside or inside[-1] not in _NO_WORDS:
            lines.extend(found)

    walk(markup, start, end, lambda text: words.append(text) if inside and not muted else None)
    finish()
    return lines, title


def _without_entities(markup: str, name: str) -> str:
    """Programs declare namespaces as entities: each is put where it stands for, and nothing is declared any more."""
    declared = _ENTITIES.search(markup)
    if declared is None:
        return markup
    markup = markup[: declared.start()] + markup[declared.end() :]
    size = len(markup)
    for key, double, single in _ENTITY.findall(declared[0]):
        size += markup.count(f"&{key};") * len(double or single)
        if size > _MOST_BYTES:
            raise TooComplex(f"'{name}' expands to more than is read.", "Simplify it.")
        markup = markup.replace(f"&{key};", double or single)
    return markup
