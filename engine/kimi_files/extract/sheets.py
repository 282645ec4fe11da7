"""Reads workbooks: xlsx and its variants, xlsb, the binary xls, OpenDocument. A sheet is a page, its name is the page's label."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any, BinaryIO

from kimi_files.errors import DamagedFile, UnsupportedFile
from kimi_files.extract.document import Advance, OutlineEntry, PageText, Warning  # noqa: A004
from kimi_files.extract.office.markdown import Block, join_blocks
from kimi_files.extract.pieces import outline_entry, page_texts, sentence
from kimi_files.extract.symbols import readable
from kimi_files.formats import ODS, XLSB, XLSX, Format

# A cell of office-oxide's model takes a kilobyte as Python objects; larger workbooks go by its markdown, cut at the sheets.
_MODEL_PLACES = 300_000

_SHEET_TITLE = re.compile(r"^## (.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class _Sheet:
    name: str
    text: str
    hidden: bool = False
    cut_off: bool = False
    is_shortened: bool = False


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
        yield from _delimited(stream, name, format)
        return
    untrusted_bytes = stream.read()
    found = _sheets(untrusted_bytes, format) or [_Sheet("", "")]
    for number, (sheet, label) in enumerate(zip(found, _labels(found), strict=True), start=1):
        yield from page_texts(number, label, "sheet", sheet.name, readable(sheet.text), hidden=sheet.hidden)
        entry = outline_entry(label, 1, number)
        if entry is not None:
            yield entry
    if not _has_text(found):
        yield Warning(message="The workbook has no cells with content.")
    hidden = [sheet.name for sheet in found if sheet.hidden]
    if hidden:
        yield Warning(message=sentence(f"Hidden in the workbook, given here all the same: {', '.join(hidden)}."))
    cut_off = [sheet.name for sheet in found if sheet.cut_off]
    if cut_off:
        yield Warning(message=sentence(f"The file is cut off: cells are missing at the end of {', '.join(cut_off)}."))
    shortened = [sheet.name for sheet in found if sheet.is_shortened]
    if shortened:
        words = "Repeated so often that the text gives a part and says how often, rows or cells of:"
        yield Warning(message=sentence(f"{words} {', '.join(shortened)}."))


def _delimited(
    stream: BinaryIO,
    name: str,
    format: Format,  # noqa: A002
) -> Iterator[PageText | OutlineEntry | Warning | Advance]:
    """A table where the text is one and not too long; else the text as it stands."""
    from kimi_files.extract import delimited, text
    from kimi_files.extract.encoding import Decoded, detect_encoding

    if stream.seek(0, os.SEEK_END) <= delimited.MOST_CHARACTERS:
        decoded = Decoded(stream, detect_encoding(stream))
        table = delimited.as_table("".join(decoded))
        if table is not None:
            yield from page_texts(1, "1", "text", None, table)
            yield from text.warnings(decoded)
            return
    yield from text.read(stream, name, format)


def _sheets(untrusted_bytes: bytes, format: Format) -> list[_Sheet]:  # noqa: A002
    if format == ODS:
        from kimi_files.extract.office.open_document import OpenDocument

        return [
            _Sheet(sheet.name, sheet.text, sheet.hidden, is_shortened=sheet.is_shortened)
            for sheet in OpenDocument(untrusted_bytes).sheets()
        ]
    if format == XLSB:
        return _from_package(untrusted_bytes, "xlsb")
    if format == XLSX and not untrusted_bytes.startswith(b"PK"):
        from kimi_files.extract.office import flat

        return [_Sheet(name, grid.text(), hidden) for name, hidden, grid in flat.excel_sheets(untrusted_bytes)]
    return _from_package(untrusted_bytes) if untrusted_bytes.startswith(b"PK") else _from_binary(untrusted_bytes)


def _labels(found: list[_Sheet]) -> list[str]:
    """Sheet names; the number is added to a name that is empty or came before."""
    labels: list[str] = []
    for number, sheet in enumerate(found, start=1):
        name = sheet.name.strip()
        labels.append(name if name and name not in labels else f"{name} {number}".strip())
    return labels


def _from_package(untrusted_bytes: bytes, kind: str = "xlsx") -> list[_Sheet]:
    """By the package's own parts; by the libraries where that has another layout than Excel's."""
    from kimi_files.extract.office.package import Package

    package = Package(untrusted_bytes)
    own = import_module("kimi_files.extract.office." + ("cells_binary" if kind == "xlsb" else "cells"))
    there = own.sheets(package)
    texts = own.texts(package, there)
    found = [_Sheet(sheet.name, text, sheet.hidden) for sheet, text in zip(there, texts, strict=True)]
    return found if _has_text(found) else _by_libraries(untrusted_bytes, kind, found)


def _from_binary(untrusted_bytes: bytes) -> list[_Sheet]:
    """By its own records; by the libraries where those cannot be followed."""
    from kimi_files.extract.office import biff

    there = biff.sheets(untrusted_bytes)
    found = [_Sheet(sheet.name, sheet.grid.text(), sheet.hidden, sheet.cut_off) for sheet in there or ()]
    return found if _has_text(found) else _by_libraries(untrusted_bytes, "xls", found)


def _by_libraries(untrusted_bytes: bytes, kind: str, found: list[_Sheet]) -> list[_Sheet]:
    """What office-oxide finds, else anydoc; what was ``found`` before, where they find nothing either."""
    from kimi_files.extract.office import by_office_oxide

    failure: DamagedFile | UnsupportedFile | None = None
    try:
        by_model = _by_office_oxide(by_office_oxide.opened(untrusted_bytes, kind))
    except (DamagedFile, UnsupportedFile) as error:
        failure = error
    else:
        if _has_text(by_model):
            return by_model
    if kind == "xlsb":
        # The other library does not know it.
        if found or failure is None:
            return found
        raise failure
    return _by_anydoc(untrusted_bytes, kind, found, failure)


def _by_anydoc(
    untrusted_bytes: bytes, kind: str, found: list[_Sheet], failure: DamagedFile | UnsupportedFile | None
) -> list[_Sheet]:
    """The last that is tried; what was ``found`` before, or its ``failure``, where it finds nothing either."""
    from kimi_files.extract.office import by_anydoc

    try:
        by_other = _cut_at_headings(by_anydoc.blocks(untrusted_bytes, kind))
    except (DamagedFile, UnsupportedFile) as error:
        if found:
            return found
        raise failure or error from None
    return by_other if _has_text(by_other) else found or by_other


def _has_text(found: list[_Sheet]) -> bool:
    return any(sheet.text for sheet in found)


def _by_office_oxide(document: Any) -> list[_Sheet]:
    markdown: str = document.to_markdown()
    if markdown.count("|") > _MODEL_PLACES:
        return _cut_at_titles(markdown)
    from kimi_files.extract.office import by_office_oxide

    return [
        _Sheet(section.title or "", join_blocks(section.blocks), section.hidden)
        for section in by_office_oxide.sections(document)
    ]


def _cut_at_titles(markdown: str) -> list[_Sheet]:
    """Sheets of office-oxide's markdown; it writes a cell's line breaks as ``<br>``, so no cell looks like a title."""
    titles = list(_SHEET_TITLE.finditer(markdown))
    ends = [title.start() for title in titles[1:]] + [len(markdown)]
    return [_Sheet(title[1], markdown[title.end() : end].strip()) for title, end in zip(titles, ends, strict=True)]


def _cut_at_headings(blocks: list[Block]) -> list[_Sheet]:
    """Sheets of anydoc's blocks, which puts a heading before each sheet, if there are several."""
    groups: list[tuple[str, list[Block]]] = []
    for block in blocks:
        if block.level:
            groups.append((block.text.lstrip("# "), []))
        elif groups:
            groups[-1][1].append(block)
        else:
            groups.append(("", [block]))
    return [_Sheet(title, join_blocks(group)) for title, group in groups]
