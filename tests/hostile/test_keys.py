"""A key shows up nowhere but in the requests it is for."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.hostile.keys import sightings


@pytest.mark.skipif(sys.platform != "linux", reason="looks into processes through /proc")
async def test_a_key_is_in_no_result_log_file_or_reader(tmp_path: Path) -> None:
    seen = await sightings(tmp_path, 10, share=0.1)
    assert seen.where == []
    assert seen.calls == 10
    assert seen.workers > 0
    assert "call tool=upload_file outcome=" in (tmp_path / "server" / "log").read_text()
