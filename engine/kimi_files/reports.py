"""What is kept of a crash: enough to find its cause, to be shown to strangers; no text of a file, no path, no key.

A report names places in code, versions and the kind of failure. What a dying reader left behind is hostile: of its words
only those are taken that name a line of code that is really there.
"""

from __future__ import annotations

import logging
import os
import re
import sys
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Literal

Crashed = Literal["reader", "server"]

LIBRARIES = (
    "mcp",
    "liteparse",
    "pypdfium2",
    "firecrawl-anydoc",
    "office-oxide",
    "html-to-markdown",
    "chardet",
    "httpx",
    "pillow",
)
"""The packages whose versions a fault may depend on."""

MOST_REPORTS = 10
"""One a fault: the same fault again replaces its report. The oldest go."""

MOST_STACK_BYTES = 16 << 10
"""How much is read of what a dying process left."""

_MOST_PLACES = 40
_SUFFIX = ".txt"
_RUNNING = ".running"

_folder: Path | None = None
_own_stack: tuple[Path, int] | None = None

_log = logging.getLogger(__name__)


def keep_in(folder: Path) -> None:
    """Let ``leave`` write into this folder, which is made with the first report."""
    global _folder
    _folder = folder


def leave(
    crashed: Crashed, reason: str, places: Iterable[str], facts: Mapping[str, object] | None = None
) -> Path | None:
    """Write the report of a crash; its path, None where there is no folder for reports or it cannot be written.

    ``reason`` and ``facts`` are shown as they are: they hold nothing of a file. ``places`` are those of ``places_of``.
    """
    if _folder is None:
        return None
    import hashlib

    shown = [*places]
    fault = hashlib.sha256("\n".join((reason, *shown)).encode()).hexdigest()[:8]
    lines = [f"kimi-files-mcp: the {crashed} crashed", "", f"reason: {reason}"]
    lines += [f"{name}: {value}" for name, value in {**(facts or {}), **_surroundings()}.items()]
    lines += ["", "most recent call last:" if shown else "no stack was left", *(f"  {place}" for place in shown), ""]
    path = _folder / f"{crashed}-{fault}{_SUFFIX}"
    try:
        _make_folder(_folder)
        path.write_text("\n".join(lines), "utf-8")
        for old in kept()[MOST_REPORTS:]:
            old.unlink(missing_ok=True)
    except OSError as error:
        _log.warning("no report could be left of a crash: %s", error.strerror)
        return None
    _log.error("the %s crashed (%s); report without any content: %s", crashed, reason, path)
    return path


def kept() -> list[Path]:
    """The reports that there are, newest first."""
    if _folder is None:
        return []
    reports = _folder.glob(f"*{_SUFFIX}")
    return sorted(reports, key=lambda path: path.stat().st_mtime, reverse=True)


def places_of(error: BaseException) -> list[str]:
    """The lines of code that an error passed, outermost first."""
    return list(filter(None, (_place(*frame) for frame in frames_of(error.__traceback__))))[-_MOST_PLACES:]


def frames_of(traceback: TracebackType | None) -> Iterable[tuple[str, int]]:
    """File and line of each step of a traceback."""
    while traceback is not None:
        yield traceback.tb_frame.f_code.co_filename, traceback.tb_lineno
        traceback = traceback.tb_next


def places_in(untrusted_stack: str) -> list[str]:
    """The lines of code that a stack in the words of Python names, and nothing else that stands there; outermost first."""
    # Compiled here: every start imports this module, and few have a crash.
    crashed = re.search(r"^Current thread .*?(?:\n\n|\Z)", untrusted_stack, re.MULTILINE | re.DOTALL)
    frame = re.compile(r'^ *File "([^"\n]{1,500})", line (\d{1,6})\b', re.MULTILINE)
    frames = frame.findall(crashed[0] if crashed else untrusted_stack)
    named = [_place(file, int(line)) for file, line in frames]
    places = [place for place in named if place][:_MOST_PLACES]
    return places[::-1] if "most recent call first" in untrusted_stack else places


def watch_this_process() -> None:
    """Let a crash of this process below Python, in a library's native code, leave a report: the next process that calls
    this makes it. Nothing happens where no folder for reports was named, or none can be written."""
    global _own_stack
    if _folder is None or _own_stack is not None:
        return
    import atexit
    import faulthandler

    from kimi_files.local.locks import try_claim

    try:
        _make_folder(_folder)
        _take_in(_folder)
        path = _folder / f"{os.getpid()}{_RUNNING}"
        while (descriptor := try_claim(path)) is None:
            pass  # who looks for what crashed processes left had it before this one
        _own_stack = path, descriptor
        faulthandler.enable(descriptor)
        atexit.register(end_watch)
    except OSError as error:
        _log.info("a crash of this process would leave no report: %s", error.strerror)


def end_watch() -> None:
    """This process ends as it should."""
    global _own_stack
    if _own_stack is None:
        return
    import faulthandler

    from kimi_files.local.locks import end_claim

    faulthandler.disable()
    end_claim(*_own_stack)
    _own_stack = None


def _make_folder(folder: Path) -> None:
    # Both are closed to others: modes of parents are not set.
    for made in (folder.parent, folder):
        made.mkdir(mode=0o700, parents=True, exist_ok=True)


def _take_in(folder: Path) -> None:
    """Make reports of what processes left that are no more; the files of those that run are locked."""
    from kimi_files.local.locks import end_claim, try_claim

    for path in folder.glob(f"*{_RUNNING}"):
        descriptor = try_claim(path)
        if descriptor is None:
            continue
        left = os.read(descriptor, MOST_STACK_BYTES).decode("utf-8", "replace")
        if left:
            leave("server", reason_in(left), places_in(left))
        end_claim(path, descriptor)


def reason_in(untrusted_stack: str) -> str:
    """What Python calls the end of a process, "Segmentation fault" for example."""
    found = re.search(
        r"^(?:Windows fatal exception|Fatal Python error): ([A-Za-z ]{1,40})", untrusted_stack, re.MULTILINE
    )
    return found[1] if found else "unknown"


def _place(file: str, line: int) -> str | None:
    """ "package/module.py:12" for a line of code that is installed here; None for anything else."""
    for folder in sorted(_code_folders(), key=len, reverse=True):
        inside = file.removeprefix(folder + os.sep)
        if inside != file and ".." not in Path(inside).parts and os.path.isfile(file):
            return f"{Path(inside).as_posix()}:{line}"
    return None


def _code_folders() -> set[str]:
    own = str(Path(__file__).parents[1])
    return {own, *(path for path in sys.path if os.path.isabs(path) and os.path.isdir(path))}


def _surroundings() -> dict[str, str]:
    import platform
    from importlib.metadata import PackageNotFoundError, version

    found = {}
    for name in ("kimi-files-mcp", *LIBRARIES):
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "python": platform.python_version(),
        "system": platform.platform(terse=True),
        "processor": platform.machine(),
        "versions": ", ".join(f"{name} {number}" for name, number in found.items()),
    }
