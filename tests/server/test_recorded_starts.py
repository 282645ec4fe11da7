"""Starts of the real process, with and without a recording of an earlier one."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import kimi_files_mcp
from tests.hostile.frames import line, opening, request
from tests.server.conftest import environment

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="nothing is recorded there")

QUESTIONS = [line(request("legacy", method, method)) for method in ("ping", "tools/list", "prompts/list")]
START = b"".join([*opening("legacy"), *QUESTIONS])

# What the server does two seconds after a start; everything in the key is as ``python -m`` has it.
RECORD = """\
import os, sys
sys.path[0] = os.getcwd()
from kimi_files_mcp.start.recording import Recording
recording = Recording({"folders": [sys.argv[1]], "data_dir": sys.argv[2]}, os.environ)
from kimi_files_mcp.start.recorder import imported_files, recorded
recording.write(recorded(), imported_files())
"""

# The whole standard library that a start behind the front may cost, besides what Python itself imports.
AFFORDED = {
    "json", "json.decoder", "json.encoder", "json.scanner", "re", "re._casefix", "re._compiler", "re._constants",
    "re._parser", "enum", "copyreg", "functools", "collections", "keyword", "operator", "reprlib", "types", "threading",
    "select", "errno", "signal", "zlib", "time", "_weakrefset", "runpy", "pkgutil", "importlib", "importlib._abc",
    "importlib.machinery", "importlib.util", "warnings", "contextlib", "itertools", "platform",
}  # fmt: skip


class Place:
    """A folder to allow, a data folder, and the server that is started with both."""

    def __init__(self, path: Path, source: Path | None = None) -> None:
        self.path = path
        self.folder = path / "files"
        self.folder.mkdir()
        self.source = source

    @property
    def server(self) -> list[str]:
        return ["-m", "kimi_files_mcp", "--allow", str(self.folder), "--data-dir", str(self.path / "data")]

    def start(self, **variables: str) -> subprocess.Popen[bytes]:
        """A server whose three pipes are the caller's."""
        if self.source:
            variables["PYTHONPATH"] = str(self.source)
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        command = [sys.executable, *self.server]
        return subprocess.Popen(command, **pipes, env=environment(**variables), cwd=self.path)  # type: ignore[call-overload]

    def run(self, **variables: str) -> subprocess.CompletedProcess[bytes]:
        """A start by a client that hangs up when it has its answers."""
        with self.start(**variables) as server:
            answers = asked(server, START)
            rest, log = server.communicate(timeout=60)
        return subprocess.CompletedProcess(server.args, server.returncode, answers + rest, log)

    def record(self) -> None:
        ended = self._python("-c", RECORD, str(self.folder), str(self.path / "data"))
        assert ended.returncode == 0, ended.stderr
        assert list((self.path / "data" / "starts").iterdir())

    def _python(self, *arguments: str, sent: bytes = b"", **variables: str) -> subprocess.CompletedProcess[bytes]:
        if self.source:
            variables["PYTHONPATH"] = str(self.source)
        command = [sys.executable, *arguments]
        return subprocess.run(command, input=sent, capture_output=True, env=environment(**variables), cwd=self.path)


def asked(server: subprocess.Popen[bytes], sent: bytes) -> bytes:
    """The answers to all that is sent; fewer where the server ends."""
    assert server.stdin is not None
    assert server.stdout is not None
    server.stdin.write(sent)
    server.stdin.flush()
    return b"".join(server.stdout.readline() for _ in range(sent.count(b'"id"')))


def imported(ended: subprocess.CompletedProcess[bytes]) -> set[str]:
    lines = ended.stderr.decode().splitlines()
    return {text.rpartition("|")[2].strip() for text in lines if text.startswith("import time:")}


def test_a_recorded_start_imports_next_to_nothing_and_says_the_same(tmp_path: Path) -> None:
    place = Place(tmp_path)
    alone = place.run()
    place.record()
    # The client is gone at once, so that nothing is imported in advance.
    recorded = place._python(*place.server, sent=START, PYTHONPROFILEIMPORTTIME="1")
    assert (recorded.stdout, recorded.returncode) == (alone.stdout, alone.returncode)
    assert len(recorded.stdout.splitlines()) == 4
    plain = place._python("-c", "pass", PYTHONPROFILEIMPORTTIME="1")
    added = {name for name in imported(recorded) - imported(plain) if not name.startswith("_")}
    ours = {name for name in added if name.startswith("kimi_files")}
    start = ("", ".front", ".plain_frames", ".recording")
    assert ours == {"kimi_files_mcp", "kimi_files_mcp.pipes", *(f"kimi_files_mcp.start{name}" for name in start)}
    assert added - ours <= AFFORDED


def test_the_server_records_its_start_and_hands_over_in_the_next(tmp_path: Path) -> None:
    place = Place(tmp_path)
    (place.folder / "a.txt").write_text("some words\n")
    with place.start() as first:
        said = asked(first, START)
        while not list((tmp_path / "data").glob("starts/*.json")):  # the server is asked on, and answers, meanwhile
            assert asked(first, line(request("legacy", 1, "ping")))
        first.communicate()
    assert first.returncode == 0
    call = line(request("legacy", "call", "tools/call", name="get_file_content", arguments={"file": "a.txt"}))
    with place.start() as second:
        answers = asked(second, START + call)
        assert second.communicate() == (b"", b"")
    assert second.returncode == 0
    assert answers.startswith(said)
    assert "some words" in json.loads(answers.removeprefix(said))["result"]["content"][0]["text"]


def test_an_edited_description_is_never_answered_stale(tmp_path: Path) -> None:
    source = tmp_path / "source"
    for room in ("server/kimi_files_mcp", "tools/kimi_files_tools", "engine/kimi_files"):
        installed = Path(kimi_files_mcp.__file__).parents[2] / room
        shutil.copytree(installed, source / installed.name, ignore=shutil.ignore_patterns("__pycache__"))
    os.utime(source, (1_700_000_000, 1_700_000_000))
    (tmp_path / "place").mkdir()
    place = Place(tmp_path / "place", source)
    edited = source / "kimi_files_tools" / "delete_file.py"
    before = edited.read_text(encoding="utf-8")
    place.record()
    first = place.run()
    edited.write_text(before.replace('DESCRIPTION = """', 'DESCRIPTION = """Edited. ', 1), encoding="utf-8")
    assert edited.read_text(encoding="utf-8") != before
    second = place.run()
    assert b"Edited. " not in first.stdout
    assert b"Edited. " in second.stdout


def test_a_wrong_setting_still_ends_the_start_with_one_line(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.record()
    place.folder.rmdir()
    ended = place.run()
    assert (ended.stdout, ended.returncode) == (b"", 1)
    assert b"does not exist" in ended.stderr


def test_where_nothing_can_be_written_the_start_is_a_plain_one(tmp_path: Path) -> None:
    place = Place(tmp_path)
    (tmp_path / "data").write_text("no folder")
    ended = place.run()
    assert len(ended.stdout.splitlines()) == 4
    assert (ended.returncode, ended.stderr) == (0, b"")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_as_it_ends_a_plain_start(tmp_path: Path, number: int) -> None:
    place = Place(tmp_path)
    plain = _signalled(place, number)
    place.record()
    assert _signalled(place, number) == plain


def _signalled(place: Place, number: int) -> tuple[int, bytes, bytes]:
    with place.start() as server:
        asked(server, opening("legacy")[0])
        os.kill(server.pid, number)
        assert server.stdout is not None
        assert server.stderr is not None
        return server.wait(60), server.stdout.read(), server.stderr.read()
