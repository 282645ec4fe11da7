"""What the environment and the command line say, checked once at start."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from kimi_files.access import AccessPolicy, default_folders
from kimi_files.errors import InvalidArguments

ServiceChoice = Literal["auto", "local", "kimi"]


@dataclass(frozen=True, slots=True)
class Settings:
    """``allowed_by`` says in words where the allowed folders come from: an option, a variable or the default."""

    service: Literal["local", "kimi"]
    data_dir: Path
    policy: AccessPolicy
    allowed_by: str


def read_settings(
    environment: Mapping[str, str],
    folders: Sequence[str] = (),
    service: str | None = None,
    data_dir: str | None = None,
) -> Settings:
    """Settings from the environment, overridden by the command line. InvalidArguments names what is wrong and where."""
    allowed, allowed_by = _folders(environment, folders)
    return Settings(
        service=_service(service or environment.get("KIMI_FILES_SERVICE") or "auto", environment),
        data_dir=_data_dir(data_dir or environment.get("KIMI_FILES_DATA_DIR") or ""),
        policy=allowed,
        allowed_by=allowed_by,
    )


def _folders(environment: Mapping[str, str], folders: Sequence[str]) -> tuple[AccessPolicy, str]:
    """The policy, and in words where it comes from."""
    here = Path.cwd()
    if folders:
        return AccessPolicy.from_folders(folders, here), "--allow"
    named = [folder for folder in environment.get("KIMI_FILES_ALLOW", "").split(os.pathsep) if folder.strip()]
    if named:
        return AccessPolicy.from_folders(named, here), "KIMI_FILES_ALLOW"
    return AccessPolicy(default_folders(here, Path.home()), here), "default"


def _service(choice: str, environment: Mapping[str, str]) -> Literal["local", "kimi"]:
    if choice == "local":
        return "local"
    if choice == "kimi":
        raise InvalidArguments(
            "The kimi service is not part of this version.",
            "Leave --service out, or set it to local: files stay on this machine.",
        )
    if choice == "auto":
        return "local"
    raise InvalidArguments(f"There is no service '{choice[:40]}'.", "Use auto, local or kimi.")


def _data_dir(given: str) -> Path:
    if given:
        return Path(given).expanduser().absolute()
    from platformdirs import user_data_path

    return user_data_path("kimi-files-mcp", appauthor=False)
