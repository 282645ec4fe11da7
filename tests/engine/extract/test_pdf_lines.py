"""Lines that end before they are full stay lines; running text stays one."""

from __future__ import annotations

from kimi_files.extract.pdf_page.lines import with_short_lines

_FULL = "A line of the text that goes from the left of the page to its right, as most of them do\n"


def test_an_address_keeps_its_lines() -> None:
    plain = f"{_FULL * 3}Azure Interior\n4557 De Silva St\nFremont CA 94538\nUnited States\n"

    found = with_short_lines("# Invoice\n\nAzure Interior 4557 De Silva St Fremont CA 94538 United States", plain)

    assert found == "# Invoice\n\nAzure Interior\n4557 De Silva St\nFremont CA 94538\nUnited States"


def test_points_with_signs_of_markdown_keep_their_lines() -> None:
    plain = f"{_FULL * 3}(1) Data_Integrity\n(2) Audit\n(3) PKI\n"

    assert with_short_lines("**(1) Data\\_Integrity (2) Audit (3) PKI**", plain) == (
        "**(1) Data\\_Integrity\n(2) Audit\n(3) PKI**"
    )


def test_running_text_stays_one_also_in_a_narrow_column_and_with_a_raised_number() -> None:
    narrow = [
        "Text of a box beside the page that is set",
        "In a column of its own, which takes about",
        "Half of its width.",
    ]
    sentence = ["Of these, an", "agile process", "is one"]
    raised = ["Three of them were lost", "1"]
    plain = _FULL * 9 + "\n".join([*narrow, *sentence, *raised])

    for lines in (narrow, sentence, raised):
        assert with_short_lines(" ".join(lines), plain) == " ".join(lines)


def test_what_is_no_paragraph_and_what_stands_otherwise_is_left_alone() -> None:
    plain = f"{_FULL * 3}one two\nthree four\n"

    for block in ("| one two three four |", "# one two three four", "- one two three four", "one three two four"):
        assert with_short_lines(block, plain) == block
