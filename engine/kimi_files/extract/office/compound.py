"""The streams in the root of an OLE2 container, by name, without going through the rest of it.

Structures as Microsoft publishes them in [MS-CFB].
"""

from __future__ import annotations

import struct
import sys
from array import array
from collections.abc import Iterator
from functools import lru_cache

from kimi_files.containers import CompoundEntry, compound_entries

_SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_NO_SECTOR = 0xFFFFFFFA
"""Numbers from here on are no sectors but say what stands there."""
_STORAGE, _STREAM = 1, 2
_MOST_ENTRIES = 65_536
# So many numbers of a table are compared at once.
_ROWS = (1_024, 32)


class Compound:
    """An OLE2 container in memory. Raises ValueError or struct.error where it cannot be followed."""

    def __init__(self, untrusted_bytes: bytes) -> None:
        if not untrusted_bytes.startswith(_SIGNATURE):
            raise ValueError("no container")
        self._content = untrusted_bytes
        shift, mini_shift = struct.unpack_from("<HH", untrusted_bytes, 30)
        if shift not in (9, 12) or mini_shift != 6:
            raise ValueError("no sizes of sectors")
        self._size = 1 << shift
        self._first_directory, _, self._least_size, self._mini_table = struct.unpack_from("<4I", untrusted_bytes, 48)
        self._table = self._allocation()
        self._directory = self._read(self._first_directory)
        self._mini: tuple[bytes, array[int]] | None = None
        self._root_start, self._root_size = struct.unpack_from("<II", self._directory, 116)
        self._found = self._entries(0)

    def stream(self, name: str, most: int, storage: str | None = None) -> bytes | None:
        """Up to ``most`` bytes of a stream, of the root or of a storage there; None where there is none of that name.

        They are fewer where the file is cut off.
        """
        found = self._found
        if storage is not None:
            inner = found.get(storage.upper())
            found = self._entries(inner.number) if inner is not None and inner.kind == _STORAGE else {}
        entry = found.get(name.upper())
        if entry is None or entry.kind != _STREAM:
            return None
        start, size = entry.start, min(entry.size, most)
        if entry.size >= self._least_size:
            return self._read(start, size)
        if self._mini is None:
            self._mini = self._read(self._root_start, self._root_size), _numbers(self._read(self._mini_table))
        container, table = self._mini
        return b"".join(_run(container, table, start, size, 64, 0))

    def _entries(self, storage: int) -> dict[str, CompoundEntry]:
        """What stands in a storage, by names in capitals."""
        return {entry.name.upper(): entry for entry in compound_entries(self._directory, storage, _MOST_ENTRIES)}

    def _read(self, first: int, size: int | None = None) -> bytes:
        return b"".join(_run(self._content, self._table, first, size, self._size, self._size))

    def _allocation(self) -> array[int]:
        """The number of the sector that follows each one."""
        content, size = self._content, self._size
        # Of the room that the header has, most is mostly free; what it has no room for stands in sectors that each end
        # with the number of the next.
        used = len(content[76:512].rstrip(b"\xff"))
        sectors = list(struct.unpack_from(f"<{(used + 3) // 4}I", content, 76))
        following = struct.unpack_from("<I", content, 68)[0]
        most = len(content) // size
        while following < _NO_SECTOR and len(sectors) <= most + 109:
            more = struct.unpack_from(f"<{size // 4}I", content, (following + 1) * size)
            sectors.extend(more[:-1])
            following = more[-1]
        there = (sector for sector in sectors[: most + 109] if sector < _NO_SECTOR)
        return _numbers(b"".join([content[(sector + 1) * size : (sector + 2) * size] for sector in there]))


def _numbers(raw: bytes) -> array[int]:
    numbers = array("I")
    numbers.frombytes(raw[: len(raw) // 4 * 4])
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


@lru_cache(4)
def _ascending(size: int) -> array[int]:
    return array("I", range(size))


def _run(content: bytes, table: array[int], first: int, size: int | None, width: int, shift: int) -> Iterator[bytes]:
    """The bytes of a chain of sectors: no more than the whole has, as a chain may come back to itself."""
    left = len(content) if size is None else min(size, len(content))
    sector = first
    ascending = _ascending(1 << len(table).bit_length())
    while left > 0 and sector < len(table):
        # As programs write a stream in one go, most of it stands together.
        end = sector + 1
        most = sector + (left + width - 1) // width
        for row in _ROWS:
            while end < most and table[end - 1 : min(end + row, most) - 1] == ascending[end : min(end + row, most)]:
                end = min(end + row, most)
        following = table[end - 1] if end <= len(table) else _NO_SECTOR
        while following == end and end < most:
            following = table[end] if end < len(table) else _NO_SECTOR
            end += 1
        part = content[shift + sector * width : min(shift + end * width, shift + sector * width + left)]
        yield part
        if len(part) < min((end - sector) * width, left):
            return
        left -= (end - sector) * width
        sector = following
