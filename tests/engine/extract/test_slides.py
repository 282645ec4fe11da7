"""Presentations come out slide by slide, in the order of the show, with notes."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import pytest

from kimi_files.errors import DamagedFile
from kimi_files.extract import slides as reader
from kimi_files.extract.office.compound import Compound
from kimi_files.formats import PPTX
from tests.engine.extract.reading import read
from tests.samples.mail import compound
from tests.samples.slides import Slide, powerpoint_4, powerpoint_95, powerpoint_97, pptx

FILES = Path(__file__).parents[2] / "samples" / "files"


def test_a_slide_is_a_page_with_title_bullets_and_notes() -> None:
    slide = Slide("Results", ["Costs rose", "Sales rose more"], notes="Mention the weather.")

    reading = read(reader.read, pptx([slide]), "a.pptx")

    page = reading.pages[0]
    assert (page.label, page.kind, page.title) == ("1", "slide", "Results")
    assert page.text.startswith("## Results\n\n")
    assert page.text.index("Costs rose") < page.text.index("Sales rose more")
    assert page.text.endswith("Notes:\nMention the weather.")
    assert reading.outline == [(1, "Results", 1)]


def test_slides_come_in_the_order_of_the_show_not_of_their_files() -> None:
    content = pptx([Slide("Alpha"), Slide("Beta"), Slide("Gamma")], order=[2, 0, 1])

    assert [page.title for page in read(reader.read, content, "a.pptx").pages] == ["Gamma", "Alpha", "Beta"]


def test_tables_and_alternative_texts_survive() -> None:
    slide = Slide("Sites", table=[["site", "cost"], ["Baltic", "48"]], alternative="Map of the Baltic site")

    text = read(reader.read, pptx([slide]), "a.pptx").texts[0]

    assert "| site | cost |\n| --- | --- |\n| Baltic | 48 |" in text
    assert "![Map of the Baltic site](Picture9.png)" in text


def test_hidden_slides_are_given_and_marked() -> None:
    reading = read(reader.read, pptx([Slide("Shown"), Slide("Kept back", hidden=True)]), "a.pptx")

    assert [page.hidden for page in reading.pages] == [False, True]
    assert "Kept back" in reading.texts[1]
    assert reading.warnings == ["Slide hidden in the show: 2."]


def test_a_slide_without_text_keeps_its_number() -> None:
    reading = read(reader.read, pptx([Slide("One"), Slide(), Slide("Three")]), "a.pptx")

    assert [(page.label, page.title) for page in reading.pages] == [("1", "One"), ("2", None), ("3", "Three")]
    assert reading.warnings == ["Slide without text: 2."]


def test_a_presentation_cut_off_is_a_typed_error() -> None:
    content = pptx([Slide("One")])

    with pytest.raises(DamagedFile):
        list(reader.read(io.BytesIO(content[: len(content) // 2]), "a.pptx", PPTX))


def test_the_binary_format_is_read() -> None:
    reading = read(reader.read, gzip.decompress((FILES / "talk.ppt.gz").read_bytes()), "talk.ppt")

    assert [(page.label, page.hidden) for page in reading.pages] == [("1", False), ("2", False), ("3", True)]
    assert reading.pages[0].title == "Turbine talk"
    assert reading.texts[0] == "## Turbine talk\n\n- first point\n- second point"
    assert reading.texts[1] == (
        "Findings\n\nCracks on shaft nine\n\n| farm | hours |\n| --- | --- |\n| Baltic | 48,300 |\n\n"
        "Notes:\nMention the weather."
    )
    assert reading.warnings == ["Slide hidden in the show: 3."]


def test_slides_of_powerpoint_95_come_with_titles_points_and_notes_and_without_masters() -> None:
    content = powerpoint_95([Slide("Résumé", ["First", "Second"], notes="Wait here."), Slide("End")])

    reading = read(reader.read, content, "a.ppt")

    assert reading.texts == ["## Résumé\n\n- First\n- Second\n\nNotes:\nWait here.", "## End"]


def test_letters_of_another_code_page_are_found_in_powerpoint_95() -> None:
    slide = Slide("Отчёт о продажах", ["Продажи выросли на четверть", "Расходы остались прежними"])

    reading = read(reader.read, powerpoint_95([slide], "cp1251"), "a.ppt")

    assert reading.texts == ["## Отчёт о продажах\n\n- Продажи выросли на четверть\n- Расходы остались прежними"]


@pytest.mark.parametrize(("is_macintosh", "encoding"), [(False, "cp1252"), (True, "mac_roman")])
def test_slides_of_powerpoint_4_come_with_titles_points_and_notes(is_macintosh: bool, encoding: str) -> None:
    shown = [Slide("Résumé of\x0bMay", ["First", "Second £"], notes="Wait here.\rThen go on."), Slide("", ["Alone"])]
    content = powerpoint_4(shown, is_macintosh=is_macintosh, encoding=encoding)
    reading = read(reader.read, content, "a.ppt")

    assert [page.title for page in reading.pages] == ["Résumé of May", None]
    assert reading.texts == [
        "## Résumé of May\n\n- First\n- Second £\n\nNotes:\nWait here.\n\nThen go on.",
        "Alone",
    ]


def test_a_presentation_of_powerpoint_4_that_refers_to_nothing_is_damaged() -> None:
    for content in (
        powerpoint_4([Slide("Title")]).replace(b"\x10\0", b"\x11\0"),
        compound({"PP40": b"\xed\xde\xad\x0b"}),
    ):
        with pytest.raises(DamagedFile):
            read(reader.read, content, "a.ppt")


def test_what_was_saved_for_powerpoint_95_and_97_is_read_as_97_reads_it() -> None:
    newer = Compound(gzip.decompress((FILES / "talk.ppt.gz").read_bytes()))
    names = ("Current User", "PowerPoint Document")
    parts = {name: newer.stream(name, 1 << 20) or b"" for name in names}
    older = Compound(powerpoint_95([Slide("Old")]))
    both = {name: older.stream(name, 1 << 20) or b"" for name in names}

    reading = read(reader.read, compound({**both, "PP97_DUALSTORAGE": {**parts}}), "a.ppt")

    assert reading.texts == read(reader.read, gzip.decompress((FILES / "talk.ppt.gz").read_bytes()), "talk.ppt").texts


def test_points_of_the_binary_format_keep_their_depth_powers_and_order() -> None:
    low = ((100, 2000), "one\rin\rtwo", [(4, 0), (3, 1), (4, 0)], [(11, 0)])
    high = ((100, 300), "about 106 m\rand more", [(21, 0)], [(8, 0), (1, 30), (12, 0)])

    reading = read(reader.read, powerpoint_97([low, high]), "a.ppt")

    assert reading.texts == ["- about 10^6 m\n- and more\n\n- one\n  - in\n- two"]
