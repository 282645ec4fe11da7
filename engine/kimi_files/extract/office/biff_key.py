"""Binary workbooks that Excel encrypts without asking: those with a protected structure open with a password of its own.

Structures as Microsoft publishes them in [MS-XLS] and [MS-OFFCRYPTO].
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Iterator
from itertools import count

PASSWORD = "VelvetSweatshop".encode("utf-16-le")
"""Excel's own, which [MS-OFFCRYPTO] names."""
_FILEPASS, _WRITE_ACCESS, _BOUNDSHEET = 0x002F, 0x005C, 0x0085
# Records that are never encrypted.
_PLAIN = frozenset((0x0809, _FILEPASS, 0x00E1, 0x0194, 0x0195, 0x0196, 0x0138))
_BLOCK_BYTES = 1_024
# The key stream is reckoned sign by sign, a megabyte in a third of a second.
_MOST_BYTES = 16 << 20
_RC4 = 1

_Key = Callable[[int], bytes]
"""The key of a block of 1,024 bytes, by the block's number."""


def decrypted(stream: bytes) -> bytes | None:
    """The workbook's stream in plain; None where it asks for a password of its author's."""
    start, end = _filepass(stream)
    key = _key(stream[start:end])
    if key is None or len(stream) > _MOST_BYTES:
        return None
    signs = bytearray().join(_signs(key(number), _BLOCK_BYTES) for number in range(len(stream) // _BLOCK_BYTES + 1))
    del signs[len(stream) :]
    for first, last in _plain_places(stream):
        signs[first:last] = bytes(last - first)
    plain = int.from_bytes(stream, "little") ^ int.from_bytes(signs, "little")
    found = bytearray(plain.to_bytes(len(stream), "little"))
    # What says that it is encrypted becomes a record that says nothing.
    found[start - 4 : start - 2] = struct.pack("<H", _WRITE_ACCESS)
    return bytes(found)


def _records(stream: bytes) -> Iterator[tuple[int, int, int]]:
    """Kind, start and end of each record's content."""
    position = 0
    while position + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, position)
        yield kind, position + 4, min(position + 4 + size, len(stream))
        position += 4 + size


def _filepass(stream: bytes) -> tuple[int, int]:
    return next(((start, end) for kind, start, end in _records(stream) if kind == _FILEPASS), (0, 0))


def _plain_places(stream: bytes) -> Iterator[tuple[int, int]]:
    end_before = 0
    for kind, start, end in _records(stream):
        # Where a sheet begins stands in plain before its name.
        plain = end if kind in _PLAIN else min(start + 4, end) if kind == _BOUNDSHEET else start
        yield end_before, plain
        end_before = end
    yield end_before, len(stream)


def _key(filepass: bytes) -> _Key | None:
    """The keys that the program's own password gives, if it is the workbook's."""
    if len(filepass) < 6 or struct.unpack_from("<H", filepass)[0] != _RC4:
        return None
    major, minor = struct.unpack_from("<HH", filepass, 2)
    return _short_key(filepass) if (major, minor) == (1, 1) else _long_key(filepass) if minor == 2 else None


def _short_key(filepass: bytes) -> _Key | None:
    """Of Excel 97 and 2000."""
    salt, verifier, proof = filepass[6:22], filepass[22:38], filepass[38:54]
    inner = hashlib.md5(PASSWORD, usedforsecurity=False).digest()[:5]
    secret = hashlib.md5((inner + salt) * 16, usedforsecurity=False).digest()[:5]

    def key(number: int) -> bytes:
        return hashlib.md5(secret + struct.pack("<I", number), usedforsecurity=False).digest()

    plain = _plain(key(0), verifier + proof)
    return key if hashlib.md5(plain[:16], usedforsecurity=False).digest() == plain[16:] else None


def _long_key(filepass: bytes) -> _Key | None:
    """Of Excel 2002 and later."""
    size = struct.unpack_from("<I", filepass, 10)[0]
    bits = struct.unpack_from("<I", filepass, 14 + 16)[0] or 40
    place = 14 + size
    salt, verifier, proof = (filepass[place + a : place + b] for a, b in ((4, 20), (20, 36), (40, 60)))
    secret = hashlib.sha1(salt + PASSWORD, usedforsecurity=False).digest()

    def key(number: int) -> bytes:
        whole = hashlib.sha1(secret + struct.pack("<I", number), usedforsecurity=False).digest()
        return whole[:5] + bytes(11) if bits == 40 else whole[: bits // 8]

    plain = _plain(key(0), verifier + proof)
    return key if hashlib.sha1(plain[:16], usedforsecurity=False).digest() == plain[16:36] else None


def _plain(key: bytes, content: bytes) -> bytes:
    return bytes(sign ^ byte for sign, byte in zip(_signs(key, len(content)), content, strict=True))


def _signs(key: bytes, length: int) -> bytes:
    """What RC4 lays over so many bytes."""
    box = list(range(256))
    j = 0
    for i in range(256):
        j = (j + box[i] + key[i % len(key)]) & 255
        box[i], box[j] = box[j], box[i]
    signs = bytearray(length)
    j = 0
    for turn, i in zip(range(length), count(1), strict=False):
        i &= 255
        one = box[i]
        j = (j + one) & 255
        two = box[i] = box[j]
        box[j] = one
        signs[turn] = box[(one + two) & 255]
    return bytes(signs)
