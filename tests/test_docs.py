"""README and the pages in docs/ say what the code does, and every example for a shell in them runs."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from kimi_files import extras
from kimi_files.errors import KimiFilesError
from kimi_files_mcp.hosts.known import HOSTS
from kimi_files_mcp.variables import VARIABLES
from tests.server.conftest import environment

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

import make_docs  # noqa: E402 - scripts, not packages
import make_readme  # noqa: E402

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


@pytest.mark.skipif(sys.platform == "win32", reason="the examples show paths as on Unix")
@pytest.mark.skipif(bool(extras.installed()), reason="the examples are without extras; .ci/packages checks them too")
def test_the_examples_in_readme_are_what_the_server_answers():
    assert make_readme.stale() == ""


def test_the_picture_loads_nothing():
    drawn = make_readme.PICTURE.read_text("utf-8")
    assert "://" not in drawn.replace("http://www.w3.org/", "").replace("https://www.textualize.io", "")


# Examples that cannot run in a test as they stand, each with the reason and with what is run in its place.
INSTEAD = {
    "pip install uv && uv run kimi-files-mcp demo": (
        "installs from the network; tests/server/test_cli.py runs the demo",
        "kimi-files-mcp demo --help",
    ),
    "pip install uv && uv run pytest": ("is this run", "python -m pytest --version"),
    "uv tool install --compile-bytecode .": (
        "installs from the network into the user's tools; .ci/packages installs the wheel",
        "uv tool install --compile-bytecode --help",
    ),
    "uv run python -m bench.peers --installed peers": (
        "starts other servers, which are not installed here",
        f"cd '{ROOT}' && python -m bench.peers --help",
    ),
    "kimi-files-mcp batch run requests.jsonl -o results.jsonl": (
        "needs an account at Kimi; tests/engine/kimi runs batches",
        "kimi-files-mcp batch run --help",
    ),
}


def shell_examples() -> list[str]:
    """Every ```sh block of README and docs/, each once."""
    pages = [ROOT / "README.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").glob("*.md"))]
    blocks = (re.findall(r"^```sh\n(.*?)^```$", page.read_text("utf-8"), re.DOTALL | re.MULTILINE) for page in pages)
    return list(dict.fromkeys(block.rstrip() for found in blocks for block in found))


def test_the_first_two_blocks_of_readme_are_the_commands_for_people_in_a_hurry():
    assert shell_examples()[:2] == list(INSTEAD)[:2]
    assert set(INSTEAD) <= set(shell_examples())


@pytest.mark.skipif(sys.platform == "win32", reason="the examples are written for a shell as on Unix")
@pytest.mark.parametrize("example", shell_examples())
def test_an_example_for_a_shell_runs(example, tmp_path):
    documents = tmp_path / "Documents"
    (documents / "invoices").mkdir(parents=True)
    samples = ROOT / "server" / "kimi_files_mcp" / "samples"
    shutil.copy(samples / "annual-report.pdf", documents / "report.pdf")
    shutil.copy(samples / "invoice-nordwerk.xlsx", documents / "invoices")
    _, command = INSTEAD.get(example, ("", example))
    with socket.create_server(("127.0.0.1", 0)) as free:
        command = command.replace("8321", str(free.getsockname()[1]))
    programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    variables = environment(HOME=str(tmp_path), PATH=programs, KIMI_FILES_DATA_DIR=str(tmp_path / "data"))
    script = f"{command}\nkill $(jobs -p) 2> /dev/null || true"  # what an example leaves running
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], capture_output=True, text=True, env=variables, cwd=documents
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout or done.stderr or list(documents.glob("*.jsonl")), "it says nothing"
