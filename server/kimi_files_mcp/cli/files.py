"""``upload``, ``list`` and ``delete``: the files that are kept."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import get_args

import click

from kimi_files.errors import KimiFilesError
from kimi_files.models import FileObject, Purpose
from kimi_files_mcp.cli.terminal import Options, progress_bar, run, workspace
from kimi_files_tools.delete_file import delete_file
from kimi_files_tools.failure import as_error
from kimi_files_tools.upload_file import upload_file

_PURPOSES = click.Choice(get_args(Purpose))


@click.command()
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
                    click.echo(f"kimi-files-mcp: {error}", err=True)
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
            service = await opened.service()
            files: list[FileObject] = []
            after: str | None = None
            while True:
                page = await service.list(purpose=purpose, after=after, limit=1_000)
                files.extend(page.data)
                if not page.has_more:
                    break
                after = page.data[-1].id
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


@click.command()
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@click.pass_obj
def delete(options: Options, ids: tuple[str, ...]) -> None:
    """Delete kept files by id. Files on disk are never touched."""
    settings = options.settings()

    async def work() -> int:
        failed = 0
        async with workspace(settings) as opened:
            for file_id in ids:
                try:
                    click.echo((await delete_file(opened, file_id)).compact_json())
                except KimiFilesError as error:
                    click.echo(f"kimi-files-mcp: {as_error(error)}", err=True)
                    failed += 1
        return 1 if failed else 0

    run(work)
