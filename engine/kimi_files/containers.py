"""What stands in a ZIP or OLE2 container, by name: bounded reads, and no size in the file is believed."""

from __future__ import annotations

import io
import struct
import zlib
from codecs import utf_16_le_decode
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

_DIRECTORY_BYTES = 1 << 20
_MAX_NAMES = 4_096
_MAX_SECTORS = 1_024
_HEAD_BYTES = 1 << 16
_COMPOUND_ENTRY_BYTES = 128
_HEADER_TABLES = 109
# Its name, the length of that, what it is, its neighbours, its first sector, its size.
_ENTRY = struct.Struct("<64sHBxII40xII")
_NUMBER = struct.Struct("<I")

_END_OF_DIRECTORY = b"PK\x05\x06"
_DIRECTORY_ENTRY = b"PK\x01\x02"
_LOCAL_ENTRY = b"PK\x03\x04"


@dataclass(frozen=True, slots=True)
class Member:
    """A file in a ZIP container; ``offset`` is where its local header stands."""

    name: str
    method: int
    offset: int


def zip_members(stream: BinaryIO) -> list[Member]:
    """The first 4,096 members of a ZIP container: from its directory or, where that is damaged, from its beginning."""
    members = list(_directory_members(stream))
    return members or list(_local_members(_read_at(stream, 0, _HEAD_BYTES)))


def member_start(stream: BinaryIO, member: Member, limit: int) -> bytes:
    """Up to ``limit`` bytes of a member's content; nothing where it is damaged or not compressed by deflate."""
    header = _read_at(stream, member.offset, 30)
    if len(header) < 30 or not header.startswith(_LOCAL_ENTRY):
        return b""
    name_length, extra_length = struct.unpack("<HH", header[26:30])
    content = _read_at(stream, member.offset + 30 + name_length + extra_length, limit)
    if member.method == 0:
        return content
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(content, limit) if member.method == 8 else b""
    except zlib.error:
        return b""


class CompoundEntry(NamedTuple):
    """A stream or storage of an OLE2 container: ``number`` is its place in the directory, ``start`` its first sector."""

    name: str
    kind: int
    number: int
    start: int
    size: int


def compound_entries(directory: bytes, parent: int, most: int) -> Iterator[CompoundEntry]:
    """What stands in a storage itself, not in one within it; nothing where the directory is damaged there."""
    place = parent * _COMPOUND_ENTRY_BYTES
    if len(directory) < place + _COMPOUND_ENTRY_BYTES:
        return
    waiting = [_NUMBER.unpack_from(directory, place + 76)[0]]
    seen: set[int] = set()
    count = len(directory) // _COMPOUND_ENTRY_BYTES
    while waiting and len(seen) < most:
        number = waiting.pop()
        if number >= count or number in seen:
            continue
        seen.add(number)
        name, length, kind, before, after, start, size = _ENTRY.unpack_from(directory, number * _COMPOUND_ENTRY_BYTES)
        waiting += before, after
        # With a zero behind it.
        name = name[: length - 2] if length > 2 else b""
        yield CompoundEntry(utf_16_le_decode(name, "replace", True)[0], kind, number, start, size)


def compound_streams(stream: BinaryIO) -> set[str]:
    """Names of the streams and storages in the root of an OLE2 container; empty where its directory is damaged."""
    header = _read_at(stream, 0, 512)
    if len(header) < 512:
        return set()
    shift = struct.unpack("<H", header[30:32])[0]
    if shift not in (9, 12):
        return set()
    first = struct.unpack("<I", header[48:52])[0]
    entries = b"".join(_sectors(stream, header, first, 1 << shift))
    # The root's own: an embedded document's streams must not be taken for the file's.
    return {entry.name for entry in compound_entries(entries, 0, _MAX_NAMES)}


def _read_at(stream: BinaryIO, offset: int, size: int) -> bytes:
    stream.seek(offset)
    return stream.read(size)


def _directory_members(stream: BinaryIO) -> Iterator[Member]:
    length = stream.seek(0, io.SEEK_END)
    tail_start = max(length - 65_557, 0)
    tail = _read_at(stream, tail_start, 65_557)
    end = tail.rfind(_END_OF_DIRECTORY)
    if end < 0 or len(tail) < end + 22:
        return
    directory_size = struct.unpack("<I", tail[end + 12 : end + 16])[0]
    # Counted back from its end, so that bytes before the archive (a self-extractor) do not shift it.
    start = tail_start + end - directory_size
    if start < 0:
        return
    directory = _read_at(stream, start, min(directory_size, _DIRECTORY_BYTES))
    position = 0
    for _ in range(_MAX_NAMES):
        fixed = directory[position : position + 46]
        if len(fixed) < 46 or not fixed.startswith(_DIRECTORY_ENTRY):
            return
        method = struct.unpack("<H", fixed[10:12])[0]
        name_length, extra_length, comment_length = struct.unpack("<HHH", fixed[28:34])
        offset = struct.unpack("<I", fixed[42:46])[0]
        name = directory[position + 46 : position + 46 + name_length]
        yield Member(_member_name(name), method, offset)
        position += 46 + name_length + extra_length + comment_length


def _local_members(head: bytes) -> Iterator[Member]:
    position = head.find(_LOCAL_ENTRY)
    while 0 <= position <= len(head) - 30:
        method = struct.unpack("<H", head[position + 8 : position + 10])[0]
        name_length = struct.unpack("<H", head[position + 26 : position + 28])[0]
        yield Member(_member_name(head[position + 30 : position + 30 + name_length]), method, position)
        position = head.find(_LOCAL_ENTRY, position + 30 + name_length)


def _member_name(untrusted_name: bytes) -> str:
    return untrusted_name.decode("utf-8", "replace").replace("\\", "/").lstrip("/")


def _sectors(stream: BinaryIO, header: bytes, first: int, size: int) -> Iterator[bytes]:
    """The sectors of the directory, following the allocation table as far as the header itself lists it."""
    sector = first
    known, table = -1, b""
    seen: set[int] = set()
    while sector < 0xFFFFFFFA and sector not in seen and len(seen) < _MAX_SECTORS:
        seen.add(sector)
        content = _read_at(stream, (sector + 1) * size, size)
        if len(content) < size:
            return
        yield content
        number, position = divmod(sector, size // 4)
        if number != known:
            if number >= _HEADER_TABLES:
                return
            place = _NUMBER.unpack_from(header, 76 + 4 * number)[0]
            known, table = number, b"" if place >= 0xFFFFFFFA else _read_at(stream, (place + 1) * size, size)
        if len(table) < 4 * position + 4:
            return
        sector = _NUMBER.unpack_from(table, 4 * position)[0]
