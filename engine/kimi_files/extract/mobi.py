"""Kindle books: PalmDOC and Mobipocket files, compressed in three ways, and KF8; what is in them as parts of markup."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise

from kimi_files.errors import DamagedFile, TooComplex, UnsupportedFile
from kimi_files.extract.mobi_index import NO_INDEX, read_index

_MOST_BYTES = 256 << 20
# A record holds 4,096 bytes of text, and never more than 64 KB.
_MOST_RECORD_BYTES = 1 << 17

_PLAIN, _PALMDOC, _HUFFMAN = 1, 2, 17480
_HAS_EXTENDED = 0x40
_ABOUT = {503: "Title", 100: "Authors", 524: "Language", 101: "Publisher", 106: "Date", 103: "Description"}
_BOUNDARY = 121  # the number of the record at which a book's second form, KF8, begins
_NAMES = {"cp1252": "cp1252", 1252: "cp1252", 65001: "utf-8"}
_PAGE_BREAK = re.compile(rb"<\s*/?\s*mbp:pagebreak\b[^>]*>(?:\s*<\s*/\s*mbp:pagebreak\s*>)?", re.IGNORECASE)
_LITERALS = re.compile(rb"[\x00\x09-\x7f]+")

_PROTECTED = UnsupportedFile(
    "The book is protected (DRM): only the reading program of the one who bought it can open it.",
    "Use a copy without protection.",
)
_DAMAGED = DamagedFile(
    "The book is damaged or cut off.", "Download it again, or open it in its reading program to see what is left of it."
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the table of contents. ``part`` is the index of the part in which it starts, ``level`` counts from 1."""

    title: str
    level: int
    part: int


@dataclass(frozen=True, slots=True)
class Book:
    """``parts`` are the chapters' markup in order, still encoded; ``encoding`` is None where the file does not say.

    ``about`` are its title, its authors and so on, by what they are called.
    """

    parts: list[bytes]
    encoding: str | None
    entries: list[Entry] = field(default_factory=list)
    about: dict[str, list[str]] = field(default_factory=dict)


def read_book(untrusted_bytes: bytes) -> Book:
    """The book in its richest form.

    Raises:
        UnsupportedFile: It is protected, or pages of a printed book.
        DamagedFile, TooComplex: It cannot be read, or would unpack to more than is read.
    """
    try:
        records = _records(untrusted_bytes)
        start = _start_of_kf8(records)
        form = _Form(records, start)
        return form.book()
    except (struct.error, IndexError, ValueError):
        raise _DAMAGED from None


def _records(untrusted_bytes: bytes) -> list[bytes]:
    count = struct.unpack_from(">H", untrusted_bytes, 76)[0]
    offsets = [struct.unpack_from(">I", untrusted_bytes, 78 + 8 * number)[0] for number in range(count)]
    ends = [*offsets[1:], len(untrusted_bytes)]
    if not offsets or any(first > last for first, last in zip(offsets, ends, strict=True)):
        raise _DAMAGED
    return [untrusted_bytes[first:last] for first, last in zip(offsets, ends, strict=True)]


def _start_of_kf8(records: list[bytes]) -> int:
    """The record at which the KF8 form begins; 0 where there is no second form."""
    header = records[0]
    if header[16:20] != b"MOBI" or len(header) < 132 or not struct.unpack_from(">I", header, 128)[0] & _HAS_EXTENDED:
        return 0
    for kind, value in _extended(header):
        if kind == _BOUNDARY and len(value) == 4:
            start = int.from_bytes(value, "big")
            is_there = 0 < start < len(records) and records[start - 1].startswith(b"BOUNDARY")
            return start if is_there else 0
    return 0


def _extended(header: bytes) -> Iterator[tuple[int, bytes]]:
    """What a header says of the book beyond the numbers at fixed places: kind and value."""
    position = 16 + struct.unpack_from(">I", header, 20)[0]
    if header[position : position + 4] != b"EXTH":
        return
    count = struct.unpack_from(">I", header, position + 8)[0]
    position += 12
    for _ in range(min(count, 1_000)):
        kind, length = struct.unpack_from(">II", header, position)
        yield kind, header[position + 8 : position + max(length, 8)]
        position += max(length, 8)


class _Form:
    """A book in one of its forms: the records from ``start`` on."""

    def __init__(self, records: list[bytes], start: int) -> None:
        self._records = records
        self._start = start
        self._header = header = records[start]
        self._compression, self._text_records, self._protection = struct.unpack_from(">H6xHxxH", header, 0)
        self._is_mobi = header[16:20] == b"MOBI"
        self._length = self._number(20) if self._is_mobi else 0
        self._version = self._number(36) if self._is_mobi else 0
        codepage = self._number(28) if self._is_mobi else 0
        self._encoding = _NAMES.get(codepage)
        if header[16:19] == b"MOP" or records[start][:4] == b"%MOP":
            raise UnsupportedFile("The book is pages of a printed book, which are not read.", "Use its PDF edition.")

    def book(self) -> Book:
        if self._protection:
            raise _PROTECTED
        raw = self._text()
        book = self._kf8(raw) if self._version == 8 else self._mobipocket(raw)
        return replace(book, about=self._about())

    def _about(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        if self._is_mobi and self._number(128, 0) & _HAS_EXTENDED:
            for kind, value in _extended(self._header):
                if kind in _ABOUT:
                    found.setdefault(_ABOUT[kind], []).append(value.decode(self._encoding or "cp1252", "replace"))
        return found

    def _number(self, offset: int, missing: int = NO_INDEX) -> int:
        """A number of the header; ``missing`` where the header is too short for it."""
        if offset + 4 > min(16 + (self._length if offset > 20 else 8), len(self._header)):
            return missing
        found: int = struct.unpack_from(">I", self._header, offset)[0]
        return found

    def _index(self, offset: int) -> int:
        """The record of an index that the header names at ``offset``; NO_INDEX where it names none."""
        number = self._number(offset)
        return NO_INDEX if number == NO_INDEX else self._start + number

    # ---- the text

    def _text(self) -> bytes:
        unpack = self._unpacker()
        flags = struct.unpack_from(">H", self._header, 242)[0] if self._is_mobi and self._length >= 228 else 0
        text = bytearray()
        for record in self._records[self._start + 1 : self._start + 1 + self._text_records]:
            text += unpack(_without_trailers(record, flags))
            if len(text) > _MOST_BYTES:
                raise _too_large()
        return bytes(text)

    def _unpacker(self) -> Callable[[bytes], bytes]:
        if self._compression == _PLAIN:
            return bytes
        if self._compression == _PALMDOC:
            return unpack_palmdoc
        if self._compression == _HUFFMAN:
            first, count = self._start + self._number(112, 0), self._number(116, 0)
            return Huffman(self._records[first], self._records[first + 1 : first + min(count, 256)]).unpack
        raise _DAMAGED

    # ---- its parts

    def _mobipocket(self, raw: bytes) -> Book:
        """Cut at page breaks; without any, where chapters of the table of contents start."""
        lines = read_index(self._records, self._index(244))
        starts = [(line.first(1, -1), line.text(3, self._encoding), line.first(4, 0) + 1) for line in lines]
        starts = [(offset, title, level) for offset, title, level in starts if 0 <= offset < len(raw)]
        cuts = [found.end() for found in _PAGE_BREAK.finditer(raw)]
        if not cuts:
            cuts = sorted({_tag_before(raw, offset) for offset, _, level in starts if level == 1})
        bounds = [0, *(cut for cut in cuts if 0 < cut < len(raw)), len(raw)]
        parts = [_PAGE_BREAK.sub(b"", raw[first:last]) for first, last in pairwise(bounds)]
        entries = []
        for offset, title, level in starts:
            # A chapter may be said to start at the page break itself.
            target = _PAGE_BREAK.match(raw, offset)
            position = target.end() if target else offset
            part = sum(bound <= position for bound in bounds[1:-1])
            entries.append(Entry(title, level, part))
        return Book(parts, self._encoding, entries)

    def _kf8(self, raw: bytes) -> Book:
        """Each part is a skeleton of markup, with fragments that belong at certain places in it."""
        flow = self._first_flow(raw)
        skeletons = read_index(self._records, self._index(252))
        fragments = read_index(self._records, self._index(248))
        if not skeletons:
            return Book([flow], self._encoding)
        parts: list[bytes] = []
        part_of_fragment: list[int] = []
        taken = 0
        for skeleton in skeletons:
            count = skeleton.first(1, 0)
            start, length = skeleton.pair(6)
            part, position = flow[start : start + length], start + length
            for fragment in fragments[taken : taken + count]:
                size = fragment.pair(6)[1]
                place = min(max(int(fragment.name) - start, 0), len(part))
                part = part[:place] + flow[position : position + size] + part[place:]
                position += size
                part_of_fragment.append(len(parts))
            taken += count
            parts.append(part)
        entries = []
        for line in read_index(self._records, self._index(244)):
            fragment_number = line.first(6, -1)
            if 0 <= fragment_number < len(part_of_fragment):
                part_number = part_of_fragment[fragment_number]
                entries.append(Entry(line.text(3, self._encoding), line.first(4, 0) + 1, part_number))
        return Book(parts, self._encoding, entries)

    def _first_flow(self, raw: bytes) -> bytes:
        """The text without the style sheets and drawings that follow it."""
        number = self._index(192)
        if number < len(self._records) and self._records[number].startswith(b"FDST"):
            first, last = struct.unpack_from(">II", self._records[number], 12)
            return raw[first:last]
        return raw


def _tag_before(raw: bytes, offset: int) -> int:
    """``offset``, or where the tag starts in the middle of which it stands."""
    start = raw.rfind(b"<", max(offset - 300, 0), offset)
    return start if start >= 0 and raw.find(b">", start, offset) < 0 else offset


def _without_trailers(record: bytes, flags: int) -> bytes:
    """A record without what is appended for reading programs; each entry's size stands at its end."""
    for _ in range((flags >> 1).bit_count()):
        size = 0
        for byte in record[-4:]:
            size = (0 if byte & 0x80 else size << 7) | byte & 0x7F
        record = record[: len(record) - size]
    if flags & 1 and record:
        # The rest of a character of several bytes that the next record repeats.
        record = record[: len(record) - (record[-1] & 3) - 1]
    return record


def unpack_palmdoc(packed: bytes) -> bytes:
    """LZ77 as Palm's programs wrote it."""
    text = bytearray()
    position = 0
    while position < len(packed):
        byte = packed[position]
        if byte >= 0xC0:
            text += bytes((0x20, byte ^ 0x80))
            position += 1
        elif byte >= 0x80:
            pair = int.from_bytes(packed[position : position + 2].ljust(2, b"\0"), "big")
            distance, length = (pair & 0x3FFF) >> 3, (pair & 7) + 3
            if not 0 < distance <= len(text):
                raise _DAMAGED
            if distance >= length:
                start = len(text) - distance
                text += text[start : start + length]
            else:
                text += (text[-distance:] * (length // distance + 1))[:length]
            position += 2
        elif 1 <= byte <= 8:
            text += packed[position + 1 : position + 1 + byte]
            position += 1 + byte
        else:
            literals = _LITERALS.match(packed, position)
            assert literals is not None
            text += literals[0]
            position = literals.end()
        if len(text) > _MOST_RECORD_BYTES:
            raise _too_large()
    return bytes(text)


class Huffman:
    """Amazon's Huffman codes (``HUFF``) over a dictionary of phrases (``CDIC``), which may be packed themselves.

    Raises ValueError, IndexError or struct.error for tables that make no sense.
    """

    _DEEPEST = 32

    def __init__(self, untrusted_codes: bytes, untrusted_dictionaries: Iterable[bytes]) -> None:
        if not untrusted_codes.startswith(b"HUFF"):
            raise _DAMAGED
        first, second = struct.unpack_from(">II", untrusted_codes, 8)
        self._short = list(map(_short_code, struct.unpack_from(">256I", untrusted_codes, first)))
        limits = struct.unpack_from(">64I", untrusted_codes, second)
        self._least = [0, *(limits[2 * size] << (31 - size) for size in range(32))]
        self._most = [0, *(((limits[2 * size + 1] + 1) << (31 - size)) - 1 for size in range(32))]
        self._phrases: list[tuple[bytes, bool] | None] = []
        for dictionary in untrusted_dictionaries:
            self._phrases.extend(_phrases(dictionary, len(self._phrases)))

    def unpack(self, packed: bytes) -> bytes:
        """The text of a record."""
        return self._unpacked(packed, 0)

    def _unpacked(self, packed: bytes, depth: int) -> bytes:
        if depth > self._DEEPEST:
            raise _DAMAGED
        text = bytearray()
        bits_left = len(packed) * 8
        stream = int.from_bytes(packed + bytes(8), "big")
        while bits_left > 0:
            window = stream >> (bits_left + 32) & 0xFFFFFFFF
            size, is_final, most = self._short[window >> 24]
            if not is_final:
                while size < 32 and window < self._least[size]:
                    size += 1
                most = self._most[size]
            if not size:
                raise _DAMAGED
            bits_left -= size
            if bits_left < 0:
                break
            stream &= (1 << (bits_left + 64)) - 1
            text += self._phrase((most - window) >> (32 - size), depth)
            if len(text) > _MOST_RECORD_BYTES:
                raise _too_large()
        return bytes(text)

    def _phrase(self, number: int, depth: int) -> bytes:
        found = self._phrases[number]
        if found is None:  # a phrase that contains itself
            raise _DAMAGED
        phrase, is_plain = found
        if not is_plain:
            self._phrases[number] = None
            phrase = self._unpacked(phrase, depth + 1)
            self._phrases[number] = (phrase, True)
        return phrase


def _short_code(word: int) -> tuple[int, bool, int]:
    size = word & 0x1F
    return size, bool(word & 0x80), ((((word >> 8) + 1) << (32 - size)) - 1) & 0xFFFFFFFFFF


def _phrases(dictionary: bytes, known: int) -> Iterator[tuple[bytes, bool]]:
    if not dictionary.startswith(b"CDIC"):
        raise _DAMAGED
    total, bits = struct.unpack_from(">II", dictionary, 8)
    for number in range(min(1 << min(bits, 16), total - known)):
        offset = 16 + struct.unpack_from(">H", dictionary, 16 + 2 * number)[0]
        length = struct.unpack_from(">H", dictionary, offset)[0]
        yield dictionary[offset + 2 : offset + 2 + (length & 0x7FFF)], bool(length & 0x8000)


def _too_large() -> TooComplex:
    return TooComplex(f"The book unpacks to more than {_MOST_BYTES >> 20} MB of text.", "Use another edition of it.")
