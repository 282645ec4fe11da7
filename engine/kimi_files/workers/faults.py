"""The closed list of errors that a job may end with, and how they travel."""

from __future__ import annotations

import json
import re

from kimi_files.errors import (
    DamagedFile,
    EmptyFile,
    InvalidBatchFile,
    InvalidImage,
    InvalidPages,
    InvalidVideo,
    KimiFilesError,
    NoText,
    PasswordRequired,
    PathNotFound,
    ReaderDied,
    TooComplex,
    UnsupportedFile,
)

FAULTS: dict[str, type[KimiFilesError]] = {
    fault.code: fault
    for fault in (
        DamagedFile,
        EmptyFile,
        InvalidBatchFile,
        InvalidImage,
        InvalidPages,
        InvalidVideo,
        NoText,
        PasswordRequired,
        PathNotFound,
        ReaderDied,
        TooComplex,
        UnsupportedFile,
    )
}

_LONGEST = 2_000
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def describe(error: KimiFilesError, *, retire: bool) -> bytes:
    """The payload of an ERROR frame. ``retire`` asks for this worker to be replaced."""
    fault = {"code": error.code, "message": error.message, "hint": error.hint, "retire": retire}
    return json.dumps(fault).encode()


def rebuild(untrusted_payload: bytes) -> tuple[KimiFilesError, bool]:
    """The error, and whether the worker asks to be replaced. ValueError if the payload is no error of the list."""
    fault = json.loads(untrusted_payload)
    if not isinstance(fault, dict) or fault.get("code") not in FAULTS:
        raise ValueError("not an error that a job may end with")
    message, hint = (_words(fault.get(key)) for key in ("message", "hint"))
    return FAULTS[fault["code"]](message, hint), bool(fault.get("retire", True))


def _words(untrusted_text: object) -> str:
    if not isinstance(untrusted_text, str):
        raise ValueError("an error's words are text")
    return _CONTROL.sub(" ", untrusted_text)[:_LONGEST]
