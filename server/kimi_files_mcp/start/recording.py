"""What the SDK answered to the questions of a start, kept for the next start that would get the same answers.

A recording holds for one Python, one state of every file that was imported for it, and one set of settings that were found
good. Whatever differs, is missing or cannot be read means a start without it. Imports nothing that costs start-up time.
"""

from __future__ import annotations

import json
import os
import sys
from time import time
from zlib import crc32

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

VARIABLES = (
    "KIMI_FILES_ALLOW",
    "KIMI_FILES_SERVICE",
    "KIMI_FILES_DATA_DIR",
    "MOONSHOT_API_KEY",
    "KIMI_API_KEY",
    "MOONSHOT_BASE_URL",
    "MOONSHOT_API_BASE",
    "KIMI_BASE_URL",
    "KIMI_FILES_MODEL",
    "KIMI_FILES_CHAT_BASE_URL",
    "KIMI_FILES_CHAT_API_KEY",
    "KIMI_FILES_STRICT",
    "KIMI_FILES_LOG",
)
"""The variables that settings are read from. Of a key, only whether it is set is looked at."""

_MOST_RECORDINGS = 16
_COARSE_SECONDS = 2  # what the clocks of a file system and of this machine may differ by


class Recording:
    """Where the recording for a start is or would be. ``answers`` are the SDK's lines behind the id, by protocol version
    and method; none where nothing is recorded that holds."""

    def __init__(self, options: Mapping[str, Any], environment: Mapping[str, str]) -> None:
        self._begun = time()
        self._start = _start(options, environment)
        name = crc32(json.dumps(self._start).encode())
        self._path = os.path.join(_folder(options, environment), f"{name:08x}.json")
        self.answers: dict[str, dict[str, str]] = self._read()

    def write(self, answers: Mapping[str, Mapping[str, str]], files: Iterable[str]) -> None:
        """Keep the answers that came of these files, if it is sure that none changed since it was read. OSError where they
        cannot be kept."""
        states = {path: _state(path) for path in files}
        youngest = (self._begun - _COARSE_SECONDS) * 1e9
        if self._start is None or any(state is None or state[0] > youngest for state in states.values()):
            return
        content = json.dumps({"start": self._start, "files": states, "answers": answers}).encode()
        folder = os.path.dirname(self._path)
        for private in (os.path.dirname(folder), folder):
            os.makedirs(private, mode=0o700, exist_ok=True)
        unfinished = f"{self._path}.{os.getpid()}"
        try:
            with open(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
                file.write(b"%08x\n" % crc32(content) + content)
            os.replace(unfinished, self._path)
        finally:
            if os.path.exists(unfinished):
                os.unlink(unfinished)
        _leave_newest(folder)

    def forget(self, why: str) -> None:
        """Remove a recording that turned out to be wrong."""
        import logging
        from contextlib import suppress

        logging.getLogger(__name__).warning("removed the recorded start: %s", why)
        with suppress(OSError):
            os.unlink(self._path)

    def _read(self) -> dict[str, dict[str, str]]:
        if sys.platform == "win32" or self._start is None:
            return {}
        try:
            with open(self._path, "rb") as file:
                status = os.fstat(file.fileno())
                checksum, _, content = file.read().partition(b"\n")
            if status.st_uid != os.geteuid() or status.st_mode & 0o022 or int(checksum, 16) != crc32(content):
                return {}
            recorded = json.loads(content)
            if recorded["start"] != self._start:
                return {}
            if any(_state(path) != state for path, state in recorded["files"].items()):
                return {}
            answers: dict[str, dict[str, str]] = recorded["answers"]
        except (OSError, ValueError, KeyError, TypeError):
            return {}
        return answers


def _start(options: Mapping[str, Any], environment: Mapping[str, str]) -> list[Any] | None:
    """Everything about this start, besides files, that may change an answer or make its settings bad ones; None where a
    folder is not plainly there, and on Windows, where the front was never tried."""
    if sys.platform == "win32":
        return None
    variables = {name: environment[name] for name in VARIABLES if environment.get(name)}
    named = options.get("folders") or variables.get("KIMI_FILES_ALLOW", "").split(os.pathsep)
    folders = [os.path.realpath(os.path.expanduser(path)) for path in named if path]
    if not all(map(os.path.isdir, folders)):
        return None
    for name in variables:
        if name.endswith("_KEY"):
            variables[name] = "set"
    return [sys.version, sys.executable, list(sys.flags), sys.path, dict(options), variables, folders]


def _folder(options: Mapping[str, Any], environment: Mapping[str, str]) -> str:
    """In the data folder that was named, else where caches are."""
    named = options.get("data_dir") or environment.get("KIMI_FILES_DATA_DIR", "").strip()
    if not named:
        caches = "~/Library/Caches" if sys.platform == "darwin" else environment.get("XDG_CACHE_HOME") or "~/.cache"
        named = os.path.join(caches, "kimi-files-mcp")
    return os.path.join(os.path.abspath(os.path.expanduser(named)), "starts")


def _state(path: str) -> list[int] | None:
    """What changes with a file's content."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return [status.st_mtime_ns, status.st_size]


def _leave_newest(folder: str) -> None:
    paths = [entry.path for entry in os.scandir(folder)]
    for path in sorted(paths, key=os.path.getmtime)[:-_MOST_RECORDINGS]:
        os.unlink(path)
