"""How much of the gold text comes back within a budget, for plain BM25 and for the whole pipeline."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from questions import BenchQuestion, Gold

from kimi_files.answer import Citation
from kimi_files.content import Content
from kimi_files.retrieve.index import PassageIndex
from kimi_files.retrieve.query import Asked
from kimi_files.retrieve.ranking import TUNING, PassageKey, Tuning, reranked, scores, shared
from kimi_files.retrieve.search import Found, Hit, search
from kimi_files.retrieve.spending import AROUND_TOKENS, spend
from kimi_files.retrieve.words import raw_words, words

_SIGN = re.compile(r"[\u3040-\u9fff]|[^\W\u3040-\u9fff]+")
_SHINGLE = 3

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
    tuning: Tuning = TUNING,
    around: int = AROUND_TOKENS,
) -> list[list[Citation]]:
    """What comes back for each budget."""
    if plain:
        found, around = await found_by_plain_bm25(index, contents, question), 0
    else:
        found = await search(index, contents, question, tuning=tuning)
    return [(await spend(found.hits, contents, budget, around))[0] for budget in budgets]


def recall(question: BenchQuestion, returned: Sequence[Citation]) -> float:
    """The share of the gold texts' runs of three words that stand in what was returned from the right file and page."""
    shares = [_share(gold, question.file, returned) for gold in question.gold]
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
