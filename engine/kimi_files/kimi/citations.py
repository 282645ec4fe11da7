"""Citations in a model's answer: those that do not exist are removed, the others numbered as they appear."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

# [3], [3, 7], [3-5], [^3], 【3】; not the text of a link.
_CITATION = re.compile(r"([ \t]*)[\[【]\s*\^?(\d{1,5}(?:\s*[-–,，、;]\s*\^?\d{1,5})*)\s*[\]】](?!\()")
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]+`", re.S)
_RANGE = re.compile(r"\^?(\d+)\s*[-–]\s*\^?(\d+)")
_NUMBER = re.compile(r"\d+")
_YEAR = re.compile(r"(?:19|20)\d\d")  # "[2019] EWCA Civ 123"
_LONGEST_RANGE = 100
_SENTENCE_START = re.compile(r"(?:[.!?;]\s|[。！？；\n])(?!.*(?:[.!?;]\s|[。！？；\n]))", re.S)


@dataclass(frozen=True, slots=True)
class Cited:
    """A number of the prompt, the one that it got in the answer, and the sentence before its first citation."""

    number: int
    shown: int
    sentence: str


def checked_citations(text: str, existing: Collection[int]) -> tuple[str, tuple[Cited, ...]]:
    """The answer with only citations of ``existing``, numbered from 1 as they appear, and what they are.

    In code everything stays: ``list[5]`` is no citation.
    """
    shown: dict[int, Cited] = {}
    parts: list[str] = []
    end = 0
    for match in _outside_code(text):
        parts.append(text[end : match.start()])
        end = match.end()
        numbers = [number for number in _numbers(match.group(2)) if number in existing]
        if not numbers:
            if _YEAR.fullmatch(match.group(2)):
                parts.append(match.group())
            continue
        sentence = _sentence("".join(parts))
        for number in numbers:
            shown.setdefault(number, Cited(number, len(shown) + 1, sentence))
        parts.append(match.group(1) + "".join(f"[{shown[number].shown}]" for number in dict.fromkeys(numbers)))
    parts.append(text[end:])
    return "".join(parts), tuple(shown.values())


def cited_after(text: str, position: int) -> tuple[int, ...]:
    """The numbers of the next citations in the same line: one, or several in a row."""
    line_end = text.find("\n", position)
    numbers: list[int] = []
    end = position
    for match in _CITATION.finditer(text, position, len(text) if line_end < 0 else line_end):
        if numbers and match.start() != end:
            break
        numbers.extend(_numbers(match.group(2)))
        end = match.end()
    return tuple(numbers)


def _outside_code(text: str) -> Iterator[re.Match[str]]:
    code = [match.span() for match in _CODE.finditer(text)]
    for match in _CITATION.finditer(text):
        if not any(start <= match.start() and match.end() <= end for start, end in code):
            yield match


def _numbers(inside: str) -> Iterator[int]:
    for part in re.split(r"[,，、;]", inside):
        if bounds := _RANGE.search(part):
            first, last = int(bounds.group(1)), int(bounds.group(2))
            yield from range(first, min(last, first + _LONGEST_RANGE) + 1)
        elif number := _NUMBER.search(part):
            yield int(number.group())


def _sentence(before: str) -> str:
    """The end of a text from the last sentence mark that has something after it."""
    before = before[-2_000:].rstrip()
    start = _SENTENCE_START.search(before)
    return (before[start.end() :] if start else before).strip()
