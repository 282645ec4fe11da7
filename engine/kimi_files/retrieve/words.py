"""Words as the index knows them: one way for texts and questions, for English, Chinese and numbers."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import pairwise

from kimi_files.retrieve.stem import stem

WORDS_VERSION = 2
"""Counts up with every change that makes words of old indexes differ from words of new questions."""

# Scripts written without spaces between words: Chinese signs, kana; and hangul, whose endings stick to the words.
_UNSPACED = "\u2e80-\u2fff\u3005-\u3007\u3040-\u30ff\u3100-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
_WORD = re.compile(
    rf"[A-Za-z]++(?![^\W_{_UNSPACED}]|[&'’])"  # most words: the other branches are slower
    rf"|[{_UNSPACED}]+"
    r"|\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\w,])"
    r"|\d{1,2}-[KQFkqf](?![\w])"
    r"|\d+(?:\.\d+)+"
    rf"|[^\W_{_UNSPACED}]+(?:&[^\W_{_UNSPACED}]+)*(?:['’](?:[st]|re|ve|ll|[dm])(?!\w))?"
)
_UNSPACED_RUN = re.compile(rf"[{_UNSPACED}]+")
# A soft hyphen, or what pdfium writes for a hyphen at the end of a line.
_BROKEN_WORD = re.compile("[\u00ad\u0002\ufffe]\r?\n?")
_CONTRACTION = re.compile(r"['’](?:s|t|re|ve|ll|d|m)$")
_CAMEL = re.compile(r"[A-Z]?[a-z]{2,}|[A-Z]{2,}(?![a-z])|\d+")
_NUMBER = re.compile(r"\d[\d,.]*")
_YEAR = re.compile(r"(?:19|20)\d\d")

_ORDINALS = {"1": "first", "2": "second", "3": "third", "4": "fourth"}
_ORDINAL = re.compile(r"([1-4])(?:st|nd|rd|th)")
_FISCAL = re.compile(r"(?:fy|cy)'?(\d{4}|\d{2})?")
_PERIOD = re.compile(r"(?:(\d{4}))?(?:([qh])([1-4])|([1-4])([qh]))(?:fy|cy)?'?(\d{4}|\d{2})?")
_FORM_NUMBER = re.compile(r"(\d{1,2})-?([kqf])")
_PERIODS = {"q": "quarter", "h": "half"}

_LONGEST_WORD = 48
_CACHED_WORDS = 100_000


def words(text: str) -> list[str]:
    """The words of a text in order: stems, numbers without separators, single signs and pairs of signs for Chinese.

    A word can become several: ``FY2018`` is ``fiscal`` and ``2018``, ``getFileSize`` is the whole and its parts. Pairs of
    a letter and a sign stand at the end.
    """
    found: list[str] = []
    raws = raw_words(text)
    for raw in raws:
        if raw[0] >= "\u2e80" and _UNSPACED_RUN.fullmatch(raw):
            found += _signs(raw)
        else:
            found += _FORMS[raw]
    if not text.isascii():
        found += letter_pairs(raws)
    return found


def raw_words(text: str) -> list[str]:
    """The words of a text as they are written, for what depends on capitals."""
    return _WORD.findall(_plain(text))


def letter_pairs(raws: Sequence[str]) -> Iterator[str]:
    """Single letters with the sign before or behind: U 盘, 维生素 C. By itself neither says what is meant."""
    for before, after in pairwise(raws):
        if _is_letter(before) and is_unspaced(after):
            yield before.lower() + after[0]
        elif _is_letter(after) and is_unspaced(before):
            yield before[-1] + after.lower()


def is_unspaced(word: str) -> bool:
    """Whether a raw word is a run of Chinese, Japanese or Korean signs."""
    return _UNSPACED_RUN.fullmatch(word) is not None


def is_figure(word: str) -> bool:
    """Whether a word is a number that is not a year."""
    return word[0].isdigit() and _NUMBER.fullmatch(word) is not None and _YEAR.fullmatch(word) is None


def is_year(word: str) -> bool:
    """Whether a word is a year of these two centuries."""
    return _YEAR.fullmatch(word) is not None


def _plain(text: str) -> str:
    if text.isascii():
        return _BROKEN_WORD.sub("", text) if "\u0002" in text else text
    return _BROKEN_WORD.sub("", unicodedata.normalize("NFKC", text))


def _is_letter(raw: str) -> bool:
    return len(raw) == 1 and raw.isascii() and raw.isalpha()


def _signs(run: str) -> list[str]:
    return [*run, *[run[at : at + 2] for at in range(len(run) - 1)]]


class _Forms(dict[str, tuple[str, ...]]):
    """What each raw word becomes, worked out once: a text uses the same words again and again."""

    def __missing__(self, raw: str) -> tuple[str, ...]:
        if len(self) >= _CACHED_WORDS:
            self.clear()
        made = tuple(word[:_LONGEST_WORD] for word in _forms(raw))
        self[raw] = made
        return made


_FORMS = _Forms()


def _forms(raw: str) -> list[str]:
    if raw[0].isdigit() and _NUMBER.fullmatch(raw):
        return [_number(raw)]
    raw = _CONTRACTION.sub("", raw)
    word = _without_accents(raw.casefold())
    if (made := _business_forms(word)) is not None:
        return made
    whole = stem(word) if word.isascii() and word.isalpha() else word
    if raw.islower() or raw.isupper() or raw.istitle() or len(parts := _CAMEL.findall(raw)) < 2:
        return [whole]
    return [whole, *(stem(part.lower()) for part in parts)]


def _number(raw: str) -> str:
    """5,794.00 and 5794 are the same number; a version like 1.2.0 stays as it is."""
    number = raw.replace(",", "")
    return number.rstrip("0").rstrip(".") if number.count(".") == 1 else number


def _business_forms(word: str) -> list[str] | None:
    """FY18 = fiscal 2018, Q2 and 2Q = second quarter, H1 = first half, 10-K = 10k, 2nd = second."""
    if match := _FISCAL.fullmatch(word):
        return ["fiscal", *_year(match[1])]
    if match := _PERIOD.fullmatch(word):
        before, letter, number, first_number, first_letter, after = match.groups()
        period = _PERIODS[letter or first_letter]
        return [*_year(before), _ORDINALS[number or first_number], stem(period), *_year(after)]
    if match := _FORM_NUMBER.fullmatch(word):
        return [match[1] + match[2]]
    if match := _ORDINAL.fullmatch(word):
        return [_ORDINALS[match[1]]]
    return None


def _year(digits: str | None) -> list[str]:
    if not digits:
        return []
    return [digits if len(digits) == 4 else "20" + digits]


def _without_accents(word: str) -> str:
    if word.isascii():
        return word
    return "".join(sign for sign in unicodedata.normalize("NFKD", word) if not unicodedata.combining(sign)) or word
