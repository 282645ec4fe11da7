"""The pages in docs/ say what the code does."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from kimi_files.errors import KimiFilesError
from kimi_files_mcp.hosts.known import HOSTS
from kimi_files_mcp.variables import VARIABLES

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

import make_docs  # noqa: E402 - a script, not a package

PAGES = make_docs.pages()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_what_the_code_makes_of_it(name):
    assert (ROOT / "docs" / name).read_text("utf-8") == PAGES[name], "run: uv run python scripts/make_docs.py"


def test_every_variable_that_the_server_reads_is_documented_and_no_other():
    sources = "".join(
        path.read_text("utf-8") for path in (ROOT / "server").rglob("*.py") if path.name != "variables.py"
    )
    read = {name for name in re.findall(r'"((?:KIMI|MOONSHOT)_[A-Z_]+)"', sources) if not name.startswith("KIMI_CODE_")}
    documented = {name for variable in VARIABLES for name in (variable.name, *variable.others)}
    assert documented == read


def test_every_error_says_when_it_comes():
    errors = list(make_docs.error_tree(KimiFilesError))
    assert [error.__name__ for error in errors if not error.__doc__] == []
    assert len({error.code for error in errors}) == len(errors)


def test_every_host_has_its_section():
    assert all(f"`{name}`" in PAGES["hosts.md"] for name in HOSTS)
