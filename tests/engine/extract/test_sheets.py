"""Workbooks come out as one page a sheet, with values as people see them."""

from __future__ import annotations

import io
import sys
import zipfile
from pathlib import Path

import pytest

from kimi_files.errors import DamagedFile
from kimi_files.extract import sheets as reader
from kimi_files.extract.office import by_office_oxide
from kimi_files.extract.office.package import Package
from kimi_files.formats import XLSX
from tests.engine.extract.reading import read
from tests.samples.package import relations
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
    # Later programs have an element of the same name among their extensions.
    workbook = workbook.replace(
        b"</workbook>", b'<ext xmlns:x="x"><x:workbookPr chartTrackingRefBase="1"/></ext></workbook>'
    )

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


def test_a_formula_without_a_result_is_given_as_it_is() -> None:
    """As libraries write them, which do not reckon."""
    content = xlsx([Sheet("S", {"A1": number(2), "B1": "><f>_xlfn.IFS(A1*2&lt;5,1)</f>"})])

    assert read(reader.read, content, "a.xlsx").texts == ["| 2 | =IFS(A1*2<5,1) |\n| --- | --- |"]


@pytest.mark.parametrize("value", ["<v></v>", "<v/>", "<v /><!-- read by a parser -->"])
def test_a_formula_with_an_empty_text_as_its_result_shows_nothing(value: str) -> None:
    content = xlsx([Sheet("S", {"A1": number(2), "B1": f' t="str"><f>IF(A1=2,"",A1)</f>{value}', "B2": text("under")})])

    assert read(reader.read, content, "a.xlsx").texts == ["| 2 |  |\n| --- | --- |\n|  | under |"]


def test_signs_that_xml_cannot_carry_are_told() -> None:
    content = xlsx([Sheet("S", {"A1": text("one_x000D_&#10;two"), "B1": text("_x005F_x0041_ stays")})])

    assert read(reader.read, content, "a.xlsx").texts == ["| one<br>two | _x0041_ stays |\n| --- | --- |"]


def test_a_package_with_other_folders_is_read_by_its_relations() -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(xlsx([POSITIONS]))) as package, zipfile.ZipFile(content, "w") as renamed:
        for name in package.namelist():
            part = package.read(name)
            if name == "_rels/.rels":
                part = part.replace(b"xl/", b"tables/")
            renamed.writestr(name.replace("xl/", "tables/"), part)

    assert read(reader.read, content.getvalue(), "a.xlsx").texts == read(reader.read, xlsx([POSITIONS]), "a.xlsx").texts


def test_what_stands_beside_the_cells_is_told() -> None:
    """A thread of comments with its authors, words of a diagram, headers and footers without their codes."""
    related = relations(
        {
            "rId1": ("comments", "../comments1.xml"),
            "rId2": ("threadedComment", "../threadedComments/threadedComment1.xml"),
            "rId3": ("drawing", "../drawings/drawing1.xml"),
        }
    )
    thread = "[Threaded comment]\n\nYour version of Excel allows you to read this.\n\nComment:\n    Why 62?"
    parts = {
        "xl/worksheets/_rels/sheet1.xml.rels": related,
        "xl/comments1.xml": f'<comments xmlns="m"><authors><author>tc={{1}}</author></authors><commentList>'
        f'<comment ref="B2" authorId="0"><text><t>{thread}</t></text></comment></commentList></comments>',
        "xl/threadedComments/threadedComment1.xml": '<ThreadedComments xmlns="m">'
        '<threadedComment ref="B2" personId="{A}"><text>Why 62?</text></threadedComment>'
        '<threadedComment ref="B2" personId="{B}"><text>Counted twice</text></threadedComment></ThreadedComments>',
        "xl/persons/person.xml": '<personList xmlns="m"><person displayName="Ada" id="{A}"/>'
        '<person displayName="Bob" id="{B}"/></personList>',
        "xl/drawings/drawing1.xml": '<wsDr xmlns="m"/>',
        "xl/drawings/_rels/drawing1.xml.rels": relations({"rId1": ("diagramData", "../diagrams/data1.xml")}),
        "xl/diagrams/data1.xml": '<dataModel xmlns="m"><ptLst><pt><t><p><r><t>Plan</t></r></p></t></pt></ptLst></dataModel>',
    }
    heads = (
        '<headerFooter><oddHeader>&amp;L&amp;"Arial,Bold"&amp;12R&amp;&amp;D plan&amp;RPage &amp;P</oddHeader>'
        "<oddFooter>&amp;CPage &amp;P of &amp;N</oddFooter></headerFooter>"
    )
    content = xlsx([Sheet("S", {"B2": number(62)}, heads=heads)], parts)

    text = read(reader.read, content, "a.xlsx").texts[0]

    assert text.partition("\n\n")[2] == (
        "- Plan\n\n[comment on B2 (Ada): Why 62?]\n\n[comment on B2 (Bob): Counted twice]\n\n"
        "Headers and footers:\nR&D plan Page"
    )


def test_powers_and_ticks_of_cells_and_what_is_hidden_on_a_sheet_are_told() -> None:
    power = (
        't="s"><v>0</v>',
        '<sst><si><r><t>10</t></r><r><rPr><vertAlign val="superscript"/></rPr><t>6</t></r><r><t> m</t></r></si></sst>',
    )
    content = xlsx(
        [Sheet("Data", {"A1": power[0], "B1": text("\uf0fc"), "A2": text("x"), "C3": text("y"), "A4": text("z")})]
    )
    package = Package(content)
    sheet = package.part("xl/worksheets/sheet1.xml")
    for row in (b'<row r="2"', b'<row r="3"'):
        sheet = sheet.replace(row, row + b' hidden="1"')
    sheet = sheet.replace(b"<sheetData", b'<cols><col min="3" max="5" hidden="1"/></cols><sheetData')
    workbook = package.part("xl/_rels/workbook.xml.rels").replace(
        b"</Relationships>",
        b'<Relationship Id="rIdS" Type="x/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
    )
    changed = io.BytesIO(package.rewritten({"xl/worksheets/sheet1.xml": sheet, "xl/_rels/workbook.xml.rels": workbook}))
    with zipfile.ZipFile(changed, "a") as container:
        container.writestr("xl/sharedStrings.xml", power[1])

    assert read(reader.read, changed.getvalue(), "a.xlsx").texts == [
        "| 10^6 m | ✓ |  |\n| --- | --- | --- |\n| x |  |  |\n|  |  | y |\n| z |  |  |\n\n"
        "[hidden on this sheet, given here all the same: rows 2-3; columns C]"
    ]
