"""Finds the reader for a file, and turns whatever a parser raises into one kind of error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import BinaryIO

from pydantic import BaseModel

from kimi_files import extras
from kimi_files.errors import DamagedFile, KimiFilesError
from kimi_files.formats import Format, Identified, identify, require_reader
from kimi_files.workers.process import place


def find_reader(stream: BinaryIO, name: str) -> tuple[Identified, str]:
    """What a file is by its content, and the module that reads it. Raises what ``identify`` and ``require_reader`` do."""
    identified = identify(name, stream)
    if "video" in identified.format.purposes:
        if extras.has("video"):
            return identified, "film"
        from kimi_files.extract.video import no_text

        raise no_text(name, identified.format)
    return identified, require_reader(name, identified.format)


def read(module: str, stream: BinaryIO, name: str, format: Format) -> Iterator[BaseModel]:  # noqa: A002
    """The events of a reader. Raises KimiFilesError only, and what no parser can help: MemoryError, RecursionError."""
    with typed_errors(name, format):
        stream.seek(0)
        yield from import_module(f"kimi_files.extract.{module}").read(stream, name, format)


@contextmanager
def typed_errors(name: str, format: Format) -> Iterator[None]:  # noqa: A002
    """Whatever a parser raises is a damaged file; what no parser can help stays what it is."""
    try:
        yield
    except (KimiFilesError, MemoryError, RecursionError, GeneratorExit):
        raise
    except BaseException as error:
        raise DamagedFile(
            f"'{name}' is {format.name}, but could not be read: it is probably damaged ({place(error)}).",
            "Open it in the program it came from, save it again, and retry.",
        ) from error
