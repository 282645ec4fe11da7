"""Which pages an argument names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kimi_files.errors import InvalidPages
from kimi_files.extract.document import OutlineEntry
from kimi_files_tools.pages import Span, select
from tests.tools.memory import content_of

PLAIN = content_of([f"text {n}" for n in range(1, 13)])
ROMAN = content_of(["a", "b", "c", "d", "e"], labels=["i", "ii", "1", "2", "A-3"])
SHEETS = content_of(["a", "b", "c"], labels=["Positions", "Q1, Q2", "2020-2021"], kind="sheet")
CHAPTERS = content_of(["a", "b", "c"], titles=["Preface", "The Sea", "The Shore"], kind="chapter")
LINES = content_of(["one\ntwo\nthree\nfour\nfive\n"], kind="text")
HEADINGS = content_of(["a", "b"], labels=["i", "ii"], outline=[OutlineEntry(title="2.1 The Sea", level=2, page=2)])
DOUBLE = content_of(["a", "b", "c"], labels=["1", "2", "1"])


async def numbers(content, pages):
    return [span.page for span in await select(content, pages)]


@pytest.mark.parametrize(
    ("content", "pages", "expected"),
    [
        (PLAIN, "", list(range(1, 13))),
        (PLAIN, "3", [3]),
        (PLAIN, "3-5", [3, 4, 5]),
        (PLAIN, "3 - 5, 9", [3, 4, 5, 9]),
        (PLAIN, "9,3-5,4", [3, 4, 5, 9]),
        (PLAIN, "11-", [11, 12]),
        (PLAIN, "11-40", [11, 12]),
        (PLAIN, "p. 4", [4]),
        (PLAIN, "pages 4-5", [4, 5]),
        (PLAIN, "第3页", [3]),
        (PLAIN, "3–4；6", [3, 4, 6]),
        (ROMAN, "ii", [2]),
        (ROMAN, "i-2", [1, 2, 3, 4]),
        (ROMAN, "1", [3]),
        (ROMAN, "A-3", [5]),
        (ROMAN, "a-3", [5]),
        (SHEETS, "Positions", [1]),
        (SHEETS, "positions", [1]),
        (SHEETS, '"Q1, Q2", Positions', [1, 2]),
        (SHEETS, "2020-2021", [3]),
        (SHEETS, "2", [2]),
        (CHAPTERS, "the sea", [2]),
        (CHAPTERS, "The Sea-The Shore", [2, 3]),
        (CHAPTERS, "chapter 3", [3]),
        (DOUBLE, "3", [3]),
    ],
)
async def test_pages_are_found_by_label_number_and_title(content, pages, expected):
    assert await numbers(content, pages) == expected


@pytest.mark.parametrize(
    ("content", "pages", "words"),
    [
        (PLAIN, "13", "pages 1 to 12"),
        (PLAIN, "0", "pages 1 to 12"),
        (PLAIN, "7-3", "Write '3-7'"),
        (PLAIN, "x", "pages 1 to 12"),
        (PLAIN, "20-21", "pages 1 to 12"),
        (SHEETS, "Position", 'Did you mean "Positions"'),
        (HEADINGS, "the sea", 'The heading "2.1 The Sea" is on page ii.'),
        (HEADINGS, "2.1", 'The file has "i", "ii".'),
        (LINES, "Summary", "5 lines"),
        (LINES, "9-12", "lines 1 to 5"),
        (LINES, "4-2", "Write '2-4'"),
    ],
)
async def test_a_wrong_page_says_what_there_is(content, pages, words):
    with pytest.raises(InvalidPages) as caught:
        await select(content, pages)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("pages", "expected"),
    [
        ("2-3", ["two\nthree\n"]),
        ("2", ["two\n"]),
        ("4-", ["four\nfive\n"]),
        ("1-2,4", ["one\ntwo\n", "four\n"]),
        ("1,2-3", ["one\ntwo\nthree\n"]),
        ("lines 2-3", ["two\nthree\n"]),
        ("5-900", ["five\n"]),
        ("1", ["one\ntwo\nthree\nfour\nfive\n"]),
    ],
)
async def test_pages_of_a_text_without_pages_are_its_lines(pages, expected):
    spans = await select(LINES, pages)
    assert [await LINES.text(span.page, span.start, span.end) for span in spans] == expected


def test_labels_that_two_pages_share_are_replaced_by_numbers():
    assert ROMAN.labels == ("i", "ii", "1", "2", "A-3")
    assert DOUBLE.labels == ("1", "2", "3")


@given(st.lists(st.tuples(st.integers(1, 12), st.integers(1, 12)), min_size=1, max_size=6))
async def test_any_ranges_give_each_page_once_in_the_order_of_the_file(ranges):
    words = ",".join(f"{min(pair)}-{max(pair)}" for pair in ranges)
    expected = sorted({page for pair in ranges for page in range(min(pair), max(pair) + 1)})
    assert await select(PLAIN, words) == [Span(page) for page in expected]
