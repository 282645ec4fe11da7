"""The command line for people at a terminal. Nothing of it is imported when a host starts the server."""

from __future__ import annotations

import click

from kimi_files_mcp import __version__
from kimi_files_mcp.cli.ask import ask
from kimi_files_mcp.cli.batch import batch
from kimi_files_mcp.cli.demo import demo
from kimi_files_mcp.cli.doctor import doctor
from kimi_files_mcp.cli.files import delete, list_files, upload
from kimi_files_mcp.cli.install import install, uninstall
from kimi_files_mcp.cli.read import read
from kimi_files_mcp.cli.terminal import Options
from kimi_files_mcp.http.command import serve

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


class _InThisOrder(click.Group):
    """Lists the commands as they were added: first what people need first."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


@click.group(
    cls=_InThisOrder,
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


for command in (demo, install, uninstall, doctor, read, ask, upload, list_files, delete, serve, batch):
    program.add_command(command)


def run() -> None:
    """Parse the command line and do what it says; never returns."""
    program(prog_name="kimi-files-mcp")
