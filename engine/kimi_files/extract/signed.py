"""Reads what is signed together with its signature (``.p7m``): the file in the envelope, as what it is.

Structures of RFC 5652, encoded by BER (X.690), in which lengths may be missing and strings be cut in pieces.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import BinaryIO

from kimi_files.errors import TooComplex, UnsupportedFile
from kimi_files.extract import readers
from kimi_files.extract.document import DocumentEvent, Warning  # noqa: A004
from kimi_files.formats import Format

_SEQUENCE, _OBJECT, _OCTETS, _OCTETS_IN_PIECES, _CONTEXT_0 = 0x30, 0x06, 0x04, 0x24, 0xA0
_SIGNED_DATA = bytes.fromhex("2a864886f70d010702")
_DEEPEST = 16
_MOST_SIGNATURES = 8
_MIME_START = re.compile(rb"\s*(?:Content-[\w-]+|MIME-Version):", re.IGNORECASE)

_Element = tuple[int, int, int]
"""Tag, and where the content starts and ends."""


def read(
    stream: BinaryIO,
    name: str,
    format: Format,  # noqa: A002
) -> Iterator[DocumentEvent]:
    """What the reader of the file in the envelope says.

    Raises:
        UnsupportedFile: A signature stands alone.
        TooComplex: It is signed again and again.
    """
    inner_name, plain = name, stream
    for _ in range(_MOST_SIGNATURES):
        inner = content(plain.read())
        if inner is None:
            raise UnsupportedFile(
                f"'{name}' is a signature without the file that it signs.",
                "Read the file itself, which was sent beside it.",
            )
        inner_name = inner_name[:-4] if inner_name.lower().endswith(".p7m") else inner_name
        inner_name += ".eml" if _MIME_START.match(inner) else ""
        identified, module, plain = readers.find_reader(io.BytesIO(inner), inner_name)
        if module != "signed":
            yield from readers.read(module, plain, inner_name, identified.format)
            yield Warning(message=f"This is a signed file, {identified.format.name}. The signature was not checked.")
            return
    raise TooComplex(f"'{name}' is signed more than {_MOST_SIGNATURES} times.", "Unpack it, and read what is in it.")


def content(untrusted_bytes: bytes) -> bytes | None:
    """What is signed; None where it is encrypted, or stands elsewhere."""
    try:
        kind, envelope = _children(untrusted_bytes, _root(untrusted_bytes))[:2]
        if untrusted_bytes[kind[1] : kind[2]] != _SIGNED_DATA or envelope[0] != _CONTEXT_0:
            return None
        (signed,) = _children(untrusted_bytes, envelope)
        inner = next(part for part in _children(untrusted_bytes, signed) if part[0] == _SEQUENCE)
        wrapped = _children(untrusted_bytes, inner)[1]
        return b"".join(_octets(untrusted_bytes, _children(untrusted_bytes, wrapped)[0], 0))
    except (ValueError, IndexError, StopIteration):
        return None


def _root(ber: bytes) -> _Element:
    element, _ = _element(ber, 0, len(ber), 0)
    return element


def _children(ber: bytes, parent: _Element) -> list[_Element]:
    found: list[_Element] = []
    _, place, end = parent
    while place < end:
        element, place = _element(ber, place, end, 0)
        found.append(element)
    return found


def _element(ber: bytes, place: int, end: int, depth: int) -> tuple[_Element, int]:
    """The element at a place, and where the next one starts. ValueError where it does not fit."""
    tag, size, start = ber[place], ber[place + 1], place + 2
    if size == 0x80:
        place = start
        while ber[place : place + 2] != b"\0\0":
            if place >= end or depth > _DEEPEST:
                raise ValueError("no end")
            _, place = _element(ber, place, end, depth + 1)
        return (tag, start, place), place + 2
    if size > 0x80:
        digits = size - 0x80
        size, start = int.from_bytes(ber[start : start + digits], "big"), start + digits
    if start + size > end:
        raise ValueError("longer than what it is in")
    return (tag, start, start + size), start + size


def _octets(ber: bytes, element: _Element, depth: int) -> Iterator[bytes]:
    tag, start, end = element
    if tag == _OCTETS:
        yield ber[start:end]
    elif tag == _OCTETS_IN_PIECES and depth < _DEEPEST:
        for part in _children(ber, element):
            yield from _octets(ber, part, depth + 1)
    else:
        raise ValueError("no content")
