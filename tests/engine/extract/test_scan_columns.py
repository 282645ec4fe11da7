"""Which lines of a page are read one after the other."""

from __future__ import annotations

from kimi_files.extract.scan.columns import Line, blocks
from kimi_files.extract.scan.layout import arrange

SIZE, PITCH = 30.0, 42.0


def line(text: str, left: float, top: float, width: float) -> Line:
    return Line(text, left, top, left + width, top + SIZE)


def column(name: str, left: float, top: float, widths: list[float]) -> list[Line]:
    """Lines of running text, each as wide as told."""
    return [line(f"{name} {n} of the running text", left, top + PITCH * n, width) for n, width in enumerate(widths)]


def read(lines: list[Line]) -> list[list[str]]:
    """The first two words of each line, block by block."""
    return [[" ".join(each.text.split()[:2]) for each in block] for block in blocks(lines)]


def names(name: str, count: int) -> list[str]:
    return [f"{name} {n}" for n in range(count)]


def test_columns_whose_lines_stand_on_the_same_heights_are_no_table() -> None:
    widths = [600.0, 590, 600, 200, 580, 600, 300]

    assert read(column("left", 0, 0, widths) + column("right", 640, 0, widths)) == [names("left", 7), names("right", 7)]


def test_a_column_ends_where_lines_are_as_long_as_two() -> None:
    above = [line("above 0 is a line over both columns", 0, 0, 1240), line("above 1", 0, PITCH, 300)]
    lines = above + column("left", 0, 110, [600.0] * 5) + column("right", 640, 110, [600.0] * 5)
    lines += column("below", 0, 120 + 5 * PITCH + 20, [1240.0] * 3)

    assert read(lines) == [names("above", 2), names("left", 5), names("right", 5), names("below", 3)]


def test_a_column_that_grows_narrower_beside_a_picture_stays_one() -> None:
    left = column("left", 0, 0, [600.0] * 4 + [400.0] * 6 + [600.0] * 2)
    note = [line(word, 430, 4 * PITCH + 15 + 34 * n, 150) for n, word in enumerate(("ROOFS OF", "THE OLD", "TOWN"))]
    lines = left + note + column("right", 640, 7, [600.0] * 12)

    assert [block for block in read(lines) if len(block) > 3] == [names("left", 12), names("right", 12)]


def test_the_boxes_of_two_columns_may_touch() -> None:
    lines = column("left", 0, 0, [610.0, 600, 605, 600]) + column("right", 602, 0, [600.0] * 4)

    assert read(lines) == [names("left", 4), names("right", 4)]


def test_columns_of_words_and_figures_are_read_by_rows() -> None:
    rows = [("Bearing", "12", "1,200.00"), ("Seal ring", "4", "80.50"), ("Shaft", "1", "48,300.00")]
    lines = [line(cell, 400.0 * at, 50.0 * n, 120) for n, row in enumerate(rows) for at, cell in enumerate(row)]

    assert len(list(blocks(lines))) == 1


def test_columns_below_a_table_are_parted_from_its_cells() -> None:
    cells = [line("Method of some authors", 0, PITCH * n, 240 + 20 * n) for n in range(5)]
    cells += [line("93.6", 460, PITCH * n, 60) for n in range(5)] + [
        line("F1 score", 700, PITCH * n, 90) for n in range(5)
    ]
    below = column("left", 0, 5 * PITCH, [600.0] * 5) + column("right", 640, 5 * PITCH, [600.0] * 5)

    assert read(cells + below)[-2:] == [names("left", 5), names("right", 5)]


def test_lines_of_a_narrow_part_run_on_though_the_column_is_wider_elsewhere() -> None:
    wide = [line("a line that is as long as the column is wide", 0, PITCH * n, 900) for n in range(7)]
    narrow = [line("a line beside the pic-", 0, PITCH * (7 + n), 440) for n in range(16)]

    assert "a line beside the pica line beside the pica line" in "".join(part.text for part in arrange(wide + narrow))
