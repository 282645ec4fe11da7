"""A table that goes on over pages of a PDF says so on each of them, with its head; two tables stay two."""

from __future__ import annotations

import pytest

from kimi_files.extract import pdf as reader
from kimi_files.extract.pdf_page.continued import continued
from tests.engine.extract.reading import read
from tests.samples.pdf import Page, pdf, rule, write

_HEAD = "| Port | Ships | Tons |\n|---|---|---|\n"
_BODY = "| Kiel | 12 | 480 |\n| Riga | 9 | 310 |\n| Turku | 31 | 1,200 |"
_MORE = "| Gdynia | 44 | 2,100 |\n|---|---|---|\n| Oulu | 3 | 75 |"


def _page(rows: list[list[str]]) -> Page:
    """A ruled table from the top of the page to its end."""
    step, xs = 700 // len(rows), [70, 200, 300, 400]
    ys = [760 - step * number for number in range(len(rows) + 1)]
    lines = [rule(70, y, 400, y) for y in ys] + [rule(x, 760, x, ys[-1]) for x in xs]
    texts = [
        write(x + 5, y - step / 2, text, 10)
        for row, y in zip(rows, ys, strict=False)
        for x, text in zip(xs, row, strict=False)
    ]
    return Page([], operators=" ".join(lines + texts))


def test_each_page_of_a_long_table_has_its_head_and_says_where_it_goes_on() -> None:
    ports = [[f"Port {number}", f"{number + 3}", f"{number * 7 + 100}"] for number in range(45)]
    content = pdf([_page([["Name", "Ships", "Tons"], *ports[:15]]), _page(ports[15:30]), _page(ports[30:])])
    first, second, third = [page.text for page in read(reader.read, content, "a.pdf").pages]

    assert "| Port 14 | 17 | 198 |\n\n(Table continues on page 2.)" in first
    for text, number in ((second, 1), (third, 2)):
        assert text.startswith(
            f"(Table continued from page {number}; its head is repeated.)\n\n| Name | Ships | Tons |\n|---|---|---|\n"
            f"| Port {15 * number} |"
        )
    assert "continues" not in third


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f"{_HEAD}{_BODY}", _MORE),
        (f"# Harbours\n\n{_HEAD}{_BODY}\n\nAnnual report 2025\n\n12", f"{_MORE}\n\nAnnual report 2025\n\n13"),
        (f"*Annual report*\n\n{_HEAD}{_BODY}", f"*Annual report*\n\n{_MORE}"),
        (f"{_HEAD}{_BODY}", f"Table 3 (continued)\n\n{_MORE}"),
        (f"| Port | 2024 | 2025 |\n|---|---|---|\n{_BODY}", _MORE),
        (
            f"{_HEAD}{_BODY}",
            f"| Baltic states |  |  |\n|---|---|---|\n{_MORE.replace('|---|---|---|', '| Paldiski | 4 | 18 |')}",
        ),
    ],
    ids=[
        "nothing between",
        "footers and page numbers",
        "running header",
        "says so",
        "years in the head",
        "a label first",
    ],
)
def test_a_table_goes_on(before: str, after: str) -> None:
    both = continued(before, after, "12", "13")

    assert both is not None
    assert "(Table continues on page 13.)" in both.before
    head = before[before.index("|") : before.index("\n|---|")]
    assert f"(Table continued from page 12; its head is repeated.)\n\n{head}\n|---|---|---|\n| " in both.after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f"{_HEAD}{_BODY}\n\nThat was a good year for all three of them, as the figures show.", _MORE),
        (f"{_HEAD}{_BODY}", f"Table 4: ships in the north\n\n{_MORE}"),
        (f"{_HEAD}{_BODY}", f"{_HEAD}{_BODY}"),
        (f"{_HEAD}{_BODY}", f"| Ship | Crew | Age |\n|---|---|---|\n{_BODY}"),
        (f"{_HEAD}{_BODY}", "| Gdynia | 44 |\n|---|---|\n| Oulu | 3 |"),
        (f"{_HEAD}{_BODY}", "| Gdynia | grain | coal |\n|---|---|---|\n| Oulu | timber | tar |"),
        (
            "| Term | Meaning |\n|---|---|\n| bow | front |\n| stern | rear |",
            "| Knot | Use |\n|---|---|\n| bowline | loop |",
        ),
    ],
    ids=[
        "text after it",
        "another caption",
        "head is printed again",
        "another head",
        "other columns",
        "no figures",
        "words",
    ],
)
def test_two_tables_stay_two(before: str, after: str) -> None:
    assert continued(before, after, "12", "13") is None


def test_a_glossary_goes_on_where_a_cell_is_longer_than_any_head() -> None:
    before = "| Term | Meaning |\n|---|---|\n| bow | front |\n| stern | rear |"
    both = continued(
        before, "| keel | the beam along the bottom on which a ship is built |\n|---|---|\n| mast | pole |", "1", "2"
    )

    assert both is not None
    assert "| Term | Meaning |\n|---|---|\n| keel |" in both.after
