"""Two prompts that people start by name, and the completion of their arguments to the names of known files."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mcp.types import Completion, GetPromptResult, Prompt, PromptArgument, PromptMessage, TextContent

from kimi_files.access import readable_files
from kimi_files.errors import KimiFilesError
from kimi_files_tools.workspace import Workspace

if TYPE_CHECKING:
    from kimi_files.models import FileObject

_SUMMARISE = """\
Summarise {files}.
1. See with get_file_content what each file is, how long it is and its outline.
2. Read what carries the meaning: short files whole, of long ones the parts that the outline shows to matter (pages), or \
passages with ask_about_files and queries worded as the files would say it. Do not read a long file to its end.
3. Write the summary: one paragraph on the whole, then the main points. Put file and page behind each fact. Say which \
parts you did not read.{focus}"""

_COMPARE = """\
Compare {first} with {second}.
1. See with get_file_content what each one is and its outline.
2. Find what the comparison turns on in both with ask_about_files (both files in one call, queries worded as the files \
would say it); read the pages around what differs.
3. Write what is the same, what differs and what stands in only one of them, as a table where that helps. Put file and page \
behind each fact, figures exactly as they stand. Say which parts you did not read.{focus}"""

_MOST_VALUES = 100
_FILES_FRESH_SECONDS = 30.0


def prompts() -> list[Prompt]:
    """What a host shows its user."""
    focus = PromptArgument(name="focus", description="What matters most; may be left out")
    return [
        Prompt(
            name="summarise_files",
            title="Summarise files",
            description="A summary with the page behind each fact",
            arguments=[
                PromptArgument(name="files", description="Names, paths or ids, with commas between", required=True),
                focus,
            ],
        ),
        Prompt(
            name="compare_files",
            title="Compare two files",
            description="What is the same and what differs, with the page behind each fact",
            arguments=[
                PromptArgument(name="first", description="Name, path or id of a file", required=True),
                PromptArgument(name="second", description="Name, path or id of the other", required=True),
                focus,
            ],
        ),
    ]


class KnownFiles:
    """The files that a person may mean: the uploaded ones and the readable ones in the allowed folders."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._in_folders: tuple[str, ...] = ()
        self._looked_at = float("-inf")

    async def prompt(self, name: str, arguments: Mapping[str, str]) -> GetPromptResult:
        """The prompt with its arguments filled in. ValueError for an unknown prompt or a missing argument."""
        known = next((prompt for prompt in prompts() if prompt.name == name), None)
        if known is None:
            raise ValueError(f"There is no prompt '{name[:60]}': they are {', '.join(p.name for p in prompts())}.")
        given = {key: value.strip() for key, value in arguments.items() if value.strip()}
        missing = [
            argument.name for argument in known.arguments or [] if argument.required and argument.name not in given
        ]
        if missing:
            raise ValueError(f"{name} needs {' and '.join(missing)}.")
        uploaded = await self._uploaded()
        focus = f"\nWhat matters most: {given['focus']}" if "focus" in given else ""
        if name == "summarise_files":
            names = " and ".join(_meant(part, uploaded) for part in self._parts(given["files"], uploaded))
            text = _SUMMARISE.format(files=names, focus=focus)
        else:
            first, second = (_meant(given[argument], uploaded) for argument in ("first", "second"))
            text = _COMPARE.format(first=first, second=second, focus=focus)
        message = PromptMessage(role="user", content=TextContent(type="text", text=text))
        return GetPromptResult(description=known.description, messages=[message])

    async def names(self, typed: str) -> Completion:
        """Names that contain what was typed behind the last comma, those that begin with it first."""
        before, comma, last = typed.rpartition(",")
        uploaded = [file.filename for file in await self._uploaded()]
        start = f"{before}{comma} " if comma else ""
        return _completion([*uploaded, *await self._files_in_folders()], last.strip(), start)

    async def ids(self, typed: str) -> Completion:
        """Ids of the uploaded files whose id or name contains what was typed."""
        files = await self._uploaded()
        fit = [file.id for file in files if typed.lower() in f"{file.id} {file.filename}".lower()]
        return Completion(values=fit[:_MOST_VALUES], total=len(fit), has_more=len(fit) > _MOST_VALUES)

    async def _uploaded(self) -> list[FileObject]:
        service = await self._workspace.service()
        return [file for file in (await service.list(limit=1_000)).data if file.status == "ready"]

    async def _files_in_folders(self) -> tuple[str, ...]:
        """Paths relative to their allowed folder; looked up again after half a minute, as a user goes on typing."""
        if time.monotonic() - self._looked_at > _FILES_FRESH_SECONDS:
            self._in_folders = tuple([name async for name in self._walk()])
            self._looked_at = time.monotonic()
        return self._in_folders

    async def _walk(self) -> AsyncIterator[str]:
        policy = self._workspace.policy
        for folder in policy.allowed:
            try:
                paths = await readable_files(str(folder), policy)
            except KimiFilesError:
                continue  # gone since the start, or too many files to choose from by name
            for path in paths:
                yield str(Path(path).relative_to(folder))

    def _parts(self, typed: str, uploaded: Sequence[FileObject]) -> list[str]:
        """The files named in one argument; a comma in the name of an uploaded file parts nothing."""
        if any(file.filename == typed for file in uploaded):
            return [typed]
        return [part.strip() for part in typed.split(",") if part.strip()]


def _meant(name: str, uploaded: Sequence[FileObject]) -> str:
    """The name with the id of the uploaded file that has it, the newest of several; any other name as it is."""
    file = next((file for file in uploaded if name in (file.filename, file.id)), None)
    from kimi_files_tools.layout import one_line  # not needed before the first prompt

    return f"'{one_line(file.filename, 120)}' ({file.id})" if file else f"'{one_line(name, 400)}'"


def _completion(names: Sequence[str], typed: str, start: str) -> Completion:
    sought = typed.lower()
    fit = [name for name in dict.fromkeys(names) if sought in name.lower()]
    fit.sort(key=lambda name: not name.lower().startswith(sought))
    values = [start + name for name in fit[:_MOST_VALUES]]
    return Completion(values=values, total=len(fit), has_more=len(fit) > _MOST_VALUES)
