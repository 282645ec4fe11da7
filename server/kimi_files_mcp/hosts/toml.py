"""Edits in the text of a TOML file that change one table and leave everything else, comments included, as it is."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import InlineTable

_MARK = "\ufeff"


class NotToml(Exception):
    """The words name line and column and never quote the file."""


def parse(text: str) -> dict[str, Any]:
    """The values in ``text``. NotToml where it is none."""
    try:
        return tomllib.loads(text.removeprefix(_MARK).replace("\r\n", "\n"))
    except tomllib.TOMLDecodeError as error:
        raise NotToml(_place(str(error))) from None


def with_fields(text: str, path: Sequence[str], fields: Mapping[tuple[str, ...], Any]) -> str:
    """``text`` with each value under its keys in the table at ``path``; a table that is missing comes at the end.

    TypeError where something on the way is there but is not a table; NotToml where the text cannot be edited.
    """
    document = _document(text)
    container: Any = document.get(path[0], {})
    if not isinstance(container, Mapping):
        raise TypeError(path[0])
    present: Any = container.get(path[1])
    if not isinstance(present, Mapping | None):
        raise TypeError(".".join(path))
    if present is None and not isinstance(container, InlineTable):
        separator = "" if not text.strip(f"{_MARK} \r\n\t") else "\n" if text.endswith("\n") else "\n\n"
        return text + _line_ends_of(text, separator + _new_table(path, fields))
    if present is None:
        document[path[0]][path[1]] = tomlkit.inline_table()
        present = container[path[1]]
    for keys, value in fields.items():
        _set(present, keys, value)
    return _dumped(document, text)


def without_table(text: str, path: Sequence[str]) -> str:
    """``text`` without the table at ``path``; as it is where there is none."""
    document = _document(text)
    container = document.get(path[0])
    if not isinstance(container, Mapping) or path[1] not in container:
        return text
    del container[path[1]]  # type: ignore[attr-defined]
    return _dumped(document, text)


def _new_table(path: Sequence[str], fields: Mapping[tuple[str, ...], Any]) -> str:
    entry = tomlkit.table()
    for keys, value in fields.items():
        _set(entry, keys, value)
    parent = tomlkit.table(is_super_table=True)
    parent[path[1]] = entry
    return tomlkit.dumps({path[0]: parent})


def _set(table: Any, keys: tuple[str, ...], value: Any) -> None:
    for key in keys[:-1]:
        if not isinstance(table.get(key), Mapping):
            table[key] = tomlkit.inline_table()
        table = table[key]
    if table.get(keys[-1]) != value:
        table[keys[-1]] = value


def _document(text: str) -> tomlkit.TOMLDocument:
    try:
        return tomlkit.parse(text.removeprefix(_MARK))
    except TOMLKitError as error:
        raise NotToml(_place(str(error))) from None


def _dumped(document: tomlkit.TOMLDocument, text: str) -> str:
    mark = _MARK if text.startswith(_MARK) else ""
    return mark + _line_ends_of(text, tomlkit.dumps(document))


def _line_ends_of(text: str, made: str) -> str:
    """``made`` with the line ends that ``text`` has throughout."""
    if "\r\n" in text and text.count("\r\n") == text.count("\n"):
        return made.replace("\r\n", "\n").replace("\n", "\r\n")
    return made


def _place(words: str) -> str:
    """Where the parser stopped; its other words may quote the file."""
    match = re.search(r"line (\d+),? col(?:umn)? (\d+)", words)
    return f"line {match.group(1)}, column {match.group(2)}" if match else "its end is missing"
