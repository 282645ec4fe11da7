"""Checks a batch file line by line before anything is uploaded."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import BinaryIO

from kimi_files.errors import InvalidBatchFile
from kimi_files.formats import file_is_empty

ALLOWED_URLS = ("/v1/chat/completions",)

_SHOWN_LINES = 5
_SHOWN_CHARACTERS = 60


@dataclass(frozen=True, slots=True)
class Batch:
    """What a batch file that may be uploaded holds."""

    requests: int
    model: str


def check(stream: BinaryIO, name: str) -> Batch:
    """Go through all lines, one in memory at a time.

    Raises EmptyFile; InvalidBatchFile with the first wrong lines, each with its number and reason, and how many there
    are in all.
    """
    if not name.lower().endswith(".jsonl"):
        raise InvalidBatchFile(
            f"'{name}' is not named .jsonl; nothing was uploaded.",
            "Write one request a line as JSON, and name it .jsonl.",
        )
    lines = _Lines()
    wrong: list[str] = []
    total = wrong_total = 0
    stream.seek(0)
    if not stream.read(1):
        raise file_is_empty()
    for number, line in _numbered(stream):
        total += 1
        reason = lines.reason(line)
        if reason is not None:
            wrong_total += 1
            if len(wrong) < _SHOWN_LINES:
                wrong.append(f"line {number} {reason}")
    if wrong:
        more = f"; and {wrong_total - len(wrong):,} more" if wrong_total > len(wrong) else ""
        verb = "is" if wrong_total == 1 else "are"
        raise InvalidBatchFile(
            f"{name}: {'; '.join(wrong)}{more}. {wrong_total:,} of {total:,} lines {verb} wrong; nothing was uploaded."
        )
    if lines.model is None:
        raise InvalidBatchFile(f"{name} has no requests, only blank lines; nothing was uploaded.")
    return Batch(total, lines.model)


class _Lines:
    """The rules for a line, and what the lines before it said."""

    def __init__(self) -> None:
        self.model: str | None = None
        self._ids: set[bytes] = set()

    def reason(self, line: bytes) -> str | None:
        """What is wrong with a line; None if nothing is."""
        if not line.strip():
            return "is empty"
        try:
            request = json.loads(line.rstrip(b"\r\n").decode())
        except UnicodeDecodeError as error:
            return f"is not UTF-8 (byte {error.start + 1})"
        except json.JSONDecodeError as error:
            return f"is not JSON ({error.msg}, column {error.colno})"
        except RecursionError:
            return "is nested too deeply"
        except ValueError:  # the only other one: more digits than Python converts
            return "has a number that is too long"
        if not isinstance(request, dict):
            return "is not a JSON object"
        return self._identity(request) or _call(request) or self._body(request.get("body"))

    def _identity(self, request: dict[str, object]) -> str | None:
        custom_id = request.get("custom_id")
        if not isinstance(custom_id, str) or not custom_id:
            return "has no custom_id" if custom_id in (None, "") else "has a custom_id that is not a string"
        digest = blake2b(custom_id.encode("utf-8", "surrogatepass"), digest_size=12).digest()
        if digest in self._ids:
            return f"repeats custom_id {_shown(custom_id)}"
        self._ids.add(digest)
        return None

    def _body(self, body: object) -> str | None:
        if not isinstance(body, dict):
            return "has no body object"
        model, messages = body.get("model"), body.get("messages")
        if not isinstance(model, str) or not model:
            return "has no model in its body"
        if not isinstance(messages, list) or not messages:
            return "has no messages in its body"
        if self.model is None:
            self.model = model
        if model != self.model:
            return f"names model {_shown(model)}, earlier lines {_shown(self.model)}: one file, one model"
        return None


def _call(request: dict[str, object]) -> str | None:
    method, url = request.get("method"), request.get("url")
    if method != "POST":
        return "has no method" if method is None else f"has method {_shown(method)} instead of 'POST'"
    if url not in ALLOWED_URLS:
        allowed = " or ".join(f"'{allowed}'" for allowed in ALLOWED_URLS)
        return "has no url" if url is None else f"has url {_shown(url)} instead of {allowed}"
    return None


def _numbered(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Lines with their numbers, without the blank ones at the end."""
    stream.seek(0)
    blank: list[int] = []
    for number, line in enumerate(stream, start=1):
        if not line.strip():
            blank.append(number)
            continue
        for earlier in blank:
            yield earlier, b""
        blank.clear()
        yield number, line


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"
