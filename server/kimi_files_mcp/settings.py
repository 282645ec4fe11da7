"""What the environment and the command line say, checked once at start."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from kimi_files.access import AccessPolicy, default_folders
from kimi_files.errors import InvalidArguments

if TYPE_CHECKING:
    from kimi_files.kimi.endpoint import Endpoint

ServiceChoice = Literal["auto", "local", "kimi"]

_KEYS = ("MOONSHOT_API_KEY", "KIMI_API_KEY")
_URLS = ("MOONSHOT_BASE_URL", "MOONSHOT_API_BASE", "KIMI_BASE_URL")
_CHAT_KEY = "KIMI_FILES_CHAT_API_KEY"
_CHAT_URL = "KIMI_FILES_CHAT_BASE_URL"


@dataclass(frozen=True, slots=True)
class Settings:
    """``allowed_by`` says in words where the allowed folders come from: an option, a variable or the default.

    ``kimi`` is the account, None unless the service is kimi; ``chat`` the endpoint that answers questions instead of Kimi,
    or of nobody; ``model`` the one that the user chose. ``strict`` gives every file a reader process of its own.
    """

    service: Literal["local", "kimi"]
    data_dir: Path
    policy: AccessPolicy
    allowed_by: str
    kimi: Endpoint | None = None
    chat: Endpoint | None = None
    model: str | None = None
    strict: bool = False

    @property
    def reports(self) -> Path:
        """The folder for what crashes leave."""
        return self.data_dir / "reports"


def read_settings(
    environment: Mapping[str, str],
    folders: Sequence[str] = (),
    service: str | None = None,
    data_dir: str | None = None,
    strict: bool = False,
) -> Settings:
    """Settings from the environment, overridden by the command line. InvalidArguments names what is wrong and where."""
    allowed, allowed_by = _folders(environment, folders)
    chosen = _service(service or _value(environment, "KIMI_FILES_SERVICE")[1] or "auto", environment)
    return Settings(
        service=chosen,
        data_dir=_data_dir(data_dir or _value(environment, "KIMI_FILES_DATA_DIR")[1]),
        policy=allowed,
        allowed_by=allowed_by,
        kimi=_kimi(environment) if chosen == "kimi" else None,
        chat=_chat(environment),
        model=_value(environment, "KIMI_FILES_MODEL")[1] or None,
        strict=strict or _value(environment, "KIMI_FILES_STRICT")[1] not in ("", "0"),
    )


def _value(environment: Mapping[str, str], *names: str) -> tuple[str, str]:
    """The first variable that is set, and its value; the first name and "" where none is.

    A host that does not expand ``${NAME}`` passes it as it stands: that counts as not set.
    """
    for name in names:
        value = environment.get(name, "").strip()
        if value and not value.startswith("${"):
            return name, value
    return names[0], ""


def _folders(environment: Mapping[str, str], folders: Sequence[str]) -> tuple[AccessPolicy, str]:
    """The policy, and in words where it comes from."""
    here = Path.cwd()
    if folders:
        return AccessPolicy.from_folders(folders, here), "--allow"
    _, value = _value(environment, "KIMI_FILES_ALLOW")
    named = [folder for folder in value.split(os.pathsep) if folder.strip()]
    if named:
        return AccessPolicy.from_folders(named, here), "KIMI_FILES_ALLOW"
    return AccessPolicy(default_folders(here, Path.home()), here), "default"


def _service(choice: str, environment: Mapping[str, str]) -> Literal["local", "kimi"]:
    if choice == "local":
        return "local"
    if choice == "kimi":
        return "kimi"
    if choice == "auto":
        return "kimi" if _value(environment, *_KEYS)[1] else "local"
    raise InvalidArguments(f"There is no service '{choice[:40]}'.", "Use auto, local or kimi.")


def _kimi(environment: Mapping[str, str]) -> Endpoint:
    from kimi_files.kimi.endpoint import GLOBAL_URL, checked_endpoint

    key_variable, key = _value(environment, *_KEYS)
    url_variable, url = _value(environment, *_URLS)
    if not key:
        raise InvalidArguments(
            "The service kimi needs a key.", f"Set {key_variable}, or leave --service out: files stay on this machine."
        )
    return checked_endpoint(url or GLOBAL_URL, url_variable, key, key_variable)


def _chat(environment: Mapping[str, str]) -> Endpoint | None:
    """A chat endpoint of the user's own; those on this machine often want no key."""
    _, url = _value(environment, _CHAT_URL)
    if not url:
        return None
    from kimi_files.kimi.endpoint import Endpoint, checked_key, checked_url

    _, key = _value(environment, _CHAT_KEY)
    return Endpoint(checked_url(url, _CHAT_URL), checked_key(key, _CHAT_KEY) if key else "", _CHAT_URL, _CHAT_KEY)


def _data_dir(given: str) -> Path:
    if given:
        return Path(given).expanduser().absolute()
    from platformdirs import user_data_path

    return user_data_path("kimi-files-mcp", appauthor=False)
