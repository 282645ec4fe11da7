"""What the index gives to the ranking: passages without their text, and where the asked words stand in them."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field

PassageKey = tuple[int, int]
"""A content's id and the number of a passage in it, from 0."""


@dataclass(frozen=True, slots=True)
class PassageRow:
    """A passage without its text. ``start`` and ``end`` are offsets in its page, in the layer that is searched.

    ``figures`` is the share of numbers among its words, ``page_figures`` that of its page. ``header_start`` and
    ``header_end`` are the first row of the table that it continues (0, 0 if none).
    """

    content: int
    number: int
    page: int
    start: int
    end: int
    cost: int
    figures: float
    page_figures: float
    header_start: int
    header_end: int
    heading: str


@dataclass(slots=True)
class SegmentPostings:
    """Where the asked words stand in a segment: by word, packed as ``segment.posting`` packs them.

    ``words`` is the length of each passage, ``contexts`` the number of its context, ``context_words`` the length of each.
    """

    content: int
    first: int
    words: array[int]
    contexts: array[int]
    context_words: array[int]
    body: dict[str, array[int]] = field(default_factory=dict)
    context: dict[str, array[int]] = field(default_factory=dict)
