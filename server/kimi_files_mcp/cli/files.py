"""``upload``, ``list`` and ``delete``: the files that are kept."""

from __future__ import annotations

import datetime
import re
import time
from collections.abc import Sequence
from typing import get_args

import click

from kimi_files.errors import KimiFilesError
from kimi_files.models import FileObject, Purpose
from kimi_files_mcp.cli.terminal import Options, complain, progress_bar, run, workspace
from kimi_files_tools.delete_file import delete_file
from kimi_files_tools.failure import as_error
from kimi_files_tools.upload_file import upload_file
from kimi_files_tools.workspace import Workspace

_PURPOSES = click.Choice(get_args(Purpose))


@click.command(short_help="Keep files under ids that agents can use.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--purpose", type=_PURPOSES, default="file-extract", show_default=True)
@click.pass_obj
def upload(options: Options, files: tuple[str, ...], purpose: Purpose) -> None:
    """Keep FILEs under ids that agents can use; prints one JSON object a line."""
    settings = options.settings()

    async def work() -> int:
        failed = 0
        async with workspace(settings, files) as opened, progress_bar("uploading") as progress:
            for file in files:
                try:
                    click.echo((await upload_file(opened, file, purpose, progress)).compact_json())
                except KimiFilesError as error:
                    complain(file, error)
                    failed += 1
        return 1 if failed else 0

    run(work)


@click.command("list")
@click.option("--purpose", type=_PURPOSES, help="Only files of this purpose.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_obj
def list_files(options: Options, purpose: Purpose | None, as_json: bool) -> None:
    """Show the kept files, newest first."""
    settings = options.settings()

    async def work() -> int:
        async with workspace(settings) as opened:
            files = await _all_files(opened, purpose)
        if as_json:
            for file in files:
                click.echo(file.compact_json())
        else:
            click.echo(_table(files) if files else "no files are kept")
        return 0

    run(work)


def _table(files: Sequence[FileObject]) -> str:
    """One file a line; the id first and whole, so that it can be copied, the details last."""
    rows = [("id", "purpose", "size", "uploaded", "name", "details")]
    for file in files:
        uploaded = datetime.datetime.fromtimestamp(file.created_at).strftime("%Y-%m-%d %H:%M")
        rows.append((file.id, file.purpose, _size(file.bytes), uploaded, file.filename, file.status_details or ""))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), *row[4:]]).rstrip()
        for row in rows
    )


def _size(size: float) -> str:
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} B" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def _age(_: click.Context, __: click.Parameter, value: str | None) -> int | None:
    """A time span such as 30d, 12h or 2w, in seconds."""
    if value is None:
        return None
    match = re.fullmatch(r"(\d{1,6})([hdw])", value.strip().lower())
    if match is None:
        raise click.BadParameter("write it as 30d (days), 12h (hours) or 2w (weeks)")
    return int(match.group(1)) * {"h": 3_600, "d": 86_400, "w": 7 * 86_400}[match.group(2)]


@click.command(short_help="Delete kept files.")
@click.argument("ids", nargs=-1, metavar="[ID...]")
@click.option("--all", "everything", is_flag=True, help="All kept files instead of named ones.")
@click.option("--older-than", callback=_age, metavar="AGE", help="With --all: only those older than 30d, 12h, 2w.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def delete(options: Options, ids: tuple[str, ...], everything: bool, older_than: int | None, yes: bool) -> None:
    """Delete kept files by id, or all of them. Files on disk are never touched.

    With the service kimi, --all means every file of the account, whoever uploaded it.

    \b
      kimi-files-mcp delete --all --older-than 30d
    """
    if everything == bool(ids):
        raise click.UsageError("Name the files by their ids, or give --all.")
    if older_than is not None and not everything:
        raise click.UsageError("--older-than goes with --all.")
    settings = options.settings()

    async def work() -> int:
        failed = 0
        async with workspace(settings) as opened:
            names = await _old_files(opened, older_than) if everything else ids
            if not names:
                click.echo("there is nothing to delete", err=True)
            if everything and names and not yes and not _agreed(len(names), settings.service):
                return 1
            async with progress_bar("deleting") as progress:
                for done, file_id in enumerate(names):
                    await progress(done, len(names), file_id)
                    try:
                        click.echo((await delete_file(opened, file_id)).compact_json())
                    except KimiFilesError as error:
                        click.echo(f"kimi-files-mcp: {as_error(error)}", err=True)
                        failed += 1
        return 1 if failed else 0

    run(work)


def _agreed(count: int, service: str) -> bool:
    return click.confirm(f"Delete {count:,} files of the service {service}?", err=True)


async def _old_files(opened: Workspace, older_than: int | None) -> list[str]:
    """The ids of all files, or of those that were uploaded more than so many seconds ago, as far as that is known."""
    latest = time.time() - (older_than or 0)
    return [file.id for file in await _all_files(opened, None) if older_than is None or 0 < file.created_at < latest]


async def _all_files(opened: Workspace, purpose: Purpose | None) -> list[FileObject]:
    service = await opened.service()
    files: list[FileObject] = []
    after: str | None = None
    while True:
        page = await service.list(purpose=purpose, after=after, limit=1_000)
        files.extend(page.data)
        if not page.has_more:
            return files
        after = page.data[-1].id
