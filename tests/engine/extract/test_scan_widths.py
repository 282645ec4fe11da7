"""Wide and narrow signs of a Chinese line are told by the blank around their ink."""

from __future__ import annotations

import pytest

from kimi_files.extract.scan.signs import set_right
from kimi_files.extract.scan.widths import Reading, with_widths

numpy = pytest.importorskip("numpy", reason="the extra 'ocr' is not installed")

EM = 40
HAN = (1.0, 0.05, 0.95, 0.9)  # advance, where its ink begins and ends, how high that is
LETTER = (0.5, 0.05, 0.45, 0.7)
WIDE = {
    "（": (1.0, 0.7, 0.9, 1.0),
    "）": (1.0, 0.1, 0.3, 1.0),
    "，": (1.0, 0.1, 0.25, 0.2),
    "：": (1.0, 0.4, 0.55, 0.6),
}
NARROW = {
    "(": (0.35, 0.1, 0.3, 1.0),
    ")": (0.35, 0.05, 0.25, 1.0),
    ",": (0.3, 0.1, 0.2, 0.2),
    ":": (0.3, 0.1, 0.2, 0.6),
}
BLANK = (0.25, 0.0, 0.0, 0.0)


def line(drawn: str, read: str) -> Reading:
    """A line on which the signs of ``drawn`` stand as blocks, recognised as ``read``, which has as many."""
    shapes = [
        WIDE.get(sign) or NARROW.get(sign) or (BLANK if sign == " " else LETTER if sign < "\x7f" else HAN)
        for sign in drawn
    ]
    crop = numpy.full((round(1.3 * EM), round(EM * sum(shape[0] for shape in shapes)) + 4, 3), 255, dtype=numpy.uint8)
    places, left = [], 2.0
    for advance, begin, end, height in shapes:
        bottom = round(1.1 * EM)
        crop[bottom - round(height * EM) : bottom, round(left + begin * EM) : round(left + end * EM)] = 0
        places.append(left + (begin + end) / 2 * EM)
        left += advance * EM
    return Reading(read, 0.99, crop, places)


@pytest.mark.parametrize(
    ("drawn", "read"),
    [
        ("请参考手册（版本）一节", "请参考手册(版本)一节"),
        ("操作系统的设置(例如)占用了", "操作系统的设置（例如）占用了"),
        ("操作系统的设置 (例如) 占用了", "操作系统的设置 （例如） 占用了"),
        ("一二三四五六，请接受：你", "一二三四五六,请接受:你"),
        ("一二三四五第5节,请接受12:30", "一二三四五第5节，请接受12：30"),
        ("一二三四五，（六七）", "一二三四五,(六七)"),
        ("一二三四五(六七)", "一二三四五(六七）"),
        ("一二三四五 (六七)", "一二三四五 (六七)"),
    ],
)
def test_a_sign_is_as_wide_as_its_place(drawn: str, read: str) -> None:
    assert set_right(with_widths([line(drawn, read)])[0]) == drawn


def test_where_nothing_can_be_measured_the_line_stays_as_it_was_read() -> None:
    english = line("see (note)", "see (note)")
    assert with_widths([english]) == ["see (note)"]
    chinese = line("一二三四五六七", "一二三四五(七")  # no ink there is as small as a bracket
    assert with_widths([chinese]) == ["一二三四五(七"]
    unplaced = Reading("一二三四五(七)", 0.99, chinese.crop)
    assert with_widths([line("一二三四五六", "一二三四五六"), unplaced])[1] == "一二三四五(七)"
