"""The protocol's own inspector finds nothing to complain about in the tools, in either era."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.hosts_e2e.installed import PROGRAMS, missing, with_programs

pytestmark = pytest.mark.skipif(bool(missing("mcp-inspector")), reason=missing("mcp-inspector"))


def inspect(tmp_path, era: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    server = [sys.executable, "-m", "kimi_files_mcp", "--allow", str(tmp_path), "--data-dir", str(tmp_path / "data")]
    command = [str(PROGRAMS / "mcp-inspector"), "--cli", "--format", "json", "--protocol-era", era]
    return subprocess.run(
        [*command, "--connect-timeout", "60000", *arguments, "--", *server],
        env=with_programs(HOME=str(tmp_path)),
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("era", ["legacy", "modern"])
def test_the_strict_listing_of_tools_has_nothing_to_report(era, tmp_path):
    done = inspect(tmp_path, era, "--method", "tools/list", "--strict")
    assert (done.returncode, done.stderr) == (0, "")
    assert len(json.loads(done.stdout)["result"]["tools"]) == 5


@pytest.mark.parametrize("era", ["legacy", "modern"])
def test_a_call_gives_its_text(era, tmp_path):
    (tmp_path / "notes.txt").write_text("The canary sings at noon.\n")
    arguments = json.dumps({"file": "notes.txt"})
    done = inspect(
        tmp_path, era, "--method", "tools/call", "--tool-name", "get_file_content", "--tool-args-json", arguments
    )
    assert done.returncode == 0, done.stderr
    (block,) = json.loads(done.stdout)["result"]["content"]
    assert "The canary sings at noon." in block["text"]
