"""ask_about_files: the passages of several files that answer a question, each with its place, or a model's answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import anyio
from pydantic import BeforeValidator, Field

from kimi_files.access import is_folder, readable_files
from kimi_files.errors import InvalidArguments, KimiFilesError, NoText
from kimi_files.progress import Progress, no_progress
from kimi_files_tools.answer_result import answer_result, reserved_tokens
from kimi_files_tools.arguments import as_list, or_default
from kimi_files_tools.layout import one_line
from kimi_files_tools.workspace import Workspace, is_file_id

if TYPE_CHECKING:
    from kimi_files.content import Content

DEFAULT_TOKENS = 4_000
LEAST_TOKENS = 500
MOST_TOKENS = 20_000
MOST_FILES = 50
MOST_QUERIES = 4

# Enough to keep two workers busy while others wait for the disk.
_AT_ONCE = 4

TITLE = "Ask about files"
DESCRIPTION = """\
Find what answers a question in one or many files (a folder means the readable files in it). Returns the exact passages \
with file and page, numbered: answer from them and cite [n].
Add queries: up to 4 short wordings as they would stand in the files (names of statements, line items, headings, in the \
files' language). They find far more than the question alone. If the passages do not answer, ask again with other queries."""

QuestionArgument = Annotated[str, Field(description="What you want to know", min_length=1, max_length=4_000)]
Files = Annotated[
    list[str],
    BeforeValidator(as_list),
    Field(description=f"1 to {MOST_FILES} file ids, paths or folders", min_length=1, max_length=MOST_FILES),
]
Queries = Annotated[
    list[str],
    BeforeValidator(as_list),
    Field(
        description='Wordings as in the files: ["purchases of property, plant and equipment"]', max_length=MOST_QUERIES
    ),
]
MaxTokens = Annotated[
    int, or_default(DEFAULT_TOKENS), Field(description=f"Budget of the result, at most {MOST_TOKENS:,}")
]


async def ask_about_files(
    workspace: Workspace,
    question: str,
    files: Sequence[str],
    queries: Sequence[str] = (),
    max_tokens: int = DEFAULT_TOKENS,
    progress: Progress = no_progress,
) -> str:
    """The answer as text. A file that cannot be read is named with its reason; only when none can be, that is the error."""
    from kimi_files.answer import Question

    if not question.strip():
        raise InvalidArguments("The question is empty.", "Say what you want to know.")
    max_tokens = min(max(max_tokens, LEAST_TOKENS), MOST_TOKENS)
    names, not_read = await _named_files(workspace, files)
    read = await _read_all(workspace, names, progress)
    contents = _each_once(content for content in read.values() if not isinstance(content, KimiFilesError))
    failures = {name: failure for name, failure in read.items() if isinstance(failure, KimiFilesError)}
    if not contents:
        raise _nothing_read(failures)
    not_read += [f"{one_line(name, 120)} ({one_line(str(failure), 200)})" for name, failure in failures.items()]
    silent = [content for content in contents if not content.tokens]
    not_read += [f"{one_line(content.name, 120)} ({_why_silent(content)})" for content in silent]
    searchable = [content for content in contents if content.tokens]
    if not searchable:
        raise NoText(f"There is no text to search: {one_line('; '.join(not_read), 600)}.")
    head_tokens = reserved_tokens(searchable, not_read, max_tokens)
    asked = Question(question, tuple(query for query in queries if query.strip()), max_tokens - head_tokens)
    service = await workspace.service()
    answer = await service.answer(asked, searchable, progress)
    return answer_result(answer, searchable, not_read, max_tokens)


async def _named_files(workspace: Workspace, files: Sequence[str]) -> tuple[list[str], list[str]]:
    """The files themselves, folders opened up, none twice; and what did not fit the number of files, in words."""
    names: dict[str, None] = {}
    left_out: list[str] = []
    for file in files:
        if is_file_id(file) or not await is_folder(file, workspace.policy):
            found: Sequence[str] = [file]
        else:
            found = folder = await readable_files(file, workspace.policy)
            left_out += [f"{count} files of {one_line(file, 120)} ({why})" for why, count in folder.left_out.items()]
            if not found:
                left_out.append(f"{one_line(file, 120)} (a folder without readable files)")
        fresh = [name for name in found if name not in names]
        room = MOST_FILES - len(names)
        names.update(dict.fromkeys(fresh[:room]))
        if len(fresh) > room:
            more = f"{len(fresh) - room} more files of {one_line(file, 120)}"
            left_out.append(f"{more} ({MOST_FILES} a call: name them, or a folder inside)")
    return list(names), left_out


async def _read_all(
    workspace: Workspace, names: Sequence[str], progress: Progress
) -> dict[str, Content | KimiFilesError]:
    """Each file's content, or why there is none, in the order of ``names``; a few at a time."""
    service = await workspace.service()
    read: dict[str, Content | KimiFilesError] = {}
    places = anyio.Semaphore(_AT_ONCE)

    async def read_one(name: str) -> None:
        async with places:
            try:
                async with workspace.open(name) as reference:
                    read[name] = await service.content(reference)
            except KimiFilesError as error:
                read[name] = error
            await progress(len(read), len(names), f"read {one_line(name, 80)}")

    async with anyio.create_task_group() as tasks:
        for name in names:
            tasks.start_soon(read_one, name)
    return {name: read[name] for name in names}


def _each_once(contents: Iterable[Content]) -> list[Content]:
    """A file that was named by id and by path, or lies in the folder twice under one name, is searched once."""
    seen: dict[tuple[int, str], Content] = {}
    for content in contents:
        seen.setdefault((content.id, content.name), content)
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
    if content.pages and all(page.without_text for page in content.pages):
        return "a picture: call get_file_content with pictures=true"
    return "it has no text"
