"""How much of the gold text comes back within a budget, for plain BM25 and for the whole pipeline."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from questions import BenchQuestion, Gold

from kimi_files.answer import Citation
from kimi_files.content import Content
from kimi_files.retrieve.index import PassageIndex, searched_layer
from kimi_files.retrieve.postings import PassageKey
from kimi_files.retrieve.query import Asked
from kimi_files.retrieve.ranking import TUNING, Tuning, reranked, scores, shared
from kimi_files.retrieve.search import Found, Hit, search
from kimi_files.retrieve.spending import AROUND_TOKENS, spend
from kimi_files.retrieve.words import raw_words, words

_SIGN = re.compile(r"[\u3040-\u9fff]|[^\W\u3040-\u9fff]+")
_SHINGLE = 3
# A row is there if most of it is: readers do not agree on its spaces and signs.
_ROW_FROM = 0.6

PLAIN = Tuning(context=0.0, figures=0.0, page_figures=0.0, neighbours=0.0, other_files=1.0)


async def found_by_plain_bm25(index: PassageIndex, contents: Sequence[Content], question: str) -> Found:
    """Question words kept, no forms beyond the index's own, no context, no bonus."""
    said = tuple((raw, tuple(words(raw))) for raw in raw_words(question))
    asked = Asked(dict.fromkeys(words(question), 1.0), said, wants_figure=False)
    segments = await index.postings([content.id for content in contents], set(asked.weights))
    ranking: dict[PassageKey, float] = scores(segments, asked, {}, PLAIN)
    rows = await index.rows(ranking)
    return Found(tuple(Hit(rows[key], score) for key, score in shared([reranked(ranking, rows, False, PLAIN)])), ())


async def citations(
    index: PassageIndex,
    contents: Sequence[Content],
    question: str,
    budgets: Sequence[int],
    *,
    plain: bool = False,
    queries: Sequence[str] = (),
    tuning: Tuning = TUNING,
    around: int = AROUND_TOKENS,
) -> list[list[Citation]]:
    """What comes back for each budget."""
    if plain:
        found, around = await found_by_plain_bm25(index, contents, question), 0
    else:
        found = await search(index, contents, question, queries, tuning)
    return [(await spend(found.hits, contents, budget, around))[0] for budget in budgets]


async def best_possible(
    index: PassageIndex, content: Content, question: BenchQuestion, budgets: Sequence[int]
) -> list[list[Citation]]:
    """What comes back if the passages that hold most of the gold text for their cost are bought first, and alone.

    It is what knowing the evidence could make of the same passages and budget: evidence is often longer than a budget.
    """
    count = await index.passages(content.id) or 0
    rows = await index.rows((content.id, number) for number in range(count))
    wanted = [(gold.page, _shingles(gold.text)) for gold in question.gold]
    worth: list[tuple[float, Hit]] = []
    for row in rows.values():
        there = _shingles(await content.text(row.page, row.start, row.end, searched_layer(content)))
        share = sum(
            len(of_gold & there) / len(of_gold) for page, of_gold in wanted if page in (None, row.page) and of_gold
        )
        if share:
            worth.append((share / (row.cost + 10), Hit(row, 1.0)))
    hits = [hit for _, hit in sorted(worth, key=lambda entry: -entry[0])]
    return [(await spend(hits, [content], budget, 0))[0] for budget in budgets]


def recall(question: BenchQuestion, returned: Sequence[Citation]) -> float:
    """The share of the gold texts' runs of three words that stand in what was returned from the right file and page."""
    return _mean([_share(gold, question.file, returned) for gold in question.gold])


def rows_found(question: BenchQuestion, returned: Sequence[Citation]) -> float:
    """The share of the rows or sentences with the answer that were returned from the right file and page."""
    return _mean([float(_share(row, question.file, returned) >= _ROW_FROM) for row in question.rows])


def _mean(shares: Sequence[float]) -> float:
    return sum(shares) / len(shares) if shares else 0.0


def _share(gold: Gold, file: str, returned: Sequence[Citation]) -> float:
    wanted = _shingles(gold.text)
    there: set[tuple[str, ...]] = set()
    for citation in returned:
        if citation.file == file and gold.page in (None, citation.page):
            there |= _shingles(citation.text)
    return len(wanted & there) / len(wanted) if wanted else 1.0


def _shingles(text: str) -> set[tuple[str, ...]]:
    signs = _SIGN.findall(unicodedata.normalize("NFKC", text).casefold())
    size = min(_SHINGLE, len(signs))
    return {tuple(signs[at : at + size]) for at in range(len(signs) - size + 1)} if signs else set()
