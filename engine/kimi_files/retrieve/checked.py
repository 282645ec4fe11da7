"""Checks what arrives from a worker that cuts a text into passages: nothing of it is used before it passed here."""

from __future__ import annotations

from pydantic import TypeAdapter

from kimi_files.retrieve.segment import Segment

segment: TypeAdapter[Segment] = TypeAdapter(Segment)
"""A segment from its JSON; ValidationError for anything else."""
