"""Words in a text: every hit, wherever the pieces are cut."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kimi_files.errors import InvalidArguments
from kimi_files.progress import no_progress
from kimi_files.tokens import estimate_tokens
from kimi_files_tools.find import find_hits, pattern_of
from kimi_files_tools.find_result import find_result
from kimi_files_tools.pages import select
from kimi_files_tools.window import read_cursor
from tests.tools.memory import content_of


async def hits(content, words):
    return [(hit.start, hit.end, hit.line) async for hit in find_hits(content, [1], pattern_of(words), no_progress)]


@pytest.mark.parametrize(
    ("text", "words", "matched"),
    [
        ("An impairment charge of 12", "impairment charge", ["impairment charge"]),
        ("An Impairment\nCHARGE of 12", "impairment charge", ["Impairment\nCHARGE"]),
        ("An **impairment** charge of 12", "impairment charge", ["impairment** charge"]),
        ("| impairment | charge |", "impairment charge", ["impairment | charge"]),
        ("减值\n准备1,240万", "减值准备", ["减值\n准备"]),
        ("a.b a+b axb", "a+b", ["a+b"]),
        ("nothing", "impairment", []),
    ],
)
async def test_words_match_across_line_ends_and_marks(text, words, matched):
    content = content_of([text])
    assert [text[start:end] for start, end, _ in await hits(content, words)] == matched


@given(
    text=st.text(alphabet="ab \n", max_size=300),
    piece=st.integers(1, 40),
    words=st.sampled_from(["a", "ab", "a b", "aa b"]),
)
@settings(max_examples=200)
async def test_hits_do_not_depend_on_where_pieces_are_cut(text, piece, words):
    found = await hits(content_of([text], piece=piece), words)
    expected = [
        (match.start(), match.end(), text.count("\n", 0, match.start()) + 1)
        for match in pattern_of(words).finditer(text)
    ]
    assert found == expected


async def result(content, words, *, start=None, pages="", max_tokens=2000):
    spans = await select(content, pages)
    return await find_result(content, spans, start, words, pages, max_tokens, no_progress)


async def test_all_hits_are_counted_by_page_and_shown_with_their_surroundings():
    pages = ["nothing here", "an impairment charge of 12 million", "x " * 900 + "impairment charge again " + "y " * 900]
    text = await result(content_of(pages), "impairment charge")
    assert '2 hits for "impairment charge" on pages 2, 3' in text
    assert "[page 2] an impairment charge of 12 million" in text
    assert "[page 3] … x x" in text


async def test_walking_the_cursors_shows_every_hit_once_within_the_budget():
    filler = " filler" * 150
    content = content_of([f"start{filler} needle {n}{filler}" for n in range(60)])
    seen: list[str] = []
    start = None
    while True:
        text = await result(content, "needle", start=start, max_tokens=500)
        assert estimate_tokens(text) <= 500
        seen += [line.split("needle ")[1].split()[0] for line in text.splitlines() if line.startswith("[page")]
        if "cursor=" not in text:
            break
        start = read_cursor(content, text.split('cursor="')[1].split('"')[0])
    assert seen == [str(n) for n in range(60)]


async def test_many_short_pages_are_looked_up_together():
    content = content_of([f"page {n} with a needle in it" for n in range(300)])
    text = await result(content, "needle", max_tokens=8_000)
    assert "300 hits" in text
    assert text.count("[page ") > 100
    assert content.store.looks < 20


async def test_hits_on_long_pages_among_short_ones_show_their_own_surroundings():
    content = content_of(["the first needle", "x " * 150_000 + "the second needle", "the third needle"])
    text = await result(content, "needle")
    assert [line.split(" needle")[0].split()[-1] for line in text.splitlines() if line.startswith("[page")] == [
        "first", "second", "third",
    ]  # fmt: skip


async def test_hits_in_a_text_without_pages_are_named_by_line():
    content = content_of(["one\ntwo\nthree needle\nfour\n"], kind="text")
    text = await result(content, "needle")
    assert '1 hit for "needle" on line 3' in text
    assert "[line 3]" in text


async def test_words_that_do_not_stand_together_are_looked_up_one_by_one():
    text = await result(content_of(["the charge", "was an impairment"]), "impairment charge")
    assert "2 hits for single words of" in text


async def test_words_by_themselves_are_looked_up_as_they_are_written():
    text = await result(content_of(["Die große alte Straße am Fluß", "the GROẞE street"]), "Straße große")
    assert '1 hit for the words of "Straße große" near each other on page 1' in text


async def test_words_near_each_other_go_before_single_ones():
    pages = ["A unit. The tenant of unit 17 pays.", "The tenants of all units", "unit 7 " + "x " * 200 + "tenant", ""]
    text = await result(content_of([*pages, "7 | large | unit\nwith a TENANT"]), "The tenant of unit 7?")
    assert '1 hit for the words of "The tenant of unit 7?" near each other on page 5' in text
    assert "[page 5] 7 | large | unit\nwith a TENANT" in text


async def test_most_words_near_each_other_go_before_single_ones():
    pages = ["contents: removal", "of removal during an upgrade, dpkg prompts", "upgrade", "removal and upgrade"]
    text = await result(content_of(pages), "conffile removal upgrade prompts")
    assert '1 hit for most words of "conffile removal upgrade prompts" near each other on page 2' in text


async def test_hits_near_each_other_are_walked_once():
    filler = " filler" * 150
    content = content_of([f"shaft{filler} shaft nine {n}, the cost{filler} cost" for n in range(30)])
    seen: list[str] = []
    start = None
    while True:
        text = await result(content, "cost shaft nine", start=start, max_tokens=500)
        seen += [line.split("shaft nine ")[1].split(",")[0] for line in text.splitlines() if line.startswith("[page")]
        if "cursor=" not in text:
            break
        start = read_cursor(content, text.split('cursor="')[1].split('"')[0])
    assert seen == [str(n) for n in range(30)]


async def test_short_words_alone_are_whole_and_words_of_every_text_are_not_looked_up():
    text = await result(content_of(["notice of the 17 tenants", "a thing", "no 7"]), "the 7 things at no place")
    assert "1 hit for single words" in text
    assert "on page 3" in text


async def test_many_pages_with_hits_are_named_as_ranges():
    content = content_of([f"needle {n}" if n != 30 else "nothing" for n in range(1, 61)])
    assert '59 hits for "needle" on pages 1-29, 31-60\n' in await result(content, "needle")


async def test_no_hit_says_what_to_do():
    assert "no hit for" in await result(content_of(["abc"]), "xyz")


@pytest.mark.parametrize("words", ["   ", "x" * 500])
def test_words_that_nobody_could_mean_are_refused(words):
    with pytest.raises(InvalidArguments):
        pattern_of(words)
