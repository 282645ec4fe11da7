"""A stand-in for a language model: speaks OpenAI's chat protocol on loopback, follows a script, and records what it is sent."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any

_FILE_ID = re.compile(r"file_[0-9a-z]{26}")


class ScriptedModel:
    """Each turn is ``{"tool": name, "arguments": {...}}``; after the last one it says "done".

    ``"{file_id}"`` in an argument stands for the first file id in what it was sent. ``requests`` are the chat requests
    that offered tools, in order; requests without tools (titles, summaries) are answered and not recorded.
    """

    def __init__(self, turns: Sequence[Mapping[str, Any]]) -> None:
        self.turns = turns
        self.requests: list[dict[str, Any]] = []
        self._lock = Lock()
        model = self

        class Answering(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._send(json.dumps({"object": "list", "data": [{"id": "scripted", "object": "model"}]}).encode())

            def do_POST(self) -> None:
                request = json.loads(self.rfile.read(int(self.headers["content-length"])))
                message = model.answer(request)
                if request.get("stream"):
                    self._send(_as_stream(message), "text/event-stream")
                else:
                    self._send(json.dumps(_completion(message)).encode())

            def _send(self, body: bytes, media_type: str = "application/json") -> None:
                self.send_response(200)
                self.send_header("content-type", media_type)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"
        Thread(target=self._server.serve_forever, daemon=True).start()

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """The assistant's message for this request."""
        if not request.get("tools"):
            return {"role": "assistant", "content": "A title"}
        with self._lock:
            self.requests.append(dict(request))
        said = sum(1 for message in request["messages"] if message.get("tool_calls"))
        if said >= len(self.turns):
            return {"role": "assistant", "content": "done"}
        turn = self.turns[said]
        name = self._name_in_host(turn["tool"], request["tools"])
        found = _FILE_ID.search(json.dumps(request["messages"]))
        arguments = json.dumps(turn["arguments"]).replace("{file_id}", found.group() if found else "")
        call = {"id": f"call_{said}", "type": "function", "function": {"name": name, "arguments": arguments}}
        return {"role": "assistant", "content": "", "tool_calls": [call]}

    def _name_in_host(self, tool: str, offered: Sequence[Mapping[str, Any]]) -> str:
        """Hosts put the server's name before the tool's."""
        names = [entry["function"]["name"] for entry in offered]
        return next((name for name in names if name.endswith(tool)), tool)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def _completion(message: Mapping[str, Any]) -> dict[str, Any]:
    reason = "tool_calls" if message.get("tool_calls") else "stop"
    choice = {"index": 0, "message": message, "finish_reason": reason}
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    return {
        "id": "c1",
        "object": "chat.completion",
        "created": 1,
        "model": "scripted",
        "choices": [choice],
        "usage": usage,
    }


def _as_stream(message: Mapping[str, Any]) -> bytes:
    """The message as server-sent events: one with all of it, one with the reason to stop, and the end."""
    delta = dict(message)
    if "tool_calls" in delta:
        delta["tool_calls"] = [{"index": index, **call} for index, call in enumerate(delta["tool_calls"])]
    whole = _completion(message)
    events = [
        {"index": 0, "delta": delta, "finish_reason": None},
        {"index": 0, "delta": {}, "finish_reason": whole["choices"][0]["finish_reason"]},
    ]
    base = {key: whole[key] for key in ("id", "created", "model")} | {"object": "chat.completion.chunk"}
    chunks = [{**base, "choices": [event]} for event in events] + [{**base, "choices": [], "usage": whole["usage"]}]
    return "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks).encode() + b"data: [DONE]\n\n"
