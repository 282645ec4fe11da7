"""The files of a question: folders opened up, each file read once, and why some were not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import anyio

from kimi_files.access import OpenFile, is_folder, readable_files, short_path
from kimi_files.answer import Citation, Exhibit
from kimi_files.content import Content
from kimi_files.errors import InvalidArguments, KimiFilesError, NoText
from kimi_files.formats import FORMATS
from kimi_files.progress import Progress
from kimi_files.tokens import estimate_tokens
from kimi_files_tools.arguments import MOST_FILES
from kimi_files_tools.layout import one_line, unread_line
from kimi_files_tools.workspace import Workspace, is_file_id

# Enough to keep two workers busy while others are opened, and the texts of some stored together.
_AT_ONCE = 12
# Reading scans takes half a minute at most, and some hosts give up after one.
_SCANS_BEGIN_WITHIN = 20.0

_ARCHIVES = frozenset(known.name for known in FORMATS if known.reader == "archive")
_WHY_NOT_INSIDE = "an archive, of which the list was searched: name files in it, as archive.zip!/inner/file.pdf"


@dataclass(frozen=True, slots=True)
class Gathered:
    """``contents`` have text to search, ``exhibits`` are pictures and videos that a model will look at.

    ``not_read`` are the other files. ``paths`` gives the path of each of ``contents``, where it was named by one.
    """

    contents: tuple[Content, ...]
    exhibits: tuple[Exhibit, ...]
    not_read: tuple[NotRead, ...]
    paths: tuple[str, ...]

    @property
    def by_path(self) -> list[Content]:
        """The contents under their paths instead of their names."""
        return [replace(content, name=path) for content, path in zip(self.contents, self.paths, strict=True)]

    def cited(self, citation: Citation) -> Citation:
        """The citation with a path that the next call can give; what leaves this machine has the names alone."""
        of_name = [
            (content.id, path)
            for content, path in zip(self.contents, self.paths, strict=True)
            if content.name == citation.file
        ]
        path = of_name[0][1] if len(of_name) == 1 else dict(of_name).get(citation.content, citation.file)
        return replace(citation, file=path)

    def extra_tokens(self) -> int:
        """What a path costs more than a name, at most."""
        pairs = zip(self.contents, self.paths, strict=True)
        return max((estimate_tokens(path) - estimate_tokens(content.name) for content, path in pairs), default=0)


@dataclass(frozen=True, slots=True)
class NotRead:
    """A file, or several of a folder, and why it was not read, both in words."""

    name: str
    reason: str

    def __str__(self) -> str:
        return f"{self.name} ({self.reason})"


@dataclass(frozen=True, slots=True)
class _Read:
    """What one file gave."""

    content: Content
    exhibits: tuple[Exhibit, ...]
    path: str


async def gather(workspace: Workspace, files: Sequence[str], progress: Progress) -> Gathered:
    """Read files and the files in folders. Raises the reason when there is nothing to search in any of them."""
    names, not_read = await _named_files(workspace, files)
    read = await _read_all(workspace, names, progress)
    files_read = _each_once(one for one in read.values() if not isinstance(one, KimiFilesError))
    failures = {name: failure for name, failure in read.items() if isinstance(failure, KimiFilesError)}
    if not files_read:
        raise _nothing_read(failures)
    not_read += [NotRead(one_line(name, 120), one_line(str(failure), 200)) for name, failure in failures.items()]
    silent = [one for one in files_read if not one.content.tokens and not one.exhibits]
    not_read += [NotRead(one_line(one.path, 120), _why_silent(one.content)) for one in silent]
    archives = [one for one in files_read if one.content.format in _ARCHIVES]
    not_read += [NotRead(f"the files in {one_line(one.path, 120)}", _WHY_NOT_INSIDE) for one in archives]
    searchable = [one for one in files_read if one.content.tokens]
    exhibits = tuple(exhibit for one in files_read for exhibit in one.exhibits)
    if not searchable and not exhibits:
        raise NoText(f"There is no text to search: {one_line('; '.join(map(str, not_read)), 600)}.")
    contents, paths = tuple(one.content for one in searchable), tuple(one.path for one in searchable)
    return Gathered(contents, exhibits, tuple(not_read), paths)


async def _named_files(workspace: Workspace, files: Sequence[str]) -> tuple[list[str], list[NotRead]]:
    """The files themselves, folders opened up, none twice; and what did not fit the number of files, in words."""
    names: dict[str, None] = {}
    left_out: list[NotRead] = []
    for file in files:
        if is_file_id(file) or not await is_folder(file, workspace.policy):
            found: Sequence[str] = [file]
        else:
            found = folder = await readable_files(file, workspace.policy)
            if reasons := sorted(folder.left_out.items(), key=lambda one: (-one[1], one[0])):
                several = len(reasons) > 1
                why = ", ".join(f"{count} {reason}" if several else reason for reason, count in reasons)
                left_out.append(NotRead(_files_of(file, sum(folder.left_out.values())), why))
            if not found:
                left_out.append(NotRead(one_line(file, 120), "a folder without readable files"))
        fresh = [name for name in found if name not in names]
        room = MOST_FILES - len(names)
        names.update(dict.fromkeys(fresh[:room]))
        if len(fresh) > room:
            why = f"{MOST_FILES} a call: name them, or a folder inside; get_file_content lists a folder"
            left_out.append(NotRead(_files_of(file, len(fresh) - room, " more"), why))
    return list(names), left_out


def _files_of(folder: str, count: int, more: str = "") -> str:
    return f"{count}{more} file{'' if count == 1 else 's'} of {one_line(folder, 120)}"


async def _read_all(
    workspace: Workspace, names: Sequence[str], progress: Progress
) -> dict[str, _Read | KimiFilesError]:
    """What each file gave, or why nothing, in the order of ``names``; a few at a time.

    Scans that nobody has read yet are read as far as time allows: the rest waits for the next question.
    """
    service = await workspace.service(reads=len(names))
    read: dict[str, _Read | KimiFilesError] = {}
    places = anyio.Semaphore(_AT_ONCE)
    scans_until = anyio.current_time() + _SCANS_BEGIN_WITHIN

    async def report(done: float, total: float | None, message: str) -> None:
        await progress(len(read), len(names), message)

    async def read_one(name: str) -> None:
        async with places:
            try:
                async with workspace.open(name) as reference:
                    content = await service.content(reference)
                    if (waiting := content.waiting_scans) and anyio.current_time() < scans_until:
                        content = await service.read_scans(reference, waiting, report)
                    exhibits = () if content.tokens else tuple(await service.exhibits(reference, content))
                    path = short_path(reference, workspace.policy) if isinstance(reference, OpenFile) else content.name
                    read[name] = _Read(content, exhibits, path)
            except KimiFilesError as error:
                read[name] = error
            await progress(len(read), len(names), f"read {one_line(name, 80)}")

    async with anyio.create_task_group() as tasks:
        for name in names:
            tasks.start_soon(read_one, name)
    return {name: read[name] for name in names}


def _each_once(files_read: Iterable[_Read]) -> list[_Read]:
    """A file that was named by id and by path, or lies in the folder twice under one name, is searched once."""
    seen: dict[tuple[int, str, str], _Read] = {}
    for one in files_read:
        seen.setdefault((one.content.id, one.content.sha256, one.content.name), one)
    return list(seen.values())


def _nothing_read(failures: Mapping[str, KimiFilesError]) -> KimiFilesError:
    """The one failure as it is; of several, the first with the number of the others."""
    if not failures:
        return InvalidArguments(
            "There is no readable file to search.", "Name files, file ids, or a folder that holds files."
        )
    first = next(iter(failures.values()))
    if len(failures) == 1:
        return first
    return type(first)(f"None of the {len(failures)} files could be read. The first: {first.message}", first.hint)


def _why_silent(content: Content) -> str:
    if content.waiting_scans:
        return unread_line(content)
    if content.pages and all(page.without_text for page in content.pages):
        return "a picture: call get_file_content with pictures=true"
    return "it has no text"
