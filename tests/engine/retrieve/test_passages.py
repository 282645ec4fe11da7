"""Cutting loses nothing, repeats nothing, and does not depend on how the text arrives."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kimi_files.retrieve import checked
from kimi_files.retrieve.passages import TARGET_TOKENS, Cut, Cutter, OutlinePlace, run, segments
from kimi_files.retrieve.segment import PASSAGES_A_SEGMENT, TIMES_BITS
from kimi_files.retrieve.words import words
from kimi_files.tokens import estimate_tokens

PARAGRAPH = "The turbine was inspected in the third quarter and hairline cracks were found on its shaft. " * 4
CHINESE = "季度检查发现九号轴有细微裂纹，该轴已于十一月更换。" * 6


def cut(*pages: str, outline: list[OutlinePlace] | None = None, marked: bool = True, piece: int = 0) -> list[Cut]:
    pieces = [
        (number, start, page[start : start + (piece or len(page) or 1)])
        for number, page in enumerate(pages, 1)
        for start in range(0, len(page) or 1, piece or len(page) or 1)
    ]
    return list(Cutter(outline or [], marked=marked).cut(pieces))


# Texts with everything that cuts: lines, paragraphs, headings, tables, long lines, blanks of all kinds.
lines = st.one_of(
    st.sampled_from(["", "  ", "# One", "## Two", "| a | b |", "| --- | --- |", "| 1 | 2,000 |", "```", "\t", "\x0c"]),
    st.sampled_from([PARAGRAPH, CHINESE, "x" * 5_000, "word " * 1_500, "a,b;c " * 40]),
    st.text(max_size=120),
)
texts = st.lists(lines, max_size=25).map("\n".join)


@settings(max_examples=60)
@given(st.lists(texts, min_size=1, max_size=3), st.booleans())
def test_every_character_that_is_not_blank_is_in_exactly_one_passage_in_order(pages: list[str], marked: bool) -> None:
    cuts = cut(*pages, marked=marked)
    for number, page in enumerate(pages, 1):
        of_page = [passage for passage in cuts if passage.page == number]
        assert all(before.end <= after.start for before, after in pairwise(of_page))
        gaps = [0, *(place for passage in of_page for place in (passage.start, passage.end)), len(page)]
        assert not "".join(page[gaps[at] : gaps[at + 1]] for at in range(0, len(gaps), 2)).strip()
        assert all(page[passage.start : passage.end] == passage.text == passage.text.strip() for passage in of_page)


@settings(max_examples=60)
@given(st.lists(texts, min_size=1, max_size=2), st.integers(1, 300))
def test_the_same_text_gives_the_same_passages_however_it_arrives(pages: list[str], piece: int) -> None:
    assert cut(*pages, piece=piece) == cut(*pages)


@settings(max_examples=60)
@given(texts)
def test_no_passage_is_much_over_the_target(text: str) -> None:
    # The target is kept by sums of lines, which are counted a little high; a line that nothing can cut is the exception.
    assert all(passage.cost <= TARGET_TOKENS * 1.2 for passage in cut(text))


def test_paragraphs_are_merged_and_not_split_when_they_fit() -> None:
    text = "\n\n".join([PARAGRAPH.strip()] * 7)
    cuts = cut(text)
    assert [passage.text for passage in cuts] == ["\n\n".join([PARAGRAPH.strip()] * n) for n in (2, 2, 2, 1)]


def test_no_passage_goes_across_a_heading_or_a_page() -> None:
    cuts = cut("# One\nfirst\n## Two\nsecond", "third\n# Four\n\n## Five\n\nlast")
    assert [(passage.page, passage.text, passage.heading) for passage in cuts] == [
        (1, "# One\nfirst", "One"),
        (1, "## Two\nsecond", "Two"),
        (2, "third", "Two"),
        (2, "# Four\n\n## Five\n\nlast", "Five"),
    ]
    assert "One › Two" in cuts[1].context


@pytest.mark.parametrize(
    ("text", "marked", "headings"),
    [
        ("# not a heading in code\nx = 1", False, [""]),
        ("```\n# not one either\n```", True, [""]),
        ("#hashtag", True, [""]),
        ("# **Bold** `code` #", True, ["Bold code"]),
    ],
)
def test_what_is_a_heading(text: str, marked: bool, headings: list[str]) -> None:
    assert [passage.heading for passage in cut(text, marked=marked)] == headings


def test_headings_of_a_pdf_come_from_its_outline() -> None:
    outline = [OutlinePlace("Letter", 1, 1), OutlinePlace("2 Operations", 1, 2), OutlinePlace("2.1 Turbines", 2, 2)]
    cuts = cut(
        "cover", "end of letter\n2  OPERATIONS\nabout\n2.1 Turbines\ncracks", "more", outline=outline, marked=False
    )
    assert [(passage.text.split("\n")[-1], passage.heading) for passage in cuts] == [
        ("cover", ""),
        ("end of letter", "Letter"),
        ("about", "2 Operations"),
        ("cracks", "2.1 Turbines"),
        ("more", "2.1 Turbines"),
    ]


def test_a_heading_that_is_not_found_on_its_page_counts_from_the_next_one() -> None:
    cuts = cut("one", "two", "three", outline=[OutlinePlace("Drawn as a picture", 1, 2)], marked=False)
    assert [passage.heading for passage in cuts] == ["", "", "Drawn as a picture"]


def test_rows_of_a_long_table_keep_their_header_in_reach() -> None:
    header = "| position | hours | amount |"
    rows = "\n".join(f"| shaft {number} | {number} | {number * 1000:,} |" for number in range(60))
    text = f"intro\n\n{header}\n| --- | --- | --- |\n{rows}\n\nafter"
    cuts = cut(text)
    assert len(cuts) > 3
    for passage in cuts[1:]:
        assert header in passage.context
        assert text[passage.header_start : passage.header_end] == header
    assert (cuts[0].header_start, cuts[0].header_end) == (0, 0)


def test_the_context_is_the_beginning_of_the_page() -> None:
    page = "\n".join(f"line {number}" for number in range(1, 8)) + "\n\n" + PARAGRAPH * 3
    cuts = cut("other page", page)
    assert cuts[-1].context == "line 1\nline 2\nline 3\nline 4\nline 5"
    assert len(cut("x" * 900 + "\n" + PARAGRAPH * 4)[-1].context) == 260


@pytest.mark.parametrize(("first", "context"), [("A title", "A title"), (PARAGRAPH, "")])
def test_the_context_in_a_text_without_pages_is_its_title(first: str, context: str) -> None:
    text = f"{first}\nsecond line\n" + PARAGRAPH * 4
    cuts = list(Cutter(paged=False).cut([(1, 0, text)]))
    assert {passage.context for passage in cuts} == {context}


def test_a_long_line_is_cut_after_sentences() -> None:
    assert all(passage.text.endswith(".") for passage in cut(PARAGRAPH * 8))
    assert all(passage.text.endswith("。") for passage in cut(CHINESE * 8))


def test_a_page_without_end_passes_in_constant_memory() -> None:
    def pieces() -> object:
        for number in range(400):
            yield (
                1,
                number * 10_000,
                ("\n" * 10_000, "y" * 10_000, "log line of some length\n" * 417)[number % 3][:10_000],
            )

    cutter = Cutter()
    held = 0
    for _ in cutter.cut(pieces()):  # type: ignore[arg-type]
        assert cutter._page is not None
        held = max(held, len(cutter._page.rest) + sum(len(line.text) for line in cutter._page.lines))
    assert 0 < held < 40_000


def test_the_job_sends_segments_that_point_into_themselves() -> None:
    pages = [f"# Part {number}\n" + PARAGRAPH * 3 + f"word{number} 1,234 2018" for number in range(700)]
    feed = (json.dumps([number, 0, page]).encode() for number, page in enumerate(pages, 1))
    sent = [
        checked.segment.validate_json(frame.to_json())
        for frame in run(None, {"outline": [], "marked": True, "paged": True}, feed)
    ]
    assert len(sent) > 1
    assert all(len(segment.passages) <= PASSAGES_A_SEGMENT for segment in sent)
    passages = [passage for segment in sent for passage in segment.passages]
    assert sum(passage.figures for passage in passages) == 2 * 700  # 1,234 and the part's own number
    segment = sent[0]
    at = segment.body["word3"][0] >> TIMES_BITS
    assert segment.passages[at].page == 4
    assert sum(page.words for segment in sent for page in segment.pages) == sum(len(words(page)) for page in pages)


def test_a_segment_stays_below_what_a_frame_may_hold() -> None:
    random_words = (" ".join(f"{number * 7919 + at:x}" * 4 for at in range(40)) for number in range(3_000))
    cuts = (Cut(1, at, at + 1, text, 200, "", "", 0, 0) for at, text in enumerate(random_words))
    assert max(len(segment.to_json()) for segment in segments(cuts)) < 2 << 20


@pytest.mark.parametrize(
    "change",
    [
        {"body": {"word": [5 << TIMES_BITS | 1]}},
        {"context": {"word": [5 << TIMES_BITS | 1]}},
        {"body": {"word": [-1]}},
        {"body": {"": [1]}},
        {"passages": []},
        {"extra": 1},
    ],
)
def test_what_a_worker_sends_is_checked(change: dict[str, object]) -> None:
    good = json.loads(next(segments(cut("some text"))).to_json())
    checked.segment.validate_python(good)
    with pytest.raises(ValueError, match="validation error"):
        checked.segment.validate_python(good | change)


def test_the_cost_of_a_passage_is_that_of_its_lines() -> None:
    (passage,) = cut("one line\nanother line")
    assert passage.cost == estimate_tokens("one line\n") + estimate_tokens("another line")
