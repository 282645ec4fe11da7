"""Chinese and Japanese of a PDF stay in one piece where a line of the page ends, and are not taken for code."""

from __future__ import annotations

import pytest

from kimi_files.extract.pdf_page.ideographs import without_breaks, without_false_code
from kimi_files.extract.pdf_page.words import Word, is_prose


@pytest.mark.parametrize(
    ("markdown", "plain", "expected"),
    [
        (
            "## 概述\n\n如果出了 错，您大 多时候",
            "概述\n如果出了\n错，您大\n多时候",
            "## 概述\n\n如果出了错，您大多时候",
        ),
        ("これはペ ンです。 次の文", "これはペ\nンです。\n次の文", "これはペンです。次の文"),
        ("苹果 如何种植果树", "苹果\n如何种植果树", "苹果 如何种植果树"),
        # It stands apart on the page, too.
        ("姓 名：王 小明", "姓 名：王 小明\n第二行", "姓 名：王 小明"),
        ("甲 乙", "甲 乙 丙\n甲\n乙", "甲 乙"),
        # Between a sign and a letter, and between words of Korean, a blank is one.
        ("在 Debian 里 有", "在 Debian\n里 有", "在 Debian 里 有"),
        ("설치 시스템", "설치\n시스템", "설치 시스템"),
        ("The end\nof a line", "The end\nof a line", "The end\nof a line"),
    ],
    ids=["Chinese", "Japanese", "title", "name", "in doubt", "mixed", "Korean", "English"],
)
def test_blanks_that_only_the_end_of_a_line_made_are_taken_out(markdown: str, plain: str, expected: str) -> None:
    assert without_breaks(markdown, plain) == expected


def test_lines_of_wide_signs_are_no_code_and_code_with_some_of_them_is() -> None:
    assert (
        without_false_code("# 一\n\n```\n第 3 章 开始安\n装之前\n```\n\n正文") == "# 一\n\n第 3 章 开始安装之前\n\n正文"
    )
    code = "```\nprint('你好')  # 问候\n```"
    assert without_false_code(code) == code


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["如果您的计算机可以从", "USB", "引导，那么这可能是最简单的方法"], True),
        (["这可能是最简单的方法，只需将它插入一个空的口并重新引导计算机系统"], True),
        (["型号", "容量", "价格"], False),
        (["合计", "1,200"], False),
    ],
    ids=["two scripts", "one run", "head", "figures"],
)
def test_a_line_of_chinese_that_fills_its_room_is_prose(words: list[str], expected: bool) -> None:
    left, found = 0.0, []
    for word in words:
        width = 10.0 * sum(1 if character > "\u2e80" else 0.5 for character in word)
        found.append(Word(left, 0, left + width, 12, word))
        left += width + 4

    assert is_prose(found, left) is expected
