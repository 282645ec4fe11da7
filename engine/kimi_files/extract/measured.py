"""How many tokens each part of a page has, counted beside the reader: files are read on every core, stored on one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from kimi_files.extract.document import DocumentEvent, PageText
from kimi_files.tokens import estimate_tokens

# Estimating goes at about 10 MB/s: beyond the first million characters of a page one piece in so many speaks for the rest.
_MEASURED_PIECES = 16
_MEASURED_ONE_IN = 64


def measured(events: Iterable[DocumentEvent]) -> Iterator[DocumentEvent]:
    """The same events, each ``PageText`` with its ``tokens``."""
    page, pieces, tokens_a_character = 0, 0, 0.0
    for event in events:
        if not isinstance(event, PageText) or not event.text:
            yield event
            continue
        if event.number != page:
            page, pieces = event.number, 0
        if pieces < _MEASURED_PIECES or pieces % _MEASURED_ONE_IN == 0:
            tokens: float = estimate_tokens(event.text)
            tokens_a_character = tokens / len(event.text)
        else:
            tokens = len(event.text) * tokens_a_character
        pieces += 1
        yield replace(event, tokens=tokens)
