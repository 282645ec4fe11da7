"""``install`` and ``uninstall``: this server's entry in the configuration file of a host."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import click

from kimi_files.access import AccessPolicy, default_folders, shown
from kimi_files.errors import InvalidArguments, KimiFilesError
from kimi_files_mcp.cli.terminal import Options, fail
from kimi_files_mcp.hosts.configuration import (
    Change,
    entry_of,
    plan_install,
    plan_uninstall,
    printed_entry,
)
from kimi_files_mcp.hosts.known import HOSTS, KEY_VARIABLE, Command, Host, host_named, present_arguments
from kimi_files_mcp.hosts.surroundings import Surroundings

_FILE = click.option(
    "--file",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The configuration file, where it is not the user's own: .mcp.json or .vscode/mcp.json of a project, for example.",
)
_DRY_RUN = click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")


@click.command(short_help="Attach this server to a host: claude-code, cursor, vscode, …")
@click.argument("host", required=False, metavar="[HOST]")
@click.option(
    "--allow", "folders", metavar="DIR", multiple=True, help="A folder that may be read; several times for more."
)
@_FILE
@_DRY_RUN
@click.option(
    "--print", "only_print", is_flag=True, help="Print the entry instead; without HOST, the form most hosts read."
)
@click.pass_obj
def install(
    options: Options,
    host: str | None,
    folders: tuple[str, ...],
    path: Path | None,
    dry_run: bool,
    only_print: bool,
) -> None:
    """Attach this server to HOST: claude-desktop, claude-code, cursor, vscode, kimi-code, codex, opencode or gemini-cli.

    Writes one entry into the host's configuration file, keeps all else in it as it is and a backup beside it. Options
    before the command (--service, --data-dir) go into the entry. The key is never written, only a reference to
    MOONSHOT_API_KEY where the host knows references. An entry that is there keeps its folders unless --allow is given.

    \b
      kimi-files-mcp install claude-desktop --allow ~/Documents
      kimi-files-mcp install cursor --dry-run              # shows the lines that would change
      kimi-files-mcp install --print                       # for any other host
    """
    try:
        if host is None and not only_print:
            raise InvalidArguments("Which host?", f"Name one of {', '.join(HOSTS)}, or use --print for any other.")
        known = host_named(host or "claude-desktop")
        target = path.absolute() if path else Path(known.file(Surroundings.here()))
        if only_print:
            click.echo(printed_entry(known, _command(options, known, folders, ())), nl=False)
            return
        kept = present_arguments(entry_of(known, target)) or ()
        command = _command(options, known, folders, kept)
        change = plan_install(known, target, command)
        _carry_out(change, dry_run=dry_run, title=known.title, done="installed in")
        if not dry_run:
            _explain(known, command)
    except KimiFilesError as error:
        fail(error)


@click.command(short_help="Detach it again.")
@click.argument("host", metavar="HOST")
@_FILE
@_DRY_RUN
def uninstall(host: str, path: Path | None, dry_run: bool) -> None:
    """Take this server's entry out of the configuration file of HOST; all else in it stays, and a backup beside it."""
    try:
        known = host_named(host)
        target = path.absolute() if path else Path(known.file(Surroundings.here()))
        _carry_out(plan_uninstall(known, target), dry_run=dry_run, title=known.title, done="removed from")
    except KimiFilesError as error:
        fail(error)


def _command(options: Options, host: Host, folders: tuple[str, ...], kept: tuple[str, ...]) -> Command:
    """How the host shall start the server. Options of this call replace the arguments of an entry that is there."""
    program, first = server_command(Path(sys.executable), os.name)
    allowed = AccessPolicy.from_folders((*options.folders, *folders), Path.cwd()).allowed
    asked = [f"--service={options.service}"] if options.service else []
    asked += [f"--data-dir={Path(options.data_dir).expanduser().absolute()}"] if options.data_dir else []
    asked += [f"--allow={folder}" for folder in allowed]
    if not asked and kept:
        asked = [argument for argument in kept if argument not in ("-m", "kimi_files_mcp")]
    elif not allowed and not host.in_project:
        # Started in a folder that says nothing about what the user works on: better to read in the file what is allowed.
        asked += [f"--allow={folder}" for folder in default_folders(Path.home(), Path.home())]
    return Command(program, (*first, *asked), with_key=not {"--service=local", "local"} & set(asked))


def server_command(python: Path, system: str) -> tuple[str, tuple[str, ...]]:
    """The absolute command of this installation, and its first arguments.

    InvalidArguments for an installation that is gone tomorrow (``uvx``).
    """
    script = python.parent / ("kimi-files-mcp.exe" if system == "nt" else "kimi-files-mcp")
    if "archive-v0" in script.parts or "builds-v0" in script.parts:
        raise InvalidArguments(
            "This is a temporary installation in uv's cache: a host could not rely on it.",
            "Install it first: uv tool install --compile-bytecode kimi-files-mcp",
        )
    linked = shutil.which("kimi-files-mcp")
    if linked and script.exists() and Path(linked).resolve() == script.resolve():
        return str(Path(linked).absolute()), ()  # what `uv tool install` links to stays when the tool is upgraded
    if script.exists():
        return str(script), ()
    return str(python), ("-m", "kimi_files_mcp")


def _carry_out(change: Change, *, dry_run: bool, title: str, done: str) -> None:
    if not change.needed:
        click.echo(f"{title}: nothing to do, {shown(change.path)} is as it should be")
        return
    if dry_run:
        click.echo(change.diff())
        return
    backup = change.write()
    click.echo(f"{title}: {done} {shown(change.path)}")
    if backup:
        click.echo(f"  before: {shown(backup)}")


def _explain(host: Host, command: Command) -> None:
    """What the host will start, what it may read, and what to do now."""
    click.echo(f"  starts: {' '.join((command.program, *command.arguments))}")
    if not any(argument.startswith("--allow") for argument in command.arguments):
        click.echo("  may read: the folder in which the session starts; --allow DIR names others")
    if not command.with_key:
        click.echo("  key: not used, files stay on this machine")
    elif host.key_note:
        click.echo(f"  key: not needed; {host.key_note}")
    else:
        click.echo(
            f"  key: not needed; one in {KEY_VARIABLE} is used where {host.title} sees it, and never written into the file"
        )
    click.echo(f"  next: {host.next_step}")
