"""The hosts by name: which file each one reads, in which format, and the shape of an entry in it.

Checked against the hosts themselves where they can be run from a terminal (Claude Code 2.1, Codex 0.169, Gemini CLI 0.61,
Kimi Code 2.1, opencode 1.18: their own ``mcp add`` or their source), and against the vendors' pages for the desktop programs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Literal

from kimi_files.errors import InvalidArguments
from kimi_files_mcp.hosts.surroundings import Surroundings

SERVER_NAME = "kimi-files"
KEY_VARIABLE = "MOONSHOT_API_KEY"

# Claude Desktop from its Windows installer lives in a package whose files Windows redirects here.
_CLAUDE_PACKAGE = ("Packages", "Claude_pzs8sxrjxfjjc", "LocalCache", "Roaming")

Fields = Mapping[tuple[str, ...], Any]
"""An entry as the values to set in it, each under its path of keys; what else stands in the entry is not ours."""


@dataclass(frozen=True, slots=True)
class Command:
    """How a host starts the server; ``with_key`` where it should hand MOONSHOT_API_KEY on."""

    program: str
    arguments: tuple[str, ...]
    with_key: bool


@dataclass(frozen=True, slots=True)
class Host:
    """``container`` is the key under which servers stand in ``file``; ``fields`` makes an entry, given the present one.

    The key stands in it by reference only; ``key_note`` says how it gets to the server of a host that knows no references.
    ``in_project`` says that the server is started in the folder of the project.
    """

    name: str
    title: str
    format: Literal["json", "jsonc", "toml"]
    container: str
    file: Callable[[Surroundings], PurePath]
    fields: Callable[[Command, Mapping[str, Any]], Fields]
    in_project: bool
    next_step: str
    key_note: str = ""


def host_named(name: str) -> Host:
    """The host of that name. InvalidArguments names the known ones."""
    host = HOSTS.get(name.lower())
    if host is None:
        raise InvalidArguments(
            f"There is no host '{name[:40]}' in the list.",
            f"Known are {', '.join(HOSTS)}. For any other, print the entry with: kimi-files-mcp install --print",
        )
    return host


def present_arguments(entry: Mapping[str, Any]) -> tuple[str, ...] | None:
    """The arguments in an entry, in any host's shape; None where there are none."""
    command, arguments = entry.get("command"), entry.get("args")
    if isinstance(command, list):
        arguments = command[1:]
    if not isinstance(arguments, list) or not all(isinstance(argument, str) for argument in arguments):
        return None
    return tuple(arguments)


def started_command(entry: Mapping[str, Any]) -> str:
    """The program that an entry starts, in any host's shape; empty where it names none."""
    command = entry.get("command")
    if isinstance(command, list):
        command = command[0] if command else ""
    return command if isinstance(command, str) else ""


def plain_fields(key_reference: str | None, *, kind: str = "") -> Callable[[Command, Mapping[str, Any]], Fields]:
    """The entry that most hosts share: command, args, env; with a type where the host wants one."""

    def fields(command: Command, _: Mapping[str, Any]) -> Fields:
        made: dict[tuple[str, ...], Any] = {("type",): kind} if kind else {}
        made |= {("command",): command.program, ("args",): list(command.arguments)}
        if command.with_key and key_reference is not None:
            made["env", KEY_VARIABLE] = key_reference
        return made

    return fields


def _opencode_fields(command: Command, _: Mapping[str, Any]) -> Fields:
    made: dict[tuple[str, ...], Any] = {("type",): "local", ("command",): [command.program, *command.arguments]}
    if command.with_key:
        made["environment", KEY_VARIABLE] = f"{{env:{KEY_VARIABLE}}}"
    return made


def _codex_fields(command: Command, present: Mapping[str, Any]) -> Fields:
    made: dict[tuple[str, ...], Any] = {("command",): command.program, ("args",): list(command.arguments)}
    handed_on = present.get("env_vars")
    handed_on = list(handed_on) if isinstance(handed_on, list) else []
    if command.with_key and KEY_VARIABLE not in handed_on:
        made["env_vars",] = [*handed_on, KEY_VARIABLE]
    return made


def _claude_desktop(around: Surroundings) -> PurePath:
    name = "claude_desktop_config.json"
    packaged = around.folder("LOCALAPPDATA", around.home / "AppData" / "Local").joinpath(*_CLAUDE_PACKAGE)
    if around.windows and around.exists(packaged):
        return packaged / "Claude" / name
    return around.application_data / "Claude" / name


def _opencode(around: Surroundings) -> PurePath:
    folder = around.xdg_config / "opencode"
    commented = folder / "opencode.jsonc"  # read after opencode.json, so what stands here counts
    return commented if around.exists(commented) else folder / "opencode.json"


_ALL = (
    Host(
        name="claude-desktop",
        title="Claude Desktop",
        format="json",
        container="mcpServers",
        file=_claude_desktop,
        fields=plain_fields(None),
        in_project=False,
        next_step="Quit Claude Desktop completely and start it again.",
        key_note="Claude Desktop knows no references to one, but the .mcpb bundle asks for it and keeps it in the keychain.",
    ),
    Host(
        name="claude-code",
        title="Claude Code",
        format="json",
        container="mcpServers",
        file=lambda around: around.folder("CLAUDE_CONFIG_DIR", around.home) / ".claude.json",
        fields=plain_fields(f"${{{KEY_VARIABLE}:-}}", kind="stdio"),
        in_project=True,
        next_step="Start a new session; /mcp shows the server.",
    ),
    Host(
        name="cursor",
        title="Cursor",
        format="jsonc",
        container="mcpServers",
        file=lambda around: around.home / ".cursor" / "mcp.json",
        fields=plain_fields(f"${{env:{KEY_VARIABLE}}}", kind="stdio"),
        in_project=False,
        next_step="Open Cursor's settings, Tools & MCP: the server is listed there.",
    ),
    Host(
        name="vscode",
        title="VS Code",
        format="jsonc",
        container="servers",
        file=lambda around: around.application_data / "Code" / "User" / "mcp.json",
        fields=plain_fields(f"${{env:{KEY_VARIABLE}}}", kind="stdio"),
        in_project=False,
        next_step="Run the command 'MCP: List Servers' in VS Code and start the server.",
    ),
    Host(
        name="kimi-code",
        title="Kimi Code",
        format="json",
        container="mcpServers",
        file=lambda around: around.folder("KIMI_CODE_HOME", around.home / ".kimi-code") / "mcp.json",
        fields=plain_fields(None),
        in_project=True,
        next_step="Start a new session; /mcp shows the server.",
        key_note=f"Kimi Code hands its whole environment on, {KEY_VARIABLE} too where it is set.",
    ),
    Host(
        name="codex",
        title="Codex",
        format="toml",
        container="mcp_servers",
        file=lambda around: around.folder("CODEX_HOME", around.home / ".codex") / "config.toml",
        fields=_codex_fields,
        in_project=True,
        next_step="Start a new session; /mcp shows the server.",
    ),
    Host(
        name="opencode",
        title="opencode",
        format="jsonc",
        container="mcp",
        file=_opencode,
        fields=_opencode_fields,
        in_project=True,
        next_step="Start a new session; `opencode mcp list` shows the server.",
    ),
    Host(
        name="gemini-cli",
        title="Gemini CLI",
        format="jsonc",
        container="mcpServers",
        file=lambda around: around.folder("GEMINI_CLI_HOME", around.home) / ".gemini" / "settings.json",
        fields=plain_fields(f"${KEY_VARIABLE}"),
        in_project=True,
        next_step="Start a new session in a trusted folder; /mcp shows the server.",
    ),
)

HOSTS: Mapping[str, Host] = {host.name: host for host in _ALL}
