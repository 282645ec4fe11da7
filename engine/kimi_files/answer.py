"""A question about files, and its answer with citations: what a model says, or the passages that answer best."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Exhibit:
    """A picture or a video that a model will look at; ``url`` is where it finds it: ``ms://…`` or ``data:…``."""

    name: str
    kind: Literal["image", "video"]
    url: str


@dataclass(frozen=True, slots=True)
class Question:
    """``queries`` are wordings as they would stand in the files; ``max_tokens`` is the budget of what comes back."""

    text: str
    queries: tuple[str, ...]
    max_tokens: int
    exhibits: tuple[Exhibit, ...] = ()


@dataclass(frozen=True, slots=True)
class Citation:
    """One numbered passage. ``place`` is how people would name it: 'page 17', 'sheet "Positions"', 'lines 120-134'.

    ``text`` is what stands there, letter for letter; a line of ``…`` is where something between two parts is left out.
    ``tokens`` is what it costs to print the passage with its head. ``page`` is the number of its page, ``content`` the id of
    the text that it is from: two files may have one name.
    """

    number: int
    file: str
    place: str
    heading: str
    text: str
    tokens: int
    page: int = 1
    content: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """``text`` is a model's answer, or None where the passages are the answer.

    ``searched_files``, ``searched_pages`` and ``searched_passages`` say over how much was searched; ``left_out`` how many
    matching passages did not fit; ``terms_not_found`` which words of the question stand in no file; ``headings`` the
    best headings that are not shown. Of a model's answer, ``citations`` are what it cites, each with the words that it
    takes from there as its text, and ``coverage`` says what the model was given: "both files read whole".
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
    coverage: str = ""
