"""What a worker does with a file: extract its text, draw its pages, check it for a purpose."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any, BinaryIO

from pydantic import BaseModel

from kimi_files.extract.document import Start
from kimi_files.formats import identify, require_reader


def extract(stream: BinaryIO, arguments: dict[str, Any], feed: Iterator[bytes]) -> Iterator[BaseModel]:
    """The events of ``document.py`` for a file: ``Start`` first. Arguments: ``name``."""
    name = arguments["name"]
    identified = identify(name, stream)
    yield Start(format=identified.format.name, correction=identified.correction)
    reader = import_module(f"kimi_files.extract.{require_reader(name, identified.format)}")
    stream.seek(0)
    yield from reader.read(stream, name, identified.format)
