"""What a library lost is put back where it stood, and nothing twice."""

from __future__ import annotations

from kimi_files.extract.office.losses import COMMENT, DELETED, END, Line, with_lost
from kimi_files.extract.office.markdown import Block


def lines(*texts: str) -> list[Line]:
    return [Line((text,)) for text in texts]


def test_what_is_there_stays_as_it_is() -> None:
    blocks = [Block("# Title", 1), Block("A **bold** word"), Block("| a | b |\n| --- | --- |\n| c | d |")]

    there = [Line(("Title",)), Line(("A bold word",)), Line(("a", "b")), Line(("c", "d"))]

    assert with_lost(blocks, there) == blocks


def test_a_lost_paragraph_comes_back_behind_the_one_before_it() -> None:
    found = with_lost([Block("first"), Block("third")], lines("first", "second words", "third"))

    assert [block.text for block in found] == ["first", "second words", "third"]


def test_a_paragraph_that_stands_twice_is_lost_once_if_the_library_has_it_once() -> None:
    found = with_lost([Block("same words"), Block("end")], lines("same words", "same words", "end"))

    assert [block.text for block in found] == ["same words", "same words", "end"]


def test_a_garbled_paragraph_is_not_told_twice() -> None:
    found = with_lost([Block("1. The ??? was found to be in order")], lines("The turbine was found to be in order"))

    assert [block.text for block in found] == ["1. The turbine was found to be in order"]


def test_marks_stand_in_the_librarys_own_block() -> None:
    line = Line((f"We pay {DELETED}ten{END}twelve{COMMENT}.",), ("[comment: sure?]",))

    found = with_lost([Block("## We pay tentwelve.[^1]", 2)], [line])

    assert found == [Block("## We pay [deleted: ten]twelve [comment: sure?].[^1]", 2)]


def test_a_comment_on_a_cell_follows_its_table() -> None:
    blocks = [Block("| a | b |\n| --- | --- |"), Block("end")]

    found = with_lost(blocks, [Line((f"a{COMMENT}", "b"), ("[comment: which?]",)), Line(("end",))])

    assert [block.text for block in found][1:] == ["[comment: which?]", "end"]
