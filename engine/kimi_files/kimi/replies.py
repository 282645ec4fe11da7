"""What the service's replies mean: records read leniently, and every refusal as an error of the tree."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from kimi_files.errors import (
    LIST_FILES_HINT,
    EmptyFile,
    FileNotFound,
    FileTooLarge,
    InvalidPurpose,
    KimiFilesError,
    QuotaExceeded,
)
from kimi_files.kimi.endpoint import CHINA_URL, GLOBAL_URL, Endpoint
from kimi_files.kimi.errors import (
    BalanceExhausted,
    ContentRefused,
    ExtractionFailed,
    InvalidKey,
    PromptTooLong,
    RateLimited,
    RemoteDenied,
    RemoteFailure,
    RequestRefused,
    ServiceFault,
)
from kimi_files.kimi.marker import without_marks
from kimi_files.kimi.patience import asked_wait
from kimi_files.models import PURPOSES, FileObject, Purpose
from kimi_files.redaction import redacted

_USABLE = frozenset({"ok", "ready", "processed"})
_FAILED = frozenset({"error", "failed"})
_MOST_WORDS = 300

_QUOTA = re.compile(r"exceeded the max file count|max total size|delete previous uploaded files|storage quota", re.I)
_EMPTY = re.compile(r"file size is zero|file is empty", re.I)
_TOO_LARGE = re.compile(r"file size is too large|max file size", re.I)
_EXTRACTION = re.compile(r"text extract error|failed to extract|extract task failed|没有解析出内容", re.I)
_PURPOSE = re.compile(r"invalid purpose", re.I)
_TOO_LONG = re.compile(
    r"token length too long|exceeded model token limit|context.{0,20}(?:length|window|size)|n_ctx|too many tokens", re.I
)
# An intermittent fault of the service; sending the header that it asks for would switch it to another dialect.
_SPURIOUS = re.compile(r"missing required header kimi-api-version", re.I)


class RemoteFile(BaseModel):
    """A file as the service describes it. Only the id must be there; ``purpose`` may be one that the contract lacks."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    filename: str = ""
    bytes: int = 0
    created_at: int = 0
    purpose: str = ""
    status: str = "ok"
    status_details: str | None = None

    @field_validator("filename", "purpose", "status", mode="before")
    @classmethod
    def _none_as_default(cls, value: Any, info: Any) -> Any:
        return ("ok" if info.field_name == "status" else "") if value is None else value

    @field_validator("bytes", "created_at", mode="before")
    @classmethod
    def _none_as_zero(cls, value: Any) -> Any:
        return 0 if value is None else value

    @property
    def usable(self) -> bool:
        return self.status.lower() in _USABLE

    @property
    def failed(self) -> bool:
        return self.status.lower() in _FAILED

    def as_file(self, filename: str | None = None, note: str = "") -> FileObject:
        """The contract's record, under the name by which the user knows it. ``note`` is added to the details."""
        purpose = known_purpose(self.purpose)
        details = [self.status_details or "", note]
        if purpose is None:
            details.append(f"the service calls its purpose '{self.purpose[:40]}'")
        return FileObject(
            id=self.id,
            bytes=self.bytes,
            created_at=self.created_at,
            filename=self.filename if filename is None else filename,
            purpose=purpose or ("batch" if self.purpose.startswith("batch") else "file-extract"),
            status="ready" if self.usable else "error" if self.failed else self.status,
            status_details=redacted(without_marks("; ".join(part for part in details if part))) or None,
        )


def known_purpose(text: str) -> Purpose | None:
    """The purpose of that name, None for one that the contract lacks."""
    return next((known for known in PURPOSES if known == text), None)


def read_file(untrusted_body: bytes, status: int) -> RemoteFile:
    """A FileObject of the service. RemoteFailure (unknown) if the reply is anything else."""
    try:
        return RemoteFile.model_validate_json(untrusted_body)
    except ValidationError:
        raise odd_reply("a file's record", status) from None


def read_object(untrusted_body: bytes, what: str, status: int) -> dict[str, Any]:
    """A JSON object. RemoteFailure (unknown) if the reply is anything else."""
    try:
        value = json.loads(untrusted_body)
    except (ValueError, RecursionError):
        raise odd_reply(what, status) from None
    if not isinstance(value, dict):
        raise odd_reply(what, status)
    return value


def odd_reply(what: str, status: int) -> RemoteFailure:
    """A reply that is not what the contract says: truncated, of another type, a gateway's page."""
    error = ServiceFault(
        f"The service answered with something that is not {what} (HTTP {status}).", "Call again in a moment."
    )
    return RemoteFailure(error, "unknown")


def failure_of(
    status: int, headers: Mapping[str, str], untrusted_body: bytes, endpoint: Endpoint, now: float
) -> RemoteFailure:
    """What a reply other than 2xx means, and what is known about the effect of the request."""
    words, kind, ours = _words(untrusted_body)
    wait = asked_wait(headers, words, now)
    if status == 401:
        return RemoteFailure(_invalid_key(endpoint, words), "refused")
    if status == 429:
        return _too_many(words, kind, wait)
    if 300 <= status < 400:
        return RemoteFailure(_redirect(status, headers, endpoint), "refused")
    if status in (408, 409, 425) or status >= 500:
        # A gateway's page says nothing about what the service behind it did, or still does.
        return RemoteFailure(_fault(status, words), "unknown", wait, settling=not ours)
    if status == 400 and _SPURIOUS.search(words):
        return RemoteFailure(_fault(status, words), "busy", wait)
    if status == 404 and not ours:
        return odd_reply("an answer of the service", status)
    return RemoteFailure(_refusal(status, words, kind), "refused")


def _words(untrusted_body: bytes) -> tuple[str, str, bool]:
    """Message and type of an error body, and whether it has the form that the service gives it."""
    try:
        value = json.loads(untrusted_body)
    except (ValueError, RecursionError):
        return "", "", False
    if not isinstance(value, dict):
        return "", "", False
    error = value.get("error", value)
    if isinstance(error, str):
        return _shown(error), "", True
    if not isinstance(error, dict):
        return "", "", False
    message, kind = error.get("message", error.get("detail", "")), error.get("type", "")
    if not isinstance(message, str):
        message = json.dumps(message, ensure_ascii=False)
    return _shown(message), kind if isinstance(kind, str) else "", bool(message or kind)


def _shown(untrusted_words: str) -> str:
    """The service's words on one line, shortened, without a key that it may have echoed or the mark of a name."""
    words = " ".join(without_marks(redacted(untrusted_words)).split()).rstrip(".")
    return words if len(words) <= _MOST_WORDS else words[: _MOST_WORDS - 1] + "…"


def _invalid_key(endpoint: Endpoint, words: str) -> InvalidKey:
    said = f" ({words})" if words else ""
    if not endpoint.base_url.startswith(("https://api.moonshot.", "http://")):
        return InvalidKey(f"The service at {endpoint.base_url} refused the key{said}.", f"Set {endpoint.key_variable}.")
    return InvalidKey(
        f"The service at {endpoint.base_url} refused the key in {endpoint.key_variable}{said}.",
        f"Keys of the two regions are not shared: {GLOBAL_URL} (international) and {CHINA_URL} (China). If the key is of "
        f"the other region, set {endpoint.url_variable} to its address; else set {endpoint.key_variable} to a valid key.",
    )


def _too_many(words: str, kind: str, wait: float | None) -> RemoteFailure:
    if kind == "exceeded_current_quota_error":
        error = BalanceExhausted(
            f"The account is suspended or has no balance left: {words or 'the service gave no reason'}.",
            "Trying again does not help: check balance and billing in the account's console.",
        )
        return RemoteFailure(error, "refused")
    when = f"Call again in {wait:.0f} s." if wait else "Call again in a minute."
    return RemoteFailure(
        RateLimited(f"The service asks to slow down: {words or 'too many requests'}.", when), "busy", wait
    )


def _redirect(status: int, headers: Mapping[str, str], endpoint: Endpoint) -> RequestRefused:
    target = re.match(r"https?://[\w.:\[\]-]{1,200}", headers.get("location", ""))
    where = f" to {redacted(target.group())}" if target else ""
    return RequestRefused(
        f"The service at {endpoint.base_url} redirects{where} (HTTP {status}), which is not followed: a file would be sent "
        "to an address that nobody chose.",
        f"Set {endpoint.url_variable} to the right address.",
    )


def _fault(status: int, words: str) -> KimiFilesError:
    if _EXTRACTION.search(words):
        return _no_extraction(words)
    said = f": {words}" if words else ""
    return ServiceFault(f"The service failed (HTTP {status}){said}.", "Call again in a moment.")


def _no_extraction(words: str) -> ExtractionFailed:
    return ExtractionFailed(
        f"Kimi could not extract a text: {words}.",
        "Scans and pictures have none: ask about them, or look at their pages.",
    )


def _refusal(status: int, words: str, kind: str) -> KimiFilesError:
    said = words or f"HTTP {status} without a reason"
    if status == 403:
        return RemoteDenied(f"The service denied it: {said}.", "Check what the key may do in the account's console.")
    if status == 404:
        return FileNotFound(f"The service has no such thing: {said}.", LIST_FILES_HINT)
    if kind == "content_filter":
        return ContentRefused(
            f"The service's content filter refused it: {said}.", "Ask in other words, or read locally."
        )
    if _QUOTA.search(words):
        return QuotaExceeded(said)
    if _EMPTY.search(words):
        return EmptyFile(words)
    if _TOO_LARGE.search(words) or status == 413:
        return FileTooLarge(said)
    if _EXTRACTION.search(words):
        return _no_extraction(words)
    if _PURPOSE.search(words):
        return InvalidPurpose(words)
    if _TOO_LONG.search(words):
        return PromptTooLong(f"The model cannot take so much at once: {said}.", "Name fewer files.")
    return RequestRefused(f"The service refused the request: {said}.", "Change what it names, then call again.")
