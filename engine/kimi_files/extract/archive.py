"""Archives: what is in them, and each file in them as a file of its own, with limits on everything an archive can claim."""

from __future__ import annotations

import bz2
import difflib
import gzip
import io
import lzma
import posixpath
import re
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, TYPE_CHECKING, BinaryIO, cast

from kimi_files.errors import DamagedFile, EmptyFile, PasswordRequired, PathNotFound, TooComplex, UnsupportedFile
from kimi_files.extract import mail, readers, seven_zip
from kimi_files.extract.document import Advance, OutlineEntry, PageText, Warning  # noqa: A004
from kimi_files.extract.encoding import detect_encoding
from kimi_files.extract.office.markdown import table
from kimi_files.extract.pieces import page_texts, sentence
from kimi_files.formats import MAX_FILE_BYTES
from kimi_files.spelling import MEMBER_SEPARATOR

if TYPE_CHECKING:
    from kimi_files.formats import Format

_DEEPEST = 2
_MOST_MEMBERS = 20_000
# Going through them takes up to 20 seconds and a few hundred bytes of memory each, which one file may not cost.
_MOST_NAMES = 200_000
_MOST_DIRECTORY_BYTES = 24 << 20
# What may be unpacked to find one file: a compressed tar archive has no directory.
_MOST_BYTES = 2 << 30
_MOST_RATIO = 200
_RATIO_MATTERS_FROM = 64 << 20
_TAR_HEADER = 512
_BLOCK = 1 << 20

_ASCII_LETTER = re.compile(rb"[A-Za-z]")
_NO_LATIN_WORD = re.compile(r"[Α-Ωα-ωªºƒⁿıµ]|[a-zß-ÿ][À-ÞA-Z]|[À-Þ]{2}[a-z]|[ß-ÿ]{3}")

_ONE_OF_SEVERAL = re.compile(r"\.(?:z?\d{2,3}|part\d+\.\w+)\Z", re.IGNORECASE)

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
    yield from _read(stream, name, format, 0)


def _read(
    stream: BinaryIO,
    name: str,
    format: Format,  # noqa: A002
    depth: int,
) -> Iterator[PageText | OutlineEntry | Warning | Advance]:
    if depth > _DEEPEST:
        raise TooComplex(f"'{name}' is packed more than {_DEEPEST} times.", "Unpack it, and read what is in it.")
    with _typed(name):
        opened = _open(stream, name)
        if isinstance(opened, _Packed):
            inner, content = opened.name, opened.content()
        else:
            members = opened.members()
            _check_count(members, name)
    if isinstance(opened, _Packed):
        unpacked = io.BytesIO(content)
        identified, module, plain = readers.find_reader(unpacked, inner)
        if module == "archive":
            yield from _read(plain, inner, identified.format, depth + 1)
        else:
            for event in readers.read(module, plain, inner, identified.format):
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
    last = {member.name: member for member in members}
    rows = [["name", "bytes", "date"]]
    rows += ([member.name, f"{member.size:,}", _noted(member, last[member.name])] for member in shown)
    yield from page_texts(1, "1", "text", None, f"{head}\n\n{table(rows)}" if shown else head)
    if len(members) > len(shown):
        yield Warning(message=f"Only the first {len(shown):,} files are listed; the others can be read by name.")


def _noted(member: Member, last: Member) -> str:
    notes = [
        member.date,
        "needs a password" if member.locked else "",
        "" if member is last else "replaced further down",
    ]
    return " ".join(filter(None, notes))


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
    members = opened.members()
    _check_count(members, name)
    member = _find(wanted, name, members)
    if member.locked:
        raise PasswordRequired(f"'{wanted}' in '{name}' opens only with a password.", "Unpack it with the password.")
    if member.size > MAX_FILE_BYTES:
        raise _too_large(wanted)
    return opened.content(member)


def _find(wanted: str, archive: str, members: list[Member]) -> Member:
    """By its name; else by what reads the same: case, a leading ``./``, other slashes. Of several the last, as when unpacked."""
    for member in reversed(members):
        if member.name == wanted:
            return member
    plain = _plain(wanted)
    for member in reversed(members):
        if _plain(member.name) == plain:
            return member
    raise _not_found(wanted, archive, [member.name for member in members])


def _check_count(members: Sequence[Member], name: str) -> None:
    if len(members) > _MOST_NAMES:
        raise _too_many(name)


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


def _open(stream: BinaryIO, name: str) -> _Zip | _Tar | _SevenZip | _Packed | _Mail:
    stream.seek(0)
    head = stream.read(_TAR_HEADER)
    stream.seek(0)
    if head.startswith(_ZIP):
        return _Zip(stream, name)
    if head.startswith(seven_zip.MAGIC):
        return _SevenZip(stream, name)
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
    def __init__(self, stream: BinaryIO, name: str) -> None:
        self._container = zipfile.ZipFile(cast(IO[bytes], _SmallReads(stream, name)))
        self._parts = [part for part in self._container.infolist() if not part.is_dir()]

    def members(self) -> list[Member]:
        names = _names([_written_name(part) for part in self._parts])
        return [
            Member(
                name,
                part.file_size,
                "{:04}-{:02}-{:02} {:02}:{:02}".format(*part.date_time),
                index,
                bool(part.flag_bits & 1),
            )
            for index, (name, part) in enumerate(zip(names, self._parts, strict=True))
        ]

    def content(self, member: Member) -> bytes:
        part = self._parts[int(member.stored)]
        if part.file_size > _RATIO_MATTERS_FROM and part.file_size > _MOST_RATIO * max(part.compress_size, 1):
            raise _too_large(member.name)
        with self._container.open(part) as packed:
            return _limited(packed, member.name)


class _Tar:
    """A tar archive, packed or not, gone through from its beginning each time."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def members(self) -> list[Member]:
        """Files, and names for the same file again (hard links); ``stored`` counts what the archive holds from 0."""
        found: list[tuple[str, int, str, int]] = []
        files: dict[str, tuple[int, int]] = {}
        with self._opened() as archive:
            for number, part in enumerate(archive):
                if part.isreg():
                    files[part.name] = (number, part.size)
                if (part.isreg() or part.islnk()) and (file := files.get(part.linkname if part.islnk() else part.name)):
                    found.append((part.name, file[1], _date(part.mtime or None), file[0]))
                if len(found) > _MOST_NAMES:
                    break
        names = _names([name.encode("utf-8", "surrogateescape") for name, *_ in found])
        return [Member(name, size, date, number) for name, (_, size, date, number) in zip(names, found, strict=True)]

    def content(self, member: Member) -> bytes:
        with self._opened() as archive:
            for number, part in enumerate(archive):
                if number == member.stored and (packed := archive.extractfile(part)):
                    return _limited(packed, member.name)
        raise DamagedFile("The archive is damaged.", "Download it again.")

    @contextmanager
    def _opened(self) -> Iterator[tarfile.TarFile]:
        size = self._stream.seek(0, io.SEEK_END)
        bounded = _Bounded(_unpacked(self._stream), max(_RATIO_MATTERS_FROM, min(_MOST_BYTES, size * _MOST_RATIO)))
        with tarfile.open(fileobj=bounded, mode="r|", errorlevel=2) as archive:
            yield archive


class _SevenZip:
    def __init__(self, stream: BinaryIO, name: str) -> None:
        self._container = seven_zip.SevenZip(stream)
        self._name = PurePosixPath(name).stem

    def members(self) -> list[Member]:
        return [
            Member(_shown(file.name or self._name), file.size, _date(file.modified), index, file.locked)
            for index, file in enumerate(self._container.files)
        ]

    def content(self, member: Member) -> bytes:
        file = self._container.files[int(member.stored)]
        unpacked, packed = self._container.before(file)
        if unpacked > max(_RATIO_MATTERS_FROM, min(_MOST_BYTES, packed * _MOST_RATIO)):
            raise _too_large(member.name)
        return b"".join(self._container.blocks(file))


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
        identified, module, stream = readers.find_reader(stream, name)
        if module == "archive":
            raise _damaged(name)
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


class _SmallReads:
    """The stream of an archive whose list of files is read at once, and would take ten times its size in memory."""

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self._name = name
        self.seek, self.tell, self.seekable = stream.seek, stream.tell, stream.seekable
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        if size > _MOST_DIRECTORY_BYTES:
            raise _too_many(self._name)
        return self._stream.read(size)


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


def _names(written: Sequence[bytes]) -> list[str]:
    """Names as they are meant: programs that do not write UTF-8 write them all in the encoding of their machine."""
    others = b"\n".join(name for name in written if not _is_utf8(name))
    encoding = (_old_latin(others) or detect_encoding(io.BytesIO(others)).name) if others else "utf-8"
    return [_shown(name.decode("utf-8" if _is_utf8(name) else encoding, "replace")) for name in written]


def _is_utf8(name: bytes) -> bool:
    try:
        name.decode()
    except UnicodeDecodeError:
        return False
    return True


def _written_name(part: zipfile.ZipInfo) -> bytes:
    """As it stands in the archive: the library takes what is not said to be UTF-8 for the encoding of the first PC."""
    if not part.flag_bits & 0x800:
        with suppress(UnicodeEncodeError):
            return part.filename.encode("cp437")
    return part.filename.encode("utf-8", "replace")


def _old_latin(names: bytes) -> str | None:
    """Windows still writes names as DOS had them: Latin words with an accent here and there, which are too few to be told
    by likelihood."""
    foreign = [byte for byte in names if byte > 0x7F]
    if len(foreign) * 3 > len(_ASCII_LETTER.findall(names)):
        return None
    for encoding in ("cp437", "cp850"):
        text = names.decode(encoding)
        if all(bytes((byte,)).decode(encoding).isalpha() for byte in foreign) and not _NO_LATIN_WORD.search(text):
            return encoding
    return None


def _shown(name: str) -> str:
    """On one line, without what cannot be typed."""
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in name.encode("utf-8", "replace").decode())


def _date(seconds: float | None) -> str:
    from datetime import UTC, datetime

    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M") if seconds is not None else ""
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
    if _ONE_OF_SEVERAL.search(name):
        return DamagedFile(
            f"'{name}' is one part of a split archive.", "Unpack all parts together, in one folder, and read the files."
        )
    return DamagedFile(
        f"The archive '{name}' is damaged or cut off.", "Download it again, or unpack what is left of it."
    )


def _too_large(name: str) -> TooComplex:
    return TooComplex(
        f"'{name}' unpacks to more than is read ({MAX_FILE_BYTES >> 20} MB for a file, {_MOST_RATIO} times its size).",
        "Unpack it, and read the part that matters.",
    )


def _too_many(name: str) -> TooComplex:
    return TooComplex(
        f"'{name}' holds more files than are gone through ({_MOST_NAMES:,}).", "Unpack it, and read the files."
    )
