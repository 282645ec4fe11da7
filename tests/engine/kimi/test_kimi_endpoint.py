"""Addresses and keys are checked before anything is sent, and a key is in no text."""

from __future__ import annotations

import logging

import pytest

from kimi_files.errors import InvalidArguments
from kimi_files.kimi.endpoint import checked_endpoint, checked_key, checked_url
from kimi_files.redaction import RedactingFormatter, hide, redacted
from tests.engine.kimi.peer import KEY


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("https://api.moonshot.ai", "https://api.moonshot.ai/v1"),
        ("https://api.moonshot.cn/v1", "https://api.moonshot.cn/v1"),
        (" https://api.moonshot.ai/v1/ ", "https://api.moonshot.ai/v1"),
        ("https://gateway.example/kimi", "https://gateway.example/kimi/v1"),
        ("https://gateway.example/kimi/v2/", "https://gateway.example/kimi/v2"),
        ("https://gemini.example/v1beta/openai/", "https://gemini.example/v1beta/openai"),
        ("http://127.0.0.1:8321", "http://127.0.0.1:8321/v1"),
        ("http://localhost:11434/v1", "http://localhost:11434/v1"),
        ("http://[::1]:8321", "http://[::1]:8321/v1"),
    ],
)
def test_a_base_url_works_with_and_without_its_version(given: str, used: str) -> None:
    assert checked_url(given, "MOONSHOT_BASE_URL") == used


@pytest.mark.parametrize(
    "given",
    [
        "http://api.moonshot.ai",
        "http://127.0.0.1.evil.example",
        "http://localhost.evil.example/v1",
        "ftp://api.moonshot.ai",
        "api.moonshot.ai",
        "https://",
        "https://user:secret@api.moonshot.ai",
        "https://api.moonshot.ai/v1?key=1",
        "https://api.moonshot.ai/v1#x",
        "https://api.moonshot.ai:99999",
        "https://api.moonshot.ai/v1\nX-Other: 1",
        "https://api.möönshot.ai",
        KEY,
    ],
)
def test_a_base_url_that_is_not_safe_is_refused_with_the_variable_and_without_its_value(given: str) -> None:
    with pytest.raises(InvalidArguments, match="MOONSHOT_BASE_URL") as raised:
        checked_url(given, "MOONSHOT_BASE_URL")
    assert given.strip() not in raised.value.message


@pytest.mark.parametrize(
    "given", ["", "  ", "sk-a b", "sk-ключ-canary", "sk-a\nX: 1", "sk-\x7f", 'sk-"quoted"', "sk-a\x00b"]
)
def test_a_key_that_no_header_can_carry_is_refused_and_not_shown(given: str) -> None:
    with pytest.raises(InvalidArguments, match="MOONSHOT_API_KEY") as raised:
        checked_key(given, "MOONSHOT_API_KEY")
    assert not given.strip() or given not in str(raised.value)


def test_blanks_around_a_key_do_not_count() -> None:
    assert checked_key(f" {KEY}\r\n", "MOONSHOT_API_KEY") == KEY


def test_an_endpoint_does_not_show_its_key() -> None:
    endpoint = checked_endpoint("https://api.moonshot.ai", "MOONSHOT_BASE_URL", KEY, "MOONSHOT_API_KEY")
    assert KEY not in repr(endpoint)
    assert KEY[3:20] not in endpoint.account


def test_accounts_differ_by_key_and_by_region() -> None:
    def account(url: str, key: str) -> str:
        return checked_endpoint(url, "U", key, "K").account

    names = {
        account(url, key) for url in ("https://api.moonshot.ai", "https://api.moonshot.cn") for key in (KEY, KEY[:-1])
    }
    assert len(names) == 4


def test_hidden_keys_are_in_no_text_and_no_log_line() -> None:
    hide(KEY)
    assert redacted(f"Bearer {KEY}!") == "Bearer [key]!"
    try:
        raise ValueError(f"Illegal header value b'Bearer {KEY}'")
    except ValueError as error:
        record = logging.LogRecord(
            "x", logging.ERROR, __file__, 1, "failed: %s", (KEY,), (ValueError, error, error.__traceback__)
        )
    line = RedactingFormatter("%(message)s").format(record)
    assert KEY not in line
    assert "[key]" in line


def test_a_word_that_stands_for_a_key_is_not_hidden() -> None:
    checked_key("ollama", "KIMI_FILES_CHAT_API_KEY")
    assert redacted("ollama runs it") == "ollama runs it"
