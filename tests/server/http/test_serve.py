"""``kimi-files-mcp serve`` as a process: what it prints, where it listens, how it ends, and who else uses the store."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from kimi_files.errors import InvalidArguments
from kimi_files_mcp.http.auth import KeyRequired, new_key, read_key
from tests.samples.pdf import Page, pdf
from tests.server.http.conftest import KEY, clean_environment, serving

URL = re.compile(r"base URL  (?P<url>http://127\.0\.0\.1:\d+/v1)\n")
SHOWN_KEY = re.compile(rb"API key   (?P<key>sk-local-[\w-]{43})  \(made for this run, shown only here\)\r?\n")


def command(folder: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "kimi_files_mcp", "--data-dir", str(folder / "data"), "serve", *options]


def ended(folder: Path, *options: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """A start that is expected to fail."""
    return subprocess.run(
        command(folder, *options), capture_output=True, text=True, env=clean_environment(**variables), timeout=60
    )


@pytest.mark.skipif(sys.platform == "win32", reason="processes get neither signals nor terminals of ours there")
def test_a_key_is_made_and_shown_once_on_the_terminal_only(tmp_path):
    environment = clean_environment(KIMI_FILES_LOG="DEBUG")
    ours, theirs = os.openpty()
    with (
        open(ours, "rb", buffering=0) as terminal,
        subprocess.Popen(
            command(tmp_path), stdout=subprocess.PIPE, stderr=theirs, text=True, env=environment
        ) as process,
    ):
        assert process.stdout
        url = URL.fullmatch(process.stdout.readline())
        shown = b""
        while not (key := SHOWN_KEY.search(shown)):
            shown += terminal.read(4_096)
        assert url
        headers = {"Authorization": f"Bearer {key['key'].decode()}"}
        assert httpx.get(f"{url['url']}/files", headers=headers, trust_env=False).json()["data"] == []
        assert httpx.get(f"{url['url']}/files", trust_env=False).status_code == 401
        process.send_signal(signal.SIGTERM)
        rest, _ = process.communicate(timeout=60)
        os.set_blocking(ours, False)
        log = shown[: key.start()] + shown[key.end() :] + (terminal.read() or b"")
    os.close(theirs)
    assert process.returncode == 0
    assert key["key"] not in rest.encode() + log
    kept = b"".join(path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file())
    assert key["key"] not in kept


def test_a_key_is_not_written_where_no_terminal_is(tmp_path):
    failed = ended(tmp_path)
    assert failed.returncode == 1
    assert failed.stdout == ""
    assert "--api-key-file" in failed.stderr
    assert "sk-local-" not in failed.stderr


def test_the_chat_client_is_not_loaded_before_somebody_chats():
    loaded = "import sys, kimi_files_mcp.http.run, kimi_files_mcp.http.app; print('httpx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", loaded], capture_output=True, check=True).stdout.strip() == b"False"


def test_keys_are_never_the_same():
    assert new_key() != new_key()


def test_a_key_is_in_no_representation():
    assert KEY not in repr(KeyRequired(None, KEY))  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["sk-key", "  sk-key\r\n", "\ufeffsk-key\n"])
def test_a_key_file_holds_one_line(tmp_path, text):
    path = tmp_path / "key"
    path.write_text(text, encoding="utf-8")
    assert read_key(path) == "sk-key"


@pytest.mark.parametrize(
    "data", [b"", b"\n", b"two words", b"one\ntwo\n", "schlüssel".encode(), b"\xff\xfe", b"x" * 513]
)
def test_a_key_file_without_a_key_is_refused_and_not_shown(tmp_path, data):
    path = tmp_path / "key"
    path.write_bytes(data)
    with pytest.raises(InvalidArguments) as refusal:
        read_key(path)
    assert not data.strip() or data.decode(errors="replace").strip() not in str(refusal.value)


@pytest.mark.parametrize(
    ("options", "variables", "words"),
    [
        (["--host", "0.0.0.0"], {}, "--api-key-file"),
        (["--host", "192.168.1.7"], {}, "lets other machines in"),
        (["--api-key-file", "missing"], {}, "cannot be read"),
        (["--port", "70000"], {}, "70000"),
        ([], {"KIMI_FILES_CHAT_BASE_URL": "http://example.com/v1"}, "KIMI_FILES_CHAT_BASE_URL"),
    ],
)
def test_a_wrong_setting_ends_the_start_with_its_remedy(tmp_path, options, variables, words):
    failed = ended(tmp_path, *options, **variables)
    assert failed.returncode != 0
    assert words in failed.stderr
    assert "Traceback" not in failed.stderr


def test_a_port_that_is_taken_is_named(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        failed = ended(tmp_path, "--port", str(taken.getsockname()[1]))
    assert failed.returncode == 1
    assert "cannot be listened on" in failed.stderr
    assert "Choose another --port" in failed.stderr


def test_with_a_key_file_other_machines_may_be_let_in(tmp_path):
    with serving(tmp_path, "--host", "0.0.0.0") as running:
        assert running.base_url.startswith("http://0.0.0.0:")
        url = running.base_url.replace("0.0.0.0", "127.0.0.1")
        assert httpx.get(f"{url}/files", trust_env=False).status_code == 401


async def test_a_scan_that_a_tool_keeps_is_listed_though_http_would_refuse_it(connect, tmp_path):
    scan = pdf([Page(picture=True)])
    with serving(tmp_path) as running, running.client() as client:
        form = {"file": ("scan.pdf", scan), "purpose": (None, "file-extract")}
        assert client.post("/files", files=form).json()["error"]["code"] == "no_text"
        async with connect(data="data") as session:
            (session.folder / "scan.pdf").write_bytes(scan)
            kept = (await session.client.call_tool("upload_file", {"path": "scan.pdf"})).structured_content
        assert "without text" in kept["status_details"]
        assert [file["id"] for file in client.get("/files").json()["data"]] == [kept["id"]]
        assert client.post("/files", files=form).json()["id"] == kept["id"]


async def test_the_mcp_server_and_serve_use_one_store_at_the_same_time(connect, tmp_path):
    with serving(tmp_path) as running, running.client() as client:
        async with connect(data="data") as session:
            (session.folder / "shared.txt").write_text("what both can read")
            file_id = (await session.client.call_tool("upload_file", {"path": "shared.txt"})).structured_content["id"]
            assert client.get(f"/files/{file_id}/content").json()["content"] == "what both can read"
            form = {"file": ("from-http.txt", b"sent over HTTP"), "purpose": (None, "file-extract")}
            sent = client.post("/files", files=form).json()["id"]
            assert "sent over HTTP" in await session.call("get_file_content", file=sent)
            await session.call("delete_file", file_id=sent)
            assert client.get(f"/files/{sent}").status_code == 404
