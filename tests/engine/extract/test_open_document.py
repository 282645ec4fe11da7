"""OpenDocument files, RTF and binary workbooks give what is in them, in pages."""

from __future__ import annotations

import struct

import pytest

from kimi_files.errors import DamagedFile, PasswordRequired
from kimi_files.extract import sheets, slides, word
from tests.engine.extract.reading import read
from tests.samples.open_document import cell, flat, open_document, paragraph, record, row, sheet, slide, wide, xlsb
from tests.samples.package import relations


def text_of(body: str, **more: str) -> str:
    return "\n\n".join(read(word.read, open_document("text", body, **more), "a.odt").texts)  # type: ignore[arg-type]


def test_headings_links_and_blanks_stay() -> None:
    reading = read(
        word.read,
        open_document(
            "text",
            '<text:h text:outline-level="2">First  things</text:h>'
            '<text:p>two<text:s text:c="3"/>blanks,\n one<text:tab/>tab, '
            '<text:a xlink:href="https://example.org/x">a link</text:a><text:line-break/>'
            "and <text:span>more</text:span></text:p>",
        ),
        "a.odt",
    )
    assert reading.texts == [
        "## First things\n\ntwo   blanks, one\ttab, [a link](https://example.org/x)\nand more",
    ]
    assert reading.outline == [(2, "First things", 1)]


def test_notes_comments_and_tracked_changes_are_told_from_the_text() -> None:
    changes = (
        '<text:tracked-changes><text:changed-region text:id="c1"><text:deletion><office:change-info><dc:creator>A'
        "</dc:creator></office:change-info><text:p>old words</text:p></text:deletion></text:changed-region>"
        "</text:tracked-changes>"
    )
    body = (
        changes + '<text:p>Start<text:note text:note-class="footnote"><text:note-citation>7</text:note-citation>'
        "<text:note-body><text:p>The note.</text:p></text:note-body></text:note> "
        '<text:change text:change-id="c1"/><text:change-start text:change-id="c2"/>new<text:change-end/>'
        "<office:annotation><dc:creator>Ann</dc:creator><dc:date>2020</dc:date><text:p>Why?</text:p></office:annotation>"
        ".</text:p><text:p>Next</text:p>"
    )
    assert text_of(body) == (
        "Start[^1] [deleted: old words][inserted: new] [comment by Ann: Why?].\n\n[^1]: The note.\n\nNext"
    )


def test_lists_keep_their_numbers() -> None:
    styles = (
        '<text:list-style style:name="L1"><text:list-level-style-number text:level="1" style:num-format="1" '
        'style:num-suffix=")" text:start-value="3"/><text:list-level-style-number text:level="2" style:num-format="a" '
        'style:num-suffix="."/></text:list-style>'
    )
    points = (
        '<text:list text:style-name="L1"><text:list-item><text:p>three</text:p><text:list><text:list-item>'
        "<text:p>inner</text:p></text:list-item></text:list></text:list-item><text:list-item><text:p>four</text:p>"
        "</text:list-item></text:list>"
    )
    more = (
        '<text:list text:style-name="L1" text:continue-numbering="true">'
        "<text:list-item><text:p>five</text:p></text:list-item></text:list>"
    )
    plain = "<text:list><text:list-item><text:p>dot</text:p></text:list-item></text:list>"
    deeper = (
        '<text:list text:style-name="L1"><text:list-item><text:list><text:list-item><text:p>alone</text:p>'
        "</text:list-item></text:list></text:list-item></text:list>"
    )
    assert text_of(points + more + plain, styles=styles) == "3) three\n   a. inner\n4) four\n\n5) five\n\n- dot"
    assert text_of(deeper, styles=styles) == "  a. alone"


def test_powers_and_ticks_are_told() -> None:
    styles = '<style:style style:name="T1"><style:text-properties style:text-position="super 58%"/></style:style>'
    raised = '<text:span text:style-name="T1">'
    body = f"<text:p>2{raised}16</text:span>, the 3{raised}rd</text:span> \uf0fc</text:p>"

    assert text_of(body, styles=styles) == "2^16, the 3rd ✓"


def test_tables_text_boxes_pictures_formulas_headers_and_footers_are_all_there() -> None:
    body = (
        '<table:table><table:table-header-rows><table:table-row><table:table-cell table:number-columns-spanned="2">'
        "<text:p>Both</text:p></table:table-cell><table:covered-table-cell/></table:table-row></table:table-header-rows>"
        "<table:table-row><table:table-cell><text:p>a|b</text:p></table:table-cell><table:table-cell><text:p>c</text:p>"
        "<text:p>d</text:p></table:table-cell></table:table-row></table:table>"
        "<text:p>Before <draw:frame><draw:object xlink:href='./Object 1'/></draw:frame> after"
        "<draw:frame><svg:title>A cat</svg:title><svg:desc>asleep</svg:desc><draw:text-box><text:p>In the box</text:p>"
        "</draw:text-box></draw:frame></text:p>"
    )
    formula = (
        '<!DOCTYPE math PUBLIC "-//OpenOffice.org//DTD Modified W3C MathML 1.01//EN" "math.dtd"><math><semantics>'
        '<mi>E</mi><annotation encoding="StarMath 5.0">E = m c^2</annotation></semantics></math>'
    )
    text = "\n\n".join(
        read(
            word.read,
            open_document(
                "text",
                body,
                master="<style:header><text:p>Top</text:p></style:header><style:footer><text:p>Foot</text:p></style:footer>",
                extra={"Object 1/content.xml": formula},
            ),
            "a.odt",
        ).texts
    )
    assert text == (
        "| Both |  |\n| --- | --- |\n| a\\|b | c<br>d |\n\nBefore $E = m c^2$ after\n\n![A cat: asleep](picture)\n\n"
        "In the box\n\nHeaders and footers:\nTop\nFoot"
    )


HIDDEN = (
    '<style:style style:name="gone" style:family="table"><style:table-properties table:display="false"/></style:style>'
    '<style:style style:name="away"><style:drawing-page-properties presentation:visibility="hidden"/></style:style>'
)


def test_sheets_are_pages_with_values_as_shown_and_dates_as_dates() -> None:
    rows = row(cell("Day"), cell("Price"), cell("Share")) + row(
        cell("03.02.21", 'office:value-type="date" office:date-value="2021-02-03T10:30:00.5"'),
        cell("1.234,50 €", 'office:value-type="currency" office:value="1234.5"'),
        cell("", 'office:value-type="float" office:value="7"'),
        cell("", 'table:number-columns-repeated="16381"'),
    )
    more = row(cell(), repeated=2) + row(cell("twice", 'table:number-columns-repeated="2"'), repeated=2)
    body = sheet("Prices", rows + more + row(cell(), repeated=1_048_000)) + sheet("Kept", row(cell("secret")), "gone")
    reading = read(sheets.read, open_document("spreadsheet", body, styles=HIDDEN), "a.ods")
    assert [(page.label, page.hidden) for page in reading.pages] == [("Prices", False), ("Kept", True)]
    assert reading.texts[0] == (
        "| Day | Price | Share |\n| --- | --- | --- |\n| 2021-02-03 10:30:00 | 1.234,50 € | 7 |\n"
        "| twice | twice |  |\n| twice | twice |  |"
    )
    assert reading.warnings == ["Hidden in the workbook, given here all the same: Kept."]


def test_shapes_on_a_sheet_and_covered_cells_are_told() -> None:
    shapes = "<table:shapes><draw:custom-shape><text:p>Beside the cells</text:p></draw:custom-shape></table:shapes>"
    picture = "<draw:frame><draw:text-box><text:p>In a cell</text:p></draw:text-box></draw:frame>"
    covered = "<table:covered-table-cell><text:p>below</text:p></table:covered-table-cell>"
    body = sheet(
        "S",
        shapes
        + row(
            cell("", 'office:value-type="string" office:string-value="a"').replace(
                "</table:table-cell>", f"{picture}</table:table-cell>"
            ),
            covered,
        ),
    )

    assert read(sheets.read, open_document("spreadsheet", body), "a.ods").texts == [
        "| a | below |\n| --- | --- |\n\nBeside the cells\n\nIn a cell"
    ]


def test_one_cell_far_out_does_not_explode() -> None:
    far = row(cell("", 'table:number-columns-repeated="16383"'), cell("far"))
    rows = "".join(row(cell("x"), cell("", 'table:number-columns-repeated="9"'), cell(str(n))) for n in range(2)) + far
    reading = read(sheets.read, open_document("spreadsheet", sheet("S", rows)), "a.ods")
    assert reading.texts == ["A1: x · K1: 0\nA2: x · K2: 1\nXFD3: far"]


def test_what_is_repeated_a_million_times_is_told_and_not_written_out() -> None:
    rows = row(cell("n"), cell("kept")) + row(cell("x"), cell("y"), repeated=1_048_575)
    reading = read(sheets.read, open_document("spreadsheet", sheet("S", rows)), "a.ods")

    lines = reading.texts[0].splitlines()
    written = lines.count("| x | y |")
    assert 10_000 < written < 20_000
    assert lines[-1] == f"| [the row before is repeated {1_048_575 - written:,} times more] |  |"
    assert reading.warnings == ["Repeated so often that the text gives a part and says how often, rows or cells of: S."]


def test_what_is_repeated_as_people_do_is_written_out() -> None:
    rows = row(cell("0", 'table:number-columns-repeated="20"'), repeated=500)
    reading = read(sheets.read, open_document("spreadsheet", sheet("S", rows)), "a.ods")

    assert reading.texts[0].count("| 0") == 500 * 20
    assert not reading.warnings


def test_a_bomb_of_repeated_cells_stays_small() -> None:
    rows = row(cell("xy" * 500, 'table:number-columns-repeated="16000"'), repeated=1_000_000)
    body = sheet("S", rows) + sheet("T", row(cell("x", 'table:number-columns-repeated="999999999"')))
    reading = read(sheets.read, open_document("spreadsheet", body), "a.ods")

    assert sum(map(len, reading.texts)) < 500_000
    assert "[the cell before is repeated 15,870 times more]" in reading.texts[0]
    assert "| [the row before is repeated 999,999 times more] |" in reading.texts[0]
    assert "times more]" in reading.texts[1]


def test_a_table_of_a_text_repeats_rows_and_cells() -> None:
    def text(repeated: int) -> str:
        rows = row(cell("x", 'table:number-columns-repeated="2"'), cell(), repeated=repeated)
        return read(word.read, open_document("text", f"<table:table>{rows}</table:table>"), "a.odt").texts[0]

    assert text(3).splitlines().count("| x | x |") == 3
    assert text(1_000_000_000).splitlines()[-1].startswith("| [the row before is repeated 999,9")


def test_slides_are_pages_with_titles_notes_and_what_is_hidden() -> None:
    body = slide("Results", paragraph("Up by 4 %"), "Say it slowly") + slide("", paragraph("No title"), style="away")
    reading = read(slides.read, open_document("presentation", body, styles=HIDDEN), "a.odp")
    assert [(page.title, page.hidden) for page in reading.pages] == [("Results", False), (None, True)]
    assert reading.texts == ["## Results\n\nUp by 4 %\n\nNotes:\nSay it slowly", "No title"]
    assert reading.outline == [(1, "Results", 1)]
    assert reading.warnings == ["Slide hidden in the show: 2."]


def test_a_slide_is_read_by_where_its_boxes_stand_and_its_points_by_their_depth() -> None:
    def box(left: float, top: float, body: str) -> str:
        place = f'svg:x="{left}cm" svg:y="{top}cm" svg:width="10cm" svg:height="3cm"'
        return f"<draw:frame {place}><draw:text-box>{body}</draw:text-box></draw:frame>"

    point = "<text:list><text:list-item><text:p>point</text:p></text:list-item></text:list>"
    deeper = (
        "<text:list><text:list-item><text:list><text:list-item><text:p>deeper</text:p></text:list-item></text:list>"
        "</text:list-item></text:list>"
    )
    shapes = (
        box(1, 5, point + deeper + point) + box(12, 5, "<text:p>right</text:p>") + box(1, 1, "<text:p>top</text:p>")
    )
    body = f"<draw:page>{shapes}</draw:page>"

    assert read(slides.read, open_document("presentation", body), "a.odp").texts == [
        "top\n\n- point\n  - deeper\n- point\n\nright"
    ]


def test_files_that_are_not_packed_are_read_as_those_that_are() -> None:
    image = "<draw:frame><draw:image><office:binary-data>aGVsbG8=</office:binary-data></draw:image></draw:frame>"
    text = read(word.read, flat("text", paragraph(f"In one file{image}")), "a.xml")
    book = sheet("Prices", row(cell("1,5"))) + sheet("Kept", row(cell("secret")), "gone")
    workbook = read(sheets.read, flat("spreadsheet", book, HIDDEN), "a.fods")
    show = read(slides.read, flat("presentation", slide("Results", paragraph("Up"), "Slowly")), "a.fodp")

    assert text.texts == ["In one file"]
    assert [(page.label, page.text, page.hidden) for page in workbook.pages] == [
        ("Prices", "| 1,5 |\n| --- |", False),
        ("Kept", "| secret |\n| --- |", True),
    ]
    assert show.texts == ["## Results\n\nUp\n\nNotes:\nSlowly"]


def test_what_is_encrypted_needs_its_password_and_what_is_empty_is_damaged() -> None:
    with pytest.raises(PasswordRequired):
        read(word.read, open_document("text", paragraph("x"), secret=True), "a.odt")
    with pytest.raises(DamagedFile):
        read(word.read, open_document("text", "<text:p>not closed"), "a.odt")


def test_entities_are_refused() -> None:
    bomb = {"content.xml": '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "haha">]><x>&a;</x>'}
    with pytest.raises(DamagedFile, match="declares entities"):
        read(word.read, open_document("text", "", extra=bomb), "a.odt")


def test_rtf_keeps_encodings_tables_and_links() -> None:
    content = (
        rb"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Arial;}}\pard Gr\'fc\'dfe \u8212? {\b bold} line\par "
        rb'{\field{\*\fldinst{HYPERLINK "https://example.org/"}}{\fldrslt{here}}}\par '
        rb"\trowd\cellx1000\cellx2000\intbl a\cell b\cell\row\trowd\cellx1000\cellx2000\intbl c\cell d\cell\row\pard}"
    )
    (text,) = read(word.read, content, "a.rtf").texts
    assert text == "Grüße — bold line\n\n[here](https://example.org/)\n\n| a | b |\n| --- | --- |\n| c | d |"


def test_binary_workbooks_are_sheets() -> None:
    reading = read(sheets.read, xlsb("Übersicht", [["Name", "Zahl"], ["雪", 12.0]]), "a.xlsb")
    assert [page.label for page in reading.pages] == ["Übersicht"]
    assert reading.texts == ["| Name | Zahl |\n| --- | --- |\n| 雪 | 12 |"]


def test_binary_workbooks_are_read_by_their_records() -> None:
    """Packed numbers, shared texts between empty cells, results of formulas, formats, and a comment."""
    shared = record(19, b"\0" + wide("first")) + record(19, b"\0" + wide("second"))
    styles = (
        record(44, struct.pack("<H", 164) + wide("0.0%"))
        + record(617)
        + record(47, struct.pack("<HH", 0, 164) + bytes(12))
        + record(618)
    )
    place = struct.pack("<IIIII", 0, 1, 1, 0, 0) + bytes(16)
    comments = record(632, wide("Ada")) + record(635, place) + record(637, b"\0" + wide("Ada:\nreally?"))
    content = xlsb(
        "S",
        [
            [(7, struct.pack("<I", 1)), (1, b""), (7, struct.pack("<I", 0)), (2, struct.pack("<i", 123 << 2 | 3))],
            [
                (4, b"\1"),
                (11, b"\x2a\0\0"),
                (9, struct.pack("<d", 2.5)),
                (8, wide("told") + b"\0\0"),
                (2, struct.pack("<I", 0x3FD00000)),
            ],
        ],
        {
            "xl/sharedStrings.bin": shared,
            "xl/styles.bin": styles,
            "xl/comments1.bin": comments,
            "xl/worksheets/_rels/sheet1.bin.rels": relations({"rId1": ("comments", "../comments1.bin")}),
        },
    )

    assert read(sheets.read, content, "a.xlsb").texts == [
        "| second |  | first | 123.0% |  |\n| --- | --- | --- | --- | --- |\n| TRUE | #N/A | 250.0% | told | 25.0% |\n\n"
        "[comment on A2 (Ada): really?]"
    ]


def test_rtf_that_the_library_loses_is_read_by_its_words() -> None:
    # The library takes an unknown word before the group for one that hides it.
    content = (
        rb"{\rtf1\ansi{\header Top of page}\pard{\*\hyphen2\hyphlead2}{\i0\*\cs7 The quick \'e4 fox}\par "
        rb"see{\*\annotation {\*\atnid 1}Is it?}{\pict 00ff00}\par}"
    )
    (text,) = read(word.read, content, "a.rtf").texts
    assert "The quick ä fox\n\nsee" in text
    assert text.endswith("[comment: Is it?]\n\nHeaders and footers:\nTop of page")
