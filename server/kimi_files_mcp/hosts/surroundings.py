"""What decides where a host's configuration lies: the platform, the environment and the home folder, and nothing else."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath


@dataclass(frozen=True, slots=True)
class Surroundings:
    """``platform`` as in ``sys.platform``; ``exists`` is asked where kinds of installation differ."""

    platform: str
    environment: Mapping[str, str]
    home: PurePath
    exists: Callable[[PurePath], bool]

    @classmethod
    def here(cls) -> Surroundings:
        """Those of this process."""
        return cls(sys.platform, os.environ, Path.home(), lambda path: Path(path).exists())

    @property
    def windows(self) -> bool:
        return self.platform == "win32"

    def folder(self, variable: str, otherwise: PurePath) -> PurePath:
        """The folder that an environment variable names; ``otherwise`` where it is unset or empty."""
        named = self.environment.get(variable, "")
        return type(self.home)(named) if named else otherwise

    @property
    def application_data(self) -> PurePath:
        """Where desktop programs keep a user's settings."""
        if self.windows:
            return self.folder("APPDATA", self.home / "AppData" / "Roaming")
        if self.platform == "darwin":
            return self.home / "Library" / "Application Support"
        return self.xdg_config

    @property
    def xdg_config(self) -> PurePath:
        """XDG_CONFIG_HOME or ~/.config, on every platform."""
        return self.folder("XDG_CONFIG_HOME", self.home / ".config")
