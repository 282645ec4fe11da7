"""Windows over a text: nothing lost, nothing twice, never over the budget."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kimi_files.errors import InvalidCursor
from kimi_files.tokens import estimate_tokens
from kimi_files_tools.pages import select
from kimi_files_tools.text_result import text_result
from kimi_files_tools.window import Position, read_cursor, take_window, write_cursor
from tests.tools.memory import content_of

PAGE = st.text(
    alphabet=st.one_of(st.sampled_from("abc de.\n\r\t|#*中文。"), st.characters(exclude_categories=["Cs"])),
    max_size=600,
)


@given(pages=st.lists(PAGE, min_size=1, max_size=5), budget=st.integers(1, 300), piece=st.integers(1, 200))
@settings(max_examples=150)
async def test_walking_cursors_yields_every_character_once(pages, budget, piece):
    content = content_of(pages, piece=piece)
    spans = await select(content, "")
    seen = [""] * len(pages)
    start: Position | None = None
    for _ in range(10_000):
        window = await take_window(content, spans, start, budget)
        for part in window.parts:
            assert part.start == len(seen[part.page - 1])
            seen[part.page - 1] += part.text
        if window.next is None:
            break
        cursor = write_cursor(content, window.next)
        assert read_cursor(content, cursor) == window.next
        assert window.next != start
        start = window.next
    assert seen == pages


@given(
    pages=st.lists(PAGE, min_size=1, max_size=5),
    max_tokens=st.integers(500, 1200),
    kind=st.sampled_from(["page", "text"]),
)
@settings(max_examples=100)
async def test_a_result_is_never_over_its_budget(pages, max_tokens, kind):
    content = content_of([page * 9 for page in pages[: 1 if kind == "text" else None]], kind=kind)
    start: Position | None = None
    for _ in range(60):
        result = await text_result(content, await select(content, ""), start, "", max_tokens)
        assert estimate_tokens(result) <= max_tokens
        found = re.search(r'next: cursor="((?:[^"\\]|\\.)*)"', result.split("<file-text")[0])
        if found is None:
            break
        start = read_cursor(content, found.group(1))


async def test_a_long_page_is_cut_where_a_reader_would_pause():
    content = content_of(["First paragraph with words.\n\n" * 40 + "x" * 3000])
    window = await take_window(content, await select(content, ""), None, 120)
    assert window.parts[0].text.endswith("\n\n")
    assert window.next == Position(1, len(window.parts[0].text))


async def test_a_windows_line_end_is_never_cut_in_two():
    content = content_of(["word word\r\n" * 500])
    start = None
    for _ in range(200):
        window = await take_window(content, await select(content, ""), start, 37)
        assert not window.parts[-1].text.endswith("\r")
        if window.next is None:
            return
        start = window.next
    raise AssertionError("the walk did not end")


@pytest.mark.parametrize("cursor", ["", "9", "9:0", "x:0:0000", "1:99999:{check}", "nine:0:{check}", "1:0:zzzz"])
async def test_a_cursor_that_is_not_of_this_file_is_refused(cursor):
    content = content_of(["one", "two"])
    with pytest.raises(InvalidCursor):
        read_cursor(content, cursor.format(check=content.sha256[:4]))


async def test_a_cursor_of_another_file_is_refused():
    ours, other = content_of(["one", "two"]), content_of(["three", "four"])
    with pytest.raises(InvalidCursor, match="another file"):
        read_cursor(ours, write_cursor(other, Position(2, 0)))


async def test_a_cursor_may_carry_any_label():
    content = content_of(["one", "two"], labels=["Q1: plan", 'say "so"'], kind="sheet")
    for page in (1, 2):
        assert read_cursor(content, write_cursor(content, Position(page, 1))) == Position(page, 1)
