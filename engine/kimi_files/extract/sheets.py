"""Reads workbooks: xlsx and its variants, and the binary xls. A sheet is a page, its name is the page's label."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from kimi_files.errors import DamagedFile, UnsupportedFile
from kimi_files.extract.document import Advance, OutlineEntry, PageText, Warning  # noqa: A004
from kimi_files.extract.office import by_anydoc, by_office_oxide, cells
from kimi_files.extract.office.markdown import Block, join_blocks
from kimi_files.extract.office.package import Package
from kimi_files.extract.pieces import outline_entry, page_texts, sentence

if TYPE_CHECKING:
    from kimi_files.formats import Format

# A cell of office-oxide's model takes a kilobyte as Python objects; larger workbooks go by its markdown, cut at the sheets.
_MODEL_PLACES = 300_000

_SHEET_TITLE = re.compile(r"^## (.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class _Sheet:
    name: str
    text: str
    hidden: bool = False


def read(
    stream: BinaryIO,
    name: str,
    format: Format,  # noqa: A002
) -> Iterator[PageText | OutlineEntry | Warning | Advance]:
    """One page a sheet, as a markdown table with values as they are shown: dates as dates, results for formulas.

    Raises:
        PasswordRequired, TooComplex, DamagedFile, UnsupportedFile: Why it cannot be read.
    """
    if format.textual:
        from kimi_files.extract import text

        yield from text.read(stream, name, format)
        return
    untrusted_bytes = stream.read()
    found = _from_package(untrusted_bytes) if untrusted_bytes.startswith(b"PK") else _by_library(untrusted_bytes, "xls")
    found = found or [_Sheet("", "")]
    for number, (sheet, label) in enumerate(zip(found, _labels(found), strict=True), start=1):
        yield from page_texts(number, label, "sheet", sheet.name, sheet.text, hidden=sheet.hidden)
        entry = outline_entry(label, 1, number)
        if entry is not None:
            yield entry
    if not any(sheet.text for sheet in found):
        yield Warning(message="The workbook has no cells with content.")
    hidden = [sheet.name for sheet in found if sheet.hidden]
    if hidden:
        yield Warning(message=sentence(f"Hidden in the workbook, given here all the same: {', '.join(hidden)}."))


def _labels(found: list[_Sheet]) -> list[str]:
    """Sheet names; the number is added to a name that is empty or came before."""
    labels: list[str] = []
    for number, sheet in enumerate(found, start=1):
        name = sheet.name.strip()
        labels.append(name if name and name not in labels else f"{name} {number}".strip())
    return labels


def _from_package(untrusted_bytes: bytes) -> list[_Sheet]:
    package = Package(untrusted_bytes)
    there = cells.sheets(package)
    if any(cells.is_mostly_empty(package, sheet) for sheet in there):
        texts = cells.texts(package, there)
        return [_Sheet(sheet.name, text, sheet.hidden) for sheet, text in zip(there, texts, strict=True)]
    return _by_library(untrusted_bytes, "xlsx", there)


def _by_library(untrusted_bytes: bytes, kind: str, there: list[cells.Sheet] | None = None) -> list[_Sheet]:
    """By office-oxide, or by anydoc where that fails."""
    try:
        found = _by_office_oxide(by_office_oxide.opened(untrusted_bytes, kind), there or [])
        if any(sheet.text for sheet in found):
            return found
    except (DamagedFile, UnsupportedFile) as error:
        failure: DamagedFile | UnsupportedFile | None = error
        found = []
    else:
        failure = None
    try:
        by_other = _cut_at_headings(by_anydoc.blocks(untrusted_bytes, kind), there or [])
    except (DamagedFile, UnsupportedFile):
        if failure is not None:
            raise failure from None
        return found
    return by_other if any(sheet.text for sheet in by_other) else found or by_other


def _by_office_oxide(document: Any, there: list[cells.Sheet]) -> list[_Sheet]:
    markdown: str = document.to_markdown()
    if markdown.count("|") > _MODEL_PLACES:
        return _cut_at_titles(markdown, there)
    return [
        _Sheet(section.title or "", join_blocks(section.blocks), section.hidden)
        for section in by_office_oxide.sections(document)
    ]


def _cut_at_titles(markdown: str, there: list[cells.Sheet]) -> list[_Sheet]:
    """Sheets of office-oxide's markdown; it writes a cell's line breaks as ``<br>``, so no cell looks like a title."""
    titles = list(_SHEET_TITLE.finditer(markdown))
    ends = [title.start() for title in titles[1:]] + [len(markdown)]
    texts = [markdown[title.end() : end].strip() for title, end in zip(titles, ends, strict=True)]
    if len(texts) == len(there):
        return [_Sheet(sheet.name, text, sheet.hidden) for sheet, text in zip(there, texts, strict=True)]
    return [_Sheet(title[1], text) for title, text in zip(titles, texts, strict=True)]


def _cut_at_headings(blocks: list[Block], there: list[cells.Sheet]) -> list[_Sheet]:
    """Sheets of anydoc's blocks, which puts a heading before each sheet that has content."""
    hidden = {sheet.name for sheet in there if sheet.hidden}
    groups: list[tuple[str, list[Block]]] = []
    for block in blocks:
        if block.level:
            groups.append((block.text.lstrip("# "), []))
        elif groups:
            groups[-1][1].append(block)
        else:
            groups.append(("", [block]))
    return [_Sheet(title, join_blocks(group), title in hidden) for title, group in groups]
