"""The envelope in which Outlook sends what only Outlook knows (``winmail.dat``): a body, attachments, an appointment.

Attributes of [MS-OXTNEF]; two of them hold properties, numbered as those of Outlook's own messages are.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime

from kimi_files.errors import DamagedFile, TooComplex
from kimi_files.extract import outlook
from kimi_files.extract.encoding import Decoded, detect_encoding
from kimi_files.extract.mail import DEEPEST, Attachment, Message
from kimi_files.extract.particulars import Key, particulars
from kimi_files.formats import TNEF_SIGNATURE

_SUBJECT, _BODY, _PROPERTIES, _CODEPAGE = 0x8004, 0x800C, 0x9003, 0x9007
_ATTACHMENT, _TITLE, _DATA, _ATTACHMENT_PROPERTIES = 0x9002, 0x8010, 0x800F, 0x9005
_BODY_TEXT, _BODY_HTML, _BODY_RTF = 0x1000, 0x1013, 0x1009
_LONG_NAME, _SHORT_NAME, _CONTENT = 0x3707, 0x3704, 0x3701

# Types of properties: those of a fixed size with the bytes that they take; before the others stands their size.
_FIXED = {0x02: 4, 0x03: 4, 0x04: 4, 0x05: 8, 0x06: 8, 0x07: 8, 0x0A: 4, 0x0B: 4, 0x14: 8, 0x40: 8, 0x48: 16}
_SIZED = (0x0D, 0x1E, 0x1F, 0x102)
_SEVERAL, _OBJECT, _WIDE = 0x1000, 0x0D, 0x1F
# Before an object stands what it is: this is a message, in an envelope of its own.
_A_MESSAGE = bytes.fromhex("0703020000000000c000000000000046")

_MOST_VALUES = 100_000
_MOST_ATTACHMENTS = 5_000


def parse(untrusted_bytes: bytes, depth: int = 0) -> Message:
    """The message in the envelope; people and dates stand outside of it. Raises DamagedFile and TooComplex."""
    if not untrusted_bytes.startswith(TNEF_SIGNATURE):
        raise DamagedFile("Outlook's envelope is damaged.", "Ask for the message as HTML or plain text.")
    own: dict[int, bytes] = {}
    attached: list[dict[int, bytes]] = []
    for number, content in _attributes(untrusted_bytes):
        if number == _ATTACHMENT:
            attached.append({})
        elif number in (_TITLE, _DATA, _ATTACHMENT_PROPERTIES) and attached:
            attached[-1][number] = content
        else:
            own[number] = content
    if len(attached) > _MOST_ATTACHMENTS:
        raise TooComplex("The message has more attachments than are read.", "Save them apart.")
    codepage = outlook.codec(int.from_bytes(own.get(_CODEPAGE, b"")[:4], "little"))
    message = _message(_Properties(own.get(_PROPERTIES, b""), codepage), own, codepage)
    if depth < DEEPEST:
        message.attachments = [_attachment(attributes, codepage, depth) for attributes in attached]
    return message


def _attributes(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Number and content of each, as far as the file goes: its end may be missing, or something may stand after it."""
    position = 6
    while position + 9 <= len(content):
        level, number, _, size = struct.unpack_from("<BHHI", content, position)
        if level not in (1, 2) or position + 9 + size > len(content):
            return
        yield number, content[position + 9 : position + 9 + size]
        position += 11 + size


def _message(properties: _Properties, attributes: dict[int, bytes], codepage: str) -> Message:
    message = Message()
    subject = properties.text(0x0037) or _decoded(attributes.get(_SUBJECT, b""), codepage)
    if subject:
        message.headers.append(("Subject", " ".join(subject.split())))
    if found := particulars(properties):
        message.kind = found.kind
        message.headers += [(name, " ".join(value.split())) for name, value in found.lines]
    plain = properties.text(_BODY_TEXT) or _decoded(attributes.get(_BODY, b""), codepage)
    message.plain = plain.replace("\r\n", "\n")
    message.html = outlook.html_of(properties.content(_BODY_HTML))
    if not message.plain and not message.html:
        message.plain = outlook.rtf_of(properties.content(_BODY_RTF))
    return message


def _attachment(attributes: dict[int, bytes], codepage: str, depth: int) -> Attachment:
    properties = _Properties(attributes.get(_ATTACHMENT_PROPERTIES, b""), codepage)
    title = _decoded(attributes.get(_TITLE, b""), codepage)
    name = properties.text(_LONG_NAME) or properties.text(_SHORT_NAME) or title
    # What Outlook writes where there is no name.
    name = "" if name == "Untitled Attachment" else name
    within = properties.content(_CONTENT)
    if within.startswith(_A_MESSAGE):
        with suppress(DamagedFile):
            message = parse(within[len(_A_MESSAGE) :], depth + 1)
            return Attachment(name or message.subject or "message", message)
    return Attachment(name or "attachment", attributes.get(_DATA) or within[len(_A_MESSAGE) :])


class _Properties:
    """A list of properties, as far as it can be read; of several values of one the first counts."""

    def __init__(self, content: bytes, codepage: str) -> None:
        self._codepage = codepage
        self._values: dict[Key, tuple[int, bytes]] = {}
        stream = io.BytesIO(content)
        with suppress(struct.error):
            for _ in range(_number(stream)):
                self._read_one(stream)

    def text(self, key: Key) -> str:
        kind, value = self._values.get(key, (0, b""))
        if kind == _WIDE:
            return value.decode("utf-16-le", "replace").rstrip("\0")
        return _decoded(value, self._codepage) if kind in _SIZED else ""

    def number(self, key: Key) -> int:
        return int.from_bytes(self._value(key, 4), "little", signed=True)

    def real(self, key: Key) -> float:
        return struct.unpack("<d", self._value(key, 8))[0]  # type: ignore[no-any-return]

    def time(self, key: Key) -> datetime | None:
        return outlook.moment(int.from_bytes(self._value(key, 8), "little"))

    def content(self, key: Key) -> bytes:
        return self._values.get(key, (0, b""))[1]

    def _value(self, key: Key, size: int) -> bytes:
        kind, value = self._values.get(key, (0, b""))
        return value[:size].ljust(size, b"\0") if kind in _FIXED else bytes(size)

    def _read_one(self, stream: io.BytesIO) -> None:
        kind, number = struct.unpack("<HH", stream.read(4))
        key: Key | None = number
        if number >= 0x8000:
            group = struct.unpack("<I", stream.read(16)[:4])[0]
            if _number(stream):
                _sized(stream)
                key = None
            else:
                key = (group, _number(stream))
        single = kind & ~_SEVERAL
        if single not in _FIXED and single not in _SIZED:
            raise struct.error
        count = _number(stream) if single in _SIZED or kind & _SEVERAL else 1
        if count > _MOST_VALUES:
            raise struct.error
        values = [_sized(stream) if single in _SIZED else _exactly(stream, _FIXED[single]) for _ in range(count)]
        if key is not None and values:
            self._values.setdefault(key, (single, values[0]))


def _number(stream: io.BytesIO) -> int:
    return struct.unpack("<I", stream.read(4))[0]  # type: ignore[no-any-return]


def _sized(stream: io.BytesIO) -> bytes:
    size = _number(stream)
    value = _exactly(stream, size)
    stream.seek(-size % 4, io.SEEK_CUR)
    return value


def _exactly(stream: io.BytesIO, size: int) -> bytes:
    value = stream.read(size)
    if len(value) < size:
        raise struct.error
    return value


def _decoded(content: bytes, codepage: str) -> str:
    stream = io.BytesIO(content.rstrip(b"\0"))
    return "".join(Decoded(stream, detect_encoding(stream, codepage or None)))
