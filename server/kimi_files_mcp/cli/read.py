"""``read``: the text of files on stdout, many in one run."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING

import anyio
import click

from kimi_files.access import OpenFile, is_folder, readable_files
from kimi_files.errors import KimiFilesError
from kimi_files.progress import Progress
from kimi_files_mcp.cli.terminal import Options, complain, progress_bar, run, workspace
from kimi_files_tools.layout import warning_line
from kimi_files_tools.window import Part, page_mark
from kimi_files_tools.workspace import Workspace, is_file_id

if TYPE_CHECKING:
    from kimi_files.content import Content
    from kimi_files.service import FileReference

# Two workers parse; the others are opened, or their texts stored.
_AT_ONCE = 64

# A call for each would cost more than what it does; so many texts, if not too long, are also fetched together.
_TOGETHER = 16
_CHARACTERS_TOGETHER = 1_000_000

# Texts that wait for their turn to be printed lie in the catalogue: this is how far one slow file may hold them up.
_AHEAD = 500


@click.command(short_help="Print the text of files.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="One JSON object a line for each file: path, pages as a list of {label, text}, warnings; or path and error.",
)
@click.pass_obj
def read(options: Options, files: tuple[str, ...], as_json: bool) -> None:
    """Print the text of FILEs; a folder means the readable files in it.

    A file that cannot be read is named on stderr (or in its JSON line) and does not stop the others; the exit code is
    then 1. Files named here need not be in an allowed folder.

    \b
      kimi-files-mcp read report.pdf
      kimi-files-mcp read --json ~/Documents > texts.jsonl
    """
    settings = options.settings()

    async def work() -> int:
        async with workspace(settings, files) as opened, progress_bar("reading") as progress:
            names = await _names(opened, files)
            return await _read_all(opened, names, as_json=as_json, progress=progress)

    run(work)


async def _names(opened: Workspace, files: Sequence[str]) -> list[str]:
    names: list[str] = []
    for file in files:
        if not is_file_id(file) and await is_folder(file, opened.policy):
            found = await readable_files(file, opened.policy)
            names.extend(found)
            for why, count in found.left_out.items():
                click.echo(f"{file}: {count} file{'' if count == 1 else 's'} left out ({why})", err=True)
        else:
            names.append(file)
    return names


async def _read_all(opened: Workspace, names: Sequence[str], *, as_json: bool, progress: Progress) -> int:
    """Read several at once, print in the order of ``names``; 1 if any failed."""
    service = await opened.service(reads=len(names))
    results: dict[int, Content | KimiFilesError] = {}
    ready = [anyio.Event() for _ in names]
    places, ahead = anyio.Semaphore(_AT_ONCE), anyio.Semaphore(_AHEAD)
    failed = 0

    async def read_one(index: int, reference: FileReference) -> None:
        async with reference if isinstance(reference, OpenFile) else nullcontext():
            try:
                content = await service.content(reference)
                while waiting := content.waiting_scans:
                    await progress(index, len(names), f"{names[index]}: {len(waiting)} scanned pages to read")
                    content = await service.read_scans(reference, waiting)
                results[index] = content
            except KimiFilesError as error:
                results[index] = error
        places.release()
        ready[index].set()

    async def start_in_order(tasks: anyio.abc.TaskGroup) -> None:
        begun = 0
        while begun < len(names):
            count = min(_TOGETHER, _AT_ONCE, len(names) - begun)
            for semaphore in (ahead, places):
                for _ in range(count):
                    await semaphore.acquire()
            references = await opened.open_together(names[begun : begun + count])
            for index, reference in enumerate(references, begun):
                if isinstance(reference, KimiFilesError):
                    results[index] = reference
                    places.release()
                    ready[index].set()
                else:
                    tasks.start_soon(read_one, index, reference)
            begun += count

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(start_in_order, tasks)
        printed = 0
        while printed < len(names):
            await progress(printed, len(names), names[printed])
            await ready[printed].wait()
            together = _first_of(results, printed)
            for _ in together:
                ahead.release()
            failed += sum(isinstance(result, KimiFilesError) for result in together)
            some = names[printed : printed + len(together)]
            await (_print_json(some, together) if as_json else _print_text(some, together, several=len(names) > 1))
            printed += len(together)
    return 1 if failed else 0


def _first_of(results: dict[int, Content | KimiFilesError], start: int) -> list[Content | KimiFilesError]:
    """Takes out the result at ``start``, and those behind it without a gap that are worth fetching together with it."""
    found = [results.pop(start)]
    characters = _characters(found[0])
    while len(found) < _TOGETHER and start + len(found) in results:
        characters += _characters(results[start + len(found)])
        if characters > _CHARACTERS_TOGETHER:
            break
        found.append(results.pop(start + len(found)))
    return found


def _characters(result: Content | KimiFilesError) -> int:
    return 0 if isinstance(result, KimiFilesError) else sum(page.characters for page in result.pages)


async def _print_text(names: Sequence[str], results: Sequence[Content | KimiFilesError], *, several: bool) -> None:
    for name, result in zip(names, results, strict=True):
        if isinstance(result, KimiFilesError):
            complain(name, result)
            continue
        if several:
            sys.stdout.write(f"==> {name} <==\n")
        for page in result.pages:
            mark = page_mark(result, Part(page.number, 0, 0, "")) if len(result.pages) > 1 else ""
            sys.stdout.write(f"{mark}\n" if mark else "")
            last = ""
            async for piece in result.pieces(page.number):
                sys.stdout.write(piece.text)
                last = piece.text[-1:]
            sys.stdout.write("" if last == "\n" else "\n")
        sys.stdout.flush()
        warnings = warning_line(result)
        if warnings:
            click.echo(f"{name}: {warnings}", err=True)


async def _print_json(names: Sequence[str], results: Sequence[Content | KimiFilesError]) -> None:
    texts: dict[int, list[str]] = {}

    async def fetch(at: int, content: Content) -> None:
        texts[at] = await content.whole_pages([page.number for page in content.pages])

    async with anyio.create_task_group() as tasks:
        for at, result in enumerate(results):
            if not isinstance(result, KimiFilesError):
                tasks.start_soon(fetch, at, result)
    for at, (name, result) in enumerate(zip(names, results, strict=True)):
        if isinstance(result, KimiFilesError):
            line = {"path": name, **result.to_response().model_dump(exclude_none=True)}
        else:
            pages = [
                {"label": page.label, "text": text} for page, text in zip(result.pages, texts.pop(at), strict=True)
            ]
            warnings = [words for words in (warning_line(result),) if words]
            line = {"path": name, "pages": pages, "warnings": warnings}
        sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
    sys.stdout.flush()
