"""``read``: the text of files on stdout, many in one run."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import anyio
import click

from kimi_files.access import is_folder, readable_files
from kimi_files.errors import KimiFilesError
from kimi_files.progress import Progress
from kimi_files_mcp.cli.terminal import Options, complain, progress_bar, run, workspace
from kimi_files_tools.layout import warning_line
from kimi_files_tools.window import Part, page_mark
from kimi_files_tools.workspace import Workspace, is_file_id

if TYPE_CHECKING:
    from kimi_files.content import Content

# Two workers parse; the others are opened, or their texts stored.
_AT_ONCE = 64

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
    service = await opened.service()
    results: dict[int, Content | KimiFilesError] = {}
    ready = [anyio.Event() for _ in names]
    places, ahead = anyio.Semaphore(_AT_ONCE), anyio.Semaphore(_AHEAD)
    failed = 0

    async def read_one(index: int, name: str) -> None:
        try:
            async with opened.open(name) as reference:
                content = await service.content(reference)
                while waiting := content.waiting_scans:
                    await progress(index, len(names), f"{name}: {len(waiting)} scanned pages to read")
                    content = await service.read_scans(reference, waiting)
                results[index] = content
        except KimiFilesError as error:
            results[index] = error
        places.release()
        ready[index].set()

    async def start_in_order(tasks: anyio.abc.TaskGroup) -> None:
        for index, name in enumerate(names):
            await ahead.acquire()
            await places.acquire()
            tasks.start_soon(read_one, index, name)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(start_in_order, tasks)
        for index, name in enumerate(names):
            await progress(index, len(names), name)
            await ready[index].wait()
            ahead.release()
            result = results.pop(index)
            failed += isinstance(result, KimiFilesError)
            await (_print_json if as_json else _print_text)(name, result, several=len(names) > 1)
    return 1 if failed else 0


async def _print_text(name: str, result: Content | KimiFilesError, *, several: bool) -> None:
    if isinstance(result, KimiFilesError):
        complain(name, result)
        return
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


async def _print_json(name: str, result: Content | KimiFilesError, *, several: bool) -> None:
    if isinstance(result, KimiFilesError):
        line = {"path": name, **result.to_response().model_dump(exclude_none=True)}
    else:
        texts = await result.whole_pages([page.number for page in result.pages])
        pages = [{"label": page.label, "text": text} for page, text in zip(result.pages, texts, strict=True)]
        warnings = [words for words in (warning_line(result),) if words]
        line = {"path": name, "pages": pages, "warnings": warnings}
    sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
    sys.stdout.flush()
