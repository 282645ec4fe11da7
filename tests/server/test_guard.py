"""The protocol guard, through the real process: what a client sends, and what it gets back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from kimi_files_mcp.guard import MAX_LINE_BYTES, refusals, salvaged_id
from tests.hostile.frames import answers_expected, call, hostile, line, opening, request
from tests.hostile.process import RawServer, raw_server
from tests.server.conftest import ERAS, environment

# The same server on the SDK's own loop, without a guard.
_BARE = (
    "import sys; from pathlib import Path; from kimi_files.access import AccessPolicy\n"
    "from kimi_files_mcp.app import build_server; from kimi_files_mcp.settings import read_settings\n"
    "from kimi_files_mcp.stdio import open_workspace\n"
    "build_server(open_workspace(read_settings({}, [sys.argv[1]], None, sys.argv[2]))).run('stdio')"
)


@pytest.mark.parametrize("era", ERAS)
def test_each_frame_with_a_readable_id_is_answered_once_and_the_server_goes_on(tmp_path: Path, era: str) -> None:
    lines = list(hostile(era, 300, seed=ERAS.index(era)))
    with raw_server(tmp_path) as server:
        server.send([*opening(era), *lines, line(request(era, "last"))])
        assert "tools" in server.answer("last")["result"]
        assert server.close() == 0
        answered = server.answered() - Counter(["opening", "last"])
    least, most = answers_expected(iter(lines))
    assert not least - answered, "unanswered"
    assert not answered - most, "answered too often"


@pytest.mark.parametrize("era", ERAS)
def test_valid_traffic_is_what_the_sdk_alone_makes_of_it(tmp_path: Path, era: str) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "名.txt").write_text("Größe 中文 🙂\n")
    lines = [
        *opening(era),
        line(request(era, 1)),
        call(era, "zwei", "get_file_content", file="missing.txt"),
        call(era, 3, "upload_file", path="no 名").replace(b"\\u540d", "名".encode()),
        line(request(era, 5)).replace(b"\n", b"\r\n"),
        line(request(era, 4, "no/such")),
        line(request(era, 10**20)),
    ]  # fmt: skip

    def session(command: list[str]) -> list[bytes]:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment(), cwd=folder
        )
        assert process.stdin is not None
        assert process.stdout is not None
        with process:
            answers = []
            for sent in lines:
                process.stdin.write(sent)
                process.stdin.flush()
                if b'"id"' in sent:
                    answers.append(process.stdout.readline())
            process.stdin.close()
            assert process.stdout.read() == b""
        return answers

    ours = [sys.executable, "-m", "kimi_files_mcp", "--allow", str(folder), "--data-dir", str(tmp_path / "data")]
    bare = [sys.executable, "-c", _BARE, str(folder), str(tmp_path / "data")]
    assert session(ours) == session(bare)


def test_a_storm_of_cancels_leaves_a_server_that_answers(tmp_path: Path) -> None:
    with raw_server(tmp_path) as server:
        (server.folder / "long.txt").write_text("a line of a long text\n" * 200_000)
        server.send(opening("legacy"))
        for number in range(200):
            cancel = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": number}}
            server.send([call("legacy", number, "get_file_content", file="long.txt"), line(cancel)])
        server.send([call("legacy", "last", "get_file_content", file="long.txt")])
        assert "a line of a long text" in server.answer("last")["result"]["content"][0]["text"]
        assert server.close() == 0
        assert max(server.answered().values()) == 1


def test_a_client_that_reads_late_gets_every_answer(tmp_path: Path) -> None:
    with raw_server(tmp_path, reads=False) as server:
        server.send([*opening("legacy"), *(line(request("legacy", number)) for number in range(100))])
        server._reader.start()
        server.answer(99)
        assert server.answered() == {"opening": 1} | dict.fromkeys(range(100), 1)


def test_a_client_that_never_reads_and_hangs_up_leaves_no_process(tmp_path: Path) -> None:
    with raw_server(tmp_path, reads=False) as server:
        server.send(
            [*opening("legacy"), *(line(request("legacy", number)) for number in range(100)), b"rubbish\n" * 2000]
        )
        assert server.process.stdin is not None
        server.process.stdin.close()
        assert server.process.wait(30) == 0


def test_a_client_that_closes_its_ear_leaves_no_process(tmp_path: Path) -> None:
    with raw_server(tmp_path, reads=False) as server:
        assert server.process.stdout is not None
        server.process.stdout.close()
        server.send([*opening("legacy")])
        assert server.process.wait(30) == 0
        assert "Traceback" not in server.log.read_text()


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes through /proc")
def test_workers_end_with_the_server_when_the_client_leaves_in_the_middle(tmp_path: Path) -> None:
    with raw_server(tmp_path) as server:
        (server.folder / "long.md").write_text(
            "# A heading\n\nsome words of a paragraph, and more of them\n\n" * 300_000
        )
        server.send([*opening("legacy"), call("legacy", 1, "get_file_content", file="long.md")])
        while not (workers := _children(server)):
            assert server.process.poll() is None
        assert server.close() == 0
        assert not [pid for pid in workers if _runs(pid)]


def test_an_endless_line_is_answered_before_its_end_and_takes_no_memory(tmp_path: Path) -> None:
    with raw_server(tmp_path) as server:
        server.send(opening("legacy"))
        server.answer("opening")
        server.send([b'{"jsonrpc":"2.0","id":5,"method":"tools/list","params":{"a":"'])
        server.send(b"x" * (1 << 20) for _ in range(48))
        assert "longer than 16 MB" in server.answer(5)["error"]["message"]
        server.send(b"x" * (1 << 20) for _ in range(48))
        server.send([b'"}}\n', line(request("legacy", 6))])
        assert "result" in server.answer(6)
        assert server.answered()[5] == 1
        status = Path(f"/proc/{server.process.pid}/status")
        if status.exists():
            peak = next(row for row in status.read_text().splitlines() if row.startswith("VmHWM"))
            assert int(peak.split()[1]) < 150_000


def test_a_stray_print_does_not_reach_the_wire(tmp_path: Path) -> None:
    program = (
        "import os, sys; from kimi_files_mcp import guard, pipes; from mcp.server import MCPServer; import anyio\n"
        "server = MCPServer('s')\n"
        "@server.tool()\n"
        "def noise() -> str:\n"
        "    print('from Python', flush=True); os.write(1, b'from below'); os.system('echo from a child')\n"
        "    return sys.stdin.read() + 'quiet'\n"
        "anyio.run(guard.serve, server, pipes.Pipes(*pipes.taken()))"
    )
    sent = b"".join([*opening("legacy"), line(request("legacy", 1, "tools/call", name="noise", arguments={}))])
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(sent)
        process.stdin.flush()
        answers = [json.loads(process.stdout.readline()) for _ in range(2)]
        process.stdin.close()
        assert process.stdout.read() == b""
    assert answers[1]["result"]["content"][0]["text"] == "quiet"


@pytest.mark.parametrize(
    ("raw", "number", "code"),
    [
        (b'{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"na', 7, -32700),
        (b'{"method":"x","params":{"a":[}},"jsonrpc":"2.0","id":"z"}', "z", -32700),
        (b'\xef\xbb\xbf{"jsonrpc":"2.0","id":1,"method":"ping"}', 1, -32700),
        (b'{"jsonrpc":"2.0","id":2,"method":"ping","params":{"a":"\xff"}}', 2, -32700),
        (b'{"jsonrpc":"2.0","id":3,"method":"ping","params":{"a":"\\ud800"}}', 3, -32700),
        (b'{"jsonrpc":"2.0","id":4,"method":"ping","params":[1]}', 4, -32600),
        (b'{"id":5,"method":"ping"}', 5, -32600),
        (b'{"jsonrpc":"2.0","id":6}', 6, -32600),
        (b'{"jsonrpc":"2.0","id":0.5,"method":"ping"}', 0.5, -32600),
        (b'{"jsonrpc":"2.0","id":null,"method":"ping"}', None, -32600),
        (b'{"jsonrpc":"2.0","id":{"a":1},"method":"ping"}', None, -32600),
        (b'[{"jsonrpc":"2.0","id":8,"method":"ping"}]', 8, -32600),
        (b"[]", None, -32600),
        (b"rubbish", None, -32700),
    ],
)
def test_a_refusal_names_the_id_and_the_kind_of_error(raw: bytes, number: object, code: int) -> None:
    (answer,) = map(json.loads, refusals(raw) or [])
    assert (answer["id"], answer["error"]["code"]) == (number, code)


@pytest.mark.parametrize(
    "raw",
    [
        b'{"jsonrpc":"2.0","id":1,"result":5}',
        b'{"jsonrpc":"2.0","id":1,"error":"no"}',
        b'{"jsonrpc":"2.0","method":"no/such","params":5}',
    ],
)
def test_responses_and_notifications_are_never_answered(raw: bytes) -> None:
    assert refusals(raw) == []


@pytest.mark.parametrize(
    "raw",
    [
        b'{"jsonrpc":"2.0","id":1,"result":{"a":"\\ud800"}}',
        b'{"jsonrpc":"2.0","params":{"id":5},"method":',
        b'{"a":"b,\\"id\\":5}',
        b'{"jsonrpc":"2.0","id":12',
        b'x"id":5}',
    ],
)
def test_an_id_that_is_not_surely_the_requests_is_not_taken(raw: bytes) -> None:
    assert salvaged_id(raw) is None


def test_the_longest_line_that_is_taken_is_taken(tmp_path: Path) -> None:
    frame = line(request("legacy", 1, "no/such", a=""))
    whole = frame.replace(b'"a":""', b'"a":"' + b"x" * (MAX_LINE_BYTES - len(frame)) + b'"')
    with raw_server(tmp_path) as server:
        server.send([*opening("legacy"), whole])
        assert server.answer(1)["error"]["code"] == -32601


def _children(server: RawServer) -> list[int]:
    try:
        tasks = Path(f"/proc/{server.process.pid}/task").iterdir()
        return [int(pid) for task in tasks for pid in (task / "children").read_text().split()]
    except OSError:
        return []


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
