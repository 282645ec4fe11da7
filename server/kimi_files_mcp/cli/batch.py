"""``batch``: run a file of chat requests at Kimi, see how far it is, fetch the results."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kimi_files.errors import InvalidArguments
from kimi_files.progress import Progress
from kimi_files_mcp.cli.terminal import Options, progress_bar, run, workspace
from kimi_files_mcp.settings import Settings
from kimi_files_tools.workspace import Workspace

if TYPE_CHECKING:
    from kimi_files.kimi.batches import Batch
    from kimi_files.kimi.service import KimiFilesService

_OUT = click.option(
    "-o",
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="OUT",
    help="Write the results here: one JSON line for each request, in the order of the requests.",
)


@click.group(short_help="Run many chat requests at Kimi at once.")
def batch() -> None:
    """Run many chat requests at once, within a day and for less (needs the service kimi).

    \b
      kimi-files-mcp batch run requests.jsonl -o results.jsonl
    """


@batch.command("run")
@click.argument("file", metavar="FILE")
@_OUT
@click.option("--detach", is_flag=True, help="Start it and leave; batch status and batch results take its id.")
@click.pass_obj
def run_batch(options: Options, file: str, out: Path | None, detach: bool) -> None:
    """Check and upload FILE (JSONL, one request a line), start the batch, and wait until it ends.

    Ctrl-C ends the waiting, not the batch: run again, and one that still runs over the same file is waited for.
    Exit code 1 if the batch or one of its requests failed.
    """
    settings = options.settings()

    async def work() -> int:
        async with workspace(settings, [file]) as opened, progress_bar(f"running {file}") as progress:
            service = await _kimi(opened)
            async with opened.open(file) as reference:
                file_id = (
                    reference if isinstance(reference, str) else (await service.create(reference, "batch", progress)).id
                )
            started = await service.batches.run(file_id, progress)
            click.echo(f"{started.id} is {started.status}; it goes on when you leave", err=True)
            if detach:
                click.echo(started.id)
                return 0
            return await _finish(service, await service.batches.until_it_ends(started, progress), out, progress)

    run(work)


@batch.command()
@click.argument("batch_id", metavar="ID")
@click.pass_obj
def status(options: Options, batch_id: str) -> None:
    """Say how far batch ID is."""
    settings = options.settings()

    async def work() -> int:
        async with _opened(settings) as service:
            _print(await service.batches.status(batch_id))
        return 0

    run(work)


@batch.command()
@click.argument("batch_id", metavar="ID")
@_OUT
@click.pass_obj
def results(options: Options, batch_id: str, out: Path | None) -> None:
    """Wait until batch ID ends and write its results, errors joined in by custom_id. Exit code 1 if any request failed."""
    if out is None:
        raise click.UsageError("Say where to write the results: -o OUT")
    settings = options.settings()

    async def work() -> int:
        async with _opened(settings) as service, progress_bar(batch_id) as progress:
            found = await service.batches.status(batch_id, progress)
            return await _finish(service, await service.batches.until_it_ends(found, progress), out, progress)

    run(work)


async def _finish(service: KimiFilesService, ended: Batch, out: Path | None, progress: Progress) -> int:
    """Print how a batch ended, and write its results where the user wants them."""
    _print(ended)
    if out is None:
        return 0 if ended.status == "completed" and not ended.counts.failed else 1
    joined = await service.batches.results(ended, out, progress)
    words = f"{out}: {joined.answered:,} answered, {joined.failed:,} failed, {joined.missing:,} without a result"
    click.echo(words, err=True)
    return 1 if joined.failed or joined.missing else 0


def _print(found: Batch) -> None:
    counts = found.counts
    click.echo(
        f"{found.id}  {found.status}  {counts.completed:,} of {counts.total:,} answered"
        + (f", {counts.failed:,} failed" if counts.failed else "")
    )


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[KimiFilesService]:
    async with workspace(settings) as opened:
        yield await _kimi(opened)


async def _kimi(opened: Workspace) -> KimiFilesService:
    from kimi_files.kimi.service import KimiFilesService

    service = await opened.service()
    if not isinstance(service, KimiFilesService):
        raise InvalidArguments(
            "Batches are run by Kimi, and the service is local.", "Set MOONSHOT_API_KEY, or give --service kimi."
        )
    return service
