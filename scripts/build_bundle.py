"""Builds dist/kimi-files-mcp-VERSION.mcpb: the bundle that desktop hosts install with a click and run with uv.

Needs uv and the package index, for the lock file inside. The same sources give the same bytes.
"""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
PACKAGES = ("server/kimi_files_mcp", "tools/kimi_files_tools", "engine/kimi_files")
TOOLS = ("upload_file", "get_file_content", "ask_about_files", "list_files", "delete_file")

_TIME = (2026, 1, 1, 0, 0, 0)  # of every file in the archive, so that it depends on the contents alone


def main() -> None:
    target = ROOT / "dist" / f"kimi-files-mcp-{project()['version']}.mcpb"
    target.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        stage(Path(folder))
        write_archive(Path(folder), target)
    sys.stdout.write(f"{target.relative_to(ROOT)}: {target.stat().st_size:,} bytes\n")


def project() -> dict[str, Any]:
    """The project's own description of itself."""
    table: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return table


def stage(folder: Path) -> None:
    """Everything that goes into the bundle, laid out in ``folder``."""
    source = folder / "src"
    for package in PACKAGES:
        ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
        shutil.copytree(ROOT / package, source / Path(package).name, ignore=ignored)
    shutil.copy(ROOT / "packaging" / "main.py", source / "main.py")
    shutil.copy(ROOT / "packaging" / "icon.png", folder / "icon.png")
    for name in ("LICENSE", "README.md"):
        shutil.copy(ROOT / name, folder / name)
    (folder / "manifest.json").write_text(json.dumps(manifest(), indent=2, ensure_ascii=False) + "\n")
    (folder / "pyproject.toml").write_text(environment())
    subprocess.run(["uv", "lock", "--quiet", "--project", str(folder)], check=True)


def manifest() -> dict[str, Any]:
    """What the host shows, asks for and runs."""
    about = project()
    return {
        "manifest_version": "0.4",
        "name": about["name"],
        "display_name": "Kimi files",
        "version": about["version"],
        "description": about["description"],
        "author": {"name": about["authors"][0]["name"]},
        "license": about["license"],
        "keywords": about["keywords"],
        "icon": "icon.png",
        "server": {
            "type": "uv",
            "entry_point": "src/main.py",
            "mcp_config": {
                "command": "uv",
                "args": ["run", "--project", "${__dirname}", "--frozen", "${__dirname}/src/main.py", "${user_config.folders}"],
                "env": {"MOONSHOT_API_KEY": "${user_config.key}"},
            },
        },
        "tools": [{"name": name, "description": first_sentence(name)} for name in TOOLS],
        "prompts_generated": True,
        "user_config": {
            "folders": {
                "type": "directory",
                "title": "Folders that may be read",
                "description": "Files in these folders and below can be read, and nothing else. Keys, password stores and "
                "hidden folders in them are never read.",
                "multiple": True,
                "required": True,
                "default": ["${HOME}/Documents"],
            },
            "key": {
                "type": "string",
                "title": "Moonshot API key (not needed)",
                "description": "Without a key, files stay on this machine. The key is kept in the system's keychain.",
                "sensitive": True,
                "required": False,
                "default": "",
            },
        },
        "compatibility": {
            "platforms": ["darwin", "linux", "win32"],
            "runtimes": {"python": about["requires-python"]},
        },
    }  # fmt: skip


def first_sentence(tool: str) -> str:
    """The first sentence of a tool's description, read from its source without importing it."""
    tree = ast.parse((ROOT / "tools" / "kimi_files_tools" / f"{tool}.py").read_text("utf-8"))
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and getattr(statement.targets[0], "id", "") == "DESCRIPTION":
            text: str = ast.literal_eval(statement.value)
            return re.split(r"(?<=\.)\s", text, maxsplit=1)[0].replace("\n", " ")
    raise LookupError(f"{tool} has no DESCRIPTION")


def environment() -> str:
    """A pyproject.toml for uv: the dependencies, held to the versions of requirements.lock; nothing is built."""
    about = project()
    pins = re.findall(r"^([A-Za-z0-9._-]+==[^ \\\n]+(?: ; [^\\\n]+?)?)(?: \\)?$", lock_text(), re.MULTILINE)
    lines = [
        "[project]",
        f'name = "{about["name"]}-bundle"',
        f'version = "{about["version"]}"',
        f'requires-python = "{about["requires-python"]}"',
        f"dependencies = {json.dumps(about['dependencies'])}",
        "",
        "[tool.uv]",
        "package = false",
        f"constraint-dependencies = {json.dumps(pins)}",
    ]
    return "\n".join(lines) + "\n"


def lock_text() -> str:
    return (ROOT / "requirements.lock").read_text()


def write_archive(folder: Path, target: Path) -> None:
    """A zip archive of ``folder``, in order of names and with the same time on each file."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in files_in(folder):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, path.read_bytes())


def files_in(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and ".venv" not in path.parts)


if __name__ == "__main__":
    main()
