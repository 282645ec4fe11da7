"""``ask``: the passages that answer a question, or a model's answer where one is configured."""

from __future__ import annotations

import click

from kimi_files_mcp.cli.terminal import Options, progress_bar, run, workspace
from kimi_files_tools.ask_about_files import DEFAULT_TOKENS, MOST_TOKENS, ask_about_files


@click.command(short_help="The passages in files that answer a question.")
@click.argument("question")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--query", "queries", multiple=True, metavar="WORDS", help="A wording as it would stand in the files; up to four."
)
@click.option(
    "--max-tokens",
    default=DEFAULT_TOKENS,
    show_default=True,
    help=f"How much to print, at most {MOST_TOKENS:,} tokens.",
)
@click.pass_obj
def ask(options: Options, question: str, files: tuple[str, ...], queries: tuple[str, ...], max_tokens: int) -> None:
    """Answer QUESTION from FILEs (paths, ids or folders), each passage with file and page.

    \b
      kimi-files-mcp ask "What did the inspection find?" report.pdf invoices/
    """
    settings = options.settings()

    async def work() -> int:
        async with workspace(settings, files) as opened:
            async with progress_bar("asking") as progress:
                answer = await ask_about_files(opened, question, files, queries, max_tokens, progress)
            click.echo(answer)
        return 0

    run(work)
