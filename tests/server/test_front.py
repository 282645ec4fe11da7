"""The front that answers a start from a recording says exactly what the SDK says, and steps aside on any doubt."""

from __future__ import annotations

import json
import os
import select
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from zlib import crc32

import mcp_types.methods as methods
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp.shared.inbound import InboundModernRoute, classify_inbound_request
from mcp_types import InitializeRequestParams, JSONRPCRequest, jsonrpc_message_adapter
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS

from kimi_files_mcp.start.plain_frames import envelope_version, handshake_version, is_plain, plain_frame
from kimi_files_mcp.start.recording import VARIABLES, Recording
from kimi_files_mcp.variables import VARIABLES as DOCUMENTED
from tests.hostile.frames import ENVELOPE, INITIALIZE, line, request
from tests.server.quick_starts import QuickStart, started

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the front is not used there")

LISTS = ("tools/list", "prompts/list", "resources/templates/list")
INITIALIZED = b'{"jsonrpc":"2.0","method":"notifications/initialized"}\n'
OPENING = line({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": INITIALIZE})
CALL = {"name": "get_file_content", "arguments": {"file": "missing.txt"}}


def opening(**changed: Any) -> bytes:
    params = {name: value for name, value in (INITIALIZE | changed).items() if value is not ...}
    return line({"jsonrpc": "2.0", "id": "a", "method": "initialize", "params": params})


def unescaped(raw: bytes) -> bytes:
    return json.dumps(json.loads(raw), ensure_ascii=False).encode() + b"\n"


def modern(number: Any, method: str = "tools/list", **changed: Any) -> bytes:
    envelope = ENVELOPE | {f"io.modelcontextprotocol/{name}": value for name, value in changed.items()}
    meta = {name: value for name, value in envelope.items() if value is not ...}
    return line({"jsonrpc": "2.0", "id": number, "method": method, "params": {"_meta": meta}})


def questions(era: str) -> list[bytes]:
    methods = ("server/discover" if era != "legacy" else "ping", *LISTS)
    return [line(request(era, number, method)) for number, method in enumerate(methods, 10)]


LEGACY = [OPENING, INITIALIZED, *questions("legacy")]
MODERN = questions("2026-07-28")
SESSIONS: dict[str, list[bytes]] = {
    "legacy": LEGACY,
    "legacy, then a call": [*LEGACY, line(request("legacy", 20, "tools/call", **CALL)), *questions("legacy")],
    "legacy, a call at once": [OPENING, INITIALIZED, line(request("legacy", 20, "tools/call", **CALL))],
    "legacy without the notification": [OPENING, *questions("legacy"), line(request("legacy", 20, "resources/list"))],
    "modern": MODERN,
    "modern, then a call": [*MODERN, line(request("2026-07-28", 20, "tools/call", **CALL)), *MODERN],
    "modern, a call at once": [line(request("2026-07-28", 20, "tools/call", **CALL)), *MODERN],
    "modern, then the resources": [*MODERN, line(request("2026-07-28", "r", "resources/list"))],
    "modern, then ping": [*MODERN, modern(20, "ping"), line(request("legacy", 21, "ping"))],
    "modern, then initialize": [*MODERN, OPENING, *MODERN],
    "legacy, then modern": [*LEGACY, *MODERN],
    "modern, then without the envelope": [*MODERN, *questions("legacy")],
    "initialize twice": [OPENING, OPENING, *questions("legacy")],
    "initialized twice": [OPENING, INITIALIZED, INITIALIZED, *questions("legacy")],
    "lists before initialize": [*questions("legacy"), *LEGACY],
    "initialized before initialize": [INITIALIZED, *LEGACY],
    "discover without an envelope": [line(request("legacy", 1, "server/discover")), *LEGACY],
    "probe of a client of both eras": [modern(1, "server/discover", protocolVersion="2099-01-01"), *LEGACY],
    "initialize in an envelope": [line(request("2026-07-28", 1, "initialize", **INITIALIZE)), *LEGACY],
    "unknown version": [opening(protocolVersion="2031-01-01"), *questions("legacy")],
    "version of the other era": [opening(protocolVersion="2026-07-28"), *questions("legacy")],
    "ids": [OPENING, *(line(request("legacy", number)) for number in ("", "ü", "a\\b", 'a"b', "a/b", -5, 2**53, 10**20))],
    "refused ids": [OPENING, *(line(request("legacy", number)) for number in (True, 1.5, None)), line(request("legacy", 5))],
    "cursor": [*LEGACY, line(request("legacy", 20, cursor="abc"))],
    "progress token": [OPENING, line(request("legacy", 5, _meta={"progressToken": 7}))],
    "odd token": [OPENING, line(request("legacy", 5, _meta={"progressToken": True})), line(request("legacy", 6, _meta=[]))],
    "params": [OPENING, line(request("legacy", 5) | {"params": None}), line(request("legacy", 6) | {"params": [1]})],
    "no params": [OPENING, line({"jsonrpc": "2.0", "id": 5, "method": "tools/list"})],
    "cancel": [*LEGACY, line({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 10}})],
    "unknown method": [OPENING, line(request("legacy", 5, "no/such")), *questions("legacy")],
    "rubbish": [OPENING, b"rubbish\n", b"\n", b"  \r\n", *questions("legacy")],
    "rubbish first": [b"rubbish\n", *LEGACY],
    "batch": [OPENING, line([request("legacy", 5), request("legacy", 6)]), *questions("legacy")],
    "member twice": [OPENING, b'{"jsonrpc":"2.0","id":5,"id":6,"method":"tools/list"}\n'],
    "half a character": [opening(clientInfo={"name": "\ud800", "version": "1"}), *LEGACY],
    "nested": [opening(capabilities={"experimental": {"a": json.loads('{"a":' * 150 + "1" + "}" * 150)}}), *LEGACY],
    "spaces": [OPENING.replace(b":", b" : ").replace(b"\n", b"\r\n"), INITIALIZED.replace(b"\n", b"\r\n"), *MODERN],
    "long": [opening(clientInfo={"name": "n" * 20_000, "version": "1"}), *questions("legacy")],
    "response to nothing": [OPENING, line({"jsonrpc": "2.0", "id": 9, "result": {}}), *questions("legacy")],
    "half a line": [OPENING, INITIALIZED, line(request("legacy", 5))[:-9]],
    **{version: [opening(protocolVersion=version), *questions("legacy")] for version in HANDSHAKE_PROTOCOL_VERSIONS},
}  # fmt: skip

CAPABILITIES: list[Any] = [
    {"roots": {}, "sampling": {}, "elicitation": {}, "experimental": {}, "extensions": {}, "tasks": {}},
    {"roots": {"listChanged": True}, "elicitation": {"form": {}, "url": {}}, "extensions": {"a/b": {"c": [1]}}},
    {"unknown": 5},
    {"roots": {"listChanged": "no"}},
    {"roots": []},
    {"roots": None},
    {"sampling": 5},
    {"elicitation": {"form": 5}},
    {"experimental": {"a": 5}},
    {"extensions": {"a": [1]}},
    {"tasks": {"list": 5}},
    [],
    "none",
    None,
    ...,
]
CLIENTS: list[Any] = [
    {"name": "Größe 中文 🙂", "version": "1", "title": "t", "websiteUrl": "https://a.example", "description": ""},
    {"name": "a", "version": "1", "icons": [{"src": "data:,"}]},
    {"name": "a", "version": "1", "icons": [{}]},
    {"name": "a", "version": 1},
    {"name": "a"},
    {"version": "1"},
    {"name": "a", "version": "1", "title": 5},
    {},
    None,
    ...,
]
for number, able in enumerate(CAPABILITIES):
    SESSIONS[f"capabilities {number}"] = [opening(capabilities=able), INITIALIZED, *questions("legacy")]
    SESSIONS[f"capabilities {number} in an envelope"] = [modern(1, clientCapabilities=able), *MODERN]
for number, info in enumerate(CLIENTS):
    SESSIONS[f"client {number}"] = [opening(clientInfo=info), INITIALIZED, *questions("legacy")]
    SESSIONS[f"client {number} in an envelope"] = [modern(1, clientInfo=info), *MODERN]
for name in ("client 0", "client 0 in an envelope"):
    opened, *asked = SESSIONS[name]
    SESSIONS[f"{name}, unescaped"] = [unescaped(opened), *asked]


class Starts:
    """Starts a server that has a recording, and one that has none."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.process = started(place / "socket")
        assert QuickStart(self._address, self._arguments("front"), place, record=True).ended() == 0
        (self.recording,) = (place / "front" / "starts").iterdir()

    @property
    def _address(self) -> str:
        return str(self.place / "socket")

    def _arguments(self, side: str) -> list[str]:
        return ["--allow", str(self.place), "--data-dir", str(self.place / side)]

    def start(self, side: str) -> QuickStart:
        return QuickStart(self._address, self._arguments(side), self.place)


@pytest.fixture(scope="module")
def starts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Starts]:
    place = tmp_path_factory.mktemp("front")
    running = Starts(place)
    yield running
    running.process.kill()
    running.process.wait()
    assert running.process.stdout is not None
    running.process.stdout.close()


def said(server: QuickStart, pieces: list[bytes]) -> tuple[list[bytes], int]:
    """Every line that came, and how the server ended; each line that asks something is answered before the next is sent."""
    answers = b""
    for piece in pieces:
        os.write(server.stdin, piece)
        if b'"id"' in piece and b"\n" in piece and b'"result"' not in piece:
            answers += arrived(server, 1)
    return (answers + closed(server)).splitlines(), server.ended()


def said_in_pieces(server: QuickStart, sent: bytes, size: int) -> tuple[list[bytes], int]:
    """The same for lines that are sent in pieces of a size without waiting for anything, in no order."""
    for at in range(0, len(sent), size):
        os.write(server.stdin, sent[at : at + size])
    answers = arrived(server, sent.count(b'"id"'))
    return sorted((answers + closed(server)).splitlines()), server.ended()


def arrived(server: QuickStart, count: int) -> bytes:
    answers = b""
    while answers.count(b"\n") < count:
        assert select.select([server.stdout], [], [], 60)[0], "no answer"
        data = os.read(server.stdout, 1 << 16)
        assert data, server.log.read_text()
        answers += data
    return answers


def closed(server: QuickStart) -> bytes:
    """What still comes when the client has hung up."""
    os.close(server.stdin)
    answers = b""
    while data := os.read(server.stdout, 1 << 16):
        answers += data
    os.close(server.stdout)
    return answers


@pytest.mark.parametrize("name", SESSIONS)
def test_the_front_says_what_the_sdk_says(starts: Starts, name: str) -> None:
    with_front, alone = (said(starts.start(side), SESSIONS[name]) for side in ("front", "alone"))
    assert with_front == alone
    assert starts.recording.exists()


@pytest.mark.parametrize("name", ["legacy", "legacy, then a call", "modern", "modern, then a call"])
@pytest.mark.parametrize("size", [1 << 16, 1])
def test_in_a_burst_and_byte_by_byte(starts: Starts, name: str, size: int) -> None:
    sent = b"".join(SESSIONS[name])
    with_front, alone = (said_in_pieces(starts.start(side), sent, size) for side in ("front", "alone"))
    assert with_front == alone


@pytest.mark.parametrize("name", ["legacy", "modern"])
def test_the_client_may_leave_at_any_point(starts: Starts, name: str) -> None:
    lines = SESSIONS[name]
    for count in range(len(lines)):
        for rest in (b"\n", lines[count][:20]):
            with_front, alone = (said(starts.start(side), [*lines[:count], rest]) for side in ("front", "alone"))
            assert with_front == alone


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_as_it_ends_the_sdk(starts: Starts, number: int) -> None:
    ends = []
    for side in ("front", "alone"):
        server = starts.start(side)
        os.write(server.stdin, OPENING)
        arrived(server, 1)
        os.kill(server.pid, number)
        ends.append((server.ended(), closed(server)))
    assert ends[0] == ends[1]


def test_what_is_said_comes_from_the_recording_until_the_sdk_is_asked(starts: Starts) -> None:
    kept = starts.recording.read_bytes()
    recorded = json.loads(kept.partition(b"\n")[2])
    for answers in recorded["answers"].values():
        for method in answers:
            answers[method] = answers[method].replace('"result":{', '"result":{"recorded":true,', 1)
    wrong = json.dumps(recorded).encode()
    starts.recording.write_bytes(b"%08x\n" % crc32(wrong) + wrong)
    lines = [*LEGACY, line(request("legacy", 20, "resources/list")), line(request("legacy", 21))]
    try:
        answers, _ = said(starts.start("front"), lines)
        assert [b'"recorded":true' in answer for answer in answers] == [True] * 5 + [False] * 2
        # The SDK, when it heard the handshake, said something else: such a recording is not used again.
        assert not starts.recording.exists()
        assert "removed the recorded start" in (starts.place / "log").read_text()
        assert said(starts.start("front"), lines) == said(starts.start("alone"), lines)
    finally:
        starts.recording.write_bytes(kept)
        starts.recording.chmod(0o600)


@pytest.mark.parametrize(
    "damage",
    [
        lambda _: b"",
        lambda content: content[:-1],
        lambda content: content[: len(content) // 2],
        lambda content: content.replace(b"tools", b"tolls", 1),
        lambda content: content.partition(b"\n")[2],
        lambda content: b"xxxxxxxx\n" + content.partition(b"\n")[2],
        lambda _: b"%08x\n" % crc32(b"[]") + b"[]",
        lambda _: b"%08x\n" % crc32(b"{}") + b"{}",
        lambda _: os.urandom(1000),
    ],
)
def test_a_damaged_recording_is_none(starts: Starts, damage: Callable[[bytes], bytes]) -> None:
    kept = starts.recording.read_bytes()
    starts.recording.write_bytes(damage(kept))
    try:
        with_front, alone = (said(starts.start(side), LEGACY) for side in ("front", "alone"))
        assert with_front == alone
    finally:
        starts.recording.write_bytes(kept)


# ---- what a recording holds for


def kept(place: Path, files: list[Path], environment: dict[str, str] | None = None, **options: Any) -> Recording:
    """A recording of nothing much that is as good as it will ever be."""
    recording = Recording({"data_dir": str(place), **options}, environment or {})
    for file in files:
        os.utime(file, (1_700_000_000, 1_700_000_000))
    recording.write({"2025-11-25": {"ping": "pong"}}, map(str, files))
    return recording


def found(place: Path, environment: dict[str, str] | None = None, **options: Any) -> bool:
    return bool(Recording({"data_dir": str(place), **options}, environment or {}).answers)


def test_a_recording_holds_for_the_same_files_and_no_other_state_of_them(tmp_path: Path) -> None:
    module, other = tmp_path / "module.py", tmp_path / "other.py"
    for file in (module, other):
        file.write_text("TEXT = 'a'\n")
    kept(tmp_path, [module, other])
    assert found(tmp_path)
    module.write_text("TEXT = 'b'\n")
    assert not found(tmp_path)
    kept(tmp_path, [module, other])
    assert found(tmp_path)
    other.unlink()
    assert not found(tmp_path)


def test_files_that_may_have_changed_since_they_were_read_are_not_recorded(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.touch()
    recording = Recording({"data_dir": str(tmp_path)}, {})
    recording.write({"2025-11-25": {"ping": "pong"}}, [str(module)])
    assert not found(tmp_path)
    assert not (tmp_path / "starts").exists()


def test_a_recording_holds_for_the_same_settings_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    settings = {"MOONSHOT_API_KEY": "sk-a-secret", "MOONSHOT_BASE_URL": "https://a.example"}
    kept(tmp_path, [], settings, folders=[str(folder)])
    assert found(tmp_path, settings, folders=[str(folder)])
    assert found(tmp_path, settings | {"PATH": "/bin"}, folders=[str(folder)])
    for other in ({}, settings | {"MOONSHOT_BASE_URL": "https://b.example"}, settings | {"KIMI_FILES_STRICT": "1"}):
        assert not found(tmp_path, other, folders=[str(folder)])
    assert not found(tmp_path, settings, folders=[str(tmp_path)])
    assert not found(tmp_path, settings, folders=[str(folder)], strict=True)
    monkeypatch.setattr(sys, "version", "3.99")
    assert not found(tmp_path, settings, folders=[str(folder)])
    monkeypatch.undo()
    assert found(tmp_path, settings, folders=[str(folder)])
    (path,) = (tmp_path / "starts").iterdir()
    assert b"sk-a-secret" not in path.read_bytes()
    folder.rmdir()
    assert not found(tmp_path, settings, folders=[str(folder)])


def test_a_recording_that_others_could_write_is_none(tmp_path: Path) -> None:
    data = tmp_path / "data"
    kept(data, [])
    (path,) = (data / "starts").iterdir()
    assert [part.stat().st_mode & 0o777 for part in (data, path.parent, path)] == [0o700, 0o700, 0o600]
    path.chmod(0o666)
    assert not found(data)


def test_the_folder_does_not_grow(tmp_path: Path) -> None:
    for number in range(20):
        kept(tmp_path, [], {"KIMI_FILES_MODEL": str(number)})
    assert len(list((tmp_path / "starts").iterdir())) == 16
    assert found(tmp_path, {"KIMI_FILES_MODEL": "19"})


def test_a_folder_that_cannot_be_written_leaves_no_recording(tmp_path: Path) -> None:
    (tmp_path / "starts").write_text("in the way")
    with pytest.raises(OSError, match="starts"):
        kept(tmp_path, [])
    assert not found(tmp_path)


def test_every_documented_variable_counts() -> None:
    assert set(VARIABLES) == {name for variable in DOCUMENTED for name in (variable.name, *variable.others)}


# ---- what is certain of a message

_scalars = st.one_of(st.none(), st.booleans(), st.integers(-5, 10**20), st.floats(), st.text(max_size=3))
_names = st.sampled_from(
    ["roots", "sampling", "elicitation", "experimental", "extensions", "tasks", "listChanged", "context", "tools", "form",
     "url", "list", "cancel", "requests", "create", "createMessage", "name", "version", "title", "description", "icons",
     "websiteUrl", "_meta", "progressToken", "cursor", "capabilities", "clientInfo", "protocolVersion", *ENVELOPE]
)  # fmt: skip
_values = st.recursive(_scalars, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_names, inner, max_size=3))


@st.composite
def nearly_good(draw: st.DrawFn) -> bytes:
    """A good question, with members changed, left out or added here and there."""
    able = draw(st.sampled_from([able for able in CAPABILITIES if able is not ...]))
    info = draw(st.sampled_from([info for info in CLIENTS if info is not ...]))
    version = draw(st.sampled_from(["2025-11-25", "2026-07-28", "2031-01-01"]))
    if draw(st.booleans()):
        params: Any = {"protocolVersion": version, "capabilities": able, "clientInfo": info}
    else:
        meta = {f"io.modelcontextprotocol/{name}": value for name, value in
                (("protocolVersion", version), ("clientCapabilities", able), ("clientInfo", info))}  # fmt: skip
        params = draw(st.sampled_from([{"_meta": meta}, {}, {"_meta": {"progressToken": 5}}]))
    method = draw(st.sampled_from(["initialize", "server/discover", "ping", *LISTS]))
    frame: Any = {
        "jsonrpc": "2.0",
        "id": draw(st.sampled_from([1, "a", "ü", 2**60])),
        "method": method,
        "params": params,
    }
    frame = json.loads(json.dumps(frame))
    for _ in range(draw(st.integers(0, 2))):
        places = [frame]
        for place in places:
            places.extend(member for member in place.values() if isinstance(member, dict))
        place = draw(st.sampled_from(places))
        name = draw(st.sampled_from([*place, draw(_names)]))
        place[name] = draw(_values)
    return json.dumps(frame, ensure_ascii=draw(st.booleans())).encode(errors="surrogatepass")


@given(nearly_good())
def test_what_counts_as_certain_the_sdk_takes_for_the_same(raw: bytes) -> None:
    frame = plain_frame(raw)
    if frame is None or "id" not in frame:
        return
    message = jsonrpc_message_adapter.validate_json(raw, by_name=False)
    assert isinstance(message, JSONRPCRequest)
    params = frame.get("params", {})
    assert (message.id, message.method, message.params or {}) == (frame["id"], frame["method"], params)
    if message.method == "initialize":
        if handshake_version(params):
            methods.validate_client_request("initialize", "2025-11-25", params)
            taken = InitializeRequestParams.model_validate(params, by_name=False)
            assert taken.protocol_version == handshake_version(params)
    elif version := envelope_version(params):
        route = classify_inbound_request({"method": message.method, "params": params})
        if version == "2026-07-28" and message.method != "ping":
            assert isinstance(route, InboundModernRoute)
            methods.parse_client_request(message.method, version, params)
    elif is_plain(params) and message.method != "server/discover":
        methods.parse_client_request(message.method, "2025-11-25", params)


@pytest.mark.parametrize("able", CAPABILITIES[:2])
def test_the_questions_of_usual_hosts_are_certain(able: dict[str, Any]) -> None:
    for raw, version in (
        (opening(capabilities=able, clientInfo=CLIENTS[0]), handshake_version),
        (modern(1, clientCapabilities=able, clientInfo=CLIENTS[0]), envelope_version),
    ):
        frame = plain_frame(unescaped(raw))
        assert frame is not None
        assert version(frame["params"])
