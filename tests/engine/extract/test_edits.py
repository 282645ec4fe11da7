"""Parts of a text are replaced in one pass, in bytes as in characters."""

from __future__ import annotations

from kimi_files.extract.edits import edited


def test_words_are_put_in_and_replaced_where_they_belong() -> None:
    assert edited("216 and 3", [(8, 9, "three"), (1, 1, "^")]) == "2^16 and three"
    assert edited(b"216", [(1, 1, b"^")]) == b"2^16"
    assert edited("216", []) == "216"


def test_edits_at_one_place_keep_their_order_and_none_begins_within_another() -> None:
    assert edited("ab", [(1, 1, "]"), (1, 1, "[")]) == "a][b"
    assert edited("abcd", [(0, 3, "x"), (1, 2, "y")]) == "xd"
