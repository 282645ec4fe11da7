"""``kimi-files-mcp``: without a subcommand the MCP server over stdio, with one a command for people at a terminal."""

from __future__ import annotations

import os
import signal
import sys

TYPE_CHECKING = False  # a variable that type checkers know: typing costs start-up time
if TYPE_CHECKING:
    from typing import Any

_SERVER_OPTIONS = {"--allow": "folders", "--service": "service", "--data-dir": "data_dir"}
_SERVER_FLAGS = {"--strict": "strict"}

_FOR_PEOPLE = """\
kimi-files-mcp: this is the server that hosts start; it waits for their messages on stdin. Ctrl-C ends it.
For people: kimi-files-mcp --help, kimi-files-mcp demo, kimi-files-mcp install HOST
"""


def main() -> None:
    """Entry point. Anything but plain server options goes to the command line, which explains itself."""
    # pydantic would look for them in every installed package, and run their code.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    options = _server_options(sys.argv[1:])
    if options is None:
        import gc

        gc.disable()  # imports make lasting objects only
        from kimi_files_mcp.cli import run

        gc.freeze()
        gc.enable()
        run()
        return
    if sys.stdin is not None and sys.stdin.isatty():
        sys.stderr.write(_FOR_PEOPLE)
    # As SIGTERM does: an interrupted loop would wait for the thread that reads stdin.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from kimi_files_mcp.start.recording import Recording

    recording = Recording(options, os.environ)
    front = None
    if recording.answers:
        from kimi_files_mcp.start.front import opened

        front = opened(recording)
        front.until_wanted()
    from kimi_files_mcp.stdio import run_server

    run_server(**options, front=front, recording=recording)


def _server_options(arguments: list[str]) -> dict[str, Any] | None:
    """The options of the plain server, read by hand because a command-line library costs start-up time; None for all else."""
    options: dict[str, Any] = {}
    rest = iter(arguments)
    for argument in rest:
        if argument in _SERVER_FLAGS:
            options[_SERVER_FLAGS[argument]] = True
            continue
        name, equals, value = argument.partition("=")
        if name not in _SERVER_OPTIONS:
            return None
        given = value if equals else next(rest, None)
        if not given:
            return None
        if name == "--allow":
            options.setdefault("folders", []).append(given)
        else:
            options[_SERVER_OPTIONS[name]] = given
    return options


if __name__ == "__main__":
    main()
