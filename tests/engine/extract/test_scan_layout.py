"""From boxes with words to the text of a page."""

from __future__ import annotations

import pytest

from kimi_files.extract.scan.columns import Line
from kimi_files.extract.scan.layout import arrange as parts

SIZE = 30.0


def arrange(lines: list[Line]) -> str:
    return "\n\n".join(part.text for part in parts(lines))


def line(text: str, left: float, top: float, width: float | None = None) -> Line:
    """A line 30 px high; as wide as its text at 15 px a sign unless said otherwise."""
    return Line(text, left, top, left + (len(text) * 15.0 if width is None else width), top + SIZE)


def column(words: str, left: float, top: float, count: int, width: float = 600.0) -> list[Line]:
    return [line(f"{words} line {number} of running text", left, top + 42 * number, width) for number in range(count)]


def test_lines_of_a_paragraph_become_one_line_and_a_gap_parts_paragraphs() -> None:
    lines = [line("The first sentence goes on to the", 0, 0, 600), line("second line.", 0, 42)]
    lines += [line("Another paragraph begins here and", 0, 120, 590), line("ends.", 0, 162)]

    assert arrange(lines) == (
        "The first sentence goes on to the second line.\n\nAnother paragraph begins here and ends."
    )


def test_a_hyphen_inside_a_word_goes_and_wide_characters_join_without_a_blank() -> None:
    assert arrange([line("an inter-", 0, 0, 300), line("national matter", 0, 42)]) == "an international matter"
    assert arrange([line("检修发现轴上有", 0, 0, 300), line("裂纹。", 0, 42, 120)]) == "检修发现轴上有裂纹。"


def test_a_line_that_ends_early_ends() -> None:
    lines = [
        line("Nordwerk GmbH", 0, 0),
        line("Hafenstrasse 7", 0, 42),
        line("A line that is as long as the page", 0, 84, 700),
    ]

    assert arrange(lines).splitlines()[:2] == ["Nordwerk GmbH", "Hafenstrasse 7"]


@pytest.mark.parametrize(
    "entries",
    [
        ["Company: TechCorp Industries", "Invoice Number: INV-2024-0010", "Date: January the 15th, 2024"],
        ["• a remote control as an option", "• a time code to synchronise by", "• a display of two lines"],
        ["- 75 % of the budget are spent", "- more is not to be expected"],
        ["1. Lisinopril, ten milligrams", "2. Metformin, twice as many"],
    ],
)
def test_entries_of_a_form_or_list_are_not_run_together_though_they_are_as_long_as_the_page(entries: list[str]) -> None:
    assert arrange([line(text, 0, 42 * at, 430) for at, text in enumerate(entries)]) == "\n".join(entries)


def test_two_columns_are_read_one_after_the_other_under_their_title() -> None:
    title = Line("A title over both of the columns", 100, 0, 1100, 60)
    words = arrange([title, *column("left", 0, 100, 8), *column("right", 660, 100, 8)])

    assert words.startswith("## A title over both")
    assert words.index("left line 7") < words.index("right line 0")


def test_three_columns_and_a_line_across_them() -> None:
    across = line("A sentence under all three", 0, 500, 1800)
    lines = [line for at, name in enumerate(("one", "two", "six")) for line in column(name, 620 * at, 0, 8, 560)]
    words = arrange([*lines, across])

    order = [words.index(f"{name} line {number}") for name in ("one", "two", "six") for number in (0, 7)]
    assert order == sorted(order)
    assert words.index("six line 7") < words.index("A sentence")


def test_columns_of_figures_are_a_table_and_rows_stay_together() -> None:
    rows = [
        ("Item", "Qty", "Amount"),
        ("Bearing", "12", "1,200.00"),
        ("Seal ring", "4", "80.50"),
        ("Shaft", "1", "48,300.00"),
    ]
    lines = [line(cell, 400.0 * at, 50.0 * number) for number, row in enumerate(rows) for at, cell in enumerate(row)]

    assert arrange(lines).splitlines()[2:] == [
        "| Bearing | 12 | 1,200.00 |",
        "| Seal ring | 4 | 80.50 |",
        "| Shaft | 1 | 48,300.00 |",
    ]


def test_a_label_over_rows_of_a_table_stays_in_it_and_a_sentence_below_does_not() -> None:
    rows = [("Item", "Qty"), ("Bearing", "12"), ("Spare parts",), ("Seal ring", "4"), ("Shaft", "1")]
    lines = [line(cell, 400.0 * at, 50.0 * number) for number, row in enumerate(rows) for at, cell in enumerate(row)]
    lines.append(line("All of it.", 0, 260))

    assert arrange(lines).splitlines()[2:] == [
        "| Bearing | 12 |",
        "| Spare parts |  |",
        "| Seal ring | 4 |",
        "| Shaft | 1 |",
        "",
        "All of it.",
    ]


def test_nothing_is_nothing() -> None:
    assert arrange([]) == ""
