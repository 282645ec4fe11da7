"""How much of a document's truth a reader gives back: words, their order, and the neighbours in tables."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from html.parser import HTMLParser
from itertools import pairwise

_WORD = re.compile(r"[^\W_]+")
_TARGET = re.compile(r"(?<=\])\([^()\s]*\)|<[^<>]{1,300}>")
_DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u00ad"), "-")
_RULE = re.compile(r"\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*")
_BAR = re.compile(r"(?<!\\)\|")
_HEADING = re.compile(r"^(#{1,6})\s+(\S.*)$", re.MULTILINE)
_NUMBERING = re.compile(r"^(?:\s*(?:[0-9A-Z]{1,3}(?:\.[0-9]{1,3})*|[IVX]+|(?:[0-9]{1,2}|[a-z])\))\.?\s+(?=\S))+")
_NOT_COMPARED = re.compile(r"[^\w.,%+\-]|_|\.{2,}")


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table: its text, and the rows and columns (from 0, ends included) that it covers."""

    text: str
    top: int
    left: int
    bottom: int
    right: int


Table = Sequence[Cell]


@dataclass(frozen=True, slots=True)
class Score:
    """Counts of what is in both, in the truth, and in what was read."""

    both: int = 0
    truth: int = 0
    read: int = 0

    def __add__(self, other: Score) -> Score:
        return Score(self.both + other.both, self.truth + other.truth, self.read + other.read)

    @property
    def recall(self) -> float:
        return self.both / self.truth if self.truth else 1.0

    @property
    def precision(self) -> float:
        return self.both / self.read if self.read else 1.0

    @property
    def f1(self) -> float:
        return 2 * self.both / (self.truth + self.read) if self.truth + self.read else 1.0


def in_tune_half(name: str) -> bool:
    """Whether the document of that name is in the half that may be looked at; the other half is only reported."""
    return sha256(name.encode()).digest()[0] % 2 == 0


def words(text: str) -> list[str]:
    """The words of a text or markdown in lower case; link targets and tags are none.

    Of scripts that put no spaces between words, Chinese and Japanese, each character is one.
    """
    found: list[str] = []
    for word in _WORD.findall(unicodedata.normalize("NFKC", _TARGET.sub(" ", text)).lower()):
        if any("\u2e80" <= character <= "\u9fff" or "\uf900" <= character <= "\ufaff" for character in word):
            found.extend(word)
        else:
            found.append(word)
    return found


def word_score(truth: str, read: str) -> Score:
    """Words as a multiset, whatever their order."""
    theirs, ours = Counter(words(truth)), Counter(words(read))
    return Score((theirs & ours).total(), theirs.total(), ours.total())


def order_score(truth: str, read: str) -> Score:
    """Words in their order: ``both`` is the longest common subsequence, so ``f1`` is one minus the normalised indel distance."""
    theirs, ours = words(truth), words(read)
    # Bit-parallel longest common subsequence (Hyyrö 2004): a row of the table is one integer.
    places: dict[str, int] = {}
    for place, word in enumerate(theirs):
        places[word] = places.get(word, 0) | 1 << place
    full = (1 << len(theirs)) - 1
    row = full
    for word in ours:
        same = row & places.get(word, 0)
        row = (row + same | row - same) & full
    return Score(len(theirs) - row.bit_count(), len(theirs), len(ours))


def heading_score(truth: str, read: str) -> Score:
    """Headings of two texts in markdown as multisets, without their levels, numbers before them, and marks."""
    theirs, ours = Counter(_headings(truth)), Counter(_headings(read))
    return Score((theirs & ours).total(), theirs.total(), ours.total())


def level_score(truth: str, read: str) -> Score:
    """Levels of headings that both texts in markdown have: pairs, of each with the five after it, that stand alike in both.

    Alike is one above, beside or below the other. A title that comes several times in either text is left out.
    """
    theirs, ours = _levels(truth), _levels(read)
    both = [(level, ours[title]) for title, level in theirs.items() if title in ours]
    pairs = [(a, b) for number, a in enumerate(both) for b in both[number + 1 : number + 6]]
    alike = sum(_order(a[0], b[0]) == _order(a[1], b[1]) for a, b in pairs)
    return Score(alike, len(pairs), len(pairs))


def table_score(truth: Iterable[Table], read: Iterable[Table]) -> Score:
    """Neighbours in tables, after the ICDAR 2013 competition: each cell with text, and the next to its right and below it.

    All tables of a document count together, so a table that is none costs precision, and one that is missing recall. A
    cell over several rows or columns has the neighbours of each. Texts are compared without blanks, case and most marks.
    """
    theirs, ours = Counter(_neighbours(truth)), Counter(_neighbours(read))
    return Score((theirs & ours).total(), theirs.total(), ours.total())


def tables(markdown: str) -> list[Table]:
    """The tables in markdown, piped or as HTML."""
    found: list[Table] = list(_html_tables(markdown)) if "<table" in markdown.lower() else []
    lines = markdown.splitlines()
    row = 0
    while row + 1 < len(lines):
        if "|" not in lines[row] or "-" not in lines[row + 1] or not _RULE.fullmatch(lines[row + 1]):
            row += 1
            continue
        rows = [_cells(lines[row])]
        row += 2
        while row < len(lines) and "|" in lines[row]:
            rows.append(_cells(lines[row]))
            row += 1
        found.append(grid(rows))
    return found


def grid(rows: Sequence[Sequence[str]]) -> Table:
    """A table without merged cells, from the texts of its rows."""
    return [Cell(text, y, x, y, x) for y, row in enumerate(rows) for x, text in enumerate(row)]


def _headings(markdown: str) -> Iterator[str]:
    return (title for _, title in _headings_with_levels(markdown))


def _headings_with_levels(markdown: str) -> Iterator[tuple[int, str]]:
    for marks, title in _HEADING.findall(markdown):
        found = words(_NUMBERING.sub("", title.replace("*", "")))
        if found:
            yield len(marks), "".join(found)


def _levels(markdown: str) -> dict[str, int]:
    """The level of each title that comes once."""
    found = list(_headings_with_levels(markdown))
    counts = Counter(title for _, title in found)
    return {title: level for level, title in found if counts[title] == 1}


def _order(level: int, other: int) -> int:
    return (level > other) - (level < other)


def _cells(line: str) -> list[str]:
    line = line.strip()
    parts = _BAR.split(line)
    return parts[line.startswith("|") : len(parts) - (line.endswith("|") and not line.endswith("\\|"))]


def _compared(text: str) -> str:
    plain = unicodedata.normalize("NFKC", _TARGET.sub("", text).replace("\\|", "|")).translate(_DASHES)
    return _NOT_COMPARED.sub("", plain).lower()


def _neighbours(found: Iterable[Table]) -> Iterator[tuple[str, str, str]]:
    for table in found:
        at: dict[tuple[int, int], int] = {}
        texts: list[str] = []
        for cell in table:
            if text := _compared(cell.text):
                for y in range(cell.top, cell.bottom + 1):
                    for x in range(cell.left, cell.right + 1):
                        at[y, x] = len(texts)
                texts.append(text)
        yield from (("right", texts[a], texts[b]) for a, b in _pairs(at, across=True))
        yield from (("below", texts[a], texts[b]) for a, b in _pairs(at, across=False))


def _pairs(at: dict[tuple[int, int], int], *, across: bool) -> set[tuple[int, int]]:
    """Cells and the next one in their row or column, each pair once."""
    ordered = sorted(at, key=None if across else lambda place: (place[1], place[0]))
    line = 0 if across else 1
    return {(at[a], at[b]) for a, b in pairwise(ordered) if a[line] == b[line] and at[a] != at[b]}


class _Tables(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[list[Cell]] = []
        self._taken: set[tuple[int, int]] = set()
        self._row = -1
        self._span: tuple[int, int] | None = None
        self._text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self.found.append([])
            self._taken, self._row = set(), -1
        elif tag == "tr":
            self._close()
            self._row += 1
        elif tag in ("td", "th"):
            self._close()
            values = dict(attrs)
            self._span = _span(values.get("rowspan")), _span(values.get("colspan"))
            self._text = []

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th", "tr", "table"):
            self._close()

    def handle_data(self, data: str) -> None:
        self._text.append(data)

    def _close(self) -> None:
        if self._span is None or not self.found:
            return
        (down, across), self._span = self._span, None
        top, left = max(self._row, 0), 0
        while (top, left) in self._taken:
            left += 1
        cell = Cell("".join(self._text), top, left, top + down - 1, left + across - 1)
        self._taken.update((y, x) for y in range(top, cell.bottom + 1) for x in range(left, cell.right + 1))
        self.found[-1].append(cell)


def _span(value: str | None) -> int:
    return min(int(value), 200) if value and value.isdigit() and value != "0" else 1


def _html_tables(markdown: str) -> Iterator[Table]:
    parser = _Tables()
    parser.feed(markdown)
    yield from parser.found
