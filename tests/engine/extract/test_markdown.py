"""Sections begin at headings and lose no character."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kimi_files.extract import markdown
from kimi_files.extract.document import OutlineEntry, PageText
from kimi_files.extract.markdown import headings, plain_title, sections

parts = st.lists(
    st.sampled_from(
        [
            "# One\n",
            "## Two\r\n",
            "Text\n",
            "===\n",
            "---\n",
            "```\n",
            "~~~\r",
            "\n",
            "\r\n",
            "- a\n",
            "word ",
            "中文\n",
        ]
    ),
    max_size=40,
)


def pages_of(text: str) -> list[PageText]:
    return [event for event in sections(text) if isinstance(event, PageText)]


def headings_of(text: str) -> list[tuple[int, str]]:
    return [(heading.level, heading.title) for heading in headings(text)]


@given(parts, st.booleans())
def test_sections_together_are_the_text(texts: list[str], long: bool) -> None:
    if long:
        texts = [*texts, "word " * 5_000]
    text = "".join(texts)
    pages = pages_of(text)
    assert "".join(page.text for page in pages) == text
    assert [page.number for page in pages] == sorted(page.number for page in pages)


@given(parts)
def test_headings_begin_where_lines_begin(texts: list[str]) -> None:
    text = "".join(texts)
    for heading in headings(text):
        assert heading.start == 0 or text[heading.start - 1] in "\r\n"


@pytest.mark.parametrize("line", ["# " + " " * 200_000 + "x", "# " + "[" * 200_000, "-" * 200_000 + "x", "`" * 200_000])
def test_a_line_of_any_length_is_read_in_linear_time(line: str) -> None:
    assert len(headings_of(f"{line}\n\n# End\n")) <= 2


def test_a_long_text_is_cut_at_its_chapters() -> None:
    body = "word " * 1_000 + "\n"
    text = f"# Book\n\nPreface.\n\n## One\n{body}### One and a half\n{body}## Two\n{body}"
    pages = pages_of(text)
    assert [(page.number, page.label, page.kind, page.title) for page in pages] == [
        (1, "1", "section", "Book"),
        (2, "2", "section", "One"),
        (3, "3", "section", "Two"),
    ]
    entries = [event for event in sections(text) if isinstance(event, OutlineEntry)]
    assert [(entry.title, entry.level, entry.page) for entry in entries] == [
        ("Book", 1, 1),
        ("One", 2, 2),
        ("One and a half", 3, 2),
        ("Two", 2, 3),
    ]


def test_a_short_text_is_one_page_with_an_outline() -> None:
    events = list(sections("# A\n\ntext\n\n# B\n"))
    assert [event.text for event in events if isinstance(event, PageText)] == ["# A\n\ntext\n\n# B\n"]
    assert [event.page for event in events if isinstance(event, OutlineEntry)] == [1, 1]


def test_what_looks_like_a_heading_but_is_none() -> None:
    text = (
        "---\ntitle: front matter\n---\n"
        "```sh\n# a comment\n```\n"
        "~~~~\n# in tildes\n~~~\n# still in tildes\n~~~~\n"
        "    # indented code\n"
        "#hashtag\n"
        "- list\n---\n"
        "two lines\nof a paragraph\n---\n"
        "####### seven\n"
        "`` `# code` ``\n"
    )
    assert headings_of(text) == []


def test_headings_of_every_form() -> None:
    text = "# One #\n\nTwo\n===\n\nThree\n---\n   ### Four\r\n##\tFive\r#\n\n## [Six](x) with **marks** and `code` {#six}\n"
    assert headings_of(text) == [
        (1, "One"),
        (1, "Two"),
        (2, "Three"),
        (3, "Four"),
        (2, "Five"),
        (1, ""),
        (2, "Six with marks and code"),
    ]


def test_words_with_underscores_keep_them() -> None:
    assert plain_title("(*) mandatory (*unless* (_said_ otherwise))") == "(*) mandatory (unless (said otherwise))"
    assert plain_title("the `snake_case_name` of _it_ ![logo](x.png)") == "the snake_case_name of it logo"


def test_a_title_alone_is_on_the_page_of_the_first_chapter() -> None:
    chapter = "words " * 3_000
    events = list(sections(f"# The book\n\n# One\n\n{chapter}\n\n# Two\n\n{chapter}"))
    pages = {event.number: event.title for event in events if isinstance(event, PageText)}
    assert pages == {1: "The book", 2: "Two"}
    assert [event.title for event in events if isinstance(event, OutlineEntry)] == ["The book", "One", "Two"]


def test_a_title_is_said_without_the_marks_of_its_notes() -> None:
    assert plain_title("The sleeper[^1] of the [valley](https://example.com)[^note]") == "The sleeper of the valley"


def test_an_outline_of_thousands_keeps_the_upper_levels_whole() -> None:
    text = "".join(f"# {chapter}\n" + "## x\n" * 20 for chapter in range(100))
    entries = [event for event in sections(text) if isinstance(event, OutlineEntry)]
    assert len(entries) == 100
    assert {entry.level for entry in entries} == {1}


def test_a_text_without_headings_is_one_page() -> None:
    (page, *rest) = pages_of("word " * (markdown.SHORT_TOKENS * 2))
    assert rest == []
    assert page.kind == "text"
