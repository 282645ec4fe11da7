"""Writes the pages in docs/ from the code: configuration, hosts, tools, formats, errors. A test holds them to it."""

from __future__ import annotations

import inspect
import re
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import anyio
import click

import kimi_files.kimi.errors  # noqa: F401 - the errors of the remote service belong to the tree
from kimi_files import formats
from kimi_files.access import AccessPolicy
from kimi_files.errors import KimiFilesError
from kimi_files.extract.scan import reader as scans
from kimi_files_mcp.app import INSTRUCTIONS, build_server
from kimi_files_mcp.cli import program
from kimi_files_mcp.hosts.configuration import printed_entry
from kimi_files_mcp.hosts.known import HOSTS, Command, Host
from kimi_files_mcp.hosts.surroundings import Surroundings
from kimi_files_mcp.prompts import prompts
from kimi_files_mcp.resources import templates
from kimi_files_mcp.variables import VARIABLES
from kimi_files_tools.workspace import Workspace

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"

_NOTE = "<!-- Made by scripts/make_docs.py from the code: change the code and run it again. -->"


def main() -> None:
    DOCS.mkdir(exist_ok=True)
    for name, text in pages().items():
        (DOCS / name).write_text(text, encoding="utf-8")
        sys.stdout.write(f"docs/{name}: {len(text.splitlines())} lines\n")


def pages() -> dict[str, str]:
    """Each page by its file name."""
    makers: dict[str, Callable[[], Iterable[str]]] = {
        "configuration.md": configuration,
        "hosts.md": hosts,
        "tools.md": tools,
        "formats.md": formats_page,
        "errors.md": errors,
    }
    return {name: "\n".join([_NOTE, "", *make()]).rstrip() + "\n" for name, make in makers.items()}


def configuration() -> Iterator[str]:
    yield "# Configuration"
    yield ""
    yield "An option goes before its variable, a variable before the default. Wrong settings end the start with one line"
    yield "that says which and why."
    yield ""
    yield "## Variables"
    yield ""
    rows = [
        (" or ".join(f"`{name}`" for name in (variable.name, *variable.others)), _code(variable.option), variable.meaning,
         variable.default)
        for variable in VARIABLES
    ]  # fmt: skip
    yield from _table(("variable", "option", "meaning", "without it"), rows)
    yield ""
    yield "A variable that a host passes on without expanding it, as in `${MOONSHOT_API_KEY}`, counts as not set."
    yield ""
    yield "## Start"
    yield ""
    yield "Two seconds after a start the server records what a host asks at every start (the handshake and the lists), in"
    yield "`starts` in the data folder that was named, else in the user's cache folder (`~/.cache/kimi-files-mcp`, on macOS"
    yield "`~/Library/Caches/kimi-files-mcp`). The next start with the same settings, the same Python and unchanged files of"
    yield "all that is installed answers from it at once, and loads the rest when a call comes or the host is silent; any"
    yield "doubt means a start without it. The recordings hold no key and nothing of your files, and may be deleted at any"
    yield "time. Not on Windows."
    yield ""
    yield "## Commands"
    yield ""
    yield "Without a command, `kimi-files-mcp` is the server that hosts start."
    context = click.Context(program, info_name="kimi-files-mcp")
    for name in program.list_commands(context):
        command = program.get_command(context, name)
        assert command is not None
        yield ""
        yield f"### `kimi-files-mcp {name}`"
        yield ""
        yield from _command(click.Context(command, parent=context, info_name=name), command)


def _command(context: click.Context, command: click.Command) -> Iterator[str]:
    yield from _paragraphs(inspect.cleandoc(command.help or ""))
    rows = [
        (_code(", ".join([*option.opts, *option.secondary_opts])), option.help or "")
        for option in command.get_params(context)
        if isinstance(option, click.Option) and "--help" not in option.opts
    ]
    if rows:
        yield ""
        yield from _table(("option", "meaning"), rows)


def _paragraphs(help_text: str) -> Iterator[str]:
    r"""Paragraphs on lines of their own; what stands behind \b is an example for a shell."""
    for index, paragraph in enumerate(re.split(r"\n\s*\n", help_text)):
        if index:
            yield ""
        if paragraph.startswith("\b"):
            yield "```sh"
            yield from textwrap.dedent(paragraph.removeprefix("\b").strip("\n")).splitlines()
            yield "```"
        else:
            yield " ".join(paragraph.split())


def hosts() -> Iterator[str]:
    yield "# Hosts"
    yield ""
    yield "`kimi-files-mcp install HOST` writes the entry into the host's own file, keeps all else in it as it is, and a backup"
    yield "beside it. `--dry-run` shows the change, `uninstall HOST` takes the entry out again, `--print` only prints it."
    for host in HOSTS.values():
        yield ""
        yield f"## {host.title}: `{host.name}`"
        yield ""
        yield from _table(("system", "file"), [(system, _code(file)) for system, file in _files(host)])
        yield ""
        yield f"```{'toml' if host.format == 'toml' else 'json'}"
        yield printed_entry(
            host, Command("/home/ada/.local/bin/kimi-files-mcp", ("--allow=/home/ada/Documents",), True)
        ).rstrip()
        yield "```"
        yield ""
        yield f"{host.key_note or 'The key is a reference to the variable; the file never holds it.'} {host.next_step}"


def _files(host: Host) -> Iterator[tuple[str, str]]:
    homes = {
        "linux": ("Linux", PurePosixPath("~")),
        "darwin": ("macOS", PurePosixPath("~")),
        "win32": ("Windows", PureWindowsPath("%USERPROFILE%")),
    }
    for platform, (system, home) in homes.items():
        yield system, str(host.file(Surroundings(platform, {}, home, lambda _: False)))


def tools() -> Iterator[str]:
    server = build_server(Workspace(AccessPolicy((), ROOT), _no_service))
    yield "# What an agent sees"
    yield ""
    yield "## Instructions"
    yield ""
    yield from _quoted(INSTRUCTIONS)
    for tool in anyio.run(server.list_tools):
        yield ""
        yield f"## `{tool.name}`: {tool.title}"
        yield ""
        yield from _quoted(tool.description or "")
        yield ""
        yield from _table(("argument", "type", "without it", "meaning"), _arguments(tool.input_schema))
        yield ""
        notes = tool.annotations
        assert notes is not None
        kind = "reads only" if notes.read_only_hint else "deletes" if notes.destructive_hint else "keeps a file"
        result = "Text only." if tool.output_schema is None else "A record, structured and as JSON text."
        yield f"It {kind}; calling it again does no harm. {result}"
    yield ""
    yield "## Prompts"
    yield ""
    yield from _table(
        ("prompt", "arguments", "what comes of it"),
        [
            (
                _code(prompt.name),
                ", ".join(f"`{given.name}`" for given in prompt.arguments or []),
                prompt.description or "",
            )
            for prompt in prompts()
        ],
    )
    yield ""
    yield "## Resources"
    yield ""
    yield "Uploaded files are listed as resources, page by page. Their addresses:"
    yield ""
    yield from _table(
        ("address", "what it gives"),
        [(_code(template.uri_template), template.description or "") for template in templates()],
    )


_EXTRAS_HEAD = (
    "What is large, or holds codecs whose licences ask something of who passes them on, is installed by who wants it. `doctor` "
    "says what is there. Restart the server afterwards; texts are read anew where an extra gives more."
)
_EXTRAS_USE = (
    f"Scanned pages are read for {scans.SECONDS:.0f} seconds in one call, at two to ten seconds a page. Pages that are left say "
    "so, and are read when they are asked for (`pages`, or the cursor that leads to them); `kimi-files-mcp read` reads all of "
    "them. Text that was recognised is marked `read by OCR`. A video is cut into up to 60 clips of equal length, named by their "
    'start (`pages="1:30-2:00"`): the text has chapters and subtitles, `pictures=true` shows frames of all of it or, with '
    "`pages`, the first frame of each clip."
)
_EXTRAS = [
    (
        "`ocr`",
        '`uv tool install "kimi-files-mcp[ocr]"`',
        "reads scanned pages and pictures of text, English and Chinese, whichever way up they lie",
        "250 MB, 0.4 to 0.7 GB of memory while it reads; rapidocr and its models (Apache-2.0), onnxruntime (MIT), OpenCV and "
        "shapely, whose wheels hold FFmpeg and GEOS (LGPL); not for Intel Macs",
    ),
    (
        "`video`",
        '`uv tool install "kimi-files-mcp[video]"`',
        "length, streams, chapters and subtitles as text; exact frames as pictures",
        "100 MB; PyAV (BSD), whose wheel holds FFmpeg with x264 and x265 (GPL)",
    ),
    (
        "`heic`",
        '`uv tool install "kimi-files-mcp[heic]"`',
        "pictures of phones (`.heic`, `.heif`); without it an error says to save them as JPEG",
        "30 MB; pillow-heif (BSD), whose wheel holds libheif and libde265 (LGPL) and x265 (GPL)",
    ),
    ("`all`", '`uv tool install "kimi-files-mcp[all]"`', "the three together", ""),
]


async def _no_service() -> Any:
    raise NotImplementedError("nothing is called here")


def _arguments(schema: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for name, argument in schema["properties"].items():
        needed = name in schema.get("required", [])
        default = argument.get("default")
        without = "needed" if needed else "" if default in ("", None, []) else _code(str(default).lower())
        yield _code(name), _type(argument), without, argument.get("description", "")


def _type(argument: Mapping[str, Any]) -> str:
    if "anyOf" in argument:
        return " or ".join(_type(choice) for choice in argument["anyOf"] if choice.get("type") != "null")
    if "enum" in argument:
        return ", ".join(_code(choice) for choice in argument["enum"])
    if argument.get("type") == "array":
        return f"list of {_type(argument['items'])}"
    return str(argument.get("type", ""))


def formats_page() -> Iterator[str]:
    yield "# Formats"
    yield ""
    yield "What a file is, its content decides; the name is only a hint, and a wrong one is corrected with a word about it."
    yield "Text of any other extension and encoding is read as text."
    yield ""
    yield f"Limits: {formats.MAX_FILES:,} kept files, {formats.MAX_FILE_BYTES // 1024**2} MB a file,"
    yield f"{formats.MAX_TOTAL_BYTES // 1024**3} GB in all. Reading by path keeps no file."
    yield ""
    yield "## Extras"
    yield ""
    yield from textwrap.wrap(_EXTRAS_HEAD, 120)
    yield ""
    yield from _table(("extra", "install", "what it does", "what comes with it"), _EXTRAS)
    yield ""
    yield from textwrap.wrap(_EXTRAS_USE, 120, break_on_hyphens=False)
    groups = {
        "Read as text": [known for known in formats.FORMATS if known.reader and not known.picture],
        "Shown as pictures": [known for known in formats.FORMATS if known.reader and known.picture],
        "Kept; read with the extra `video`": [
            known for known in formats.FORMATS if not known.reader and "video" in known.purposes
        ],
        "Known and refused, with what to do instead": [
            known for known in formats.FORMATS if not known.reader and "video" not in known.purposes
        ],
    }
    for title, group in groups.items():
        yield ""
        yield f"## {title}"
        yield ""
        rows = [
            (known.name, " ".join(_code(extension) for extension in known.extensions), _code(known.media_type),
             ", ".join(known.purposes))
            for known in group
        ]  # fmt: skip
        yield from _table(("format", "extensions", "media type", "purposes"), rows)


def errors() -> Iterator[str]:
    yield "# Errors"
    yield ""
    yield "Every failure has the shape of the contract's `ErrorResponse`, with what to do next at the end of the message:"
    yield ""
    yield "```json"
    yield '{"error":{"message":"…","type":"invalid_request_error","code":"file_not_found"}}'
    yield "```"
    yield ""
    rows = [
        (_code(kind.code), str(kind.status), _code(kind.type), " ".join((kind.__doc__ or "").split()))
        for kind in error_tree(KimiFilesError)
    ]
    yield from _table(("code", "HTTP", "type", "when"), rows)


def error_tree(kind: type[KimiFilesError]) -> Iterator[type[KimiFilesError]]:
    """The errors below ``kind`` that a tool can end with, in the order in which they are defined.

    Those of the HTTP service are left out: they are below ``kind`` only where that service happens to be imported.
    """
    for inner in kind.__subclasses__():
        if inner.__module__.startswith("kimi_files."):
            yield inner
            yield from error_tree(inner)


def _code(words: str) -> str:
    return f"`{words}`" if words else ""


def _quoted(text: str) -> Iterator[str]:
    return (f"> {line}".rstrip() for line in text.splitlines())


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        cells = [" ".join(cell.split()).replace("|", "\\|") for cell in row]
        yield f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
