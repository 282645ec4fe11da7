"""Puts a file into the envelope in which a signature comes with what it signs, as RFC 5652 has it; the signature is empty."""

from __future__ import annotations

_SIGNED, _ENVELOPED, _DATA = (bytes.fromhex(f"06092a864886f70d0107{kind}") for kind in ("02", "03", "01"))


def signed(content: bytes, *, in_pieces: bool = False) -> bytes:
    """With lengths before each part, or ``in_pieces`` of 1,000 bytes and without lengths, as what is written on the way."""
    wrap = _open if in_pieces else _closed
    octets = _closed(0x04, content)
    if in_pieces:
        octets = wrap(0x24, b"".join(_closed(0x04, content[at : at + 1_000]) for at in range(0, len(content), 1_000)))
    data = b"\x02\x01\x01" + _closed(0x31, b"") + wrap(0x30, _DATA + wrap(0xA0, octets)) + _closed(0x31, b"")
    return wrap(0x30, _SIGNED + wrap(0xA0, wrap(0x30, data)))


def signature_alone() -> bytes:
    data = b"\x02\x01\x01" + _closed(0x31, b"") + _closed(0x30, _DATA) + _closed(0x31, b"\0" * 200)
    return _closed(0x30, _SIGNED + _closed(0xA0, _closed(0x30, data)))


def encrypted() -> bytes:
    return _closed(0x30, _ENVELOPED + _closed(0xA0, _closed(0x30, bytes(range(256)) * 4)))


def _closed(tag: int, content: bytes) -> bytes:
    size = len(content)
    length = size.to_bytes((size.bit_length() + 7) // 8 or 1, "big")
    return bytes([tag]) + (length if size < 0x80 else bytes([0x80 + len(length)]) + length) + content


def _open(tag: int, content: bytes) -> bytes:
    return bytes([tag, 0x80]) + content + b"\0\0"
