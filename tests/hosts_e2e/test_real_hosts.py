"""What reaches the model in real hosts, which read the configuration that ``install`` wrote: everything, and once."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.hosts_e2e.installed import PROGRAMS, closed_network, missing, with_programs

TURNS = [
    {"tool": "get_file_content", "arguments": {"file": "notes.txt"}},
    {"tool": "get_file_content", "arguments": {"file": "red.png", "pictures": True}},
    {"tool": "upload_file", "arguments": {"path": "notes.txt"}},
    {"tool": "get_file_content", "arguments": {"file": "../elsewhere.txt"}},
    {"tool": "ask_about_files", "arguments": {"question": "When does the canary sing?", "files": ["notes.txt"]}},
    {"tool": "list_files", "arguments": {}},
    {"tool": "delete_file", "arguments": {"file_id": "{file_id}"}},
]

HOSTS: dict[str, dict[str, Any]] = {
    "kimi-code": {
        "program": "kimi",
        "arguments": ["-p", "Read the files.", "--output-format", "stream-json"],
        "environment": {
            "KIMI_DISABLE_TELEMETRY": "1",
            "KIMI_CODE_NO_AUTO_UPDATE": "1",
            "KIMI_MODEL_NAME": "scripted",
            "KIMI_MODEL_API_KEY": "sk-scripted",
            "KIMI_MODEL_PROVIDER_TYPE": "openai",
            "KIMI_MODEL_BASE_URL": "{model}",
        },
        "files": {},
    },
    "opencode": {
        "program": "opencode",
        "arguments": ["run", "--auto", "Read the files."],
        "environment": {
            "OPENCODE_DISABLE_AUTOUPDATE": "1",
            "OPENCODE_DISABLE_MODELS_FETCH": "1",
            "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
            "OPENCODE_DISABLE_DEFAULT_PLUGINS": "1",
        },
        "files": {
            ".config/opencode/opencode.json": {
                "autoupdate": False,
                "share": "disabled",
                "model": "scripted/scripted",
                "small_model": "scripted/scripted",
                "provider": {
                    "scripted": {
                        "npm": "@ai-sdk/openai-compatible",
                        "options": {"baseURL": "{model}", "apiKey": "sk-scripted"},
                        "models": {
                            "scripted": {
                                "attachment": True,
                                "tool_call": True,
                                "modalities": {"input": ["text", "image"], "output": ["text"]},
                                "limit": {"context": 128_000, "output": 8_000},
                            }
                        },
                    }
                },
            }
        },
    },
}


@pytest.mark.skipif(not closed_network(), reason="this system gives no network of its own to a process (unshare --net)")
@pytest.mark.parametrize("host", HOSTS)
def test_text_pictures_records_and_errors_reach_the_model_once(host, tmp_path):
    why = missing(HOSTS[host]["program"])
    if why:
        pytest.skip(why)
    text, picture, record, error, answer, listed, deleted = _session(host, tmp_path)

    assert _count(text, "The canary sings at noon.") == 1
    assert _count(text, "notes.txt ·") == 1
    assert _count(text, "<file-text ") == 1
    assert (_count(picture, "64 × 48 px"), _count(picture, "data:image/png;base64,")) == (1, 1)
    assert (_count(record, '"filename":"notes.txt"'), len(re.findall("file_[0-9a-z]{26}", _words(record)))) == (1, 1)
    assert (_count(error, "outside the allowed folders"), _count(error, "--allow")) == (1, 1)
    assert (_count(answer, "The canary sings at noon."), _count(answer, "[1] notes.txt")) == (1, 1)
    assert _count(listed, '"filename":"notes.txt"') == 1
    assert _count(deleted, '"deleted":true') == 1


def _session(host: str, tmp_path: Path) -> list[list[dict[str, Any]]]:
    """For each turn of the script, the messages with which its result reached the model."""
    home, project = tmp_path / "home", tmp_path / "project"
    home.mkdir()
    project.mkdir()
    (project / "notes.txt").write_text("The canary sings at noon.\nIt rains at four.\n")
    (tmp_path / "elsewhere.txt").write_text("not allowed")
    Image.new("RGB", (64, 48), (200, 30, 30)).save(project / "red.png")
    settings = HOSTS[host]
    environment = with_programs(HOME=str(home), KIMI_FILES_DATA_DIR=str(tmp_path / "data"))
    for name, content in settings["files"].items():
        (home / name).parent.mkdir(parents=True)
        (home / name).write_text(json.dumps(content))
    install = [sys.executable, "-m", "kimi_files_mcp", "install", host]
    subprocess.run(install, env=environment, cwd=project, check=True, capture_output=True)
    plan = {
        "turns": TURNS,
        "command": [str(PROGRAMS / settings["program"]), *settings["arguments"]],
        "folder": str(project),
        "environment": settings["environment"],
        "files": [str(home / name) for name in settings["files"]],
    }
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    program = Path(__file__).parent / "closed_network.py"
    done = subprocess.run(
        [*closed_network(), sys.executable, str(program), str(tmp_path / "plan.json"), str(tmp_path / "record.json")],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    record = json.loads((tmp_path / "record.json").read_text())
    assert len(record["requests"]) == len(TURNS) + 1, record["output"]
    return _results(record["requests"][-1]["messages"])


def _results(messages: Sequence[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """What stands between one call of the model and the next."""
    results: list[list[dict[str, Any]]] = []
    for message in messages:
        if message.get("tool_calls"):
            results.append([])
        elif results:
            results[-1].append(message)
    return results


def _words(messages: Sequence[dict[str, Any]]) -> str:
    """All that the messages say, as the model reads it."""
    parts = [part for message in messages for part in _parts(message["content"])]
    return "\n".join(part.get("text") or part.get("image_url", {}).get("url", "") for part in parts)


def _parts(content: str | list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"text": content}] if isinstance(content, str) else content


def _count(messages: Sequence[dict[str, Any]], words: str) -> int:
    return _words(messages).count(words)
