"""Messages that Outlook saves: properties in an OLE2 container, bodies in up to three forms, messages within messages."""

from __future__ import annotations

import io
import struct
from datetime import UTC, datetime, timedelta
from typing import Any

from kimi_files.errors import DamagedFile, TooComplex
from kimi_files.extract.encoding import Decoded, detect_encoding
from kimi_files.extract.mail import DEEPEST, Attachment, Message
from kimi_files.extract.office.markdown import join_blocks
from kimi_files.extract.particulars import Key, particulars

# Numbers of properties, as Microsoft publishes them in [MS-OXPROPS].
_SUBJECT, _BODY, _HTML, _RTF, _REPORT = 0x0037, 0x1000, 0x1013, 0x1009, 0x1001
_SENDER, _SENDER_ADDRESS, _SENDER_SMTP, _REPRESENTED = 0x0C1A, 0x0C1F, 0x5D01, 0x0042
_SENT, _DELIVERED, _CREATED = 0x0039, 0x0E06, 0x3007
_DISPLAY_NAME, _ADDRESS, _SMTP, _RECIPIENT_TYPE = 0x3001, 0x3003, 0x39FE, 0x0C15
_LONG_NAME, _SHORT_NAME, _DATA = 0x3707, 0x3704, 0x3701
_CODEPAGE, _MESSAGE_CODEPAGE = 0x3FDE, 0x3FFD
_TO_CC_BCC = {1: "To", 2: "Cc", 3: "Bcc"}

_MOST_STREAMS = 20_000
_MOST_RTF_BYTES = 64 << 20
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_LAST_TICK = 1 << 61

# What every packed RTF text begins with, unseen: [MS-OXRTFCP] 2.1.3.1.
_RTF_START = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans "
    b"SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab"
    b"\\tx"
)


def parse(untrusted_bytes: bytes) -> Message:
    """The message. Raises DamagedFile and TooComplex."""
    import olefile

    with olefile.OleFileIO(io.BytesIO(untrusted_bytes)) as container:
        folders: dict[str, dict[str, tuple[str, ...]]] = {}
        entries = container.listdir()
        if len(entries) > _MOST_STREAMS:
            raise TooComplex("The message has more parts than are read.", "Save its attachments apart.")
        for path in entries:
            folders.setdefault("/".join(path[:-1]), {})[path[-1].lower()] = tuple(path)
        if not any(name.startswith("__properties") for name in folders.get("", {})):
            raise DamagedFile("The message is damaged: its properties are missing.", "Save it again in Outlook.")
        return _Folder(container, folders, _named(container, folders), "", 32).message(0)


class _Folder:
    """The properties of a message, a recipient or an attachment. ``skip`` is how many bytes stand before them."""

    def __init__(
        self,
        container: Any,
        folders: dict[str, dict[str, tuple[str, ...]]],
        named: dict[tuple[int, int], int],
        path: str,
        skip: int,
        encoding: str = "",
    ) -> None:
        self._container = container
        self._folders = folders
        self._named = named
        self._path = path
        self._streams = folders.get(path, {})
        self._fixed = dict(_fixed(self._read("__properties_version1.0")[skip:]))
        codepage = self.number(_MESSAGE_CODEPAGE) or self.number(_CODEPAGE)
        self._encoding = codec(codepage) or encoding

    def message(self, depth: int) -> Message:
        message = Message(self._headers())
        if found := particulars(self):
            message.kind = found.kind
            message.headers += [(name, " ".join(value.split())) for name, value in found.lines]
        message.plain = self.text(_BODY).replace("\r\n", "\n")
        message.html = self._html()
        if not message.plain and not message.html:
            message.plain = rtf_of(self._bytes(_RTF)) or self.text(_REPORT).replace("\r\n", "\n")
        for folder in self._inner("__attach") if depth < DEEPEST else ():
            message.attachments.append(folder._attachment(depth))
        return message

    def _headers(self) -> list[tuple[str, str]]:
        name, address = self.text(_SENDER) or self.text(_REPRESENTED), self.text(_SENDER_SMTP)
        headers = [("From", _person(name, address or self.text(_SENDER_ADDRESS)))]
        people: dict[str, list[str]] = {"To": [], "Cc": [], "Bcc": []}
        for folder in self._inner("__recip"):
            kind = _TO_CC_BCC.get(folder.number(_RECIPIENT_TYPE), "To")
            address = folder.text(_SMTP) or folder.text(_ADDRESS)
            people[kind].append(_person(folder.text(_DISPLAY_NAME), address))
        headers += [(kind, ", ".join(names)) for kind, names in people.items()]
        headers += [("Date", self._date()), ("Subject", self.text(_SUBJECT))]
        return [(kind, " ".join(value.split())) for kind, value in headers if value]

    def _attachment(self, depth: int) -> Attachment:
        name = self.text(_LONG_NAME) or self.text(_SHORT_NAME)
        embedded = f"{self._path}/__substg1.0_{_DATA:04X}000D".lstrip("/")
        inside = next((path for path in self._folders if path.lower() == embedded.lower()), None)
        if inside is not None and "__properties_version1.0" in self._folders[inside]:
            folder = _Folder(self._container, self._folders, self._named, inside, 24, self._encoding)
            message = folder.message(depth + 1)
            return Attachment(name or message.subject or self.text(_DISPLAY_NAME) or "message", message)
        return Attachment(name or self.text(_DISPLAY_NAME) or "attachment", self._bytes(_DATA))

    def _inner(self, start: str) -> list[_Folder]:
        """The folders right in this one whose names start so."""
        prefix = f"{self._path}/{start}".lstrip("/")
        paths = [path for path in self._folders if path.startswith(prefix) and "/" not in path[len(prefix) :]]
        return [_Folder(self._container, self._folders, self._named, path, 8, self._encoding) for path in sorted(paths)]

    # ---- properties

    def _read(self, name: str) -> bytes:
        path = self._streams.get(name.lower())
        if path is None:
            return b""
        with self._container.openstream(list(path)) as stream:
            content: bytes = stream.read()
        return content

    def text(self, key: Key) -> str:
        property_id = self._id(key)
        wide = self._read(f"__substg1.0_{property_id:04X}001F")
        if wide:
            return wide.decode("utf-16-le", "replace").rstrip("\0")
        return self._decoded(self._read(f"__substg1.0_{property_id:04X}001E").rstrip(b"\0"))

    def number(self, key: Key) -> int:
        return struct.unpack("<i", self._fixed.get(self._id(key), bytes(8))[:4])[0]  # type: ignore[no-any-return]

    def real(self, key: Key) -> float:
        return struct.unpack("<d", self._fixed.get(self._id(key), bytes(8)))[0]  # type: ignore[no-any-return]

    def time(self, key: Key) -> datetime | None:
        return moment(struct.unpack("<Q", self._fixed.get(self._id(key), bytes(8)))[0])

    def _id(self, key: Key) -> int:
        # No property has the number 0, so that what is named nowhere is found nowhere.
        return key if isinstance(key, int) else self._named.get(key, 0)

    def _bytes(self, property_id: int) -> bytes:
        return self._read(f"__substg1.0_{property_id:04X}0102")

    def _html(self) -> str:
        return html_of(self._bytes(_HTML)) or self.text(_HTML)

    def _decoded(self, content: bytes) -> str:
        stream = io.BytesIO(content)
        return "".join(Decoded(stream, detect_encoding(stream, self._encoding or None)))

    def _date(self) -> str:
        time = next(filter(None, map(self.time, (_SENT, _DELIVERED, _CREATED))), None)
        return time.strftime("%Y-%m-%d %H:%M:%S UTC") if time else ""


def _named(container: Any, folders: dict[str, dict[str, tuple[str, ...]]]) -> dict[tuple[int, int], int]:
    """The numbers that named properties have in this file, by the set that they belong to and their number in it."""
    streams = folders.get("__nameid_version1.0", {})
    sets, entries = (
        container.openstream(list(path)).read() if (path := streams.get(f"__substg1.0_{number}0102")) else b""
        for number in ("0002", "0003")
    )
    named = {}
    for offset in range(0, len(entries) - 7, 8):
        number, origin, index = struct.unpack_from("<IHH", entries, offset)
        # An odd one is named by words; the first three sets are not listed.
        start = (origin // 2 - 3) * 16
        if not origin & 1 and 0 <= start <= len(sets) - 16:
            named[struct.unpack_from("<I", sets, start)[0], number] = 0x8000 + index
    return named


def moment(ticks: int) -> datetime | None:
    """The time in UTC; None for 0 and for what is no time of ours. A tick is a tenth of a microsecond."""
    return _EPOCH + timedelta(microseconds=ticks // 10) if 0 < ticks < _LAST_TICK else None


def html_of(content: bytes) -> str:
    """The markup of a body."""
    from kimi_files.extract import web

    return "".join(web.decoded_markup(io.BytesIO(content))) if content else ""


def rtf_of(packed: bytes) -> str:
    """A body in packed RTF as Markdown. DamagedFile, TooComplex."""
    from kimi_files.extract import rtf

    return join_blocks(rtf.parts(unpack_rtf(packed)).blocks()) if packed else ""


def unpack_rtf(packed: bytes) -> bytes:
    """The RTF text of a property: packed as [MS-OXRTFCP] says, or as it is. DamagedFile, TooComplex."""
    if len(packed) < 16:
        return b""
    size, kind = struct.unpack_from("<I4s", packed, 4)
    if kind == b"MELA":
        return packed[16 : 16 + size]
    if kind != b"LZFu":
        raise DamagedFile("The message is damaged: its text cannot be unpacked.", "Save it again in Outlook.")
    text = bytearray(_RTF_START)
    position, end = 16, len(packed)
    while position < end:
        control = packed[position]
        position += 1
        for bit in range(8):
            if position >= end:
                break
            if not control >> bit & 1:
                text.append(packed[position])
                position += 1
                continue
            if position + 2 > end:
                break
            pair = packed[position] << 8 | packed[position + 1]
            position += 2
            # Offsets are into a ring of 4,096 bytes; the one that is next to be written ends the text.
            offset, length = pair >> 4, (pair & 15) + 2
            distance = (len(text) - offset) % 4096
            if distance == 0:
                return bytes(text[len(_RTF_START) :])
            for _ in range(length):
                text.append(text[-distance] if distance <= len(text) else 0x20)
        if len(text) > _MOST_RTF_BYTES:
            raise TooComplex("The message's text is larger than is read.", "Save it as HTML or PDF.")
    return bytes(text[len(_RTF_START) :])


def _fixed(properties: bytes) -> list[tuple[int, bytes]]:
    """Properties of a fixed size: number and eight bytes of value."""
    return [
        (struct.unpack_from("<H", properties, offset + 2)[0], properties[offset + 8 : offset + 16])
        for offset in range(0, len(properties) - 15, 16)
    ]


def codec(codepage: int) -> str:
    """Python's name for a Windows code page; empty where there is none."""
    names = {65001: "utf-8", 20127: "ascii", 28591: "latin-1", 936: "gb18030", 54936: "gb18030", 50220: "iso2022_jp"}
    if 28592 <= codepage <= 28606:
        return f"iso8859-{codepage - 28590}"
    return names.get(codepage, f"cp{codepage}" if codepage > 0 else "")


def _person(name: str, address: str) -> str:
    # Within an Exchange the address is a path in its directory, which says nothing to anybody.
    address = "" if address.upper().startswith("/O=") else address
    if not address or address == name:
        return name or address
    return f"{address} ({name})" if name else address
