"""CSV and its relatives come as tables, what is none as it stands."""

from __future__ import annotations

import pytest

from kimi_files.extract import delimited, sheets
from tests.engine.extract.reading import read


@pytest.mark.parametrize(
    ("text", "table"),
    [
        ("a,b\n1,2\n", "| a | b |\n| --- | --- |\n| 1 | 2 |"),
        ("a;b\r\n1,5;2\r\n", "| a | b |\n| --- | --- |\n| 1,5 | 2 |"),
        ("a\tb\n\t2\n", "| a | b |\n| --- | --- |\n|  | 2 |"),
        ('a,b\n"x, ""y""\nz",|\n', '| a | b |\n| --- | --- |\n| x, "y"<br>z | \\| |'),
        (
            "a,b,c\n1,2,3\n4\n1,2,3\n1,2,3\n",
            "| a | b | c |\n| --- | --- | --- |\n| 1 | 2 | 3 |\n| 4 |  |  |\n" + "| 1 | 2 | 3 |\n" * 2,
        ),
    ],
)
def test_rows_are_those_of_a_table(text: str, table: str) -> None:
    assert delimited.as_table(text) == table.rstrip("\n")


@pytest.mark.parametrize("text", ["", "one line, and no more", "words\nwithout\nseparators\n", "a,b\nc\nd\ne, f, g\n"])
def test_what_is_no_table_stays_as_it_is(text: str) -> None:
    assert delimited.as_table(text) is None
    if text:
        assert read(sheets.read, text.encode(), "a.csv").texts == [text]


def test_a_long_file_stays_lines_that_can_be_read_by_windows() -> None:
    text = "name,amount\n" + "shaft,48300\n" * (delimited.MOST_CHARACTERS // 12)

    assert "".join(read(sheets.read, text.encode(), "a.csv").texts) == text
