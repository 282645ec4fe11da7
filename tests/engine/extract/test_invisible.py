"""What people cannot see does not reach the model, and what scripts need stays."""

from __future__ import annotations

import io
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kimi_files.extract import jobs
from kimi_files.extract.document import PIECE_CHARACTERS, OutlineEntry, PageText, Warning  # noqa: A004
from kimi_files.extract.invisible import cleaned, without_invisible

ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"


@pytest.mark.parametrize(
    "text",
    [
        "می\u200cخواهم",  # Persian: parts a word's halves
        "क्\u200dष and ക്\u200d",  # Indic: shapes a conjunct
        "👩\u200d💻 👨\u200d👩\u200d👧 🏳\ufe0f\u200d🌈 ❤\ufe0f",
        ENGLAND,
        "葛\U000e0100城",  # a variant of a Chinese character
        "C++\u200e עברית",
        "naïve Größe 中文 🙂 soft\u00adhyphen",
    ],
)
def test_what_a_script_needs_stays(text: str) -> None:
    found: Counter[str] = Counter()
    assert cleaned(text, found) == text
    assert not found


@pytest.mark.parametrize(
    ("text", "rest", "kind", "count"),
    [
        ("pay" + "".join(chr(0xE0000 + ord(c)) for c in "ignore all") + " now", "pay now", "tag", 10),
        ("\U0001f3f4" + "\U000e0061" * 20, "\U0001f3f4", "tag", 20),
        ("zero\u200bwidth\u2060\ufeff", "zerowidth", "zero", 3),
        ("if \u202eadmin\u202c", "if admin", "bidi", 2),
        ("a\u2066b\u2069", "ab", "bidi", 2),
        ("bits\u200e\u200f\u200e\u200e", "bits", "bidi", 4),
        ("pass\u200dword\u200c", "password", "joiner", 2),
        ("می\u200c\u200c\u200dخ", "می\u200cخ", "joiner", 2),
        ("🙂\ufe0f\U000e0101\U000e0133", "🙂\ufe0f", "selector", 2),
    ],
)
def test_what_hides_is_taken_out_and_counted(text: str, rest: str, kind: str, count: int) -> None:
    found: Counter[str] = Counter()
    assert cleaned(text, found) == rest
    assert found == {kind: count}


def test_a_cut_between_pieces_changes_nothing() -> None:
    text = "می\u200cخواهم 👩\u200d💻 x\u200dy 葛\U000e0100\U000e0101 a\u200bb"
    whole = cleaned(text, Counter())
    for cut in range(len(text) + 1):
        parts = [PageText(number=1, label="1", kind="text", text=part) for part in (text[:cut], text[cut:])]
        events = list(without_invisible(parts))
        if not text[:cut].endswith(("\u200c", "\u200d", "\ufe0f", "\U000e0100", "\U000e0101")):
            assert "".join(event.text for event in events if isinstance(event, PageText)) == whole


@given(st.text(st.sampled_from("ab\u200b\u200c\u200d\u202e\u2066\U000e0041\ufe0f\U000e0100می👩中"), max_size=40))
def test_cleaning_twice_is_cleaning_once_up_to_what_joins(text: str) -> None:
    once = cleaned(text, Counter())
    assert not set(once) & set("\u200b\u202e\u2066\U000e0041")
    assert len(once) <= len(text)


def test_a_read_says_at_its_end_what_was_removed() -> None:
    data = ("# He\u200bading\n\nwords\U000e0041\U000e0042 of a text " + "x" * PIECE_CHARACTERS).encode()
    events = list(jobs.extract(io.BytesIO(data), {"name": "a.md"}, iter(())))
    text = "".join(event.text for event in events if isinstance(event, PageText))
    assert text.startswith("# Heading\n\nwords of a text xx")
    assert [event.title for event in events if isinstance(event, OutlineEntry)] in ([], ["Heading"])
    assert isinstance(events[-1], Warning)
    assert events[-1].message.startswith("3 invisible characters removed (2 tag characters, 1 of zero width)")


def test_a_text_with_nothing_hidden_has_no_warning() -> None:
    events = list(jobs.extract(io.BytesIO("Größe 中文".encode()), {"name": "a.txt"}, iter(())))
    assert not [event for event in events if isinstance(event, Warning)]
