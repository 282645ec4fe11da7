"""Headings of one size are on one level in all of a PDF, though it is read in parts."""

from __future__ import annotations

import pytest

from kimi_files.extract import pdf as reader
from kimi_files.extract.pdf_page.levels import Headings, levels, with_levels
from tests.engine.extract.reading import read
from tests.samples.pdf import Page, pdf, write


def _page(number: int, titles: dict[str, int]) -> Page:
    drawn, top = [], 780
    for title, size in titles.items():
        drawn.append(write(72, top, title, size))
        top -= 30
        for line in range(6):
            drawn.append(write(72, top, f"Line {line} below {title.lower()} tells what page {number} has to tell."))
            top -= 14
        top -= 30
    return Page(operators="\n".join(drawn))


_FRUITS = [
    "Apples",
    "Pears",
    "Cherries",
    "Plums",
    "Quinces",
    "Medlars",
    "Figs",
    "Grapes",
    "Lemons",
    "Olives",
    "Dates",
    "Limes",
]


def test_sections_of_the_second_half_are_on_the_level_that_they_have_in_the_first() -> None:
    first = [
        _page(n, {f"{fruit} in the orchard": 30, f"Growing {fruit.lower()} well": 22, f"Why {fruit.lower()} rot": 16})
        for n, fruit in enumerate(_FRUITS[:6], start=1)
    ]
    second = [
        _page(n, {f"Growing {fruit.lower()} well": 22, f"Why {fruit.lower()} rot": 16})
        for n, fruit in enumerate(_FRUITS[6:], start=7)
    ]

    reading = read(reader.read, pdf([*first, *second]), "a.pdf")

    assert {(title.split()[-1], level) for level, title, _ in reading.outline} == {
        ("orchard", 1),
        ("well", 2),
        ("rot", 3),
    }
    assert len(reading.outline) == 30
    assert reading.texts[11].startswith("## Growing limes well\n")


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([{1: 24.0, 2: 18.0}, {1: 18.0, 2: 12.0}], [{}, {1: 2, 2: 3}]),
        ([{1: 24.0, 2: 18.0}, {1: 24.0, 2: 18.0}], [{}, {}]),
        # The same size in fonts that differ a little in height.
        ([{1: 24.0, 2: 18.0}, {1: 17.6}], [{}, {1: 2}]),
        # Levels that the file names go by no size.
        ([{1: 24.0, 2: 18.0}, {1: 12.0, 2: 14.0}], [{}, {}]),
        ([{1: 24.0, 2: 18.0}, {}], [{}, {}]),
        ([{1: 24.0}], [{}]),
    ],
)
def test_levels_go_by_the_sizes_of_all_parts(sizes: list[dict[int, float]], expected: list[dict[int, int]]) -> None:
    assert levels([Headings(part, {}) for part in sizes]) == expected


def test_sections_with_numbers_of_one_depth_are_on_one_level() -> None:
    sizes = [24, 24, 17, 24]
    pages = [
        _page(n, {f"{n}. {fruit}": 30, f"{n}.1 Growing {fruit.lower()}": size})
        for n, (fruit, size) in enumerate(zip(_FRUITS, sizes, strict=False), start=1)
    ]

    outline = read(reader.read, pdf(pages), "a.pdf").outline

    assert [level for level, _, _ in outline] == [1, 2] * len(sizes)


def test_only_headings_that_the_part_was_asked_about_change() -> None:
    text = "# Costs\n\n## By hand\n\n#hashtag"

    assert with_levels(text, frozenset(["Costs"]), {1: 2, 2: 3}) == "## Costs\n\n## By hand\n\n#hashtag"
