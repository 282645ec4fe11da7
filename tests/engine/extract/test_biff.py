"""Binary workbooks by their own records: values as they are shown, and what stands beside the cells."""

from __future__ import annotations

import io
import struct

import pytest

from kimi_files.errors import PasswordRequired
from kimi_files.extract import sheets as reader
from kimi_files.formats import XLS
from tests.engine.extract.reading import read
from tests.samples.biff import Sheet, biff, comment, encrypted, formula, link, number, packed, record, shared

FORMATS = ["yyyy\\-mm\\-dd", "#,##0.00", "0%"]


def test_values_are_those_that_a_spreadsheet_shows() -> None:
    cells = [
        shared(0, 0, 0),
        shared(0, 1, 1),
        number(1, 0, 45_000, style=1),
        number(1, 1, 1234.5, style=2),
        formula(2, 0, 0.125, style=3),
        formula(2, 1, "total"),
        packed(3, 0, [1, -2]),
        formula(4, 1, True),
    ]

    text = read(reader.read, biff([Sheet("S", cells)], ["Day", "Überblick 价格"], FORMATS), "a.xls").texts[0]

    assert text == (
        "| Day | Überblick 价格 |\n| --- | --- |\n| 2023-03-15 | 1,234.50 |\n| 13% | total |\n| 1 | -2 |\n|  | TRUE |"
    )


def test_hidden_sheets_are_marked_and_labels_are_names() -> None:
    found = [
        Sheet("价格", [number(0, 0, 1)]),
        Sheet("Rates", [number(0, 0, 2)], 1),
        Sheet("Deep", [number(0, 0, 3)], 2),
    ]

    reading = read(reader.read, biff(found, [], []), "a.xls")

    assert [(page.label, page.hidden) for page in reading.pages] == [("价格", False), ("Rates", True), ("Deep", True)]


def test_comments_and_links_stay_with_their_cells() -> None:
    cells = [shared(0, 0, 0), link(0, 0, "https://example.com/r"), comment(0, 0, "Mai", "Is this agreed?")]

    text = read(reader.read, biff([Sheet("S", cells)], ["report"], []), "a.xls").texts[0]

    assert text == "| [report](https://example.com/r) |\n| --- |\n\n[comment on A1 (Mai): Is this agreed?]"


def test_texts_that_are_cut_between_records_are_whole() -> None:
    strings = [f"{turn} " + "价" * 3_000 for turn in range(9)]

    text = read(reader.read, biff([Sheet("S", [shared(n, 0, n) for n in range(9)])], strings, []), "a.xls").texts[0]

    assert all(f"| {string} |" in text for string in strings)


def test_one_cell_far_out_does_not_explode_into_empty_cells() -> None:
    content = biff(
        [Sheet("S", [number(0, 0, 1), *(number(row, 0, row) for row in range(1, 200)), number(200, 255, 7)])], [], []
    )

    assert read(reader.read, content, "a.xls").texts[0].endswith("IV201: 7")


def test_a_workbook_that_is_cut_off_says_so() -> None:
    content = biff([Sheet("S", [number(row, 0, row) for row in range(9)])], [], [])

    reading = read(reader.read, content[:-30], "a.xls")

    assert reading.warnings == ["The file is cut off: cells are missing at the end of S."]
    assert "| 6 |" in reading.texts[0]


def test_an_encrypted_workbook_asks_for_its_password() -> None:
    start = biff([], [], [])[:20]

    with pytest.raises(PasswordRequired):
        list(reader.read(io.BytesIO(start + record(0x002F, bytes(54)) + record(0x000A, b"")), "a.xls", XLS))


@pytest.mark.parametrize("is_new", [False, True])
def test_a_workbook_that_excel_encrypts_without_asking_is_read(is_new: bool) -> None:
    texts = [f"text {number}" for number in range(300)]
    sheet = Sheet("Protected", [shared(row, 0, row) for row in range(300)])

    reading = read(reader.read, encrypted([sheet], texts, "VelvetSweatshop", is_new=is_new), "a.xls")

    assert reading.pages[0].label == "Protected"
    assert all(text in reading.texts[0] for text in texts)


@pytest.mark.parametrize("is_new", [False, True])
def test_a_workbook_with_a_password_of_its_author_asks_for_it(is_new: bool) -> None:
    content = encrypted([Sheet("Secret", [shared(0, 0, 0)])], ["text"], "correct horse", is_new=is_new)

    with pytest.raises(PasswordRequired):
        read(reader.read, content, "a.xls")


def test_powers_and_what_is_hidden_on_a_sheet_are_told() -> None:
    rows = record(0x0208, struct.pack("<H10xHH", 1, 0x20, 0)) + record(0x007D, struct.pack("<HHHHH", 1, 3, 9, 15, 1))
    cells = [rows, shared(0, 0, 0), number(1, 0, 5), number(2, 1, 6)]
    plain, high = struct.pack("<5H", 200, 0, 8, 400, 0), struct.pack("<5H", 200, 0, 8, 400, 1)
    fonts = b"".join(record(0x0031, font + bytes(6)) for font in (plain, plain, plain, plain, high))
    content = biff([Sheet("Data", cells)], ["Area in 106 m"], [], filepass=fonts)
    text = struct.pack("<HB", 13, 1) + "Area in 106 m".encode("utf-16-le")
    runs = struct.pack("<HHHH", 10, 5, 11, 0)
    rich = struct.pack("<HBH", 13, 9, 2) + text[3:] + runs
    # The longer text moves what stands behind it.
    old, new = record(0x00FC, struct.pack("<II", 1, 1) + text), record(0x00FC, struct.pack("<II", 1, 1) + rich)
    moved = content.replace(old, new)
    listed = moved.index(b"\x85\x00") + 4
    offset = struct.unpack_from("<I", moved, listed)[0] + len(new) - len(old)
    moved = moved[:listed] + struct.pack("<I", offset) + moved[listed + 4 :]

    assert read(reader.read, moved, "a.xls").texts == [
        "| Area in 10^6 m |  |\n| --- | --- |\n| 5 |  |\n|  | 6 |\n\n"
        "[hidden on this sheet, given here all the same: rows 2; columns B]"
    ]
