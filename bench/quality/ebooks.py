"""Kindle books: how much of their words comes back, against the words that the book's own makers put in.

``python -m bench.quality.ebooks DIR`` with the folder ``tests/samples`` of GitHub ``bfabiszewski/libmobi``, and the program
``mobitool`` of the same project (Debian ``libmobi-tools``), which writes the markup that a book holds (``--tool`` names it).
The truth is that markup's text; books with DRM, and the one that is broken on purpose, have to end as one typed error.
"""

from __future__ import annotations

import argparse
import html
import io
import re
import subprocess
import tempfile
from pathlib import Path

from bench.quality.scores import word_score
from kimi_files.errors import KimiFilesError
from kimi_files.extract import ebook
from kimi_files.extract.document import PageText
from kimi_files.formats import identify

_ABOUT = re.compile(r"\A(?:\*\*\w+:\*\* .*\n)+")
_NOT_SHOWN = re.compile(r"<(script|style|head)\b.*?</\1>|<[^>]+>", re.DOTALL | re.IGNORECASE)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tool", default="mobitool")
    options = parser.parse_args()
    print("| book | words | recall | precision |\n|---|---|---|---|")
    for path in sorted(options.folder.iterdir()):
        try:
            text = _read(path)
        except KimiFilesError as error:
            print(f"| {path.name} | | {type(error).__name__} | |")
            continue
        truth = _truth(path, options.tool)
        score = word_score(truth, text)
        print(f"| {path.name} | {score.truth:,} | {score.recall:.3f} | {score.precision:.3f} |")


def _read(path: Path) -> str:
    stream = io.BytesIO(path.read_bytes())
    found = identify(path.name, stream).format
    text = "\n".join(event.text for event in ebook.read(stream, path.name, found) if isinstance(event, PageText))
    # What the book says of itself is not in its markup.
    return _ABOUT.sub("", text)


def _truth(path: Path, tool: str) -> str:
    """The words of the markup that mobitool finds in the book."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([tool, "-s", "-o", folder, str(path)], check=True, capture_output=True, timeout=60)
        parts = sorted(part for part in Path(folder).rglob("part*.html"))
        markup = "\n".join(part.read_text("utf-8", "replace") for part in parts)
    return html.unescape(_NOT_SHOWN.sub(" ", markup))


if __name__ == "__main__":
    main()
