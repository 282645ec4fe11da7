"""What people and agents write where a path is asked for, and which paths they may mean by it."""

from __future__ import annotations

import os
import re
import sys
import unicodedata
from collections.abc import Iterable

from kimi_files.errors import InvalidArguments

MEMBER_SEPARATOR = "!/"
"""Stands between the path of an archive and the name of a file in it: ``papers.zip!/2024/a.pdf``."""

_LONGEST_PATH = 4_096

_QUOTES = {'"': '"', "'": "'", "`": "`", "“": "”", "‘": "’", "«": "»", "<": ">"}
# Patterns as strings: compiled at the first use, which starting the server does without.
_NOT_PRINTABLE = "[\ud800-\udfff\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]"
_ADDRESS = r"(?i)(?!file:)[a-z][a-z0-9+.-]+://"
_WINDOWS_PATH = r"(?s)(?P<drive>[A-Za-z]):[\\/](?P<rest>.*)|\\\\[^\\]+\\"
_SPACES = "[\u00a0\u2000-\u200a\u202f\u3000]"
_WINDOWS_DEVICES = r"(?is)(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])\s*(?:\..*)?"


def spellings(typed: str) -> list[str]:
    """The paths that ``typed`` may stand for: as it is, without quotes and spaces around it, as a shell would read it.

    ``~`` and ``file://`` are resolved; the paths may still be relative. InvalidArguments where none can be a path.
    """
    meant = cleaned(typed)
    found = [_with_home(typed), meant]
    if os.sep == "/" and "\\" in meant:
        found.append(re.sub(r"\\(.)", r"\1", meant))
    return list(dict.fromkeys(found))


def cleaned(typed: str) -> str:
    """The path that ``typed`` most likely stands for. InvalidArguments where it can be none."""
    text = typed.strip()
    while len(text) >= 2 and _QUOTES.get(text[0]) == text[-1]:
        text = text[1:-1].strip()
    if not text:
        raise InvalidArguments("The path is empty.", "Give the path of a file, such as '~/Documents/report.pdf'.")
    if text[:5].lower() == "data:" and "," in text:
        raise InvalidArguments(
            "A data: address holds a file itself; only paths are taken.",
            "Write it to a file in an allowed folder, then give its path.",
        )
    if len(text) > _LONGEST_PATH:
        raise InvalidArguments(f"The path is longer than {_LONGEST_PATH:,} characters: '{printable(text[:60])}…'.")
    if re.match(_ADDRESS, text):
        raise InvalidArguments(
            f"'{printable(text[:200])}' is an address on the network, not a path.",
            "Download it first, then give its path.",
        )
    try:
        path = _with_home(_from_url(text) if text[:5].lower() == "file:" else text)
        encoded = os.fsencode(path)
    except UnicodeEncodeError:
        raise InvalidArguments(f"'{printable(text[:200])}' holds characters that no path can hold.") from None
    if b"\x00" in encoded or "\x00" in typed:
        raise InvalidArguments(f"'{printable(path[:200])}' holds a zero character, which no path can hold.")
    return path


def windows_hint(path: str) -> str:
    """What to do about a Windows path on another system; empty where it is none."""
    match = re.match(_WINDOWS_PATH, path) if sys.platform != "win32" else None
    if match is None:
        return ""
    hint = "It is a Windows path, and this server does not run on Windows: give the path as this system has it"
    if match["drive"]:
        rest = match["rest"].replace("\\", "/")
        return f"{hint}, in WSL '/mnt/{match['drive'].lower()}/{printable(rest[:200])}'."
    return f"{hint}."


def windows_objection(path: str) -> str | None:
    """Why Windows would not open a file for this path but something else: a device, a stream, another name space."""
    text = path.replace("/", "\\")
    if text.startswith(("\\\\?\\", "\\\\.\\", "\\??\\")):
        return "names a device or bypasses the path rules"
    without_drive = text[2:] if re.match(r"[A-Za-z]:", text) else text
    if ":" in without_drive:
        return "names an alternate data stream"
    for name in without_drive.split("\\"):
        if re.fullmatch(_WINDOWS_DEVICES, name.rstrip(" .")):
            return f"names the device {name.partition('.')[0].strip().upper()}"
    return None


def same_name(wanted: str, names: Iterable[str]) -> str | None:
    """The only one of ``names`` that reads the same as ``wanted``: another Unicode form, spaces or case, or as it was shown."""
    listed = list(names)
    for key in (_unicode_key, _case_key):
        sought = key(wanted)
        found = [name for name in listed if key(name) == sought]
        if found:
            return found[0] if len(found) == 1 else None
    return None


def similar_name(wanted: str, names: Iterable[str]) -> str | None:
    """The one of ``names`` that ``wanted`` may be a slip of; None where none is close."""
    import difflib  # costs start-up time and is needed only for a misspelt name

    keys = {_case_key(name): name for name in names}
    found = difflib.get_close_matches(_case_key(wanted), keys, n=1, cutoff=0.75)
    return keys[found[0]] if found else None


def printable(text: str) -> str:
    """``text`` on one line, without characters that could deceive a reader or cannot be encoded."""
    return re.sub(_NOT_PRINTABLE, "\ufffd", text)


def _unicode_key(name: str) -> str:
    # As it is shown: of a name with a line end in it, nobody has seen another.
    return re.sub(_SPACES, " ", printable(unicodedata.normalize("NFC", name))).replace("’", "'")


def _case_key(name: str) -> str:
    return _unicode_key(name).casefold()


def _with_home(path: str) -> str:
    # Only the own home: whether another user exists is nobody's business.
    if path == "~" or path.startswith(("~/", "~" + os.sep)):
        return os.path.expanduser("~") + path[1:]
    return path


def _from_url(url: str) -> str:
    from urllib.parse import unquote_to_bytes

    rest = url[5:]
    if rest.startswith("//"):
        host, _, path = rest[2:].partition("/")
        if host.lower() not in ("", "localhost", "127.0.0.1", "~"):
            raise InvalidArguments(
                f"'{printable(url[:200])}' names another computer, '{printable(host[:60])}'.",
                "Write file:///, with three slashes, for a file on this one.",
            )
        rest = f"{'~' if host == '~' else ''}/{path}"
    path = os.fsdecode(unquote_to_bytes(rest))
    return re.sub(r"^/([A-Za-z])[:|]", r"\1:", path) if sys.platform == "win32" else path
