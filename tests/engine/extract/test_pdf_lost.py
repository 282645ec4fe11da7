"""What the layout engine leaves out of a page of a PDF is put back where it stands."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest

from kimi_files.extract import pdf as reader
from kimi_files.extract.pdf_page.difference import Letters
from kimi_files.extract.pdf_page.lost import with_lost_lines
from tests.engine.extract.reading import read
from tests.samples.pdf import Page, pdf

_ABOVE = "Ships are told by their flags, and these by their colours."
_BELOW = "Lights are shown by night, and horns are blown in fog."


def _laid(*texts: str, y: float = 300) -> Any:
    items = [SimpleNamespace(text=text, x=72.0, y=y) for text in texts]
    return SimpleNamespace(items=items, width=595.0, height=842.0)


def _missing(plain: str, markdown: str) -> Counter[str]:
    return Counter(Letters(plain).all) - Counter(Letters(markdown).all)


@pytest.mark.parametrize(
    ("lost", "is_put_back"),
    [
        pytest.param("Operating profit 10.6 11.1 (0.5)", True, id="row"),
        pytest.param("Figure 3. Flags of the north", True, id="caption"),
        pytest.param("申报交通意外盗窃损失", True, id="Chinese"),
        pytest.param("C = x + y + 12345", False, id="formula"),
        pytest.param("p. 12", False, id="too short to be told"),
        pytest.param("their flags", False, id="elsewhere on the page"),
    ],
)
def test_a_line_that_was_lost_stands_between_its_neighbours(lost: str, is_put_back: bool) -> None:
    markdown = f"# Signals\n\n{_ABOVE}\n\n{_BELOW}"
    plain = f"Signals\n{_ABOVE}\n{lost}\n{_BELOW}"

    found = with_lost_lines(markdown, plain, _missing(plain, markdown), _laid(lost))

    assert found == (f"# Signals\n\n{_ABOVE}\n\n{lost}\n\n{_BELOW}" if is_put_back else markdown)


def test_words_that_came_in_another_order_are_not_lost() -> None:
    markdown, plain = f"{_BELOW}\n\n{_ABOVE}", f"{_ABOVE[:30]}\n{_BELOW}\n{_ABOVE[30:]}"

    assert with_lost_lines(markdown, plain, _missing(plain, markdown), _laid(plain)) == markdown


def test_of_a_page_with_too_much_to_look_through_nothing_is_put_back() -> None:
    plain = f"{_ABOVE}\n{'Chronology of wars and ships ' * 4_000}"

    assert with_lost_lines(_ABOVE, plain, _missing(plain, _ABOVE), _laid(plain)) == _ABOVE


def test_printers_marks_outside_of_the_page_stay_out() -> None:
    plain = f"{_ABOVE}\nChronology p345-354.indd 345"

    assert (
        with_lost_lines(_ABOVE, plain, _missing(plain, _ABOVE), _laid("Chronology p345-354.indd 345", y=900)) == _ABOVE
    )


def test_slanted_text_that_the_layout_engine_leaves_out_is_read() -> None:
    slanted = "BT /F 11 Tf 1 0 0.2126 1 72 500 Tm (Figure 28. Driver of a single horn) Tj ET"
    page = Page([_ABOVE, _BELOW] * 6, operators=slanted)

    assert "Figure 28. Driver of a single horn" in read(reader.read, pdf([page]), "a.pdf").pages[0].text
