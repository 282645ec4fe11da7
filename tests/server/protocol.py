"""Every line of a recorded session against the protocol's JSON schema.

The schemas are those that the SDK's per-version models were generated from the official schema files; they are rebuilt here as
JSON schema and checked by ``jsonschema``, so that nothing the server's own serialisation believes is taken for granted.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import mcp_types.methods as methods
from pydantic import TypeAdapter

_ENVELOPE = {
    "type": "object",
    "required": ["jsonrpc"],
    "properties": {"jsonrpc": {"const": "2.0"}, "id": {"type": ["string", "integer"]}},
    "oneOf": [
        {"required": ["id", "result"], "properties": {"result": {"type": "object"}}},
        {
            "required": ["error"],
            "properties": {
                "error": {
                    "type": "object",
                    "required": ["code", "message"],
                    "properties": {"code": {"type": "integer"}, "message": {"type": "string"}},
                }
            },
        },
        {"required": ["method"], "properties": {"method": {"type": "string"}}},
    ],
}


@cache
def _validator(kind: Any) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(TypeAdapter(kind).json_schema(by_alias=True))


def check_session(record: Path, version: str) -> dict[str, int]:
    """Check every server line of a recorded session; returns how many lines of which method were checked."""
    asked: dict[Any, str] = {}
    checked: dict[str, int] = {}
    for raw in record.read_bytes().splitlines():
        side, _, line = raw.partition(b" ")
        message = json.loads(line)
        if side == b"client":
            if "id" in message and "method" in message:
                asked[message["id"]] = message["method"]
            continue
        jsonschema.Draft202012Validator(_ENVELOPE).validate(message)
        if "method" in message:
            method = message["method"]
            kinds = methods.SERVER_REQUESTS if "id" in message else methods.SERVER_NOTIFICATIONS
            _validator(kinds[method, version]).validate(message)
        elif "result" in message:
            method = asked.pop(message["id"])
            _validator(methods.SERVER_RESULTS[method, version]).validate(message["result"])
        else:
            method = "error"
            asked.pop(message.get("id"), None)
        checked[method] = checked.get(method, 0) + 1
    assert not asked, f"requests without an answer: {asked}"
    return checked
