"""Names under which files are sent, content bodies in both forms, citations and quotations: the rules as tables."""

from __future__ import annotations

import hashlib
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kimi_files.answer import Citation
from kimi_files.kimi import body as body_module
from kimi_files.kimi.body import text_parts
from kimi_files.kimi.citations import checked_citations
from kimi_files.kimi.errors import RemoteFailure
from kimi_files.kimi.marker import marked, shown_name, unmarked
from kimi_files.kimi.quotations import Quotation, not_found, quotations, shared_words
from tests.tools.memory import content_of

SHA = hashlib.sha256(b"x").hexdigest()


@pytest.mark.parametrize(
    "name",
    [
        "report.pdf",
        "年度报告.pdf",
        "README",
        "a.tar.gz",
        ".hidden",
        "x (1).txt",
        'with "quotes".txt',
        "trailing.",
        "a.b c d",
    ],
)
def test_a_sent_name_gives_the_users_name_back(name: str) -> None:
    found = unmarked(marked(name, SHA, "0123abcd"))
    assert found is not None
    assert (found.name, found.content, found.upload) == (name, SHA[:16], "0123abcd")


def test_the_extension_stays_last_and_long_names_fit() -> None:
    sent = marked("报" * 300 + ".pdf", SHA, "0123abcd")
    assert sent.endswith(".pdf")
    assert len(sent.encode()) <= 240


@pytest.mark.parametrize("number", ["(1)", "(27)"])
def test_a_number_that_the_service_adds_does_not_hide_the_mark(number: str) -> None:
    stem, _, extension = marked("report.pdf", SHA, "0123abcd").rpartition(".")
    assert shown_name(f"{stem} {number}.{extension}") == "report.pdf"


@pytest.mark.parametrize("name", ["report.pdf", "report.kf-1234.pdf", "a.kf-9f86d081884c7d65.pdf", "kf-" + SHA[:16]])
def test_other_names_are_left_alone(name: str) -> None:
    assert unmarked(name) is None
    assert shown_name(name) == name


def text_of(raw: bytes) -> str:
    return "".join(text_parts(io.BytesIO(raw)))


def envelope(text: str, *, ascii_only: bool = False, content_first: bool = True) -> bytes:
    value = {"content": text, "file_type": "application/pdf", "filename": "x.pdf", "title": "", "type": "file"}
    if not content_first:
        value = dict(sorted(value.items(), reverse=True))
    return json.dumps(value, ensure_ascii=ascii_only, separators=(",", ":")).encode()


@given(st.text(), st.booleans(), st.booleans(), st.integers(min_value=1, max_value=40))
def test_the_json_form_gives_every_character_however_it_is_cut(
    text: str, ascii_only: bool, content_first: bool, chunk: int
) -> None:
    before = body_module._CHUNK_BYTES
    body_module._CHUNK_BYTES = chunk + 16
    try:
        assert text_of(envelope(text, ascii_only=ascii_only, content_first=content_first)) == text
    finally:
        body_module._CHUNK_BYTES = before


@pytest.mark.parametrize(
    "text",
    [
        "plain text\nwith lines\n",
        "",
        "年度报告",
        '{"custom_id":"a"}\n{"custom_id":"b"}\n',
        '{"content": 5}',
        '{"content": "a JSON file of the user", "other": 1}',
        '{"name": "x", "content": "of the user"}',
        '[{"content": "x"}]',
        '{"content": unquoted}',
    ],
)
def test_the_plain_form_comes_as_it_is(text: str) -> None:
    assert text_of(text.encode()) == text


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.99])
def test_half_a_json_form_is_never_taken_for_a_text(share: float) -> None:
    whole = envelope("The replacement shaft cost 48,300.00 euros. " * 50)
    with pytest.raises(RemoteFailure):
        text_of(whole[: int(len(whole) * share)])


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("It cracked [2]; it cost 48,300 [7].", "It cracked [1]; it cost 48,300 [2]."),
        ("Both [7, 2].", "Both [1][2]."),
        ("Both [2][7].", "Both [1][2]."),
        ("A range [2-7].", "A range [1][2]."),
        ("Twice [7] and [7].", "Twice [1] and [1]."),
        ("Invented [9].", "Invented."),
        ("Half invented [9, 7].", "Half invented [1]."),
        ("裂纹【2】。", "裂纹[1]。"),
        ("Footnote style [^7].", "Footnote style [1]."),
        ("A link [7](https://x.example) stays.", "A link [7](https://x.example) stays."),
        ("Code `a[9]` stays [7].", "Code `a[9]` stays [1]."),
        ("```\nx = a[9]\n```\n[7]", "```\nx = a[9]\n```\n[1]"),
        ("The case [2019] EWCA Civ 12 [7].", "The case [2019] EWCA Civ 12 [1]."),
        ("No citation at all.", "No citation at all."),
    ],
)
def test_only_citations_that_exist_stay_numbered_as_they_appear(said: str, shown: str) -> None:
    assert checked_citations(said, {2, 7})[0] == shown


def test_a_citation_knows_the_sentence_before_it() -> None:
    _, cited = checked_citations("First thing [2]. The second thing was found on page 4 [7].", {2, 7})
    assert [(one.number, one.shown, one.sentence) for one in cited] == [
        (2, 1, "First thing"),
        (7, 2, "The second thing was found on page 4"),
    ]


PAGE = "The **quarterly** turbine inspec-\ntion found hairline cracks on\nshaft nine; the cost was 48,300.00 (well-\nknown)."


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("hairline cracks on shaft nine", True),
        ("The quarterly turbine inspection found", True),
        ("Hairline  Cracks", True),
        ("turbine inspection … shaft nine", True),
        ("turbine inspection [...] moon base", False),
        ("the cost was 48,300.00", True),
        ("the cost was 48.300,00", False),
        ("the cost was 4,830.00", False),
        ("hairline crack on shaft nine", False),
        ("well-known", True),
        ("airline cracks", False),
    ],
)
async def test_a_quotation_is_found_whatever_its_spaces_and_marks_and_only_then(words: str, found: bool) -> None:
    quotation = Quotation(words, 0, len(words))
    passage = Citation(1, "a.pdf", "page 1", "", PAGE, 0)
    assert await not_found([quotation], [], [passage], []) == ([] if found else [quotation])
    assert await not_found([quotation], [], [], [content_of([PAGE], piece=37)]) == ([] if found else [quotation])


def test_quotations_are_found_in_every_kind_of_marks() -> None:
    text = 'He said "net income rose", “fell again”, «im Jahr darauf», „im Jahr davor“, 「季度检查发现」 and "x" and 5" pipes.'
    assert [quotation.words for quotation in quotations(text)] == [
        "net income rose",
        "fell again",
        "im Jahr darauf",
        "im Jahr davor",
        "季度检查发现",
    ]


@pytest.mark.parametrize(
    ("sentence", "passage", "shared"),
    [
        ("They found hairline cracks on shaft nine", PAGE, "found hairline cracks on shaft nine"),
        ("It was of the in a", "it is of the in a and", ""),
        ("检查发现九号轴有细微裂纹", "季度检查发现九号轴有细微裂纹，已更换", "检查发现九号轴有细微裂纹"),
        ("nothing alike", PAGE, ""),
    ],
)
def test_a_source_shows_the_words_that_the_answer_takes_from_it(sentence: str, passage: str, shared: str) -> None:
    assert shared_words(sentence, passage) == shared
