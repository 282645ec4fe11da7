"""What a part of a multipart body says about itself: its field name and its file name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from kimi_files_mcp.http.errors import InvalidUpload

MAX_NAME_CHARACTERS = 255

_PARAMETER = re.compile(rb';\s*([^\s;="]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^\s;"]*)\s*')
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_WINDOWS_PATH = re.compile(r"(?:[A-Za-z]:\\|\\\\)")
_HINT = 'Send the part as: Content-Disposition: form-data; name="file"; filename="report.pdf"'


@dataclass(frozen=True, slots=True)
class Disposition:
    """``file_name`` is None for a part that is a plain field."""

    field: str
    file_name: str | None


def parse_disposition(header: bytes) -> Disposition:
    """Field and file name of a ``Content-Disposition`` header as clients write it. InvalidUpload where it is not one.

    Names are raw UTF-8 with ``"`` as ``%22`` (browsers, httpx, curl) or ``\\"``, or RFC 5987 (``filename*``), which wins.
    """
    kind, _, _ = header.partition(b";")
    parameters = _parameters(header[len(kind) :])
    if kind.strip().lower() != b"form-data" or b"name" not in parameters:
        raise InvalidUpload("A part of the form does not say which field it is.", _HINT)
    return Disposition(_utf8(parameters[b"name"]), _file_name(parameters))


def _parameters(text: bytes) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    position = 0
    while position < len(text):
        match = _PARAMETER.match(text, position)
        if match is None:
            if text[position:].strip(b"; \t"):
                raise InvalidUpload("The Content-Disposition of a part of the form is malformed.", _HINT)
            break
        name, value = match.group(1).lower(), match.group(2)
        if name in found:
            raise InvalidUpload(f"The Content-Disposition of a part gives '{_utf8(name)}' twice.", _HINT)
        found[name] = _unquoted(value) if value.startswith(b'"') else value
        position = match.end()
    return found


def _unquoted(value: bytes) -> bytes:
    # Only these two are escapes: browsers send every other backslash as it stands in the name.
    return re.sub(rb'\\(["\\])', rb"\1", value[1:-1])


def _file_name(parameters: dict[bytes, bytes]) -> str | None:
    if b"filename*" in parameters:
        name = _extended(parameters[b"filename*"])
    elif b"filename" in parameters:
        # What the HTML standard escapes. Any other percent sign belongs to the name.
        escaped = re.sub(
            rb"%0d|%0a|%22", lambda match: unquote_to_bytes(match.group()), parameters[b"filename"], flags=re.I
        )
        name = _utf8(escaped)
    else:
        return None
    return _checked(name)


def _extended(value: bytes) -> str:
    """RFC 5987: ``UTF-8''%e5%b9%b4.pdf``."""
    charset, _, rest = value.partition(b"'")
    _, quote, encoded = rest.partition(b"'")
    encoding = {b"utf-8": "utf-8", b"iso-8859-1": "latin-1"}.get(charset.lower())
    if not quote or encoding is None:
        raise InvalidUpload("The filename* of a part is not of the form UTF-8''name.", _HINT)
    try:
        return unquote_to_bytes(encoded).decode(encoding)
    except UnicodeDecodeError:
        raise _not_utf8() from None


def _utf8(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise _not_utf8() from None


def _not_utf8() -> InvalidUpload:
    return InvalidUpload("The file's name is not UTF-8.", "Send it in UTF-8, or as filename*=UTF-8''percent-encoded.")


def _checked(name: str) -> str:
    """The last component of what may be a path."""
    if _WINDOWS_PATH.match(name):
        name = name.rpartition("\\")[2]
    name = name.rpartition("/")[2]
    if name in ("", ".", ".."):
        raise InvalidUpload("The file has no name.", _HINT)
    if _CONTROL.search(name):
        raise InvalidUpload("The file's name has a line break or another control character in it.", "Rename the file.")
    if len(name) > MAX_NAME_CHARACTERS:
        raise InvalidUpload(f"The file's name is longer than {MAX_NAME_CHARACTERS} characters.", "Shorten it.")
    return name
