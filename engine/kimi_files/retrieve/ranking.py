"""Which passages answer best: BM25 over passage and context, figures where figures are asked for, named files, neighbours."""

from __future__ import annotations

import heapq
import math
from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

from kimi_files.retrieve.postings import PassageKey, PassageRow, SegmentPostings
from kimi_files.retrieve.query import Asked
from kimi_files.retrieve.segment import TIMES_BITS, TIMES_MASK


@dataclass(frozen=True, slots=True)
class Tuning:
    """What was fitted to one half of the benchmark's questions; the other half is reported."""

    saturation: float = 1.2
    length: float = 0.75
    context: float = 0.7
    figures: float = 2.0
    page_figures: float = 3.0
    neighbours: float = 0.2
    other_files: float = 0.1
    focus: float = 4.0
    candidates: int = 400


TUNING = Tuning()

# In a log of 100 MB such a word takes a second and tells nothing, beside words that are rarer.
_TOO_COMMON = 20_000


def scores(
    segments: Sequence[SegmentPostings],
    asked: Asked,
    factors: Mapping[int, float],
    tuning: Tuning = TUNING,
) -> dict[PassageKey, float]:
    """BM25 of the best candidates, a content's times its factor (1 where there is none).

    How rare a word is, is counted over the asked files alone, and there too a content counts as much as its factor.
    """
    passages = sum(len(segment.words) for segment in segments)
    if not passages:
        return {}
    rarities = _rarities(segments, asked, factors, tuning)
    mean_words = sum(sum(segment.words) for segment in segments) / passages or 1.0
    contexts = sum(len(segment.context_words) for segment in segments)
    mean_context_words = sum(sum(segment.context_words) for segment in segments) / contexts or 1.0
    best: list[tuple[float, PassageKey]] = []
    for segment in segments:
        factor = factors.get(segment.content, 1.0)
        found = _field(segment.body, segment.words, mean_words, rarities, tuning)
        in_contexts = _field(segment.context, segment.context_words, mean_context_words, rarities, tuning)
        if in_contexts:
            for number, context in enumerate(segment.contexts):
                if context in in_contexts:
                    found[number] = found.get(number, 0.0) + tuning.context * in_contexts[context]
        best += [
            (score * factor, (segment.content, segment.first + number))
            for number, score in heapq.nlargest(tuning.candidates, found.items(), key=itemgetter(1))
        ]
    return {key: score for score, key in heapq.nlargest(tuning.candidates, best)}


def reranked(
    scores: Mapping[PassageKey, float],
    rows: Mapping[PassageKey, PassageRow],
    wants_figure: bool,
    tuning: Tuning = TUNING,
) -> dict[PassageKey, float]:
    """The scores with a bonus for figures, if the question wants one, and a part of what the neighbours on the page have."""
    alone: dict[PassageKey, float] = {}
    for key, row in rows.items():
        bonus = tuning.figures * row.figures + tuning.page_figures * row.page_figures if wants_figure else 0.0
        alone[key] = scores[key] * (1 + bonus)
    together: dict[PassageKey, float] = {}
    for (content, number), score in alone.items():
        beside = 0.0
        for neighbour in ((content, number - 1), (content, number + 1)):
            if neighbour in alone and rows[neighbour].page == rows[content, number].page:
                beside += alone[neighbour]
        together[content, number] = score + tuning.neighbours * beside
    return together


def shared(rankings: Sequence[Mapping[PassageKey, float]]) -> list[tuple[PassageKey, float]]:
    """One ranking out of several wordings', best first; each wording's best passage is worth the same."""
    total: dict[PassageKey, float] = {}
    for ranking in rankings:
        top = max(ranking.values(), default=0.0)
        for key, score in ranking.items():
            total[key] = max(total.get(key, 0.0), score / top)
    return sorted(total.items(), key=lambda entry: (-entry[1], entry[0]))


def _rarities(
    segments: Sequence[SegmentPostings], asked: Asked, factors: Mapping[int, float], tuning: Tuning
) -> dict[str, float]:
    """Each word's weight times its inverse document frequency."""
    passages = 0.0
    in_body: dict[str, float] = {}
    in_context: dict[str, float] = {}
    for segment in segments:
        factor = factors.get(segment.content, 1.0) ** tuning.focus
        passages += factor * len(segment.words)
        for word, of_word in segment.body.items():
            in_body[word] = in_body.get(word, 0.0) + factor * len(of_word)
        passages_of = Counter(segment.contexts)
        for word, of_word in segment.context.items():
            times = sum(passages_of[packed >> TIMES_BITS] for packed in of_word)
            in_context[word] = in_context.get(word, 0.0) + factor * times
    rarities: dict[str, float] = {}
    common: dict[str, float] = {}
    for word, weight in asked.weights.items():
        found = min(max(in_body.get(word, 0.0), in_context.get(word, 0.0)), passages)
        if found:
            group = common if found > _TOO_COMMON else rarities
            group[word] = weight * math.log(1 + (passages - found + 0.5) / (found + 0.5))
    return rarities or common


def _field(
    postings: Mapping[str, array[int]],
    lengths: array[int],
    mean: float,
    rarities: Mapping[str, float],
    tuning: Tuning,
) -> dict[int, float]:
    found: dict[int, float] = {}
    base = tuning.saturation * (1 - tuning.length)
    slope = tuning.saturation * tuning.length / mean
    for word, of_word in postings.items():
        if word not in rarities:
            continue  # asked for by another wording
        rarity = rarities[word] * (tuning.saturation + 1)
        for packed in of_word:
            number, times = packed >> TIMES_BITS, packed & TIMES_MASK
            found[number] = found.get(number, 0.0) + rarity * times / (times + base + slope * lengths[number])
    return found
