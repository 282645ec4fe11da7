"""The answer without a model: the passages that answer best, for the calling agent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import anyio

from kimi_files.answer import Answer, Citation, Question
from kimi_files.content import Content
from kimi_files.progress import Progress, no_progress
from kimi_files.retrieve.index import PassageIndex
from kimi_files.retrieve.overview import overview
from kimi_files.retrieve.places import heading_beside, place_of_page
from kimi_files.retrieve.query import names_nothing
from kimi_files.retrieve.search import Hit, search
from kimi_files.retrieve.spending import spend
from kimi_files.tokens import estimate_tokens

if TYPE_CHECKING:
    from kimi_files.workers.pool import WorkerPool

# A passage that scores less than this beside the best one is not called a match.
_MATCHES_FROM = 0.5
_TERMS_TOKENS = 20
_HEADINGS_TOKENS = 40


async def passages_answer(
    question: Question,
    contents: Sequence[Content],
    index: PassageIndex,
    pool: WorkerPool,
    progress: Progress = no_progress,
) -> Answer:
    """The passages that answer best, within the question's budget; a question about files as a whole gets an overview.

    Texts that are not indexed yet are indexed first. What is printed of the citations (``[1] file, place (heading)``, a
    line end, the text) stays within ``max_tokens``. Raises what ``PassageIndex.ensure`` raises.
    """
    passages = await _ensure_all(contents, index, pool, progress)
    is_overview = not question.queries and names_nothing(question.text)
    if is_overview:
        citations = await overview(contents, passages, index, question.max_tokens)
        hits: Sequence[Hit] = ()
        terms: tuple[str, ...] = ()
    else:
        found = await search(index, contents, question.text, question.queries)
        hits, terms = found.hits, found.terms_not_found
        citations, shown = await spend(hits, contents, question.max_tokens)
        hits = [hit for hit in hits if (hit.passage.content, hit.passage.number) not in shown]
    return Answer(
        text=None,
        citations=tuple(citations),
        searched_files=len(contents),
        searched_pages=sum(len(content.pages) for content in contents),
        searched_passages=sum(passages),
        left_out=sum(hit.score >= _MATCHES_FROM for hit in hits),
        terms_not_found=_within(terms, _TERMS_TOKENS),
        headings=_headings(hits, contents, citations),
        overview=is_overview,
    )


async def _ensure_all(
    contents: Sequence[Content], index: PassageIndex, pool: WorkerPool, progress: Progress
) -> list[int]:
    """Index the texts, as many at once as the pool has workers; the number of passages of each."""
    passages = [0] * len(contents)
    finished = 0

    async def ensure(at: int) -> None:
        nonlocal finished

        async def of_one(done: float, total: float | None, message: str) -> None:
            await progress(finished + (done / total if total else 0.0), len(contents), message)

        passages[at] = await index.ensure(contents[at], pool, of_one)
        finished += 1

    try:
        async with anyio.create_task_group() as tasks:
            for at in range(len(contents)):
                tasks.start_soon(ensure, at)
    except BaseExceptionGroup as group:
        # One failure is enough to tell; the others are of the same question.
        raise group.exceptions[0] from None
    return passages


def _headings(hits: Sequence[Hit], contents: Sequence[Content], citations: Sequence[Citation]) -> tuple[str, ...]:
    """The headings over the best passages that are not shown, and where they stand."""
    by_id = {content.id: content for content in contents}
    shown = {(citation.file, citation.heading) for citation in citations}
    shown_pages = {(citation.file, citation.page) for citation in citations}
    names: dict[str, None] = {}
    for hit in hits:
        content, heading = by_id[hit.passage.content], hit.passage.heading
        page = content.page(hit.passage.page)
        said_by_page = not heading_beside(page, heading) and (content.name, page.number) in shown_pages
        if heading and (content.name, heading) not in shown and not said_by_page:
            shown.add((content.name, heading))
            place = place_of_page(page, title=False)
            names[f"{heading}, {place}" if place else heading] = None
    return _within(tuple(names), _HEADINGS_TOKENS)


def _within(phrases: Sequence[str], tokens: int) -> tuple[str, ...]:
    """The first phrases that fit."""
    kept: list[str] = []
    for phrase in phrases:
        tokens -= estimate_tokens(phrase) + 1
        if tokens < 0:
            break
        kept.append(phrase)
    return tuple(kept)
