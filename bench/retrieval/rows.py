"""Which lines of a report's evidence hold the answer: the rows of its figures, or the sentence nearest to it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kimi_files.retrieve.words import is_figure, words

_NAMED = re.compile(r"(?:named|in the 10K, was): (.+?)\.?(?=\n|$|The final|\. )")
_FIGURE = re.compile(r"\d[\d,.]*\d|\d")
_ONLY_FIGURES = re.compile(r"[\s\d,.()$%—–-]*")
_LONG_ENOUGH = 3
_SENTENCE_WORDS = 4


def answer_rows(evidence: str, answer: str, justification: str) -> tuple[str, ...]:
    """The rows that the justification names, else those with a figure of answer or justification, else one sentence."""
    rows = list(_rows(evidence))
    names = [_squeezed(name) for name in _NAMED.findall(justification)]
    if names:
        return tuple(dict.fromkeys(row for row in rows for name in names if name and _squeezed(row).startswith(name)))
    told = f"{answer} {justification}"
    figures = {
        figure for figure in _figures(told) if len(figure.replace(".", "")) >= _LONG_ENOUGH and is_figure(figure)
    }
    with_figures = tuple(row for row in rows if figures.intersection(_figures(row)))
    if with_figures:
        return with_figures
    wanted = set(words(told))
    sentences = [row for row in rows if len(row.split()) >= _SENTENCE_WORDS] or rows
    return tuple(sorted(sentences, key=lambda row: -len(wanted.intersection(words(row))) / (10 + len(words(row))))[:1])


def _rows(evidence: str) -> Iterator[str]:
    """Lines; a line of figures alone belongs to the label before it, as one cell stands on each line."""
    row = ""
    for line in evidence.splitlines():
        if row and _ONLY_FIGURES.fullmatch(line):
            row = f"{row} {line.strip()}".strip()
            continue
        if row:
            yield row
        row = line.strip()
    if row:
        yield row


def _figures(text: str) -> set[str]:
    return {figure.replace(",", "").strip(".") for figure in _FIGURE.findall(text)}


def _squeezed(text: str) -> str:
    """Letters alone: names are given with other dashes and spaces than they stand in the evidence."""
    return "".join(sign for sign in text.casefold() if sign.isascii() and sign.isalpha())
