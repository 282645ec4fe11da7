"""Checks what arrives from a worker: nothing that a hostile parser sends is used before it passed here."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, TypeAdapter

from kimi_files.extract.document import DocumentEvent

document_event: TypeAdapter[DocumentEvent] = TypeAdapter(Annotated[DocumentEvent, Field(discriminator="event")])
"""An event of ``document.py`` from its JSON; ValidationError for anything else."""
