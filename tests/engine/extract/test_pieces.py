"""Cutting loses nothing, and every part can be sent."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from kimi_files.extract.document import PIECE_CHARACTERS
from kimi_files.extract.pieces import cut, outline_entry, page_texts

line_ends = st.lists(st.sampled_from(["\r\n", "\r", "\n", "a", "中", "😀"]), max_size=60).map("".join)


@given(st.lists(line_ends, max_size=5), st.integers(min_value=2, max_value=9))
def test_cut_parts_together_are_the_text(texts: list[str], size: int) -> None:
    parts = list(cut(texts, size))
    assert "".join(parts) == "".join(texts)
    assert all(0 < len(part) <= size for part in parts)


@given(line_ends, st.integers(min_value=2, max_value=9))
def test_no_cut_stands_between_carriage_return_and_line_feed(text: str, size: int) -> None:
    parts = list(cut([text], size))
    assert not any(left.endswith("\r") and right.startswith("\n") for left, right in pairwise(parts))


def test_both_layers_are_complete_when_one_is_longer() -> None:
    text, plain = "x" * (2 * PIECE_CHARACTERS + 1), "y" * 10
    events = list(page_texts(3, "iii", "page", None, text, plain))
    assert "".join(event.text for event in events) == text
    assert "".join(event.plain or "" for event in events) == plain
    assert {event.number for event in events} == {3}

    events = list(page_texts(1, "1", "page", None, plain, text))
    assert "".join(event.plain or "" for event in events) == text


def test_a_page_without_text_is_still_one_event() -> None:
    (event,) = page_texts(1, "1", "page", None, "", without_text=True)
    assert event.text == ""
    assert event.plain is None
    assert event.without_text


def test_a_lone_surrogate_can_be_sent() -> None:
    (event,) = page_texts(1, "a\udc80", "text", None, "b\ud800c")
    assert event.text == "b\ufffdc"
    assert event.to_json()


def test_over_long_labels_and_titles_are_shortened() -> None:
    (event,) = page_texts(1, "l" * 500, "sheet", "t" * 500, "x")
    assert len(event.label) == 200
    assert event.title is not None
    assert len(event.title) == 300


def test_a_blank_heading_gives_no_outline_entry() -> None:
    assert outline_entry(" \n ", 1, 1) is None
    entry = outline_entry("Two\nlines", 12, 4)
    assert entry is not None
    assert (entry.title, entry.level, entry.page) == ("Two lines", 9, 4)
