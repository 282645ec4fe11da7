"""``serve``: the files service over HTTP, for programs that speak to Kimi's or OpenAI's Files API."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from kimi_files.errors import InvalidArguments
from kimi_files_mcp.cli.terminal import Options, run


@click.command(short_help="Speak Kimi's Files API on this machine.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Any other than this machine needs a key file.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Default: a free one.")
@click.option(
    "--api-key-file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="A file whose one line is the key that clients send. Default: a new key, shown once on the terminal.",
)
@click.option("--max-requests", type=click.IntRange(1), help="How many may run at once before clients get 429.")
@click.pass_obj
def serve(options: Options, host: str, port: int, api_key_file: Path | None, max_requests: int | None) -> None:
    """Speak Kimi's Files API (/v1/files) on this machine, over the same files as the tools.

    Chat requests go to the OpenAI-compatible API that KIMI_FILES_CHAT_BASE_URL and KIMI_FILES_CHAT_API_KEY name. With a
    key of Kimi's, files and chat are those of its account.

    As at Kimi, a file without text (a scan) is refused for file-extract: the programs that ask here go by its text alone.
    The tools keep such a file, for an agent can look at its pages.

    \b
      echo any-key-you-like > key.txt
      kimi-files-mcp serve --port 8321 --api-key-file key.txt &
      curl --retry 9 --retry-connrefused -H "Authorization: Bearer $(cat key.txt)" http://127.0.0.1:8321/v1/files
    """
    settings = options.settings()
    from kimi_files_mcp.http.app import MOST_REQUESTS
    from kimi_files_mcp.http.run import Address, serve

    def announce(address: Address) -> None:
        terminal = next((stream for stream in (sys.stdout, sys.stderr) if stream.isatty()), None)
        if address.key is not None and terminal is None:
            raise InvalidArguments(
                "No terminal is there to show the new key on: it would be kept in a file, or read by another program.",
                "Give a key with --api-key-file FILE.",
            )
        click.echo(f"base URL  {address.base_url}")
        if address.key is None:
            click.echo(f"API key   the one in {api_key_file}")
        else:
            click.echo(f"API key   {address.key}  (made for this run, shown only here)", file=terminal)

    async def work() -> int:
        await serve(settings, host, port, api_key_file, max_requests or MOST_REQUESTS, announce)
        return 0

    run(work)
