"""Mail messages as they travel: MIME parts, encodings and headers, taken tolerantly. Web archives are made the same way."""

from __future__ import annotations

import io
import re
from contextlib import suppress
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message as Part
from email.parser import BytesParser
from email.policy import compat32

from kimi_files.errors import DamagedFile, TooComplex
from kimi_files.extract.encoding import Decoded, codec_of, detect_encoding
from kimi_files.extract.mail import Attachment, Message
from kimi_files.formats import TNEF_SIGNATURE

_SHOWN = ("From", "Sender", "To", "Cc", "Bcc", "Reply-To", "Date", "Subject")
_DEEPEST = 20
_MOST_PARTS = 5_000
_MOST_HEADER_CHARACTERS = 4_000
_HEADERS_WITHIN = 1 << 16
_NO_LINE = re.compile(rb"\n\r?\n")
_TELLS_OF_TEXT = re.compile(rb"(?:Content-[\w-]+|MIME-Version):", re.IGNORECASE)
_HEADER_OR_FOLDED = re.compile(rb"[ \t]|[!-9;-~]+:")
_ENVELOPES = ("application/pkcs7-mime", "application/x-pkcs7-mime")
_NO_BASE64 = re.compile(r"[^A-Za-z0-9+/=]")
_LEAST_NO_BASE64, _LINE = 2, 400
_OF_MIME = re.compile(r"MIME-Version$|Content-(?:Type|Transfer-Encoding)$", re.IGNORECASE)
_MESSAGES = ("message/rfc822", "message/global", "message/news")


def parse(untrusted_bytes: bytes) -> Message:
    """The message. DamagedFile where there are no headers that any message has; TooComplex where it is a bomb."""
    part = parse_parts(untrusted_bytes)
    if not any(part.get(name) for name in (*_SHOWN, "Received", "Message-ID", "MIME-Version", "Content-Type")):
        raise DamagedFile("The file has no headers of a mail message.", "If it is a text, name it .txt.")
    return _Collector().message(part, 0)


def parse_parts(untrusted_bytes: bytes) -> Part:
    """The parts as the standard library finds them. The 2010 policy of ours is the one that refuses nothing."""
    encoding = detect_encoding(io.BytesIO(untrusted_bytes)).name
    if encoding.startswith(("utf-16", "utf-32")):
        untrusted_bytes = "".join(Decoded(stream := io.BytesIO(untrusted_bytes), detect_encoding(stream))).encode()
    return BytesParser(policy=compat32).parsebytes(
        _with_folded_headers(untrusted_bytes.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n"))
    )


def _with_folded_headers(message: bytes) -> bytes:
    """A title of several lines, not folded as it has to be, would end the headers and hide how the text is encoded."""
    found = _NO_LINE.search(message, 0, _HEADERS_WITHIN)
    end = found.start() if found else 0
    lines = message[:end].split(b"\n")
    told = [number for number, line in enumerate(lines) if _TELLS_OF_TEXT.match(line)]
    for number in range(1, told[-1] if told else 0):
        if lines[number].strip() and not _HEADER_OR_FOLDED.match(lines[number]):
            lines[number] = b" " + lines[number]
    return b"\n".join(lines) + message[end:]


def header(part: Part, name: str) -> str:
    """All headers of that name, decoded, on one line."""
    values = [_decoded_header(value) for key, value in part.raw_items() if key.lower() == name.lower()]
    return ", ".join(values)


def content_of(part: Part) -> bytes:
    """The bytes of a part that has no parts."""
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return b""
    written = part.get_payload() if _is_base64(part) else ""
    first = written[:_LINE].lstrip().partition("\n")[0].rstrip() if isinstance(written, str) else ""
    if len(_NO_BASE64.findall(first)) >= _LEAST_NO_BASE64:
        # Plain text that is called base64.
        return str(written).encode("utf-8", "surrogateescape")
    return payload


def text_of(part: Part) -> str:
    """A part's characters in the encoding it is in, whatever it says."""
    stream = io.BytesIO(content_of(part))
    declared = part.get_param("charset")
    text = "".join(Decoded(stream, detect_encoding(stream, declared if isinstance(declared, str) else None)))
    return text.replace("\r\n", "\n")


def file_name(part: Part) -> str:
    """The name that a part gives itself; empty where it has none."""
    name = part.get_filename()
    if name and "\ufffd" in name:
        # Letters as they are, in no encoding that mail has for them: the library gives up, the headers themselves say them.
        decoded = Part()
        for header_name in ("Content-Disposition", "Content-Type"):
            decoded[header_name] = header(part, header_name)
        name = decoded.get_filename()
    return _decoded_header(name) if name else ""


class _Collector:
    """Walks through the parts of a message, counting them."""

    def __init__(self) -> None:
        self._parts = 0

    def message(self, part: Part, depth: int) -> Message:
        message = Message([(name, value) for name in _SHOWN if (value := header(part, name))])
        plain, html = self._bodies(part, message, depth)
        if plain or html:
            # What an envelope of Outlook's holds is the same text again.
            message.plain, message.html = plain, html
        return message

    def _bodies(self, part: Part, message: Message, depth: int) -> tuple[str, str]:
        """The texts of a part: plain and HTML. What is no text of the message is attached to it."""
        self._parts += 1
        if depth > _DEEPEST or self._parts > _MOST_PARTS:
            raise TooComplex("The message has more parts in each other than are read.", "Save its attachments apart.")
        kind = part.get_content_type()
        if kind in _ENVELOPES:
            from kimi_files.extract import signed

            inner_message = signed.content(content_of(part))
            if inner_message is not None:
                return self._bodies(parse_parts(inner_message), message, depth + 1)
        message.encrypted |= kind == "multipart/encrypted" or kind in _ENVELOPES
        if kind in _MESSAGES and part.is_multipart():
            inner = part.get_payload()
            for found in inner if isinstance(inner, list) else []:
                if isinstance(found, Part):
                    attached = self.message(_undone(part, found), depth + 1)
                    message.attachments.append(Attachment(file_name(part) or attached.subject or "message", attached))
            return "", ""
        if kind.startswith("message/") and kind != "message/partial":
            return _report(part), ""
        if part.is_multipart():
            return self._of_parts(part, message, depth)
        name = file_name(part)
        is_attached = part.get_content_disposition() == "attachment" or bool(name)
        if kind == "text/html" and not is_attached:
            return "", text_of(part)
        if kind in ("text/plain", "text/enriched", "text") and not is_attached:
            return text_of(part), ""
        content = content_of(part)
        if content.startswith(TNEF_SIGNATURE) and (inner := _from_outlook(content)):
            return self._opened(inner, message)
        if content or name:
            message.attachments.append(Attachment(name or _unnamed(kind, len(message.attachments) + 1), content))
        return "", ""

    def _opened(self, inner: Message, message: Message) -> tuple[str, str]:
        """What Outlook sends in an envelope of its own belongs to the message; its text stands in most beside it, too."""
        message.attachments += inner.attachments
        if inner.kind != message.kind:
            message.kind = inner.kind
            message.headers += [header for header in inner.headers if header not in message.headers]
        message.plain, message.html = inner.plain, inner.html
        return "", ""

    def _of_parts(self, part: Part, message: Message, depth: int) -> tuple[str, str]:
        parts = part.get_payload()
        texts = [
            self._bodies(inner, message, depth + 1)
            for inner in (parts if isinstance(parts, list) else [])
            if isinstance(inner, Part)
        ]
        plain = "\n\n".join(text.strip("\n") for text, _ in texts if text)
        html = "\n".join(markup for _, markup in texts if markup)
        if part.get_content_type() == "multipart/alternative" or not (plain and html):
            return plain, html
        # Texts that follow each other, one of them HTML: both are the message's.
        from kimi_files.extract import web

        return "\n\n".join(text or web.as_markdown(markup)[0] for text, markup in texts if text or markup), ""


def _report(part: Part) -> str:
    """What a mail server or a program reports, such as who did not get a message and why: lines like those of headers."""
    blocks = part.get_payload()
    if not isinstance(blocks, list):
        return text_of(part)
    parts = []
    for block in (_undone(part, block) for block in blocks if isinstance(block, Part)):
        lines = [f"{name}: {_decoded_header(value)}" for name, value in block.raw_items() if not _OF_MIME.match(name)]
        parts += ["\n".join(lines), "" if block.is_multipart() else text_of(block).strip("\n")]
    return "\n\n".join(filter(None, parts))


def _undone(part: Part, inner: Part) -> Part:
    """The message in a part. The standard has it never encoded; some programs write it as base64 all the same."""
    if not _is_base64(part) or inner.keys():
        return inner
    inner["Content-Transfer-Encoding"] = "base64"
    return parse_parts(content_of(inner))


def _is_base64(part: Part) -> bool:
    return str(part.get("Content-Transfer-Encoding", "")).strip().lower() == "base64"


def _from_outlook(content: bytes) -> Message | None:
    """What an envelope of Outlook's holds; None where it cannot be read, so that it is named as any other attachment."""
    from kimi_files.extract import tnef

    with suppress(DamagedFile, TooComplex):
        return tnef.parse(content)
    return None


def _unnamed(kind: str, number: int) -> str:
    extensions = {"text/calendar": ".ics", "text/html": ".html", "text/csv": ".csv", "application/pdf": ".pdf"}
    return f"attachment {number}{extensions.get(kind, '')}"


def _decoded_header(value: object) -> str:
    """Encoded words and raw bytes as characters; what cannot be decoded stays as it is."""
    raw = str(value)[:_MOST_HEADER_CHARACTERS]
    if not raw.isascii():
        stream = io.BytesIO(raw.encode("utf-8", "surrogateescape"))
        raw = "".join(Decoded(stream, detect_encoding(stream)))
    if "=?" in raw:
        with suppress(ValueError, HeaderParseError):
            raw = "".join(
                text if isinstance(text, str) else _decoded_word(text, charset) for text, charset in decode_header(raw)
            )
    return " ".join(raw.split())


def _decoded_word(text: bytes, charset: str | None) -> str:
    stream = io.BytesIO(text)
    if charset and charset.lower() not in ("unknown-8bit", "us-ascii") and (codec := codec_of(charset)):
        return text.decode(codec, "replace")
    return "".join(Decoded(stream, detect_encoding(stream)))
