"""Text of a PDF page that people do not see: drawn invisible, in the colour of its background, tiny, off the page."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from ctypes import PYFUNCTYPE, addressof, c_float, c_int, c_uint, c_ushort, c_void_p, cast, sizeof
from dataclasses import dataclass
from functools import cache
from itertools import islice
from math import ceil, isfinite
from struct import Struct
from typing import Any

from kimi_files.extract.pdf_page.marks import Bounds, Mark, raised_marks

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

_Matrix = tuple[float, float, float, float, float, float]

# pdfium's numbers for kinds of objects and for how texts are drawn.
_TEXT, _PATH, _IMAGE, _FORM = 1, 2, 3, 5
_FILLED, _INVISIBLE = 0, 3

_EDGES, _SIX, _COLOUR = Struct("4f"), Struct("6f"), Struct("4I")
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
    bounds: Bounds


@dataclass(frozen=True, slots=True)
class _Cover:
    """What is painted under later objects; ``colour`` is None where it is of no single one (pictures, shadings)."""

    bounds: Bounds
    colour: tuple[int, int, int] | None


def seen_through(page: Any, text_page: Any) -> tuple[list[Hidden], list[Mark]]:
    """The hidden runs of a page in the order in which they are drawn, and the raised numbers among what people see.

    Both arguments are pypdfium2's.
    """
    sight = _Sight(page.get_bbox())
    # A scan may be drawn after the text that a program read on it.
    found = list(sight.suspects(page))
    suspects = [suspect for suspect in found if not sight.is_of_a_scan(suspect)]
    of_colour = [suspect for suspect in suspects if suspect.reason == SAME_COLOUR]
    seen = _seen_on_paper(page, of_colour) | {suspect for suspect in of_colour if sight.is_shown_twice(suspect)}
    hidden = _runs(
        (text, suspect.reason)
        for suspect in suspects
        if suspect not in seen and (text := _text(suspect.text, text_page)).strip()
    )
    look = _look()
    marks = raised_marks(sight.shown, lambda obj: _text(look.pointer(obj), text_page), look.size)
    return list(hidden), marks


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
    import pypdfium2
    from PIL import ImageChops

    scale = min(1.0, _DRAWN / max(*page.get_size(), 1.0))
    width, height = (ceil(side * scale) for side in page.get_size())
    place = pypdfium2.PdfPosConv(page, (0, 0, width, height, 0)).to_bitmap
    spots: list[tuple[_Suspect, tuple[int, int, int, int]]] = []
    for suspect in suspects:
        (x, y), (v, w) = place(*suspect.bounds[:2]), place(*suspect.bounds[2:])
        # Only what is on the page: a text's place may be as far away as a number can say.
        spot = max(min(x, v) - 1, 0), max(min(y, w) - 1, 0), min(max(x, v) + 1, width), min(max(y, w) + 1, height)
        if spot[0] < spot[2] and spot[1] < spot[3]:
            spots.append((suspect, spot))
    if not spots:
        return set()
    lefts, tops, rights, bottoms = zip(*(spot for _, spot in spots), strict=True)
    left, top, right, bottom = min(lefts), min(tops), max(rights), max(bottoms)
    # What is cut off is rounded up to whole pixels.
    crop = [(pixels - 0.5) / scale for pixels in (left, height - bottom, width - right, top)]
    with_them = page.render(scale=scale, crop=crop)
    for suspect in suspects:
        pdfium.FPDFPageObj_SetIsActive(suspect.text, False)
    without = page.render(scale=scale, crop=crop)
    for suspect in suspects:
        pdfium.FPDFPageObj_SetIsActive(suspect.text, True)
    difference = ImageChops.difference(with_them.to_pil(), without.to_pil())
    seen = set()
    for suspect, (x, y, v, w) in spots:
        part = difference.crop((x - left, y - top, v - left, w - top))
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

    def __init__(self, page: Bounds) -> None:
        self.page = page
        self.pictured = 0.0
        """The share of the page that pictures cover, each counted."""
        self._covers: list[_Cover] = []
        self._by_band: dict[int, list[_Cover]] = {}
        self._band = max(_BAND, (page[3] - page[1]) / _MOST_BANDS)
        self._colours = [_WHITE]
        self._left = _MOST_OBJECTS
        self.shown: list[tuple[int, Bounds]] = []
        """The texts that are seen."""
        self._places: set[tuple[int, ...]] | None = None
        self._far: set[bytes] = set()
        """Colours, as pdfium writes them, that no ground so far has."""

    def suspects(self, page: Any) -> Iterator[_Suspect]:
        look = _look()
        yield from self._among(look, look.objects(page), _ITSELF, 0)

    def _among(self, look: _Look, objects: Iterable[int], matrix: _Matrix, depth: int) -> Iterator[_Suspect]:
        # Pages have hundreds of texts and lines: what most of them are, dark, of common size and on the page, or thin, is
        # told here without a call of our own.
        left, bottom, right, top = self.page
        mode_of, kind_of, edges, to_edges, fields = look.mode, look.kind, look.edges, look.to_edges, look.fields
        fill, to_colour, colour = look.fill, look.to_colour, look.colour
        inner, far, shown, unpack = matrix is not _ITSELF, self._far, self.shown, _EDGES.unpack
        looked_at = list(islice(objects, self._left))
        self._left -= len(looked_at)
        for obj in looked_at:
            mode = mode_of(obj)
            kind = kind_of(obj) if mode < 0 else _TEXT
            if kind == _FORM:
                if depth < _DEEPEST:
                    yield from self._among(look, look.parts(obj), _times(look.matrix(obj), matrix), depth + 1)
                continue
            bounds = a, b, c, d = unpack(fields) if edges(obj, *to_edges) else self.page
            if not isfinite(a + b + c + d):
                bounds = a, b, c, d = self.page
            elif inner:
                bounds = a, b, c, d = _moved(bounds, matrix)
            if kind == _PATH:
                # Nothing thinner than a letter can be the ground of one.
                if c - a >= 3 and d - b >= 3 and look.is_painted(obj):
                    self._paint(look, obj, bounds)
                continue
            if kind != _TEXT:
                self._cover(_Cover(bounds, None))
                if kind == _IMAGE:
                    self.pictured += _share(bounds, self.page)
                continue
            if mode == _INVISIBLE:
                reason = INVISIBLE
            elif c < left or a > right or d < bottom or b > top:
                reason = OUTSIDE
            elif (d - b < _TINY or c - a < _TINY) and look.is_tiny(obj, matrix, d - b):
                reason = TINY
            elif mode != _FILLED or not fill(obj, *to_colour) or (written := colour.tobytes()) in far:
                reason = ""
            else:
                reason = self._of_colour(written, bounds)
            if reason:
                yield _Suspect(look.pointer(obj), reason, bounds)
            else:
                shown.append((obj, bounds))

    def is_of_a_scan(self, suspect: _Suspect) -> bool:
        """Whether a text is what a program read on a picture that lies under it."""
        if suspect.reason != INVISIBLE or self.pictured < _SCANNED:
            return False
        return self.pictured >= _ALL_SCANNED or any(
            cover.colour is None and _holds(cover.bounds, suspect.bounds) for cover in self._covers
        )

    def is_shown_twice(self, suspect: _Suspect) -> bool:
        """Whether a text that is seen stands in the same place: shadows and bold letters are drawn that way."""
        if self._places is None:
            self._places = {_rounded(bounds) for _, bounds in self.shown}
        return _rounded(suspect.bounds) in self._places

    def _of_colour(self, written: bytes, bounds: Bounds) -> str:
        """Why people do not see a text of that colour there; empty where they do."""
        red, green, blue, alpha = _COLOUR.unpack(written)
        colour = red, green, blue
        if alpha <= _FAINTEST:
            return INVISIBLE
        if not any(_same(colour, other) for other in self._colours):
            self._far.add(written)
            return ""
        for cover in reversed(self._by_band.get(int((bounds[1] + bounds[3]) / 2 // self._band), ())):
            if _holds(cover.bounds, bounds):
                return SAME_COLOUR if cover.colour and _same(colour, cover.colour) else ""
        return SAME_COLOUR if _same(colour, _WHITE) else ""

    def _paint(self, look: _Look, obj: int, bounds: Bounds) -> None:
        shade = None
        if look.fill(obj, *look.to_colour):
            red, green, blue, alpha = _COLOUR.unpack(look.colour)
            shade = (red, green, blue) if alpha > 200 else None
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


class _Look:
    """What pdfium knows of a page's objects, by their addresses.

    pypdfium2's own declarations make an object of each pointer and give the interpreter's lock away for each number: three
    times the time, for five questions about each of hundreds of objects.
    """

    def __init__(self) -> None:
        import pypdfium2.raw as pdfium

        edges, shades = (c_float * 4)(), (c_uint * 4)()
        self._six, self._size, self._numbers = (c_float * 6)(), c_float(), (c_int * 2)()
        self._to_six, self._to_size = c_void_p(addressof(self._six)), c_void_p(addressof(self._size))
        self._to_numbers = _places(self._numbers)
        self.kind = _fast(pdfium.FPDFPageObj_GetType, 1)
        self.mode = _fast(pdfium.FPDFTextObj_GetTextRenderMode, 1)
        """How a text is drawn; negative for what is no text."""
        self.edges, self.to_edges = _fast(pdfium.FPDFPageObj_GetBounds, 5), _places(edges)
        self.fields = memoryview(edges).cast("B")
        """Left, bottom, right and top of the object that was last asked for its edges."""
        self.fill, self.to_colour = _fast(pdfium.FPDFPageObj_GetFillColor, 5), _places(shades)
        self.colour = memoryview(shades).cast("B")
        """Red, green, blue and alpha of the object that was last asked for its filling."""
        self._pointer = pdfium.FPDF_PAGEOBJECT
        self._count = _fast(pdfium.FPDFPage_CountObjects, 1)
        self._object = _fast_pointer(pdfium.FPDFPage_GetObject)
        self._part_count = _fast(pdfium.FPDFFormObj_CountObjects, 1)
        self._part = _fast_pointer(pdfium.FPDFFormObj_GetObject)
        self._drawn = _fast(pdfium.FPDFPath_GetDrawMode, 3)
        self._matrix = _fast(pdfium.FPDFPageObj_GetMatrix, 2)
        self._font_size = _fast(pdfium.FPDFTextObj_GetFontSize, 2)

    def objects(self, page: Any) -> Iterator[int]:
        raw = cast(page.raw, c_void_p).value
        return (self._object(raw, index) for index in range(self._count(raw)))

    def parts(self, form: int) -> Iterator[int]:
        return (self._part(form, index) for index in range(self._part_count(form)))

    def pointer(self, obj: int) -> Any:
        """What pypdfium2's functions take for the object."""
        return cast(obj, self._pointer)

    def is_painted(self, path: int) -> bool:
        return bool(self._drawn(path, *self._to_numbers) and self._numbers[0])

    def matrix(self, obj: int) -> _Matrix:
        if not self._matrix(obj, self._to_six):
            return _ITSELF
        matrix: _Matrix = _SIX.unpack(self._six)
        return matrix

    def size(self, text: int) -> float:
        """The size of a text's letters as they are drawn."""
        return self._size_by(text, self.matrix(text))

    def is_tiny(self, text: int, outer: _Matrix, height: float) -> bool:
        """Whether a text that is less than that high or wide is of tiny letters; ``height`` is that of its bounds."""
        matrix = _times(self.matrix(text), outer)
        # An upright letter that is not low is a narrow one.
        is_upright = not (matrix[1] or matrix[2])
        return not (is_upright and height >= _TINY) and self._size_by(text, matrix) < _TINY

    def _size_by(self, text: int, matrix: _Matrix) -> float:
        if not self._font_size(text, self._to_size):
            return _TINY
        a, b, c, d, _, _ = matrix
        return float(abs(self._size.value) * abs(a * d - b * c) ** 0.5)


@cache
def _look() -> _Look:
    return _Look()


def _fast(function: Any, parameters: int) -> Callable[..., int]:
    """One of pdfium's functions that gives a number, with addresses and numbers for ``parameters``."""
    return PYFUNCTYPE(c_int, *[c_void_p] * parameters)(cast(function, c_void_p).value or 0)


def _fast_pointer(function: Any) -> Callable[..., int]:
    """One of pdfium's functions that gives the address of one of an object's parts by its number."""
    return PYFUNCTYPE(c_void_p, c_void_p, c_int)(cast(function, c_void_p).value or 0)


def _places(array: Any) -> tuple[c_void_p, ...]:
    """Where the values of an array stand."""
    return tuple(c_void_p(addressof(array) + number * sizeof(array._type_)) for number in range(len(array)))


def _text(obj: Any, text_page: Any) -> str:
    import pypdfium2.raw as pdfium

    length = pdfium.FPDFTextObj_GetText(obj, text_page, None, 0)
    buffer = (c_ushort * (length // 2 + 1))()
    pdfium.FPDFTextObj_GetText(obj, text_page, buffer, length)
    return bytes(buffer)[: max(length - 2, 0)].decode("utf-16-le", "replace").replace("\x00", "")


def _times(inner: _Matrix, outer: _Matrix) -> _Matrix:
    if outer is _ITSELF:
        return inner
    a, b, c, d, e, f = inner
    g, h, i, j, k, m = outer
    return a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j, e * g + f * i + k, e * h + f * j + m


def _moved(bounds: Bounds, matrix: _Matrix) -> Bounds:
    a, b, c, d, e, f = matrix
    corners = [(x * a + y * c + e, x * b + y * d + f) for x in bounds[::2] for y in bounds[1::2]]
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    return min(xs), min(ys), max(xs), max(ys)


def _rounded(bounds: Bounds) -> tuple[int, ...]:
    return tuple(map(round, bounds))


def _holds(bounds: Bounds, inner: Bounds) -> bool:
    """Whether the middle of ``inner`` is in ``bounds``."""
    x, y = (inner[0] + inner[2]) / 2, (inner[1] + inner[3]) / 2
    return bounds[0] <= x <= bounds[2] and bounds[1] <= y <= bounds[3]


def _same(colour: tuple[int, ...], other: tuple[int, int, int]) -> bool:
    return (
        abs(colour[0] - other[0]) <= _SAME_COLOUR
        and abs(colour[1] - other[1]) <= _SAME_COLOUR
        and abs(colour[2] - other[2]) <= _SAME_COLOUR
    )


def _share(bounds: Bounds, page: Bounds) -> float:
    width = min(bounds[2], page[2]) - max(bounds[0], page[0])
    height = min(bounds[3], page[3]) - max(bounds[1], page[1])
    room: float = (page[2] - page[0]) * (page[3] - page[1])
    return max(width, 0.0) * max(height, 0.0) / max(room, 1.0)
