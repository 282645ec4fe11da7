"""What people install is what was locked, as wheels, on each system, under licences that ask nothing of them.

``uv run python scripts/check_supply.py``: installs ``requirements.lock`` for real into a folder that goes again, and reads the
licences of what came; then asks for the wheels of every system and Python that the project names. The network is needed.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import Distribution, distributions
from itertools import product
from pathlib import Path

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "requirements.lock"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")

# What each wheel needs at least is what README says: glibc 2.34 (office-oxide on x86-64), macOS 15 (html-to-markdown).
SYSTEMS = {
    "Linux x86-64": "x86_64-manylinux_2_34",
    "Linux aarch64": "aarch64-manylinux_2_34",
    "macOS arm64": "aarch64-apple-darwin",
    "macOS x86-64": "x86_64-apple-darwin",
    "Windows x86-64": "x86_64-pc-windows-msvc",
}
LEAST_MACOS = "15.0"

PERMISSIVE = {
    "0BSD", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "BSD", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "CC0-1.0",
    "CDLA-Permissive-2.0", "FTL", "IJG", "ISC", "MIT", "MIT-0", "MIT-CMU", "PSF-2.0", "Unicode-3.0", "Unicode-DFS-2016",
    "Unlicense", "X11", "Zlib", "libtiff",
}  # fmt: skip
"""Names of SPDX, and two that packages use without it."""

# Read by a person: the licence stands in the package's files but not in its metadata, or asks something of changed copies only.
KNOWN = {
    "certifi": "MPL-2.0, a list of certificates that nobody changes",
    "pypdfium2": "BSD-3-Clause and Apache-2.0, with the licences of what PDFium holds, all permissive",
    "resvg_py": "MIT, in its file LICENSE",
    "resvg": "MPL-2.0, unchanged, inside liteparse",
    "usvg": "MPL-2.0, unchanged, inside liteparse",
}


def main() -> int:
    with tempfile.TemporaryDirectory() as place:
        installed = list(_install(Path(place)))
        problems = [words for package in installed for words in _licence_problems(package)]
        parts = sum(len(list(_parts(package))) for package in installed)
    print(f"licences: {len(installed)} packages and {parts} libraries inside of them, {len(problems)} not permissive")
    missing = _missing_wheels()
    print(f"wheels: {len(SYSTEMS)} systems × {len(PYTHONS)} Pythons, {len(missing)} without a wheel for each package")
    for words in (*problems, *missing):
        print("  ", words)
    return 1 if problems or missing else 0


def _install(place: Path) -> Iterator[Distribution]:
    """What the lock installs here, with hashes required and nothing built."""
    _uv("venv", str(place / "venv"))
    python = next(path for path in (place / "venv").glob("*/python*") if path.stem == "python")
    _uv("pip", "install", "--python", str(python), "--require-hashes", "--only-binary", ":all:", "-r", str(LOCK))
    asked = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    folder = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    yield from distributions(path=[folder])


def _licence_problems(package: Distribution) -> Iterator[str]:
    name = package.metadata["Name"]
    told = package.metadata["License-Expression"] or package.metadata["License"] or ""
    if name not in KNOWN and not permissive(told):
        yield f"{name} {package.version}: {told or 'tells no licence'}"
    for part, licence in _parts(package):
        if part not in KNOWN and not permissive(licence):
            yield f"{part} in {name} {package.version}: {licence}"


def _parts(package: Distribution) -> Iterator[tuple[str, str]]:
    """Name and licence of each library that a wheel's bill of materials says is in it."""
    for file in package.files or ():
        if ".dist-info/sboms/" not in file.as_posix() or file.suffix != ".json":
            continue
        for component in json.loads(file.read_text("utf-8")).get("components", ()):
            for entry in component.get("licenses", ()):
                # Pillow names what could be built with it as optional: its wheels are without.
                if component.get("scope") != "optional":
                    licence = entry.get("license", {})
                    yield component["name"], entry.get("expression") or licence.get("id") or licence.get("name", "")


def permissive(expression: str) -> bool:
    """Whether an SPDX expression can be met by permissive licences alone."""
    choices = re.split(r"\s+OR\s+", re.sub(r"\(([^()]*)\)", lambda group: _as_one(group[1]), expression))
    return any(all(part.strip() in PERMISSIVE for part in re.split(r"\s+AND\s+", choice)) for choice in choices)


def _as_one(group: str) -> str:
    """What stands in brackets: one of its choices that is permissive, or itself."""
    return next((part for part in re.split(r"\s+OR\s+", group) if permissive(part)), group)


def _missing_wheels() -> list[str]:
    with tempfile.TemporaryDirectory() as place, ThreadPoolExecutor(4) as workers:
        found = workers.map(lambda pair: _missing_wheel(*pair, place), product(SYSTEMS, PYTHONS))
        return [words for words in found if words]


def _missing_wheel(system: str, python: str, place: str) -> str:
    command = [
        "pip",
        "install",
        "--dry-run",
        "--target",
        place,
        "--require-hashes",
        "--only-binary",
        ":all:",
        "-r",
        str(LOCK),
    ]
    try:
        _uv(*command, "--python-platform", SYSTEMS[system], "--python-version", python)
    except subprocess.CalledProcessError as error:
        cause = re.search(r"Because (.*?),? (?:and|we)\b", error.stderr.replace("\n", " "))
        return f"{system}, Python {python}: {cause[1] if cause else error.stderr.strip()[:300]}"
    return ""


def _uv(*arguments: str) -> None:
    subprocess.run(
        ["uv", "--quiet", *arguments],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "MACOSX_DEPLOYMENT_TARGET": LEAST_MACOS},
    )


if __name__ == "__main__":
    sys.exit(main())
