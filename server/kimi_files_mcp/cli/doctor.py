"""``doctor``: what is installed, what works, what may be read, and how the store is."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kimi_files import extras, reports
from kimi_files.access import AccessPolicy, open_file, shown
from kimi_files.errors import KimiFilesError
from kimi_files.progress import no_progress
from kimi_files_mcp import __version__
from kimi_files_mcp.cli.install import server_command
from kimi_files_mcp.cli.terminal import Options, run
from kimi_files_mcp.hosts.configuration import entry_of
from kimi_files_mcp.hosts.known import HOSTS, started_command
from kimi_files_mcp.hosts.surroundings import Surroundings
from kimi_files_mcp.settings import Settings

if TYPE_CHECKING:
    from kimi_files.kimi.endpoint import Endpoint


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report. ``ok`` is None where nothing is right or wrong about it."""

    subject: str
    words: str
    ok: bool | None = None
    remedy: str = ""


@click.command(short_help="Check this installation, and say what is wrong.")
@click.pass_obj
def doctor(options: Options) -> None:
    """Check this installation: libraries, readers, allowed folders, service, store and hosts. Exit code 1 if something is
    wrong.
    """
    settings = options.settings()

    async def work() -> int:
        wrong = 0
        async for finding in _examine(settings):
            _print(finding)
            wrong += finding.ok is False
        click.echo()
        click.echo("everything works" if not wrong else f"{wrong} thing{'s' if wrong > 1 else ''} to mend, marked ✗")
        return 1 if wrong else 0

    run(work)


def _print(finding: Finding) -> None:
    sign = {True: click.style("✓", fg="green"), False: click.style("✗", fg="red"), None: " "}[finding.ok]
    click.echo(f"{sign} {finding.subject:<16} {finding.words}")
    if finding.remedy:
        click.echo(f"  {'':<16} → {finding.remedy}")


async def _examine(settings: Settings) -> AsyncIterator[Finding]:
    yield Finding(
        "kimi-files-mcp", f"{__version__} on Python {platform.python_version()}, {platform.platform(terse=True)}"
    )
    yield _command()
    for library in reports.LIBRARIES:
        yield _library(library)
    for extra in extras.EXTRAS:
        if extras.has(extra):
            yield Finding(f"extra {extra}", "installed", ok=True)
        else:
            yield Finding(f"extra {extra}", "not installed", remedy=extras.install_command(extra))
    stay = "files stay on this machine" if settings.service == "local" else "files that are read or kept are uploaded"
    yield Finding("service", f"{settings.service}: {stay}")
    if settings.kimi is not None:
        yield await _account(settings, settings.kimi)
    if settings.kimi is not None or settings.chat is not None:
        yield await _model(settings)
    folders = ", ".join(shown(folder) for folder in settings.policy.allowed) or "none"
    yield Finding(
        "allowed folders",
        f"{folders} ({settings.allowed_by})",
        bool(settings.policy.allowed),
        "" if settings.policy.allowed else "start the server with --allow DIR, or set KIMI_FILES_ALLOW",
    )
    async for finding in _readers():
        yield finding
    yield await _store(settings)
    for finding in (*_hosts(), *_crashes()):
        yield finding


def _command() -> Finding:
    try:
        program, arguments = server_command(Path(sys.executable), os.name)
    except KimiFilesError as error:
        return Finding("command", error.message, remedy=error.hint)
    return Finding("command", " ".join((program, *arguments)))


def _hosts() -> Iterator[Finding]:
    """The hosts whose configuration names this server, and whether what they would start is there."""
    for host in HOSTS.values():
        path = Path(host.file(Surroundings.here()))
        try:
            entry = entry_of(host, path)
        except KimiFilesError as error:
            yield Finding("host", f"{host.title}: {error.message}", remedy=error.hint)
            continue
        if not entry:
            continue
        program = started_command(entry)
        again = f"kimi-files-mcp install {host.name}"
        if shutil.which(program):
            yield Finding("host", f"{host.title}: starts {shown(program)}", ok=True)
        else:
            yield Finding("host", f"{host.title}: starts {shown(program)}, which is gone", ok=False, remedy=again)


def _crashes() -> Iterator[Finding]:
    """What crashes have left, newest first."""
    for report in reports.kept():
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(report.stat().st_mtime))
        yield Finding(
            "crash", f"{when} {shown(report)}", remedy="attach it to an issue: it holds no content, path or key"
        )


async def _account(settings: Settings, endpoint: Endpoint) -> Finding:
    """Whether the key opens the account, and how full that is."""
    from kimi_files_mcp.services import start_kimi

    service = start_kimi(settings)
    try:
        files = (await service.list(limit=100_000)).data
        size = sum(file.bytes for file in files) / 1e9
        return Finding("account", f"{endpoint.base_url}: {len(files):,} files, {size:.2f} GB", ok=True)
    except KimiFilesError as error:
        return Finding("account", error.message, ok=False, remedy=error.hint)
    finally:
        await service.aclose()


async def _model(settings: Settings) -> Finding:
    """Who would answer a question."""
    from kimi_files_mcp.services import start_chat

    chat = start_chat(settings)
    try:
        model = await chat.model(no_progress)
        where = chat.client.endpoint.base_url
        return Finding("model", f"{model.id} at {where}, {model.context:,} tokens", ok=True)
    except KimiFilesError as error:
        return Finding("model", error.message, ok=False, remedy=error.hint)
    finally:
        await chat.aclose()


def _library(name: str) -> Finding:
    try:
        return Finding(name, version(name), ok=True)
    except PackageNotFoundError:
        return Finding(name, "not installed", ok=False, remedy="install kimi-files-mcp again")


async def _readers() -> AsyncIterator[Finding]:
    """Each reader on its sample file, in a real worker."""
    from kimi_files.extract.checked import document_event
    from kimi_files.extract.document import PageText
    from kimi_files.workers.pool import WorkerPool

    pool = WorkerPool()
    try:
        with as_file(files("kimi_files_mcp") / "samples") as samples:
            policy = AccessPolicy.from_folders([samples], samples)
            for sample in sorted(samples.iterdir()):
                characters = pages = 0
                try:
                    async with await open_file(str(sample), policy) as opened:
                        arguments = {"name": sample.name}
                        async with pool.job("extract", arguments, descriptor=opened.descriptor) as frames:
                            async for frame in frames:
                                event = document_event.validate_json(frame)
                                if isinstance(event, PageText):
                                    pages, characters = event.number, characters + len(event.text)
                    yield Finding(
                        f"reads {sample.suffix}", f"{pages} pages, {characters:,} characters", ok=characters > 0
                    )
                except KimiFilesError as error:
                    yield Finding(f"reads {sample.suffix}", str(error), ok=False)
    finally:
        await pool.aclose()
    if pool.level is not None:
        yield Finding("walls of readers", pool.level)


async def _store(settings: Settings) -> Finding:
    from kimi_files.local.service import LocalFilesService
    from kimi_files.workers.pool import WorkerPool

    service = LocalFilesService(settings.data_dir, WorkerPool())
    where = shown(settings.data_dir)
    try:
        health = await service.health()
    except KimiFilesError as error:
        return Finding("store", f"{where}: {error.message}", ok=False, remedy=error.hint)
    finally:
        await service.aclose()
    if health.problem:
        return Finding("store", f"{where}: {health.problem}", ok=False)
    if not health.exists:
        return Finding("store", f"{where}: made at the first use", ok=True)
    sizes = f"{health.files} files kept ({health.bytes / 1e6:.1f} MB), {health.contents} texts cached"
    return Finding(
        "store", f"{where}: {sizes} ({health.text_bytes / 1e6:.1f} MB), journal {health.journal_mode}", ok=True
    )
