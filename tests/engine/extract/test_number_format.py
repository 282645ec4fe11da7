"""Numbers are shown as a spreadsheet shows them; dates in ISO order."""

from __future__ import annotations

import pytest

from kimi_files.extract.office.number_format import formatter, general


@pytest.mark.parametrize(
    ("code", "value", "shown"),
    [
        ("General", 1.0, "1"),
        ("General", 0.1 + 0.2, "0.3"),
        ("0.00", 6, "6.00"),
        ("#,##0.00", 1234.5, "1,234.50"),
        ("0%", 0.125, "13%"),
        ("0.0%", -0.125, "-12.5%"),
        ('"$"#,##0.00_);[Red]\\("$"#,##0.00\\)', -1234.5, "($1,234.50)"),
        ("[$€-407] #,##0.00", 12.3, "€ 12.30"),
        ('_-* #,##0.00_-;\\-* #,##0.00_-;_-* "-"??_-;_-@_-', 0, "-"),
        ("0.00E+00", 12345, "1.23E+04"),
        ("#,##0,", 1234567, "1,235"),
        ("000", 7, "007"),
        ('0 "days"', 5, "5 days"),
        (";;;", 5, "5"),
        ("[=0]?;[hh]:mm", 0, ""),
        ("[=0]?;[hh]:mm", 0.5, "12:00:00"),
        ("[<1]0.0%;0.0", 0.25, "25.0%"),
        ("[<1]0.0%;0.0", -2.5, "-250.0%"),
        ("[Red][>100]0;0.00", 5, "5.00"),
        ("# ?/?", 0.5, "0.5"),
        ("yyyy\\-mm\\-dd", 40000, "2009-07-06"),
        ("d/m/yy h:mm", 40000.25, "2009-07-06 06:00:00"),
        ("h:mm AM/PM", 0.5, "12:00:00"),
        ("[h]:mm:ss", 1.5, "36:00:00"),
    ],
)
def test_shown_as_in_a_spreadsheet(code: str, value: float, shown: str) -> None:
    assert formatter(code)(value) == shown


def test_days_are_counted_from_1904_where_the_workbook_says_so() -> None:
    assert formatter("yyyy", is_1904=True)(0) == "1904-01-01"


def test_general_keeps_fifteen_digits() -> None:
    assert general(123456789.123456789) == "123456789.123457"
