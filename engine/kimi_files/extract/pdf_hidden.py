"""Text of a PDF page that people do not see: drawn invisible, in the colour of its background, tiny, off the page."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from ctypes import byref, c_float, c_int, c_uint, c_ushort
from dataclasses import dataclass
from math import isfinite
from typing import Any

# An invisible text over a picture is what a program read on a scan, if pictures are much of the page, or most of it.
_SCANNED = 0.15
_ALL_SCANNED = 0.5

# Points. Nobody reads letters of that size; a full stop is as low, but not drawn in a small font.
_TINY = 2.0

# Of 255 in each colour. On white, anything brighter than this cannot be told from it.
_SAME_COLOUR = 14
_FAINTEST = 10  # of 255: as good as transparent

_DRAWN = 1_600
_BAND = 24.0
_MOST_BANDS = 200
_DEEPEST = 6
_MOST_OBJECTS = 100_000

_Bounds = tuple[float, float, float, float]
_Matrix = tuple[float, float, float, float, float, float]

_WHITE = (255, 255, 255)
_ITSELF: _Matrix = (1, 0, 0, 1, 0, 0)
_LETTER = re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class Hidden:
    """A run of text that is not seen, and why."""

    text: str
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class _Suspect:
    """A text object of pdfium's that may be hidden, and where it stands."""

    text: Any
    reason: str
    bounds: _Bounds


@dataclass(frozen=True, slots=True)
class _Cover:
    """What is painted under later objects; ``colour`` is None where it is of no single one (pictures, shadings)."""

    bounds: _Bounds
    colour: tuple[int, int, int] | None


def hidden_texts(page: Any, text_page: Any) -> list[Hidden]:
    """The hidden runs of a page in the order in which they are drawn. Both arguments are pypdfium2's."""
    sight = _Sight(page.get_bbox())
    suspects = [suspect for suspect in sight.suspects(page) if not sight.is_of_a_scan(suspect)]
    of_colour = [suspect for suspect in suspects if suspect.reason == SAME_COLOUR]
    seen = _seen_on_paper(page, of_colour) | {suspect for suspect in of_colour if sight.is_shown_twice(suspect)}
    return list(
        _runs(
            (text, suspect.reason)
            for suspect in suspects
            if suspect not in seen and (text := _text(suspect.text, text_page)).strip()
        )
    )


INVISIBLE = "drawn invisible"
SAME_COLOUR = "in the colour of the background"
TINY = "tiny"
OUTSIDE = "off the page"


def marked(text: str, hidden: Iterable[Hidden]) -> str:
    """``text`` with each hidden run as "[hidden: …]" where it stands, at the end where it is not found."""
    missing: list[str] = []
    start = 0
    for run in hidden:
        pattern = _pattern(run.text)
        if pattern is None:
            continue
        # Drawn order and reading order are mostly the same: look onwards first.
        match = pattern.search(text, start) or pattern.search(text)
        if match is None:
            missing.append(" ".join(run.text.split()))
            continue
        label = f"[hidden: {match[0]}]"
        text = text[: match.start()] + label + text[match.end() :]
        start = match.start() + len(label)
    ends = "\n\n".join(f"[hidden: {part}]" for part in missing)
    return f"{text}\n\n{ends}" if text and ends else text or ends


def counted(hidden: Iterable[Hidden]) -> Counter[str]:
    """How many words are hidden for which reason."""
    counts: Counter[str] = Counter()
    for run in hidden:
        counts[run.reason] += len(run.text.split())
    return counts


def _pattern(text: str) -> re.Pattern[str] | None:
    """The run with whatever blanks and marks of markdown between its words."""
    words = text.split()
    if not words or sum(map(len, words)) < 2:
        return None
    return re.compile(r"[\s*_`|\\#-]*".join(re.escape(word) for word in words[:400]))


def _seen_on_paper(page: Any, suspects: list[_Suspect]) -> set[_Suspect]:
    """Those of the texts without which the drawn page looks different: shades, patterns and the like are under them."""
    import pypdfium2.raw as pdfium

    if not suspects:
        return set()
    from PIL import ImageChops

    scale = min(2.0, _DRAWN / max(*page.get_size(), 1.0))
    with_them = page.render(scale=scale)
    for suspect in suspects:
        pdfium.FPDFPageObj_SetIsActive(suspect.text, False)
    without = page.render(scale=scale)
    for suspect in suspects:
        pdfium.FPDFPageObj_SetIsActive(suspect.text, True)
    place = with_them.get_posconv(page).to_bitmap
    difference = ImageChops.difference(with_them.to_pil().convert("RGB"), without.to_pil().convert("RGB"))
    seen = set()
    for suspect in suspects:
        left, bottom, right, top = suspect.bounds
        (x, y), (v, w) = place(left, top), place(right, bottom)
        part = difference.crop((min(x, v) - 1, min(y, w) - 1, max(x, v) + 1, max(y, w) + 1))
        bands: tuple[tuple[float, float], ...] = part.getextrema()  # type: ignore[assignment]
        if max(high for _, high in bands) > _SAME_COLOUR:
            seen.add(suspect)
    return seen


def _runs(found: Iterable[tuple[str, str]]) -> Iterator[Hidden]:
    """Neighbours hidden for one reason as one run."""
    texts: list[str] = []
    last = ""
    for text, reason in [*found, ("", "")]:
        if texts and reason != last:
            run = "".join(texts) if max(map(len, texts)) == 1 else " ".join(texts)
            if len(_LETTER.findall(run)) > 1:
                yield Hidden(run, last)
            texts = []
        texts.append(text)
        last = reason


class _Sight:
    """Goes through the objects of a page in the order in which they are painted."""

    def __init__(self, page: _Bounds) -> None:
        self.page = page
        self.pictured = 0.0
        """The share of the page that pictures cover, each counted."""
        self._covers: list[_Cover] = []
        self._by_band: dict[int, list[_Cover]] = {}
        self._band = max(_BAND, (page[3] - page[1]) / _MOST_BANDS)
        self._colours = [_WHITE]
        self._left = _MOST_OBJECTS
        self._shown: set[tuple[int, ...]] = set()
        # Made once: pages have hundreds of texts, and each asks for its edges and its colour.
        self._edges = tuple(c_float() for _ in range(4))
        self._edges_by = tuple(map(byref, self._edges))
        self._colour = tuple(c_uint() for _ in range(4))
        self._colour_by = tuple(map(byref, self._colour))
        self._far: set[tuple[int, int, int]] = set()

    def suspects(self, page: Any) -> Iterator[_Suspect]:
        import pypdfium2.raw as pdfium

        raw = page.raw
        objects = (pdfium.FPDFPage_GetObject(raw, index) for index in range(pdfium.FPDFPage_CountObjects(raw)))
        yield from self._among(objects, _ITSELF, 0)

    def _among(self, objects: Iterable[Any], matrix: _Matrix, depth: int) -> Iterator[_Suspect]:
        import pypdfium2.raw as pdfium

        text, path, form = pdfium.FPDF_PAGEOBJ_TEXT, pdfium.FPDF_PAGEOBJ_PATH, pdfium.FPDF_PAGEOBJ_FORM
        for obj in objects:
            self._left -= 1
            if self._left < 0:
                return
            kind = pdfium.FPDFPageObj_GetType(obj)
            if kind == text:
                bounds = self._bounds(pdfium, obj, matrix)
                if reason := self._why(pdfium, obj, bounds, matrix):
                    yield _Suspect(obj, reason, bounds)
                else:
                    self._shown.add(_rounded(bounds))
            elif kind == path:
                self._paint(pdfium, obj, matrix)
            elif kind == form:
                if depth < _DEEPEST:
                    inner = (
                        pdfium.FPDFFormObj_GetObject(obj, index)
                        for index in range(pdfium.FPDFFormObj_CountObjects(obj))
                    )
                    yield from self._among(inner, _times(_matrix_of(pdfium, obj), matrix), depth + 1)
            else:
                bounds = self._bounds(pdfium, obj, matrix)
                self._cover(_Cover(bounds, None))
                if kind == pdfium.FPDF_PAGEOBJ_IMAGE:
                    self.pictured += _share(bounds, self.page)

    def is_of_a_scan(self, suspect: _Suspect) -> bool:
        """Whether a text is what a program read on a picture that lies under it."""
        if suspect.reason != INVISIBLE or self.pictured < _SCANNED:
            return False
        return self.pictured >= _ALL_SCANNED or any(
            cover.colour is None and _holds(cover.bounds, suspect.bounds) for cover in self._covers
        )

    def _why(self, pdfium: Any, obj: Any, bounds: _Bounds, matrix: _Matrix) -> str:
        """Why people do not see a text; empty where they do."""
        mode = pdfium.FPDFTextObj_GetTextRenderMode(obj)
        if mode == pdfium.FPDF_TEXTRENDERMODE_INVISIBLE:
            return INVISIBLE
        left, bottom, right, top = bounds
        if right < self.page[0] or left > self.page[2] or top < self.page[1] or bottom > self.page[3]:
            return OUTSIDE
        if (top - bottom < _TINY or right - left < _TINY) and self._size(pdfium, obj, matrix) < _TINY:
            return TINY
        if mode != pdfium.FPDF_TEXTRENDERMODE_FILL or not pdfium.FPDFPageObj_GetFillColor(obj, *self._colour_by):
            return ""
        red, green, blue, alpha = self._colour
        colour = red.value, green.value, blue.value
        if alpha.value <= _FAINTEST:
            return INVISIBLE
        if colour in self._far:
            return ""
        if not any(_same(colour, other) for other in self._colours):
            self._far.add(colour)
            return ""
        for cover in reversed(self._by_band.get(int((bottom + top) / 2 // self._band), ())):
            if _holds(cover.bounds, bounds):
                return SAME_COLOUR if cover.colour and _same(colour, cover.colour) else ""
        return SAME_COLOUR if _same(colour, _WHITE) else ""

    def is_shown_twice(self, suspect: _Suspect) -> bool:
        """Whether a text that is seen stands in the same place: shadows and bold letters are drawn that way."""
        return _rounded(suspect.bounds) in self._shown

    def _paint(self, pdfium: Any, obj: Any, matrix: _Matrix) -> None:
        mode, stroke = c_int(), c_int()
        if not pdfium.FPDFPath_GetDrawMode(obj, byref(mode), byref(stroke)) or not mode.value:
            return
        bounds = self._bounds(pdfium, obj, matrix)
        # Nothing thinner than a letter can be the ground of one.
        if min(bounds[2] - bounds[0], bounds[3] - bounds[1]) < 3:
            return
        shade = None
        if pdfium.FPDFPageObj_GetFillColor(obj, *self._colour_by) and self._colour[3].value > 200:
            red, green, blue, _ = self._colour
            shade = red.value, green.value, blue.value
        self._cover(_Cover(bounds, shade))
        if shade and shade not in self._colours:
            self._colours.append(shade)
            self._far.clear()

    def _cover(self, cover: _Cover) -> None:
        self._covers.append(cover)
        bottom, top = max(cover.bounds[1], self.page[1]), min(cover.bounds[3], self.page[3])
        # Maps and drawings have thousands of shapes: few of them are on the level of a text.
        for band in range(int(bottom // self._band), int(top // self._band) + 1):
            self._by_band.setdefault(band, []).append(cover)

    def _bounds(self, pdfium: Any, obj: Any, matrix: _Matrix) -> _Bounds:
        if not pdfium.FPDFPageObj_GetBounds(obj, *self._edges_by):
            return self.page
        left, bottom, right, top = self._edges
        bounds = left.value, bottom.value, right.value, top.value
        if not isfinite(sum(bounds)):
            return self.page
        return bounds if matrix is _ITSELF else _moved(bounds, matrix)

    def _size(self, pdfium: Any, obj: Any, matrix: _Matrix) -> float:
        """The size of a text's letters as they are drawn."""
        size = c_float()
        if not pdfium.FPDFTextObj_GetFontSize(obj, byref(size)):
            return _TINY
        a, b, c, d, _, _ = _times(_matrix_of(pdfium, obj), matrix)
        return float(abs(size.value) * abs(a * d - b * c) ** 0.5)


def _text(obj: Any, text_page: Any) -> str:
    import pypdfium2.raw as pdfium

    length = pdfium.FPDFTextObj_GetText(obj, text_page, None, 0)
    buffer = (c_ushort * (length // 2 + 1))()
    pdfium.FPDFTextObj_GetText(obj, text_page, buffer, length)
    return bytes(buffer)[: max(length - 2, 0)].decode("utf-16-le", "replace").replace("\x00", "")


def _matrix_of(pdfium: Any, obj: Any) -> _Matrix:
    matrix = pdfium.FS_MATRIX()
    if not pdfium.FPDFPageObj_GetMatrix(obj, byref(matrix)):
        return _ITSELF
    return matrix.a, matrix.b, matrix.c, matrix.d, matrix.e, matrix.f


def _times(inner: _Matrix, outer: _Matrix) -> _Matrix:
    if outer is _ITSELF:
        return inner
    a, b, c, d, e, f = inner
    g, h, i, j, k, m = outer
    return a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j, e * g + f * i + k, e * h + f * j + m


def _moved(bounds: _Bounds, matrix: _Matrix) -> _Bounds:
    a, b, c, d, e, f = matrix
    corners = [(x * a + y * c + e, x * b + y * d + f) for x in bounds[::2] for y in bounds[1::2]]
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    return min(xs), min(ys), max(xs), max(ys)


def _rounded(bounds: _Bounds) -> tuple[int, ...]:
    return tuple(map(round, bounds))


def _holds(bounds: _Bounds, inner: _Bounds) -> bool:
    """Whether the middle of ``inner`` is in ``bounds``."""
    x, y = (inner[0] + inner[2]) / 2, (inner[1] + inner[3]) / 2
    return bounds[0] <= x <= bounds[2] and bounds[1] <= y <= bounds[3]


def _same(colour: tuple[int, ...], other: tuple[int, int, int]) -> bool:
    return (
        abs(colour[0] - other[0]) <= _SAME_COLOUR
        and abs(colour[1] - other[1]) <= _SAME_COLOUR
        and abs(colour[2] - other[2]) <= _SAME_COLOUR
    )


def _share(bounds: _Bounds, page: _Bounds) -> float:
    width = min(bounds[2], page[2]) - max(bounds[0], page[0])
    height = min(bounds[3], page[3]) - max(bounds[1], page[1])
    room: float = (page[2] - page[0]) * (page[3] - page[1])
    return max(width, 0.0) * max(height, 0.0) / max(room, 1.0)
