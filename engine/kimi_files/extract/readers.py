"""Finds the reader for a file, and turns whatever a parser raises into one kind of error."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import BinaryIO

from kimi_files import extras
from kimi_files.errors import DamagedFile, KimiFilesError, PasswordRequired
from kimi_files.extract.document import DocumentEvent
from kimi_files.formats import Format, Identified, identify, require_reader
from kimi_files.workers.process import place


def find_reader(stream: BinaryIO, name: str) -> tuple[Identified, str, BinaryIO]:
    """What a file is by its content, the module that reads it, and from what: another stream where it was encrypted.

    Raises what ``identify`` and ``require_reader`` do.
    """
    try:
        identified = identify(name, stream)
    except PasswordRequired:
        stream = _without_excels_password(stream)
        identified = identify(name, stream)
    if "video" in identified.format.purposes:
        if extras.has("video"):
            return identified, "film", stream
        from kimi_files.extract.video import no_text

        raise no_text(name, identified.format)
    return identified, require_reader(name, identified.format), stream


def read(module: str, stream: BinaryIO, name: str, format: Format) -> Iterator[DocumentEvent]:  # noqa: A002
    """The events of a reader. Raises KimiFilesError only, and what no parser can help: MemoryError, RecursionError."""
    with typed_errors(name, format):
        stream.seek(0)
        yield from import_module(f"kimi_files.extract.{module}").read(stream, name, format)


def _without_excels_password(stream: BinaryIO) -> BinaryIO:
    """The file in plain where the password is Excel's own, else the file as it is."""
    from kimi_files.extract.office import package_key

    stream.seek(0)
    plain = package_key.decrypted(stream.read())
    return stream if plain is None else io.BytesIO(plain)


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
