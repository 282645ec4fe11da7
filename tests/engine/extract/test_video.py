"""Whole containers pass, cut ones are named."""

from __future__ import annotations

import io
import struct

import pytest

from kimi_files import formats
from kimi_files.errors import InvalidVideo
from kimi_files.extract.video import check


def box(kind: bytes, body: bytes = b"") -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind) + body


MP4 = box(b"ftyp", b"isom\0\0\0\1isom") + box(b"moov", bytes(100)) + box(b"mdat", bytes(1000))
LONG_BOX = box(b"ftyp", b"qt  ") + box(b"moov") + struct.pack(">I4sQ", 1, b"mdat", 16 + 50) + bytes(50)
OPEN_BOX = box(b"ftyp", b"isom") + box(b"moov") + struct.pack(">I4s", 0, b"mdat") + bytes(50)
EBML = b"\x1a\x45\xdf\xa3\x87\x42\x82\x84webm"
WEBM = EBML + b"\x18\x53\x80\x67" + b"\x41\x00" + bytes(256)
LIVE_WEBM = EBML + b"\x18\x53\x80\x67" + b"\x01" + b"\xff" * 7 + bytes(10)
AVI = b"RIFF" + struct.pack("<I", 116) + b"AVI LIST" + struct.pack("<I", 100) + b"hdrl" + bytes(100)
WMV = b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\0\xaa\0\x62\xce\x6c" + struct.pack("<QI", 90, 3) + b"\1\2" + bytes(60)
FLV = b"FLV\1\5" + struct.pack(">II", 9, 0) + bytes(100)


@pytest.mark.parametrize(
    ("data", "format"),
    [
        (MP4, formats.MP4),
        (MP4 + b"\0\0\0", formats.MP4),
        (LONG_BOX, formats.QUICKTIME),
        (OPEN_BOX, formats.THREE_GPP),
        (WEBM, formats.WEBM),
        (LIVE_WEBM, formats.MATROSKA),
        (AVI, formats.AVI),
        (WMV, formats.WMV),
        (FLV, formats.FLASH),
        (b"\0\0\1\xba" + bytes(2048), formats.MPEG),
    ],
)
def test_a_whole_container_passes(data: bytes, format: formats.Format) -> None:  # noqa: A002
    assert check(io.BytesIO(data), "a.video", format) == format.name


@pytest.mark.parametrize(
    ("data", "format", "reason"),
    [
        (MP4[:-10], formats.MP4, "10 bytes of its end are missing"),
        (MP4[:20] + b"\0\0", formats.MP4, "no index"),
        (MP4.replace(b"moov", b"free"), formats.MP4, "no index"),
        (box(b"moov") + b"\0\0\0\3mdat", formats.MP4, "makes no sense"),
        (WEBM[:-6], formats.WEBM, "6 bytes of"),
        (EBML, formats.WEBM, "no segment"),
        (b"\x1a\x45\xdf\xa3", formats.WEBM, "makes no sense"),
        (AVI[:-1], formats.AVI, "1 byte of its end is missing"),
        (AVI.replace(b"hdrl", b"movi"), formats.AVI, "no header list"),
        (WMV[:25], formats.WMV, "cut off"),
        (WMV[:60], formats.WMV, "cut off"),
        (FLV[:9], formats.FLASH, "cut off"),
        (FLV.replace(b"\1\5", b"\1\4"), formats.FLASH, "sound only"),
        (b"\0\0\1\xba", formats.MPEG, "cut off"),
    ],
)
def test_a_broken_container_is_named(data: bytes, format: formats.Format, reason: str) -> None:  # noqa: A002
    with pytest.raises(InvalidVideo, match=reason):
        check(io.BytesIO(data), "a.video", format)


def test_every_video_format_has_a_check() -> None:
    for format in formats.FORMATS:  # noqa: A001
        if "video" in format.purposes:
            with pytest.raises(InvalidVideo):
                check(io.BytesIO(b"\x01"), "a.video", format)
