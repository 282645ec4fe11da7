"""Messages of which it is certain, without the SDK, that it takes them and what for.

Everything here may say no to a good message, and never yes to one that the SDK would refuse or read otherwise. Imports
nothing that costs start-up time.
"""

from __future__ import annotations

from json import JSONDecoder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

_MAX_BRACKETS = 64  # far below the depth at which a parser of JSON gives up
_MAX_INTEGER = 1 << 53
_VERSION = "io.modelcontextprotocol/protocolVersion"
_ABLE = "io.modelcontextprotocol/clientCapabilities"
_INFO = "io.modelcontextprotocol/clientInfo"

# The members that an object may have, and their types: a set of them, None for any; "*" is every other member. What a client
# may say besides is for the SDK to judge.
_OBJECT = {"*": None}
_CLIENT = {"name": {str}, "version": {str}, "title": {str}, "description": {str}, "websiteUrl": {str}}
_CAPABILITIES = {
    "roots": {"listChanged": {bool}},
    "sampling": {"context": _OBJECT, "tools": _OBJECT},
    "elicitation": {"form": _OBJECT, "url": _OBJECT},
    "experimental": {"*": _OBJECT},
    "extensions": {"*": _OBJECT},
    "tasks": {
        "list": _OBJECT,
        "cancel": _OBJECT,
        "requests": {"sampling": {"createMessage": _OBJECT}, "elicitation": {"create": _OBJECT}},
    },
}
_META = {"progressToken": {int, str}}
_HANDSHAKE_PARAMS = {"protocolVersion": {str}, "capabilities": _CAPABILITIES, "clientInfo": _CLIENT}
_ENVELOPE = {_VERSION: {str}, _ABLE: _CAPABILITIES, _INFO: _CLIENT, **_META}


def plain_frame(line: bytes) -> dict[str, Any] | None:
    """A message whose meaning no two parsers of JSON would argue about; None for any other line."""
    if b"\\u" in line or line.count(b"{") + line.count(b"[") > _MAX_BRACKETS:
        return None
    try:
        frame = _DECODER.decode(line.decode())
    except ValueError:
        return None
    if not isinstance(frame, dict) or not set(frame) <= {"jsonrpc", "id", "method", "params"}:
        return None
    good = frame.get("jsonrpc") == "2.0" and type(frame.get("method")) is str and type(frame.get("params", {})) is dict
    return frame if good and _is_plain_id(frame.get("id", 0)) else None


def handshake_version(params: dict[str, Any]) -> str:
    """The protocol version that good parameters of ``initialize`` ask for; none for others."""
    good = _fits(params, _HANDSHAKE_PARAMS) and len(params) == len(_HANDSHAKE_PARAMS)
    return str(params["protocolVersion"]) if good and _is_client(params["clientInfo"]) else ""


def envelope_version(params: dict[str, Any]) -> str:
    """The protocol version of parameters that are nothing but the envelope of 2026-07-28; none for others."""
    meta: Any = params.get("_meta")
    good = len(params) == 1 and _fits(meta, _ENVELOPE) and {_VERSION, _ABLE} <= set(meta)
    return str(meta[_VERSION]) if good and _is_client(meta.get(_INFO, {"name": "", "version": ""})) else ""


def is_plain(params: dict[str, Any]) -> bool:
    """Whether parameters say nothing, or no more than how to report progress."""
    return _fits(params, {"_meta": _META})


def _fits(value: Any, shape: Any) -> bool:
    """Whether a value has one of these types or, for an object, no other members than these, each as it should be."""
    if shape is None:
        return True
    if isinstance(shape, set):
        return type(value) in shape
    return isinstance(value, dict) and all(
        (name in shape or "*" in shape) and _fits(member, shape.get(name, shape.get("*")))
        for name, member in value.items()
    )


def _is_plain_id(found: Any) -> bool:
    if type(found) is str:
        return found.isascii() and found.isprintable() and not set(found) & set('"\\')
    return type(found) is int and abs(found) < _MAX_INTEGER


def _is_client(found: Any) -> bool:
    return "name" in found and "version" in found


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    return members if len(members) == len(pairs) else _doubtful("a member twice")


def _doubtful(what: str) -> NoReturn:
    raise ValueError(what)


_DECODER = JSONDecoder(object_pairs_hook=_members, parse_float=_doubtful, parse_constant=_doubtful)
