"""Presentations of PowerPoint 4, for Windows and for the Macintosh: their slides in order, with titles and notes.

No description of the format was published; what is read here is what its parts, followed in real files, hold: numbered zones
that refer to each other.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

from kimi_files.extract.encoding import code_page
from kimi_files.extract.office.compound import Compound
from kimi_files.extract.office.markdown import Block, heading
from kimi_files.extract.office.slides_binary import Slide, paragraphs

_MOST_BYTES = 256 << 20
_MOST_SLIDES = 10_000
_OF_WINDOWS, _OF_MACINTOSH = b"\xed\xde\xad\x0b", b"\x0b\xad\xde\xed"
_BODY, _OTHER = 1, 4
# Of a text: where the first one stands, what is told of its place and looks, and the four lists of its looks that follow it,
# each with the bytes of an entry.
_FIRST_TEXT, _LOOKS_BYTES = 14, 52
_LISTS = ((0x0C, 0), (0x10, 16), (0x18, 0), (0x1C, 28))

_Text = tuple[int, bytes]
"""Where a text stands in its zone, and its characters in the file's code page."""

_Page = tuple[int, int, list[_Text]]
"""Where the title and the body of a slide or its notes stand, 0 for none, and all texts."""


def slides(untrusted_bytes: bytes) -> list[Slide] | None:
    """The slides in their order; None where the file is not one of PowerPoint 4 or cannot be followed."""
    try:
        stream = Compound(untrusted_bytes).stream("PP40", _MOST_BYTES)
        return _Presentation(stream).slides() if stream is not None else None
    except (struct.error, ValueError, IndexError):
        return None


class _Presentation:
    def __init__(self, stream: bytes) -> None:
        if stream[:4] not in (_OF_WINDOWS, _OF_MACINTOSH):
            raise ValueError("no presentation")
        self._stream = stream
        self._order = "<" if stream.startswith(_OF_WINDOWS) else ">"
        self._table, self._count = self._numbers("IH", stream, 8)

    def slides(self) -> list[Slide]:
        document = self._zone(self._numbers("H", self._stream, 22)[0])
        list_head = self._zone(self._numbers("I", document, 34)[0])
        listed, _, count = self._numbers("IHH", list_head, 6)
        entries = self._zone(listed)
        found = [
            self._slide(self._numbers("I", entries, 28 + 16 * number)[0]) for number in range(min(count, _MOST_SLIDES))
        ]
        encoding = self._encoding(raw for pages in found for _, _, texts in pages for _, raw in texts)
        return [_written(shown, notes, encoding) for shown, notes in found]

    def _encoding(self, raw: Iterator[bytes]) -> str:
        # Which font each letter has is told elsewhere.
        return "mac_roman" if self._order == ">" else code_page(b"\n".join(raw)).name

    def _slide(self, number: int) -> tuple[_Page, _Page]:
        """A slide and its notes."""
        shown, notes = self._numbers("II", self._zone(number), 8)
        return self._page(shown), self._page(notes) if notes else (0, 0, [])

    def _page(self, number: int) -> _Page:
        zone = self._zone(self._numbers("I", self._zone(number), 0)[0])
        title, body = self._numbers("II", zone, 0)
        found: list[_Text] = []
        start = _FIRST_TEXT
        while start < len(zone):
            place = start + _LOOKS_BYTES
            size = self._numbers("I", zone, place + 2)[0]
            text = zone[place + 6 : place + 6 + size]
            place += 6 + size + size % 2
            for kind, entry_bytes in _LISTS:
                found_kind, count = self._numbers("HI", zone, place)
                if found_kind != kind:
                    raise ValueError("not what follows a text")
                place += 6 + count * entry_bytes
            found.append((start, text))
            start = place
        return title, body, found

    def _zone(self, number: int) -> bytes:
        if number >= self._count:
            raise IndexError(number)
        size, start = self._numbers("II", self._stream, self._table + 8 * number)
        return self._stream[start : start + (size & 0xFFFFFF)]

    def _numbers(self, kinds: str, content: bytes, place: int) -> tuple[Any, ...]:
        return struct.unpack_from(self._order + kinds, content, place)


def _written(shown: _Page, notes: _Page, encoding: str) -> Slide:
    slide = Slide()
    blocks: list[Block] = []
    title, body, texts = shown
    for start, raw in texts:
        text = _decoded(raw, encoding)
        if start == title and text.strip():
            slide.title = " ".join(text.split())
        else:
            blocks.append(Block(paragraphs(_BODY if start == body else _OTHER, text)))
    slide.blocks = [heading(slide.title, 2), *blocks] if slide.title else blocks
    said = (_decoded(raw, encoding) for _, raw in notes[2])
    # Beside what was written there, notes have the number of their page.
    slide.notes = "\n\n".join(paragraphs(_OTHER, text) for text in said if text.strip() and not text.strip().isdigit())
    return slide


def _decoded(raw: bytes, encoding: str) -> str:
    return raw.decode(encoding, "replace").replace("\x0b", "\n").replace("\x7f", "")
