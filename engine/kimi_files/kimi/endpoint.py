"""Address and key of a service, checked before anything is sent. Imported at start, so without httpx."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit, urlunsplit

from kimi_files.errors import InvalidArguments
from kimi_files.redaction import hide

GLOBAL_URL = "https://api.moonshot.ai/v1"
CHINA_URL = "https://api.moonshot.cn/v1"

# Visible ASCII without what would need an escape in a header, in JSON or in a shown text.
_KEY = re.compile(r"""[!#-&(-;=?-\[\]-_a-~]{1,1000}""")
# "/v1" at the end, or on the way: Gemini's is …/v1beta/openai.
_VERSION = re.compile(r"/v\d+(?:alpha|beta)?\d*(?:/|$)")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """``base_url`` ends in ``/v1`` without a slash. The variables are where a user would change the two."""

    base_url: str
    key: str = field(repr=False)
    url_variable: str
    key_variable: str

    @property
    def account(self) -> str:
        """A name for the account that tells nothing about the key: 16 hex characters."""
        import hashlib

        return hashlib.sha256(f"kimi-files account\0{self.base_url}\0{self.key}".encode()).hexdigest()[:16]


def checked_endpoint(base_url: str, url_variable: str, key: str, key_variable: str) -> Endpoint:
    """An endpoint whose parts are usable. InvalidArguments names the variable to mend and never shows the key."""
    return Endpoint(checked_url(base_url, url_variable), checked_key(key, key_variable), url_variable, key_variable)


def checked_key(text: str, variable: str) -> str:
    """A key without the blanks around it, which from now on is hidden from every text that leaves the process."""
    key = text.strip()
    if not _KEY.fullmatch(key):
        raise InvalidArguments(
            f"{variable} holds no usable key: a key is one word of plain ASCII letters, digits and signs.",
            f"Copy the key again and set {variable} to it, without quotes.",
        )
    hide(key)
    return key


def checked_url(text: str, variable: str) -> str:
    """The base URL without a slash at its end, with ``/v1`` where it names no version."""
    parts = _split(text.strip(), variable)
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise _unusable(variable, "it holds a user name, a query or a fragment")
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise _unusable(variable, "http is allowed only for a service on this machine, so that nobody reads along")
    path = parts.path.rstrip("/")
    if not _VERSION.search(path):
        path += "/v1"
    return urlunsplit((parts.scheme, parts.netloc, path, "", ""))


def is_loopback(host: str) -> bool:
    """Whether a host is this machine and nobody else's."""
    import ipaddress

    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _split(text: str, variable: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise _unusable(variable, "it is not a URL") from None
    if parts.scheme not in ("https", "http") or not parts.hostname or port == 0:
        raise _unusable(variable, "it is not a URL with a host")
    if not text.isascii() or re.search(r"[\s\x00-\x1f\x7f\\]", text):
        raise _unusable(variable, "it holds characters that no URL has")
    return parts


def _unusable(variable: str, why: str) -> InvalidArguments:
    # Never the value itself: people paste keys into the wrong variable.
    return InvalidArguments(f"{variable} is not usable: {why}.", f"Set it to something like {GLOBAL_URL}.")
