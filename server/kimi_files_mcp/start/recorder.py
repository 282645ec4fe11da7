"""Records what the SDK answers to the questions of a start: it is asked each of them, over the loop that serves clients."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from importlib.metadata import distribution
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import anyio
from mcp.server import MCPServer
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS, MODERN_PROTOCOL_VERSIONS

from kimi_files.access import AccessPolicy
from kimi_files_mcp.app import build_server
from kimi_files_mcp.guard import serve
from kimi_files_mcp.pipes import Pipes
from kimi_files_tools.workspace import Workspace

if TYPE_CHECKING:
    from kimi_files.service import FilesService

_LISTS = ("tools/list", "prompts/list", "resources/templates/list")  # resources/list depends on what is kept
_MOST_SECONDS = 30
_DISTRIBUTIONS = ("mcp", "mcp-types", "pydantic", "pydantic-core", "kimi-files-mcp")

# The answers must be the same for clients that differ in all that a client says of itself.
_CLIENTS: tuple[tuple[dict[str, Any], dict[str, Any]], ...] = (
    ({"name": "a", "version": "1"}, {}),
    (
        {"name": "b", "version": "2", "title": "B", "description": "a client", "websiteUrl": "https://client.example"},
        {
            "roots": {"listChanged": True},
            "sampling": {"context": {}, "tools": {}},
            "elicitation": {"form": {}, "url": {}},
            "experimental": {"a": {"b": 1}},
            "extensions": {"example/ui": {"types": ["text/html"]}},
        },
    ),
)


def recorded() -> dict[str, dict[str, str]]:
    """The SDK's lines behind the id, by protocol version and method. RuntimeError where an answer is not always the same."""

    async def no_service(reads: int) -> FilesService:
        raise RuntimeError("no question of a start needs the files")

    server = build_server(Workspace(AccessPolicy((), Path.cwd()), no_service))
    first, second = ({version: _asked(server, version, *client) for version in _VERSIONS} for client in _CLIENTS)
    if first != second:
        raise RuntimeError("the answers depend on the client")
    return first


def imported_files() -> list[str]:
    """Every file from which the answers came, those that name the installed versions, and the folders of modules: one that
    was added there may stand before another. Without the standard library, which Python's version names."""
    standard = os.path.join(os.path.dirname(os.__file__), "")
    modules = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
    files = {path for path in modules if path and not (path.startswith(standard) and "site-packages" not in path)}
    for name in _DISTRIBUTIONS:
        found = distribution(name)
        folder = f"{name.replace('-', '_')}-{found.version}.dist-info"
        files.add(str(found.locate_file(f"{folder}/METADATA")))
    folders = {path for path in sys.path if os.path.isdir(path) and not os.path.samefile(path, ".")}
    return sorted(os.path.abspath(path) for path in files | folders)


_VERSIONS = (*HANDSHAKE_PROTOCOL_VERSIONS, *MODERN_PROTOCOL_VERSIONS)


def _asked(server: MCPServer[Any], version: str, info: dict[str, Any], able: dict[str, Any]) -> dict[str, str]:
    if version in MODERN_PROTOCOL_VERSIONS:
        envelope = {"protocolVersion": version, "clientInfo": info, "clientCapabilities": able}
        params: dict[str, Any] = {
            "_meta": {f"io.modelcontextprotocol/{name}": value for name, value in envelope.items()}
        }
        questions = [(method, params) for method in ("server/discover", *_LISTS)]
    else:
        opening = {"protocolVersion": version, "capabilities": able, "clientInfo": info}
        questions = [("initialize", opening), *((method, {}) for method in ("ping", *_LISTS))]
    interview = _Interview(questions)
    anyio.run(serve, server, interview)
    return interview.answers


class _Interview(Pipes):
    """A client that asks one question after another, each when the one before is answered, and then hangs up."""

    def __init__(self, questions: Sequence[tuple[str, dict[str, Any]]]) -> None:
        self.answers: dict[str, str] = {}
        self._questions = iter(questions)
        self._said: SimpleQueue[bytes] = SimpleQueue()
        self._asked = ""

    def receive(self) -> bytes:
        if self._asked:
            self._keep(self._said.get(timeout=_MOST_SECONDS))
        self._asked, params = next(self._questions, ("", {}))
        if not self._asked:
            return b""
        question = {"jsonrpc": "2.0", "id": self._asked, "method": self._asked, "params": params}
        return json.dumps(question).encode() + b"\n"

    def send(self, line: bytes) -> None:
        self._said.put(line)

    def end_soon(self) -> None:
        """This process goes on."""

    def _keep(self, line: bytes) -> None:
        start = b'{"jsonrpc":"2.0","id":"%s"' % self._asked.encode()
        rest = line.removeprefix(start)
        if not line.startswith(start + b',"result":'):
            raise RuntimeError(f"no answer to {self._asked}: {line[:200]!r}")
        self.answers[self._asked] = rest.decode()
