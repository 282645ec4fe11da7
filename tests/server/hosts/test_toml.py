"""Edits in TOML text: one table changes, everything else stays."""

from __future__ import annotations

import tomllib

import pytest

from kimi_files_mcp.hosts import toml
from tests.server.hosts.files import CODEX

KEYS = ("mcp_servers", "kimi-files")
FIELDS = {("command",): "/opt/k", ("args",): ["--allow=/d"], ("env_vars",): ["K"]}
ENTRY = {"command": "/opt/k", "args": ["--allow=/d"], "env_vars": ["K"]}

FILES = [
    "",
    'model = "x"\n',
    'model = "x"',
    "[mcp_servers]\n",
    'mcp_servers = {a = {command = "b"}}\n',
    'mcp_servers.a.command = "x"\n[t]\nz = 1\n',
    '[mcp_servers.a]\ncommand = "b" # kept\n\n[tui]\nx = 1\n',
    CODEX,
    CODEX.replace("\n", "\r\n"),
    "\ufeff" + CODEX,
]


@pytest.mark.parametrize("text", FILES)
def test_a_table_goes_in_and_comes_out_and_nothing_else_changes(text):
    before = toml.parse(text)
    with_it = toml.with_fields(text, KEYS, FIELDS)
    after = toml.parse(with_it)
    assert after["mcp_servers"].pop("kimi-files") == ENTRY
    assert after == {**before, "mcp_servers": before.get("mcp_servers", {})}
    assert all(line in with_it for line in text.splitlines() if "mcp_servers = {" not in line)
    left = toml.parse(toml.without_table(with_it, KEYS))
    assert left.get("mcp_servers", {}) == before.get("mcp_servers", {})
    assert toml.with_fields(with_it, KEYS, FIELDS) == with_it


def test_the_line_ends_of_the_file_stay():
    made = toml.with_fields(CODEX.replace("\n", "\r\n"), KEYS, FIELDS)
    assert made.count("\n") == made.count("\r\n")
    removed = toml.without_table(made, KEYS)
    assert removed.count("\n") == removed.count("\r\n")


def test_a_field_is_changed_in_place_and_the_others_stay():
    text = CODEX + '\n[mcp_servers.kimi-files]\ncommand = "/old"  # mine\nstartup_timeout_sec = 20\n'
    made = toml.with_fields(text, KEYS, FIELDS)
    entry = tomllib.loads(made)["mcp_servers"]["kimi-files"]
    assert entry == {**ENTRY, "startup_timeout_sec": 20}
    assert "# mine" in made


@pytest.mark.parametrize("text", ["a = ", 'a = "canary', "[a]\n[a]\n", "canary sk-1 = 2", "x = 'canary\n"])
def test_what_is_not_toml_is_named_by_its_place_and_never_quoted(text):
    with pytest.raises(toml.NotToml) as caught:
        toml.parse(text)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("text", ["mcp_servers = 3", '[mcp_servers]\nkimi-files = "x"', "mcp_servers = []"])
def test_a_value_that_is_no_table_is_not_overwritten(text):
    with pytest.raises(TypeError):
        toml.with_fields(text, KEYS, FIELDS)
