"""Tables of a PDF come out with their rows and columns, however they are drawn; what is no table comes as text."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from kimi_files.extract import pdf as reader
from kimi_files.extract.pdf_page.layout import put_right
from kimi_files.extract.pdf_page.styles import Styles
from kimi_files.extract.pdf_page.words import PageWords
from tests.engine.extract.reading import read
from tests.samples.pdf import HEIGHT, Page, pdf, rule, write

_PROSE = [
    "The harbour office has counted all ships that",
    "came in between the first of May and the last",
    "of August, and has asked each captain for the",
    "weight of what was brought to land and for the",
    "number of days that the ship had been at sea",
    "before it reached the outer mark of the port.",
]


def _read(page: Page) -> str:
    return read(reader.read, pdf([page]), "a.pdf").pages[0].text


def _tables(text: str) -> list[list[list[str]]]:
    tables: list[list[list[str]]] = []
    inside = False
    for line in text.splitlines():
        if line.startswith("|"):
            if not inside:
                tables.append([])
            if not line.startswith("|---"):
                tables[-1].append([cell.strip(" *") for cell in line.strip("|").split("|")])
        inside = line.startswith("|")
    return tables


def _ruled(xs: list[int], ys: list[int]) -> str:
    across = [rule(xs[0], y, xs[-1], y) for y in ys]
    return " ".join(across + [rule(x, ys[0], x, ys[-1]) for x in xs])


def _rows(rows: list[list[str]], lefts: list[float], top: float, step: float = 14) -> str:
    parts = [
        write(left, top - step * number, text, 10)
        for number, row in enumerate(rows)
        for left, text in zip(lefts, row, strict=True)
        if text
    ]
    return " ".join(parts)


def test_rows_that_stand_close_in_a_ruled_table_stay_rows() -> None:
    rows = [["Port", "Ships", "Tons"], ["Kiel", "12", "480"], ["Riga", "9", "310"], ["Turku", "31", "1,200"]]
    lines = _ruled([70, 200, 300, 400], [600, 582, 540])  # one line under the head, none between the rows
    text = _read(Page(_PROSE[:2], operators=f"{lines} {_rows(rows, [75, 205, 305], 586, 13)}"))

    assert _tables(text) == [rows]


def test_a_merged_cell_stands_once_over_its_columns() -> None:
    lines = [*(rule(70, y, 430, y) for y in (600, 560, 540, 520)), *(rule(x, 600, x, 520) for x in (70, 190, 430))]
    lines += [rule(190, 580, 430, 580), rule(310, 580, 310, 520)]
    head = f"{write(75, 575, 'Harbour', 10)} {write(280, 585, 'Ships', 10)}"
    rows = [["", "Spring", "Autumn"], ["Kiel", "12", "14"], ["Riga", "9", "7"]]

    text = _read(Page(_PROSE[:2], operators=f"{' '.join(lines)} {head} {_rows(rows, [75, 200, 320], 565, 20)}"))

    assert _tables(text) == [[["Harbour", "Ships", ""], *rows]]


def test_the_lines_of_one_cell_are_one_row() -> None:
    lines = _ruled([70, 200, 430], [600, 580, 540, 500])
    rows = [["Name", "Duty"], ["Master", "Keeps the book of arrivals and"], ["", "answers for the pilots"]]
    words = f"{_rows(rows, [75, 205], 585)} {_rows([['Clerk', 'Sends the bills']], [75, 205], 525)}"

    assert _tables(_read(Page(_PROSE[:2], operators=f"{lines} {words}"))) == [
        [
            ["Name", "Duty"],
            ["Master", "Keeps the book of arrivals and answers for the pilots"],
            ["Clerk", "Sends the bills"],
        ]
    ]


def test_a_table_with_lines_only_over_and_under_it_has_its_columns() -> None:
    rows = [
        ["Method", "Mean", "Error", "Runs"],
        ["By hand", "0.87", "0.07", "12"],
        ["By machine", "0.91", "0.03", "40"],
    ]
    lines = " ".join(rule(70, y, 330, y) for y in (600, 582, 550))
    # Columns of figures as close to each other as words in a line.
    text = _read(Page(_PROSE[:2], operators=f"{lines} {_rows(rows, [75, 180, 212, 246], 586)}"))

    assert _tables(text) == [rows]


def test_rows_of_one_text_between_lines_do_not_tear_a_table() -> None:
    rows = [
        ["Berth", "Days", "Rate", "Amount"],
        ["Northern quay", "", "", ""],
        ["Berth 4", "3", "120.00", "360.00"],
        ["Berth 9", "1", "95.00", "95.00"],
        ["", "", "", "455.00"],
        ["Southern quay", "", "", ""],
        ["Berth 21", "2", "80.00", "160.00"],
    ]
    lines = " ".join(rule(70, 614 - 20 * number, 450, 614 - 20 * number) for number in range(len(rows) + 1))
    text = _read(Page(_PROSE[:2], operators=f"{lines} {_rows(rows, [75, 205, 305, 405], 600, 20)}"))

    assert _tables(text) == [rows]


def test_the_head_above_the_first_line_and_the_sum_below_the_last_belong_to_a_table() -> None:
    rows = [
        ["Port of", "", "Rate", "Whole"],
        ["registry", "Days", "a day", "amount"],
        ["Kiel", "3", "120.00", "360.00"],
        ["Riga", "1", "95.00", "95.00"],
        ["Turku", "2", "80.00", "160.00"],
        ["Total", "6", "", "615.00"],
    ]
    lines = " ".join(rule(70, 574 - 20 * number, 450, 574 - 20 * number) for number in range(4))
    texts = _rows(rows[:2], [75, 205, 305, 405], 592, 12) + " " + _rows(rows[2:], [75, 205, 305, 405], 560, 20)
    text = _read(Page(_PROSE[:2], operators=f"{lines} {texts} {write(75, 440, 'To be paid within ten days.', 10)}"))

    assert _tables(text) == [[["Port of registry", "Days", "Rate a day", "Whole amount"], *rows[2:]]]
    assert "\n\nTo be paid within ten days." in text


def test_shaded_rows_are_rows_of_the_table_around_them() -> None:
    names = ["Kiel", "Riga", "Turku", "Gdynia", "Oulu"]
    rows = [["Port", "Ships", "Tons"], *([name, str(12 + i), str(480 + 7 * i)] for i, name in enumerate(names))]
    bands = " ".join(f"0.9 g 0 {y} 595 {height} re B 0 g" for y, height in ((555, 18), (519, 18), (30, 60)))
    sums = _rows([["Ships", "70"], ["Tons", "2470"]], [305, 405], 300)
    text = _read(Page(_PROSE[:2], operators=f"{bands} {_rows(rows, [75, 305, 405], 596, 18)} {sums}"))

    assert rows in _tables(text)


def test_lines_around_other_facts_do_not_take_the_head_of_the_table_below() -> None:
    facts = [["Ship", "Master", "Arrived"], ["Aurora", "I. Berg", "8-9-2022"]]
    rows = [
        ["Berth", "Quay", "Days", "Rate", "Tax", "Amount"],
        ["E4", "Northern quay", "3", "49.99", "21 %", "149.97"],
        ["E9", "Southern quay", "1", "80.00", "21 %", "80.00"],
        ["E12", "Southern quay", "2", "75.00", "21 %", "150.00"],
    ]
    address = [["Harbour office", "", "Shipping line"], ["Quay 1", "", "Lake road 12"], ["Kiel", "", "Turku"]]
    lines = " ".join(rule(44, y, 548, y) for y in (700, 600, 546))
    texts = [_rows(address, [46, 200, 400], 685, 14), _rows(facts, [46, 220, 420], 588, 12)]
    texts.append(_rows(rows, [46, 150, 300, 350, 420, 500], 550, 14))
    text = _read(Page([], operators=f"{lines} {' '.join(texts)}"))

    assert rows in _tables(text)


def test_figures_with_lines_of_their_own_stay_beside_their_names() -> None:
    rows = [
        ["", "2024", "2025"],
        ["Harbour dues", "1,480", "1,512"],
        ["Income before rent of quays", "310", "324"],
        ["Rent of quays", "95", "97"],
        ["Net income", "1,885", "1,933"],
    ]
    lines = " ".join(rule(300, y, 450, y) for y in (610, 590, 530, 510))
    text = _read(Page(_PROSE[:2], operators=f"{lines} {_rows(rows, [75, 305, 405], 596, 20)}"))

    assert _tables(text) == [rows]


def test_lines_below_a_cell_do_not_tear_a_table() -> None:
    rows = [["No.", "Service", "Rate", "Amount"]]
    for number, berth in enumerate(("Berth 4", "Berth 9", "Berth 21"), start=1):
        rows += [[str(number), berth, f"{12 * number}.50", f"{36 * number}.10"]]
        rows += [["", note, "", ""] for note in ("By the day", "With water", "Until June")]
    lines = " ".join(rule(70, y, 450, y) for y in (614, 594, 594 - 20 * (len(rows) - 1)))
    text = _read(Page(_PROSE[:2], operators=f"{lines} {_rows(rows, [75, 120, 305, 405], 600, 20)}"))

    assert _tables(text) == [rows]


def test_ruled_tables_that_stand_one_below_the_other_stay_as_they_are_ruled() -> None:
    lines, tables = "", []
    for number in range(4):
        top = 640 - 130 * number
        rows = [["Name", "Ships", "Tons", "Note"], [f"Port {number}", "12", "480", "Counted by the office of"]]
        lines += (
            f" {_ruled([70, 160, 220, 280, 450], [top, top - 18, top - 60])} {write(110, top + 28, f'{number}.', 10)}"
        )
        lines += f" {write(150, top + 28, 'The ships of a port', 10)} {_rows(rows, [75, 165, 225, 285], top - 13, 17)}"
        lines += f" {write(285, top - 42, 'the harbour in spring', 10)}"
        tables.append([rows[0], [*rows[1][:3], "Counted by the office of the harbour in spring"]])
    text = _read(Page([], operators=lines))

    assert _tables(text) == tables


def test_a_heading_over_several_columns_is_not_torn_apart() -> None:
    rows = [["", "Spring", "Autumn"], ["Kiel", "120", "140"], ["Riga", "90", "70"], ["Turku", "31", "25"]]
    lines = " ".join(rule(70, y, 330, y) for y in (620, 598, 530))
    words = f"{write(195, 607, 'Ships that came', 10)} {_rows(rows, [75, 180, 250], 586)}"

    assert _tables(_read(Page(_PROSE[:2], operators=f"{lines} {words}")))[0][0] == ["", "Ships that came", ""]


def test_text_in_a_frame_is_no_table() -> None:
    frame = _ruled([66, 320], [HEIGHT - 50, HEIGHT - 230])

    text = _read(Page(_PROSE, operators=frame))

    assert "|" not in text
    assert " ".join(text.split()) == " ".join(_PROSE)


@pytest.mark.parametrize("table_on", ["left", "right"])
def test_two_columns_of_a_page_come_one_after_the_other_also_around_a_table(table_on: str) -> None:
    rows = [["Port", "Ships", "Tons"], ["Kiel", "12", "480"], ["Riga", "9", "310"], ["Turku", "31", "1,200"]]
    left, right = (60, 320) if table_on == "left" else (320, 60)
    lines = " ".join(rule(left, y, left + 200, y) for y in (740, 724, 670))
    table = f"{lines} {_rows(rows, [left + 4, left + 90, left + 150], 728)}"
    beside = " ".join(write(right, 728 - 12 * n, line, 10) for n, line in enumerate(_PROSE))
    under = " ".join(write(left, 640 - 12 * n, f"under {line[6:]}", 10) for n, line in enumerate(_PROSE))
    more = " ".join(write(right, 640 - 12 * n, f"later {line[6:]}", 10) for n, line in enumerate(_PROSE))

    text = _read(Page(operators=f"{table} {beside} {under} {more}"))

    assert _tables(text) == [rows]
    table_at, under_at = text.index("| Kiel"), text.index("under ")
    beside_at, more_at = text.index("The harbour"), text.index("later ")
    if table_on == "left":
        assert table_at < under_at < beside_at < more_at
    else:
        assert beside_at < more_at < table_at < under_at


def test_a_link_in_a_table_is_kept() -> None:
    rows = [["Port", "Page"], ["Kiel", "harbour"], ["Riga", "riverside"]]
    lines = _ruled([70, 200, 330], [600, 580, 562, 544])
    links = {"https://kiel.example/": (205, 564, 260, 578)}
    page = Page(_PROSE[:2], operators=f"{lines} {_rows(rows, [75, 205], 586, 18)}", links=links)

    assert "[harbour](https://kiel.example/)" in _read(page)


@pytest.mark.parametrize(
    "matrix", ["1 0 0 1 0 0", "0 1 -1 0 842 0", "-1 0 0 -1 595 842", "0 -1 1 0 -247 595"], ids=[0, 90, 180, 270]
)
def test_text_that_stands_sideways_or_on_its_head_is_read_as_if_upright(matrix: str) -> None:
    rows = [["Site", "Hours", "Amount"], ["Baltic", "62", "48,300.00"], ["North", "17", "9,120.50"]]
    lines = " ".join(write(72, 770 - 14 * number, line) for number, line in enumerate(_PROSE))
    table = _ruled([72, 200, 300, 400], [660, 640, 620, 600])
    upright = f"{lines} {table} {_rows(rows, [80, 210, 310], 645, 20)}"

    text = _read(Page(operators=f"q {matrix} cm {upright} Q"))

    assert " ".join(_PROSE) in text.replace("\n", " ")
    assert _tables(text) == [rows]


@pytest.mark.parametrize("turned", [90, 270])
def test_a_page_that_is_shown_turned_is_read(turned: int) -> None:
    page = Page(_PROSE, turned=turned)

    assert " ".join(_PROSE) in _read(page).replace("\n", " ")


def test_notes_in_the_margin_are_not_read_into_the_lines_beside_them() -> None:
    words = " ".join(_PROSE).split()
    body, notes = ([f"{name}{row:02}" for row in range(count)] for name, count in (("body", 30), ("note", 8)))
    operators = []
    for row, name in enumerate(body):
        text = " ".join(words[(3 * row + number) % 50] for number in range(12))
        operators.append(write(60, 760 - 14 * row, f"{name} {text[: text.rindex(' ', 0, 58)]}", 10))
    for row, name in enumerate(notes):
        text = " ".join(words[(5 * row + number) % 50] for number in range(3))
        operators.append(write(370, 704 - 14 * row, f"{name} {text}", 10))
    text = _read(Page([], operators=" ".join(operators)))

    places = [text.index(name) for name in body + notes]
    assert places == sorted(places)


_BILL = [
    ["Service", "Hours", "Rate", "Amount"],
    ["Pilot", "3", "90.00", "270.00"],
    ["Two tugs", "2", "140.00", "280.00"],
]


def _in_bands(colour: str, *, pieces: int = 1) -> str:
    """A bill whose head stands on a filled band, with no lines; its sums stand below the figures."""
    width = 420 / pieces
    bands = " ".join(f"{70 + width * piece} 582 {width - 1} 18 re f" for piece in range(pieces))
    sums = [["", "", "Total", "550.00"], ["", "", "Paid", "150.00"]]
    return f"{colour} rg {bands} 0 g {_rows([*_BILL, *sums], [75, 260, 340, 430], 587, 19)}"


@pytest.mark.parametrize("operators", [_in_bands("0.2 0.2 0.2"), _in_bands("0.9 0.9 0.93", pieces=4)])
def test_a_head_on_a_band_tells_a_table_without_lines(operators: str) -> None:
    text = _read(Page(_PROSE[:2], operators=f"{operators} {write(72, 440, 'Please pay within thirty days.')}"))

    assert _tables(text) == [[*_BILL, ["", "", "Total", "550.00"], ["", "", "Paid", "150.00"]]]
    assert text.endswith("Please pay within thirty days.")


def test_a_title_or_prose_in_columns_on_a_band_is_no_table() -> None:
    title = f"0.9 g 70 582 420 18 re f 0 g {_rows([['Harbour', 'News', 'April']], [75, 220, 380], 587)}"
    columns = " ".join(write(left, 560 - 12 * n, line, 8) for left in (75, 310) for n, line in enumerate(_PROSE))

    assert "|" not in _read(Page(_PROSE[:2], operators=f"{title} {columns}"))


def test_two_tables_between_lines_of_one_width_are_two() -> None:
    parties = [
        ["Order 4711", "Seller", "Buyer"],
        ["3 May", "Kiel Chandlers", "Riga Lines"],
        ["Invoice 12", "Quay Street 4", "Pier 9"],
        ["5 May", "24103 Kiel", "1045 Riga"],
    ]
    items = [
        ["Item", "Grade", "Count", "Price", "Tax", "Sum"],
        ["Rope", "A", "4", "12.00", "1.20", "49.20"],
        ["Chain", "B", "1", "80.00", "8.00", "88.00"],
    ]
    lines = " ".join(rule(70, y, 500, y) for y in (620, 560, 544, 500))
    words = f"{_rows(parties, [75, 230, 380], 608)} {_rows(items, [75, 180, 250, 320, 390, 450], 548, 18)}"

    assert _tables(_read(Page(_PROSE[:2], operators=f"{lines} {words}"))) == [parties, items]


@pytest.mark.parametrize("at_foot", [False, True])
def test_the_frame_of_a_page_is_no_table_but_its_head_is(at_foot: bool) -> None:
    top, line, bottom = (760, 120, 90) if at_foot else (760, 730, 100)
    frame = [*(rule(70, y, 500, y) for y in (top, line, bottom)), *(rule(x, top, x, bottom) for x in (70, 500))]
    marks = (line, bottom) if at_foot else (top, line)
    frame += [rule(x, marks[0], x, marks[1]) for x in (210, 350)]
    head = _rows([["SHEET", "ORDER 4711", "PAGE 2 OF 28"]], [75, 215, 355], marks[0] - 18)
    body = " ".join(write(75, 700 - 13 * n, sentence, 10) for n, sentence in enumerate(_PROSE * 3))

    text = _read(Page(operators=f"{' '.join(frame)} {head} {body}"))

    assert _tables(text) == [[["SHEET", "ORDER 4711", "PAGE 2 OF 28"]]]
    assert " ".join(_PROSE[:2]) in text
    assert (text.find("SHEET") > text.find("harbour")) == at_foot


def test_lines_of_one_piece_each_are_no_table() -> None:
    """liteparse takes underlined lines for one, and says some of their words twice."""
    titles = ["CHANCERY DIVISION", "ENTERPRISE COURT", "ON APPEAL FROM THE SMALL CLAIMS TRACK"]
    items = [_item(title, 72, 180 + 14 * n) for n, title in enumerate(titles)]
    rows = [["CHANCERY DIVISION ENTERPRISE COURT", "ENTERPRISE COURT"], ["ON APPEAL FROM THE SMALL", "CLAIMS TRACK"]]
    block = SimpleNamespace(
        kind="table", header=rows[0], rows=rows[1:], bbox=SimpleNamespace(x=72.0, y=178.0, width=279.0, height=42.0)
    )
    laid: Any = SimpleNamespace(
        vectors=None, blocks=[block], items=items, words=PageWords(items), styles=Styles(items), width=595.0
    )

    found = put_right(laid, "\n".join([f"| {' | '.join(rows[0])} |", "|---|---|", f"| {' | '.join(rows[1])} |"]))

    assert found == " ".join(titles)


def _item(text: str, left: float, top: float) -> SimpleNamespace:
    words = [SimpleNamespace(text=text, x=left, width=7.0 * len(text))]
    return SimpleNamespace(
        text=text,
        x=left,
        y=top,
        width=7.0 * len(text),
        height=11.0,
        rotation=0.0,
        words=words,
        font_name="F",
        font_size=11.0,
    )
