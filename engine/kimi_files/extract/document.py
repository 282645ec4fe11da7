"""What a reader says about a file, as a stream of events: small enough to send, easy to store while it arrives.

A reader is a generator: ``Start`` first, then pages in order, outline entries and warnings anywhere between. A page
that is too long for one event (a 100 MB log is one page) comes in consecutive ``PageText`` events with the same
``number``; together their texts are the page's text. Nothing else is promised about where the cuts are, except that
no cut stands inside a surrogate pair or between ``\\r`` and ``\\n``.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

OcrState = Literal["none", "read", "waiting"]
"""Whether the words of a page were recognised in its picture: not at all, done, or not yet but on demand."""

PageKind = Literal["page", "slide", "sheet", "chapter", "section", "text", "picture", "clip"]

PIECE_CHARACTERS = 65_536
"""No ``PageText`` holds more characters than this in either layer."""


class _Event(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Start(_Event):
    """What the file is by its content. ``format`` is a ``formats.Format.name``; ``correction`` says in words why that
    differs from what the name promises ("the name says Word document, the content is RTF")."""

    event: Literal["start"] = "start"
    format: str
    correction: str | None = None


class PageText(_Event):
    """A page, or the next part of it.

    ``label`` is what people call it: "iv", "12", "Positions". ``number`` counts from 1. ``text`` is for reading
    (markdown where the format has structure), ``plain`` is the text for searching and quoting where it differs (PDF).
    ``without_text`` marks a page that is a picture; ``hidden`` a hidden sheet or slide; ``ocr`` "waiting" a scan that
    the job ``scans`` can read. ``tokens`` is the estimate for ``text``; ``measured`` fills it in, no reader does.
    """

    event: Literal["page"] = "page"
    number: int = Field(ge=1)
    label: str = Field(max_length=200)
    kind: PageKind
    title: str | None = Field(default=None, max_length=300)
    text: str = Field(max_length=PIECE_CHARACTERS)
    plain: str | None = Field(default=None, max_length=PIECE_CHARACTERS)
    without_text: bool = False
    hidden: bool = False
    ocr: OcrState = "none"
    tokens: float = Field(default=0, ge=0, allow_inf_nan=False)


class OutlineEntry(_Event):
    """A heading of the file. ``level`` counts from 1; ``page`` is the number of the page on which it stands."""

    event: Literal["outline"] = "outline"
    title: str = Field(max_length=300)
    level: int = Field(ge=1, le=9)
    page: int = Field(ge=1)


class Warning(_Event):  # noqa: A001 - the word that users know
    """One thing that a reader of the text should know, in one sentence."""

    event: Literal["warning"] = "warning"
    message: str = Field(max_length=500)


class Advance(_Event):
    """How far the reader is; ``total`` is None where it does not know."""

    event: Literal["advance"] = "advance"
    done: float
    total: float | None = None
    message: str = Field(max_length=200)


DocumentEvent = Annotated[Start | PageText | OutlineEntry | Warning | Advance, Field(discriminator="event")]

document_event: TypeAdapter[DocumentEvent] = TypeAdapter(DocumentEvent)
"""Checks what arrives from a worker: nothing that a hostile parser sends is used before it passed here."""
