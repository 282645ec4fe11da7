"""Lines of a scan that are set larger, or numbered and apart, become headings; all others stay text."""

from __future__ import annotations

import pytest

from kimi_files.extract.scan.columns import Line
from kimi_files.extract.scan.layout import arrange as parts

SIZE, PITCH, LETTER = 30.0, 36.0, 15.0
BODY = ["The quick brown fox runs over a lazy dog and does so", "the whole day long until the sun goes down and"]


def arrange(lines: list[Line]) -> str:
    return "\n\n".join(part.text for part in parts(lines))


def line(text: str, top: float, scale: float = 1.0) -> Line:
    """A line as wide as its letters are, at so many times the size of the text."""
    width = sum(
        2.0 if sign > "\u2e80" else 1.35 if sign.isupper() else 0.6 if sign in "ijlItfr.,: " else 1.0 for sign in text
    )
    return Line(text, 0, top, LETTER * scale * width + 0.3 * SIZE, top + SIZE * max(scale, 1.0))


def page(*titles: tuple[str, float], above: float = 30.0, below: float = 15.0) -> str:
    """Text, these lines at these sizes with so much blank around them, text."""
    lines = [line(text, PITCH * at) for at, text in enumerate(BODY * 2)]
    top = lines[-1].bottom + above
    for text, scale in titles:
        lines.append(line(text, top, scale))
        top = lines[-1].bottom + 3
    top += below
    lines += [line(text, top + PITCH * at) for at, text in enumerate(BODY * 2)]
    return arrange(lines)


@pytest.mark.parametrize(
    ("title", "scale", "written"),
    [
        ("Chapter on shafts", 2.0, "# Chapter on shafts"),
        ("Chapter on shafts", 1.4, "## Chapter on shafts"),
        ("Small but apart", 1.2, "## Small but apart"),
        ("3.2. How shafts are made", 1.0, "### 3.2. How shafts are made"),
        ("第三章 检修", 1.5, "## 第三章 检修"),
    ],
)
def test_what_is_larger_or_numbered_and_apart_is_a_heading(title: str, scale: float, written: str) -> None:
    assert written in page((title, scale)).split("\n\n")


def test_a_heading_over_two_lines_is_one() -> None:
    assert "# The first line of it and the second" in page(("The first line of it", 1.8), ("and the second", 1.8))


@pytest.mark.parametrize(
    ("title", "scale", "above", "below"),
    [
        ("A line of its own", 1.0, 30, 15),
        ("It ends like a sentence.", 1.2, 30, 15),
        ("Large within the text", 1.4, 6, 6),
        ("3.2. numbered in a list", 1.0, 6, 6),
        ("1. one of a list", 1.0, 30, 15),
        ("7", 2.0, 30, 15),
        ("12.50", 2.0, 30, 15),
    ],
)
def test_what_is_not_clear_is_none(title: str, scale: float, above: float, below: float) -> None:
    assert "#" not in page((title, scale), above=above, below=below)


def test_the_contents_of_a_book_are_no_headings() -> None:
    lines = [line(text, PITCH * at) for at, text in enumerate(BODY * 2)]
    lines += [line(f"3.{number}. How shafts are made", 200 + 60 * number) for number in range(5)]

    assert "#" not in arrange(lines)


def test_where_there_is_hardly_any_text_nothing_is_larger_than_it() -> None:
    assert "#" not in arrange([line("SALE", 0, 4.0), line("today only", 200)])
