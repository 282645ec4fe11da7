"""Archives: what is in them, and each file in them as a file of its own, with limits on everything an archive can claim."""

from __future__ import annotations

import bz2
import difflib
import gzip
import io
import lzma
import posixpath
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, TYPE_CHECKING, BinaryIO, cast

from kimi_files.errors import DamagedFile, EmptyFile, PasswordRequired, PathNotFound, TooComplex, UnsupportedFile
from kimi_files.extract import mail, readers
from kimi_files.extract.document import Advance, OutlineEntry, PageText, Warning  # noqa: A004
from kimi_files.extract.encoding import detect_encoding
from kimi_files.extract.office.markdown import table
from kimi_files.extract.pieces import page_texts, sentence
from kimi_files.formats import MAX_FILE_BYTES, MEMBER_SEPARATOR

if TYPE_CHECKING:
    from kimi_files.formats import Format

_DEEPEST = 2
_MOST_MEMBERS = 20_000
# What may be unpacked to find one file: a compressed tar archive has no directory.
_MOST_BYTES = 2 << 30
_MOST_RATIO = 200
_RATIO_MATTERS_FROM = 64 << 20
_TAR_HEADER = 512
_BLOCK = 1 << 20

_GZIP, _BZIP2, _XZ, _ZIP = b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", (b"PK\x03\x04", b"PK\x05\x06", b"PK00PK")
_PACKED_ENDINGS = (".gz", ".bz2", ".xz", ".tgz", ".tbz2", ".txz")


@dataclass(frozen=True, slots=True)
class Member:
    """A file in an archive. ``size`` is what the archive says, in bytes; ``date`` as it says, empty where it does not."""

    name: str
    size: int
    date: str
    stored: str | int
    locked: bool = False


def read(
    stream: BinaryIO,
    name: str,
    format: Format,  # noqa: A002
) -> Iterator[PageText | OutlineEntry | Warning | Advance]:
    """The list of files as one page. A single packed file (``access.log.gz``) is read as what it is.

    Raises:
        PasswordRequired, TooComplex, DamagedFile, UnsupportedFile: Why it cannot be read.
    """
    with _typed(name):
        opened = _open(stream, name)
        if isinstance(opened, _Packed):
            inner, content = opened.name, opened.content()
        else:
            members = opened.members()
    if isinstance(opened, _Packed):
        unpacked = io.BytesIO(content)
        identified, module = readers.find_reader(unpacked, inner)
        for event in readers.read(module, unpacked, inner, identified.format):
            assert isinstance(event, PageText | OutlineEntry | Warning | Advance)
            yield event
        yield Warning(message=sentence(f"This is the packed file {inner}: {identified.format.name}."))
        return
    shown = members[:_MOST_MEMBERS]
    total = sum(member.size for member in members)
    noun = "file" if len(members) == 1 else "files"
    head = f"{format.name} of {len(members):,} {noun}, {total:,} bytes unpacked."
    if shown:
        head += f" To read one, add its name to the archive's path: {name}{MEMBER_SEPARATOR}{shown[0].name}"
    rows = [["name", "bytes", "date"], *([member.name, f"{member.size:,}", _noted(member)] for member in shown)]
    yield from page_texts(1, "1", "text", None, f"{head}\n\n{table(rows)}" if shown else head)
    if len(members) > len(shown):
        yield Warning(message=f"Only the first {len(shown):,} files are listed; the others can be read by name.")


def _noted(member: Member) -> str:
    return f"{member.date} needs a password".strip() if member.locked else member.date


def opened_member(stream: BinaryIO, name: str, path: str) -> BinaryIO:
    """The file in an archive that ``path`` names, unpacked; ``name`` is the archive's, for errors.

    A path may lead through an archive in the archive: ``inner.zip!/a.txt``.

    Raises:
        PathNotFound: No such file is in it.
        PasswordRequired, TooComplex, DamagedFile, UnsupportedFile, EmptyFile: Why it cannot be unpacked.
    """
    steps = path.split(MEMBER_SEPARATOR)
    if len(steps) > _DEEPEST:
        raise TooComplex(
            f"'{name}{MEMBER_SEPARATOR}{path}' leads through more than {_DEEPEST} archives.",
            "Unpack the outer one first.",
        )
    for step in steps:
        with _typed(name):
            content = _content(stream, name, step)
        if not content:
            raise EmptyFile(f"'{step}' in '{name}' is empty.", "There is nothing in it to read.")
        stream, name = io.BytesIO(content), PurePosixPath(step).name
    return stream


def _content(stream: BinaryIO, name: str, wanted: str) -> bytes:
    opened = _open(stream, name)
    if isinstance(opened, _Packed):
        if wanted.strip("/").casefold() != opened.name.casefold():
            raise _not_found(wanted, name, [opened.name])
        return opened.content()
    member = _find(wanted, name, opened.members())
    if member.locked:
        raise PasswordRequired(f"'{wanted}' in '{name}' opens only with a password.", "Unpack it with the password.")
    if member.size > MAX_FILE_BYTES:
        raise _too_large(wanted)
    return opened.content(member)


def _find(wanted: str, archive: str, members: list[Member]) -> Member:
    """By its name; else by what reads the same: case, a leading ``./``, other slashes."""
    for member in members:
        if member.name == wanted:
            return member
    plain = _plain(wanted)
    for member in members:
        if _plain(member.name) == plain:
            return member
    raise _not_found(wanted, archive, [member.name for member in members])


def _plain(name: str) -> str:
    return posixpath.normpath(name.replace("\\", "/")).strip("/").casefold()


def _not_found(wanted: str, archive: str, names: list[str]) -> PathNotFound:
    near = difflib.get_close_matches(wanted, names[:5_000], n=1, cutoff=0.5)
    same = [name for name in names if PurePosixPath(name).name == PurePosixPath(wanted).name]
    found = (same or near)[:1]
    hint = (
        f"Did you mean '{archive}{MEMBER_SEPARATOR}{found[0]}'?" if found else f"Read '{archive}' to see what is in it."
    )
    return PathNotFound(f"There is no '{wanted[:200]}' in '{archive}'.", hint)


# ---- kinds of archives


def _open(stream: BinaryIO, name: str) -> _Zip | _Tar | _Packed | _Mail:
    stream.seek(0)
    head = stream.read(_TAR_HEADER)
    stream.seek(0)
    if head.startswith(_ZIP):
        return _Zip(stream)
    if head.startswith((_GZIP, _BZIP2, _XZ)):
        with _unpacked(stream) as packed:
            start = packed.read(_TAR_HEADER)
        return _Tar(stream) if _is_tar(start) else _Packed(stream, name)
    if _is_tar(head):
        return _Tar(stream)
    return _Mail(stream, name)


def _unpacked(stream: BinaryIO) -> BinaryIO:
    """The stream from its beginning, unpacked where it is packed."""
    stream.seek(0)
    magic = stream.read(6)
    stream.seek(0)
    if magic.startswith(_GZIP):
        return cast(BinaryIO, gzip.GzipFile(fileobj=stream))
    if magic.startswith(_BZIP2):
        return cast(BinaryIO, bz2.BZ2File(stream))
    return cast(BinaryIO, lzma.LZMAFile(stream)) if magic.startswith(_XZ) else stream


def _is_tar(head: bytes) -> bool:
    try:
        tarfile.TarInfo.frombuf(head, "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True


class _Zip:
    def __init__(self, stream: BinaryIO) -> None:
        self._size = stream.seek(0, io.SEEK_END)
        self._container = zipfile.ZipFile(stream)

    def members(self) -> list[Member]:
        parts = [part for part in self._container.infolist() if not part.is_dir()]
        names = _names(parts)
        return [
            Member(
                name,
                part.file_size,
                "{:04}-{:02}-{:02} {:02}:{:02}".format(*part.date_time),
                index,
                bool(part.flag_bits & 1),
            )
            for index, (name, part) in enumerate(zip(names, parts, strict=True))
        ]

    def content(self, member: Member) -> bytes:
        parts = [part for part in self._container.infolist() if not part.is_dir()]
        part = parts[int(member.stored)]
        if part.file_size > _RATIO_MATTERS_FROM and part.file_size > _MOST_RATIO * max(part.compress_size, 1):
            raise _too_large(member.name)
        with self._container.open(part) as packed:
            return _limited(packed, member.name)


class _Tar:
    """A tar archive, packed or not, gone through from its beginning each time."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def members(self) -> list[Member]:
        found = []
        with self._opened() as archive:
            for part in archive:
                if part.isreg():
                    date = _date(part.mtime)
                    found.append(Member(_shown(part.name), part.size, date, part.name))
        return found

    def content(self, member: Member) -> bytes:
        with self._opened() as archive:
            for part in archive:
                if part.isreg() and part.name == member.stored and (packed := archive.extractfile(part)):
                    return _limited(packed, member.name)
        raise DamagedFile("The archive is damaged.", "Download it again.")

    @contextmanager
    def _opened(self) -> Iterator[tarfile.TarFile]:
        size = self._stream.seek(0, io.SEEK_END)
        bounded = _Bounded(_unpacked(self._stream), max(_RATIO_MATTERS_FROM, min(_MOST_BYTES, size * _MOST_RATIO)))
        with tarfile.open(fileobj=bounded, mode="r|", errorlevel=2) as archive:
            yield archive


class _Packed:
    """A single file, packed."""

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self._stream = stream
        path = PurePosixPath(name)
        self.name = path.stem if path.suffix.lower() in _PACKED_ENDINGS and path.stem else name

    def content(self) -> bytes:
        size = self._stream.seek(0, io.SEEK_END)
        with _unpacked(self._stream) as packed:
            return _limited(packed, self.name, max(_RATIO_MATTERS_FROM, size * _MOST_RATIO))


class _Mail:
    """A message: what is attached to it. UnsupportedFile for a file that nothing can be in."""

    def __init__(self, stream: BinaryIO, name: str) -> None:
        identified, module = readers.find_reader(stream, name)
        if module != "mail":
            raise UnsupportedFile(
                f"'{name}' is {identified.format.name}, and no archive that files can be read from.",
                "Give its path alone.",
            )
        stream.seek(0)
        self._attachments = mail.parsed(stream.read(), identified.format).attachments

    def members(self) -> list[Member]:
        found = []
        for index, attachment in enumerate(self._attachments):
            if isinstance(attachment.content, bytes):
                found.append(Member(attachment.name, len(attachment.content), "", index))
        return found

    def content(self, member: Member) -> bytes:
        content = self._attachments[int(member.stored)].content
        assert isinstance(content, bytes)
        return content


class _Bounded(io.RawIOBase):
    """What is unpacked, up to a limit."""

    def __init__(self, stream: IO[bytes], limit: int) -> None:
        self._stream = stream
        self._left = limit

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        content = self._stream.read(size)
        self._left -= len(content)
        if self._left < 0:
            raise _too_large("The archive")
        return content


def _limited(packed: IO[bytes], name: str, limit: int = MAX_FILE_BYTES) -> bytes:
    content = bytearray()
    while part := packed.read(_BLOCK):
        content += part
        if len(content) > min(limit, MAX_FILE_BYTES):
            raise _too_large(name)
    return bytes(content)


def _names(parts: list[zipfile.ZipInfo]) -> list[str]:
    """Names as they are meant: programs that do not say UTF-8 write them in the encoding of their machine."""
    raw = [part.filename.encode("cp437") if _is_legacy(part) else b"" for part in parts]
    together = b"\n".join(raw)
    encoding = detect_encoding(io.BytesIO(together)).name if not together.isascii() else "ascii"
    names = []
    for part, name in zip(parts, raw, strict=True):
        names.append(_shown(name.decode(encoding, "replace") if name and not name.isascii() else part.filename))
    return names


def _is_legacy(part: zipfile.ZipInfo) -> bool:
    if part.flag_bits & 0x800:
        return False
    with suppress(UnicodeEncodeError):
        part.filename.encode("cp437")
        return True
    return False


def _shown(name: str) -> str:
    """On one line, without what cannot be typed."""
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in name.encode("utf-8", "replace").decode())


def _date(seconds: float) -> str:
    from datetime import UTC, datetime

    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M") if seconds else ""
    except (OverflowError, OSError, ValueError):
        return ""


@contextmanager
def _typed(name: str) -> Iterator[None]:
    try:
        yield
    except (NotImplementedError, lzma.LZMAError) as error:
        if isinstance(error, lzma.LZMAError):
            raise _damaged(name) from None
        raise UnsupportedFile(
            f"'{name}' is packed in a way that is not read.", "Unpack it, and read the files."
        ) from None
    except RuntimeError as error:
        if isinstance(error, RecursionError):
            raise
        # The standard library has this for a file that needs a password.
        raise PasswordRequired(f"'{name}' opens only with a password.", "Unpack it with the password.") from None
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, OSError, ValueError, KeyError):
        raise _damaged(name) from None


def _damaged(name: str) -> DamagedFile:
    return DamagedFile(
        f"The archive '{name}' is damaged or cut off.", "Download it again, or unpack what is left of it."
    )


def _too_large(name: str) -> TooComplex:
    return TooComplex(
        f"'{name}' unpacks to more than is read ({MAX_FILE_BYTES >> 20} MB for a file, {_MOST_RATIO} times its size).",
        "Unpack it, and read the part that matters.",
    )
