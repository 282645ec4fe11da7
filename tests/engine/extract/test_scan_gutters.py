"""Boxes over two columns are parted at the gutter, those over a page stay whole."""

from __future__ import annotations

from typing import Any

import pytest

from kimi_files.extract.scan.gutters import Area, part_at_gutters

numpy = pytest.importorskip("numpy", reason="the extra 'ocr' is not installed")

SIZE = 40


def picture(width: int, *blanks: tuple[int, int]) -> Any:
    """Ink all over but for these columns."""
    crop = numpy.zeros((SIZE, width, 3), dtype=numpy.uint8)
    for left, right in blanks:
        crop[:, left:right] = 255
    crop[: SIZE // 4] = 255
    return crop


def page(*blanks: tuple[int, int]) -> tuple[list[Area], list[Any]]:
    """Five lines in each of two columns with a gutter from 600 to 630, and one box over both with these blanks."""
    areas, crops = [], []
    for number in range(5):
        top = 50.0 * number
        areas += [Area(0, top, 600, top + SIZE), Area(630, top, 1230, top + SIZE)]
        crops += [picture(600), picture(600)]
    return [*areas, Area(0, 250, 1230, 290)], [*crops, picture(1230, *blanks)]


def test_a_box_over_a_gutter_becomes_two_lines() -> None:
    areas, crops = part_at_gutters(*page((300, 310), (600, 630)))

    assert [(area.left, area.right) for area in areas[-2:]] == [(0, 615), (615, 1230)]
    assert [crop.shape[1] for crop in crops[-2:]] == [615, 615]
    assert len(areas) == 12


@pytest.mark.parametrize("blanks", [[(600, 612)], [(500, 530)], []])
def test_a_line_with_ink_in_the_gutter_stays_whole(blanks: list[tuple[int, int]]) -> None:
    areas, _ = part_at_gutters(*page(*blanks))

    assert areas == page()[0]


def test_a_page_without_columns_stays_as_it_is() -> None:
    areas = [Area(0, 50.0 * number, 1230, 50.0 * number + SIZE) for number in range(6)]

    assert part_at_gutters(areas, [picture(1230, (600, 630))] * 6)[0] == areas
    assert part_at_gutters([], []) == ([], [])
