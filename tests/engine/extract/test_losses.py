"""What a library lost is put back where it stood, and nothing twice."""

from __future__ import annotations

from kimi_files.extract.office.losses import COMMENT, DELETED, END, INSERTED, SIGN, Line, with_lost
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


def test_what_is_marked_in_a_row_stands_in_its_cells() -> None:
    blocks = [Block("| a | b | c |\n| --- | --- | --- |\n| d |  | e |"), Block("end")]
    rows = [Line((f"a{COMMENT}", "b", "c"), ("[comment: which?]",)), Line(("d", "", f"{INSERTED}e{END}"))]

    found = with_lost(blocks, [*rows, Line(("end",))])

    assert [block.text for block in found] == [
        "| a [comment: which?] | b | c |\n| --- | --- | --- |\n| d |  | [inserted: e] |",
        "end",
    ]


def test_what_is_marked_in_a_list_stands_in_its_point_and_nowhere_else() -> None:
    blocks = [Block("1. first\n2. pay tentwelve\n   a. and 216 (")]
    there = lines("first", f"pay {DELETED}ten{END}twelve", f"and 2{SIGN}^16 {SIGN}σ")

    assert with_lost(blocks, there) == [Block("1. first\n2. pay [deleted: ten]twelve\n   a. and 2^16 σ")]


def test_a_sign_at_the_end_of_a_line_does_not_join_it_to_the_next() -> None:
    assert with_lost([Block("one ("), Block("two")], lines(f"one {SIGN}", "two")) == [Block("one"), Block("two")]


def test_words_that_are_there_are_not_told_again_for_a_sign() -> None:
    there = lines(f"two 2{SIGN}^16", "and more")

    assert with_lost([Block("two 216 and more")], there) == [Block("two 216 and more")]


def test_a_paragraph_that_begins_with_a_change_keeps_its_mark() -> None:
    line = Line((f"{INSERTED}New words{END} here",))

    assert with_lost([Block("New words here")], [line]) == [Block("[inserted: New words] here")]


def test_a_number_that_was_written_by_hand_is_not_told_twice() -> None:
    line = Line((f"2. Pay {INSERTED}now{END}",))

    assert with_lost([Block("2. Pay now")], [line]) == [Block("2. Pay [inserted: now]")]


def test_another_reading_of_lost_lines_is_left_out() -> None:
    blocks = [Block("Beginning of it"), Block("Žluťoučký kůň úpěl"), Block("The end of it")]

    found = with_lost(blocks, lines("Beginning of it", "Wrong pages of code", "The end of it"))

    assert [block.text for block in found] == ["Beginning of it", "Wrong pages of code", "The end of it"]
