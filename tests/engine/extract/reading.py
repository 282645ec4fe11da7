"""Runs a reader on bytes and puts its events together."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from kimi_files.extract.document import OutlineEntry, PageText, Warning  # noqa: A004
from kimi_files.formats import Format, identify


@dataclass(slots=True)
class Page:
    label: str
    kind: str
    title: str | None
    text: str
    plain: str
    without_text: bool
    hidden: bool


@dataclass(slots=True)
class Reading:
    pages: list[Page] = field(default_factory=list)
    outline: list[tuple[int, str, int]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def texts(self) -> list[str]:
        return [page.text for page in self.pages]


def read(reader: Callable[..., Iterator[Any]], content: bytes, name: str) -> Reading:
    """What ``reader`` says about ``content``, the format found as it is for every file."""
    found: Format = identify(name, io.BytesIO(content)).format
    reading = Reading()
    for event in reader(io.BytesIO(content), name, found):
        if isinstance(event, PageText):
            if event.number > len(reading.pages):
                assert event.number == len(reading.pages) + 1
                reading.pages.append(
                    Page(event.label, event.kind, event.title, "", "", event.without_text, event.hidden)
                )
            reading.pages[-1].text += event.text
            reading.pages[-1].plain += event.text if event.plain is None else event.plain
        elif isinstance(event, OutlineEntry):
            reading.outline.append((event.level, event.title, event.page))
        elif isinstance(event, Warning):
            reading.warnings.append(event.message)
    return reading
