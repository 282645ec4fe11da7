"""Which words of an answer stand in the files: quotations, and what a cited passage says in the same words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import anyio.to_thread

from kimi_files.answer import Citation
from kimi_files.content import Content, Layer
from kimi_files.retrieve.index import searched_layer

NOT_FOUND = " (not found in the file)"

# Numbers with their separators, words, and each Chinese, Japanese or Korean sign: what has to be the same.
_TOKEN = re.compile(
    r"\d+(?:[.,:/]\d+)*|[\u2e80-\u2fff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]"
    r"|(?:(?![\u2e80-\u2fff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff])[^\W\d_])+"
)
_WIDE = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff]")
_HYPHENATED = re.compile(r"[-\u00ad]\s*\n\s*(?=[^\W\d_])")
_LEFT_OUT = re.compile(r"\s*(?:\[\s*(?:…|\.{3})\s*\]|…|\.{3,})\s*")

# Straight marks pair up within a line; the others cannot be mistaken.
_QUOTED = re.compile(
    r'"([^"\n]{2,2000})"|“([^”]{2,2000})”|«([^»]{2,2000})»|「([^」]{2,2000})」|『([^』]{2,2000})』|„([^“”]{2,2000})[“”]'
)
_LEAST_WORDS = 2
_LEAST_CHARACTERS = 8
_LEAST_WIDE = 4

_SHARED_WORDS = 3
_SHARED_WIDE = 5
_MOST_SHOWN = 200

_OVERLAP_CHARACTERS = 4_096


@dataclass(frozen=True, slots=True)
class Quotation:
    """Words between quotation marks; ``end`` is the offset after the closing mark."""

    words: str
    start: int
    end: int


def quotations(text: str) -> list[Quotation]:
    """The quotations of a text that are long enough to be one: two words of eight characters, four Chinese signs."""
    found: list[Quotation] = []
    for match in _QUOTED.finditer(text):
        words = next(group for group in match.groups() if group is not None)
        tokens = _TOKEN.findall(words)
        wide = sum(_WIDE.match(token) is not None for token in tokens)
        if wide >= _LEAST_WIDE or (len(tokens) >= _LEAST_WORDS and len(words.strip()) >= _LEAST_CHARACTERS):
            found.append(Quotation(words, match.start(), match.end()))
    return found


async def not_found(
    found: Sequence[Quotation], said: Iterable[str], passages: Sequence[Citation], contents: Sequence[Content]
) -> list[Quotation]:
    """The quotations that stand neither in ``said`` (the question), nor in the passages, nor anywhere in the files.

    Case, spaces, line breaks and the marks of markdown do not count. Parts between which something is left out (``…``) may
    stand anywhere.
    """
    missing = {part for quotation in found for part in _parts(quotation.words)}

    def look(text: str) -> None:
        for form in _forms(text):
            missing.difference_update([part for part in missing if part in form])

    for text in (*said, *(passage.text for passage in passages)):
        if missing:
            await anyio.to_thread.run_sync(look, text)
    for content in contents:
        for layer in dict.fromkeys(("text", searched_layer(content))):
            if missing:
                async for text in _windows(content, layer):
                    await anyio.to_thread.run_sync(look, text)
    return [quotation for quotation in found if any(part in missing for part in _parts(quotation.words))]


def shared_words(sentence: str, passage: str) -> str:
    """The longest run of words that a sentence has in common with a passage, as it stands there; empty if it is short."""
    of_sentence = [_normal(match.group()) for match in _TOKEN.finditer(sentence)]
    in_passage = list(_TOKEN.finditer(passage))
    of_passage = [_normal(match.group()) for match in in_passage]
    run = SequenceMatcher(None, of_sentence, of_passage, autojunk=False).find_longest_match()
    tokens = of_passage[run.b : run.b + run.size]
    wide = sum(_WIDE.match(token) is not None for token in tokens)
    telling = [token for token in tokens if len(token) > 3 or token[0].isdigit()]
    if wide < _SHARED_WIDE and (run.size < _SHARED_WORDS or len(telling) < 2):
        return ""
    words = passage[in_passage[run.b].start() : in_passage[run.b + run.size - 1].end()]
    words = " ".join(re.sub(r"[*_`|#\\]+", " ", words).split())
    return words if len(words) <= _MOST_SHOWN else words[: _MOST_SHOWN - 1] + "…"


def _parts(words: str) -> list[str]:
    parts = (_spelt(part) for part in _LEFT_OUT.split(words))
    return [part for part in parts if part.strip()]


def _forms(text: str) -> Iterable[str]:
    """The text as tokens between blanks; again with words put together that a line break has cut in two."""
    yield _spelt(text)
    joined = _HYPHENATED.sub("", text)
    if joined != text:
        yield _spelt(joined)


def _spelt(text: str) -> str:
    return f" {' '.join(_TOKEN.findall(_normal(text)))} "


def _normal(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


async def _windows(content: Content, layer: Layer) -> AsyncIterator[str]:
    """A file's text in parts that overlap, page by page."""
    for page in content.pages:
        tail = ""
        async for piece in content.pieces(page.number, layer):
            yield tail + piece.text
            tail = (tail + piece.text)[-_OVERLAP_CHARACTERS:]
