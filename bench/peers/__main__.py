"""What other MCP servers that read files do with the same files: ``python -m bench.peers --installed DIR``.

Each server of ``servers.json`` gets the same cases, each in a fresh process, one server after the other. A server that is not
installed below DIR is left out. ``README.md`` says how each is installed.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from tests.samples.pdf import Page, pdf

from bench.peers.wire import Answer, Server
from bench.speed import SAMPLES, write_log

SECRET = "a sentence that stands outside of the folder"

_BOMB_BYTES = 1 << 30
_LETTERS_OF_EMPTINESS = 20


@dataclass(frozen=True, slots=True)
class Peer:
    """One line of ``servers.json`` with its places filled in."""

    name: str
    command: list[str]
    environment: dict[str, str]
    tool: str
    arguments: Any

    @property
    def installed(self) -> bool:
        return all(shutil.which(word) or Path(word).exists() for word in self.command[:2] if os.sep in word)

    @contextmanager
    def running(self, folder: Path) -> Iterator[Server]:
        server = Server(self.command, folder, self.environment)
        try:
            yield server
        finally:
            server.kill()

    def read(self, server: Server, path: Path, seconds: float) -> Answer:
        places = {"{path}": str(path), "{uri}": path.as_uri(), "{extension}": path.suffix[1:]}
        return server.call(self.tool, _filled(self.arguments, places), seconds)


def peers(folder: Path, data: Path, installed: Path) -> list[Peer]:
    places = {
        "{python}": sys.executable,
        "{node}": shutil.which("node") or "node",
        "{folder}": str(folder),
        "{data}": str(data),
        "{installed}": str(installed),
    }
    listed = json.loads((Path(__file__).parent / "servers.json").read_text(encoding="utf-8"))
    return [
        Peer(
            line["name"],
            _filled(line["command"], places),
            _filled(line.get("environment", {}), places),
            line["tool"],
            line["arguments"],
        )
        for line in listed
    ]


def _filled(value: Any, places: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(inner, places) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, places) for inner in value]
    if isinstance(value, str):
        for place, filling in places.items():
            value = value.replace(place, filling)
    return value


def make_files(folder: Path, report: Path) -> None:
    """The cases: a report, a scan, a log of 100 MB, a bomb, a pipe, and a link that leads out of the folder."""
    (folder / "in").mkdir()
    inside = folder / "in"
    shutil.copy(report, inside / "report.pdf")
    (inside / "letter.pdf").write_bytes(pdf([Page(picture=True), Page(picture=True)]))
    write_log(inside / "server.log")
    _bomb(inside / "bomb.docx")
    os.mkfifo(inside / "pipe.pdf")
    (folder / "outside.pdf").write_bytes(pdf([Page(lines=[SECRET])]))
    (inside / "link.pdf").symlink_to(folder / "outside.pdf")


def _bomb(path: Path) -> None:
    word = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    relation = "http://schemas.openxmlformats.org"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{relation}/package/2006/content-types"><Default Extension="rels" ContentType='
            '"application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/word/document.xml" ContentType='
            '"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>',
        )
        package.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{relation}/package/2006/relationships"><Relationship Id="r" Type='
            f'"{relation}/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>',
        )
        with package.open("word/document.xml", "w", force_zip64=True) as part:
            part.write(f'<w:document xmlns:w="{word}"><w:body>'.encode())
            paragraph = b"<w:p><w:r><w:t>" + b"a" * (1 << 20) + b"</w:t></w:r></w:p>"
            for _ in range(_BOMB_BYTES >> 20):
                part.write(paragraph)
            part.write(b"</w:body></w:document>")


def size(answer: Answer) -> str:
    """How much came back, or what came instead."""
    if answer.result is None:
        return f"no answer in {answer.seconds:.0f} s" if not answer.ended else "the server died"
    if answer.failed:
        return "error"
    if _record(answer).get("status") == "error":
        return "error, told as a success"
    letters = answer.bytes
    return f"{letters / 1e6:.1f} MB" if letters >= 1e6 else f"{letters / 1e3:.1f} kB"


def about_scan(answer: Answer) -> str:
    """Whether an agent learns that the pages are pictures."""
    if answer.result is None or answer.failed:
        return size(answer)
    text = _text_of_file(answer)
    if text.startswith("%PDF"):
        return "the bytes of the PDF"
    if any(word in text.lower() for word in ("picture", "scan", "image", "ocr")):
        return "says so"
    empty = sum(letter.isalnum() for letter in text) < _LETTERS_OF_EMPTINESS
    return "empty, without a word" if empty else "text, without a word"


def _text_of_file(answer: Answer) -> str:
    """What the server says that the file's text is: a field where it answers with JSON."""
    record = _record(answer)
    while isinstance(record.get("results"), list):
        record = record["results"][0].get("data", {})
    return next((record[name] for name in ("content", "full_text") if isinstance(record.get(name), str)), answer.text)


def _record(answer: Answer) -> dict[str, Any]:
    try:
        found = json.loads(answer.text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def about_link(answer: Answer) -> str:
    if answer.result is None:
        return size(answer)
    return "read" if SECRET.split()[3] in answer.text and not answer.failed else "refused"


def with_memory(answer: Answer) -> str:
    return f"{size(answer)} ({answer.seconds:.1f} s, {answer.memory:,.0f} MB)"


def measured(peer: Peer, inside: Path, runs: int) -> dict[str, str]:
    starts, memory, listed = [], 0.0, {}
    for _ in range(runs):
        with peer.running(inside) as server:
            starts.append(server.initialize())
            listed = server.request("tools/list", {}, 30).result or {}
            memory = server.memory()
    tools = listed.get("tools", [])
    row = {
        "initialize": f"{statistics.median(starts):.2f} s",
        "memory": f"{memory:.0f} MB",
        "tools (bytes)": f"{len(tools)} ({len(json.dumps(listed, separators=(',', ':'), ensure_ascii=False).encode()):,})",
    }
    cases: list[tuple[str, str, float, Callable[[Answer], str]]] = [
        ("report", "report.pdf", 60, lambda answer: f"{size(answer)} in {answer.seconds:.1f} s"),
        ("scan", "letter.pdf", 60, about_scan),
        ("100 MB log", "server.log", 60, with_memory),
        ("1 GB bomb", "bomb.docx", 40, with_memory),
        ("pipe", "pipe.pdf", 10, size),
        ("link out of the folder", "link.pdf", 20, about_link),
    ]
    for name, file, seconds, words in cases:
        with peer.running(inside) as server:
            server.initialize()
            row[name] = words(peer.read(server, inside / file, seconds))
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--installed", type=Path, required=True, help="the folder with the servers of README.md")
    parser.add_argument("--report", type=Path, default=SAMPLES / "annual-report.pdf", help="the PDF of the first case")
    parser.add_argument("--runs", type=int, default=3, help="starts of each server; the median is printed")
    parser.add_argument("--only", help="a part of the name of the servers to run")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_files(folder, options.report)
        data = folder / "data"
        rows = {}
        for peer in peers(folder / "in", data, options.installed.absolute()):
            if not peer.installed or (options.only or "") not in peer.name:
                continue
            rows[peer.name] = measured(peer, folder / "in", options.runs)
            shutil.rmtree(data, ignore_errors=True)
            print(peer.name, rows[peer.name], file=sys.stderr)
    table = Table("", *rows, title="the same files, one server after the other")
    for case in next(iter(rows.values()), {}):
        table.add_row(case, *(row[case] for row in rows.values()))
    Console(width=200).print(table)


if __name__ == "__main__":
    main()
