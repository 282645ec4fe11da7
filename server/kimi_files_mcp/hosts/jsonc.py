"""Edits in the text of a JSON file that change one member and leave every other character, comments included, as it is."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

_BLANK = re.compile(r"[ \t\r\n]*")
_LINE_COMMENT = re.compile(r"//[^\r\n]*")
_BLOCK_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"')
_SCALAR = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null")
_INDENT = re.compile(r"[ \t]*")

_MOST_NESTING = 100


class NotJson(Exception):
    """``line`` and ``column`` count from 1; the words never quote the file."""

    def __init__(self, text: str, position: int, words: str) -> None:
        line_start = text.rfind("\n", 0, position) + 1
        super().__init__(f"line {text.count(chr(10), 0, position) + 1}, column {position - line_start + 1}: {words}")


@dataclass(slots=True)
class Member:
    """One ``"key": value`` of an object; ``comma`` is the end of the comma behind it, None where there is none."""

    key: str
    start: int
    value: Node
    comma: int | None = None


@dataclass(slots=True)
class Node:
    """A value and where it stands: ``text[start:end]``. ``last`` is the end of the last thing before a closing brace."""

    kind: Literal["object", "array", "scalar"]
    start: int
    end: int
    value: Any
    members: list[Member] = field(default_factory=list)
    last: int = 0

    def member(self, key: str) -> Member | None:
        """The member with that key; of several, the last, which is the one that counts in JavaScript."""
        return next((member for member in reversed(self.members) if member.key == key), None)


def parse(text: str, *, comments: bool) -> Node:
    """The value in ``text``. NotJson where it is none; ``comments`` allows them and commas before a closing bracket."""
    reader = _Reader(text, comments=comments)
    start = reader.blank(1 if text.startswith("\ufeff") else 0)
    node = reader.value(start, 0)
    end = reader.blank(node.end)
    if end != len(text):
        raise NotJson(text, end, "something follows the end of the value")
    return node


def with_fields(text: str, path: Sequence[str], fields: Mapping[tuple[str, ...], Any], *, comments: bool) -> str:
    """``text`` with each value under its keys in the object at ``path``, which is made where it is missing.

    TypeError where something on the way is there but is not an object.
    """
    entry = parse(text, comments=comments).value
    for key in path:
        entry = entry.get(key) if isinstance(entry, Mapping) else None
    if entry is None:
        made: dict[str, Any] = {}
        for keys, value in fields.items():
            inner = made
            for key in keys[:-1]:
                inner = inner.setdefault(key, {})
            inner[keys[-1]] = value
        return with_value(text, path, made, comments=comments)
    for keys, value in fields.items():
        text = with_value(text, (*path, *keys), value, comments=comments)
    return text


def with_value(text: str, path: Sequence[str], value: Any, *, comments: bool) -> str:
    """``text`` with ``value`` under the keys of ``path``, objects on the way made where they are missing.

    TypeError where something on the way is there but is not an object.
    """
    node = parse(text, comments=comments)
    for depth, key in enumerate(path):
        if node.kind != "object":
            raise TypeError(".".join(path[:depth]))
        member = node.member(key)
        if member is None:
            for missing in reversed(path[depth + 1 :]):
                value = {missing: value}
            return _with_member(text, node, key, value)
        node = member.value
    if node.value == value:
        return text
    return text[: node.start] + _written(text, value, _line_indent(text, node.start)) + text[node.end :]


def without_member(text: str, path: Sequence[str], *, comments: bool) -> str:
    """``text`` without the member under the keys of ``path``; as it is where there is none."""
    node: Node | None = parse(text, comments=comments)
    member: Member | None = None
    owner = node
    for key in path:
        if node is None or node.kind != "object":
            return text
        owner, member = node, node.member(key)
        if member is None:
            return text
        node = member.value
    assert owner is not None
    assert member is not None
    return _without(text, owner, member)


class _Reader:
    """Recursive descent over the text, keeping positions."""

    def __init__(self, text: str, *, comments: bool) -> None:
        self.text = text
        self.comments = comments

    def blank(self, position: int) -> int:
        """The position after white space and comments."""
        while True:
            position = self._skip(_BLANK, position)
            if not self.text.startswith(("//", "/*"), position):
                return position
            if not self.comments:
                raise NotJson(self.text, position, "a comment, which this host does not read")
            pattern = _LINE_COMMENT if self.text.startswith("//", position) else _BLOCK_COMMENT
            after = self._skip(pattern, position)
            if after == position:
                raise NotJson(self.text, position, "a comment without end")
            position = after

    def value(self, position: int, nesting: int) -> Node:
        if nesting > _MOST_NESTING:
            raise NotJson(self.text, position, f"more than {_MOST_NESTING} levels")
        opening = self.text[position : position + 1]
        if opening == "{":
            return self._object(position, nesting)
        if opening == "[":
            return self._array(position, nesting)
        match = (_STRING if opening == '"' else _SCALAR).match(self.text, position)
        if match is None:
            raise NotJson(self.text, position, "a value is missing or not written as JSON")
        return Node("scalar", position, match.end(), json.loads(match.group()))

    def _object(self, position: int, nesting: int) -> Node:
        node = Node("object", position, position, {}, last=position + 1)
        at = self.blank(position + 1)
        while not self.text.startswith("}", at):
            match = _STRING.match(self.text, at)
            if match is None:
                raise NotJson(self.text, at, "a key in quotes or a closing brace is missing")
            colon = self.blank(match.end())
            if not self.text.startswith(":", colon):
                raise NotJson(self.text, colon, "a colon is missing")
            value = self.value(self.blank(colon + 1), nesting + 1)
            member = Member(json.loads(match.group()), at, value)
            node.members.append(member)
            node.value[member.key] = value.value
            at, member.comma = self._separator(value.end, "}")
        node.last = self._last_before(at, position + 1)
        node.end = at + 1
        return node

    def _array(self, position: int, nesting: int) -> Node:
        node = Node("array", position, position, [])
        at = self.blank(position + 1)
        while not self.text.startswith("]", at):
            value = self.value(at, nesting + 1)
            node.value.append(value.value)
            at, _ = self._separator(value.end, "]")
        node.end = at + 1
        return node

    def _separator(self, position: int, closing: str) -> tuple[int, int | None]:
        """The position of the next member or of the closing bracket, and the end of the comma before it."""
        at = self.blank(position)
        if self.text.startswith(closing, at):
            return at, None
        if not self.text.startswith(",", at):
            raise NotJson(self.text, at, f"a comma or {closing} is missing")
        comma = at + 1
        at = self.blank(comma)
        if self.text.startswith(closing, at) and not self.comments:
            raise NotJson(self.text, at, "a comma without anything behind it")
        return at, comma

    def _last_before(self, closing: int, opening: int) -> int:
        """The end of what stands before a closing brace, white space not counted."""
        return opening + len(self.text[opening:closing].rstrip(" \t\r\n"))

    def _skip(self, pattern: re.Pattern[str], position: int) -> int:
        match = pattern.match(self.text, position)
        return match.end() if match else position


def _with_member(text: str, owner: Node, key: str, value: Any) -> str:
    """A new last member, in the style of the object: on a line of its own unless the object has its members on one line."""
    on_one_line = bool(owner.members) and "\n" not in text[owner.start : owner.end]
    previous = owner.members[-1] if owner.members else None
    comma_at = previous.value.end if previous and previous.comma is None else None
    if on_one_line:
        written = f" {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}"
        closing = ""
    else:
        newline, base = _newline(text), _line_indent(text, owner.start)
        indent = _member_indent(text, owner, base)
        trailing = "," if previous and previous.comma is not None else ""
        written = f"{newline}{indent}{json.dumps(key)}: {_written(text, value, indent)}{trailing}"
        closing = "" if "\n" in text[owner.last : owner.end] else f"{newline}{base}"
    before = text[: owner.last] if comma_at is None else f"{text[:comma_at]},{text[comma_at : owner.last]}"
    return before + written + closing + text[owner.last :]


def _without(text: str, owner: Node, member: Member) -> str:
    """The text without a member, its comma and, where nothing else stands there, its line."""
    index = owner.members.index(member)
    start, end = member.start, member.comma or member.value.end
    line_start = text.rfind("\n", 0, start) + 1
    line_end = _INDENT.match(text, end).end()  # type: ignore[union-attr]
    rest = text[line_end : line_end + 2]
    if not text[line_start:start].strip(" \t") and rest.startswith(("\n", "\r\n")):
        start, end = line_start, line_end + (2 if rest.startswith("\r\n") else 1)
    elif index + 1 < len(owner.members):
        end = line_end
    if member.comma is None and index > 0:
        comma = owner.members[index - 1].comma
        assert comma is not None
        between = text[comma:start]
        between = between if between.strip(" \t") else ""
        return text[: comma - 1] + between + text[end:]
    left = text[:start] + text[end:]
    inside = text[owner.start + 1 : start] + text[end : owner.end - 1]
    if not inside.strip(" \t\r\n"):
        return f"{text[: owner.start]}{{}}{text[owner.end :]}"
    return left


def _written(text: str, value: Any, indent: str) -> str:
    """``value`` as JSON in the indentation of the file, as it stands behind a key that is indented by ``indent``."""
    unit = _unit(text)
    short = not isinstance(value, Mapping) and json.dumps(value, ensure_ascii=False)
    if short and len(short) <= 100:
        return short
    return json.dumps(value, ensure_ascii=False, indent=unit).replace("\n", _newline(text) + indent)


def _member_indent(text: str, owner: Node, base: str) -> str:
    if owner.members:
        first = owner.members[0].start
        line_start = text.rfind("\n", 0, first) + 1
        if not text[line_start:first].strip(" \t"):
            return text[line_start:first]
    return base + _unit(text)


def _line_indent(text: str, position: int) -> str:
    """The white space with which the line begins on which ``position`` stands."""
    match = _INDENT.match(text, text.rfind("\n", 0, position) + 1)
    return match.group() if match else ""


def _unit(text: str) -> str:
    """One step of indentation in this file: that of its first indented line, else two spaces."""
    match = re.search(r"^([ \t]+)\S", text, re.MULTILINE)
    return match.group(1) if match else "  "


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"
