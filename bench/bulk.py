"""A folder of mixed files through ``read --json``: ``python -m bench.bulk FOLDER [--installed DIR]``.

With two workers against one, in turn, each in a fresh process on an empty store; one worker is measured twice: with the server
preparing and storing other files meanwhile, and with each file finished before the next is begun. Then the same files
through the libraries of peers, one file after the other in one process, as their servers would. DIR is the one of
``bench/peers/README.md``.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

_LONGEST_SECONDS = 900

# ``WorkerPool`` has two workers, and ``read`` has several files in hand; nothing but this measurement asks for one.
_OURS = """\
import importlib, sys
from kimi_files.workers.pool import WorkerPool
WorkerPool.__init__.__defaults__ = (int(sys.argv.pop(1)), *WorkerPool.__init__.__defaults__[1:])
if sys.argv.pop(1) == "one-by-one":
    importlib.import_module("kimi_files_mcp.cli.read")._AT_ONCE = 1
from kimi_files_mcp.__main__ import main
main()
"""

_ONE_BY_ONE = """\
import json, sys
{preparation}
for path in sys.argv[1:]:
    try:
        text = {conversion}
        line = {{"path": path, "pages": [{{"text": text}}]}}
    except Exception as error:
        line = {{"path": path, "error": type(error).__name__}}
    print(json.dumps(line), flush=True)
"""

_PEERS = {
    "markitdown": ("from markitdown import MarkItDown; converter = MarkItDown()", "converter.convert(path).markdown"),
    "kreuzberg": ("import kreuzberg", "kreuzberg.extract_file_sync(path).content"),
    "docling-rs": (
        "import docling_rs; converter = docling_rs.DocumentConverter()",
        "converter.convert(path).document.export_to_markdown()",
    ),
}


@dataclass(frozen=True, slots=True)
class Run:
    """One run over all files. ``cpu`` is that of all its processes; ``files`` counts those that gave text."""

    seconds: float
    cpu: float
    files: int
    refused: int
    characters: int
    complete: bool


def timed(command: list[str]) -> Run:
    before, start = os.times(), time.perf_counter()
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
        try:
            complete = subprocess.run(
                command, stdout=output, stderr=subprocess.DEVNULL, timeout=_LONGEST_SECONDS
            ).returncode in (0, 1)
        except subprocess.TimeoutExpired:
            complete = False
        seconds, after = time.perf_counter() - start, os.times()
        output.seek(0)
        lines = [json.loads(line) for line in output if line.startswith("{")]
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    read = [line for line in lines if "pages" in line]
    characters = sum(len(page["text"]) for line in read for page in line["pages"])
    return Run(seconds, cpu, len(read), len(lines) - len(read), characters, complete)


def ours(folder: Path, workers: int, *, one_by_one: bool = False) -> Run:
    with tempfile.TemporaryDirectory() as data:
        options = ["--data-dir", data, "read", "--json", str(folder)]
        how = "one-by-one" if one_by_one else "together"
        return timed([sys.executable, "-c", _OURS, str(workers), how, *options])


def peer(name: str, python: Path, files: list[str]) -> Run:
    preparation, conversion = _PEERS[name]
    script = _ONE_BY_ONE.format(preparation=preparation, conversion=conversion)
    return timed([str(python), "-c", script, *files])


def row(run: Run, ratio: str) -> tuple[str, ...]:
    return (
        f"{run.seconds:.1f} s",
        f"{run.cpu:.1f} s",
        f"{run.files} / {run.refused}" + ("" if run.complete else ", then it died"),
        f"{run.characters / 1e6:.1f} M",
        ratio,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--installed", type=Path, help="the folder with the peers of bench/peers/README.md")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    files = sorted(str(path) for path in options.folder.rglob("*") if path.is_file())
    ours(options.folder, 2)
    rounds = [
        (ours(options.folder, 1, one_by_one=True), ours(options.folder, 1), ours(options.folder, 2))
        for _ in range(options.runs)
    ]
    slow, one, two = (sorted(side, key=lambda run: run.seconds)[len(side) // 2] for side in zip(*rounds, strict=True))
    speeds = [statistics.median(times[0].seconds / times[which].seconds for times in rounds) for which in (1, 2)]
    ratio = statistics.median(times[1].seconds / times[2].seconds for times in rounds)
    table = Table("reader", "wall", "CPU", "read / refused", "characters", "speed", title=f"{len(files)} files")
    table.add_row("kimi-files-mcp, one worker, one by one", *row(slow, "1"))
    table.add_row("kimi-files-mcp, one worker", *row(one, f"{speeds[0]:.2f}"))
    table.add_row("kimi-files-mcp, two workers", *row(two, f"{speeds[1]:.2f}, {ratio:.2f} x one (target ≥ 1.7)"))
    for name in _PEERS:
        python = (options.installed or Path()) / name / "bin" / "python"
        if options.installed and python.exists():
            other = peer(name, python, files)
            table.add_row(name, *row(other, f"{slow.seconds / other.seconds:.2f}"))
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
