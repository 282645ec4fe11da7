"""The protocol's conformance suite: every message keeps to the schema, and nothing fails that is not expected to."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hosts_e2e.installed import HERE, PROGRAMS, missing, with_programs

pytestmark = pytest.mark.skipif(bool(missing("conformance")), reason=missing("conformance"))


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    command = [sys.executable, str(HERE / "http_server.py"), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout is not None
        yield f"http://127.0.0.1:{int(server.stdout.readline())}/mcp"
        server.terminate()


@pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])
def test_nothing_fails_but_what_is_expected_with_a_reason(address, revision, tmp_path):
    results = tmp_path / "results"
    expected = HERE / f"conformance-{revision}.yml"
    command = [str(PROGRAMS / "conformance"), "server", "--url", address, "--requirements", revision]
    done = subprocess.run(
        [*command, "--expected-failures", str(expected), "--output-dir", str(results)],
        env=with_programs(HOME=str(tmp_path)),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-3_000:] + done.stderr[-1_000:]
    checks = [(file, check) for file in results.glob("*/checks.json") for check in json.loads(file.read_text())]
    schema = [(file.parent.name, check) for file, check in checks if check["id"] == "wire-schema-valid"]
    assert len(schema) > 20
    assert [(scenario, check["errorMessage"]) for scenario, check in schema if check["status"] == "FAILURE"] == []
