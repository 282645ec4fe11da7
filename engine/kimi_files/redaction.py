"""Keys that must not leave the process: every text that does passes ``redacted``."""

from __future__ import annotations

import logging

# A word such as "ollama", given where an endpoint wants any key at all, is no secret and stands in ordinary sentences.
_SHORTEST_SECRET = 12
_SHOWN_INSTEAD = "[key]"

_hidden: set[str] = set()


def hide(secret: str) -> None:
    """Let ``redacted`` remove this key from now on, also where it is percent-encoded."""
    from urllib.parse import quote  # most processes have no key, and all start

    if len(secret) >= _SHORTEST_SECRET:
        _hidden.update((secret, quote(secret, safe="")))


def redacted(text: str) -> str:
    """``text`` with ``[key]`` in place of every key that was given to ``hide``."""
    for secret in sorted(_hidden, key=len, reverse=True):  # one may be the beginning of another
        text = text.replace(secret, _SHOWN_INSTEAD)
    return text


class RedactingFormatter(logging.Formatter):
    """A log format whose lines, tracebacks included, hold no key."""

    def format(self, record: logging.LogRecord) -> str:
        return redacted(super().format(record))
