"""Writes Kindle books: PalmDOC and Mobipocket, plain, packed in both ways, with an index, protected; and KF8."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass

_RECORD = 4096
_NONE = 0xFFFFFFFF


@dataclass(frozen=True)
class Entry:
    """A line of an index: its name and, for each tag, its numbers."""

    name: bytes
    tags: dict[int, Sequence[int]]


def palm_text(text: str) -> bytes:
    """The oldest form: no header but Palm's, plain text."""
    raw = text.encode("cp1252")
    records = _split(raw)
    return _database([_palm_header(raw, records, 1, 0), *records], b"TEXtREAd")


def mobi(
    raw: bytes,
    *,
    codepage: int = 65001,
    compression: int = 2,
    protection: int = 0,
    contents: list[tuple[str, int, int]] | None = None,
    trailers: bool = False,
    about: dict[int, str] | None = None,
) -> bytes:
    """A Mobipocket book of this markup; ``contents`` are (title, level, offset in the markup).

    ``trailers`` appends what reading programs want at the end of each record; ``about`` are values by their number.
    """
    pack, tables = _packer(compression)
    records = [pack(record) for record in _split(raw)]
    if trailers:
        # One entry of three bytes, its own size last, and the marker for a cut character.
        records = [record + b"\x00" + b"xy\x83" for record in records]
    head = bytearray(_palm_header(raw, records, compression, protection) + _mobi_header(codepage, 6))
    index = _contents(contents or [])
    _put(head, 112, 1 + len(records) if tables else 0)
    _put(head, 116, len(tables))
    _put(head, 244, 1 + len(records) + len(tables) if index else _NONE)
    head[242:244] = struct.pack(">H", 3 if trailers else 0)
    said = [(kind, value.encode()) for kind, value in (about or {}).items()]
    extended = b"".join(struct.pack(">II", kind, 8 + len(value)) + value for kind, value in said)
    if about:
        _put(head, 128, 0x40)
        head += struct.pack(">4sII", b"EXTH", 12 + len(extended), len(about)) + extended
    return _database([bytes(head), *records, *tables, *index], b"BOOKMOBI")


def kf8(chapters: list[tuple[str, str]], *, behind: bytes | None = None) -> bytes:
    """A KF8 book of (title, body): each chapter a skeleton with one fragment; ``behind`` another form's markup."""
    flow, skeletons, fragments, contents = b"", [], [], []
    for number, (title, body) in enumerate(chapters):
        start, end = b"<html><head><title/></head><body>", b"</body></html>"
        position = len(flow)
        skeletons.append(Entry(b"SKEL%010d" % number, {1: (1,), 6: (position, len(start + end))}))
        fragment = body.encode()
        place = b"%010d" % (position + len(start))
        fragments.append(Entry(place, {2: (0,), 3: (number,), 4: (number,), 6: (0, len(fragment))}))
        contents.append((title, number))
        flow += start + end + fragment
    raw = flow + b"p { color: red }"
    records = [pack_palmdoc(record) for record in _split(raw)]
    head = bytearray(_palm_header(raw, records, 2, 0) + _mobi_header(65001, 8))
    labels, offsets = _labels([title for title, _ in contents])
    lines = [
        Entry(b"%03d" % number, {1: (0,), 2: (0,), 3: (offset,), 4: (0,), 6: (number, 0)})
        for number, offset in enumerate(offsets)
    ]
    own = [bytes(head), *records]
    tables = [
        (192, [b"FDST" + struct.pack(">IIIIII", 12, 2, 0, len(flow), len(flow), len(raw))]),
        (252, _index(skeletons, [(1, 1, 3), (6, 2, 12)])),
        (248, _index(fragments, [(2, 1, 1), (3, 1, 2), (4, 1, 4), (6, 2, 8)])),
        (244, _index(lines, [(1, 1, 1), (2, 1, 2), (3, 1, 4), (4, 1, 8), (6, 2, 16)], labels)),
    ]
    for field, parts in tables:
        _put(head, field, len(own))
        own.extend(parts)
    own[0] = bytes(head)
    if behind is None:
        return _database(own, b"BOOKMOBI")
    first = _split(behind)
    extended = struct.pack(">4sIIIII", b"EXTH", 24, 1, 121, 12, 2 + len(first))
    older = bytearray(_palm_header(behind, first, 1, 0) + _mobi_header(65001, 6))
    _put(older, 128, 0x40)
    return _database([bytes(older) + extended, *first, b"BOUNDARY", *own], b"BOOKMOBI")


def pack_palmdoc(raw: bytes) -> bytes:
    """LZ77 as Palm's programs read it."""
    packed = bytearray()
    position = 0
    while position < len(raw):
        for length in range(min(10, len(raw) - position), 2, -1):
            found = raw.rfind(raw[position : position + length], max(position - 2047, 0), position + length - 1)
            if found >= 0:
                packed += struct.pack(">H", 0x8000 | (position - found) << 3 | length - 3)
                position += length
                break
        else:
            byte, following = raw[position], raw[position + 1 : position + 2]
            if byte == 0x20 and following and 0x40 <= following[0] < 0x80:
                packed.append(following[0] | 0x80)
                position += 2
                continue
            packed += bytes((byte,)) if byte == 0 or 9 <= byte < 0x80 else bytes((1, byte))
            position += 1
    return bytes(packed)


def _packer(compression: int) -> tuple[Callable[[bytes], bytes], list[bytes]]:
    if compression == 17480:
        return pack_huffman, huffman_tables()
    return (pack_palmdoc if compression == 2 else bytes), []


def pack_huffman(raw: bytes) -> bytes:
    """Codes of eight bits; the phrase of number 0 is packed itself and stands for "<p>"."""
    return bytes(255 - byte for byte in raw.replace(b"<p>", b"\0"))


def huffman_tables(of_zero: bytes | None = None) -> list[bytes]:
    short = struct.pack(">256I", *[0xFF << 8 | 0x80 | 8] * 256)
    codes = b"HUFF" + struct.pack(">III", 24, 24, 24 + len(short)) + bytes(8) + short + bytes(256)
    phrases = [of_zero if of_zero is not None else bytes(255 - byte for byte in b"<p>")]
    content, offsets = b"", []
    for number in range(256):
        offsets.append(512 + len(content))
        phrase = phrases[0] if number == 0 else bytes((number,))
        content += struct.pack(">H", len(phrase) | (0 if number == 0 else 0x8000)) + phrase
    return [codes, b"CDIC" + struct.pack(">III", 16, 256, 8) + struct.pack(">256H", *offsets) + content]


def _contents(contents: list[tuple[str, int, int]]) -> list[bytes]:
    if not contents:
        return []
    labels, offsets = _labels([title for title, _, _ in contents])
    lines = [
        Entry(b"%03d" % number, {1: (position,), 2: (0,), 3: (label,), 4: (level - 1,)})
        for number, ((_, level, position), label) in enumerate(zip(contents, offsets, strict=True))
    ]
    return _index(lines, [(1, 1, 1), (2, 1, 2), (3, 1, 4), (4, 1, 8)], labels)


def _labels(titles: list[str]) -> tuple[bytes, list[int]]:
    record, offsets = b"", []
    for title in titles:
        offsets.append(len(record))
        record += _number(len(title.encode())) + title.encode()
    return record, offsets


def _index(entries: list[Entry], tags: list[tuple[int, int, int]], labels: bytes = b"") -> list[bytes]:
    """The records of an index; ``tags`` are (tag, numbers a value, mask)."""
    table = b"".join(bytes((*tag, 0)) for tag in tags) + b"\0\0\0\1"
    head = bytearray(192)
    head[:4] = b"INDX"
    for offset, value in ((4, 192), (24, 1), (52, 1 if labels else 0)):
        _put(head, offset, value)
    body, starts = bytearray(192), []
    body[:4] = b"INDX"
    for entry in entries:
        starts.append(len(body))
        control = 0
        for tag, numbers, mask in tags:
            count = len(entry.tags[tag]) // numbers
            control |= count * (mask & -mask)
        body += bytes((len(entry.name),)) + entry.name + bytes((control,))
        for tag, _, _ in tags:
            body += b"".join(map(_number, entry.tags[tag]))
    _put(body, 20, len(body))
    _put(body, 24, len(entries))
    body += b"IDXT" + struct.pack(f">{len(starts)}H", *starts)
    tag_table = b"TAGX" + struct.pack(">II", 12 + len(table), 1) + table
    return [bytes(head) + tag_table, bytes(body), *([labels] if labels else [])]


def _number(value: int) -> bytes:
    parts = [value & 0x7F | 0x80]
    while value := value >> 7:
        parts.append(value & 0x7F)
    return bytes(reversed(parts))


def _split(raw: bytes) -> list[bytes]:
    return [raw[start : start + _RECORD] for start in range(0, len(raw), _RECORD)]


def _palm_header(raw: bytes, records: Sequence[bytes], compression: int, protection: int) -> bytes:
    return struct.pack(">HHIHHHH", compression, 0, len(raw), len(records), _RECORD, protection, 0)


def _mobi_header(codepage: int, version: int) -> bytes:
    head = bytearray(b"\xff" * 248)
    head[:4] = b"MOBI"
    for offset, value in ((4, 248), (8, 2), (12, codepage), (16, 1), (20, version), (96, 0), (100, 0), (112, 0)):
        head[offset : offset + 4] = struct.pack(">I", value)
    head[226:228] = b"\0\0"
    return bytes(head)


def _put(head: bytearray, offset: int, value: int) -> None:
    head[offset : offset + 4] = struct.pack(">I", value)


def _database(records: list[bytes], kind: bytes) -> bytes:
    head = b"A book".ljust(32, b"\0") + bytes(28) + kind + bytes(8) + struct.pack(">H", len(records))
    position = len(head) + 8 * len(records) + 2
    directory = b""
    for number, record in enumerate(records):
        directory += struct.pack(">II", position, number)
        position += len(record)
    return head + directory + b"\0\0" + b"".join(records)
