"""The server as a host sees it: a process on two pipes, in both eras of the protocol."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.server.conftest import ERAS, environment
from tests.server.protocol import check_session

TOOLS = ["upload_file", "get_file_content", "ask_about_files", "list_files", "delete_file"]
ARGUMENTS = {
    "upload_file": ["path", "purpose"],
    "get_file_content": ["file", "pages", "find", "cursor", "max_tokens", "pictures"],
    "ask_about_files": ["question", "files", "queries", "max_tokens"],
    "list_files": ["purpose", "after"],
    "delete_file": ["file_id"],
}


@pytest.mark.parametrize("era", ERAS)
async def test_a_whole_session_keeps_to_the_protocol(connect, era):
    async with connect(era) as session:
        (session.folder / "notes.md").write_text("# Notes\n\nThe replacement cost 48,300.00 euros.\n")
        (session.folder / "long.txt").write_text("".join(f"line {n} of a long text\n" for n in range(4_000)))
        await session.client.list_tools()
        record = json.loads(await session.call("upload_file", path="notes.md"))
        content = await session.call("get_file_content", file=record["id"])
        assert "The replacement cost 48,300.00 euros." in content
        assert "next: cursor=" in await session.call("get_file_content", file="long.txt")
        answer = await session.call("ask_about_files", question="What did the replacement cost?", files=["."])
        assert "48,300.00" in answer
        assert json.loads(await session.call("list_files"))["data"][0]["id"] == record["id"]
        assert (await session.fail("get_file_content", file="missing.txt"))["code"] == "file_not_found"
        assert json.loads(await session.call("delete_file", file_id=record["id"]))["deleted"] is True
        version = session.client.protocol_version
    checked = check_session(session.record, version)
    assert checked["tools/call"] == 7
    assert checked["tools/list"] >= 1


async def test_the_tools_are_those_of_the_design_and_short(connect):
    async with connect("auto") as session:
        tools = (await session.client.list_tools()).tools
        instructions = session.client.instructions
    assert [tool.name for tool in tools] == TOOLS
    assert {tool.name: list(tool.input_schema["properties"]) for tool in tools} == ARGUMENTS
    line = next(line for line in session.record.read_bytes().splitlines() if b'"inputSchema"' in line)
    assert len(line) < 8 * 1024
    assert all(len(tool.description.encode()) < 2048 for tool in tools)
    assert len(instructions.encode()) < 1024
    by_name = {tool.name: tool for tool in tools}
    assert all(tool.annotations.idempotent_hint and not tool.annotations.open_world_hint for tool in tools)
    assert by_name["get_file_content"].annotations.read_only_hint
    assert by_name["delete_file"].annotations.destructive_hint
    assert [name for name in TOOLS if by_name[name].output_schema] == ["upload_file", "list_files", "delete_file"]


async def test_records_are_structured_and_the_same_json_in_text_while_texts_are_text_only(connect):
    async with connect() as session:
        (session.folder / "a.txt").write_text("some words\n")
        upload = await session.client.call_tool("upload_file", {"path": "a.txt"})
        listing = await session.client.call_tool("list_files", {})
        content = await session.client.call_tool("get_file_content", {"file": "a.txt"})
        answer = await session.client.call_tool("ask_about_files", {"question": "words?", "files": ["a.txt"]})
        deletion = await session.client.call_tool("delete_file", {"file_id": upload.structured_content["id"]})
    for record in (upload, listing, deletion):
        assert json.loads(record.content[0].text) == record.structured_content
        assert ": " not in record.content[0].text.replace("a.txt", "")
    assert content.structured_content is None
    assert answer.structured_content is None
    assert set(upload.structured_content) - {"status_details"} == {
        "id", "object", "bytes", "created_at", "filename", "purpose", "status",
    }  # fmt: skip


async def test_files_survive_a_restart_and_two_servers_share_them(connect):
    async with connect(name="one") as first, connect(name="two") as second:
        (first.folder / "a.txt").write_text("first words\n")
        (first.folder / "b.txt").write_text("second words\n")
        kept = json.loads(await first.call("upload_file", path="a.txt"))
        assert json.loads(await second.call("upload_file", path="a.txt")) == kept
        other = json.loads(await second.call("upload_file", path="b.txt"))
        assert "second words" in await first.call("get_file_content", file=other["id"])
    async with connect(name="three") as again:
        listed = json.loads(await again.call("list_files"))["data"]
        assert {file["id"] for file in listed} == {kept["id"], other["id"]}
        assert "first words" in await again.call("get_file_content", file=kept["id"])


async def test_a_path_that_is_read_makes_no_file(connect):
    async with connect() as session:
        (session.folder / "a.txt").write_text("first words\n")
        await session.call("get_file_content", file="a.txt")
        await session.call("ask_about_files", question="words", files=["a.txt"])
        assert json.loads(await session.call("list_files"))["data"] == []


@pytest.mark.parametrize(
    ("tool", "arguments", "code", "words"),
    [
        ("get_file_content", {"file": "a.txt", "page": "3"}, "invalid_arguments", "Did you mean 'pages'?"),
        ("get_file_content", {}, "invalid_arguments", "file: Field required"),
        ("get_file_content", {"file": "a.txt", "max_tokens": "many"}, "invalid_arguments", "max_tokens"),
        ("get_file_content", {"file": "a.txt", "cursor": "9:0:ffff"}, "invalid_cursor", "start again"),
        ("get_file_content", {"file": "a.txt", "pages": "nine"}, "invalid_pages", "lines"),
        ("get_file_content", {"file": "a.tyt"}, "file_not_found", "Did you mean"),
        ("get_file_content", {"file": "file_01jd8x6w2m9q4t5v7y0z3b6c8d"}, "file_id_not_found", "List the files"),
        ("get_file_content", {"file": "/etc/passwd"}, "path_not_allowed", "--allow"),
        ("get_file_content", {"file": ".env"}, "secret_refused", "never read"),
        ("get_file_content", {"file": "empty.txt"}, "empty_file", "size is zero"),
        ("upload_file", {"path": "a.txt", "purpose": "assistants"}, "invalid_arguments", "purpose"),
        ("upload_file", {"path": "a.txt", "purpose": "image"}, "invalid_image", "a.txt"),
        ("upload_file", {"path": "a.txt", "purpose": "video"}, "invalid_video", "a.txt"),
        ("upload_file", {"path": "bad.jsonl", "purpose": "batch"}, "invalid_batch_file", "line 1"),
        ("upload_file", {"path": "program.txt"}, "unsupported", "program"),
        ("ask_about_files", {"question": "what?", "files": []}, "invalid_arguments", "files"),
        ("ask_about_files", {"question": " ", "files": ["a.txt"]}, "invalid_arguments", "question"),
        ("delete_file", {"file_id": "a.txt"}, "invalid_arguments", "never deleted"),
        ("delete_file", {"file_id": "file_01jd8x6w2m9q4t5v7y0z3b6c8d"}, "file_id_not_found", "List the files"),
        ("read_file", {"path": "a.txt"}, "invalid_arguments", "get_file_content"),
    ],
)  # fmt: skip
async def test_an_error_says_what_happened_why_and_what_to_do(connect, tool, arguments, code, words):
    async with connect() as session:
        (session.folder / "a.txt").write_text("some words\nand more\n")
        (session.folder / "empty.txt").touch()
        (session.folder / ".env").write_text("A=b\n")
        (session.folder / "bad.jsonl").write_text("{not json\n")
        (session.folder / "program.txt").write_bytes(b"\x7fELF\x02\x01\x01" + bytes(200))
        error = await session.fail(tool, **arguments)
    assert error["code"] == code
    assert words in error["message"]
    assert error["type"]


@pytest.mark.parametrize(
    "arguments",
    [
        {"file": "a.txt", "pages": 2},
        {"file": "a.txt", "pages": "2", "find": None, "cursor": None, "max_tokens": None, "pictures": None},
        {"file": " 'a.txt' ", "pages": ["2"]},
        {"file": "./a.txt", "pages": "2", "max_tokens": 10},
        {"file": "a.txt", "pages": "2", "max_tokens": 1_000_000},
    ],
)
async def test_the_forms_in_which_agents_write_arguments_are_understood(connect, arguments):
    async with connect() as session:
        (session.folder / "a.txt").write_text("one\ntwo\nthree\n")
        text = await session.call("get_file_content", **arguments)
    assert "\ntwo\n" in text
    assert "one" not in text.split("<file-text")[1].split(".\n")[0]


async def test_one_file_may_be_asked_about_without_a_list(connect):
    async with connect() as session:
        (session.folder / "a.txt").write_text("The shaft was replaced.\n")
        assert "[1] a.txt" in await session.call("ask_about_files", question="shaft", files="a.txt", queries="shaft")


def test_start_up_imports_only_what_listing_the_tools_needs():
    """A parser, httpx, SQLite or a command-line library on this path would be paid by every start of every host."""
    # rich is only a tool of the developers here: without it, the SDK does not take it for its log.
    program = (
        "import sys; sys.modules['rich'] = None\n"
        "from kimi_files_mcp.app import build_server; import kimi_files_mcp.stdio\n"
        "from kimi_files_tools.workspace import Workspace\n"
        "from kimi_files.access import AccessPolicy\n"
        "from pathlib import Path\n"
        "import anyio\n"
        "server = build_server(Workspace(AccessPolicy((), Path.cwd()), None))\n"
        "anyio.run(server.list_tools)\n"
        "print(*(name for name, module in sys.modules.items() if module), sep='\\n')"
    )
    bare = "import mcp.server, mcp.server.mcpserver, sys; print(*sorted(sys.modules), sep='\\n')"
    ours, sdk = (
        set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())
        for code in (program, bare)
    )
    added = {name for name in ours - sdk if not name.startswith("mcp")}
    unwanted = {"liteparse", "pypdfium2", "anydoc", "office_oxide", "PIL", "chardet", "html_to_markdown", "rich", "click",
                "argparse", "sqlite3", "httpx", "platformdirs", "difflib", "tempfile", "multiprocessing"}  # fmt: skip
    assert not {name.split(".")[0] for name in added} & unwanted
    assert {name for name in added if name.startswith("kimi_files.")} <= {
        "kimi_files.access", "kimi_files.content", "kimi_files.errors", "kimi_files.formats", "kimi_files.models",
        "kimi_files.progress", "kimi_files.redaction", "kimi_files.reports", "kimi_files.secret_names", "kimi_files.spelling",
        "kimi_files.tokens",
    }  # fmt: skip


def test_a_wrong_setting_ends_the_start_with_one_line(tmp_path):
    command = [sys.executable, "-m", "kimi_files_mcp", "--allow", str(tmp_path / "missing")]
    ended = subprocess.run(command, capture_output=True, text=True, env=environment(), stdin=subprocess.DEVNULL)
    assert ended.returncode != 0
    assert ended.stdout == ""
    assert "missing" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_server_ends_when_its_input_ends(tmp_path):
    command = [sys.executable, "-m", "kimi_files_mcp", "--allow", str(tmp_path), "--data-dir", str(tmp_path / "data")]
    ended = subprocess.run(
        command, capture_output=True, text=True, env=environment(), stdin=subprocess.DEVNULL, timeout=60
    )
    assert (ended.returncode, ended.stdout) == (0, "")
