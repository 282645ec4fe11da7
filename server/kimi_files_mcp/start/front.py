"""The handshake before the SDK: what every host asks at start is answered from what the SDK itself said an earlier time.

Importing the SDK is nearly all of a start, and most servers that a host starts are never called. So the questions of a start
(``initialize``, ``server/discover``, ``ping`` and the lists) get recorded bytes at once. The first message that is not surely
one of them goes to the SDK with all that follows, once it is imported and has heard the handshake as well. Imports nothing
that costs start-up time.
"""

from __future__ import annotations

import json
import os
import threading

from kimi_files_mcp.pipes import Pipes, taken
from kimi_files_mcp.start.plain_frames import envelope_version, handshake_version, is_plain, plain_frame

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kimi_files_mcp.start.recording import Recording

IDLE_SECONDS = 0.3
"""So long after the last question of a start the SDK is imported, for the calls that may follow."""

_MAX_LINE_BYTES = 16 << 10
_HANDSHAKE = "initialize"
_HANDSHAKE_DONE = "notifications/initialized"


class Front(Pipes):
    """The client's pipes, whose first questions are answered from a recording while the SDK is not yet there."""

    def __init__(self, client_input: int, client_output: int, recording: Recording) -> None:
        super().__init__(client_input, client_output)
        self._recording = recording
        self._received = bytearray()
        self._version = ""  # of the handshake, or of the first request that needed none
        self._replayed: list[bytes] = []  # what the SDK has to hear before it goes on
        self._replay = b'{"jsonrpc":"2.0","id":"%s"' % os.urandom(16).hex().encode()
        self._recorded_opening = b""
        self._heard = threading.Event()
        self._left = threading.Event()
        self._failure: BaseException | None = None
        self._ended = False
        threading.Thread(target=self._answer_while_sure, daemon=True).start()

    def until_wanted(self) -> None:
        """Return when the SDK is wanted, or when the client has been silent for a while after its first questions."""
        heard = True
        while heard and not self.is_wanted:
            heard = self._heard.wait(IDLE_SECONDS if self._version else None)
            self._heard.clear()

    @property
    def is_wanted(self) -> bool:
        """Whether the client waits for what only the SDK can answer."""
        return self._left.is_set()

    def receive(self) -> bytes:
        """For the SDK: first what it has to hear of the start, with what it has to answer; then what comes."""
        self._left.wait()
        if self._failure is not None:
            raise self._failure
        begun = b"".join(self._replayed) + self._received
        self._replayed, self._received = [], bytearray()
        return begun or super().receive()

    def answer(self, line: bytes) -> None:
        """Send what the SDK says, but not its answer to the start: that has been given."""
        if not line.startswith(self._replay):
            self.send(line)
        elif line[len(self._replay) :] != self._recorded_opening and not self._ended:
            self._recording.forget("the SDK answers otherwise")

    def end_soon(self) -> None:
        self._ended = True
        super().end_soon()

    def _answer_while_sure(self) -> None:
        try:
            while self._answer_line():
                self._heard.set()
        except BaseException as error:
            self._failure = error
        self._left.set()
        self._heard.set()

    def _answer_line(self) -> bool:
        """Wait for a line and answer it; False where that is for the SDK to do, which then gets the line."""
        while (end := self._received.find(b"\n")) < 0:
            if len(self._received) > _MAX_LINE_BYTES:
                return False
            data = super().receive()
            if not data:
                if self._received:
                    return False
                os._exit(0)  # there is nothing to close, and another thread may be in the middle of an import
            self._received += data
        line = bytes(self._received[:end])
        if line.strip():
            answer = self._answer_to(line)
            if answer is None:
                return False
            self.send(answer)
        del self._received[: end + 1]
        return True

    def _answer_to(self, line: bytes) -> bytes | None:
        """The recorded answer, nothing for what has none; None where it is not sure what the SDK would say."""
        frame = plain_frame(line)
        if frame is None:
            return None
        method, params = frame["method"], frame.get("params", {})
        if "id" not in frame and not params:
            if method != _HANDSHAKE_DONE or len(self._replayed) != 1 or self._is_modern():
                return None
            self._replayed.append(line + b"\n")
            return b""
        version = self._version_of(method, params)
        recorded = self._recording.answers.get(version, {}).get(method)
        if recorded is None or "id" not in frame:
            return None
        answer = recorded.encode()
        if not self._version:
            self._version, self._recorded_opening = version, answer
            rest = json.dumps({"method": method, "params": params}, ensure_ascii=False).encode()
            self._replayed.append(self._replay + b"," + rest[1:] + b"\n")
        return b'{"jsonrpc":"2.0","id":' + json.dumps(frame["id"]).encode() + answer

    def _version_of(self, method: str, params: dict[str, Any]) -> str:
        """The protocol version by which a request is answered; none where its parameters are not surely good ones."""
        if method == _HANDSHAKE:
            return "" if self._version else handshake_version(params)
        if version := envelope_version(params):
            return version if self._version in ("", version) else ""
        return self._version if not self._is_modern() and is_plain(params) else ""

    def _is_modern(self) -> bool:
        return _HANDSHAKE not in self._recording.answers.get(self._version, ())


def opened(recording: Recording) -> Front:
    """The front over the pipes of this process."""
    return Front(*taken(), recording)
