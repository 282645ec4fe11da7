"""What a worker does with a file: extract its text, draw its pages, check it for a purpose."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, BinaryIO

from kimi_files import extras
from kimi_files.errors import (
    DamagedFile,
    InvalidImage,
    InvalidVideo,
    KimiFilesError,
    UnsupportedFile,
)
from kimi_files.extract import readers
from kimi_files.extract.document import DocumentEvent, Start
from kimi_files.extract.invisible import without_invisible
from kimi_files.extract.measured import measured
from kimi_files.extract.scan import reader as scan
from kimi_files.formats import HEIC, PDF, SVG, SVGZ, Format, identify, require_reader

_DETAILS_CHARACTERS = 500


def extract(stream: BinaryIO, arguments: dict[str, Any], feed: Iterator[bytes]) -> Iterator[DocumentEvent]:
    """The events of ``document.py``, ``Start`` first. Arguments: those of ``_file``; ``scan_seconds``, if not the usual."""
    scan.allow(arguments.get("scan_seconds", scan.SECONDS))
    stream, name = _file(stream, arguments)
    identified, module, stream = readers.find_reader(stream, name)
    yield Start(format=identified.format.name, correction=identified.correction)
    yield from measured(without_invisible(readers.read(module, stream, name, identified.format)))


def pictures(stream: BinaryIO, arguments: dict[str, Any], feed: Iterator[bytes]) -> Iterator[bytes]:
    """A frame for each picture: page, label, media_type, data (base64), width, height, note.

    Arguments: those of ``_file``; ``pages``, their numbers from 1, or None for the image itself or the first page.
    """
    stream, name = _file(stream, arguments)
    pages = arguments["pages"]
    found = identify(name, stream).format
    with readers.typed_errors(name, found):
        if found == PDF:
            from kimi_files.extract.pdf_page import drawing

            drawings = drawing.draw(stream, name, pages)
        elif found in (SVG, SVGZ):
            from kimi_files.extract import svg

            drawings = svg.draw(stream, name)
        elif "video" in found.purposes:
            readers.find_reader(stream, name)
            from kimi_files.extract import film

            drawings = film.draw(stream, name, found, pages)
        elif found.picture:
            require_reader(name, found)
            from kimi_files.extract import picture

            drawings = picture.draw(stream, name, found, pages)
        else:
            raise UnsupportedFile(
                f"'{name}' is {found.name}, which has no pages that can be shown as pictures.", "Read its text instead."
            )
        for drawn in drawings:
            yield json.dumps({**asdict(drawn), "data": base64.b64encode(drawn.data).decode()}).encode()


def scans(stream: BinaryIO, arguments: dict[str, Any], feed: Iterator[bytes]) -> Iterator[DocumentEvent]:
    """``PageText`` events of scanned pages, as many as there is time for, their headings, and ``Advance`` between them.

    Arguments: those of ``extract``; ``pages``, their numbers from 1, in order.
    """
    scan.allow(arguments.get("scan_seconds", scan.SECONDS))
    stream, name = _file(stream, arguments)
    found = identify(name, stream).format
    with readers.typed_errors(name, found):
        yield from measured(without_invisible(scan.read_pages(stream, name, found, arguments["pages"])))


def check(stream: BinaryIO, arguments: dict[str, Any], feed: Iterator[bytes]) -> Iterator[bytes]:
    """One frame, ``details``: in a few words, what a file is that suits a purpose; an error if it does not suit.

    Arguments: those of ``_file``; ``purpose`` (image, video or batch).
    """
    stream, name = _file(stream, arguments)
    purpose = arguments["purpose"]
    details = {"image": _check_image, "video": _check_video, "batch": _check_batch}[purpose](stream, name)
    yield json.dumps({"details": details[:_DETAILS_CHARACTERS]}).encode()


def _file(stream: BinaryIO, arguments: dict[str, Any]) -> tuple[BinaryIO, str]:
    """The file that a job is about, and its name.

    Arguments: ``name``; for a file in an archive ``member``, its path there, and ``archive``, the archive's name.
    """
    if arguments.get("member"):
        from kimi_files.extract.archive import opened_member

        stream = opened_member(stream, arguments["archive"], arguments["member"])
    return stream, arguments["name"]


def _check_image(stream: BinaryIO, name: str) -> str:
    found, correction = _identify(stream, name, "image", InvalidImage)
    if found == HEIC and not extras.has("heic"):
        return f"{found.name}, taken as it is: nothing here can decode it" + correction
    from kimi_files.extract import picture, svg

    try:
        with readers.typed_errors(name, found):
            words = svg.check(stream, name) if found in (SVG, SVGZ) else picture.check(stream, name, found)
            return words + correction
    except DamagedFile as error:
        raise InvalidImage(error.message, error.hint) from error


def _check_video(stream: BinaryIO, name: str) -> str:
    found, correction = _identify(stream, name, "video", InvalidVideo)
    from kimi_files.extract import video

    return video.check(stream, name, found) + correction


def _check_batch(stream: BinaryIO, name: str) -> str:
    from kimi_files.extract import batch

    found = batch.check(stream, name)
    return f"{found.requests:,} request{'' if found.requests == 1 else 's'} for {found.model}"


def _identify(stream: BinaryIO, name: str, purpose: str, refusal: type[KimiFilesError]) -> tuple[Format, str]:
    """The format, and in words how the name differs. ``refusal`` if it is none for the purpose."""
    try:
        identified = identify(name, stream)
    except UnsupportedFile as error:
        raise refusal(error.message, f"A file for the purpose '{purpose}' has to be one by its content.") from error
    if purpose not in identified.format.purposes:
        raise refusal(
            f"'{name}' cannot be used for the purpose '{purpose}': its content is {identified.format.name}.",
            f"Choose a file that is {'an' if purpose == 'image' else 'a'} {purpose} by its content, or another purpose.",
        )
    return identified.format, f"; {identified.correction}" if identified.correction else ""
