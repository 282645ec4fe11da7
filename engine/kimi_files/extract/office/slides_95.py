"""Presentations of PowerPoint 95: their slides in order, with titles and notes.

No description of the format was published; what is read here is what its records, followed in real files, hold.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from kimi_files.extract.encoding import code_page
from kimi_files.extract.office.compound import Compound
from kimi_files.extract.office.markdown import Block, heading
from kimi_files.extract.office.slides_binary import Slide, paragraphs

_LIST, _SLIDE, _NOTES, _TEXT_LOOKS, _TEXT_PART, _STRING = 0x07D0, 0x03EE, 0x03F0, 0x0FA3, 0x0FE0, 0x07EE
# What a record is to the one around it: of the lists, this one is of slides and not of masters; of the strings in a
# text's part, this one is the text.
_OF_SLIDES, _WORDS = 10, 53
_HOLDS_OTHERS = 0xFFFF
_FIRST_RECORD = b"\x03\0\0\0\xff\xff\0\0"
_MOST_BYTES = 256 << 20
_TITLES = (0, 6)
_DEEPEST = 24

_Text = tuple[int, bytes]
"""Kind of a text (title, body, notes) and its characters in the file's code page."""


def slides(untrusted_bytes: bytes) -> list[Slide] | None:
    """The slides in their order; None where the file is not one of PowerPoint 95 or cannot be followed."""
    try:
        stream = Compound(untrusted_bytes).stream("PowerPoint Document", _MOST_BYTES)
        return _slides(stream) if stream is not None and stream.startswith(_FIRST_RECORD) else None
    except (struct.error, ValueError, IndexError):
        return None


def _slides(stream: bytes) -> list[Slide]:
    found = [_texts(stream, *place) for place in _shown(stream, 0, len(stream), 0)]
    # Which font each letter has is told elsewhere.
    encoding = code_page(b"\n".join(raw for shown, notes in found for _, raw in (*shown, *notes))).name
    return [_slide(shown, notes, encoding) for shown, notes in found]


def _records(stream: bytes, position: int, end: int) -> Iterator[tuple[int, int, int, int, int]]:
    """Kind, place in the record around it, whether it holds others, start and end of each record."""
    while position + 16 <= end:
        kind, flags, size, place = struct.unpack_from("<4I", stream, position)
        start, position = position + 16, position + 16 + size
        if position > end:
            return
        yield kind, place, flags & _HOLDS_OTHERS == _HOLDS_OTHERS, start, position


def _shown(stream: bytes, start: int, end: int, depth: int) -> Iterator[tuple[int, int]]:
    """Start and end of each slide."""
    for kind, place, holds_others, first, last in _records(stream, start, end):
        if kind == _LIST and place == _OF_SLIDES:
            yield from ((begin, stop) for inner, _, _, begin, stop in _records(stream, first, last) if inner == _SLIDE)
        elif holds_others and depth < _DEEPEST:
            yield from _shown(stream, first, last, depth + 1)


def _texts(stream: bytes, start: int, end: int, depth: int = 0) -> tuple[list[_Text], list[_Text]]:
    """What a slide shows, and what its notes say."""
    shown: list[_Text] = []
    notes: list[_Text] = []
    looks = 4
    for kind, _, holds_others, first, last in _records(stream, start, end):
        if kind == _TEXT_LOOKS:
            looks = struct.unpack_from("<I", stream, first)[0]
        elif kind == _TEXT_PART:
            for inner, place, _, begin, stop in _records(stream, first, last):
                if inner == _STRING and place == _WORDS and begin < stop:
                    shown.append((looks, stream[begin:stop]))
        elif holds_others and depth < _DEEPEST:
            inner_shown, inner_notes = _texts(stream, first, last, depth + 1)
            notes += inner_notes
            if kind == _NOTES:
                notes += inner_shown
            else:
                shown += inner_shown
    return shown, notes


def _slide(shown: list[_Text], notes: list[_Text], encoding: str) -> Slide:
    slide = Slide()
    blocks: list[Block] = []
    for kind, raw in shown:
        text = _decoded(raw, encoding)
        if kind in _TITLES and not slide.title and text.strip():
            slide.title = " ".join(text.split())
        elif text.strip() not in ("", "*"):
            blocks.append(Block(paragraphs(kind, text)))
    slide.blocks = [heading(slide.title, 2), *blocks] if slide.title else blocks
    said = (_decoded(raw, encoding) for _, raw in notes)
    slide.notes = "\n\n".join(paragraphs(4, text) for text in said if text.strip() not in ("", "*"))
    return slide


def _decoded(raw: bytes, encoding: str) -> str:
    return raw.decode(encoding, "replace").replace("\x0b", "\n")
