"""The content body of a file in either form, read piece by piece: a JSON object with the text in it, or the text itself."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from typing import IO

from kimi_files.kimi.errors import RemoteFailure
from kimi_files.kimi.replies import odd_reply

_CHUNK_BYTES = 1 << 20
# What stands before and after the text in the JSON form: names and types.
_MOST_AROUND = 1 << 16
_MOST_WHOLE = 32 << 20

_START = re.compile(r'\s*\{\s*"content"\s*:\s*"')
_OBJECT_START = re.compile(rb"\s*\{")
# As much of a string as is whole: an escape that the chunk's end cuts is left for the next one.
_RUN = re.compile(r'(?>(?:[^"\\]++|\\u[0-9a-fA-F]{4}|\\["\\/bfnrt])*)')
_LONGEST_ESCAPE = 6
_HALVES = re.compile("[\ud800-\udbff][\udc00-\udfff]")


def text_parts(body: IO[bytes]) -> Iterator[str]:
    """The text of a content body, in parts. RemoteFailure (unknown) for the JSON form cut short.

    A file that is JSON itself, in the plain form, comes as it is: only an object whose other keys are those of the
    contract is taken for the JSON form.
    """
    body.seek(0)
    head = body.read(_MOST_AROUND)
    if not _OBJECT_START.match(head):
        return _plain(body)
    if not _START.match(head.decode("utf-8", "replace")):
        return _small_object(body)
    body.seek(0)
    rest = ""
    for _, rest in _string_parts(body):  # noqa: B007 - only what stands after the string is wanted here
        pass
    if _is_tail(rest):
        body.seek(0)
        return (text for text, _ in _string_parts(body) if text)
    return _whole_json(body)


def _plain(body: IO[bytes]) -> Iterator[str]:
    body.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
    while chunk := body.read(_CHUNK_BYTES):
        if text := decoder.decode(chunk):
            yield text
    if text := decoder.decode(b"", True):
        yield text


def _string_parts(body: IO[bytes]) -> Iterator[tuple[str, str]]:
    """The decoded parts of the first string, each with ``""``; at the end ``""`` with what stands after the string.

    A string that does not end has nothing after it. RemoteFailure for an escape that is none.
    """
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    text = decoder.decode(body.read(_CHUNK_BYTES))
    start = _START.match(text)
    assert start
    text, high = text[start.end() :], ""
    while True:
        run = _RUN.match(text)
        assert run
        decoded, high = _paired(high + _decoded(run.group()))
        yield decoded, ""
        text = text[run.end() :]
        if text.startswith('"'):
            yield high, ""
            yield "", text[1:] + decoder.decode(body.read(_MOST_AROUND))
            return
        if len(text) > _LONGEST_ESCAPE:
            raise odd_reply("a file's content", 200)
        chunk = body.read(_CHUNK_BYTES)
        if not chunk:
            return
        text += decoder.decode(chunk)


def _paired(text: str) -> tuple[str, str]:
    """Halves of characters put together, and the first half that stands alone at the end."""
    high = text[-1:] if "\ud800" <= text[-1:] <= "\udbff" else ""
    return _HALVES.sub(_whole_character, text.removesuffix(high)), high


def _whole_character(halves: re.Match[str]) -> str:
    return halves.group().encode("utf-16", "surrogatepass").decode("utf-16")


def _decoded(escaped: str) -> str:
    return str(json.loads(f'"{escaped}"', strict=False)) if "\\" in escaped else escaped


def _is_tail(rest: str) -> bool:
    """Whether what follows the string closes an object of the contract."""
    rest = rest.strip()
    if rest == "}":
        return True
    try:
        others = json.loads("{" + rest.removeprefix(","))
    except (ValueError, RecursionError):
        return False
    return isinstance(others, dict) and others.keys() <= {"file_type", "filename", "title", "type"}


def _small_object(body: IO[bytes]) -> Iterator[str]:
    """An object that does not begin with its content: the contract's with its keys in another order, or a JSON file."""
    body.seek(0)
    untrusted = body.read(_MOST_WHOLE)
    if len(untrusted) < _MOST_WHOLE:
        try:
            value = json.loads(untrusted)
        except (ValueError, RecursionError):
            return _plain(body)
        if isinstance(value, dict) and isinstance(value.get("content"), str) and {"filename", "type"} <= value.keys():
            return iter([value["content"]] if value["content"] else [])
    return _plain(body)


def _whole_json(body: IO[bytes]) -> Iterator[str]:
    """A body that began like the JSON form and is not: a JSON file as it is, or an answer that was cut short."""
    body.seek(0)
    untrusted = body.read(_MOST_WHOLE)
    if len(untrusted) < _MOST_WHOLE:
        try:
            json.loads(untrusted)
        except (ValueError, RecursionError):
            raise cut_short() from None
        return _plain(body)
    raise cut_short()


def cut_short() -> RemoteFailure:
    """The body ended before the text did."""
    return odd_reply("a whole content", 200)
