"""Documents that carry their own truth, from folders that hold public data sets. README.md says where they come from."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from bench.quality import latex
from bench.quality.scores import Cell, Table, tables


@dataclass(frozen=True, slots=True)
class Document:
    """A file and what is true of it. ``text`` and ``tables`` are None where the set says nothing of them.

    ``has_headings`` tells whether ``text`` is markdown with the document's headings.
    """

    name: str
    path: Path
    text: str | None = None
    tables: list[Table] | None = None
    has_headings: bool = False


def icdar(folder: Path) -> Iterator[Document]:
    """The table competition of ICDAR 2013: ``x.pdf`` with the cells of its tables in ``x-str.xml``."""
    for path in sorted(folder.rglob("*.pdf")):
        truth = path.with_name(f"{path.stem}-str.xml")
        if truth.exists():
            yield Document(path.stem, path, tables=list(_icdar_tables(truth)))


def latex_tables(folder: Path) -> Iterator[Document]:
    """PDF Parse Bench: ``pdfs/n.pdf`` typeset from ``ground_truth/n.json``, tables of arXiv papers between paragraphs."""
    for truth in sorted((folder / "ground_truth").glob("*.json")):
        texts: list[str] = []
        found: list[Table] = []
        for part in json.loads(truth.read_text(encoding="utf-8")):
            if part["type"] == "table":
                read = latex.tables(part["data"])
                found.extend(read)
                texts.extend(cell.text for table in read for cell in table)
            else:
                texts.append(part["data"])
        yield Document(f"latex-{truth.stem}", folder / "pdfs" / f"{truth.stem}.pdf", "\n".join(texts), found)


def pairs(folder: Path) -> Iterator[Document]:
    """``x.pdf`` with its text in ``x.txt``, or as markdown, tables included, in ``x.md``."""
    for path in sorted(folder.rglob("*.pdf")):
        for suffix in (".txt", ".md"):
            truth = path.with_suffix(suffix)
            if truth.exists():
                text = truth.read_text(encoding="utf-8", errors="replace")
                found = tables(text) if suffix == ".md" else None
                yield Document(
                    path.stem, path, text, found or None, has_headings="\n#" in f"\n{text}" and suffix == ".md"
                )


def _icdar_tables(path: Path) -> Iterator[Table]:
    source = re.sub(r"&(?!#|amp;|lt;|gt;|quot;|apos;)", "&amp;", path.read_text(encoding="utf-8", errors="replace"))
    for region in ElementTree.fromstring(source).iter("region"):
        yield [
            Cell(
                cell.findtext("content") or "",
                top := int(cell.get("start-row", "0")),
                left := int(cell.get("start-col", "0")),
                int(cell.get("end-row", top)),
                int(cell.get("end-col", left)),
            )
            for cell in region.iter("cell")
        ]
