"""Headings of a PDF come out whole, and lines of text are no headings."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from kimi_files.extract.pdf_page import layout
from kimi_files.extract.pdf_page.headings import (
    Block,
    with_headings_apart,
    with_headings_marked,
    with_headings_of_papers,
    with_whole_headings,
)
from kimi_files.extract.pdf_page.styles import Styles
from kimi_files.extract.pdf_page.words import Box

_BODY, _BOLD, _LARGE = ("Times-Roman", 10.0), ("Times-Bold", 10.0), ("Times-Bold", 14.0)


@dataclass(frozen=True)
class _Run:
    text: str
    x: float
    y: float
    width: float
    height: float
    font_name: str
    font_size: float


def _read(*lines: tuple[str, tuple[str, float], float]) -> list[str]:
    """What comes of blocks of one line each: markdown, font, and the gap above; text of the body stands below."""
    blocks, runs = [], []
    level = 100.0
    for text, (font, size), gap in [*lines, ("word " * 40, _BODY, 30.0)]:
        level += gap
        blocks.append(Block(text.strip(), Box(50, level, 250, level + size)))
        runs.append(_Run(text.strip("#* "), 50, level, 200, size, font, size))
        level += size
    found = with_whole_headings(blocks, Styles(runs)) or blocks
    return [block.text for block in found[:-1]]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("## 2 The dues of the old har-", "## bour of the town", ["## 2 The dues of the old harbour of the town"]),
        ("## 2 The dues of the old", "**harbour**", ["## 2 The dues of the old harbour"]),
        ("**2 The dues of**", "## the old harbour", ["# 2 The dues of the old harbour"]),
        ("## 2.3 The dues of the", "# Old harbour", ["## 2.3 The dues of the Old harbour"]),
        ("# 第五章 引导安装程", "# 序", ["# 第五章 引导安装程序"]),
        ("# 2 Dues", "## 2.1 Old harbour", ["# 2 Dues", "## 2.1 Old harbour"]),
    ],
    ids=["hyphen", "bold below", "bold above", "level by number", "no blank", "two headings"],
)
def test_a_heading_over_two_lines_is_one(first: str, second: str, expected: list[str]) -> None:
    found = _read((first, _LARGE, 20), (second, _LARGE, 3))

    assert [text.lstrip("# ") for text in found] == [text.lstrip("# ") for text in expected]
    assert all(text.startswith("#") for text in found)


def test_headings_that_stand_apart_stay_two() -> None:
    assert _read(("## Dues", _LARGE, 20), ("## Harbours", _LARGE, 12)) == ["## Dues", "## Harbours"]


def test_a_line_of_text_that_begins_in_another_font_is_no_heading() -> None:
    found = _read(("### Enter takes what is proposed and goes", _BOLD, 3), ("on to the next question.", _BODY, 2))

    assert found == ["Enter takes what is proposed and goes on to the next question."]


@pytest.mark.parametrize(
    ("text", "font", "expected"),
    [
        ("**2.1.3 Dues of small ships**", _BOLD, "#### 2.1.3 Dues of small ships"),
        ("**Dues of small ships**", _LARGE, "## Dues of small ships"),
        ("**Dues of small ships**", _BOLD, "**Dues of small ships**"),
        ("**Table 3 Dues of small ships**", _LARGE, "**Table 3 Dues of small ships**"),
        ("**2.1 Dues ............ 15**", _BOLD, "**2.1 Dues ............ 15**"),
        ("**15 to 24 5.3**", _BOLD, "**15 to 24 5.3**"),
    ],
    ids=["numbered", "large", "only bold", "caption", "contents", "figures"],
)
def test_a_bold_line_is_a_heading_if_its_number_or_size_says_so(
    text: str, font: tuple[str, float], expected: str
) -> None:
    assert _read((text, font, 20)) == [expected]


def test_headings_of_papers_in_the_font_of_the_text_are_headings() -> None:
    markdown = "# Harbours\n\nI. INTRODUCTION Ships come and go.\n\n*A. Data of ports*\n\nThey pay dues."
    plain = "Harbours\nI. INTRODUCTION\nShips come and go.\nA. Data of ports\nThey pay dues."

    assert with_headings_of_papers(markdown, plain) == (
        "# Harbours\n\n## I. INTRODUCTION\n\nShips come and go.\n\n### A. Data of ports\n\nThey pay dues."
    )
    assert (
        with_headings_of_papers("See I. INTRODUCTION there.", "See I. INTRODUCTION there.")
        == "See I. INTRODUCTION there."
    )


def test_headings_of_papers_are_taken_out_of_the_paragraphs_that_took_them_in() -> None:
    markdown = (
        "## II. SYSTEMS OF LARGE\n\nHARBOURS\n\nThey pay dues. *A. Data of ports* Ships come. *B. Dues of the old har-*"
        " *bour* They go, see *C. Elegans* there."
    )
    plain = (
        "II. SYSTEMS OF LARGE\nHARBOURS\nThey pay dues.\nA. Data of ports\nShips come.\nB. Dues of the old har-\nbour\n"
        "They go, see C. Elegans there."
    )

    assert with_headings_of_papers(markdown, plain) == (
        "## II. SYSTEMS OF LARGE HARBOURS\n\nThey pay dues.\n\n### A. Data of ports\n\nShips come.\n\n"
        "### B. Dues of the old harbour\n\nThey go, see *C. Elegans* there."
    )


@pytest.mark.parametrize(
    ("heading", "plain", "expected"),
    [
        ("## 3.3. Ships 3.3.1. Old ships", "3.3. Ships\n3.3.1. Old ships", "## 3.3. Ships\n\n### 3.3.1. Old ships"),
        ("## 3. Ships 3.1 Old ships", "3. Ships\n3.1 Old ships", "## 3. Ships\n\n### 3.1 Old ships"),
        ("#### 3.3.1.2 Sails 3.3.2 Dues", "3.3.1.2 Sails\n3.3.2 Dues", "#### 3.3.1.2 Sails\n\n### 3.3.2 Dues"),
        ("## 3.3 What became of 3.3.1 later", "3.3 What became of 3.3.1 later", "## 3.3 What became of 3.3.1 later"),
        ("## 3.3 Ships of 2.5 metres", "3.3 Ships of\n2.5 metres", "## 3.3 Ships of 2.5 metres"),
        ("## Table 3. Dues", "Table 3. Dues", "**Table 3. Dues**"),
        ("## Tables of dues", "Tables of dues", "## Tables of dues"),
    ],
    ids=["child", "child of a chapter", "next of parent", "no line", "other number", "caption", "no caption"],
)
def test_two_headings_are_not_one_and_captions_are_none(heading: str, plain: str, expected: str) -> None:
    assert with_headings_apart(heading, plain) == expected


def test_a_line_of_the_text_with_a_label_in_bold_is_no_heading() -> None:
    box, page = Box(50, 100, 250, 110), Box(50, 140, 250, 150)
    blocks = [Block("# Account: US1234567890", box), Block("word " * 40, page)]
    runs = [
        _Run("Account:", 50, 100, 60, 10, *_BOLD),
        _Run("US1234567890", 115, 100, 90, 10, *_BODY),
        _Run("word " * 40, 50, 140, 200, 10, *_BODY),
    ]

    found = with_whole_headings(blocks, Styles(runs))

    assert found is not None
    assert found[0].text == "Account: US1234567890"


def test_a_heading_with_a_colon_in_letters_of_its_own_stays_one() -> None:
    assert _read(("# Harbours: a history", _LARGE, 20)) == ["# Harbours: a history"]


@pytest.mark.parametrize(
    ("text", "font", "expected"),
    [
        ("2.1.3 Dues of small ships", _BOLD, "#### 2.1.3 Dues of small ships"),
        ("B.4 Dues of small ships", _BOLD, "### B.4 Dues of small ships"),
        ("Dues of small ships", _LARGE, "## Dues of small ships"),
        ("Dues of small ships", _BOLD, "Dues of small ships"),
        ("2.1.3 Dues of small ships", _BODY, "2.1.3 Dues of small ships"),
    ],
    ids=["number", "appendix", "large", "only bold", "body"],
)
def test_paragraphs_put_together_anew_are_headings_if_number_or_size_and_the_font_say_so(
    text: str, font: tuple[str, float], expected: str
) -> None:
    runs = [
        _Run(text, 50, 100, 200, font[1], font[0], font[1]),
        _Run("word " * 40, 50, 130, 200, _BODY[1], _BODY[0], _BODY[1]),
    ]

    assert with_headings_marked([Block(text, Box(50, 100, 250, 100 + font[1]))], Styles(runs))[0].text == expected


@pytest.mark.parametrize("line", ["Account: US1234567890", "Subtotal $ 112.00", "Total 1.234,50"])
def test_a_label_with_its_value_in_the_size_of_the_text_is_no_heading(line: str) -> None:
    assert _read((f"# {line}", _BOLD, 20)) == [line]
    assert _read((f"# {line}", _LARGE, 20)) == [f"# {line}"]


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("| 5.4 | Repairs |\n|---|---|\n| 5.4.1 | Sails |", True),
        ("| B.5 | 高级选项 |\n|---|---|\n| B.5.1 | 安装过程 |\n| B.5.2 | 预置 |", True),
        ("| 5.4 | Repairs 12 |\n|---|---|\n| 5.4.1 | Sails 13 |", False),
        ("| 5.4 | Repairs | 12 |\n|---|---|---|\n| 5.4.1 | Sails | 13 |", False),
        ("| 5.4 | Repairs |\n|---|---|\n| Sum | Sails |", False),
    ],
    ids=["two", "three", "contents", "three columns", "table"],
)
def test_headings_one_below_the_other_are_no_table(table: str, expected: bool) -> None:
    assert bool(layout._NUMBERED_HEADINGS.fullmatch(table)) is expected


def test_letters_are_measured_where_the_file_gives_their_size_by_the_matrix() -> None:
    runs = [
        _Run("Commodity outlook", 50, 100, 90, 19.5, "Bold", 1.0),
        _Run("Ore", 50, 130, 200, 11.3, "Bold", 1.0),
        *(_Run("word " * 9, 50, 150.0 + 12 * line, 200, 11.5, "Light", 1.0) for line in range(6)),
    ]
    blocks = [Block("**Commodity outlook**", Box(50, 100, 140, 119.5)), Block("**Ore**", Box(50, 130, 250, 141.3))]

    found = with_whole_headings(blocks, Styles(runs))

    assert found is not None
    assert [block.text for block in found] == ["## Commodity outlook", "**Ore**"]


def test_a_bullet_does_not_go_on_with_a_heading() -> None:
    assert _read(("## It has to report if:", _LARGE, 0.0), ("## • it is large", _LARGE, 3.0))[:2] == [
        "## It has to report if:",
        "## • it is large",
    ]


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("1) *Data of ships: We took* all that came.", "#### 1) Data of ships\n\nWe took all that came."),
        (
            "2) *Where to find what* *ships leave: It stands* in",
            "#### 2) Where to find what ships leave\n\nIt stands in",
        ),
        ("3) *Ships:*", "#### 3) Ships"),
        ("Text.\n4) *Old ships:* They are few.", "Text.\n\n#### 4) Old ships\n\nThey are few."),
        ("5) *Ships* of two masts: none", "5) *Ships* of two masts: none"),
        ("6) Ships: of two masts", "6) Ships: of two masts"),
    ],
)
def test_a_heading_of_a_paper_at_the_beginning_of_its_paragraph_stands_alone(markdown: str, expected: str) -> None:
    assert with_headings_of_papers(markdown, "") == expected


@pytest.mark.parametrize(
    ("font", "widths", "is_code"),
    [
        pytest.param("Rockwell", (30, 44, 38, 51), False, id="letters of several widths"),
        pytest.param("Rockwell", (42, 42, 42, 42), True, id="letters of one width"),
        pytest.param("LiberationMono", (30, 44, 38, 51), True, id="a typewriter by name"),
        pytest.param("Rockwell", (30, 44), True, id="too few words to tell"),
    ],
)
def test_a_font_that_only_says_that_its_letters_are_all_as_wide_makes_no_code(
    font: str, widths: tuple[int, ...], is_code: bool
) -> None:
    words = [SimpleNamespace(text="harbour", width=float(width)) for width in widths]
    body = {"height": 10.0, "width": 200.0, "x": 50.0, "font_name": "Arial", "font_size": 10.0, "words": ()}
    items = [
        SimpleNamespace(
            **body | {"text": "Harbour dues", "y": 100.0, "font_name": font, "font_size": 14.0, "words": words}
        ),
        *(SimpleNamespace(text="word " * 20, y=130.0 + 12 * line, **body) for line in range(5)),
    ]
    box = SimpleNamespace(x=50.0, y=100.0, width=200.0, height=14.0)
    laid: Any = SimpleNamespace(
        vectors=None, blocks=[SimpleNamespace(kind="code", bbox=box)], items=items, styles=Styles(items), width=595.0
    )

    found = layout.put_right(laid, "```\nHarbour dues\n```")

    assert found == ("```\nHarbour dues\n```" if is_code else "## Harbour dues")
