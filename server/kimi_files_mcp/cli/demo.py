"""``demo``: the real server, started as a host starts it, called by the real client, on the sample files."""

from __future__ import annotations

import base64
import json
import sys
import tempfile
from collections.abc import Mapping
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import click

from kimi_files_mcp.cli.terminal import run

_SHOWN_LINES = 24
_SHOWN_COLUMNS = 160

_QUESTION = "What did the inspection find on shaft nine, and what did the replacement cost?"


@click.command(short_help="A session of the real server on sample files.")
@click.option("--full", is_flag=True, help="Print results whole instead of their beginning.")
def demo(full: bool) -> None:
    """Show what an agent sees: a session of the real server on sample files, in a folder of its own."""

    async def work() -> int:
        with as_file(files("kimi_files_mcp") / "samples") as samples, tempfile.TemporaryDirectory() as data_dir:
            await _session(samples, Path(data_dir), full=full)
        _title("that was the server on sample files; the same for yours")
        click.echo("kimi-files-mcp install HOST     attaches it to a host, for example claude-code or cursor")
        click.echo("kimi-files-mcp read FILE        prints a file's text; --help shows all commands")
        return 0

    run(work)


async def _session(samples: Path, data_dir: Path, *, full: bool) -> None:
    from mcp import Client, StdioServerParameters

    arguments = ["-m", "kimi_files_mcp", "--allow", str(samples), "--data-dir", str(data_dir), "--service", "local"]
    async with Client(StdioServerParameters(command=sys.executable, args=arguments)) as client:
        tools = (await client.list_tools()).tools
        server = client.server_info
        assert server is not None
        _title(f"connected to {server.name} {server.version}, protocol {client.protocol_version}")
        click.echo(f"tools: {', '.join(tool.name for tool in tools)}")

        async def call(name: str, **call_arguments: Any) -> str:
            _title(f"{name} {json.dumps(call_arguments, ensure_ascii=False)}")
            result = await client.call_tool(name, call_arguments)
            text = "\n".join(_words(block.model_dump()) for block in result.content)
            click.secho("error" if result.is_error else "", fg="red", nl=bool(result.is_error))
            click.echo(text if full else _beginning(text))
            return text

        report = json.loads(await call("upload_file", path="annual-report.pdf"))["id"]
        await call("get_file_content", file=report)
        await call("get_file_content", file=report, find="impairment charge")
        queries = ["inspection shaft nine hairline cracks", "replacement shaft 9 amount"]
        await call("ask_about_files", question=_QUESTION, files=[report, "."], queries=queries, max_tokens=1_000)
        await call("ask_about_files", question="九号主轴的更换费用是多少?", files=["年度摘要.md"])
        listed = json.loads(await call("list_files"))["data"]
        scanned = next(file for file in listed if file["id"] == report)
        await call("get_file_content", file=report, pages=_scanned_page(scanned), pictures=True)
        await call("get_file_content", file="anual-report.pdf")
        await call("get_file_content", file="/etc/passwd")
        await call("delete_file", file_id=report)


def _title(words: str) -> None:
    click.echo()
    click.secho(f"▸ {words}", fg="cyan", bold=True)


def _words(block: Mapping[str, Any]) -> str:
    """A content block as a terminal can show it."""
    if block["type"] == "image":
        return f"({block['mime_type']}, {len(base64.b64decode(block['data'])):,} bytes, shown to the model as an image)"
    return str(block["text"])


def _beginning(text: str) -> str:
    lines = text.splitlines()
    if len(lines) == 1:
        return text
    shown = [line if len(line) <= _SHOWN_COLUMNS else f"{line[:_SHOWN_COLUMNS]}…" for line in lines[:_SHOWN_LINES]]
    if len(lines) > _SHOWN_LINES:
        shown.append(f"… {len(lines) - _SHOWN_LINES} more lines (--full shows them)")
    return "\n".join(shown)


def _scanned_page(report: Mapping[str, Any]) -> str:
    """The page that the record of the file names as a picture without text."""
    import re

    match = re.search(r"page (\w+) is a picture", str(report.get("status_details")))
    return match.group(1) if match else "1"
