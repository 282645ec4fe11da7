"""Writes workbooks in Excel's binary format, as the bare stream that Excel, too, opens without a container."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass, field

_CUT = 8_224
"""No record of the format is longer."""


@dataclass(slots=True)
class Sheet:
    """``cells`` are ready records made by the functions below. ``state`` is 0, 1 for hidden, 2 for very hidden."""

    name: str
    cells: list[bytes] = field(default_factory=list)
    state: int = 0


def record(kind: int, content: bytes) -> bytes:
    return struct.pack("<HH", kind, len(content)) + content


def shared(row: int, column: int, index: int) -> bytes:
    return record(0x00FD, struct.pack("<HHHI", row, column, 0, index))


def number(row: int, column: int, value: float, style: int = 0) -> bytes:
    return record(0x0203, struct.pack("<HHHd", row, column, style, value))


def packed(row: int, column: int, values: list[int], style: int = 0) -> bytes:
    """Whole numbers next to each other."""
    inner = b"".join(struct.pack("<HI", style, value << 2 & 0xFFFFFFFF | 2) for value in values)
    return record(0x00BD, struct.pack("<HH", row, column) + inner + struct.pack("<H", column + len(values) - 1))


def formula(row: int, column: int, result: float | str | bool, style: int = 0) -> bytes:
    if isinstance(result, str):
        text = record(0x0207, struct.pack("<HB", len(result), 1) + result.encode("utf-16-le"))
        return record(0x0006, struct.pack("<HHH", row, column, style) + b"\0\0\0\0\0\0\xff\xff" + bytes(8)) + text
    is_truth = isinstance(result, bool)
    cached = b"\1\0" + bytes([int(result)]) + b"\0\0\0\xff\xff" if is_truth else struct.pack("<d", result)
    return record(0x0006, struct.pack("<HHH", row, column, style) + cached + bytes(8))


def comment(row: int, column: int, author: str, text: str, number: int = 1) -> bytes:
    return (
        record(0x005D, struct.pack("<HHHH", 0x15, 0x12, 0x19, number) + bytes(14))
        + record(0x01B6, struct.pack("<HH6xHHI", 0, 0, len(text), 16, 0))
        + record(0x003C, b"\1" + text.encode("utf-16-le"))
        + record(0x003C, bytes(16))
        + record(
            0x001C, struct.pack("<HHHHHB", row, column, 0, number, len(author), 1) + author.encode("utf-16-le") + b"\0"
        )
    )


def link(row: int, column: int, target: str) -> bytes:
    address = target.encode("utf-16-le") + b"\0\0"
    moniker = bytes.fromhex("e0c9ea79f9bace118c8200aa004ba90b") + struct.pack("<I", len(address)) + address
    return record(0x01B8, struct.pack("<4H", row, row, column, column) + bytes(16) + struct.pack("<II", 2, 3) + moniker)


def biff(sheets: list[Sheet], strings: list[str], formats: list[str], filepass: bytes = b"") -> bytes:
    """A workbook; cell style n > 0 has the n-th of the ``formats``. ``filepass`` stands behind its beginning."""
    codes = b"".join(
        record(0x041E, struct.pack("<HHB", 163 + n, len(code), 1) + code.encode("utf-16-le"))
        for n, code in enumerate(formats, 1)
    )
    styles = b"".join(
        record(0x00E0, struct.pack("<HH", 0, format_) + bytes(16)) for format_ in (0, *range(164, 164 + len(formats)))
    )
    before = _start(0x0005) + filepass + codes + styles
    after = _shared_strings(strings) + record(0x000A, b"")
    listed_bytes = sum(len(_listed(sheet, 0)) for sheet in sheets)
    offset = len(before) + listed_bytes + len(after)
    listed, bodies = b"", b""
    for sheet in sheets:
        listed += _listed(sheet, offset + len(bodies))
        bodies += _start(0x0010) + b"".join(sheet.cells) + record(0x000A, b"")
    return before + listed + after + bodies


def _start(kind: int) -> bytes:
    return record(0x0809, struct.pack("<HHHHII", 0x0600, kind, 0x0DBB, 0x07CC, 0, 6))


def _listed(sheet: Sheet, offset: int) -> bytes:
    name = sheet.name.encode("utf-16-le")
    return record(0x0085, struct.pack("<IBBBB", offset, sheet.state, 0, len(sheet.name), 1) + name)


def _shared_strings(strings: list[str]) -> bytes:
    """The texts of cells; a long one is cut, and its rest begins with a byte that says how wide it is."""
    records: list[bytearray] = [bytearray(struct.pack("<II", len(strings), len(strings)))]
    for text in strings:
        if len(records[-1]) + 3 > _CUT:
            records.append(bytearray())
        records[-1] += struct.pack("<HB", len(text), 1)
        for character in text:
            if len(records[-1]) + 2 > _CUT:
                records.append(bytearray(b"\1"))
            records[-1] += character.encode("utf-16-le")
    first, *rest = (bytes(part) for part in records)
    return record(0x00FC, first) + b"".join(record(0x003C, part) for part in rest)


def encrypted(sheets: list[Sheet], strings: list[str], password: str, *, is_new: bool) -> bytes:
    """A workbook as Excel 97 encrypts it (``is_new`` False), or Excel 2002 with a key of 128 bits."""
    salt, verifier = bytes(range(16)), bytes(range(100, 116))
    secret = password.encode("utf-16-le")
    if is_new:
        kind = "sha1"
        secret = hashlib.sha1(salt + secret).digest()
    else:
        kind = "md5"
        inner = hashlib.md5(secret).digest()[:5]
        secret = hashlib.md5((inner + salt) * 16).digest()[:5]

    def signs(block: int, size: int) -> bytes:
        return _rc4(hashlib.new(kind, secret + struct.pack("<I", block)).digest()[:16], size)

    proof = hashlib.new(kind, verifier).digest()
    hidden = _laid_over(verifier + proof, signs(0, 16 + len(proof)))
    if is_new:
        header = struct.pack("<8I", 4, 0, 0x6801, 0x8004, 128, 1, 0, 0) + "RC4\0".encode("utf-16-le")
        proofs = struct.pack("<I", 16) + salt + hidden[:16] + struct.pack("<I", 20) + hidden[16:]
        filepass = struct.pack("<HHHII", 1, 2, 2, 4, len(header)) + header + proofs
    else:
        filepass = struct.pack("<HHH", 1, 1, 1) + salt + hidden
    plain = biff(sheets, strings, [], record(0x002F, filepass))
    laid = b"".join(signs(block, 1_024) for block in range(len(plain) // 1_024 + 1))
    written, position = bytearray(plain), 0
    while position + 4 <= len(plain):
        number, size = struct.unpack_from("<HH", plain, position)
        start = position + 4 + (4 if number == 0x0085 else 0)
        position += 4 + size
        if number not in (0x0809, 0x002F):
            written[start:position] = _laid_over(plain[start:position], laid[start:position])
    return bytes(written)


def _laid_over(content: bytes, signs: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(content, signs, strict=True))


def _rc4(key: bytes, size: int) -> bytes:
    box, j = list(range(256)), 0
    for i in range(256):
        j = (j + box[i] + key[i % len(key)]) % 256
        box[i], box[j] = box[j], box[i]
    i = j = 0
    signs = []
    for _ in range(size):
        i = (i + 1) % 256
        j = (j + box[i]) % 256
        box[i], box[j] = box[j], box[i]
        signs.append(box[(box[i] + box[j]) % 256])
    return bytes(signs)
