"""Tables as text (CSV, TSV) as Markdown tables: every separator and quotation comes out as the same kind of row."""

from __future__ import annotations

import csv
import io
from collections import Counter

from kimi_files.extract.office.markdown import table_row

# Longer files are read by windows of their own lines, which cost no time: 50 MB would take seconds as a table.
MOST_CHARACTERS = 1_000_000

_SEPARATORS = ",;\t|"
_SAMPLE_ROWS = 50
# Which part of the rows has as many fields as most, in a file that is what its name says.
_LIKE_A_TABLE = 0.8


def as_table(text: str, separators: str = _SEPARATORS) -> str | None:
    """The rows as a Markdown table, the first one as its header; None where they do not look like a table."""
    lines = text.splitlines(keepends=True)
    separator = _separator(lines, separators)
    if separator is None:
        return None
    try:
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator) if row]
    except csv.Error:
        return None
    if len(rows) < 2:
        return None
    width = max(map(len, rows))
    written = [table_row(row + [""] * (width - len(row))) for row in rows]
    written.insert(1, table_row(["---"] * width))
    return "\n".join(written)


def _separator(lines: list[str], separators: str) -> str | None:
    """The one that cuts the most rows into the same number of fields, more than one."""
    best, best_share = None, 0.0
    for separator in separators:
        try:
            rows = [len(row) for row in csv.reader(lines[:_SAMPLE_ROWS], delimiter=separator) if row]
        except csv.Error:
            continue
        width, count = Counter(rows).most_common(1)[0] if rows else (1, 0)
        if width > 1 and count / len(rows) > best_share:
            best, best_share = separator, count / len(rows)
    return best if best_share >= _LIKE_A_TABLE else None
