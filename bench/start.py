"""What a host waits for at start, beside other servers: ``uv run python -m bench.start``.

Ours with a recorded start and without one, the smallest MCPServer script, the Node reference filesystem server and
markitdown-mcp, in turn: start to ``initialize``; start to the answer of a first call sent at once; that call when it comes a
second later; CPU and memory; and all of it when a host starts twelve at once. Whoever is not installed is left out:
``--node FILE`` is the script of @modelcontextprotocol/server-filesystem, ``--markitdown`` the command of markitdown-mcp.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.speed import INITIALIZE, SMALLEST, Server, forget, interleaved, ours, record

_AT_ONCE = 12
_LATER_SECONDS = 1.0


@dataclass(frozen=True)
class Side:
    """A server and the call that it is asked for: a small file's text where it can read one."""

    name: str
    command: list[str]
    tool: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class Start:
    """Seconds and MB of one start."""

    initialize: float
    first_call: float
    later_call: float
    cpu_uncalled: float
    cpu_called: float
    memory_uncalled: float
    memory_called: float


def sides(data_dir: Path, folder: Path, node: Path | None, markitdown: str | None) -> list[Side]:
    """Those that can be started here; ours comes first, with a recording and without."""
    note = folder / "note.txt"
    read = ("get_file_content", {"file": "note.txt"})
    found = [
        Side("ours", ours(data_dir / "recorded", folder), *read),
        Side("ours, no recording", ours(data_dir / "plain", folder), *read),
        Side("smallest MCPServer", [sys.executable, "-c", SMALLEST], "hello", {}),
    ]
    if node:
        found.append(
            Side("Node filesystem", ["node", str(node), str(folder)], "read_text_file", {"path": str(note.resolve())})
        )
    if markitdown:
        found.append(Side("markitdown-mcp", [markitdown], "convert_to_markdown", {"uri": note.resolve().as_uri()}))
    return found


def measured(side: Side, data_dir: Path) -> Start:
    """Three starts: one that is never called, one that is called at once, one that is called a second later."""
    forget(data_dir / "plain")
    uncalled = Server(side.command)
    initialize = uncalled.initialize()
    uncalled.request("tools/list", {})
    memory_uncalled = uncalled.peak_memory()
    cpu_uncalled = uncalled.end()
    forget(data_dir / "plain")
    called = Server(side.command)
    called.initialize()
    arrived, _ = called.answer(called.send("tools/call", {"name": side.tool, "arguments": side.arguments}))
    memory_called = called.peak_memory()
    first_call = arrived - called.started
    cpu_called = called.end()
    forget(data_dir / "plain")
    later = Server(side.command)
    later.initialize()
    later.request("tools/list", {})
    time.sleep(_LATER_SECONDS)
    later_call, _ = later.call(side.tool, **side.arguments)
    later.end()
    return Start(initialize, first_call, later_call, cpu_uncalled, cpu_called, memory_uncalled, memory_called)


def at_once(side: Side, data_dir: Path) -> tuple[float, float]:
    """Seconds until the last of twelve has answered ``initialize``, and what they hold then, in MB."""
    forget(data_dir / "plain")
    start = time.perf_counter()
    servers = [Server(side.command) for _ in range(_AT_ONCE)]
    asked = [server.send("initialize", INITIALIZE) for server in servers]
    last = max(server.answer(number)[0] for server, number in zip(servers, asked, strict=True))
    memory = sum(server.memory() for server in servers)
    for server in servers:
        server.end()
    return last - start, memory


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--node", type=Path, help="dist/index.js of @modelcontextprotocol/server-filesystem")
    parser.add_argument("--markitdown", help="the command markitdown-mcp")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        data_dir, folder = Path(place) / "data", Path(place) / "files"
        folder.mkdir()
        (folder / "note.txt").write_text("Some words of a small file.\n")
        compared = sides(data_dir, folder, options.node, options.markitdown)
        record(compared[0].command, data_dir / "recorded")
        starts = interleaved(options.runs, *(lambda side=side: measured(side, data_dir) for side in compared))
        crowds = interleaved(
            max(options.runs // 3, 1), *(lambda side=side: at_once(side, data_dir) for side in compared)
        )
    table = Table(
        "server", "initialize ms", "first call ms", "call 1 s later ms", "CPU ms, uncalled / called",
        "memory MB, uncalled / called", f"{_AT_ONCE} at once: last ready ms / memory MB",
        title=f"medians of {options.runs} interleaved starts, load {os.getloadavg()[0]:.1f}",
    )  # fmt: skip
    for side, runs, crowd in zip(compared, starts, crowds, strict=True):
        middle = {name: statistics.median(getattr(run, name) for run in runs) for name in Start.__annotations__}
        table.add_row(
            side.name,
            f"{middle['initialize'] * 1000:.0f}",
            f"{middle['first_call'] * 1000:.0f}",
            f"{middle['later_call'] * 1000:.0f}",
            f"{middle['cpu_uncalled'] * 1000:.0f} / {middle['cpu_called'] * 1000:.0f}",
            f"{middle['memory_uncalled']:.0f} / {middle['memory_called']:.0f}",
            f"{statistics.median(run[0] for run in crowd) * 1000:.0f} / "
            f"{statistics.median(run[1] for run in crowd):.0f}",
        )
    console = Console(width=170)
    console.print(table)
    for name, against, figure, target in (
        ("initialize, of the Node filesystem server's", "Node filesystem", "initialize", "< 0.2"),
        ("initialize, of the smallest MCPServer's", "smallest MCPServer", "initialize", "≤ 0.95"),
        ("first call, of the one without a recording", "ours, no recording", "first_call", "≤ 1"),
    ):
        other = next((index for index, side in enumerate(compared) if side.name == against), None)
        if other is not None:
            ratios = (getattr(a, figure) / getattr(b, figure) for a, b in zip(starts[0], starts[other], strict=True))
            console.print(f"{name}: {statistics.median(ratios):.2f} (target {target})")


if __name__ == "__main__":
    main()
