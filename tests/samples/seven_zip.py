"""7z archives, as small as they go: files in folders, packed by methods that the standard library has."""

from __future__ import annotations

import bz2
import lzma
import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

LINK_ATTRIBUTES = 0x8000 | 0o120777 << 16


@dataclass(frozen=True, slots=True)
class Method:
    """Coders in the order of unpacking, each its number and settings, and how content is packed for them."""

    coders: Sequence[tuple[bytes, bytes]]
    pack: Callable[[bytes], bytes] = field(repr=False)


def _raw(*filters: dict[str, int]) -> Callable[[bytes], bytes]:
    return lambda content: lzma.compress(content, lzma.FORMAT_RAW, filters=list(filters))


def _deflated(content: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(content) + packer.flush()


_LZMA1 = {"id": lzma.FILTER_LZMA1, "dict_size": 1 << 16}
_LZMA2 = {"id": lzma.FILTER_LZMA2, "dict_size": 1 << 16}
_PACKED_LZMA1 = (b"\3\1\1", b"\x5d" + struct.pack("<I", 1 << 16))
_PACKED_LZMA2 = (b"\x21", b"\x08")

COPY = Method([(b"\0", b"")], lambda content: content)
LZMA = Method([_PACKED_LZMA1], _raw(_LZMA1))
LZMA2 = Method([_PACKED_LZMA2], _raw(_LZMA2))
METHODS = {
    "copy": COPY,
    "lzma": LZMA,
    "lzma2": LZMA2,
    "deflate": Method([(b"\4\1\x08", b"")], _deflated),
    "bzip2": Method([(b"\4\2\2", b"")], bz2.compress),
    "x86 and lzma2": Method([_PACKED_LZMA2, (b"\3\3\1\3", b"")], _raw({"id": lzma.FILTER_X86}, _LZMA2)),
    "delta and lzma2": Method([_PACKED_LZMA2, (b"\3", b"\3")], _raw({"id": lzma.FILTER_DELTA, "dist": 4}, _LZMA2)),
}
ENCRYPTED = Method([(b"\6\xf1\7\1", b"\x13\0"), _PACKED_LZMA2], lambda content: content)
PPMD = Method([(b"\3\4\1", b"\6\0\0\0\1")], lambda content: content)


def seven_zip(
    folders: Sequence[tuple[Method, dict[str, bytes]]],
    *,
    empty: Sequence[str] = (),
    attributes: dict[str, int] | None = None,
    packed_header: bool = False,
    told: int | None = None,
) -> bytes:
    """An archive of folders, each with its files. ``told``: the size that the last folder says that it unpacks to."""
    packed = [method.pack(b"".join(files.values())) for method, files in folders]
    sizes = [sum(map(len, files.values())) for _, files in folders]
    if told is not None:
        sizes[-1] = told
    names = [name for _, files in folders for name in files] + list(empty)
    header = b"\1\4" + streams([method for method, _ in folders], packed, 0, sizes)
    header += b"\x08\x0d" + b"".join(_number(len(files)) for _, files in folders)
    header += b"\x09"
    header += b"".join(_number(len(content)) for _, files in folders for content in list(files.values())[:-1])
    checks = [zlib.crc32(content) for _, files in folders for content in files.values()]
    header += b"\x0a\1" + struct.pack(f"<{len(checks)}I", *checks) + b"\0\0"
    header += b"\5" + _number(len(names))
    if empty:
        header += _part(14, _bits([False] * (len(names) - len(empty)) + [True] * len(empty)))
        header += _part(15, _bits([True] * len(empty)))
    header += _part(17, b"\0" + "".join(f"{name}\0" for name in names).encode("utf-16-le"))
    header += _part(20, b"\1\0" + struct.pack("<Q", (1_700_000_000 + 11_644_473_600) * 10_000_000) * len(names))
    if attributes:
        header += _part(21, b"\1\0" + b"".join(struct.pack("<I", attributes.get(name, 32)) for name in names))
    header += b"\0\0"
    body = b"".join(packed)
    if packed_header:
        inner = LZMA.pack(header)
        body, header = body + inner, b"\x17" + streams([LZMA], [inner], len(body), [len(header)]) + b"\0"
    return with_header(body, header)


def with_header(body: bytes, header: bytes) -> bytes:
    """What the archive begins with, the packed streams, and the directory, which its checks fit."""
    start = struct.pack("<QQI", len(body), len(header), zlib.crc32(header))
    return b"7z\xbc\xaf\x27\x1c\0\4" + struct.pack("<I", zlib.crc32(start)) + start + body + header


def streams(methods: Sequence[Method], packed: Sequence[bytes], offset: int, sizes: Sequence[int]) -> bytes:
    found = b"\6" + _number(offset) + _number(len(packed)) + b"\x09" + b"".join(_number(len(part)) for part in packed)
    found += b"\0\7\x0b" + _number(len(methods)) + b"\0"
    for method in methods:
        count = len(method.coders)
        found += _number(count)
        for number, settings in method.coders:
            found += bytes((len(number) | (0x20 if settings else 0),)) + number
            found += _number(len(settings)) + settings if settings else b""
        # The second takes what the first gives, and so on.
        found += b"".join(_number(at) + _number(at - 1) for at in range(1, count))
    found += b"\x0c"
    found += b"".join(_number(size) * len(method.coders) for method, size in zip(methods, sizes, strict=True))
    return found + b"\0"


def _part(mark: int, content: bytes) -> bytes:
    return bytes((mark,)) + _number(len(content)) + content


def _bits(values: Sequence[bool]) -> bytes:
    text = "".join("1" if value else "0" for value in values)
    return bytes(int(text[at : at + 8].ljust(8, "0"), 2) for at in range(0, len(text), 8))


def _number(value: int) -> bytes:
    if value < 0x80:
        return bytes((value,))
    return b"\xff" + struct.pack("<Q", value)
