"""Words looked up in a file's text, each hit with what stands around it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field, replace

from kimi_files.content import Content
from kimi_files.errors import InvalidArguments
from kimi_files.progress import Progress
from kimi_files_tools.window import Position

_BETWEEN_WORDS = r"[\s*_|`~\\\u00ad\u200b\u00a0]+"
_CJK = r"\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff"
_CONTEXT = 200
_MARKS = "\"'.,;:!?()[]„“”‘’«»、，。；：！？（）"
# Words that stand no further apart are about the same thing.
_NEAR = 300
# Shorter words stand in many others: "no" in "notice", "7" in "17".
_SHORT_WORD = 3

# Longer than any match that a line of search words can have, so that none is lost between two pieces.
_OVERLAP = 2_000


@dataclass(frozen=True, slots=True)
class Hit:
    """``start`` and ``end`` are offsets in the page, ``line`` the line (from 1) on which the hit starts.

    ``word`` is the number (from 1) of the word that was hit, of several that were looked up by themselves.
    """

    page: int
    start: int
    end: int
    line: int
    word: int = 0


def pattern_of(words: str) -> re.Pattern[str]:
    """What ``words`` match: any case, any white space or markdown mark between words, Chinese across line breaks."""
    parts = words.split()
    if not parts or len(words) > 400:
        raise InvalidArguments("find takes one to some dozen words.", 'Write find="impairment charge".')
    return re.compile(_BETWEEN_WORDS.join(_word(part) for part in parts), re.IGNORECASE)


def telling_words(words: str) -> list[str]:
    """The words worth looking up by themselves, the longest first, without those that any text has; all if it has all."""
    from kimi_files.retrieve.stop_words import stop_words  # only for a second try

    # As they are written: folded, "Straße" would be looked for as "strasse", which stands in no text.
    said = {bare.casefold(): bare for word in words.split() for bare in (word.strip(_MARKS) or word,)}
    stop = stop_words(said)
    longest_first = sorted(said, key=lambda word: (-len(word), word))
    return [said[word] for word in longest_first if word not in stop] or [said[word] for word in longest_first]


def alternatives_of(words: Sequence[str]) -> re.Pattern[str]:
    """Any one of the words by itself: the second try when they do not stand together."""
    return re.compile("|".join(f"({_alone(word)})" for word in words), re.IGNORECASE)


@dataclass(slots=True)
class NearEachOther:
    """Of hits of words by themselves, the places where ``words`` different ones stand close together, each as one hit."""

    words: int
    _last: dict[int, Hit] = field(default_factory=dict)

    def __call__(self, hit: Hit) -> Hit | None:
        """The place that is complete with the next hit, if one is."""
        self._last = {
            word: one for word, one in self._last.items() if one.page == hit.page and hit.end - one.start <= _NEAR
        }
        self._last[hit.word] = hit
        if len(self._last) < self.words:
            return None
        place = replace(min(self._last.values(), key=lambda one: one.start), end=hit.end, word=0)
        self._last = {}
        return place


def _alone(word: str) -> str:
    return rf"\b{_word(word)}\b" if len(word) <= _SHORT_WORD and word.isascii() and word.isalnum() else _word(word)


def _word(word: str) -> str:
    escaped = [re.escape(letter) for letter in word]
    joined = escaped[0]
    for before, letter, pattern in zip(word, word[1:], escaped[1:], strict=False):
        both_cjk = re.fullmatch(f"[{_CJK}]{{2}}", before + letter) is not None
        joined += (r"\s*" if both_cjk else "") + pattern
    return joined


async def find_hits(
    content: Content, pages: Sequence[int], pattern: re.Pattern[str], progress: Progress
) -> AsyncIterator[Hit]:
    """Every match in these pages, in order, in constant memory."""
    search: _PageSearch | None = None
    searched = 0
    async for page, piece in content.pieces_of(pages):
        if search is None or search.page != page:
            await progress(searched, len(pages), "looking for the words")
            search, searched = _PageSearch(pattern, page, content.pages[page - 1].characters), searched + 1
        for hit in search.hits(piece.text):
            yield hit


@dataclass(slots=True)
class _PageSearch:
    """A page searched piece by piece, each with the end of the one before: ``text`` begins at ``start`` on ``line``."""

    pattern: re.Pattern[str]
    page: int
    characters: int
    text: str = ""
    start: int = 0
    line: int = 1
    found_to: int = 0

    def hits(self, piece: str) -> Iterator[Hit]:
        """The matches that the page's next piece completes."""
        self.text += piece
        text, start, counted = self.text, self.start, 0
        for match in self.pattern.finditer(text):
            if match.end() == len(text) and start + len(text) < self.characters:
                break  # it may go on in the next piece, where it is found whole
            if start + match.start() < self.found_to:
                continue
            self.found_to = start + match.end()
            self.line += text.count("\n", counted, match.start())
            counted = match.start()
            yield Hit(self.page, start + match.start(), start + match.end(), self.line, match.lastindex or 0)
        keep = max(len(text) - _OVERLAP, counted)
        self.line += text.count("\n", counted, keep)
        self.text, self.start = text[keep:], start + keep


def context_of(hit: Hit, page_characters: int, around: int = _CONTEXT) -> tuple[int, int]:
    """Offsets of the surroundings of a hit in its page."""
    return max(hit.start - around, 0), min(hit.end + around, page_characters)


def after(hit: Hit, position: Position | None) -> bool:
    """Whether a hit is at or behind the position of a cursor."""
    return position is None or (hit.page, hit.start) >= (position.page, position.offset)
