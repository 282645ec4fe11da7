"""Who may read what: allowed folders, secrets, and the only place that opens a user's file."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path, PurePosixPath
from threading import Lock
from typing import overload

import anyio.from_thread
import anyio.to_thread

from kimi_files.errors import (
    AccessDenied,
    FileChanged,
    InvalidArguments,
    KimiFilesError,
    NotAFile,
    PathNotAllowed,
    PathNotFound,
    SecretRefused,
    TooComplex,
)
from kimi_files.secret_names import HIDDEN_FOLDER, secret_folder, secret_reason
from kimi_files.spelling import (
    MEMBER_SEPARATOR,
    cleaned,
    printable,
    same_name,
    similar_name,
    spellings,
    windows_hint,
    windows_objection,
)

MAX_FOLDER_FILES = 10_000
"""How many files a folder may stand for."""

_MAX_ENTRIES = 200_000
_HASHED_AT_ONCE = 16 << 20
_HASHED_PIECE = 256 << 10
# So small a file is hashed as quickly as an earlier hash is looked up.
_HASHED_AT_OPENING = 256 << 10
_MAX_NAMES = 5_000
_MAX_SHOWN = 300
_MOST_LOOKED_AT = 20_000
_MOST_ELSEWHERE = 3
_OPENING_ATTEMPTS = 3
_SYSTEM_FOLDERS = (Path("/proc"), Path("/sys"))


@dataclass(frozen=True, slots=True)
class AccessPolicy:
    """Folders that may be read, resolved once. ``working_directory`` is where relative paths start first.

    ``files`` are single files that may be read besides, resolved: those that a person typed at the terminal.
    """

    allowed: tuple[Path, ...]
    working_directory: Path
    files: tuple[Path, ...] = ()

    @classmethod
    def from_folders(cls, folders: Sequence[str | Path], working_directory: Path) -> AccessPolicy:
        """The policy that allows these folders. InvalidArguments where one does not exist, SecretRefused for secrets."""
        resolved = dict.fromkeys(_allowed_folder(folder, working_directory) for folder in folders)
        return cls(tuple(resolved), working_directory)

    def with_path(self, path: str) -> AccessPolicy:
        """The policy that also allows the file or folder that a person typed; secrets in it are refused all the same."""
        if MEMBER_SEPARATOR in path and not os.path.lexists(self.working_directory / cleaned(path)):
            path = cleaned(path).partition(MEMBER_SEPARATOR)[0]
        candidates = [_resolved(self.working_directory / spelling) for spelling in spellings(path)]
        meant = _resolved(self.working_directory / cleaned(path))
        typed = next((candidate for candidate in candidates if os.path.lexists(candidate)), meant)
        if typed.is_dir():
            return replace(self, allowed=(*self.allowed, typed))
        return replace(self, files=(*self.files, typed))

    def folders_above(self, resolved: Path) -> list[Path]:
        """The folders that allow a resolved path, the outermost first; none where it is not allowed."""
        found = [folder for folder in self.allowed if resolved.is_relative_to(folder)]
        if not found and resolved in self.files:
            return [resolved.parent]
        return sorted(found, key=lambda folder: len(folder.parts))


def default_folders(working_directory: Path, home: Path) -> tuple[Path, ...]:
    """What may be read when nobody said: the working directory unless too wide or hidden, else the usual folders."""
    here, at_home = _resolved(working_directory), _resolved(home)
    hidden = any(name.startswith(".") for name in here.parts)
    if not at_home.is_relative_to(here) and here != Path(here.anchor) and not hidden and not secret_folder(here):
        return (here,)
    usual = (_resolved(at_home / name) for name in ("Documents", "Desktop", "Downloads"))
    return tuple(folder for folder in usual if folder.is_dir() and not secret_folder(folder))


class OpenFile:
    """A regular file, opened for reading; closes itself at the end of ``async with``.

    ``name`` is the file's own name, ``shown_path`` the path as people would write it, ``size`` the bytes at opening.
    ``temporary`` files are not a user's: see ``from_descriptor``. Of a file in an archive, ``member`` is the path in it,
    ``name`` and ``shown_path`` are the file's own; all else, the bytes too, is the archive's: a worker unpacks it.
    """

    def __init__(self, descriptor: int, path: Path, shown_path: str, member: str = "") -> None:
        """Takes the descriptor over, even where it raises NotAFile because that is no regular file's."""
        self.descriptor = descriptor
        self.path = path
        self.member = member
        self.name = printable(PurePosixPath(member).name if member else path.name)
        self.shown_path = f"{shown_path}{MEMBER_SEPARATOR}{printable(member)}" if member else shown_path
        self.temporary = False
        self._lock = Lock()
        self._sha256: str | None = None
        try:
            self._opened = os.fstat(descriptor)
            if not stat.S_ISREG(self._opened.st_mode):
                raise _not_a_file(shown_path, self._opened.st_mode)
        except BaseException:
            self.close()
            raise
        self.size = self._opened.st_size

    @classmethod
    def from_descriptor(cls, descriptor: int, name: str, sha256: str | None = None) -> OpenFile:
        """A file that is open already and has no path of a user's; the descriptor is taken over. NotAFile as ever.

        ``sha256`` is given for a temporary file that the caller has written, and nobody writes to any more: the hash of
        its bytes. A store may keep such a file itself instead of a copy.
        """
        file = cls(descriptor, Path(name), printable(name))
        file._sha256 = sha256
        file.temporary = sha256 is not None
        return file

    @property
    def hashed(self) -> bool:
        """Whether ``sha256`` reads nothing any more."""
        return self._sha256 is not None

    @property
    def signature(self) -> str:
        """Device, inode, size, mtime and ctime: equal signatures mean that the file was not written to in between."""
        return _signature(self._opened)

    async def chunks(self, size: int = 1 << 20) -> AsyncIterator[bytes]:
        """The bytes from the beginning, read in a thread. FileChanged if the file grew, shrank or was written to.

        InvalidArguments for a file in an archive: only workers unpack, and only to read.
        """
        self.check_whole()
        async for chunk in self._chunks(size):
            yield chunk

    async def _chunks(self, size: int = 1 << 20) -> AsyncIterator[bytes]:
        # What is kept has the hash of the bytes that were copied, not of those that were there before.
        digest = None if self.temporary else hashlib.sha256()
        offset = 0
        while offset < self.size:
            chunk = await anyio.to_thread.run_sync(self._read_at, offset, min(size, self.size - offset), digest)
            offset += len(chunk)
            yield chunk
        await anyio.to_thread.run_sync(self.check_unchanged)
        if digest is not None:
            self._sha256 = digest.hexdigest()

    async def sha256(self) -> str:
        """Hash of the bytes, computed once, and while they are read for something else."""
        if self._sha256 is None:
            digest = hashlib.sha256()
            for start in range(0, max(self.size, 1), _HASHED_AT_ONCE):
                await anyio.to_thread.run_sync(self._hash, start, min(start + _HASHED_AT_ONCE, self.size), digest)
            self._sha256 = digest.hexdigest()
        return self._sha256

    def hash_if_small(self) -> None:
        """Compute the hash in this thread, which reads the file, if that takes no time worth a call of its own."""
        if self.size <= _HASHED_AT_OPENING:
            digest = hashlib.sha256()
            self._hash(0, self.size, digest)
            self._sha256 = digest.hexdigest()

    def check_whole(self) -> None:
        """InvalidArguments for a file in an archive, which can be read and asked about, not kept."""
        if self.member:
            raise InvalidArguments(
                f"'{self.shown_path}' is in an archive: it can be read, but not uploaded.",
                "Unpack it, and upload the file.",
            )

    def check_unchanged(self) -> None:
        """FileChanged if the file was written to since it was opened."""
        if _signature(os.fstat(self.descriptor)) != self.signature:
            raise self._changed()

    def close(self) -> None:
        """Give the descriptor back; a second time does nothing."""
        descriptor, self.descriptor = self.descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    async def aclose(self) -> None:
        """Give the descriptor back. Without a thread: closing what was only read does not block."""
        self.close()

    async def __aenter__(self) -> OpenFile:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def __del__(self) -> None:
        # A call that is cancelled while its thread opens the file drops the result unseen.
        if getattr(self, "descriptor", -1) >= 0:
            self.close()

    def _hash(self, offset: int, end: int, digest: hashlib._Hash) -> None:
        """Hash a part in pieces that stay in the processor's cache, without a change of threads for each."""
        while offset < end:
            offset += len(self._read_at(offset, min(_HASHED_PIECE, end - offset), digest))
        if end == self.size:
            self.check_unchanged()

    def _read_at(self, offset: int, size: int, digest: hashlib._Hash | None) -> bytes:
        try:
            if sys.platform != "win32":
                chunk = os.pread(self.descriptor, size, offset)
            else:
                with self._lock:
                    os.lseek(self.descriptor, offset, os.SEEK_SET)
                    chunk = os.read(self.descriptor, size)
        except OSError as error:
            raise _refused_by_system(self.shown_path, error) from None
        if not chunk:
            raise self._changed()
        if digest is not None:
            digest.update(chunk)
        return chunk

    def _changed(self) -> FileChanged:
        what = f"'{self.shown_path}' was written to, replaced or deleted while it was read."
        return FileChanged(what, "Try again when it is finished.")


async def open_file(path: str, policy: AccessPolicy) -> OpenFile:
    """Open a file that a user or an agent named.

    Quotes, ``~``, ``file://``, another case or Unicode form are forgiven; relative paths start at the working directory,
    then at each allowed folder. ``papers.zip!/a.pdf`` is a file in an archive. Raises PathNotFound, NotAFile,
    PathNotAllowed, SecretRefused, AccessDenied, InvalidArguments, and FileChanged where the file is being replaced.
    """
    return await anyio.to_thread.run_sync(_open_named, path, policy)


async def open_files(paths: Sequence[str], policy: AccessPolicy) -> list[OpenFile | KimiFilesError]:
    """Open several files as ``open_file`` does, in one thread; the error stands in the place of a file that has one."""

    def opened(path: str) -> OpenFile | KimiFilesError:
        try:
            return _open_named(path, policy)
        except KimiFilesError as error:
            return error

    return await anyio.to_thread.run_sync(lambda: [opened(path) for path in paths])


async def is_folder(path: str, policy: AccessPolicy) -> bool:
    """Whether a path names a folder that may be read; False for every path that ``open_file`` would refuse."""

    def look() -> bool:
        try:
            return stat.S_ISDIR(_find(path, policy).mode)
        except KimiFilesError:
            return False

    return await anyio.to_thread.run_sync(look)


@dataclass(frozen=True, slots=True)
class FolderFiles(Sequence[str]):
    """Paths of the readable files in a folder, in order. ``left_out`` counts the others by reason, in words."""

    paths: tuple[str, ...]
    left_out: Mapping[str, int] = field(default_factory=dict)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...
    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        return self.paths[index]

    def __len__(self) -> int:
        return len(self.paths)


async def readable_files(path: str, policy: AccessPolicy) -> FolderFiles:
    """The files in a folder and below it that may be opened and that a reader exists for; a file stands for itself.

    Raises what ``open_file`` raises, and TooComplex for a folder of more than ``MAX_FOLDER_FILES`` files.
    """
    return await anyio.to_thread.run_sync(_list_readable, path, policy)


def short_path(file: OpenFile, policy: AccessPolicy) -> str:
    """The shortest path that leads to an opened file again: below the place where relative paths start, if it is there."""
    starts = [start for start in (policy.working_directory, *policy.allowed) if file.path.is_relative_to(start)]
    found = shown(file.path)
    for start in sorted(starts, key=lambda start: len(start.parts), reverse=True):
        relative = str(file.path.relative_to(start))
        if next((place for place in _candidates(relative, policy) if os.path.lexists(place)), None) == file.path:
            found = printable(relative)
            break
    return f"{found}{MEMBER_SEPARATOR}{printable(file.member)}" if file.member else found


@dataclass(frozen=True, slots=True)
class ListedFile:
    """A file in a folder by its name as it is shown; ``modified`` in UNIX seconds."""

    name: str
    bytes: int
    modified: float


@dataclass(frozen=True, slots=True)
class FolderListing:
    """What stands in a folder, not below it: folders, readable files, and how many others, by the reason in words."""

    path: str
    folders: tuple[str, ...]
    files: tuple[ListedFile, ...]
    left_out: Mapping[str, int]


async def list_folder(path: str, policy: AccessPolicy) -> FolderListing:
    """The names in a folder that may be read, in order. Raises what ``open_file`` raises, NotAFile for a file."""
    return await anyio.to_thread.run_sync(_list_folder, path, policy)


def shown(path: Path | str) -> str:
    """A path as people would write it: on one line, ``~`` for the home directory."""
    text = str(path)
    home = os.path.expanduser("~")
    for start in {home, os.path.realpath(home)} - {os.sep, "~", ""}:
        if text == start or text.startswith(start + os.sep):
            text = "~" + text[len(start) :]
            break
    return printable(text)


# ---- finding


@dataclass(frozen=True, slots=True)
class _Found:
    """A resolved path that may be opened, from the allowed ``folder``; ``named`` is how it was called, for errors."""

    path: Path
    folder: Path
    mode: int
    named: str


def _find(typed: str, policy: AccessPolicy) -> _Found:
    """What a typed path means, nothing opened yet."""
    meant = cleaned(typed)
    named = _shown_typed(meant)
    for spelling in spellings(typed):
        for candidate in _candidates(spelling, policy):
            found = _look_at(candidate, policy, named)
            if found is not None:
                return found
    return _find_misspelt(meant, policy, named)


def _find_misspelt(meant: str, policy: AccessPolicy, named: str) -> _Found:
    """What reads the same as the path that was typed, else the error that names what is similar."""
    candidates = [_resolved(candidate) for candidate in _candidates(meant, policy)]
    inside = [candidate for candidate in candidates if policy.folders_above(candidate)]
    for candidate in inside:
        _refuse_secret(candidate, policy, named)
    nearest = [_nearest(candidate, policy, named) for candidate in inside]
    for found, exact in nearest:
        if found and exact:
            return found
    if not inside:
        similar = _similar_inside(candidates, policy, named)
        raise _not_allowed(f"'{named}' is outside", policy, f"Did you mean '{similar}'?" if similar else "")
    hint = next((f"Did you mean '{shown(found.path)}'?" for found, _ in nearest if found), windows_hint(meant))
    hint = hint or next(filter(None, (_member_hint(candidate, policy) for candidate in inside)), "")
    hint = hint or _elsewhere_hint(os.path.basename(meant), policy)
    where = "" if os.path.isabs(meant) else f" in the allowed folders ({_folder_names(policy)})"
    raise PathNotFound(f"'{named}' does not exist{where}.", hint)


def _elsewhere_hint(name: str, policy: AccessPolicy) -> str:
    """The files of that name further down in the allowed folders: people say a name and not where it is."""
    found: list[str] = []
    looked_at = 0
    waiting = list(policy.allowed)
    seen = set(waiting)
    while waiting and looked_at < _MOST_LOOKED_AT and len(found) < _MOST_ELSEWHERE:
        anyio.from_thread.check_cancelled()
        folder = waiting.pop(0)
        names = _names_in(folder, policy)
        looked_at += 1 + len(names)
        if (same := same_name(name, names)) and _kind(_resolved(folder / same), policy) == "file":
            found.append(shown(folder / same))
        for one in names:
            # Most names have an ending, and are not looked at.
            below = _resolved(folder / one) if "." not in one[1:] else folder
            if below not in seen and policy.folders_above(below) and below.is_dir():
                seen.add(below)
                waiting.append(below)
    if len(found) > 1:
        return f"There are {', '.join(repr(path) for path in found)}."
    return f"Did you mean '{found[0]}'?" if found else ""


def _member_hint(missing: Path, policy: AccessPolicy) -> str:
    """How a file in an archive is named, where a path goes on below a file."""
    for parent in missing.parents:
        if policy.folders_above(parent) and parent.is_file():
            archive = shown(parent)
            member = printable(missing.relative_to(parent).as_posix())
            return f"'{archive}' is no folder. A file in an archive is '{archive}{MEMBER_SEPARATOR}{member}'."
    return ""


def _candidates(spelling: str, policy: AccessPolicy) -> Iterator[Path]:
    """Where a path may lead: an absolute one to itself, a relative one below each place where it may start."""
    # Dots are taken out first, by name: what stands behind "outside/.." must not depend on what is outside.
    for start in (policy.working_directory, *policy.allowed):
        yield Path(os.path.normpath(start / spelling))
        if os.path.isabs(spelling):
            return


def _look_at(candidate: Path, policy: AccessPolicy, named: str) -> _Found | None:
    """The candidate, resolved, if it exists and is inside; errors for what is inside and must not be opened."""
    if sys.platform == "win32" and (objection := windows_objection(str(candidate))):
        raise NotAFile(f"'{named}' {objection}.")
    resolved = _resolved(candidate)
    folders = policy.folders_above(resolved)
    if not folders:
        if policy.folders_above(candidate):
            raise _not_allowed(f"'{named}' leads through a link to outside", policy)
        return None
    try:
        mode = os.lstat(resolved).st_mode
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise _link_loop(named) from None
        if error.errno in (errno.EACCES, errno.EPERM):
            raise _refused_by_system(named, error) from None
        return None
    _refuse_secret(resolved, policy, named)
    if stat.S_ISLNK(mode):
        raise _link_loop(named)
    if any(resolved.is_relative_to(folder) for folder in _SYSTEM_FOLDERS):
        raise NotAFile(f"'{named}' is a part of the running system, not a file that was saved.")
    return _Found(resolved, folders[0], mode, named)


def _refuse_secret(resolved: Path, policy: AccessPolicy, named: str, member: str = "") -> None:
    # A member is found by either slash.
    reason = secret_reason(resolved / member.replace("\\", "/"), policy.folders_above(resolved)[-1])
    if reason is None:
        return
    hint = "Keys, passwords, sessions and hidden files are never read; copy what is needed from it to another file."
    if reason == HIDDEN_FOLDER:
        hint = "Folders that begin with a dot are read only if --allow or KIMI_FILES_ALLOW names them."
    raise SecretRefused(f"'{named}' {reason}.", hint)


def _nearest(wanted: Path, policy: AccessPolicy, named: str) -> tuple[_Found | None, bool]:
    """What ``wanted`` may be a slip of, inside its allowed folder; and whether its name reads exactly the same."""
    here, exact = policy.folders_above(wanted)[0], True
    for name in wanted.relative_to(here).parts:
        if os.path.lexists(here / name):
            here = _resolved(here / name)
            continue
        names = _names_in(here, policy)
        found = same_name(name, names)
        if found is None:
            found, exact = similar_name(name, names), False
        if found is None:
            return None, False
        here = _resolved(here / found)
    try:
        return _look_at(here, policy, named), exact
    except KimiFilesError:
        if exact:
            raise
        return None, False


def _names_in(folder: Path, policy: AccessPolicy) -> list[str]:
    """Names in an allowed folder that are no secrets; none where a look is not allowed."""
    above = policy.folders_above(folder)
    if not set(above) & set(policy.allowed) or secret_reason(folder, above[-1]) is not None:
        return []
    try:
        names = _names(folder, above[0], _MAX_NAMES)
    except OSError:
        return []
    return [name for name in names if secret_reason(folder / name, above[-1]) is None]


def _similar_inside(outside: Sequence[Path], policy: AccessPolicy, named: str) -> str:
    """The file inside that a path outside may be a slip of, by the path's words alone: nothing outside is looked at."""
    for candidate in outside:
        for folder in policy.allowed:
            start, rest = candidate.parts[: len(folder.parts)], candidate.parts[len(folder.parts) :]
            pairs = zip(start, folder.parts, strict=False)
            if len(start) < len(folder.parts) or not all(similar_name(typed, [real]) for typed, real in pairs):
                continue
            wanted = _resolved(folder.joinpath(*rest))
            if policy.folders_above(wanted):
                found, _ = _nearest(wanted, policy, named)
                if found:
                    return shown(found.path)
    return ""


def _resolved(path: Path) -> Path:
    try:
        return Path(os.path.realpath(path))
    except OSError:
        # A link that vanished meanwhile or that the system does not show: left in the path, opening stops at it.
        return path


def _allowed_folder(folder: str | Path, working_directory: Path) -> Path:
    resolved = _resolved(working_directory / cleaned(str(folder)))
    name = shown(resolved)
    hint = "Correct --allow or KIMI_FILES_ALLOW, or create the folder."
    if not resolved.exists():
        raise InvalidArguments(f"The allowed folder '{name}' does not exist.", hint)
    if not resolved.is_dir():
        raise InvalidArguments(f"'{name}' is allowed as a folder, and is a file.", hint)
    if secret_folder(resolved):
        raise SecretRefused(f"'{name}' holds credentials and cannot be allowed.", "Leave it out of --allow.")
    return resolved


# ---- opening


def _open_named(typed: str, policy: AccessPolicy) -> OpenFile:
    file = _open_file_or_member(typed, policy)
    file.hash_if_small()
    return file


def _open_file_or_member(typed: str, policy: AccessPolicy) -> OpenFile:
    if MEMBER_SEPARATOR not in typed:
        return _open_path(typed, policy)
    # A folder's name may end in "!": what is there comes first.
    with suppress(PathNotFound, PathNotAllowed, NotAFile):
        return _open_path(typed, policy)
    archive, _, member = cleaned(typed).partition(MEMBER_SEPARATOR)
    return _open_path(archive, policy, member.strip("/"))


def _open_path(typed: str, policy: AccessPolicy, member: str = "") -> OpenFile:
    from kimi_files.descriptors import open_beneath  # ctypes, which start-up does without

    for _ in range(_OPENING_ATTEMPTS):
        found = _find(typed, policy)
        if member:
            _refuse_secret(found.path, policy, f"{found.named}{MEMBER_SEPARATOR}{printable(member[:200])}", member)
        if not stat.S_ISREG(found.mode):
            raise _not_a_file(found.named, found.mode)
        try:
            descriptor = open_beneath(found.folder, found.path.relative_to(found.folder))
        except OSError as error:
            # Something was swapped between the look and the opening: look again.
            if error.errno not in (errno.ELOOP, errno.EXDEV, errno.ENOENT, errno.ENOTDIR, errno.EAGAIN):
                raise _refused_by_system(found.named, error) from None
            continue
        return OpenFile(descriptor, found.path, shown(found.path), member)
    raise FileChanged(f"'{found.named}' was replaced again and again while it was opened.", "Try again.")


def _list_readable(typed: str, policy: AccessPolicy) -> FolderFiles:
    found = _find(typed, policy)
    if stat.S_ISREG(found.mode):
        return FolderFiles((str(found.path),))
    if not stat.S_ISDIR(found.mode):
        raise _not_a_file(found.named, found.mode)
    paths: set[Path] = set()
    left_out: Counter[str] = Counter()
    waiting, seen = [found.path], {found.path}
    while waiting:
        anyio.from_thread.check_cancelled()
        folder = waiting.pop()
        try:
            names = _names(folder, policy.folders_above(folder)[0], _MAX_ENTRIES)
        except OSError:
            left_out["folders that the system does not open"] += 1
            continue
        for name in names:
            resolved = _resolved(folder / name)
            kind = _kind(resolved, policy)
            if kind == "file":
                paths.add(resolved)
            elif kind != "folder":
                left_out[kind] += 1
            elif resolved not in seen:
                seen.add(resolved)
                waiting.append(resolved)
        if len(paths) > MAX_FOLDER_FILES or len(paths) + len(seen) + left_out.total() > _MAX_ENTRIES:
            raise _too_many(found.named)
    return FolderFiles(tuple(str(path) for path in sorted(paths)), dict(left_out))


def _list_folder(typed: str, policy: AccessPolicy) -> FolderListing:
    found = _find(typed, policy)
    if not stat.S_ISDIR(found.mode):
        raise NotAFile(f"'{found.named}' is no folder.")
    try:
        names = _names(found.path, found.folder, _MAX_ENTRIES)
    except OSError as error:
        raise _refused_by_system(found.named, error) from None
    if len(names) > _MAX_ENTRIES:
        raise _too_many(found.named)
    folders: list[str] = []
    files: list[ListedFile] = []
    left_out: Counter[str] = Counter()
    for name in sorted(names):
        anyio.from_thread.check_cancelled()
        resolved = _resolved(found.path / name)
        kind = _kind(resolved, policy)
        if kind == "folder":
            folders.append(printable(name))
        elif kind == "file":
            with suppress(OSError):  # it has just gone
                status = os.lstat(resolved)
                files.append(ListedFile(printable(name), status.st_size, status.st_mtime))
        else:
            left_out[kind] += 1
    return FolderListing(shown(found.path), tuple(folders), tuple(files), dict(left_out))


def _kind(resolved: Path, policy: AccessPolicy) -> str:
    """ "folder", "file" for one that can be read, or in words what else stands in a folder."""
    above = policy.folders_above(resolved)
    if not above:
        return "links that lead outside"
    if secret_reason(resolved, above[-1]) is not None:
        return "hidden or secret"
    try:
        status = os.lstat(resolved)
        if stat.S_ISDIR(status.st_mode):
            return "folder"
        if not stat.S_ISREG(status.st_mode):
            return "neither files nor folders"
        if status.st_size == 0:
            return "empty"
        return "file" if _has_reader(resolved, above[0]) else "of a format without a reader"
    except OSError:
        return "files that the system does not open"


def _has_reader(resolved: Path, folder: Path) -> bool:
    """By the name where it promises anything, else by whether the file begins as text does."""
    from kimi_files.descriptors import open_beneath
    from kimi_files.formats import by_name, looks_like_text

    named = by_name(resolved.name)
    if named is not None:
        return named.reader is not None
    descriptor = open_beneath(folder, resolved.relative_to(folder))
    try:
        return looks_like_text(os.read(descriptor, 4_096))
    finally:
        os.close(descriptor)


def _names(folder: Path, root: Path, limit: int) -> list[str]:
    """Names in a folder, at most ``limit`` and one, listed by descriptor where the system can. Raises OSError."""
    if sys.platform == "win32":
        with os.scandir(folder) as entries:
            return [entry.name for entry in islice(entries, limit + 1)]
    from kimi_files.descriptors import open_beneath

    descriptor = open_beneath(root, folder.relative_to(root), as_folder=True)
    try:
        with os.scandir(descriptor) as entries:
            return [entry.name for entry in islice(entries, limit + 1)]
    finally:
        os.close(descriptor)


# ---- words


def _shown_typed(meant: str) -> str:
    text = shown(meant) if os.path.isabs(meant) else printable(meant)
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}…"


def _folder_names(policy: AccessPolicy) -> str:
    return ", ".join(shown(folder) for folder in policy.allowed) or "none"


def _not_allowed(start: str, policy: AccessPolicy, hint: str = "") -> PathNotAllowed:
    remedy = "To read it, add its folder with --allow or KIMI_FILES_ALLOW in the host's configuration."
    return PathNotAllowed(f"{start} the allowed folders ({_folder_names(policy)}).", hint or remedy)


def _not_a_file(named: str, mode: int) -> NotAFile:
    if stat.S_ISDIR(mode):
        return NotAFile(
            f"'{named}' is a folder.",
            "Name a file in it: reading the folder lists them, and a question can be about all of it.",
        )
    kinds = {stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device"}
    return NotAFile(f"'{named}' is {kinds.get(stat.S_IFMT(mode), 'not a file')}.", "Only files can be read.")


def _link_loop(named: str) -> NotAFile:
    return NotAFile(f"'{named}' is a link that leads back to itself.", "Name the file that it was meant to lead to.")


def _too_many(named: str) -> TooComplex:
    return TooComplex(
        f"'{named}' holds more than {MAX_FOLDER_FILES:,} files that can be read, or {_MAX_ENTRIES:,} in all.",
        "Name a folder inside it, or the files.",
    )


def _refused_by_system(named: str, error: OSError) -> AccessDenied:
    reason = os.strerror(error.errno) if error.errno else "no reason given"
    return AccessDenied(f"The operating system does not open '{named}': {reason}.", "Check the file's permissions.")


def _signature(status: os.stat_result) -> str:
    return f"{status.st_dev}-{status.st_ino}-{status.st_size}-{status.st_mtime_ns}-{status.st_ctime_ns}"
