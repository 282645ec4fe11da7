"""Statements of reports: their titles are found, and questions for what stands in them lead there."""

from __future__ import annotations

import pytest

from kimi_files.retrieve.passages import Cutter
from kimi_files.retrieve.query import asked
from kimi_files.retrieve.statements import BALANCE, CASH, INCOME, title

ROWS = "\n".join(f"Line item {number} {number * 1_317:,} {number * 1_209:,}" for number in range(1, 40))


@pytest.mark.parametrize(
    ("line", "mark"),
    [
        ("Consolidated Balance Sheets", BALANCE),
        ("CONSOLIDATED STATEMENTS OF FINANCIAL POSITION", BALANCE),
        ("Consolidated Statements of Income Corning Incorporated and Subsidiary Companies", INCOME),
        ("Condensed Consolidated Statements of Cash Flows (unaudited)", CASH),
        ("Consolidated Statements of Operations and Comprehensive Loss", INCOME),
        ("Balance Sheet as of December 31, 2024", BALANCE),
        ("合并资产负债表", BALANCE),
        ("合并现金流量表（续）", CASH),
        ("Consolidated Statements of Comprehensive Income", ""),
        ("consolidated balance sheets to the net fair values that could be", ""),
        ("The amounts are recorded in the Consolidated Balance Sheet.", ""),
        ("Consolidated Balance Sheet. All amounts are in millions", ""),
        ("Statement of work", ""),
        ("Balance Sheets " * 20, ""),
    ],
)
def test_titles(line: str, mark: str) -> None:
    assert title(line) == mark


def marks(*pages: str, marked: bool = False) -> list[tuple[int, str]]:
    cuts = Cutter(marked=marked).cut((number, 0, page) for number, page in enumerate(pages, 1))
    return list(dict.fromkeys((cut.page, cut.statement) for cut in cuts))


def test_a_statement_ends_with_its_page_and_with_the_next_heading() -> None:
    assert marks(f"Consolidated Balance Sheets\n{ROWS}", f"Notes\n{ROWS}") == [(1, BALANCE), (2, "")]
    assert marks(f"# Balance sheet\n{ROWS}\n# Notes\n{ROWS}", marked=True) == [(1, BALANCE), (1, "")]


def test_a_statement_does_not_go_on_for_ever_in_a_text_without_pages() -> None:
    assert marks(f"Consolidated Balance Sheets\n{ROWS * 40}") == [(1, BALANCE), (1, "")]


def test_a_title_with_a_line_for_each_word_is_one() -> None:
    assert marks("ACME\nRESORTS\nCONSOLIDATED\nBALANCE\nSHEETS\n" + ROWS) == [(1, BALANCE)]


def test_a_list_of_statements_is_none() -> None:
    contents = "Consolidated Balance Sheets 40\nConsolidated Statements of Income 41\nNotes 42"
    assert marks(contents) == [(1, "")]


@pytest.mark.parametrize(
    ("question", "there"),
    [
        ("What is the FY2018 capex of 3M? Use the cash flow statement.", {CASH}),
        ("By the P&L, what is the net income?", {INCOME}),
        ("What is the working capital?", {BALANCE}),
        ("存货是多少？", {BALANCE}),
        ("What drove the change of the operating margin?", set()),
        ("Who signed the lease?", set()),
        ("When does the discipline training begin?", set()),
    ],
)
def test_questions_lead_to_the_statements_that_they_name_or_mean(question: str, there: set[str]) -> None:
    assert {word for word in asked(question).weights if word.startswith("=")} == there


def test_a_statement_that_is_named_weighs_more_than_one_that_is_meant() -> None:
    weights = asked("What is capex? Use the balance sheet.").weights
    assert weights[BALANCE] > weights[CASH] > 0
