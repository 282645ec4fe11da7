"""Names under which files are sent: they tell by themselves whose bytes they are.

``report.pdf`` goes out as ``report.kf-9f86d081884c7d65-3a7f9c21.pdf``: sixteen characters of the content's sha256, so that
files of one name and size are told apart, and eight that this upload alone has, so that a copy which a lost reply left
behind is known for ours. The service may add `` (1)`` before the extension.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

HASH_CHARACTERS = 16

_MARKED = re.compile(r"(?s)(.*)\.kf-([0-9a-f]{16})-([0-9a-f]{8})(?: ?\(\d{1,5}\))?((?:\.[^.]*)?)")
_MARK = re.compile(r"\.kf-[0-9a-f]{16}-[0-9a-f]{8}")
# What file systems and form parsers take; our own service takes 255 characters.
_MOST_BYTES = 240


@dataclass(frozen=True, slots=True)
class MarkedName:
    """``name`` is the user's own, ``content`` the beginning of the sha256, ``upload`` what this upload alone has."""

    name: str
    content: str
    upload: str


def new_upload_mark() -> str:
    """Eight characters that no other upload has."""
    return secrets.token_hex(4)


def marked(name: str, sha256: str, upload: str) -> str:
    """The name under which a file is sent. The extension stays last: the service goes by it."""
    stem, dot, extension = name.rpartition(".")
    if not stem or len(extension) > 20:
        stem, dot, extension = name, "", ""
    mark = f".kf-{sha256[:HASH_CHARACTERS]}-{upload}{dot}{extension}"
    room = _MOST_BYTES - len(mark.encode("utf-8", "replace"))
    short = stem.encode("utf-8", "replace")[:room].decode("utf-8", "ignore")
    return short + mark


def unmarked(filename: str) -> MarkedName | None:
    """What a name says, None for one that this program did not give."""
    found = _MARKED.fullmatch(filename)
    if found is None:
        return None
    stem, content, upload, extension = found.groups()
    return MarkedName(stem + extension, content, upload)


def without_marks(text: str) -> str:
    """Words of the service in which the names of files stand as the user knows them."""
    return _MARK.sub("", text)


def shown_name(filename: str) -> str:
    """The user's own name for a file of the service."""
    found = unmarked(filename)
    return found.name if found else filename
