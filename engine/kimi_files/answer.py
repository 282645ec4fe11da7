"""Question + files → answer with citations. Without a model: the passages that answer best, for the calling agent."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Question:
    """``queries`` are wordings as they would stand in the files; ``max_tokens`` is the budget of what comes back."""

    text: str
    queries: tuple[str, ...]
    max_tokens: int


@dataclass(frozen=True, slots=True)
class Citation:
    """One numbered passage. ``place`` is how people would name it: 'page 17', 'sheet "Positions"', 'lines 120-134'."""

    number: int
    file: str
    place: str
    heading: str
    text: str
    tokens: int


@dataclass(frozen=True, slots=True)
class Answer:
    """``text`` is a model's answer, or None where the passages are the answer.

    ``searched_files``, ``searched_pages`` and ``searched_passages`` say over how much was searched; ``left_out`` how many
    matching passages did not fit; ``terms_not_found`` which words of the question stand in no file; ``headings`` the
    best headings that are not shown.
    """

    text: str | None
    citations: tuple[Citation, ...]
    searched_files: int
    searched_pages: int
    searched_passages: int
    left_out: int
    terms_not_found: tuple[str, ...]
    headings: tuple[str, ...]
    overview: bool
    model: str | None = None
    tokens_in: int = 0
    tokens_out: int = 0
