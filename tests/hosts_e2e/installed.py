"""Which of the npm packages of package.json are installed here, what they bring, and whether a network can be closed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PACKAGES = Path(os.environ.get("KIMI_FILES_HOSTS", HERE)) / "node_modules"
PROGRAMS = PACKAGES / ".bin"

INSTALL = "npm install --prefix tests/hosts_e2e"


def missing(program: str) -> str:
    """Why a program cannot be run here; empty where it can."""
    if not (PROGRAMS / program).exists() or not (PROGRAMS / "node").exists():
        return f"{program} is not installed; to install it: {INSTALL}"
    return ""


def missing_package(package: str) -> str:
    """Why a package cannot be used in Node here; empty where it can."""
    if not (PACKAGES / package).is_dir() or not (PROGRAMS / "node").exists():
        return f"npm's {package} is not installed; to install it: {INSTALL}"
    return ""


@cache
def official_schemas() -> Mapping[str, Any]:
    """The protocol's own JSON schemas by revision, as the conformance suite carries them; empty where it is not installed."""
    if missing("conformance"):
        return {}
    bundled = PACKAGES / "@modelcontextprotocol" / "conformance" / "dist" / "index.js"
    command = [str(PROGRAMS / "node"), str(HERE / "official_schemas.mjs"), str(bundled)]
    schemas: dict[str, Any] = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return schemas


@cache
def closed_network() -> tuple[str, ...]:
    """The command that runs another one in a network of its own; empty where the system has none or forbids it."""
    for command in (("unshare", "--net"), ("unshare", "--net", "--map-root-user")):
        if shutil.which(command[0]) and subprocess.run([*command, "true"], capture_output=True).returncode == 0:
            return command
    return ()


def with_programs(**variables: str) -> dict[str, str]:
    """An environment in which ``node`` is the installed one, and none of this machine's keys."""
    kept = {name: os.environ[name] for name in ("LANG", "TMPDIR", "SYSTEMROOT") if name in os.environ}
    return {**kept, "PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}", **variables}
