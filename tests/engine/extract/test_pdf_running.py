"""A running header or footer is a line of its page, however large; a title that some pages begin with stays a heading."""

from __future__ import annotations

import re

import pytest

from kimi_files.extract import pdf as reader
from kimi_files.extract.pdf_page.running import RunningHeadings
from tests.engine.extract.reading import read
from tests.samples.pdf import Page, pdf

_HEADER = "Harbour Handbook, Release 12.18"
_BODY = "Ships are told by their flags."


@pytest.mark.parametrize(
    ("first", "last", "is_running"),
    [
        pytest.param([f"# {_HEADER}"] * 9, [_BODY] * 9, True, id="the same on each page"),
        pytest.param(["# #1 harbours"] * 9, [_BODY] * 9, True, id="with a number sign of its own"),
        pytest.param([f"# {_HEADER}", _BODY] * 5, [_BODY] * 10, True, id="on each left page"),
        pytest.param([f"## {n} Harbours" if n > 5 else _BODY for n in range(9)], [_BODY] * 9, True, id="page number"),
        pytest.param([_BODY] * 9, [f"### 3.{n} Flags {n + 8}" for n in range(9)], True, id="page number at the foot"),
        pytest.param([f"# {_HEADER}"] * 2 + [_BODY] * 3, [_BODY] * 5, False, id="on two pages"),
        pytest.param([f"# {_HEADER}"] * 3 + [_BODY] * 9, [_BODY] * 12, False, id="on a few pages"),
        pytest.param([f"# Exercise {n}" for n in range(9)], [_BODY] * 9, False, id="one on each page"),
        pytest.param([f"# Chapter {n * n}" for n in range(9)], [_BODY] * 9, False, id="another number"),
        pytest.param([f"# Part {'ABCDEFGHI'[n]}" for n in range(9)], [_BODY] * 9, False, id="another letter"),
    ],
)
def test_a_heading_at_the_edge_of_many_pages_is_none(first: list[str], last: list[str], is_running: bool) -> None:
    pages = [f"{above}\n\n{_BODY}\n\n{below}" for above, below in zip(first, last, strict=True)]
    running = RunningHeadings()
    for number, page in enumerate(pages, start=1):
        running.add(page, number)

    found = [running.without(page, number) for number, page in enumerate(pages, start=1)]

    plain = [re.sub("^#+ ", "", page, flags=re.MULTILINE) for page in pages]
    if pages[0] == pages[2]:
        plain[0] = pages[0]  # it may be the title
    assert found == (plain if is_running else pages)


def test_the_words_of_a_running_heading_stay_on_each_page() -> None:
    pages = [Page([f"# {_HEADER}", *[f"{_BODY} They are hoisted in the morning and taken down at night."] * 4])] * 5

    texts = read(reader.read, pdf(pages), "a.pdf").texts

    assert all(text.lstrip("# ").startswith(_HEADER) for text in texts)
    assert not any("#" in text for text in texts[1:])
