"""Parts of a text replaced in one pass."""

from __future__ import annotations

from collections.abc import Iterable
from operator import itemgetter
from typing import AnyStr


def edited(text: AnyStr, edits: Iterable[tuple[int, int, AnyStr]]) -> AnyStr:
    """The text with other words from each start to its end; where these are one, words are put in.

    Edits at one place come in their order; one that begins within another is passed over.
    """
    parts: list[AnyStr] = []
    position = 0
    for start, end, words in sorted(edits, key=itemgetter(0)):
        if start >= position:
            parts += text[position:start], words
            position = end
    parts.append(text[position:])
    return text[:0].join(parts)
