"""PDF comes out page by page, complete, labelled as people label it, and scans are told from blank pages."""

from __future__ import annotations

import io
from typing import Any

import pytest

from kimi_files.errors import DamagedFile, PasswordRequired
from kimi_files.extract import pdf as reader
from kimi_files.extract.pdf_page import parts
from kimi_files.extract.pdf_page.difference import Letters, difference
from kimi_files.formats import PDF
from tests.engine.extract.reading import read
from tests.samples.pdf import Page, pdf


def test_each_page_has_its_text_in_both_layers() -> None:
    reading = read(reader.read, pdf([Page(["First page"]), Page(["Second page, with words"])]), "a.pdf")

    assert [page.label for page in reading.pages] == ["1", "2"]
    assert [page.kind for page in reading.pages] == ["page", "page"]
    assert "First page" in reading.pages[0].text
    assert reading.pages[1].plain == "Second page, with words"
    assert reading.warnings == []


def test_headings_and_tables_become_markdown() -> None:
    rows = [["Site", "Hours", "Amount"], ["Baltic", "62", "48,300.00"], ["North", "17", "9,120.50"]]
    page = Page(["# Maintenance costs", "What the year has cost at the two sites that were inspected."], table=rows)

    text = read(reader.read, pdf([page]), "a.pdf").pages[0].text

    assert "# Maintenance costs" in text
    lines = [[cell.strip(" *") for cell in line.strip("|").split("|")] for line in text.splitlines() if "|" in line]
    assert rows[0] in lines
    assert rows[1] in lines
    assert rows[2] in lines


def test_page_labels_are_those_printed_on_the_pages() -> None:
    reading = read(reader.read, pdf([Page([f"Page {n}"]) for n in range(4)], roman_pages=2), "a.pdf")

    assert [page.label for page in reading.pages] == ["i", "ii", "1", "2"]


def test_labels_that_do_not_tell_pages_apart_give_way_to_numbers() -> None:
    labelled_twice = pdf([Page(["One"]), Page(["Two"])], roman_pages=1).replace(b"/S /r", b"/S /D")

    assert [page.label for page in read(reader.read, labelled_twice, "a.pdf").pages] == ["1", "2"]


def test_the_outline_of_the_file_is_the_outline() -> None:
    outline = [(1, "Operations", 1), (2, "Turbines", 2), (2, "水力发电", 2), (1, "Notes", 3)]
    content = pdf([Page(["# Not an entry", "text"]), Page(["text"]), Page(["text"])], outline=outline)

    assert read(reader.read, content, "a.pdf").outline == outline


def test_without_an_outline_headings_in_the_text_are_it_but_running_headers_are_not() -> None:
    words = "Some sentences that fill the page, so that the heading is larger than what stands under it."
    titles = ["Chapter 1", "Results", "Chapter 2", "Annual meeting", "Chapter 3"]
    pages = [Page([f"# Annual Report {12 + n}", words, words, f"# {title}", words]) for n, title in enumerate(titles)]

    assert read(reader.read, pdf(pages), "a.pdf").outline == [(1, title, n) for n, title in enumerate(titles, start=1)]


def test_a_picture_page_is_named_and_a_blank_page_is_not() -> None:
    content = pdf([Page(["Text"]), Page(picture=True), Page(), Page(picture=True), Page(["4"], picture=True)])

    reading = read(reader.read, content, "a.pdf")

    assert [page.without_text for page in reading.pages] == [False, True, False, True, True]
    assert [page.text for page in reading.pages] == ["Text", "", "", "", "4"]
    assert reading.warnings == [], "whoever shows the pages names those without text"


def test_a_picture_behind_a_page_of_text_makes_it_no_scan() -> None:
    page = Page(["A sentence that stands on top of a picture that covers the whole page."] * 3, picture=True)

    assert not read(reader.read, pdf([page]), "a.pdf").pages[0].without_text


def test_running_headers_and_page_numbers_are_kept() -> None:
    pages = [Page(["Confidential: case 4711/25", f"Body of page {n}", str(n)]) for n in range(1, 6)]

    reading = read(reader.read, pdf(pages), "a.pdf")

    assert all("Confidential: case 4711/25" in text for text in reading.texts)


def test_form_fields_and_annotations_are_read() -> None:
    page = Page(["Application"], fields={"Surname": "Lindqvist", "Town": ""}, note="Please check the date.")

    text = read(reader.read, pdf([page]), "a.pdf").pages[0].text

    assert "- Surname: Lindqvist" in text
    assert "- Town:" in text
    assert "Please check the date." in text


def test_plain_text_takes_the_place_of_markdown_that_lost_or_invented_letters() -> None:
    plain = "The sum over all i of x is what we call S, and its limit is L."

    assert not difference(f"# {plain} [see](http://example.com/a/long/address)", Letters(plain)).is_much
    assert difference(r"$\sum_{i} \frac{\overline{x}}{\mathbb{R}} \rightarrow$ " + plain, Letters(plain)).is_much
    assert difference("The sum over all is S, its limit is L.", Letters(plain)).is_much
    assert difference("", Letters(plain)).is_much
    assert not difference("", Letters("")).is_much


def test_a_link_that_was_torn_into_words_is_one_link_again() -> None:
    torn = "see [the](http://a/1) [annual](http://a/1)[report](http://a/1) and [this](http://a/2) one"

    assert reader._SAME_LINK_GOES_ON.sub(r"\2", torn) == "see [the annualreport](http://a/1) and [this](http://a/2) one"


def test_an_encrypted_file_says_that_it_needs_a_password() -> None:
    with pytest.raises(PasswordRequired):
        read(reader.read, pdf([Page(["Secret"])], password="geheim"), "a.pdf")


def test_a_file_without_a_user_password_is_read() -> None:
    assert read(reader.read, pdf([Page(["Protected only against change"])], password=""), "a.pdf").texts == [
        "Protected only against change"
    ]


@pytest.mark.parametrize("content", [b"%PDF-1.4\n", b"%PDF-1.4\nrubbish\n%%EOF", pdf([Page(["Cut"])])[:150]])
def test_a_damaged_file_is_a_typed_error(content: bytes) -> None:
    with pytest.raises(DamagedFile):
        list(reader.read(io.BytesIO(content), "a.pdf", PDF))


def test_a_page_that_the_layout_falls_over_is_plain_and_the_others_are_laid_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class PanicException(BaseException):  # as Rust's come: of no module, and no Exception
        pass

    class Falling:
        def __init__(self, **options: Any) -> None:
            self.fails = options.get("target_pages", "3") in ("3", "3,4")
            self.parser = liteparse(**options)

        def open_batch_session_bytes(self, content: bytes, size: int) -> Falling:
            self.batches = self.parser.open_batch_session_bytes(content, size)
            return self

        def next_batch(self) -> Any:
            batch = self.batches.next_batch()
            if batch and batch.result.pages[0].page_num > 2:
                raise PanicException("index out of bounds")
            return batch

        def parse_bytes(self, content: bytes) -> Any:
            if self.fails:
                raise PanicException("index out of bounds")
            return self.parser.parse_bytes(content)

    liteparse = parts._liteparse
    monkeypatch.setattr(parts, "_liteparse", Falling)
    monkeypatch.setattr(parts, "_FEWEST_IN_PARTS", 1)
    monkeypatch.setattr(parts, "_PART_PAGES", 2)
    monkeypatch.setattr(parts, "_LAST_PART", 0)
    pages = [Page([f"# Harbour {n}", *["Ships are told by their flags, by night by lights."] * 3]) for n in range(1, 7)]

    reading = read(reader.read, pdf(pages), "a.pdf")

    assert [number for number, text in enumerate(reading.texts, start=1) if f"Harbour {number}" in text] == [
        *range(1, 7)
    ]
    assert [text.startswith("# ") for text in reading.texts] == [True, True, False, False, True, True], "4 came alone"
    assert reading.warnings == ["Page 3: plain text, because formulas or layout did not come out well."]


def test_a_long_file_is_read_in_batches_without_a_seam() -> None:
    count = reader._KEPT_PAGES + 3
    reading = read(reader.read, pdf([Page([f"This is page number {n}"]) for n in range(1, count + 1)]), "a.pdf")

    assert reading.texts == [f"This is page number {n}" for n in range(1, count + 1)]
