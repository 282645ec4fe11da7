"""The command line for people at a terminal. Nothing of it is imported when a host starts the server."""

from __future__ import annotations

from importlib import import_module

import click

from kimi_files_mcp import __version__
from kimi_files_mcp.cli.terminal import Options

# Where each command stands; first what people need first.
_COMMANDS = {
    "demo": "cli.demo:demo",
    "install": "cli.install:install",
    "uninstall": "cli.install:uninstall",
    "doctor": "cli.doctor:doctor",
    "read": "cli.read:read",
    "ask": "cli.ask:ask",
    "upload": "cli.files:upload",
    "list": "cli.files:list_files",
    "delete": "cli.files:delete",
    "serve": "http.command:serve",
    "batch": "cli.batch:batch",
}

_HELP = """\
Let an agent read files well, over the Model Context Protocol.

Without a command this is the server that hosts start: it speaks the protocol on stdin and stdout. The commands below
do the same work at a terminal. Files stay on this machine unless a key of Kimi's is set.

\b
  kimi-files-mcp demo                                  # what an agent sees, on sample files
  kimi-files-mcp install claude-code                   # attach the server to a host
  kimi-files-mcp read report.pdf                       # a file's text
  kimi-files-mcp ask "What did it cost?" invoices/     # the passages that answer
"""


class _OnDemand(click.Group):
    """Imports a command when it is asked for; all, when there is no such command, to say which one may be meant."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        for name in [cmd_name] if cmd_name in _COMMANDS else _COMMANDS:
            module, _, function = _COMMANDS[name].partition(":")
            self.add_command(getattr(import_module(f"kimi_files_mcp.{module}"), function), name)
        return super().get_command(ctx, cmd_name)


@click.group(
    cls=_OnDemand,
    invoke_without_command=True,
    help=_HELP,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--allow",
    "folders",
    metavar="DIR",
    multiple=True,
    help="A folder that may be read; may be given several times. "
    "Default: KIMI_FILES_ALLOW, else the working directory, else Documents, Desktop and Downloads.",
)
@click.option("--service", type=click.Choice(["auto", "local", "kimi"]), help="Default: KIMI_FILES_SERVICE, else auto.")
@click.option(
    "--data-dir",
    metavar="DIR",
    help="Where uploaded files and the cache are kept. Default: KIMI_FILES_DATA_DIR, else the user's data folder.",
)
@click.option(
    "--strict",
    is_flag=True,
    help="A fresh reader process for every file, so that no file can reach another one. Default: KIMI_FILES_STRICT.",
)
@click.version_option(__version__, prog_name="kimi-files-mcp")
@click.pass_context
def program(
    context: click.Context, folders: tuple[str, ...], service: str | None, data_dir: str | None, strict: bool
) -> None:
    context.obj = Options(folders, service, data_dir, strict)
    if context.invoked_subcommand is None:
        from kimi_files_mcp.stdio import run_server

        run_server(folders, service, data_dir, strict)


def run() -> None:
    """Parse the command line and do what it says; never returns."""
    program(prog_name="kimi-files-mcp")
