"""Pages in Hebrew and Arabic come in the order in which they are read."""

from __future__ import annotations

from kimi_files.extract import pdf as reader
from kimi_files.extract.pdf_page.from_right import as_read, runs_from_right

_PLAIN = (
    "שימוש במקורות המידע\r\n"
    "במהלך העבודה על OCR נעזרתי במקורות, שהסבירו\r\n"
    "את הבדיקה )כל המקורות בחלק ה-9(.\r\n"
    "1) שלב ראשון )קצר(\r\n"
)
# Words from left to right, as they are drawn, with the marks of the next word before it.
_MARKDOWN = "### המידע במקורות שימוש\n\nשהסבירו ,במקורות נעזרתי OCR על העבודה במהלך\n\nאת הבדיקה"


def test_most_letters_tell_where_a_page_begins() -> None:
    assert runs_from_right(_PLAIN)
    assert not runs_from_right("A page that names שלום once — in a quotation.")
    assert not runs_from_right("Ein Text über Öl")


def test_lines_come_as_they_are_read_with_headings_and_brackets() -> None:
    assert as_read(_MARKDOWN, _PLAIN) == (
        "### שימוש במקורות המידע\n\n"
        "במהלך העבודה על OCR נעזרתי במקורות, שהסבירו\n"
        "את הבדיקה (כל המקורות בחלק ה-9).\n"
        "1) שלב ראשון (קצר)"
    )


def test_brackets_that_are_right_stay() -> None:
    assert as_read("", "את הבדיקה (כל המקורות) בחלק") == "את הבדיקה (כל המקורות) בחלק"


def test_the_page_of_a_file_goes_by_its_own_direction() -> None:
    assert reader._by_lines("# A\n\nwords", "A\nwords") == "# A\n\nwords"
    assert reader._by_lines(_MARKDOWN, _PLAIN).startswith("### שימוש במקורות המידע\n\n")
