"""The one place where an exception becomes what the agent reads."""

from __future__ import annotations

import logging
import traceback

from pydantic import ValidationError

from kimi_files import reports
from kimi_files.access import shown
from kimi_files.errors import InvalidArguments, KimiFilesError, ServerError
from kimi_files.redaction import redacted

logger = logging.getLogger(__name__)


def failure_text(error: BaseException) -> str:
    """Any failure of a tool as the JSON of an ``ErrorResponse``, with the remedy in its message."""
    return redacted(as_error(error).to_response().compact_json())


def as_error(error: BaseException) -> KimiFilesError:
    """The error of the tree that stands for ``error``. What nobody foresaw is logged by type only, as it may hold
    content, and leaves a report."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]  # what a task group makes of the one failure in it
    if isinstance(error, KimiFilesError):
        return error
    if isinstance(error, ValidationError):
        return invalid_arguments(error)
    # The traceback without the exception's own words, which may quote a file.
    logger.error("unexpected %s\n%s", type(error).__name__, "".join(traceback.format_tb(error.__traceback__)))
    report = reports.leave("server", type(error).__name__, reports.places_of(error))
    return ServerError(
        f"The server failed in a way that nobody foresaw ({type(error).__name__}).",
        "Call again; if it happens again, "
        + (f"report it with {shown(report)}, which holds nothing of your files." if report else "report it."),
    )


def invalid_arguments(error: ValidationError) -> InvalidArguments:
    """Which arguments are wrong and why, a few words each."""
    problems = "; ".join(
        f"{'.'.join(str(part) for part in problem['loc']) or 'arguments'}: {problem['msg']}"
        for problem in error.errors(include_url=False, include_context=False, include_input=False)[:5]
    )
    return InvalidArguments(
        f"The arguments do not fit: {problems}.", "Call again with the arguments as the tool describes them."
    )


def unknown_argument(tool: str, name: str, known: list[str]) -> InvalidArguments:
    """A misspelt argument is an error, not ignored: the call would do something else than was meant."""
    import difflib

    near = difflib.get_close_matches(name, known, n=1)
    hint = f"Did you mean '{near[0]}'?" if near else f"It takes {', '.join(known)}."
    return InvalidArguments(f"{tool} has no argument '{name[:60]}'.", hint)


def unknown_tool(name: str, known: list[str]) -> InvalidArguments:
    return InvalidArguments(f"There is no tool '{name[:60]}'.", f"The tools are {', '.join(known)}.")
