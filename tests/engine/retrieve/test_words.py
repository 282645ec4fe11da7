"""Words of texts and questions are the same words, however they are written."""

from __future__ import annotations

import pytest

from kimi_files.retrieve.stem import stem
from kimi_files.retrieve.words import is_figure, words


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("inspections", "inspected"),
        ("Technologies", "technology"),
        ("FY2018", "fiscal 2018"),
        ("FY18", "fiscal 2018"),
        ("Q2", "second quarter"),
        ("2Q23", "second quarter 2023"),
        ("Q2FY23", "second quarter 2023"),
        ("2023Q2", "2023 second quarter"),
        ("H1", "first half"),
        ("10-K", "10k"),
        ("5,794", "5794"),
        ("5,794.00", "5794"),
        ("3.50", "3.5"),
        ("2nd", "second"),
        ("company's", "company"),
        ("company’s", "company"),
        ("café", "cafe"),
        ("ﬁnance", "finance"),
        ("Ｑ２　１,２３４", "Q2 1234"),
        ("inspec\u0002\ntion", "inspection"),
        ("inspec\u00adtion", "inspection"),
        ("get_file_size", "get file size"),
    ],
)
def test_forms_of_one_thing_become_the_same_words(one: str, other: str) -> None:
    assert words(one) == words(other)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("营收", ["营", "收", "营收"]),
        ("A股2023年", ["a", "股", "2023", "年", "a股"]),
        (
            "插入 U 盘或附件B",
            ["插", "入", "插入", "u", "盘", "或", "附", "件", "盘或", "或附", "附件", "b", "入u", "u盘", "件b"],
        ),
        ("IP 地址", ["ip", "地", "址", "地址"]),
        ("カメラ", ["カ", "メ", "ラ", "カメ", "メラ"]),
        ("Привет", ["привет"]),
        ("getFileSize", ["getfiles", "get", "file", "size"]),
        ("version 1.2.0", ["version", "1.2.0"]),
        ("R&D", ["r&d"]),
        ("don't", ["don"]),
        ("-- ** __", []),
        ("", []),
    ],
)
def test_words_of_a_text(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    ("word", "is_one"), [("5794", True), ("3.5", True), ("2018", False), ("10k", False), ("a", False)]
)
def test_a_figure_is_a_number_that_is_no_year(word: str, is_one: bool) -> None:
    assert is_figure(word) is is_one


# From Porter's own paper and list: each step of the algorithm at least once.
@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("caresses", "caress"), ("ponies", "poni"), ("cats", "cat"), ("agreed", "agre"), ("feed", "feed"),
        ("plastered", "plaster"), ("bled", "bled"), ("motoring", "motor"), ("sing", "sing"), ("conflated", "conflat"),
        ("hopping", "hop"), ("falling", "fall"), ("filing", "file"), ("happy", "happi"), ("sky", "sky"),
        ("relational", "relat"), ("conditional", "condit"), ("digitizer", "digit"), ("operator", "oper"),
        ("formalize", "formal"), ("electrical", "electr"), ("goodness", "good"), ("revival", "reviv"),
        ("adoption", "adopt"), ("effective", "effect"), ("probate", "probat"), ("rate", "rate"), ("controll", "control"),
        ("yellow", "yellow"), ("is", "is"),
    ],
)  # fmt: skip
def test_stems_are_porters(word: str, expected: str) -> None:
    assert stem(word) == expected


def test_a_long_run_without_spaces_does_not_fill_the_index() -> None:
    assert [len(word) for word in words("Q" * 10_000)] == [48]
