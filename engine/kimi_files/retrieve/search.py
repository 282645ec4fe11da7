"""The passages of several texts that answer a question, best first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import anyio.to_thread

from kimi_files.content import Content
from kimi_files.retrieve.index import PassageIndex
from kimi_files.retrieve.postings import PassageKey, PassageRow, SegmentPostings
from kimi_files.retrieve.query import Asked, asked, naming
from kimi_files.retrieve.ranking import TUNING, Tuning, reranked, scores, shared


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage and how well it answers: 1 is the best that was found."""

    passage: PassageRow
    score: float


@dataclass(frozen=True, slots=True)
class Found:
    """Best first. ``terms_not_found`` are the words of the question, as written, that stand in none of the texts."""

    hits: tuple[Hit, ...]
    terms_not_found: tuple[str, ...]


async def search(
    index: PassageIndex,
    contents: Sequence[Content],
    question: str,
    queries: Sequence[str] = (),
    tuning: Tuning = TUNING,
) -> Found:
    """Rank the passages of indexed texts by the question, and by each of ``queries``, wordings as they would stand there."""
    wordings = [asked(text) for text in (question, *queries)]
    every_word = {word for wording in wordings for word in wording.weights}
    segments = await index.postings([content.id for content in contents], every_word)
    factors = _factors(" ".join((question, *queries)), contents, tuning)

    def rank() -> list[dict[PassageKey, float]]:
        return [scores(segments, wording, factors, tuning) for wording in wordings]

    ranked = await anyio.to_thread.run_sync(rank)
    rows = await index.rows({key for ranking in ranked for key in ranking})
    # Search words that an agent gives ask for nothing: whether a figure is wanted, the question says.
    figure = wordings[0].wants_figure
    rankings = [
        reranked(ranking, {key: rows[key] for key in ranking if key in rows}, figure, tuning) for ranking in ranked
    ]
    # Each wording's best has the same score: then the order of the files counts, not the one in which they were first read.
    places = {content.id: place for place, content in enumerate(contents)}
    best = sorted(shared(rankings), key=lambda entry: (-entry[1], places[entry[0][0]], entry[0][1]))
    return Found(tuple(Hit(rows[key], score) for key, score in best), _not_found(wordings, segments))


def _factors(question: str, contents: Sequence[Content], tuning: Tuning) -> Mapping[int, float]:
    """What a file's passages count: less for those that are not named, if the question names some."""
    clearness = naming(question, [content.name for content in contents])
    if len(contents) < 2 or not any(clearness):
        return {}
    return {content.id: tuning.other_files ** (1 - clear) for content, clear in zip(contents, clearness, strict=True)}


def _not_found(wordings: Sequence[Asked], segments: Sequence[SegmentPostings]) -> tuple[str, ...]:
    there = {word for segment in segments for postings in (segment.body, segment.context) for word in postings}
    missing: dict[str, None] = {}
    for wording in wordings:
        for raw, words in wording.said:
            if not there.intersection(words):
                missing[raw] = None
    return tuple(missing)
