"""Tables of a PDF page without lines between their columns, by how their words stand."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import pairwise
from statistics import median

from kimi_files.extract.pdf_page.tables import BLANK, NUMERIC, Grid, Rule
from kimi_files.extract.pdf_page.words import Box, Line, PageWords, Word, glued, in_lines, is_prose, joined, wide_signs

_MARK = re.compile(r"[•●▪■◦‣⁃·*†‡§$€£¥%)(\[\]±×=/:;,+\-–—<>~|]{1,2}")
_LONGEST_MARK = 2
_JOINT = re.compile(r"[%)\]±×=/:;,*†‡]{1,2}")
_GOES_ON = re.compile(r"[a-z(&/,;%)]")


def open_grids(page: PageWords, box: Box, across: list[Rule], taken: Sequence[Box] | None = None) -> list[Grid]:
    """The tables in ``box`` by how their words stand in columns; what is prose there is left out.

    Where the places that are ``taken`` are given, rows directly above and below ``box`` may belong to them.
    """
    groups: list[list[Line]] = [[]]
    words = page.within(box)
    if taken:
        words = [word for word in words if not any(place.holds(word) for place in taken)]
    for line in in_lines(words):
        if (len(line.words) > 5 or wide_signs(line.words[0].text)) and is_prose(line.words, box.width):
            groups.append([])
        else:
            if groups[-1] and line.top - groups[-1][-1].bottom > BLANK * groups[-1][-1].height:
                groups.append([])
            groups[-1].append(line)
    found = [_Columns(lines) for lines in groups]
    if taken is not None:
        # Most have nothing there, and are not measured again.
        if above := _beside(page, found[0], box, taken, above=True):
            found[0] = _Columns([*above, *found[0].lines])
        if below := _beside(page, found[-1], box, taken, above=False):
            found[-1] = _Columns([*found[-1].lines, *below])
    grids = (_open_grid(columns, box, across) for columns in found)
    return [grid for grid in grids if grid is not None]


def _beside(page: PageWords, columns: _Columns, box: Box, taken: Sequence[Box], *, above: bool) -> list[Line]:
    """The lines directly above or below those of a table that stand in its columns: its head, its last row."""
    lines = columns.lines
    if len(lines) < 2:
        return []
    height = median(line.height for line in lines)
    reach = min(1.3 * max(b.middle - a.middle for a, b in pairwise(lines)), 3 * height)
    least = 0.0
    found: list[Line] = []
    notes: list[Line] = []
    last = lines[0] if above else lines[-1]
    if above and not any(NUMERIC.fullmatch(part.text) for part in last.segments):
        return []
    # Where something stands left of the lines, these are around a part of a table only.
    if page.within(Box(0, last.top, box.left, last.bottom)):
        return []
    kind = "row"
    while kind in ("row", "note") or (kind == "head" and above):
        top, bottom = (last.middle - reach, last.top) if above else (last.bottom, last.middle + reach)
        near = in_lines(page.within(Box(0, top, box.right, bottom)))
        if not near:
            break
        last = near[-1 if above else 0]
        if len(last.segments) == 1 and last.segments[0].right - last.segments[0].left > 0.4 * box.width:
            break
        if last.words[0].centre < box.left or not 0.75 * height < last.height < 1.35 * height:
            break
        if any(place.holds(word) for place in taken for word in last.words):
            break
        if not columns.inner:
            break
        least = least or max(2, 0.6 * len(columns.extents))
        before, kind = kind, _kind(last, columns.inner, columns.extents, least)
        if kind == "note" and before != "head" and len(notes) < 2:
            notes.append(last)
        elif (kind == "row" and before != "head") or kind == ("head" if above else "sum"):
            found += [*notes, last]
            notes = []
            if kind == "head":
                # The other lines of a head stand close, and need not name each column.
                reach, least = 1.5 * height, 2
        else:
            break
    return found[::-1] if above else found


def _kind(line: Line, inner: list[float], extents: list[tuple[float, float]], least: float) -> str:
    """What a line directly above or below a table is to it: a row, a head, a sum, a note below a cell, or nothing ("")."""
    parts = line.segments
    places = [bisect_right(inner, part.left + 1) for part in parts]
    whole = all(place == bisect_left(inner, part.right - 1) for place, part in zip(places, parts, strict=True))
    near = 0.35 * line.height
    if len(parts) == 1:
        if (
            any(map(str.isdigit, line.text))
            and parts[0].text[0].isalpha()
            and abs(parts[0].right - extents[-1][1]) < near
        ):
            return "sum"
        return "note" if whole and places[0] < len(extents) - 1 else ""
    figures = [place for place, part in zip(places, parts, strict=True) if any(map(str.isdigit, part.text))]
    if (
        whole
        and len(set(figures)) == len(figures)
        and any(
            place > places[0] and NUMERIC.fullmatch(part.text) and abs(part.right - extents[place][1]) < near
            for place, part in zip(places, parts, strict=True)
        )
    ):
        return "row"
    named = [next((c for c, e in enumerate(extents) if _aligned([part], e, 1.5 * line.height)), None) for part in parts]
    if figures or None in named or len(set(named)) < least:
        return ""
    return "head"


class _Columns:
    """Lines that may be a table, and their columns, measured when they are first asked for."""

    def __init__(self, lines: list[Line]) -> None:
        self.lines = lines

    @cached_property
    def edges(self) -> list[tuple[float, float]]:
        """From where to where each column reaches."""
        return _edges(self.lines)

    @cached_property
    def inner(self) -> list[float]:
        """Where the columns but the first begin."""
        return [start for start, _ in self.edges[1:]]

    @cached_property
    def extents(self) -> list[tuple[float, float]]:
        """From where to where the words of each column stand below the head."""
        return _extents(self.lines, self.edges, self.inner)


def _open_grid(columns: _Columns, box: Box, across: list[Rule]) -> Grid | None:
    lines = columns.lines
    if len(lines) < 2 or not columns.inner:
        return None
    rules = [
        rule.at
        for rule in across
        if box.top - 3 < rule.at < box.bottom + 3
        and min(rule.end, box.right) - max(rule.start, box.left) >= 0.6 * box.width
    ]
    rows = _rows(columns, rules)
    least = 0.4 * len(rows)
    filled = [sum(map(bool, row)) for row in rows]
    # Texts below the cells of wide rows are no reason to doubt them.
    if len(rows) < 2 or (sum(cells > 1 for cells in filled) < least and sum(cells > 3 for cells in filled) < least / 2):
        return None
    return Grid(rows, Box(box.left, lines[0].top - 1, box.right, lines[-1].bottom + 1), closed=False)


def _edges(lines: list[Line]) -> list[tuple[float, float]]:
    """The columns: what stands between gaps that at least four fifths of the lines on both of their sides leave free."""
    events: list[tuple[float, int, int]] = []
    several = [line for line in lines if len(line.segments) > 1]
    for line in several if len(several) >= 3 else lines:
        spans = _union([(word.left, word.right) for word in line.words])
        events.append((spans[0][0], 0, 1))
        events.append((spans[-1][1], 0, -1))
        for start, end in spans:
            events.append((start, 1, 0))
            events.append((end, -1, 0))
    events.sort()
    height = median(line.height for line in lines)
    inner: list[float] = []
    covering = reaching = most = 0
    opened: float | None = None
    for at, covered, reached in events:
        covering, reaching = covering + covered, reaching + reached
        if reaching >= 2 and covering <= max(0.2 * reaching, reaching >= 4):
            if opened is None:
                opened, most = at, 0
            most = max(most, reaching)
        elif opened is not None:
            # Few lines leave wide gaps free by chance, many do not.
            needed = 0.28 if most >= 6 else 0.45 if most >= 3 else 0.8
            if at - opened >= needed * height:
                inner.append((opened + at) / 2)
            opened = None
    left, right = min(line.words[0].left for line in lines), max(word.right for line in lines for word in line.words)
    inner = [start for start, end in pairwise([*inner, right + 1]) if not _holds_ends(lines, start, end)]
    return _without_marks(lines, list(pairwise([left, *inner, right])))


def _holds_ends(lines: list[Line], start: float, end: float) -> bool:
    """Whether what stands between two gaps is no column: nothing begins there, and few texts end there."""
    few = 0.2 * len(lines)
    for line in lines:
        if any(start <= part.left < end for part in line.segments):
            return False
        for a, b in pairwise(line.words):
            if start <= b.centre < end:
                few -= 1
                if few < 0 or NUMERIC.fullmatch(a.text):
                    return False
    return True


def _without_marks(lines: list[Line], columns: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The columns without those that hold only marks (bullets, currencies, plus-minus), which belong to their neighbours."""
    starts = [start for start, _ in columns]
    texts_of: list[list[str]] = [[] for _ in columns]
    for line in lines:
        for word in line.words:
            texts_of[max(bisect_right(starts, word.centre) - 1, 0)].append(word.text)
    kept: list[tuple[float, float]] = []
    joining = False
    for (start, end), texts in zip(columns, texts_of, strict=True):
        most = 0.8 * len(texts)
        short = [text for text in texts if len(text) <= _LONGEST_MARK]
        marks = len(short) > most and sum(bool(_MARK.fullmatch(text)) for text in short) > most
        if kept and (joining or (marks and sum(bool(_JOINT.fullmatch(text)) for text in short) > most)):
            kept[-1] = kept[-1][0], end
        else:
            kept.append((start, end))
        joining = marks
    return kept


def _union(spans: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    found: list[tuple[float, float]] = []
    for start, end in spans:
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end)
        else:
            found.append((start, end))
    return found


def _rows(columns: _Columns, rules: list[float]) -> list[list[str]]:
    """The lines as rows, those joined that are one cell's text over several lines."""
    lines = columns.lines
    placed = [_placed(line, columns.inner, columns.extents) for line in lines]
    gaps = [b.middle - a.middle for a, b in pairwise(lines)]
    tight = _tight(lines, placed, gaps)
    rows: list[list[list[str]]] = []
    for number, (line, texts) in enumerate(zip(lines, placed, strict=True)):
        place = bisect_right(rules, lines[number - 1].middle) if number else len(rules)
        parted = place < len(rules) and rules[place] < line.middle
        if rows and not parted and _continues(rows[-1], texts, gaps[number - 1] / line.height, tight / line.height):
            for column, text in enumerate(texts):
                if text:
                    rows[-1][column].append(text)
        else:
            rows.append([[text] if text else [] for text in texts])
    return [[glued(parts) for parts in row] for row in rows]


def _placed(line: Line, inner: list[float], extents: list[tuple[float, float]]) -> list[str]:
    """The line's words by column; a segment that runs over a gap stands whole in its first column."""
    texts = [""] * len(extents)
    for segment in line.segments:
        over = inner[bisect_right(inner, segment.left + 1) : bisect_left(inner, segment.right - 1)]
        shares = (
            _shared_out(segment, line.words, inner, over, extents)
            if over
            else ((bisect_right(inner, segment.centre), segment.text),)
        )
        for column, text in shares:
            texts[column] = f"{texts[column]} {text}".strip()
    return texts


def _shared_out(
    segment: Word, words: list[Word], inner: list[float], over: list[float], extents: list[tuple[float, float]]
) -> Iterator[tuple[int, str]]:
    """What runs over the gaps ``over`` by column."""
    first = bisect_right(inner, segment.left + 1)
    own = [word for word in words if segment.left <= word.left and word.right <= segment.right]
    if any(_goes_over(word, x) for word in own for x in over):
        yield first, segment.text
        return
    pieces: dict[int, list[Word]] = {}
    for word in own:
        pieces.setdefault(bisect_right(inner, word.centre), []).append(word)
    height = segment.bottom - segment.top
    narrow = any(b[0].left - a[-1].right < 0.5 * height for a, b in pairwise(pieces.values()))
    texts = {column: " ".join(part.text for part in joined(piece)) for column, piece in pieces.items()}
    numbers = sum(bool(NUMERIC.fullmatch(text)) for text in texts.values())
    # Words of a heading over several columns stand as close as words do, and where no column's own words do.
    if narrow and 2 * numbers < len(texts) and not all(_aligned(p, extents[c], height) for c, p in pieces.items()):
        yield first, segment.text
        return
    yield from texts.items()


def _goes_over(word: Word, x: float) -> bool:
    """Whether a word stands on both sides of a gap, rather than being a little too wide for its column."""
    reach = 0.3 * (word.right - word.left) if len(word.text) > 3 else word.right - word.left
    return word.left + reach < x < word.right - reach and not NUMERIC.fullmatch(word.text)


def _aligned(words: list[Word], extent: tuple[float, float], height: float) -> bool:
    left, right = words[0].left - extent[0], words[-1].right - extent[1]
    return min(abs(left), abs(right), abs(left + right) / 2) < 0.35 * height


def _extents(lines: list[Line], columns: list[tuple[float, float]], inner: list[float]) -> list[tuple[float, float]]:
    """From where to where the words of each column stand below the head."""
    found: dict[int, tuple[float, float]] = {}
    for line in lines[len(lines) // 3 :] if len(lines) > 3 else lines:
        for word in line.words:
            column = bisect_right(inner, word.left + 1)
            if column == bisect_right(inner, word.right - 1):
                left, right = found.get(column, (word.left, word.right))
                found[column] = min(left, word.left), max(right, word.right)
    return [found.get(column, edges) for column, edges in enumerate(columns)]


def _tight(lines: list[Line], placed: list[list[str]], gaps: list[float]) -> float:
    """Up to which distance lines may belong to one row; 0 where the distances do not tell."""
    least = min(gaps)
    if max(gaps) <= 1.2 * least or least > 1.9 * median(line.height for line in lines):
        return 0.0
    tight = 1.15 * least
    for gap, (above, below) in zip(gaps, pairwise(placed), strict=True):
        # Rows of numbers stand as close as that: it is no distance within a row.
        if gap <= tight and any(map(_both_numeric, above, below)):
            return 0.0
    return tight


def _both_numeric(text: str, other: str) -> bool:
    return bool(NUMERIC.fullmatch(text) and NUMERIC.fullmatch(other))


def _continues(row: list[list[str]], texts: list[str], gap: float, tight: float) -> bool:
    """Whether a line goes on with the cells of the row above it; ``gap`` and ``tight`` in heights of the line."""
    if tight and gap > tight:
        return False
    if any(_both_numeric(part, text) for parts, text in zip(row, texts, strict=True) for part in parts):
        return False
    filled, before = sum(map(bool, texts)), sum(map(bool, row))
    if filled <= before and gap < 1.6 and _GOES_ON.match(next(text for text in texts if text)):
        return True
    if not tight:
        return False
    return before < filled or not any(NUMERIC.fullmatch(text) and len(text) > 1 for text in texts)
