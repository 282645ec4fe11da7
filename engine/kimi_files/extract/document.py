"""What a reader says about a file, as a stream of events: small enough to send, easy to store while it arrives.

A reader is a generator: ``Start`` first, then pages in order, outline entries and warnings anywhere between. A page
that is too long for one event (a 100 MB log is one page) comes in consecutive ``PageText`` events with the same
``number``; together their texts are the page's text. Nothing else is promised about where the cuts are, except that
no cut stands inside a surrogate pair or between ``\\r`` and ``\\n``.

``checked`` is how the server takes them: it believes nothing that a worker sends.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from kimi_files.workers.output import Output, Within

OcrState = Literal["none", "read", "waiting"]
"""Whether the words of a page were recognised in its picture: not at all, done, or not yet but on demand."""

PageKind = Literal["page", "slide", "sheet", "chapter", "section", "text", "picture", "clip"]

PIECE_CHARACTERS = 65_536
"""No ``PageText`` holds more characters than this in either layer."""


@dataclass(frozen=True, kw_only=True)
class Start(Output):
    """What the file is by its content. ``format`` is a ``formats.Format.name``; ``correction`` says in words why that
    differs from what the name promises ("the name says Word document, the content is RTF")."""

    event: Literal["start"] = "start"
    format: str
    correction: str | None = None


@dataclass(frozen=True, kw_only=True)
class PageText(Output):
    """A page, or the next part of it.

    ``label`` is what people call it: "iv", "12", "Positions". ``number`` counts from 1. ``text`` is for reading
    (markdown where the format has structure), ``plain`` is the text for searching and quoting where it differs (PDF).
    ``without_text`` marks a page that is a picture; ``hidden`` a hidden sheet or slide; ``ocr`` "waiting" a scan that
    the job ``scans`` can read. ``tokens`` is the estimate for ``text``; ``measured`` fills it in, no reader does.
    """

    event: Literal["page"] = "page"
    number: Annotated[int, Within(ge=1)]
    label: Annotated[str, Within(max_length=200)]
    kind: PageKind
    title: Annotated[str, Within(max_length=300)] | None = None
    text: Annotated[str, Within(max_length=PIECE_CHARACTERS)]
    plain: Annotated[str, Within(max_length=PIECE_CHARACTERS)] | None = None
    without_text: bool = False
    hidden: bool = False
    ocr: OcrState = "none"
    tokens: Annotated[float, Within(ge=0, allow_inf_nan=False)] = 0


@dataclass(frozen=True, kw_only=True)
class OutlineEntry(Output):
    """A heading of the file. ``level`` counts from 1; ``page`` is the number of the page on which it stands."""

    event: Literal["outline"] = "outline"
    title: Annotated[str, Within(max_length=300)]
    level: Annotated[int, Within(ge=1, le=9)]
    page: Annotated[int, Within(ge=1)]


@dataclass(frozen=True, kw_only=True)
class Warning(Output):  # noqa: A001 - the word that users know
    """One thing that a reader of the text should know, in one sentence."""

    event: Literal["warning"] = "warning"
    message: Annotated[str, Within(max_length=500)]


@dataclass(frozen=True, kw_only=True)
class Advance(Output):
    """How far the reader is; ``total`` is None where it does not know."""

    at_once: ClassVar = True

    event: Literal["advance"] = "advance"
    done: float
    total: float | None = None
    message: Annotated[str, Within(max_length=200)]


DocumentEvent = Start | PageText | OutlineEntry | Warning | Advance
