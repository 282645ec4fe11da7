"""How many of the strings that markitdown's own tests look for are in what is read from its own test files.

``python -m bench.quality.markitdown CHECKOUT`` with a checkout of github.com/microsoft/markitdown.
"""

from __future__ import annotations

import argparse
import importlib.util
import io
import sys
import zipfile
from collections import defaultdict
from pathlib import Path
from typing import Any

from kimi_files.extract import readers
from kimi_files.extract.document import PageText

_TESTS = "packages/markitdown/tests"
# Asks for pictures as base64 within the text: nothing but tokens to whoever reads it, so left out by intention.
_NOT_APPLICABLE = ("data:image/png;base64...",)


def shown(content: bytes, name: str) -> str:
    """A file as one Markdown text: a sheet's label, which tools show above it, as its heading; an archive's members in turn."""
    stream = io.BytesIO(content)
    identified, module, stream = readers.find_reader(stream, name)
    pages: dict[int, list[str]] = defaultdict(list)
    for event in readers.read(module, stream, name, identified.format):
        if isinstance(event, PageText):
            if event.number not in pages and event.kind == "sheet":
                pages[event.number].append(f"## {event.label}\n\n")
            pages[event.number].append(event.text)
    texts = ["".join(parts) for parts in pages.values()]
    if module == "archive":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            texts.extend(
                shown(archive.read(member), member) for member in archive.namelist() if not member.endswith("/")
            )
    return "\n\n".join(texts)


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.quality.markitdown")
    parser.add_argument("checkout", type=Path)
    tests = parser.parse_args().checkout / _TESTS
    spec = importlib.util.spec_from_file_location("markitdown_test_vectors", tests / "_test_vectors.py")
    assert spec is not None
    assert spec.loader is not None
    vectors: Any = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = vectors
    spec.loader.exec_module(vectors)
    wanted = found = unwanted = absent = 0
    for vector in vectors.GENERAL_TEST_VECTORS:
        text = shown((tests / "test_files" / vector.filename).read_bytes(), vector.filename)
        for words in vector.must_include:
            if words in _NOT_APPLICABLE:
                print(f"{vector.filename}: not applicable: {words!r}")
                continue
            wanted += 1
            found += words in text
            if words not in text:
                print(f"{vector.filename}: missing: {words!r}")
        for words in vector.must_not_include:
            unwanted += 1
            absent += words not in text
            if words in text:
                print(f"{vector.filename}: should not be there: {words!r}")
    print(f"{found} of {wanted} strings that must be there; {absent} of {unwanted} that must not be there are not")


if __name__ == "__main__":
    main()
