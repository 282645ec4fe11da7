"""The examples of Kimi's own upload page, with only base URL and key changed, and the SDKs on 250 files."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import anyio.to_thread
import openai
import pytest
from openai import OpenAI

from tests.hosts_e2e.installed import PACKAGES, PROGRAMS, missing_package
from tests.server.http.conftest import KEY, Running, chat_at, clean_environment, listening, serving, serving_here
from tests.server.http.endpoint import ChatEndpointApp

SAMPLES = Path(str(files("kimi_files_mcp") / "samples"))
REPORT = SAMPLES / "annual-report.pdf"
PROMPT = {"role": "system", "content": "You are Kimi, an AI assistant by Moonshot AI."}

NODE_EXAMPLE = """
const OpenAI = require("openai"); const fs = require("fs");
const client = new OpenAI();
async function main() {
  const file = await client.files.create({ file: fs.createReadStream(process.argv[1]), purpose: "file-extract" });
  const text = await (await client.files.content(file.id)).text();
  const listed = [];
  for await (const one of client.files.list({ limit: 100 })) listed.push(one.id);
  const again = await client.files.retrieve(file.id);
  const gone = await client.files.delete(file.id);
  let chat = null, missing = null;
  try { await client.files.retrieve(file.id); } catch (error) { missing = [error.status, error.type]; }
  if (process.argv[2] === "chat") {
    const stream = await client.chat.completions.create({ model: "two-step", stream: true,
      messages: [{ role: "system", content: text }, { role: "user", content: "What is it about?" }] });
    chat = ""; for await (const part of stream) chat += part.choices[0].delta.content;
  }
  console.log(JSON.stringify({ file, text, listed, again, gone, missing, chat }));
}
main();
"""


@pytest.fixture
def node() -> Callable[..., dict[str, Any]]:
    """Runs the example with npm's openai package against a service."""
    if why := missing_package("openai"):
        pytest.skip(why)

    def run(running: Running, file: Path, chat: str = "") -> dict[str, Any]:
        variables = {"OPENAI_BASE_URL": running.base_url, "OPENAI_API_KEY": KEY, "NODE_PATH": str(PACKAGES)}
        command = [str(PROGRAMS / "node"), "-e", NODE_EXAMPLE, str(file), chat]
        ended = subprocess.run(command, capture_output=True, env=clean_environment(**variables), check=True)
        answer: dict[str, Any] = json.loads(ended.stdout)
        return answer

    return run


def with_both(store: Callable[..., Any], tmp_path: Path, example: Callable[[Running], None]) -> ChatEndpointApp:
    """Run a client against the service with a chat endpoint behind it."""
    upstream = ChatEndpointApp()
    upstream.go_on.set()

    async def work() -> None:
        async with (
            listening(upstream.app()) as url,
            serving_here(store(), tmp_path, chat=chat_at(url)) as running,
        ):
            await anyio.to_thread.run_sync(example, running)

    anyio.run(work)
    return upstream


def openai_client(running: Running) -> OpenAI:
    return OpenAI(base_url=running.base_url, api_key=KEY, max_retries=0)


def test_the_example_in_python(store, tmp_path):
    def example(running: Running) -> None:
        client = openai_client(running)
        file_object = client.files.create(file=REPORT, purpose="file-extract")
        file_content = client.files.content(file_id=file_object.id).text
        messages = [PROMPT, {"role": "system", "content": file_content}, {"role": "user", "content": "Introduce it"}]
        completion = client.chat.completions.create(model="kimi-k3", messages=messages)
        assert completion.choices[0].message.content == "2 system messages; Introduce it"
        assert (file_object.filename, file_object.bytes) == ("annual-report.pdf", REPORT.stat().st_size)

    upstream = with_both(store, tmp_path, example)
    body = json.loads(json.loads(upstream.requests[0][1])["messages"][1]["content"])
    assert list(body) == ["content", "file_type", "filename", "title", "type"]
    assert body["file_type"] == "application/pdf"
    assert "shaft nine" in body["content"]


def test_the_example_with_several_files_in_one_conversation(store, tmp_path):
    names = ["annual-report.pdf", *(sample.name for sample in SAMPLES.iterdir() if sample.suffix in (".md", ".csv"))]

    def example(running: Running) -> None:
        client = openai_client(running)

        def upload_files(paths: list[str]) -> list[dict[str, str]]:
            messages = []
            for path in paths:
                file_object = client.files.create(file=Path(path), purpose="file-extract")
                messages.append({"role": "system", "content": client.files.content(file_id=file_object.id).text})
            return messages

        messages = [*upload_files([str(SAMPLES / name) for name in names]), PROMPT]
        question = {"role": "user", "content": "Compare them"}
        completion = client.chat.completions.create(model="kimi-k3", messages=[*messages, question])
        assert completion.choices[0].message.content == f"{len(names) + 1} system messages; Compare them"

    upstream = with_both(store, tmp_path, example)
    sent = json.loads(upstream.requests[0][1])["messages"]
    assert [json.loads(message["content"])["filename"] for message in sent[: len(names)]] == names


def test_the_example_in_curl(running, api, tmp_path):
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    name = '年度 "报告".txt'
    # Above the size from which curl asks before it sends (Expect: 100-continue).
    (tmp_path / name).write_text("涡轮\n" * 400_000, encoding="utf-8")
    command = ["curl", "--silent", "--show-error", f"{running.base_url}/files", "-H", f"Authorization: Bearer {KEY}"]
    command += ["-H", "Expect: 100-continue", "-F", "purpose=file-extract"]
    quoted = name.replace('"', '\\"')
    answer = subprocess.run([*command, "-F", f'file=@"{quoted}"'], cwd=tmp_path, capture_output=True, check=True)
    file = json.loads(answer.stdout)
    assert (file["filename"], file["bytes"]) == (name, 7 * 400_000)
    assert api.get(f"/files/{file['id']}/content").json()["content"] == "涡轮\n" * 400_000
    api.delete(f"/files/{file['id']}")


def test_the_example_in_node_with_a_read_stream(node, store, tmp_path):
    answers: list[dict[str, Any]] = []

    def example(running: Running) -> None:
        answers.append(node(running, REPORT, "chat"))

    upstream = with_both(store, tmp_path, example)
    answer = answers[0]
    assert answer["file"]["filename"] == "annual-report.pdf"
    assert answer["again"] == answer["file"]
    assert answer["listed"] == [answer["file"]["id"]]
    assert answer["gone"] == {"id": answer["file"]["id"], "object": "file", "deleted": True}
    assert answer["missing"] == [404, "resource_not_found_error"]
    assert answer["chat"] == "first second"
    assert "shaft nine" in json.loads(json.loads(upstream.requests[0][1])["messages"][0]["content"])["content"]


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service that keeps 250 files."""
    with serving(tmp_path_factory.mktemp("many")) as running, running.client() as client:
        for number in range(250):
            body = {"model": "kimi-k3", "messages": [{"role": "user", "content": f"number {number}"}]}
            line = {"custom_id": "one", "method": "POST", "url": "/v1/chat/completions", "body": body}
            file = (f"{number:03}.jsonl", json.dumps(line).encode())
            answer = client.post("/files", files={"file": file}, data={"purpose": "batch"})
            assert answer.status_code == 200, answer.text
        yield running


def test_openai_python_pages_through_250_files(many):
    client = openai_client(many)
    for limit in (100, 250, openai.NOT_GIVEN):
        names = [file.filename for file in client.files.list(limit=limit)]
        assert names == [f"{number:03}.jsonl" for number in reversed(range(250))]
    oldest_first = [file.filename for file in client.files.list(limit=7, order="asc", purpose="batch")]
    assert oldest_first == [f"{number:03}.jsonl" for number in range(250)]


def test_openai_node_pages_through_250_files(node, many, tmp_path):
    (tmp_path / "last.txt").write_text("last")
    assert len(set(node(many, tmp_path / "last.txt")["listed"])) == 251


def test_openai_python_raises_its_own_errors(running):
    client = openai_client(running)
    with pytest.raises(openai.NotFoundError) as missing:
        client.files.retrieve("file_nobody")
    assert missing.value.type == "resource_not_found_error"
    with pytest.raises(openai.BadRequestError, match="File size is zero"):
        client.files.create(file=("empty.txt", b""), purpose="file-extract")
    with pytest.raises(openai.AuthenticationError):
        OpenAI(base_url=running.base_url, api_key="sk-wrong", max_retries=0).files.list()
    with pytest.raises(openai.NotFoundError, match="KIMI_FILES_CHAT_BASE_URL"):
        client.models.list()


def test_openai_python_retrieves_and_deletes(running, tmp_path):
    client = openai_client(running)
    file = client.files.create(file=("片段.py", b"print(1)\n"), purpose="file-extract")
    assert client.files.retrieve(file.id) == file
    assert json.loads(client.files.content(file.id).read())["content"] == "print(1)\n"
    assert client.files.delete(file.id).deleted
    assert file.id not in [one.id for one in client.files.list()]
