"""Videos: whether the container is whole. Nothing is decoded."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from typing import BinaryIO

from kimi_files import extras
from kimi_files.errors import InvalidVideo, UnsupportedFile
from kimi_files.formats import AVI, FLASH, MATROSKA, MP4, MPEG, QUICKTIME, THREE_GPP, WEBM, WMV, Format

_HINT = "Open it in a player; if it plays, export it again, else get a complete copy."
_EBML, _SEGMENT = 0x1A45DFA3, 0x18538067
_MOST_BOXES = 100_000


def check(stream: BinaryIO, name: str, format: Format) -> str:  # noqa: A002
    """What the video is, in words. InvalidVideo, with a reason, if its container is cut off or makes no sense."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    reason = _CHECKS[format.name](stream, size)
    if reason is not None:
        raise InvalidVideo(f"'{name}' is {format.name}, but {reason}.", _HINT)
    return format.name


def no_text(name: str, format: Format) -> UnsupportedFile:  # noqa: A002
    """The error for who wants to read a video, or see its frames, where nothing that can is installed."""
    return UnsupportedFile(
        f"'{name}' is a video ({format.name}): reading its subtitles and frames needs the extra 'video', which is not "
        "installed.",
        f"Install it ({extras.install_command('video')}) and start the server again, read a transcript or subtitles "
        "(.srt, .vtt) if there are any, or upload it with the purpose 'video'.",
    )


def _boxes(stream: BinaryIO, size: int) -> str | None:
    """MP4 and its relatives: boxes, one after the other, to the end; one of them says what the video holds."""
    position, kinds = 0, set()
    for _ in range(_MOST_BOXES):
        if position >= size:
            break
        stream.seek(position)
        header = stream.read(16)
        if len(header) < 8:
            break  # players pass over a few bytes of rubbish at the end
        length, kind = struct.unpack(">I4s", header[:8])
        if length == 1 and len(header) == 16:
            length = struct.unpack(">Q", header[8:])[0]
        elif length == 0:
            length = size - position
        if length < 8:
            return "its structure makes no sense"
        kinds.add(kind)
        position += length
    if position > size:
        return _cut_off(position - size)
    return (
        None if kinds & {b"moov", b"moof"} else "it has no index (no 'moov' box): its recording or download did not end"
    )


def _ebml(stream: BinaryIO, size: int) -> str | None:
    """Matroska and WebM: a head, then one segment of a stated or an open length."""
    element, length = _ebml_number(stream, marked=True), _ebml_number(stream)
    if element != _EBML or length is None:
        return "its head makes no sense"
    stream.seek(length, os.SEEK_CUR)
    element, length = _ebml_number(stream, marked=True), _ebml_number(stream)
    if element != _SEGMENT:
        return "it holds no segment"
    missing = 0 if length is None else stream.tell() + length - size
    return _cut_off(missing) if missing > 0 else None


def _ebml_number(stream: BinaryIO, marked: bool = False) -> int | None:
    """A number of 1 to 8 bytes, with the bit that says how many if ``marked``; None if it is open or not there."""
    first = stream.read(1)
    if not first or first[0] == 0:
        return None
    length = 9 - first[0].bit_length()
    rest = stream.read(length - 1)
    number = int.from_bytes(first + rest, "big")
    if marked:
        return number
    number &= (1 << 7 * length) - 1
    return None if number == (1 << 7 * length) - 1 else number


def _riff(stream: BinaryIO, size: int) -> str | None:
    head = stream.read(24)
    if len(head) < 24 or head[12:16] != b"LIST" or head[20:24] != b"hdrl":
        return "it has no header list"
    missing = struct.unpack("<I", head[4:8])[0] + 8 - size
    return _cut_off(missing) if missing > 0 else None


def _asf(stream: BinaryIO, size: int) -> str | None:
    head = stream.read(30)
    if len(head) < 30:
        return "it is cut off"
    length, objects = struct.unpack("<QI", head[16:28])
    return "its head is cut off" if length > size or length < 30 or objects == 0 else None


def _flv(stream: BinaryIO, size: int) -> str | None:
    head = stream.read(9)
    if len(head) < 9 or struct.unpack(">I", head[5:9])[0] + 4 >= size:
        return "it is cut off"
    return None if head[4] & 1 else "it holds sound only"


def _mpeg(stream: BinaryIO, size: int) -> str | None:
    return "it is cut off" if size < 188 else None


def _cut_off(missing: int) -> str:
    return f"it is cut off: {missing:,} byte{'' if missing == 1 else 's'} of its end {'is' if missing == 1 else 'are'} missing"


_CHECKS: dict[str, Callable[[BinaryIO, int], str | None]] = {
    MP4.name: _boxes,
    QUICKTIME.name: _boxes,
    THREE_GPP.name: _boxes,
    WEBM.name: _ebml,
    MATROSKA.name: _ebml,
    AVI.name: _riff,
    WMV.name: _asf,
    FLASH.name: _flv,
    MPEG.name: _mpeg,
}
