"""What travels between server and worker: a length (4 bytes, big-endian), a kind (1 byte), and that many bytes.

    server → worker   REQUEST  {"job", "arguments", "file"}; the file's descriptor comes with its first byte
                      BYTES    the next bytes of the file, where descriptors cannot travel; FEED_END after the last
                      FEED     the next frame of the job's input, after a PULL; FEED_END when there is none
    worker → server   STARTED  the request was taken; nothing of the file has been read yet: the sandbox's layers
                      PULL     the job wants its next input
                      DATA     a frame of the job's output: JSON
                      END      the job is done: {"retire": bool}
                      ERROR    the job failed: {"code", "message", "hint", "retire"}

The server answers pulls, so each side is read by nobody but the one that waits for it: neither end can pile up.
"""

from __future__ import annotations

import struct
from enum import IntEnum

MAX_FRAME_BYTES = 2 << 20
"""Two layers of 65,536 characters as JSON take at most 0.8 MB, a picture of 700 KB in base64 0.94 MB."""

HEADER = struct.Struct(">IB")


class Kind(IntEnum):
    REQUEST = 1
    BYTES = 2
    FEED = 3
    FEED_END = 4
    STARTED = 5
    PULL = 6
    DATA = 7
    END = 8
    ERROR = 9


class FrameError(Exception):
    """The other side sent something that is no frame, or ended inside of one."""


def pack(kind: Kind, payload: bytes = b"") -> bytes:
    """A frame. FrameError if the payload is over ``MAX_FRAME_BYTES``."""
    if len(payload) > MAX_FRAME_BYTES:
        raise FrameError(f"a frame of {len(payload)} bytes is over the limit of {MAX_FRAME_BYTES}")
    return HEADER.pack(len(payload), kind) + payload


def unpack_header(untrusted_header: bytes) -> tuple[int, Kind]:
    """Length and kind of the frame that follows. FrameError if the header is none of ours."""
    size, number = HEADER.unpack(untrusted_header)
    if size > MAX_FRAME_BYTES:
        raise FrameError(f"a frame of {size} bytes is over the limit of {MAX_FRAME_BYTES}")
    try:
        return size, Kind(number)
    except ValueError:
        raise FrameError(f"no frame is of kind {number}") from None
