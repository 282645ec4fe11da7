"""A session of the real server on the sample files, as README shows it; what differs from run to run is made the same."""

from __future__ import annotations

import json
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import anyio
from mcp import Client, StdioServerParameters

Earlier = Mapping[str, str]
"""The result of each tool called so far, by its name."""


@dataclass(frozen=True, slots=True)
class Call:
    """A tool and its arguments; ``arguments`` may look into the results before."""

    tool: str
    arguments: Callable[[Earlier], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Exchange:
    """What the agent sent and what it was given. ``failed`` is the result's ``isError``."""

    tool: str
    arguments: Mapping[str, Any]
    text: str
    failed: bool


def session(calls: Sequence[Call], python: str = sys.executable) -> list[Exchange]:
    """Call the server that is installed for ``python``, started as a host starts it, with the samples in ~/Documents."""
    with as_file(files("kimi_files_mcp") / "samples") as samples, tempfile.TemporaryDirectory() as folder:
        home = Path(folder).resolve()
        shutil.copytree(samples, home / "Documents")
        return anyio.run(_session, calls, home, python)


def uploaded_id(earlier: Earlier) -> str:
    """The id that upload_file gave."""
    identifier: str = json.loads(earlier["upload_file"])["id"]
    return identifier


async def _session(calls: Sequence[Call], home: Path, python: str) -> list[Exchange]:
    arguments = ["-m", "kimi_files_mcp", "--service", "local", "--allow", str(home / "Documents")]
    variables = {"HOME": str(home), "USERPROFILE": str(home), "KIMI_FILES_DATA_DIR": str(home / "data")}
    earlier: dict[str, str] = {}
    exchanges = []
    server = StdioServerParameters(command=python, args=arguments, env=variables, cwd=home / "Documents")
    async with Client(server) as client:
        for call in calls:
            given = call.arguments(earlier)
            result = await client.call_tool(call.tool, dict(given))
            text = "\n".join(getattr(block, "text", "(an image)") for block in result.content)
            earlier.setdefault(call.tool, text)
            same = {name: _same(value) if isinstance(value, str) else value for name, value in given.items()}
            exchanges.append(Exchange(call.tool, same, _same(text), bool(result.is_error)))
    return exchanges


def _same(text: str) -> str:
    """Ids, times and the random words of marks as they could be, the same in every run."""
    text = re.sub(r"file_[0-9a-z]{26}", "file_01m8fd2bbb21g0k71yzbzrg2wa", text)
    text = re.sub(r'"created_at":\d+', '"created_at":1795813354', text)
    return re.sub(r"(?<=file-text )[0-9a-f]{8}(?=>)", "7f3a91c2", text)
