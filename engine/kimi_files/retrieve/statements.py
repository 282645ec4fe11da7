"""The statements of a report: which lines are the title of one, and in which one the figure of a question stands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

# Indexed with what stands under such a title. No word of a text holds a sign, so nothing else can be taken for one.
BALANCE = "=balance"
INCOME = "=income"
CASH = "=cash"

LONGEST_TITLE = 160
"""Characters of which a title has at most so many."""

_COMPANY = r"(?:(?-i:[A-Z])[\w&.,'’]*\s+){0,6}?"
_BEFORE = r"(?:(?:unaudited|audited|condensed|consolidated|interim|combined|group|company|合并|母公司)\s*)*"
_OF = r"statements?\s+of\s+(?:consolidated\s+)?"
_COMPREHENSIVE = rf"(?:\s*(?:\(loss(?:es)?\)|and\s+{_BEFORE}(?:{_OF})?comprehensive\s+(?:income|loss)))?"
_AFTER = r"(?:\s*[-–—(:（].{0,80}|\s+(?:as\s+(?:of|at)|for\s+the|years?|at)\b.{0,80}|\s+(?-i:[A-Z]).{0,80})?$"
_TITLE = re.compile(
    rf"{_COMPANY}{_BEFORE}"
    rf"(?:(?P<balance>balance\s+sheets?|{_OF}financial\s+(?:position|condition)|资产负债表)"
    rf"|(?P<income>(?:income|profit\s+and\s+loss)\s+statements?|{_OF}(?:income|operations|earnings|profit)|利润表|损益表)"
    rf"|(?P<cash>cash\s+flows?\s+statements?|{_OF}cash\s+flows?|现金流量表))"
    rf"{_COMPREHENSIVE}{_AFTER}",
    re.IGNORECASE,
)
_MARKS = {"balance": BALANCE, "income": INCOME, "cash": CASH}


def _any_of(phrases: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![a-z])(?:{'|'.join(phrases.strip().splitlines())})(?![a-z])", re.IGNORECASE)


# A statement by its name, one wording a line.
_NAMES = {
    BALANCE: _any_of(r"""
balance sheets?
statements? of financial (?:position|condition)
资产负债表
"""),
    INCOME: _any_of(r"""
(?:income|earnings|profit and loss|p ?& ?l) statements?
p ?& ?l|profit and loss
statements? of (?:income|operations|earnings)
利润表|损益表
"""),
    CASH: _any_of(r"""
cash flows? statements?
statements? of cash flows?
现金流量表
"""),
}

# Line items that stand in a statement, and the ratios that are worked out from them.
_ITEMS = {
    BALANCE: _any_of(r"""
assets?|liabilit(?:y|ies)|working capital|debt|equity|goodwill|liquidity
ppn?e|pp&e|property,? plant|capital intensive|inventor(?:y|ies)|payables?|receivables?|net ar
dpo|dso|dio|roa|roe|turnover|quick ratio|current ratio|cash conversion|days (?:payable|sales|inventory)
总资产|净资产|负债|存货|应收账款|应付账款|流动比率|速动比率|资产负债率|固定资产
"""),
    INCOME: _any_of(r"""
revenues?|net sales|top ?line|cogs|cost of (?:goods|sales|revenue)|sg&a|gross (?:profit|margins?)
operating (?:income|margins?|profit)|net (?:income|earnings|profit)|earnings per share|eps|ebitda?|effective tax rate
dpo|dso|roa|roe|turnover|interest coverage|days (?:payable|sales|inventory)|return on|payout
营业收入|营收|营业成本|毛利|净利润|每股收益|研发费用
"""),
    CASH: _any_of(r"""
cash flows?|cash from operations|operating cash|fcf|capex|capital (?:expenditures?|spending|intensive)
dividends?|repurchases?|buybacks?|d&a|depreciation|ebitda
资本支出|现金流|折旧|摊销
"""),
}


def title(line: str) -> str:
    """The mark of the statement whose title a line is; empty if it is none."""
    if len(line) > LONGEST_TITLE or line[:1].islower():
        return ""
    # Every line of a log comes by here, and the pattern takes ten times as long as this.
    lowered = line.lower()
    if "statement" not in lowered and "balance" not in lowered and "表" not in lowered:
        return ""
    found = _TITLE.match(line)
    return _MARKS[str(found.lastgroup)] if found else ""


def named(question: str) -> Iterator[str]:
    """The marks of the statements that a question names."""
    return _found(_NAMES, question)


def implied(question: str) -> Iterator[str]:
    """The marks of the statements in which the line items of a question stand."""
    return _found(_ITEMS, question)


def _found(phrases: Mapping[str, re.Pattern[str]], question: str) -> Iterator[str]:
    return (mark for mark, of_mark in phrases.items() if of_mark.search(question))
