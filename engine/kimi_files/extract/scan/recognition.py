"""Reads the words in a picture of a page, whichever way up it lies: rapidocr, with the models that its package brings."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kimi_files.extract.scan.columns import Line
from kimi_files.extract.scan.gutters import Area, part_at_gutters
from kimi_files.extract.scan.layout import Part, arrange
from kimi_files.extract.scan.signs import set_right
from kimi_files.extract.scan.widths import Reading, with_widths

if TYPE_CHECKING:
    from PIL.Image import Image

# Where lines stand is looked for in a smaller copy: a fifth of the time, and the same lines. If they turn out to be
# smaller than this there, they are looked for again in a copy twice as large.
_DETECTION_SIDE = 960
_SMALLEST_LINE = 11.0

# Which way up a page lies is told by its longest lines, read in both directions.
_SAMPLED_LINES = 6
_FEWEST_SIGNS = 4
_LEAST_SCORE = 0.5
_MOST_THREADS = 4

# What edges, rules and dust are read as when there are no words around.
_STROKES = frozenset(" 一丨丿丶乀ー—–-_|l.·•,'`~:;/\\()[]")


@dataclass(frozen=True, slots=True)
class Recognised:
    """The words in a picture, in reading order, as markdown, and its headings with their levels from 1."""

    text: str
    headings: Sequence[tuple[str, int]] = ()


def read_picture(image: Image) -> Recognised:
    """What a picture says; an empty text where it has no words."""
    import numpy

    pixels = numpy.asarray(image.convert("RGB"))[:, :, ::-1]
    engine = _engine()
    boxes, crops = _detect(engine, pixels)
    quarter_turns = _quarter_turns(engine, boxes, crops)
    if quarter_turns:
        pixels = numpy.ascontiguousarray(numpy.rot90(pixels, quarter_turns))
        boxes, crops = _detect(engine, pixels)
    areas, crops = part_at_gutters(_levelled(boxes), crops)
    found = [
        (area, reading)
        for area, reading in zip(areas, _read(engine, crops), strict=True)
        if reading.score >= _LEAST_SCORE and not _STROKES.issuperset(reading.text)
    ]
    texts = with_widths([reading for _, reading in found])
    lines = (
        Line(text, area.left, area.top, area.right, area.bottom) for (area, _), text in zip(found, texts, strict=True)
    )
    parts = list(arrange(lines))
    text = set_right("\n\n".join(part.text for part in parts))
    return Recognised(text, list(_headings(text, parts)))


def _headings(text: str, parts: Sequence[Part]) -> Iterator[tuple[str, int]]:
    """The headings among the parts as they stand in ``text``, which has other signs in the same places."""
    start = 0
    for part in parts:
        end = start + len(part.text)
        if part.level:
            yield text[start + part.level + 1 : end], part.level
        start = end + 2


@cache
def _engine() -> Any:
    """The engine, made once for each process. Naming the models' files is what keeps it from downloading others."""
    import rapidocr

    models = Path(rapidocr.__file__).parent / "models"
    return rapidocr.RapidOCR(
        params={
            "Global.log_level": "critical",
            # It turns every line by itself, and turns wrong ones: whole pages are turned here.
            "Global.use_cls": False,
            "Global.return_word_box": True,
            "Det.model_path": str(models / "PP-OCRv6_det_small.onnx"),
            "Det.limit_type": "max",
            "Rec.model_path": str(models / "PP-OCRv6_rec_small.onnx"),
            # Lines of one length after the other in threads of ours: a quarter less time than six at once in threads
            # of the runtime's own, and a third of the memory.
            "Rec.rec_batch_num": 1,
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )


def _detect(engine: Any, pixels: Any) -> tuple[Sequence[Any], Sequence[Any]]:
    """Corners of each line, clockwise from the top left, and its pixels laid flat; tall ones are laid on their left side."""
    long_side = max(pixels.shape[:2])
    boxes, crops = _detect_at(engine, pixels, _DETECTION_SIDE)
    if len(boxes) and long_side > _DETECTION_SIDE:
        heights = sorted(min(_sides(box)) for box in boxes)
        if heights[len(heights) // 2] * _DETECTION_SIDE / long_side < _SMALLEST_LINE:
            return _detect_at(engine, pixels, 2 * _DETECTION_SIDE)
    return boxes, crops


def _detect_at(engine: Any, pixels: Any, side: int) -> tuple[Sequence[Any], Sequence[Any]]:
    from rapidocr.main import RapidOCRError

    engine.cfg.Det.limit_side_len = side
    if engine.text_det is not None:
        engine.text_det.limit_side_len = side
    try:
        crops, found = engine.detect_and_crop(pixels, {})
    except RapidOCRError:  # there is none
        return (), ()
    offset = (found.img.shape[0] - pixels.shape[0]) / 2  # bars that were put above and below a very wide picture
    return [[(float(x), float(y) - offset) for x, y in box] for box in found.boxes], crops


def _quarter_turns(engine: Any, boxes: Sequence[Any], crops: Sequence[Any]) -> int:
    """How often the page has to be turned by 90 degrees against the clock to stand upright."""
    import numpy

    if not boxes:
        return 0
    lengths = [_sides(box) for box in boxes]
    tall = sum(height for width, height in lengths if height >= 1.5 * width)
    wide = sum(width for width, height in lengths if height < 1.5 * width)
    on_side = tall > wide
    sample = sorted(
        (index for index, (width, height) in enumerate(lengths) if (height >= 1.5 * width) == on_side),
        key=lambda index: -max(lengths[index]),
    )[:_SAMPLED_LINES]
    as_found = _read(engine, [crops[index] for index in sample])
    turned = _read(engine, [numpy.rot90(crops[index], 2) for index in sample])
    upside_down = _sense(turned) > _sense(as_found)
    if on_side:
        return 3 if upside_down else 1
    return 2 if upside_down else 0


def _sense(readings: Sequence[Reading]) -> float:
    """How much like words a reading is: the mean score over characters."""
    signs = sum(len(reading.text) for reading in readings)
    return sum(reading.score * len(reading.text) for reading in readings) / max(signs, _FEWEST_SIGNS)


def _read(engine: Any, crops: Sequence[Any]) -> list[Reading]:
    """What each line says."""

    def one(crop: Any) -> Reading:
        result = engine.recognize_txt([crop])
        text = result.txts[0].strip()
        return Reading(text, float(result.scores[0]), crop, _places(text, result.word_results[0], crop))

    if not crops:
        return []
    first = [one(crops[0])]  # it loads the model, which two threads would both do
    with ThreadPoolExecutor(min(os.cpu_count() or 1, _MOST_THREADS)) as threads:
        return first + list(threads.map(one, crops[1:]))


def _places(text: str, words: Any, crop: Any) -> list[float]:
    """The middle of each sign in pixels, blanks between two others; none where the engine does not tell all."""
    columns = [column for word in words.word_cols for column in word]
    if len(columns) != len("".join(text.split())) or not columns:
        return []
    pixels = crop.shape[1] / words.line_txt_len
    places: list[float] = []
    told = iter(columns)
    for sign in text:
        places.append(places[-1] if sign.isspace() else (next(told) + 0.5) * pixels)
    return places


def _sides(box: Sequence[tuple[float, float]]) -> tuple[float, float]:
    top_left, top_right, bottom_right, bottom_left = box
    width = max(math.dist(top_left, top_right), math.dist(bottom_left, bottom_right))
    height = max(math.dist(top_left, bottom_left), math.dist(top_right, bottom_right))
    return width, height


def _levelled(boxes: Sequence[Any]) -> list[Area]:
    """The boxes upright, after the slant that all of them share was taken away."""
    slants = sorted(
        math.atan2(box[1][1] - box[0][1], box[1][0] - box[0][0]) for box in boxes if _sides(box)[0] > 4 * _sides(box)[1]
    )
    slant = slants[len(slants) // 2] if slants else 0.0
    cosine, sine = math.cos(slant), math.sin(slant)
    areas = []
    for box in boxes:
        across = [x * cosine + y * sine for x, y in box]
        down = [y * cosine - x * sine for x, y in box]
        areas.append(
            Area(
                left=(across[0] + across[3]) / 2,
                top=(down[0] + down[1]) / 2,
                right=(across[1] + across[2]) / 2,
                bottom=(down[2] + down[3]) / 2,
            )
        )
    return areas
