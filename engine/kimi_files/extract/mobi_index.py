"""The indexes of Kindle books: tables of contents, and where parts of the markup belong."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

NO_INDEX = 0xFFFFFFFF
"""The number that stands for an index that a book does not have."""

_MOST_LINES = 100_000
_MOST_VALUES = 256


@dataclass(frozen=True, slots=True)
class Line:
    """An entry: its ``name``, and for each tag its numbers. ``strings`` are the records of texts that tags refer to."""

    name: bytes
    tags: dict[int, list[int]]
    strings: list[bytes]

    def first(self, tag: int, missing: int) -> int:
        """The first number of a tag."""
        values = self.tags.get(tag)
        return values[0] if values else missing

    def pair(self, tag: int) -> tuple[int, int]:
        """The first two numbers of a tag. ValueError where there are fewer."""
        first, second = self.tags.get(tag, [])[:2]
        return first, second

    def text(self, tag: int, encoding: str | None) -> str:
        """The text that a tag refers to; empty where there is none."""
        record, offset = divmod(self.first(tag, 0), 0x10000)
        if tag not in self.tags or record >= len(self.strings):
            return ""
        length, width = _forward(self.strings[record], offset)
        return self.strings[record][offset + width : offset + width + length].decode(encoding or "utf-8", "replace")


def read_index(records: list[bytes], number: int) -> list[Line]:
    """The entries of the index that begins at record ``number``; none where there is none.

    Raises ValueError, IndexError or struct.error for one that is damaged.
    """
    if number >= len(records) or not records[number].startswith(b"INDX"):
        return []
    head = records[number]
    count, strings = struct.unpack_from(">I", head, 24)[0], struct.unpack_from(">I", head, 52)[0]
    start = struct.unpack_from(">I", head, 4)[0]
    masks, control_bytes = _tag_table(head, start)
    texts = records[number + 1 + count : number + 1 + count + strings]
    lines: list[Line] = []
    for record in records[number + 1 : number + 1 + count]:
        lines.extend(Line(name, tags, texts) for name, tags in _entries(record, masks, control_bytes))
        if len(lines) > _MOST_LINES:
            raise ValueError("too many entries")
    return lines


def _tag_table(head: bytes, start: int) -> tuple[list[tuple[int, int, int, int]], int]:
    """(tag, numbers a value, mask, 1 where the next control byte follows) of each tag, and how many control bytes."""
    if head[start : start + 4] != b"TAGX":
        raise ValueError("no table of tags")
    length, control_bytes = struct.unpack_from(">II", head, start + 4)
    table = [struct.unpack_from("4B", head, position) for position in range(start + 12, start + length, 4)]
    return [(tag, numbers, mask, ends) for tag, numbers, mask, ends in table], control_bytes


def _entries(
    record: bytes, table: list[tuple[int, int, int, int]], control_bytes: int
) -> Iterator[tuple[bytes, dict[int, list[int]]]]:
    positions_at, count = struct.unpack_from(">II", record, 20)
    starts = struct.unpack_from(f">{min(count, _MOST_LINES)}H", record, positions_at + 4)
    for start, end in zip(starts, [*starts[1:], positions_at], strict=True):
        length = record[start]
        name = record[start + 1 : start + 1 + length]
        yield name, _tags(record[:end], start + 1 + length, table, control_bytes)


def _tags(
    record: bytes, position: int, table: list[tuple[int, int, int, int]], control_bytes: int
) -> dict[int, list[int]]:
    controls = list(record[position : position + control_bytes])
    position += control_bytes
    due: list[tuple[int, int, int, bool]] = []  # tag, numbers a value, how many values or bytes, whether it is bytes
    for tag, numbers, mask, ends in table:
        if ends == 1:
            controls.pop(0)
            continue
        value = controls[0] & mask
        if value == mask and mask.bit_count() > 1:
            size, width = _forward(record, position)
            position += width
            due.append((tag, numbers, size, True))
        elif value:
            due.append((tag, numbers, value >> (mask & -mask).bit_length() - 1, False))
    found: dict[int, list[int]] = {}
    for tag, numbers, count, is_bytes in due:
        end = position + count if is_bytes else len(record)
        values = found.setdefault(tag, [])
        while position < end and (is_bytes or len(values) < count * numbers) and len(values) < _MOST_VALUES:
            value, width = _forward(record, position)
            values.append(value)
            position += width
    return found


def _forward(record: bytes, position: int) -> tuple[int, int]:
    """A number of up to four bytes, its last byte marked, and how many bytes it takes."""
    value = 0
    for width, byte in enumerate(record[position : position + 4], start=1):
        value = value << 7 | byte & 0x7F
        if byte & 0x80:
            return value, width
    return value, min(4, max(len(record) - position, 1))
