"""Marks of footnotes and exponents of a PDF stay apart from the numbers before them, and notes are known as notes."""

from __future__ import annotations

import pytest

from kimi_files.extract import pdf as reader
from kimi_files.extract.pdf_page.marks import Mark, with_marks, without_false_formulas
from tests.engine.extract.reading import read
from tests.samples.pdf import Page, pdf, rule, write

_LINES = [
    "Another line of text that is long enough to be prose for whoever reads it here.",
    "The harbour office has counted all the ships that came in before the first frost.",
]


def _read(*runs: tuple[float, float, str, float]) -> str:
    """What comes of runs of text, each with its left edge, its level, its words and its size."""
    operators = " ".join(write(left, level, text, size) for left, level, text, size in runs)
    return read(reader.read, pdf([Page(_LINES, operators=operators)]), "a.pdf").pages[0].text


def _notes(*words: str) -> list[tuple[float, float, str, float]]:
    runs = []
    for number, text in enumerate(words, start=1):
        level = 120 - 14 * number
        runs += [(72.0, level + 4.0, str(number), 6.0), (76.0, float(level), text, 8.0)]
    return runs


def test_marks_of_notes_and_the_notes_are_written_as_such() -> None:
    text = _read(
        (72, 600, "Revenue was 12.4 million", 11),
        (195, 604, "2", 7),
        (203, 600, "in the year 1990", 11),
        (284, 604, "1", 7),
        (288, 600, ", and grew.", 11),
        *_notes("The year of the flood.", "Before tax."),
    )

    assert "Revenue was 12.4 million[^2] in the year 1990[^1], and grew." in text
    assert "\n\n[^1]: The year of the flood.\n\n[^2]: Before tax." in text


def test_a_power_does_not_become_a_larger_number() -> None:
    text = _read(
        (72, 600, "It weighs 10", 11), (133, 604, "3", 7), (140, 600, "tons on an area of 25 m", 11), (255, 604, "2", 7)
    )

    assert "It weighs 10^3 tons on an area of 25 m^2" in text


def test_a_power_is_none_even_where_a_note_has_its_number() -> None:
    text = _read(
        (72, 600, "It weighs 10", 11), (133, 604, "2", 7), (140, 600, "tons as was reported", 11), (240, 604, "1", 7),
        *_notes("By the harbour office.", "Not by anybody."),
    )  # fmt: skip

    assert "It weighs 10^2 tons as was reported[^1]" in text


def test_figures_that_only_stand_lower_or_as_high_stay_as_they_are() -> None:
    text = _read((72, 600, "CO", 11), (89, 597, "2", 7), (97, 600, "fell in the year", 11), (178, 600, "19", 11))

    assert "CO2 fell in the year 19" in text


@pytest.mark.parametrize(
    ("text", "marks", "expected"),
    [
        ("| 24.912 | 24.912 |", [Mark("24.91", "2", "", False)], "| 24.912 | 24.912 |"),
        ("| Kerala India | 24.912 |", [Mark("Kerala India 24.91", "2", "", False)], "| Kerala India | 24.91^2 |"),
        ("E = 1/2", [Mark("The energy E =", "1", "/2", False)], "E = 1/2"),
        ("Preface .....5", [Mark("Preface .....", "5", "", False)], "Preface .....5"),
        ("as before4,5 too", [Mark("as before", "4,5", " too", False)], "as before^4,5 too"),
        ("**as before** 4", [Mark("was as before", "4", "", False)], "**as before** 4"),
        ("was **as before** 4", [Mark("was as before", "4", "", False)], "was **as before**^4"),
    ],
    ids=["may be another number", "table", "fraction", "row of dots", "two", "other words", "bold"],
)
def test_marks_are_set_where_their_words_stand(text: str, marks: list[Mark], expected: str) -> None:
    assert with_marks(text, marks) == expected


@pytest.mark.parametrize(
    ("markdown", "plain", "expected"),
    [
        (
            "is 102 $m^{2}andthevolume10^{-3}m^{3},sowefell.$ 3 %",
            "is 102 m2 and the volume\n10-3 m3, so we fell. 3 %",
            "is 102 m2 and the volume 10-3 m3, so we fell 3 %",
        ),
        (r"$\mathcal{D}$ over $\sigma^{2}+\alpha$", "D over", r"$\mathcal{D}$ over $\sigma^{2}+\alpha$"),
        ("$distribution and $HOME", "distribution and HOME", "$distribution and $HOME"),
    ],
)
def test_prose_that_was_taken_for_a_formula_is_prose(markdown: str, plain: str, expected: str) -> None:
    assert without_false_formulas(markdown, plain) == expected


def test_codes_of_symbol_fonts_are_the_signs_that_they_show() -> None:
    assert without_false_formulas("\uf0d8 a \uf0b3 \uf062", "") == "➢ a ≥ β"


@pytest.mark.parametrize(
    ("start", "end", "is_struck"),
    [
        pytest.param(72, 192, True, id="as long as the words"),
        pytest.param(60, 400, False, id="a line of a form or a chart"),
        pytest.param(72, 500, False, id="on to the edge of the page"),
    ],
)
def test_words_are_struck_out_by_a_line_of_their_own_only(start: int, end: int, is_struck: bool) -> None:
    drawn = f"{write(72, 500, 'The second mate is paid')} {rule(start, 504, end, 504)}"
    body = "Ships are told by their flags, and these by their colours."

    text = read(reader.read, pdf([Page([body] * 6, operators=drawn)]), "a.pdf").pages[0].text

    assert "The second mate is paid" in text.replace("~~", "")
    assert ("~~" in text) == is_struck
