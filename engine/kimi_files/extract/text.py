"""Plain text, source code, JSON and Markdown: the characters as they are, whatever their encoding."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import BinaryIO

from kimi_files.errors import UnsupportedFile
from kimi_files.extract.document import Advance, OutlineEntry, PageText, Warning  # noqa: A004
from kimi_files.extract.encoding import Decoded, detect_encoding
from kimi_files.extract.markdown import sections
from kimi_files.extract.pieces import page_texts, shortened
from kimi_files.formats import MARKDOWN, Format

_PIECES_BETWEEN_ADVANCES = 32


def read(
    stream: BinaryIO,
    name: str,
    format: Format,  # noqa: A002
) -> Iterator[PageText | OutlineEntry | Warning | Advance]:
    """The whole text as one page, unchanged but for the byte order mark; Markdown in sections, with its headings.

    Raises UnsupportedFile if what looked like a text at its beginning is none.
    """
    decoded = Decoded(stream, detect_encoding(stream))
    if format == MARKDOWN:
        yield from sections("".join(decoded))
    else:
        size = stream.seek(0, os.SEEK_END)
        for number, event in enumerate(page_texts(1, "1", "text", None, decoded), start=1):
            yield event
            if number % _PIECES_BETWEEN_ADVANCES == 0:
                yield Advance(done=stream.tell(), total=size, message=shortened(f"reading {name}", 200))
    yield from warnings(decoded)


def warnings(decoded: Decoded) -> Iterator[Warning]:
    """What went wrong while ``decoded`` was gone through. UnsupportedFile if it was no text at all."""
    if decoded.controls * 20 > decoded.characters:
        raise UnsupportedFile(
            "This file begins like a text, but much of it is binary data.", "Extract or export its text part first."
        )
    if decoded.replaced:
        yield Warning(
            message=f"{decoded.replaced:,} places could not be decoded and are shown as \ufffd: "
            "the file is damaged there, or mixes encodings"
        )
