"""Plain text, source code, JSON and Markdown: the characters as they are, whatever their encoding."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from kimi_files.errors import UnsupportedFile
from kimi_files.extract.document import Advance, OutlineEntry, PageText, Warning  # noqa: A004
from kimi_files.extract.encoding import Decoded, detect_encoding
from kimi_files.extract.markdown import sections
from kimi_files.extract.pieces import page_texts
from kimi_files.formats import MARKDOWN, Format


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
        yield from page_texts(1, "1", "text", None, decoded)
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
