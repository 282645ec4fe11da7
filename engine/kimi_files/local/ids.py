"""Ids of files: ``file_`` and 26 characters that sort by time and that no two processes give twice."""

from __future__ import annotations

import secrets
import threading

_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"
_CHARACTERS = 26
_RANDOM_BITS = 80

_lock = threading.Lock()
_last = 0


def new_file_id(milliseconds: int) -> str:
    """An id for that time: 48 bits of it, then 80 random ones; above all ids of this process before it."""
    global _last
    with _lock:
        _last = max((milliseconds << _RANDOM_BITS) | secrets.randbits(_RANDOM_BITS), _last + 1)
        number = _last
    digits = (_DIGITS[(number >> (5 * place)) & 31] for place in reversed(range(_CHARACTERS)))
    return "file_" + "".join(digits)
