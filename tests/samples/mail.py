"""Writes mail messages: MIME by the standard library, and Outlook's in an OLE2 container."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from itertools import pairwise

Tree = dict[str, "bytes | Tree"]
Value = str | int | float | datetime
_FREE, _END, _NONE = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF


def eml(
    plain: str = "",
    html: str = "",
    attachments: list[tuple[str, bytes | EmailMessage]] | None = None,
    **headers: str,
) -> EmailMessage:
    """A message; an attachment that is a message itself is attached whole."""
    message = EmailMessage()
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    if plain:
        message.set_content(plain)
    if html:
        (message.add_alternative if plain else message.set_content)(html, subtype="html")
    for name, content in attachments or []:
        if isinstance(content, EmailMessage):
            message.add_attachment(content, filename=name)
        else:
            message.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return message


@dataclass
class OutlookMessage:
    """Text properties by number, wide unless ``encoding`` says otherwise; attachments are bytes or messages.

    ``named`` are properties by the set and the number in it: texts, numbers, fractions or times.
    """

    texts: dict[int, str]
    named: dict[tuple[int, int], Value] = field(default_factory=dict)
    encoding: str = ""
    codepage: int = 0
    html: bytes = b""
    rtf: bytes = b""
    sent: datetime | None = None
    recipients: list[tuple[int, str, str]] = field(default_factory=list)
    attachments: list[tuple[str, bytes | OutlookMessage]] = field(default_factory=list)


def msg(message: OutlookMessage) -> bytes:
    tree = _tree(message, 32)
    sets = sorted({group for group, _ in message.named})
    tree["__nameid_version1.0"] = {
        "__substg1.0_00020102": b"".join(map(_set, sets)),
        "__substg1.0_00030102": b"".join(
            struct.pack("<IHH", number, (sets.index(group) + 3) << 1, index)
            for index, (group, number) in enumerate(message.named)
        ),
    }
    return compound(tree)


def tnef(
    properties: dict[int | tuple[int, int], Value | bytes], attachments: list[tuple[str, bytes]] | None = None
) -> bytes:
    """A ``winmail.dat``; an attachment that is an envelope itself is attached as a message."""
    content = b"\x78\x9f\x3e\x22\x01\x00" + _attribute(1, 0x69007, struct.pack("<II", 1252, 0))
    content += _attribute(1, 0x69003, _properties(properties))
    for name, data in attachments or []:
        content += _attribute(2, 0x69002, bytes(14)) + _attribute(2, 0x18010, name.encode("cp1252") + b"\0")
        if data.startswith(content[:4]):
            data = bytes.fromhex("0703020000000000c000000000000046") + data
            content += _attribute(
                2, 0x69005, struct.pack("<IHH", 1, 0x0D, 0x3701) + struct.pack("<I", 1) + _padded(data)
            )
        else:
            content += _attribute(2, 0x6800F, data) + _attribute(2, 0x69005, _properties({0x3707: name}))
    return content


def _attribute(level: int, number: int, content: bytes) -> bytes:
    return struct.pack("<BII", level, number, len(content)) + content + struct.pack("<H", sum(content) & 0xFFFF)


def _properties(properties: dict[int | tuple[int, int], Value | bytes]) -> bytes:
    content = struct.pack("<I", len(properties))
    for key, value in properties.items():
        kind, raw = (0x102, value) if isinstance(value, bytes) else _value(value)
        number, name = (key, b"") if isinstance(key, int) else (0x8000, _set(key[0]) + struct.pack("<II", 0, key[1]))
        content += struct.pack("<HH", kind, number) + name
        content += raw if kind in (3, 5, 0x40) else struct.pack("<I", 1) + _padded(raw)
    return content


def _padded(value: bytes) -> bytes:
    return struct.pack("<I", len(value)) + value + bytes(-len(value) % 4)


def _set(first: int) -> bytes:
    return struct.pack("<I", first) + bytes.fromhex("00000000c000000000000046")


def _value(value: Value) -> tuple[int, bytes]:
    """Type and bytes of a property."""
    if isinstance(value, str):
        return 0x1F, value.encode("utf-16-le")
    if isinstance(value, datetime):
        return 0x40, struct.pack("<Q", _ticks(value))
    return (3, struct.pack("<i", value)) if isinstance(value, int) else (5, struct.pack("<d", value))


def _ticks(time: datetime) -> int:
    return int((time - datetime(1601, 1, 1, tzinfo=UTC)).total_seconds() * 10_000_000)


def _tree(message: OutlookMessage, skip: int) -> Tree:
    tree: Tree = _texts(message.texts, message.encoding)
    fixed = b""
    if message.codepage:
        fixed += struct.pack("<HHIii", 3, 0x3FFD, 6, message.codepage, 0)
    if message.sent:
        fixed += struct.pack("<HHIQ", 0x40, 0x0039, 6, _ticks(message.sent))
    for number, value in enumerate(message.named.values(), start=0x8000):
        property_type, raw = _value(value)
        if isinstance(value, str):
            tree[f"__substg1.0_{number:04X}{property_type:04X}"] = raw
        else:
            fixed += struct.pack("<HHI", property_type, number, 6) + raw.ljust(8, b"\0")
    tree["__properties_version1.0"] = bytes(skip) + fixed
    if message.html:
        tree["__substg1.0_10130102"] = message.html
    if message.rtf:
        tree["__substg1.0_10090102"] = message.rtf
    for number, (kind, name, address) in enumerate(message.recipients):
        folder = _texts({0x3001: name, 0x39FE: address}, message.encoding)
        folder["__properties_version1.0"] = bytes(8) + struct.pack("<HHIii", 3, 0x0C15, 6, kind, 0)
        tree[f"__recip_version1.0_#{number:08X}"] = folder
    for number, (name, content) in enumerate(message.attachments):
        folder = _texts({0x3707: name}, message.encoding)
        folder["__properties_version1.0"] = bytes(8)
        if isinstance(content, bytes):
            folder["__substg1.0_37010102"] = content
        else:
            folder["__substg1.0_3701000D"] = _tree(content, 24)
        tree[f"__attach_version1.0_#{number:08X}"] = folder
    return tree


def _texts(texts: dict[int, str], encoding: str) -> Tree:
    if encoding:
        return {f"__substg1.0_{number:04X}001E": text.encode(encoding) for number, text in texts.items()}
    return {f"__substg1.0_{number:04X}001F": text.encode("utf-16-le") for number, text in texts.items()}


def pack_rtf(rtf: bytes) -> bytes:
    """The RTF text as Outlook packs it, each byte for itself, with its end marked."""
    text = b""
    for start in range(0, len(rtf) + 1, 8):
        part = rtf[start : start + 8]
        if len(part) == 8:
            text += b"\0" + part
        else:
            # The 207 bytes that every text begins with come first in the ring.
            offset = (207 + len(rtf)) % 4096
            text += bytes((1 << len(part),)) + part + struct.pack(">H", offset << 4)
    return struct.pack("<II4sI", len(text) + 12, len(rtf), b"LZFu", 0) + text


def compound(tree: Tree) -> bytes:
    """An OLE2 container of streams and storages; small streams are stored as large ones are."""
    entries: list[list[object]] = [["Root Entry", 5, _NONE, _NONE, b""]]

    def add(children: Tree) -> int:
        """Number of the first child; the others hang on it one after the other."""
        numbers = []
        for name, content in children.items():
            number = len(entries)
            numbers.append(number)
            entries.append([name, 2 if isinstance(content, bytes) else 1, _NONE, _NONE, b""])
            if isinstance(content, bytes):
                entries[number][4] = content
            else:
                entries[number][3] = add(content)
        for number, following in pairwise(numbers):
            entries[number][2] = following
        return numbers[0] if numbers else _NONE

    entries[0][3] = add(tree)
    # Streams of less than 4,096 bytes stand in one of their own, in sectors of 64.
    small, small_links = b"", list[int]()
    places: dict[int, int] = {}
    for number, (_, kind, _, _, content) in enumerate(entries):
        assert isinstance(content, bytes)
        if kind == 2 and 0 < len(content) < 4096:
            places[number] = len(small_links)
            small += _sectors(content, 64, small_links)
    entries[0][4] = small
    data, links = b"", list[int]()
    directory = b""
    for number, (name, kind, right, child, content) in enumerate(entries):
        assert isinstance(content, bytes)
        start = places.get(number, len(links) if content else _END)
        if content and number not in places:
            data += _sectors(content, 512, links)
        encoded = (str(name) + "\0").encode("utf-16-le")
        fixed = struct.pack("<HBBIII", len(encoded), kind, 1, _NONE, right, child)
        directory += encoded.ljust(64, b"\0") + fixed + bytes(36) + struct.pack("<IQ", start, len(content))
    table = struct.pack(f"<{len(small_links)}I", *small_links).ljust(-(-len(small_links) // 128) * 512, b"\xff")
    small_table = len(links) if table else _END
    data += _sectors(table, 512, links) if table else b""
    directory = directory.ljust(-(-len(directory) // 512) * 512, b"\0")
    first = len(links)
    links += [*range(first + 1, first + len(directory) // 512), _END]
    tables = 1
    while -(-(len(links) + tables) // 128) > tables:
        tables += 1
    starts = list(range(len(links), len(links) + tables))
    links += [0xFFFFFFFD] * tables
    links += [_FREE] * (tables * 128 - len(links))
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<IIIIIIIIII", 0, tables, first, 0, 4096, small_table, len(table) // 512, _END, 0, starts[0])
    header += struct.pack(f"<{tables - 1}I", *starts[1:]) if tables > 1 else b""
    return header.ljust(512, b"\xff") + data + directory + struct.pack(f"<{len(links)}I", *links)


def _sectors(content: bytes, size: int, links: list[int]) -> bytes:
    """The content in whole sectors, which are linked to each other at the end of ``links``."""
    start, count = len(links), -(-len(content) // size)
    links += [*range(start + 1, start + count), _END]
    return content.ljust(count * size, b"\0")
