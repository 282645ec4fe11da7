"""Tables written in LaTeX, as cells with the text that stands in the printed table."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from bench.quality.scores import Cell, Table

_TABULAR = re.compile(r"\\begin\{(tabular[x*]?|array|longtable)\}(.*?)\\end\{\1\}", re.DOTALL)
_RULES = re.compile(
    r"\\(?:toprule|midrule|bottomrule|hline|specialrule(?:\{[^}]*\}){3}|addlinespace|noalign\{[^}]*\}"
    r"|c(?:mid)?rule\s*(?:\([^)]*\))?\s*\{[^}]*\}|cline\s*\{[^}]*\}|hhline\{[^}]*\})(?:\[[^]]*\])?"
)
_SPAN = re.compile(r"\\multi(column|row)\s*(?:\[[^]]*\])?\s*\{\s*(-?[0-9.]+)\s*\}")
_DROPPED = re.compile(
    r"\\(?:label|vspace|hspace|cite[pt]?|ref|color|rowcolor|cellcolor|includegraphics|begin|end)\*?(?:\[[^]]*\])*(?:\{[^{}]*\})?"
)
_GREEK = re.compile(r"\\(var)?([A-Za-z]+)")


def tables(source: str) -> list[Table]:
    """The tables in a LaTeX source."""
    return [_table(_without_format(body)) for _, body in _TABULAR.findall(source)]


def text(source: str) -> str:
    """A cell's source as plain text, its commands replaced by what they print, where that is a letter."""
    source = source.replace("\\\\", " ").replace("\\&", "&").replace("\\%", "%").replace("\\_", "_").replace("\\#", "#")
    source = _DROPPED.sub(" ", source.replace("~", " ").replace("\\$", ""))
    return re.sub(r"[{}$^]|\\.", "", _GREEK.sub(_letter, source).replace("_{", "").replace("\\_", "_")).strip()


def _letter(command: re.Match[str]) -> str:
    for case in ("SMALL", "CAPITAL"):
        name = command[2] if (case == "SMALL") == command[2].islower() else ""
        if name:
            try:
                return unicodedata.lookup(f"GREEK {case} LETTER {name.upper()}")
            except KeyError:
                pass
    return " "


def _without_format(body: str) -> str:
    """The body without the arguments that say how columns look."""
    rest = body.lstrip()
    while rest[:1] in "{[" and rest:
        depth = end = 0
        while end < len(rest) and (depth or not end):
            depth += (rest[end] in "{[") - (rest[end] in "}]")
            end += 1
        rest = rest[end:].lstrip()
    return rest


def _table(body: str) -> Table:
    cells: list[Cell] = []
    taken: set[tuple[int, int]] = set()
    body = re.sub(r"(?<!\\)%.*", "", _RULES.sub(" ", body))
    y = 0
    for row in _split(body, "\\\\"):
        row = re.sub(r"^\s*\[[^]]*\]", "", row)
        if not row.strip():
            continue
        x = 0
        for source in _split(row, "&"):
            across = down = 1
            for kind, size in _SPAN.findall(source):
                across, down = (int(float(size)), down) if kind == "column" else (across, max(int(float(size)), 1))
            content = text(_spanned(source))
            if (y, x) not in taken or content:
                cells.append(Cell(content, y, x, y + down - 1, x + across - 1))
                if down > 1:
                    taken.update((below, x + i) for below in range(y + 1, y + down) for i in range(across))
            x += across
        y += 1
    return [cell for cell in cells if cell.text]


def _spanned(source: str) -> str:
    """What \\multicolumn and \\multirow hold: their last argument."""
    while match := _SPAN.search(source):
        rest = source[match.end() :].lstrip()
        rest = re.sub(r"^(?:\[[^]]*\])?\s*(?:\{(?:[^{}]|\{[^{}]*\})*\}|\*)", "", rest, count=1)
        rest = re.sub(r"^\s*\[[^]]*\]", "", rest)
        source = source[: match.start()] + " " + rest
    return source


def _split(source: str, mark: str) -> Iterator[str]:
    """Parts between marks that stand in no braces and no inner environment."""
    depth = start = place = 0
    while place < len(source):
        character = source[place]
        if depth == 0 and source.startswith(mark, place):
            yield source[start:place]
            place += len(mark)
            start = place
            continue
        if character == "\\":
            place += 2
            continue
        depth += (character == "{") - (character == "}")
        place += 1
    yield source[start:]
