"""Numbers are shown as a spreadsheet shows them; dates in ISO order."""

from __future__ import annotations

import pytest

from kimi_files.extract.office.number_format import formatter, general, text_formatter


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
        ("General", 0.00001, "0.00001"),
        ("General", 1.5e-12, "1.5E-12"),
        ("General", 1e20, "1E+20"),
        ("General", 1234567890123451.0, "1234567890123451"),
        ('_-* #,##0.00_-;\\-* #,##0.00_-;_-* "-"??_-;_-@_-', 0, "-"),
        ("0.00E+00", 12345, "1.23E+04"),
        ("#,##0,", 1234567, "1,235"),
        ("000", 7, "007"),
        ('0 "days"', 5, "5 days"),
        (";;;", 5, "[hidden: 5]"),
        (";;;", 0, "0"),
        ("0;;", -1234.5, "[hidden: -1234.5]"),
        ("0;-0;;@", 0, "0"),
        ("[=0]?;[hh]:mm", 0, ""),
        ("[=0]?;[hh]:mm", 0.5, "12:00"),
        ("[<1]0.0%;0.0", 0.25, "25.0%"),
        ("[<1]0.0%;0.0", -2.5, "-250.0%"),
        ("[Red][>100]0;0.00", 5, "5.00"),
        ("# ?/?", 0.5, "1/2"),
        ("# ??/??", 3.14159, "3 14/99"),
        ("# ?/8", -2.375, "-2 3/8"),
        ("?/?", 1.25, "5/4"),
        ("# ?/?", 2.999, "3"),
        ("000\\-00\\-0000", 123456789, "123-45-6789"),
        ("(000) 000\\-0000", 5551234567, "(555) 123-4567"),
        ("0,000.0", 7, "0,007.0"),
        ("##0.0E+0", 12345, "12.3E+3"),
        ("0.0E-00", 0.00012, "1.2E-04"),
        ("0.00E+00", 9.999, "1.00E+01"),
        ('General" kg"', 2.5, "2.5 kg"),
        ('0;"below"', -3, "below"),
        ('"$"#,##0.00', -1234.5, "-$1,234.50"),
        ('[>=1000000]0.0,,"M";[>=1000]0.0,"K";0', 1_500_000, "1.5M"),
        ('[>=1000000]0.0,,"M";[>=1000]0.0,"K";0', 2_500, "2.5K"),
        ('[>=1000000]0.0,,"M";[>=1000]0.0,"K";0', 12, "12"),
        ("[$-F800]dddd\\,\\ mmmm\\ dd\\,\\ yyyy", 40000, "2009-07-06"),
        ('[$-411]ggge"年"m"月"d"日"', 40000, "2009-07-06"),
        ("yyyy-mm-dd", 1, "1900-01-01"),
        ("yyyy-mm-dd hh:mm:ss.000", 40000.5000001, "2009-07-06 12:00:00.009"),
        ("yyyy-mm-dd", 59, "1900-02-28"),
        ("yyyy-mm-dd", 61, "1900-03-01"),
        ("mm:ss.0", 0.0008113425925925927, "01:10.1"),
        ("[m]:ss", 0.125, "180:00"),
        ("h:mm", 1.25, "6:00"),
        ("yyyy\\-mm\\-dd", 40000, "2009-07-06"),
        ("d/m/yy h:mm", 40000.25, "2009-07-06 06:00:00"),
        ("h:mm AM/PM", 0.5, "12:00 PM"),
        ("hh:mm:ss a/p", 0.75, "06:00:00 p"),
        ("[h]:mm:ss", 1.5, "36:00:00"),
    ],
)
def test_shown_as_in_a_spreadsheet(code: str, value: float, shown: str) -> None:
    assert formatter(code)(value) == shown


@pytest.mark.parametrize(
    ("code", "text", "shown"),
    [
        ('0;-0;0;"Name: "@', "Ada", "Name: Ada"),
        ('@" pcs"', "12", "12 pcs"),
        ("@", "as it is", None),
        ("0.00", "as it is", None),
        ("0;-0;0;_-@_-", "as it is", None),
        ("0;-0;0", "as it is", None),
        (";;;", "a secret", "[hidden: a secret]"),
        (";;;@", "as it is", None),
        (";;;", " ", " "),
    ],
)
def test_words_that_a_code_writes_around_a_text(code: str, text: str, shown: str | None) -> None:
    written = text_formatter(code)
    assert (written and written(text)) == shown


def test_days_are_counted_from_1904_where_the_workbook_says_so() -> None:
    assert formatter("yyyy", is_1904=True)(0) == "1904-01-01"


def test_general_keeps_fifteen_digits() -> None:
    assert general(123456789.123456789) == "123456789.123457"
