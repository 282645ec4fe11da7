"""The real program against the service: commands at the terminal, an agent's session, and a key that shows up nowhere."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import anyio
import pytest
from mcp import Client, StdioServerParameters
from mcp.types import TextContent
from PIL import Image

from kimi_files.answer import Question
from kimi_files.errors import KimiFilesError
from kimi_files.kimi.patience import RetryPolicy
from tests.engine.kimi.faulty_proxy import Fault, scripted
from tests.engine.kimi.peer import KEY
from tests.engine.kimi.world import World, create, opened, world


def environment(base_url: str, **more: str) -> dict[str, str]:
    ours = ("KIMI_", "MOONSHOT_", "OPENAI_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
    clean = {name: value for name, value in os.environ.items() if not name.upper().startswith(ours)}
    return {**clean, "MOONSHOT_API_KEY": KEY, "MOONSHOT_BASE_URL": base_url, "KIMI_FILES_LOG": "DEBUG", **more}


@dataclass(frozen=True, slots=True)
class Ended:
    code: int
    out: str
    error: str


async def command(at: World, *arguments: str, base_url: str = "", **more: str) -> Ended:
    """``kimi-files-mcp`` with these arguments; nothing that it says may hold the key."""
    line = [sys.executable, "-m", "kimi_files_mcp", "--data-dir", str(at.folder / "data"), *arguments]
    ended = await anyio.run_process(
        line, check=False, env=environment(base_url or at.proxy.base_url, **more), stdin=subprocess.DEVNULL
    )
    found = Ended(ended.returncode, ended.stdout.decode(), ended.stderr.decode())
    assert KEY not in found.out + found.error
    return found


def requests(*numbers: int) -> str:
    body = {"model": "kimi-k3", "messages": [{"role": "user", "content": "hi"}]}
    lines = ({"custom_id": f"r{n}", "method": "POST", "url": "/v1/chat/completions", "body": body} for n in numbers)
    return "".join(json.dumps(line) + "\n" for line in lines)


async def test_files_are_uploaded_listed_with_dates_and_deleted_by_age(tmp_path: Path) -> None:
    async with world(tmp_path) as at:
        uploaded = await command(at, "upload", str(at.file("a.txt")), str(at.file("b.txt", "b\n")))
        assert (uploaded.code, len(uploaded.out.splitlines())) == (0, 2)
        listed = await command(at, "list")
        assert "a.txt" in listed.out
        assert ".kf-" not in listed.out
        young = await command(at, "delete", "--all", "--older-than", "1h", "--yes")
        assert (young.code, young.out) == (0, "")
        refused = await command(at, "delete", "--all")
        assert (refused.code, len(await at.peer.files())) == (1, 2)
        deleted = await command(at, "delete", "--all", "--yes")
        assert (deleted.code, len(deleted.out.splitlines())) == (0, 2)
        assert await at.peer.files() == []


async def test_a_file_of_unknown_age_is_not_deleted_for_its_age(tmp_path: Path) -> None:
    async with world(tmp_path) as at:
        record = {"id": "file_x", "object": "file", "bytes": 1, "filename": "a.txt", "purpose": "file-extract"}
        at.proxy.canned["GET /v1/files"] = json.dumps({"object": "list", "data": [record]}).encode()
        deleted = await command(at, "delete", "--all", "--older-than", "1h", "--yes")
        assert (deleted.code, deleted.out, [*at.proxy.seen]) == (0, "", ["GET /v1/files"])


@pytest.mark.parametrize(
    "wrong", [("delete",), ("delete", "file_x", "--all"), ("delete", "--older-than", "1d", "file_x")]
)
async def test_a_delete_that_is_not_meant_is_refused(tmp_path: Path, wrong: Sequence[str]) -> None:
    async with world(tmp_path) as at:
        assert (await command(at, *wrong)).code == 2
        assert at.proxy.seen == {}


async def test_a_batch_runs_and_its_results_stand_in_the_order_of_the_requests(tmp_path: Path) -> None:
    async with world(tmp_path) as at:
        at.proxy.plan = scripted("POST", "/batches", Fault.LOST_REPLY)
        started = await command(at, "batch", "run", "--detach", str(at.file("r.jsonl", requests(1, 2, 3))))
        assert (started.code, list(at.peer.script.batches)) == (0, ["batch_0"])
        assert started.out.strip() == "batch_0"
        again = await command(at, "batch", "run", "--detach", str(at.folder / "files" / "r.jsonl"))
        assert (again.out.strip(), list(at.peer.script.batches)) == ("batch_0", ["batch_0"])
        batch = at.peer.script.batches["batch_0"]
        answer = '{"custom_id":"r3","response":{"status_code":200,"body":{}},"error":null}\n'
        failure = '{"custom_id":"r1","response":{"status_code":400,"body":{}},"error":{"message":"high risk"}}\n'
        # Our own service keeps nothing but requests under this purpose: results are put there by hand.
        for name, line in (("output_file_id", answer), ("error_file_id", failure)):
            record = await create(at.peer.service, at.folder_file(f"{name}.txt", line))
            batch[name] = record.id
        batch["status"] = "completed"
        batch["request_counts"] = {"total": 3, "completed": 1, "failed": 1}
        status = await command(at, "batch", "status", "batch_0")
        assert (status.code, status.out) == (0, "batch_0  completed  1 of 3 answered, 1 failed\n")
        out = at.folder / "out.jsonl"
        results = await command(at, "batch", "results", "batch_0", "-o", str(out))
        assert results.code == 1
        assert "1 answered, 1 failed, 1 without a result" in results.error
        lines = [json.loads(line) for line in out.read_text().splitlines()]
        assert [line["custom_id"] for line in lines] == ["r1", "r2", "r3"]
        assert lines[0]["error"]["message"] == "high risk"
        assert lines[1]["error"]["code"] == "no_result"
        assert [path.name for path in at.folder.glob(".out*")] == []


async def test_a_batch_file_with_bad_lines_is_not_uploaded(tmp_path: Path) -> None:
    async with world(tmp_path) as at:
        ended = await command(at, "batch", "run", str(at.file("r.jsonl", requests(1, 1))))
        assert ended.code == 1
        assert "custom_id" in ended.error
        assert at.uploads() == 0


async def test_batches_need_kimi_and_say_so(tmp_path: Path) -> None:
    async with world(tmp_path) as at:
        ended = await command(at, "--service", "local", "batch", "status", "batch_0")
        assert (ended.code, "MOONSHOT_API_KEY" in ended.error) == (1, True)


async def test_an_unexpanded_variable_of_the_host_is_no_key(tmp_path: Path) -> None:
    async with world(tmp_path) as at:
        ended = await command(at, "list", MOONSHOT_API_KEY="${MOONSHOT_API_KEY}", KIMI_API_KEY="")
        assert (ended.code, ended.out) == (0, "no files are kept\n")
        assert at.proxy.seen == {}


async def test_nothing_is_uploaded_when_the_service_is_local(tmp_path: Path) -> None:
    async with world(tmp_path) as at:
        path = str(at.file())
        for arguments in (("read", path), ("ask", "What did it cost?", path), ("upload", path)):
            assert (await command(at, "--service", "local", *arguments)).code == 0
        assert at.proxy.seen == {}


async def test_a_secret_is_refused_whatever_is_allowed(tmp_path: Path) -> None:
    async with world(tmp_path) as at:
        secret = at.file(".env", f"MOONSHOT_API_KEY={KEY}\n")
        ended = await command(at, "--allow", str(secret.parent), "upload", str(secret))
        assert ended.code == 1
        assert at.uploads() == 0


async def test_an_agents_session_over_kimi(tmp_path: Path) -> None:
    async with world(tmp_path) as at:
        at.file("cracks.txt", "The inspection found hairline cracks on shaft nine; the cost was 48,300.00 euros.\n")
        Image.new("RGB", (60, 40), "navy").save(at.file("chart.png", ""))
        at.peer.script.answer = lambda request: ("It found hairline cracks on shaft nine [1]; the chart is blue [2].",)
        async with Client(_server(at)) as client:

            async def call(name: str, **arguments: object) -> str:
                result = await client.call_tool(name, arguments)
                (block,) = [block for block in result.content if isinstance(block, TextContent)]
                return block.text

            record = json.loads(await call("upload_file", path="cracks.txt"))
            assert (record["filename"], record["status"]) == ("cracks.txt", "ready")
            content = await call("get_file_content", file="cracks.txt")
            assert "hairline cracks on shaft nine" in content
            assert "<file-text " in content
            at.file("note.txt", f"the key is {KEY}\n")
            note = await call("get_file_content", file="note.txt")
            assert ("the key is [key]" in note, KEY in note) == (True, False)
            answer = await call("ask_about_files", question="What was found?", files=["cracks.txt", "chart.png"])
            assert answer == (
                "It found hairline cracks on shaft nine [1]; the chart is blue [2].\n\n"
                '[1] cracks.txt, line 1: "found hairline cracks on shaft nine"\n'
                "[2] chart.png, picture\n"
                "model kimi-k3 · file read whole · 1 picture looked at · 44,180 tokens in, 96 out"
            )
            listed = json.loads(await call("list_files"))
            assert sorted(file["filename"] for file in listed["data"]) == ["chart.png", "cracks.txt", "note.txt"]
            assert json.loads(await call("delete_file", file_id=record["id"]))["deleted"] is True


def _server(at: World) -> StdioServerParameters:
    options = ["--allow", str(at.folder / "files"), "--data-dir", str(at.folder / "data")]
    return StdioServerParameters(
        command=sys.executable, args=["-m", "kimi_files_mcp", *options], env=environment(at.proxy.base_url)
    )


async def test_the_key_is_in_no_output_log_or_file_of_the_program(tmp_path: Path) -> None:
    async with world(tmp_path) as at:
        path = str(at.file())
        at.proxy.plan = scripted("GET", "/models", Fault.ECHO)
        assert (await command(at, "ask", "What?", path)).code == 1
        at.proxy.plan = scripted("GET", "/files", Fault.WRONG_KEY)
        assert "https://api.moonshot.cn/v1" in (await command(at, "list")).error
        for variables in (
            {"MOONSHOT_BASE_URL": KEY},
            {"MOONSHOT_BASE_URL": f"http://127.0.0.1:9/{KEY}"},
            {"MOONSHOT_API_KEY": f"{KEY}\nX-Other: 1"},
            {"MOONSHOT_API_KEY": f"{KEY}é"},
        ):
            assert (await command(at, "list", **variables)).code == 1
        assert _files_with_the_key(at) == []


async def test_the_key_is_in_no_error_no_log_and_no_file_whatever_fails(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with world(tmp_path) as at:
        kimi = at.start(policy=RetryPolicy(deadline=10))
        caplog.set_level(logging.DEBUG)
        told: list[str] = []
        for fault in Fault:
            if fault is Fault.SILENCE:
                continue
            for method, where in (("GET", "/files"), ("POST", "/files"), ("GET", "/content"), ("POST", "/completions")):
                # Not only once: what stays broken is an error.
                at.proxy.plan = lambda of, on, fault=fault, method=method, where=where: (  # type: ignore[misc]
                    fault if of == method and on.partition("?")[0].endswith(where) else None
                )
                path = at.file(f"{fault.name}-{method}{where.replace('/', '-')}.txt", f"{fault.name} {where}\n")
                try:
                    async with opened(path) as file:
                        content = await kimi.content(file)
                    await kimi.answer(Question("What?", (), 1_000), [content])
                    await kimi.list()
                except KimiFilesError as error:
                    told.append("".join(traceback.format_exception(error)) + repr(error.to_response()))
        assert len(told) > 40
        assert [text for text in told if KEY in text] == []
        assert KEY not in caplog.text
        assert _files_with_the_key(at) == []


def _files_with_the_key(at: World) -> list[Path]:
    kept = [file for file in (at.folder / "data").rglob("*") if file.is_file()]
    assert kept
    return [file for file in kept if KEY.encode() in file.read_bytes()]
