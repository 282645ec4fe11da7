"""Workbooks come out as one page a sheet, with values as people see them."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from kimi_files.errors import DamagedFile
from kimi_files.extract import sheets as reader
from kimi_files.extract.office import by_office_oxide
from kimi_files.extract.office.package import Package
from kimi_files.formats import XLSX
from tests.engine.extract.reading import read
from tests.samples.sheets import Sheet, date, formula, number, text, truth, xlsx

FILES = Path(__file__).parents[2] / "samples" / "files"

POSITIONS = Sheet(
    "Positions",
    {
        "A1": text("position"),
        "B1": text("hours"),
        "C1": text("day"),
        "D1": text("done"),
        "A2": text("shaft | nine&#10;spare"),
        "B2": number(62.0),
        "C2": date(45_000),
        "D2": truth(True),
        "A3": text("sum"),
        "B3": formula("SUM(B2:B2)", 62.5),
    },
)


def test_values_come_as_people_see_them() -> None:
    reading = read(reader.read, xlsx([POSITIONS]), "a.xlsx")

    assert [(page.label, page.kind, page.title) for page in reading.pages] == [("Positions", "sheet", "Positions")]
    assert reading.texts == [
        "| position | hours | day | done |\n| --- | --- | --- | --- |\n"
        "| shaft \\| nine<br>spare | 62 | 2023-03-15 | TRUE |\n| sum | 62.5 |  |  |"
    ]


def test_sheets_keep_their_order_and_hidden_ones_are_marked() -> None:
    content = xlsx(
        [
            Sheet("Überblick", {"A1": text("seen")}),
            Sheet("Rates", {"A1": text("unseen")}, state="hidden"),
            Sheet("价格", {"A1": text("never seen")}, state="veryHidden"),
        ]
    )

    reading = read(reader.read, content, "a.xlsx")

    assert [(page.label, page.hidden) for page in reading.pages] == [
        ("Überblick", False),
        ("Rates", True),
        ("价格", True),
    ]
    assert reading.outline == [(1, "Überblick", 1), (1, "Rates", 2), (1, "价格", 3)]
    assert reading.warnings == ["Hidden in the workbook, given here all the same: Rates, 价格."]


def test_merged_cells_leave_the_grid_in_order() -> None:
    cells_ = {"A1": text("Both"), "C1": text("Third"), "A2": text("a"), "B2": text("b"), "C2": text("c")}

    assert read(reader.read, xlsx([Sheet("S", cells_, merged=["A1:B1"])]), "a.xlsx").texts == [
        "| Both |  | Third |\n| --- | --- | --- |\n| a | b | c |"
    ]


def test_one_cell_far_out_does_not_explode_into_empty_cells() -> None:
    far = Sheet("Far", {"A1": text("near"), "B2": date(45_000.5), "C3": number(1.0), "XFD1048576": text("far")})

    reading = read(reader.read, xlsx([far, POSITIONS]), "a.xlsx")

    assert reading.texts[0] == "A1: near\nB2: 2023-03-15 12:00:00\nC3: 1\nXFD1048576: far"
    assert "| 2023-03-15 |" in reading.texts[1]
    assert [page.label for page in reading.pages] == ["Far", "Positions"]


def test_without_office_oxide_the_sheets_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    content = xlsx([POSITIONS, Sheet("Second", {"A1": text("one"), "B1": text("two")}, state="hidden")])
    with_it = read(reader.read, content, "a.xlsx")

    monkeypatch.setitem(sys.modules, "office_oxide", None)

    assert not by_office_oxide.is_installed()
    assert read(reader.read, content, "a.xlsx") == with_it


def test_a_binary_workbook_is_read_without_office_oxide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "office_oxide", None)

    assert "shaft nine" in read(reader.read, (FILES / "positions.xls").read_bytes(), "a.xls").texts[0]


def test_two_sheets_of_one_name_have_two_labels() -> None:
    names = [reader._Sheet("S", ""), reader._Sheet("", ""), reader._Sheet("S", "")]

    assert reader._labels(names) == ["S", "2", "S 3"]


def test_a_workbook_without_cells_says_so() -> None:
    assert read(reader.read, xlsx([Sheet("Empty")]), "a.xlsx").warnings == ["The workbook has no cells with content."]


def test_dates_of_the_1904_system_are_four_years_later() -> None:
    package = Package(xlsx([Sheet("S", {"A1": date(45_000)})]))
    workbook = package.part("xl/workbook.xml").replace(b"<sheets>", b'<workbookPr date1904="1"/><sheets>')

    assert "2027-03-16" in read(reader.read, package.rewritten({"xl/workbook.xml": workbook}), "a.xlsx").texts[0]


def test_a_workbook_cut_off_is_a_typed_error() -> None:
    content = xlsx([POSITIONS])

    with pytest.raises(DamagedFile):
        list(reader.read(io.BytesIO(content[: len(content) // 2]), "a.xlsx", XLSX))


def test_the_binary_format_is_read() -> None:
    reading = read(reader.read, (FILES / "positions.xls").read_bytes(), "positions.xls")

    assert [(page.label, page.hidden) for page in reading.pages] == [("Positions", False), ("Rates", True)]
    assert "| shaft nine | 62 | 2023-03-15 |" in reading.texts[0]


def test_csv_under_the_name_of_a_workbook_is_read_as_a_table() -> None:
    assert read(reader.read, b"a,b\n1,2\n", "a.xls").texts == ["| a | b |\n| --- | --- |\n| 1 | 2 |"]
