"""7z archives: their directory, and what the standard library's LZMA, LZMA2, Deflate, BZip2 and filters can unpack of them."""

from __future__ import annotations

import bz2
import io
import lzma
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from kimi_files.errors import TooComplex

MAGIC = b"7z\xbc\xaf\x27\x1c"

_BLOCK = 1 << 20
_FILTER_BLOCK = 1 << 16  # what a stored block of LZMA2 holds at most
# A directory is a few dozen bytes a file, and packed itself: what is larger was made to be.
_MOST_HEADER_BYTES = 64 << 20
_MOST_PACKED_HEADERS = 4
_MOST_FILES = 200_000
# The dictionary takes that much memory. 7-Zip's own "ultra" has 64 MB, or 256 MB for very large files.
_MOST_DICTIONARY = 512 << 20

# Marks of the directory's parts, by 7-Zip's 7zFormat.txt.
_END, _HEADER, _PROPERTIES, _MORE_STREAMS, _STREAMS, _FILES = range(6)
_PACKED, _FOLDERS, _SUBSTREAMS, _SIZES, _CHECKS, _FOLDER, _UNPACKED_SIZES, _COUNTS = range(6, 14)
_WITHOUT_STREAM, _EMPTY_FILES, _ANTI, _NAMES = range(14, 18)
_MODIFIED, _ATTRIBUTES, _ENCODED_HEADER = 20, 21, 23

_LZMA, _LZMA2, _DEFLATE, _BZIP2 = b"\3\1\1", b"\x21", b"\4\1\x08", b"\4\2\2"
_COPIES = (b"", b"\0")
_AES = b"\6\xf1\7\1"
_DELTA = b"\3"
# Both of 7-Zip's numbers for each: of old, and the short ones of today.
_BRANCHES = {
    b"\3\3\1\3": lzma.FILTER_X86,
    b"\4": lzma.FILTER_X86,
    b"\3\3\2\5": lzma.FILTER_POWERPC,
    b"\5": lzma.FILTER_POWERPC,
    b"\3\3\4\1": lzma.FILTER_IA64,
    b"\6": lzma.FILTER_IA64,
    b"\3\3\5\1": lzma.FILTER_ARM,
    b"\7": lzma.FILTER_ARM,
    b"\3\3\7\1": lzma.FILTER_ARMTHUMB,
    b"\x08": lzma.FILTER_ARMTHUMB,
    b"\3\3\x08\5": lzma.FILTER_SPARC,
    b"\x09": lzma.FILTER_SPARC,
}

_LINK = 0o120000
_UNIX_MODE = 0x8000
_SECONDS_TO_1970 = 11_644_473_600


@dataclass(frozen=True, slots=True)
class Packed:
    """A file of the archive. ``modified`` is in Unix seconds; ``start`` is where it stands in what its folder unpacks to, -1 for
    a file of no bytes."""

    name: str
    size: int
    modified: float | None
    folder: int
    start: int
    check: int | None
    locked: bool


@dataclass(frozen=True, slots=True)
class _Coder:
    method: bytes
    settings: bytes
    size: int


@dataclass(frozen=True, slots=True)
class _Folder:
    """Files that were packed together: ``coders`` in the order of unpacking; none where they are no chain."""

    coders: tuple[_Coder, ...]
    locked: bool
    offset: int
    packed_size: int
    size: int
    check: int | None


class SevenZip:
    """An archive. As the library's own modules for archives do, everything raises ValueError for what is damaged, RuntimeError
    for what needs a password, NotImplementedError for what is packed by PPMd, BCJ2, Deflate64 or Zstandard; and TooComplex.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._length = stream.seek(0, io.SEEK_END)
        self._folders: list[_Folder] = []
        self.files: list[Packed] = []
        header = self._header()
        if header:
            self._read_header(_Bytes(header))

    def blocks(self, file: Packed) -> Iterator[bytes]:
        """What a file holds, from its beginning. What was packed before it in its folder is unpacked for it."""
        if file.start < 0:
            return
        found = 0
        check = 0
        position = 0
        for block in self._unpacked(self._folders[file.folder]):
            part = block[max(file.start - position, 0) : file.start + file.size - position]
            position += len(block)
            if part:
                found += len(part)
                check = zlib.crc32(part, check)
                yield part
            if found == file.size:
                break
        if found < file.size or (file.check is not None and check != file.check):
            raise _damaged()

    def before(self, file: Packed) -> tuple[int, int]:
        """How many bytes have to be unpacked to get a file, and from how many at most."""
        return file.start + file.size, self._folders[file.folder].packed_size if file.start >= 0 else 0

    # ---- the directory

    def _header(self) -> bytes:
        self._stream.seek(0)
        start = self._stream.read(32)
        if len(start) < 32 or zlib.crc32(start[12:]) != struct.unpack("<I", start[8:12])[0]:
            raise _damaged()
        offset, size, check = struct.unpack("<QQI", start[12:])
        if not size:
            return b""
        header = self._read(32 + offset, size)
        for _ in range(_MOST_PACKED_HEADERS):
            if zlib.crc32(header) != check:
                raise _damaged()
            content = _Bytes(header)
            if header[:1] != bytes((_ENCODED_HEADER,)):
                return header
            content.byte()
            folders, _ = self._streams(content)
            if len(folders) != 1:
                raise _damaged()
            (folder,) = folders
            if folder.locked:
                raise RuntimeError("even the names need a password")
            if folder.size > _MOST_HEADER_BYTES:
                raise _too_many()
            header = b"".join(self._unpacked(folder))
            check = zlib.crc32(header) if folder.check is None else folder.check
        raise _damaged()

    def _read(self, offset: int, size: int) -> bytes:
        if size > _MOST_HEADER_BYTES:
            raise _too_many()
        if offset + size > self._length:
            raise _damaged()
        self._stream.seek(offset)
        return self._stream.read(size)

    def _read_header(self, content: _Bytes) -> None:
        if content.byte() != _HEADER:
            raise _damaged()
        substreams: list[list[tuple[int, int | None]]] = []
        while mark := content.byte():
            if mark == _PROPERTIES:
                while content.byte():
                    content.take(content.number())
            elif mark == _MORE_STREAMS:
                self._streams(content)
            elif mark == _STREAMS:
                self._folders, substreams = self._streams(content)
            elif mark == _FILES:
                self.files = self._read_files(content, substreams)
            else:
                raise _damaged()

    def _streams(self, content: _Bytes) -> tuple[list[_Folder], list[list[tuple[int, int | None]]]]:
        """Folders, and for each of them size and check of the files in it."""
        offset, sizes = 0, list[int]()
        folders: list[_Folder] = []
        substreams: list[list[tuple[int, int | None]]] | None = None
        while mark := content.byte():
            if mark == _PACKED:
                offset, sizes = _packed_streams(content)
            elif mark == _FOLDERS:
                folders = _folders(content, 32 + offset, sizes)
            elif mark == _SUBSTREAMS:
                substreams = _substreams(content, folders)
            else:
                raise _damaged()
        if any(folder.offset + folder.packed_size > self._length for folder in folders):
            raise _damaged()
        return folders, substreams or [[(folder.size, folder.check)] for folder in folders]

    def _read_files(self, content: _Bytes, substreams: Sequence[Sequence[tuple[int, int | None]]]) -> list[Packed]:
        count = content.number()
        if count > _MOST_FILES:
            raise _too_many()
        names, times, attributes = [""] * count, [0] * count, [0] * count
        without_stream, empty_files = [False] * count, list[bool]()
        while mark := content.byte():
            part = _Bytes(content.take(content.number()))
            if mark == _WITHOUT_STREAM:
                without_stream = part.bits(count)
                empty_files = [False] * sum(without_stream)
            elif mark == _EMPTY_FILES:
                empty_files = part.bits(sum(without_stream))
            elif mark == _NAMES:
                names = part.names(count)
            elif mark == _MODIFIED:
                times = part.values(count, "<Q")
            elif mark == _ATTRIBUTES:
                attributes = part.values(count, "<I")
        places = (
            (folder, start, size, check)
            for folder, files in enumerate(substreams)
            for start, size, check in _starts(files)
        )
        is_file = iter(empty_files)
        found = []
        for name, time, attribute, empty in zip(names, times, attributes, without_stream, strict=True):
            if empty:
                if next(is_file, False):
                    found.append(Packed(name, 0, _modified(time), 0, -1, None, locked=False))
                continue
            place = next(places, None)
            if place is None:
                raise _damaged()
            if attribute & _UNIX_MODE and (attribute >> 16) & 0o170000 == _LINK:
                continue
            folder, start, size, check = place
            found.append(Packed(name, size, _modified(time), folder, start, check, self._folders[folder].locked))
        return found

    # ---- unpacking

    def _unpacked(self, folder: _Folder) -> Iterator[bytes]:
        if not folder.coders:
            raise NotImplementedError
        blocks = self._packed(folder)
        for coder in folder.coders:
            blocks = _decoded(coder, blocks)
        return blocks

    def _packed(self, folder: _Folder) -> Iterator[bytes]:
        done = 0
        while done < folder.packed_size:
            self._stream.seek(folder.offset + done)
            block = self._stream.read(min(_BLOCK, folder.packed_size - done))
            if not block:
                raise _damaged()
            done += len(block)
            yield block


# ---- parts of the directory


class _Bytes:
    """A part of the directory, read from its beginning. What is not there is damage."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._position = 0

    def take(self, size: int) -> bytes:
        part = self._content[self._position : self._position + size]
        if len(part) < size:
            raise _damaged()
        self._position += size
        return part

    def byte(self) -> int:
        return self.take(1)[0]

    def number(self) -> int:
        """As many bytes follow the first as it has ones in front; what is left of it is the highest part."""
        first = self.byte()
        more = 0
        while more < 8 and first & (0x80 >> more):
            more += 1
        high = first & (0x7F >> more) if more < 8 else 0
        return int.from_bytes(self.take(more), "little") + (high << (8 * more))

    def count(self) -> int:
        """How many things follow: never more than bytes are left, since each takes one at least."""
        number = self.number()
        if number > len(self._content) - self._position:
            raise _damaged()
        return number

    def bits(self, count: int) -> list[bool]:
        packed = self.take((count + 7) // 8)
        return [bool(packed[at // 8] & (0x80 >> at % 8)) for at in range(count)]

    def defined(self, count: int) -> list[bool]:
        return [True] * count if self.byte() else self.bits(count)

    def checks(self, count: int) -> list[int | None]:
        return [struct.unpack("<I", self.take(4))[0] if there else None for there in self.defined(count)]

    def values(self, count: int, form: str) -> list[int]:
        defined = self.defined(count)
        if self.byte():
            raise _damaged()  # kept in another stream, which no program writes
        size = struct.calcsize(form)
        return [struct.unpack(form, self.take(size))[0] if there else 0 for there in defined]

    def names(self, count: int) -> list[str]:
        if self.byte():
            raise _damaged()
        names = self._content[self._position :].decode("utf-16-le", "replace").split("\0")
        if len(names) < count:
            raise _damaged()
        return names[:count]


def _packed_streams(content: _Bytes) -> tuple[int, list[int]]:
    offset, count = content.number(), content.count()
    sizes: list[int] = []
    while mark := content.byte():
        if mark == _SIZES:
            sizes = [content.number() for _ in range(count)]
        elif mark == _CHECKS:
            content.checks(count)
        else:
            raise _damaged()
    return offset, sizes


def _folders(content: _Bytes, offset: int, packed_sizes: Sequence[int]) -> list[_Folder]:
    if content.byte() != _FOLDER:
        raise _damaged()
    count = content.count()
    if content.byte():
        raise _damaged()
    shapes = [_shape(content) for _ in range(count)]
    if content.byte() != _UNPACKED_SIZES:
        raise _damaged()
    sizes = [[content.number() for _ in range(shape.outputs)] for shape in shapes]
    checks: list[int | None] = [None] * count
    while mark := content.byte():
        if mark != _CHECKS:
            raise _damaged()
        checks = content.checks(count)
    folders = []
    streams = iter(packed_sizes)
    for shape, of_outputs, check in zip(shapes, sizes, checks, strict=True):
        taken = [next(streams, None) for _ in range(shape.inputs)]
        known = [size for size in taken if size is not None]
        if len(known) < len(taken):
            raise _damaged()
        coders = tuple(_Coder(*shape.methods[at], of_outputs[at]) for at in shape.order)
        size = of_outputs[shape.last]
        folders.append(_Folder(coders, shape.locked, offset, sum(known), size, check))
        offset += sum(known)
    return folders


@dataclass(frozen=True, slots=True)
class _Shape:
    """How the coders of a folder hang together: ``order`` is empty where they are no chain."""

    methods: Sequence[tuple[bytes, bytes]]
    order: Sequence[int]
    inputs: int
    outputs: int
    last: int
    locked: bool


_MOST_CODERS = 32  # 7-Zip's own limit


def _shape(content: _Bytes) -> _Shape:
    count = content.count()
    if not 1 <= count <= _MOST_CODERS:
        raise _damaged()
    methods, inputs, outputs = [], 0, 0
    for _ in range(count):
        flags = content.byte()
        method = content.take(flags & 0xF)
        ins, outs = (content.number(), content.number()) if flags & 0x10 else (1, 1)
        if not (1 <= ins <= _MOST_CODERS and outs == 1):
            raise _damaged()
        inputs, outputs = inputs + ins, outputs + outs
        methods.append((method, content.take(content.number()) if flags & 0x20 else b""))
    # The input that takes an output, by that output.
    bound = {}
    for _ in range(outputs - 1):
        into, output = content.number(), content.number()
        bound[output] = into
    packed = inputs - (outputs - 1)
    if packed < 1:
        raise _damaged()
    first = [content.number() for _ in range(packed)] if packed > 1 else []
    loose = [output for output in range(outputs) if output not in bound]
    if len(loose) != 1:
        raise _damaged()
    order: list[int] = []
    if inputs == outputs and not first:
        at = next((number for number in range(inputs) if number not in bound.values()), -1)
        while 0 <= at < count and at not in order:
            order.append(at)
            at = bound.get(at, -1)
        if len(order) != count:
            raise _damaged()
    return _Shape(methods, order, packed, outputs, loose[0], any(method == _AES for method, _ in methods))


def _substreams(content: _Bytes, folders: Sequence[_Folder]) -> list[list[tuple[int, int | None]]]:
    counts = [1] * len(folders)
    mark = content.byte()
    if mark == _COUNTS:
        counts = [content.number() for _ in folders]
        if sum(counts) > _MOST_FILES:
            raise _too_many()
        mark = content.byte()
    sizes = []
    for folder, count in zip(folders, counts, strict=True):
        of_folder = [content.number() for _ in range(count - 1)] if mark == _SIZES else []
        rest = folder.size - sum(of_folder)
        if rest < 0 or (count > 1 and len(of_folder) < count - 1):
            raise _damaged()
        sizes.append([*of_folder, rest] if count else [])
    if mark == _SIZES:
        mark = content.byte()
    known = [count == 1 and folder.check is not None for folder, count in zip(folders, counts, strict=True)]
    told: list[int | None] = []
    while mark:
        if mark != _CHECKS:
            raise _damaged()
        told = content.checks(sum(count for count, there in zip(counts, known, strict=True) if not there))
        mark = content.byte()
    checks = iter(told)
    return [
        [(size, folder.check if there else next(checks, None)) for size in of_folder]
        for folder, of_folder, there in zip(folders, sizes, known, strict=True)
    ]


def _starts(files: Sequence[tuple[int, int | None]]) -> Iterator[tuple[int, int, int | None]]:
    start = 0
    for size, check in files:
        yield start, size, check
        start += size


def _modified(ticks: int) -> float | None:
    """From tenths of microseconds since 1601; None where nothing is told."""
    return ticks / 10_000_000 - _SECONDS_TO_1970 if ticks else None


# ---- methods


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


def _decoded(coder: _Coder, blocks: Iterator[bytes]) -> Iterator[bytes]:
    """What a coder makes of what is packed, in bounded blocks, and never more than the directory says."""
    if coder.method in _COPIES:
        return blocks
    if coder.method == _DEFLATE:
        return _bounded(_inflated(blocks), coder.size)
    if coder.method == _BZIP2:
        return _bounded(_decompressed(bz2.BZ2Decompressor(), blocks), coder.size)
    return _bounded(_decompressed(_lzma_of(coder), _stored(blocks) if _is_filter(coder) else blocks), coder.size)


def _lzma_of(coder: _Coder) -> _Decompressor:
    settings = coder.settings
    if coder.method == _LZMA and len(settings) == 5:
        lc_lp_pb, dictionary = struct.unpack("<BI", settings)
        if lc_lp_pb >= 9 * 5 * 5:
            raise _damaged()
        options = {"lc": lc_lp_pb % 9, "lp": lc_lp_pb // 9 % 5, "pb": lc_lp_pb // 45}
        return _raw({"id": lzma.FILTER_LZMA1, "dict_size": _dictionary(dictionary, coder.size), **options})
    if coder.method == _LZMA2 and len(settings) == 1 and settings[0] <= 40:
        bits = settings[0]
        dictionary = 0xFFFFFFFF if bits == 40 else (2 | bits & 1) << (bits // 2 + 11)
        return _raw({"id": lzma.FILTER_LZMA2, "dict_size": _dictionary(dictionary, coder.size)})
    stored = {"id": lzma.FILTER_LZMA2, "dict_size": _FILTER_BLOCK}
    if coder.method == _DELTA and len(settings) == 1:
        return _raw({"id": lzma.FILTER_DELTA, "dist": settings[0] + 1}, stored)
    if coder.method in _BRANCHES:
        return _raw({"id": _BRANCHES[coder.method]}, stored)
    if coder.method == _AES:
        raise RuntimeError("it needs a password")
    raise NotImplementedError


def _raw(*filters: dict[str, int]) -> _Decompressor:
    return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=filters)


def _dictionary(told: int, size: int) -> int:
    """No more than there is to remember."""
    needed = max(min(told, size), 4096)
    if needed > _MOST_DICTIONARY:
        raise TooComplex(
            "The archive takes more memory to unpack than is given to it.", "Unpack it, and read the files."
        )
    return needed


def _is_filter(coder: _Coder) -> bool:
    return coder.method == _DELTA or coder.method in _BRANCHES


def _stored(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Blocks as LZMA2 that packs nothing: the library knows its filters only in front of that."""
    first = True
    for block in blocks:
        for start in range(0, len(block), _FILTER_BLOCK):
            part = block[start : start + _FILTER_BLOCK]
            yield struct.pack(">BH", 1 if first else 2, len(part) - 1) + part
            first = False
    yield b"\0"


def _decompressed(decompressor: _Decompressor, blocks: Iterator[bytes]) -> Iterator[bytes]:
    for block in blocks:
        part = block
        while True:
            found = decompressor.decompress(part, _BLOCK)
            if found:
                yield found
            if decompressor.eof:
                return
            part = b""
            if decompressor.needs_input:
                break


def _inflated(blocks: Iterator[bytes]) -> Iterator[bytes]:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    for block in blocks:
        waiting = block
        while waiting and not inflater.eof:
            if found := inflater.decompress(waiting, _BLOCK):
                yield found
            waiting = inflater.unconsumed_tail
    if found := inflater.flush():
        yield found


def _bounded(blocks: Iterator[bytes], size: int) -> Iterator[bytes]:
    for block in blocks:
        yield block[:size]
        size -= len(block)
        if size <= 0:
            return


def _damaged() -> ValueError:
    return ValueError("damaged or cut off")


def _too_many() -> TooComplex:
    return TooComplex(
        "The archive has more files, or a longer list of them, than is read.", "Unpack it, and read the files."
    )
