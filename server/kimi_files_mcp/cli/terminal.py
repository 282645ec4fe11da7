"""What all commands share: settings, one event loop, progress on stderr, and errors as one line instead of a traceback."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import NoReturn

import anyio
import click

from kimi_files import reports
from kimi_files.errors import KimiFilesError
from kimi_files.progress import Progress as Report
from kimi_files_mcp.settings import Settings, read_settings
from kimi_files_mcp.stdio import open_workspace, start_log
from kimi_files_tools.failure import as_error
from kimi_files_tools.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Options:
    """The options that stand before the command."""

    folders: Sequence[str]
    service: str | None
    data_dir: str | None
    strict: bool

    def settings(self) -> Settings:
        """Settings of this run. A wrong one ends it with its reason."""
        start_log()
        try:
            settings = read_settings(os.environ, self.folders, self.service, self.data_dir, self.strict)
        except KimiFilesError as error:
            fail(error)
        reports.keep_in(settings.reports)
        return settings


def fail(error: BaseException) -> NoReturn:
    """End with the reason and the remedy on stderr, without a traceback."""
    click.echo(f"kimi-files-mcp: {as_error(error)}", err=True)
    sys.exit(1)


def complain(file: str, error: KimiFilesError) -> None:
    """Say on stderr why one file of several failed, and which: not every reason names the file."""
    name = os.path.basename(file.rstrip("/\\")) or file
    click.echo(f"kimi-files-mcp: {'' if name in str(error) else f'{file}: '}{error}", err=True)


def run(work: Callable[[], Awaitable[int]]) -> NoReturn:
    """Run ``work`` and end with its exit code. Ctrl-C ends quietly with 130, a closed pipe with 0."""
    try:
        sys.exit(anyio.run(work))
    except BaseException as error:
        if _is(error, KeyboardInterrupt):
            sys.exit(130)
        if _is(error, BrokenPipeError):
            # Whoever read our output has enough; nothing more may be flushed into the closed pipe.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(0)
        if not isinstance(error, Exception):
            raise
        fail(error)


def _is(error: BaseException, kind: type[BaseException]) -> bool:
    return isinstance(error, kind) or (
        isinstance(error, BaseExceptionGroup) and any(_is(inner, kind) for inner in error.exceptions)
    )


@asynccontextmanager
async def workspace(settings: Settings, typed: Sequence[str] = ()) -> AsyncIterator[Workspace]:
    """A workspace in which the paths that were typed at the terminal may be read as well."""
    policy = settings.policy
    for path in typed:
        policy = policy.with_path(path)
    opened = open_workspace(settings, policy)
    try:
        yield opened
    finally:
        with anyio.CancelScope(shield=True):
            await opened.aclose()


@asynccontextmanager
async def progress_bar(title: str) -> AsyncIterator[Report]:
    """A progress bar on stderr where that is a terminal; silent where it is not."""
    hidden = not sys.stderr.isatty()
    with click.progressbar(
        length=_BAR_STEPS, label=title, file=sys.stderr, hidden=hidden, show_percent=False, item_show_func=_words
    ) as bar:

        async def report(done: float, total: float | None, message: str) -> None:
            reached = int(_BAR_STEPS * done / total) if total else bar.pos
            bar.update(max(reached - bar.pos, 0), message)
            bar.render_progress()

        yield report


_BAR_STEPS = 1_000


def _words(message: object) -> str | None:
    return str(message)[:60] if message else None
