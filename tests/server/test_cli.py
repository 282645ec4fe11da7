"""The command line as people and scripts use it: real processes, exit codes, stdout and stderr apart."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kimi_files_mcp import __version__
from tests.server.conftest import environment

ROOT = Path(__file__).parent.parent.parent
SAMPLES = ROOT / "server" / "kimi_files_mcp" / "samples"


@pytest.fixture
def run(tmp_path):
    def program(*arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "kimi_files_mcp", "--data-dir", str(tmp_path / "data"), *arguments]
        return subprocess.run(
            command, capture_output=True, text=True, env=environment(**extra), cwd=tmp_path, stdin=subprocess.DEVNULL
        )

    return program


def test_read_prints_the_text_and_nothing_else(run, tmp_path):
    (tmp_path / "notes.txt").write_text("first line\nsecond line\n")
    done = run("read", "notes.txt")
    assert (done.returncode, done.stdout, done.stderr) == (0, "first line\nsecond line\n", "")


def test_read_takes_many_files_and_a_failure_does_not_stop_the_others(run, tmp_path):
    (tmp_path / "a.txt").write_text("text of a\n")
    (tmp_path / "b.txt").write_text("text of b\n")
    done = run("read", "a.txt", "missing.txt", "b.txt")
    assert done.returncode == 1
    assert done.stdout == "==> a.txt <==\ntext of a\n==> b.txt <==\ntext of b\n"
    assert "missing.txt" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_reason_that_names_no_file_is_said_with_the_file(run, tmp_path):
    (tmp_path / "empty.txt").touch()
    (tmp_path / "a.txt").write_text("text of a\n")
    for command in ("read", "upload"):
        done = run(command, "a.txt", "empty.txt")
        assert done.returncode == 1
        assert done.stderr.startswith("kimi-files-mcp: empty.txt: File size is zero")


def test_read_json_is_one_object_a_line_in_the_order_of_the_arguments(run, tmp_path):
    (tmp_path / "empty.txt").touch()
    done = run("read", "--json", str(SAMPLES / "invoice-nordwerk.xlsx"), "empty.txt", str(SAMPLES / "年度摘要.md"))
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1
    assert [line["path"] for line in lines] == [
        str(SAMPLES / "invoice-nordwerk.xlsx"), "empty.txt", str(SAMPLES / "年度摘要.md"),
    ]  # fmt: skip
    assert [page["label"] for page in lines[0]["pages"]] == ["Positions", "Terms"]
    assert "48300" in lines[0]["pages"][0]["text"]
    assert lines[0]["warnings"] == []
    assert lines[1]["error"]["code"] == "empty_file"
    assert "九号主轴" in "".join(page["text"] for page in lines[2]["pages"])


def test_read_json_of_many_files_keeps_their_order_and_each_error_in_its_place(run, tmp_path):
    names = [f"{number:02}.{'missing' if number % 10 == 3 else 'txt'}" for number in range(60)]
    for number, name in enumerate(names):
        if name.endswith(".txt"):
            (tmp_path / name).write_text(f"text {number} " * (1 if number % 7 else 30_000))
    (tmp_path / names[4]).write_bytes(b"")
    done = run("read", "--json", *names)
    assert done.returncode == 1
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["path"] for line in lines] == names
    for number, line in enumerate(lines):
        if number % 10 == 3 or number == 4:
            assert names[number] in line["error"]["message"] or number == 4
        else:
            assert line["pages"][0]["text"] == (tmp_path / names[number]).read_text()


def test_read_takes_a_folder(run, tmp_path):
    folder = tmp_path / "folder"
    (folder / "inner").mkdir(parents=True)
    (folder / "a.txt").write_text("text of a\n")
    (folder / "inner" / "b.txt").write_text("text of b\n")
    done = run("read", "--json", "folder")
    assert done.returncode == 0
    assert [Path(json.loads(line)["path"]).name for line in done.stdout.splitlines()] == ["a.txt", "b.txt"]


def test_a_path_typed_at_the_terminal_is_allowed_but_a_secret_is_not(run, tmp_path):
    allowed = tmp_path / "allowed"
    allowed.mkdir()
    (tmp_path / "outside.txt").write_text("words\n")
    (tmp_path / ".env").write_text("A=b\n")
    assert run("--allow", str(allowed), "read", str(tmp_path / "outside.txt")).stdout == "words\n"
    refused = run("--allow", str(allowed), "read", str(tmp_path / ".env"))
    assert (refused.returncode, refused.stdout) == (1, "")


def test_upload_list_and_delete_keep_the_same_store(run, tmp_path):
    (tmp_path / "a.txt").write_text("some words\n")
    record = json.loads(run("upload", "a.txt").stdout)
    assert record["filename"] == "a.txt"
    assert json.loads(run("list", "--json").stdout)["id"] == record["id"]
    assert record["id"] in run("list", COLUMNS="200").stdout
    assert json.loads(run("delete", record["id"]).stdout) == {"id": record["id"], "object": "file", "deleted": True}
    assert run("list").stdout == "no files are kept\n"
    again = run("delete", record["id"])
    assert again.returncode == 1
    assert record["id"] in again.stderr


def test_ask_prints_passages_with_their_places(run):
    done = run("ask", "What did the replacement of shaft nine cost?", str(SAMPLES), "--query", "replacement shaft 9")
    assert done.returncode == 0
    assert 'invoice-nordwerk.xlsx, sheet "Positions"' in done.stdout
    assert "48300" in done.stdout


def test_doctor_tells_what_works(run, tmp_path):
    at_home = {"HOME": str(tmp_path), "USERPROFILE": str(tmp_path)}
    run("install", "gemini-cli", **at_home)
    done = run("--allow", str(tmp_path), "doctor", **at_home)
    assert done.returncode == 0, done.stdout
    assert "everything works" in done.stdout
    for subject in (
        "liteparse",
        "reads .pdf",
        "reads .xlsx",
        "reads .docx",
        "allowed folders",
        "store",
        "Gemini CLI: starts",
    ):
        assert subject in done.stdout


def test_doctor_tells_of_a_host_that_would_start_what_is_gone(run, tmp_path):
    at_home = {"HOME": str(tmp_path), "USERPROFILE": str(tmp_path)}
    (tmp_path / ".gemini").mkdir()
    entry = {"command": str(tmp_path / "gone" / "kimi-files-mcp"), "args": []}
    (tmp_path / ".gemini" / "settings.json").write_text(json.dumps({"mcpServers": {"kimi-files": entry}}))
    done = run("--allow", str(tmp_path), "doctor", **at_home)
    assert done.returncode == 1
    assert "which is gone" in done.stdout
    assert "kimi-files-mcp install gemini-cli" in done.stdout


def test_demo_shows_a_session_of_the_real_server(run):
    done = run("demo")
    assert done.returncode == 0, done.stderr
    for words in (
        "upload_file",
        "hairline cracks on shaft nine",
        "image/",
        "path_not_allowed",
        "Did you mean",
        '"deleted":true',
    ):
        assert words in done.stdout


def test_a_command_that_is_misspelt_is_suggested(run):
    done = run("uplaod")
    assert done.returncode == 2
    assert "upload" in done.stderr


@pytest.mark.parametrize("command", [[], ["read"], ["ask"], ["upload"], ["list"], ["delete"], ["demo"], ["doctor"]])
def test_help_is_there_for_every_command(run, command):
    done = run(*command, "--help")
    assert done.returncode == 0
    assert "Usage: kimi-files-mcp" in done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="a terminal is made otherwise on Windows")
def test_whoever_starts_the_server_at_a_terminal_is_told_what_it_waits_for(tmp_path):
    import pty

    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "kimi_files_mcp", "--data-dir", str(tmp_path / "data")]
    with subprocess.Popen(
        command, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(), cwd=tmp_path
    ) as server:
        assert server.stderr is not None
        assert b"hosts start" in server.stderr.readline()
        assert b"--help" in server.stderr.readline()
        server.terminate()
    os.close(ours)
    os.close(theirs)


def test_the_version_is_the_packages(run):
    assert __version__ in run("--version").stdout


@pytest.mark.parametrize(
    "arguments",
    [["--allow", "nowhere", "list"], ["read"], ["frobnicate"], ["--service", "cloud", "list"], ["delete", "notes.txt"]],
)
def test_a_mistake_ends_with_a_reason_and_without_a_traceback(run, arguments):
    done = run(*arguments)
    assert done.returncode in (1, 2)
    assert done.stderr.strip()
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_data_folder_that_cannot_be_used_is_named(run, tmp_path):
    (tmp_path / "data").write_text("a file where the folder should be")
    done = run("list")
    assert done.returncode == 1
    assert "data" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="a closed pipe is told otherwise on Windows")
def test_a_reader_that_stops_early_is_no_error(tmp_path):
    (tmp_path / "long.txt").write_text("a line of text\n" * 200_000)
    command = f'"{sys.executable}" -m kimi_files_mcp --data-dir data read long.txt | head -1'
    done = subprocess.run(command, shell=True, capture_output=True, text=True, env=environment(), cwd=tmp_path)
    assert (done.stdout, done.stderr) == ("a line of text\n", "")


async def test_the_host_entry_in_mcp_json_starts_the_server(tmp_path):
    from mcp import Client, StdioServerParameters

    entry = json.loads((ROOT / "mcp.json").read_text())["mcpServers"]["kimi-files"]
    (tmp_path / "Documents").mkdir()
    (tmp_path / "Documents" / "a.txt").write_text("some words\n")
    variables = environment(HOME=str(tmp_path), PATH=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    parameters = StdioServerParameters(command=entry["command"], args=entry["args"], env=variables | entry["env"])
    async with Client(parameters) as client:
        result = await client.call_tool("get_file_content", {"file": "~/Documents/a.txt"})
    assert "some words" in result.content[0].text
