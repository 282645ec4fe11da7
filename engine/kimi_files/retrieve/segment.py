"""What a worker sends to the index: up to a thousand passages with where each of their words stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from kimi_files.workers.output import Output, Within

PASSAGES_A_SEGMENT = 1_024
LONGEST_TEXT = 1_000

TIMES_BITS = 6
TIMES_MASK = (1 << TIMES_BITS) - 1
"""A posting's lower bits: how often the word stands there. The upper ones are the number of the passage or context."""

_Count = Annotated[int, Within(ge=0, le=2**31)]
_Posting = Annotated[int, Within(ge=0, le=0xFFFF)]
_Word = Annotated[str, Within(min_length=1, max_length=64)]


def posting(number: int, times: int) -> int:
    """16 bits: a passage's number in its segment, and how often a word stands in it (63 at most)."""
    return number << TIMES_BITS | (times if times < TIMES_MASK else TIMES_MASK)


@dataclass(frozen=True, kw_only=True)
class Passage(Output):
    """A run of characters of a page. ``words`` is its length, ``figures`` how many of them are numbers and no years."""

    page: Annotated[int, Within(ge=1, le=2**31)]
    start: _Count
    end: _Count
    cost: _Count
    words: _Count
    figures: _Count
    context: Annotated[int, Within(ge=0, lt=PASSAGES_A_SEGMENT)]
    header_start: _Count
    header_end: _Count


@dataclass(frozen=True, kw_only=True)
class Context(Output):
    """What is searched with passages that follow one another, and the heading under which they stand."""

    words: _Count
    heading: Annotated[str, Within(max_length=LONGEST_TEXT)]


@dataclass(frozen=True, kw_only=True)
class PageFigures(Output):
    """How many words of a page are in this segment, and how many of them are numbers and no years."""

    page: Annotated[int, Within(ge=1, le=2**31)]
    figures: _Count
    words: _Count


@dataclass(frozen=True, kw_only=True)
class Segment(Output):
    """Passages in the order of the text. ``body`` and ``context`` give each word's postings, by passage and by context."""

    passages: Annotated[list[Passage], Within(min_length=1, max_length=PASSAGES_A_SEGMENT)]
    contexts: Annotated[list[Context], Within(min_length=1, max_length=PASSAGES_A_SEGMENT)]
    pages: Annotated[list[PageFigures], Within(max_length=PASSAGES_A_SEGMENT)]
    body: dict[_Word, list[_Posting]]
    context: dict[_Word, list[_Posting]]

    def __post_init__(self) -> None:
        """A segment comes from a process that read a stranger's file: nothing in it may lead outside of it."""
        for postings, length in ((self.body, len(self.passages)), (self.context, len(self.contexts))):
            if any(found and max(found) >> TIMES_BITS >= length for found in postings.values()):
                raise ValueError("a posting points past the segment")
        if any(passage.context >= len(self.contexts) or passage.end <= passage.start for passage in self.passages):
            raise ValueError("a passage is out of order")
