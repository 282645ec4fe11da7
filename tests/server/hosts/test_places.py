"""Where each host keeps its configuration, as a rule of platform and environment."""

from __future__ import annotations

from pathlib import PurePath, PurePosixPath, PureWindowsPath

import pytest

from kimi_files_mcp.hosts.known import HOSTS
from kimi_files_mcp.hosts.surroundings import Surroundings

PACKAGE = r"C:\Users\ada\AppData\Local\Packages\Claude_pzs8sxrjxfjjc\LocalCache\Roaming"


def around(platform: str, existing: str = "", **environment: str) -> Surroundings:
    home: PurePath = PurePosixPath("/home/ada")
    if platform == "darwin":
        home = PurePosixPath("/Users/ada")
    if platform == "win32":
        home = PureWindowsPath(r"C:\Users\ada")
    return Surroundings(platform, environment, home, lambda path: str(path) == existing)


@pytest.mark.parametrize(
    ("host", "linux", "macos", "windows"),
    [
        (
            "claude-desktop",
            "/home/ada/.config/Claude/claude_desktop_config.json",
            "/Users/ada/Library/Application Support/Claude/claude_desktop_config.json",
            r"C:\Users\ada\AppData\Roaming\Claude\claude_desktop_config.json",
        ),
        ("claude-code", "/home/ada/.claude.json", "/Users/ada/.claude.json", r"C:\Users\ada\.claude.json"),
        ("cursor", "/home/ada/.cursor/mcp.json", "/Users/ada/.cursor/mcp.json", r"C:\Users\ada\.cursor\mcp.json"),
        (
            "vscode",
            "/home/ada/.config/Code/User/mcp.json",
            "/Users/ada/Library/Application Support/Code/User/mcp.json",
            r"C:\Users\ada\AppData\Roaming\Code\User\mcp.json",
        ),
        (
            "kimi-code",
            "/home/ada/.kimi-code/mcp.json",
            "/Users/ada/.kimi-code/mcp.json",
            r"C:\Users\ada\.kimi-code\mcp.json",
        ),
        ("codex", "/home/ada/.codex/config.toml", "/Users/ada/.codex/config.toml", r"C:\Users\ada\.codex\config.toml"),
        (
            "opencode",
            "/home/ada/.config/opencode/opencode.json",
            "/Users/ada/.config/opencode/opencode.json",
            r"C:\Users\ada\.config\opencode\opencode.json",
        ),
        (
            "gemini-cli",
            "/home/ada/.gemini/settings.json",
            "/Users/ada/.gemini/settings.json",
            r"C:\Users\ada\.gemini\settings.json",
        ),
    ],
)
def test_each_host_has_its_place_on_each_platform(host, linux, macos, windows):
    file = HOSTS[host].file
    assert str(file(around("linux"))) == linux
    assert str(file(around("darwin"))) == macos
    assert str(file(around("win32"))) == windows


def test_all_hosts_have_a_place_that_is_tested():
    assert len(HOSTS) == 8


@pytest.mark.parametrize(
    ("host", "surroundings", "expected"),
    [
        ("claude-code", around("linux", CLAUDE_CONFIG_DIR="/srv/claude"), "/srv/claude/.claude.json"),
        ("kimi-code", around("linux", KIMI_CODE_HOME="/srv/kimi"), "/srv/kimi/mcp.json"),
        ("kimi-code", around("linux", KIMI_CODE_HOME=""), "/home/ada/.kimi-code/mcp.json"),
        ("codex", around("win32", CODEX_HOME=r"D:\codex"), r"D:\codex\config.toml"),
        ("gemini-cli", around("darwin", GEMINI_CLI_HOME="/srv/g"), "/srv/g/.gemini/settings.json"),
        ("vscode", around("linux", XDG_CONFIG_HOME="/srv/xdg"), "/srv/xdg/Code/User/mcp.json"),
        ("vscode", around("win32", APPDATA=r"D:\Roaming"), r"D:\Roaming\Code\User\mcp.json"),
        ("opencode", around("darwin", XDG_CONFIG_HOME="/srv/xdg"), "/srv/xdg/opencode/opencode.json"),
        (
            "claude-desktop",
            around("darwin", XDG_CONFIG_HOME="/srv/xdg"),
            str(HOSTS["claude-desktop"].file(around("darwin"))),
        ),
    ],
)
def test_the_environment_moves_the_place_where_the_host_lets_it(host, surroundings, expected):
    assert str(HOSTS[host].file(surroundings)) == expected


def test_packaged_claude_desktop_on_windows_reads_where_windows_redirects_it():
    place = HOSTS["claude-desktop"].file(around("win32", existing=PACKAGE))
    assert str(place) == PACKAGE + r"\Claude\claude_desktop_config.json"


def test_opencode_reads_the_commented_file_last_so_it_is_the_one_to_edit():
    place = HOSTS["opencode"].file(around("linux", existing="/home/ada/.config/opencode/opencode.jsonc"))
    assert place.name == "opencode.jsonc"
