"""A crash leaves what its cause can be found by, and nothing of the file, its path or a key."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kimi_files import reports
from kimi_files.errors import ReaderDied
from kimi_files.workers import pool as pool_module
from kimi_files.workers.pool import WorkerPool
from kimi_files_tools.failure import as_error
from tests.engine.workers.test_pool import _HOSTILE_BOOT, outputs

SECRET = "the secret words of the file"


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    reports.keep_in(tmp_path / "store" / "reports")
    yield tmp_path / "store" / "reports"
    reports._folder = None


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> WorkerPool:
    monkeypatch.setattr(pool_module, "_BOOT", _HOSTILE_BOOT)
    return WorkerPool()


@pytest.mark.parametrize(
    ("transport", "what", "reason"),
    [
        ("socket", "segfault", "SIGSEGV"),
        ("socket", "fault", "an error that no reader foresaw"),
        ("socket", "rubbish", "an answer that is none"),
        ("pipe", "abort", "SIGABRT"),
        ("pipe", "fault", "an error that no reader foresaw"),
    ],
)
@pytest.mark.skipif(sys.platform == "win32", reason="signals and descriptors that travel")
async def test_a_reader_that_crashes_leaves_where_it_was_and_no_content(
    folder: Path,
    pool: WorkerPool,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    transport: str,
    what: str,
    reason: str,
) -> None:
    monkeypatch.setattr(pool_module, "DESCRIPTORS_TRAVEL", transport == "socket")
    with pytest.raises(ReaderDied) as caught:
        await outputs(pool, what)
    await pool.aclose()
    (report,) = reports.kept()
    text = report.read_text()
    assert f"reason: {reason}" in text
    assert "job: extract" in text
    if what != "rubbish":
        assert "  kimi_files/workers/process.py:" in text
        assert "hostile.py:" in text
        assert "threading.py" not in text
    assert str(report) in str(caught.value)
    assert str(report) in caplog.text
    assert SECRET not in text + str(caught.value) + caplog.text
    assert str(Path(__file__).parents[2]) not in text
    assert report.parent.stat().st_mode & 0o77 == 0


async def test_what_a_reader_says_of_itself_is_not_believed(folder: Path) -> None:
    said = (
        f'Fatal Python error: {SECRET}!\n  File "/home/me/{SECRET}", line 3 in x\n  File "{reports.__file__}", line 12 in a\n'
        f'  File "{Path(reports.__file__).parent}/../{SECRET}", line 3\n{SECRET}\n  File "{reports.__file__}", line 12345678'
    )
    assert reports.places_in(said) == ["kimi_files/reports.py:12"]


def test_the_same_fault_has_one_report_and_the_oldest_go(folder: Path) -> None:
    for number in [*range(reports.MOST_REPORTS + 3), 5, 5]:
        assert reports.leave("server", f"Fault{number}", ["a.py:1"]) is not None
    assert len(list(folder.iterdir())) == reports.MOST_REPORTS
    assert "Fault5" in reports.kept()[0].read_text()


def test_a_report_that_cannot_be_written_is_only_missed(
    tmp_path: Path, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "store").write_text("in the way")
    assert reports.leave("server", "Fault", []) is None
    assert "no report could be left" in caplog.text


def test_a_failure_of_the_server_that_nobody_foresaw_names_its_report(folder: Path) -> None:
    try:
        raise KeyError(SECRET)
    except KeyError as error:
        told = as_error(error)
    (report,) = reports.kept()
    assert str(report) in str(told)
    assert f"{Path(__file__).relative_to(Path(__file__).parents[2]).as_posix()}:" in report.read_text()
    assert SECRET not in report.read_text() + str(told)


DYING = """
import ctypes, sys
from pathlib import Path
from kimi_files import reports
reports.keep_in(Path(sys.argv[1]))
reports.watch_this_process()
if sys.argv[2] == "die":
    ctypes.string_at(0)
"""


def test_a_server_that_dies_below_python_leaves_its_report_to_the_next(folder: Path) -> None:
    def run(how: str) -> int:
        return subprocess.run(
            [sys.executable, "-c", DYING, str(folder), how], check=False, stderr=subprocess.DEVNULL
        ).returncode

    assert run("end") == 0
    assert list(folder.iterdir()) == []
    assert run("die") != 0
    assert reports.kept() == []
    assert run("end") == 0
    (report,) = folder.iterdir()
    text = report.read_text()
    assert "reason: Segmentation fault" in text or sys.platform == "win32"
    assert "  ctypes/__init__.py:" in text
