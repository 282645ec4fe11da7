"""``install`` and ``uninstall`` on real configuration files of each host, in a home of their own."""

from __future__ import annotations

import os
import stat
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from kimi_files_mcp.cli import program
from kimi_files_mcp.cli.install import server_command
from kimi_files_mcp.hosts import configuration, jsonc
from kimi_files_mcp.hosts.configuration import plan_install, plan_uninstall
from kimi_files_mcp.hosts.known import HOSTS, Command
from kimi_files_mcp.hosts.surroundings import Surroundings
from tests.server.hosts.files import OF_HOST

MOVING = ("XDG_CONFIG_HOME", "CLAUDE_CONFIG_DIR", "KIMI_CODE_HOME", "CODEX_HOME", "GEMINI_CLI_HOME", "LOCALAPPDATA")

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="permissions and links as on Unix")


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home folder with Documents, in which every host looks."""
    home = tmp_path / "ada"
    (home / "Documents").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    monkeypatch.setenv("APPDATA", str(home / "AppData" / "Roaming"))
    monkeypatch.setenv("MOONSHOT_API_KEY", "sk-canary")
    for name in MOVING:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return home


def place(host: str) -> Path:
    return Path(HOSTS[host].file(Surroundings.here()))


def existing(host: str) -> Path:
    """The host's file, as somebody has it."""
    path = place(host)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(OF_HOST[host].encode())
    return path


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(program, arguments)
    assert "sk-canary" not in result.output
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result


def settings(host: str) -> dict[str, Any]:
    text = place(host).read_text("utf-8")
    if HOSTS[host].format == "toml":
        return tomllib.loads(text)
    return jsonc.parse(text, comments=HOSTS[host].format == "jsonc").value


def entry(host: str) -> dict[str, Any]:
    return settings(host)[HOSTS[host].container]["kimi-files"]


@pytest.mark.parametrize("host", HOSTS)
def test_installing_adds_one_entry_and_keeps_every_line(host, home):
    path = existing(host)
    result = run("install", host, "--allow", str(home / "Documents"))
    assert result.exit_code == 0, result.output
    made = entry(host)
    command = made["command"] if isinstance(made["command"], list) else [made["command"], *made["args"]]
    assert Path(command[0]).is_absolute()
    assert command[-1] == f"--allow={home / 'Documents'}"
    text = path.read_text("utf-8")
    lines = {line.rstrip(",") for line in text.splitlines()}
    assert {line.rstrip(",") for line in OF_HOST[host].splitlines()} <= lines
    assert "sk-canary" not in text


@pytest.mark.parametrize("host", HOSTS)
def test_a_file_that_is_not_there_is_made_for_its_owner_alone(host, home):
    assert run("install", host).exit_code == 0
    assert entry(host)["command"]
    if sys.platform != "win32":
        assert stat.S_IMODE(place(host).stat().st_mode) == 0o600


@pytest.mark.parametrize("host", HOSTS)
def test_installing_twice_writes_once(host, home):
    path = existing(host)
    run("install", host, "--allow", str(home / "Documents"))
    once, files = path.read_bytes(), sorted(path.parent.iterdir())
    result = run("install", host)
    assert "nothing to do" in result.output
    assert (path.read_bytes(), sorted(path.parent.iterdir())) == (once, files)


@pytest.mark.parametrize("host", HOSTS)
def test_uninstalling_gives_back_what_was_there(host, home):
    path = existing(host)
    run("install", host)
    assert run("uninstall", host).exit_code == 0
    # The one blank line that sets the new table apart stays in TOML.
    assert path.read_text("utf-8").rstrip() == OF_HOST[host].rstrip()
    assert "nothing to do" in run("uninstall", host).output


@pytest.mark.parametrize("host", HOSTS)
def test_uninstalling_without_a_file_makes_none(host, home):
    assert "nothing to do" in run("uninstall", host).output
    assert not place(host).exists()


@pytest.mark.parametrize("host", HOSTS)
def test_the_backup_is_the_file_as_it_was(host, home):
    path = existing(host)
    run("install", host)
    (backup,) = path.parent.glob("*.bak")
    assert backup.read_bytes() == OF_HOST[host].encode()


@pytest.mark.parametrize("host", HOSTS)
def test_a_dry_run_shows_the_lines_and_changes_nothing(host, home):
    path = existing(host)
    result = run("install", host, "--dry-run")
    assert "+" in result.output
    assert "kimi-files" in result.output
    # Keys of other servers are not lines that change.
    assert "canary" not in result.output
    assert path.read_bytes() == OF_HOST[host].encode()
    assert list(path.parent.glob("*.bak")) == []


@pytest.mark.parametrize(
    ("host", "reference"),
    [
        ("claude-code", {"env": {"MOONSHOT_API_KEY": "${MOONSHOT_API_KEY:-}"}}),
        ("cursor", {"env": {"MOONSHOT_API_KEY": "${env:MOONSHOT_API_KEY}"}}),
        ("vscode", {"env": {"MOONSHOT_API_KEY": "${env:MOONSHOT_API_KEY}"}}),
        ("codex", {"env_vars": ["MOONSHOT_API_KEY"]}),
        ("opencode", {"environment": {"MOONSHOT_API_KEY": "{env:MOONSHOT_API_KEY}"}}),
        ("gemini-cli", {"env": {"MOONSHOT_API_KEY": "$MOONSHOT_API_KEY"}}),
        ("claude-desktop", {}),
        ("kimi-code", {}),
    ],
)
def test_the_key_stands_in_the_file_by_reference_or_not_at_all(host, reference, home):
    run("install", host)
    made = entry(host)
    assert {key: made[key] for key in made if key in ("env", "env_vars", "environment")} == reference


def test_the_local_service_gets_no_key_and_options_go_into_the_entry(home, tmp_path):
    run("--service", "local", "--data-dir", "data", "install", "claude-code", "--allow", "~/Documents")
    assert entry("claude-code")["args"] == [
        "--service=local",
        f"--data-dir={tmp_path / 'data'}",
        f"--allow={home / 'Documents'}",
    ]
    assert "env" not in entry("claude-code")


def test_a_desktop_program_is_given_the_usual_folders_by_name(home):
    run("install", "claude-desktop")
    assert entry("claude-desktop")["args"] == [f"--allow={home / 'Documents'}"]


def test_an_update_keeps_the_folders_and_what_the_user_added(home):
    path = place("gemini-cli")
    path.parent.mkdir()
    path.write_text(
        '{"mcpServers": {"kimi-files": {"command": "/gone/kimi-files-mcp", "args": ["--allow", "/data"], "trust": true}}}'
    )
    run("install", "gemini-cli")
    made = entry("gemini-cli")
    assert made["args"] == ["--allow", "/data"]
    assert made["trust"] is True
    assert made["command"] != "/gone/kimi-files-mcp"


@pytest.mark.parametrize(
    ("host", "content", "why"),
    [
        ("cursor", b'{"mcpServers": {', "line 1, column 17"),
        ("claude-desktop", b'{\n  // mine\n  "mcpServers": {}\n}', "a comment, which this host does not read"),
        ("kimi-code", b'["sk-canary"]', "not an object of settings"),
        ("cursor", b'{"mcpServers": []}', "'mcpServers' in it is not what Cursor expects"),
        ("vscode", b'{"servers": {"kimi-files": "sk-canary"}}', "'servers.kimi-files' in it is not what VS Code"),
        ("opencode", "{}".encode("utf-16"), "not UTF-8"),
        ("codex", b'[mcp_servers.a]\ncommand = "sk-canary', "it is not TOML"),
        ("codex", b"a = 1\n[mcp_servers.a]\ncommand = sk-canary\n", "line 3"),
        ("codex", b"mcp_servers = 1", "'mcp_servers' in it is not what Codex expects"),
    ],
)
def test_a_foreign_file_is_left_alone_and_the_reason_is_said(host, content, why, home):
    path = place(host)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    result = run("install", host)
    assert result.exit_code == 1
    assert why in result.output
    assert "Traceback" not in result.output
    assert path.read_bytes() == content
    assert list(path.parent.glob("*.bak")) == []


def test_a_file_that_is_a_folder_is_left_alone(home):
    place("cursor").mkdir(parents=True)
    result = run("install", "cursor")
    assert result.exit_code == 1
    assert "cannot be read" in result.output


@posix_only
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_left_alone(home):
    existing("cursor").chmod(0)
    assert "cannot be read" in run("install", "cursor").output


@posix_only
def test_permissions_stay_and_the_backup_has_them_too(home):
    path = existing("claude-code")
    path.chmod(0o640)
    run("install", "claude-code")
    (backup,) = path.parent.glob("*.bak")
    assert [stat.S_IMODE(file.stat().st_mode) for file in (path, backup)] == [0o640, 0o640]


@posix_only
def test_a_file_that_is_a_link_stays_one(home, tmp_path):
    kept = tmp_path / "dotfiles" / "mcp.json"
    kept.parent.mkdir()
    kept.write_text("{}")
    link = place("cursor")
    link.parent.mkdir()
    link.symlink_to(kept)
    run("install", "cursor")
    assert link.is_symlink()
    assert "kimi-files" in kept.read_text()


def test_a_file_that_changed_meanwhile_is_not_overwritten(home):
    path = existing("claude-code")
    change = plan_install(HOSTS["claude-code"], path, Command("/opt/k", (), with_key=False))
    path.write_text('{"written": "by the host"}')
    with pytest.raises(configuration.FileChanged):
        change.write()
    assert path.read_text() == '{"written": "by the host"}'
    assert sorted(file.name for file in path.parent.iterdir()) == [".claude.json", "Documents"]


def test_a_failed_write_leaves_the_file_and_nothing_beside_it(home, monkeypatch):
    path = existing("cursor")
    change = plan_install(HOSTS["cursor"], path, Command("/opt/k", (), with_key=False))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(configuration.os, "replace", full)
    with pytest.raises(configuration.AccessDenied, match="No space left"):
        change.write()
    assert [file.name for file in path.parent.iterdir()] == ["mcp.json"]
    assert path.read_bytes() == OF_HOST["cursor"].encode()


def test_another_file_can_be_named(home, tmp_path):
    run("install", "vscode", "--file", str(tmp_path / "project" / ".vscode" / "mcp.json"))
    assert not place("vscode").exists()
    change = plan_uninstall(HOSTS["vscode"], tmp_path / "project" / ".vscode" / "mcp.json")
    assert change.needed


def test_print_writes_no_file_and_gives_the_form_most_hosts_read(home):
    result = run("install", "--print", "--allow", "~/Documents")
    made = jsonc.parse(result.output, comments=False).value["mcpServers"]["kimi-files"]
    assert made["args"] == [f"--allow={home / 'Documents'}"]
    assert tomllib.loads(run("install", "codex", "--print").output)["mcp_servers"]["kimi-files"]["command"]
    assert sorted(file.name for file in home.iterdir()) == ["Documents"]


@pytest.mark.parametrize("arguments", [("install",), ("install", "emacs"), ("uninstall", "emacs")])
def test_an_unknown_host_is_answered_with_the_known_ones(arguments, home):
    result = run(*arguments)
    assert result.exit_code == 1
    assert all(name in result.output for name in (*HOSTS, "--print"))


def test_a_folder_that_is_not_there_is_not_installed(home):
    result = run("install", "cursor", "--allow", str(home / "Documnets"))
    assert result.exit_code == 1
    assert not place("cursor").exists()


def test_the_command_is_the_installed_script_and_otherwise_the_interpreter(tmp_path):
    python = tmp_path / "bin" / "python"
    assert server_command(python, "posix") == (str(python), ("-m", "kimi_files_mcp"))
    script = tmp_path / "bin" / "kimi-files-mcp"
    script.parent.mkdir()
    script.touch()
    assert server_command(python, "posix") == (str(script), ())


def test_a_temporary_installation_is_refused_with_the_remedy(tmp_path):
    from kimi_files.errors import InvalidArguments

    with pytest.raises(InvalidArguments, match="uv tool install"):
        server_command(tmp_path / "uv" / "archive-v0" / "x1" / "bin" / "python", "posix")
