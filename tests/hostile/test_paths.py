"""No name that somebody types, on purpose or not, leads out of the allowed folder."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.hostile.paths import Maze


@pytest.mark.skipif(sys.platform == "win32", reason="its links need rights")
def test_no_name_leads_out(tmp_path: Path) -> None:
    wrong, outcomes = Maze(tmp_path).leaks(2_000, seed=-1)
    assert wrong == []
    assert {"opened", "path_not_allowed", "secret_refused", "not_a_file", "file_not_found"} <= outcomes.keys()
