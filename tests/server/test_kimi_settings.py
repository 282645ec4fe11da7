"""Which service and which endpoints the environment names."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from kimi_files.errors import InvalidArguments
from kimi_files_mcp.settings import Settings, read_settings

KEY = "sk-settings-0123456789abcdef"


def settings(tmp_path: Path, service: str | None = None, **environment: str) -> Settings:
    return read_settings(environment, [str(tmp_path)], service, str(tmp_path / "data"))


@pytest.mark.parametrize(
    ("environment", "option", "service"),
    [
        ({}, None, "local"),
        ({"MOONSHOT_API_KEY": KEY}, None, "kimi"),
        ({"KIMI_API_KEY": KEY}, None, "kimi"),
        ({"MOONSHOT_API_KEY": KEY}, "local", "local"),
        ({"MOONSHOT_API_KEY": KEY, "KIMI_FILES_SERVICE": "local"}, None, "local"),
        ({"MOONSHOT_API_KEY": KEY, "KIMI_FILES_SERVICE": "local"}, "kimi", "kimi"),
        ({"MOONSHOT_API_KEY": "${MOONSHOT_API_KEY}"}, None, "local"),
        ({"MOONSHOT_API_KEY": "${MOONSHOT_API_KEY:-}", "KIMI_API_KEY": KEY}, None, "kimi"),
        ({"MOONSHOT_API_KEY": "  "}, None, "local"),
        ({"MOONSHOT_API_KEY": KEY, "KIMI_FILES_SERVICE": "${KIMI_FILES_SERVICE}"}, None, "kimi"),
        ({"KIMI_FILES_CHAT_BASE_URL": "http://localhost:11434"}, None, "local"),
    ],
)
def test_a_key_makes_it_kimi_unless_somebody_says_otherwise(
    tmp_path: Path, environment: dict[str, str], option: str | None, service: str
) -> None:
    found = settings(tmp_path, option, **environment)
    assert found.service == service
    assert (found.kimi is not None) is (service == "kimi")


def test_the_names_that_users_have_in_their_environment_work(tmp_path: Path) -> None:
    for name in ("MOONSHOT_BASE_URL", "MOONSHOT_API_BASE", "KIMI_BASE_URL"):
        found = settings(tmp_path, MOONSHOT_API_KEY=KEY, **{name: "https://api.moonshot.cn"})
        assert found.kimi is not None
        assert (found.kimi.base_url, found.kimi.url_variable) == ("https://api.moonshot.cn/v1", name)


def test_a_key_alone_means_the_international_region(tmp_path: Path) -> None:
    found = settings(tmp_path, MOONSHOT_API_KEY=KEY).kimi
    assert found is not None
    assert (found.base_url, found.key) == ("https://api.moonshot.ai/v1", KEY)


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"KIMI_FILES_SERVICE": "kimi"}, "MOONSHOT_API_KEY"),
        ({"KIMI_API_KEY": "sk-a b"}, "KIMI_API_KEY"),
        ({"MOONSHOT_API_KEY": KEY, "KIMI_BASE_URL": "http://api.moonshot.ai"}, "KIMI_BASE_URL"),
        ({"KIMI_FILES_CHAT_BASE_URL": "http://192.168.1.5:11434"}, "KIMI_FILES_CHAT_BASE_URL"),
        (
            {"KIMI_FILES_CHAT_BASE_URL": "http://localhost:1", "KIMI_FILES_CHAT_API_KEY": "a\nb"},
            "KIMI_FILES_CHAT_API_KEY",
        ),
        ({"KIMI_FILES_SERVICE": "remote"}, "auto, local or kimi"),
    ],
)
def test_what_is_wrong_is_named_at_start_without_the_key(
    tmp_path: Path, environment: dict[str, str], named: str
) -> None:
    with pytest.raises(InvalidArguments, match=named) as raised:
        settings(tmp_path, **environment)
    assert KEY not in str(raised.value)


def test_a_chat_endpoint_needs_no_key(tmp_path: Path) -> None:
    found = settings(tmp_path, KIMI_FILES_CHAT_BASE_URL="http://localhost:11434", KIMI_FILES_MODEL="llama3.3")
    assert found.chat is not None
    assert (found.chat.base_url, found.chat.key, found.model) == ("http://localhost:11434/v1", "", "llama3.3")


def test_a_key_costs_nothing_at_start(tmp_path: Path) -> None:
    program = f"""
import sys
from kimi_files_mcp.stdio import open_workspace
from kimi_files_mcp.settings import read_settings
environment = {{"MOONSHOT_API_KEY": {KEY!r}, "KIMI_FILES_CHAT_BASE_URL": "http://localhost:1"}}
open_workspace(read_settings(environment, [{str(tmp_path)!r}]))
costly = {{"httpx", "httpcore", "sqlite3", "ssl", "kimi_files.kimi.client"}}
print(sorted(costly & set(sys.modules)))
"""
    ended = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert ended.stdout == "[]\n"
