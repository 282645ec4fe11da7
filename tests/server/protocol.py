"""Every line of a recorded session against the protocol's JSON schemas.

Once against those of the SDK's models of each revision, which were generated from the official schema files and are made JSON
schema again here, and once against the official ones themselves where the conformance suite, which carries them, is installed.
``jsonschema`` checks both, so that nothing the server's own serialisation believes is taken for granted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import mcp_types.methods as methods
from pydantic import TypeAdapter

from tests.hosts_e2e.installed import official_schemas

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


_RESULTS = {
    "initialize": "InitializeResult",
    "server/discover": "DiscoverResult",
    "ping": "EmptyResult",
    "tools/list": "ListToolsResult",
    "tools/call": "CallToolResult",
    "prompts/list": "ListPromptsResult",
    "prompts/get": "GetPromptResult",
    "resources/list": "ListResourcesResult",
    "resources/templates/list": "ListResourceTemplatesResult",
    "resources/read": "ReadResourceResult",
    "completion/complete": "CompleteResult",
}


def official_kind(message: Mapping[str, Any], method: str) -> tuple[str, str]:
    """The definitions in the official schema for a server's message and its result, "" where it has none."""
    if "method" in message:
        return ("ServerRequest" if "id" in message else "ServerNotification"), ""
    if "error" in message:
        return "JSONRPCErrorResponse", ""
    asked_back = message["result"].get("resultType") == "input_required"
    return "JSONRPCResultResponse", "InputRequiredResult" if asked_back else _RESULTS[method]


@cache
def official_validator(version: str, name: str) -> jsonschema.Draft202012Validator:
    """Checks against one definition of the official schema of that revision."""
    schema = official_schemas()[version]
    return jsonschema.Draft202012Validator({"$defs": schema["$defs"], "$ref": f"#/$defs/{name}"})


def _check_officially(message: Mapping[str, Any], method: str, version: str) -> None:
    if not official_schemas():
        return
    whole, result = official_kind(message, method)
    official_validator(version, whole).validate(message)
    if result:
        official_validator(version, result).validate(message["result"])


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
        _check_officially(message, method, version)
        checked[method] = checked.get(method, 0) + 1
    assert not asked, f"requests without an answer: {asked}"
    return checked
