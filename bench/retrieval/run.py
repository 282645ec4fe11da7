"""Prints recall of the gold text at 1,000 and 2,000 tokens, index time and question time. README.md says how to run it."""

from __future__ import annotations

import argparse
import random
import resource
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import anyio
from measure import best_possible, citations, recall, rows_found
from questions import BenchQuestion, QuestionSet, financebench, squad
from texts import BenchFile, MemoryTexts

from kimi_files.answer import Citation
from kimi_files.content import Content
from kimi_files.retrieve.index import PassageIndex
from kimi_files.workers.pool import WorkerPool

BUDGETS = (1_000, 2_000)
FILES_AT_ONCE = 40
MOST_FILES = 50
OTHER_LANGUAGES = ("de", "es", "ru")
FOUND_FROM = 0.2
"""From this share on, the gold text counts as found: whole pages of a report are gold, and fill a budget alone."""


async def main() -> None:
    arguments = _arguments()
    print(f"half of the questions: {arguments.half}")
    print(f"{'':38} {'questions':>9}  {'share':13}  {'found':13}  {'rows':13}  ms a question")
    for questions, searched in _sets(arguments):
        await _run(questions, searched)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--financebench", type=Path, help="checkout of patronus-ai/financebench")
    parser.add_argument("--xquad", type=Path, help="folder with xquad.en.json, xquad.zh.json and others")
    parser.add_argument("--cmrc", type=Path, help="folder with cmrc2018_dev.json in SQuAD's form")
    parser.add_argument("--half", choices=("tune", "report"), default="report")
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "retrieval-bench")
    return parser.parse_args()


def _sets(arguments: argparse.Namespace) -> list[tuple[QuestionSet, tuple[int, ...]]]:
    """Each set with how many files are searched at once."""
    half = arguments.half
    sets: list[tuple[QuestionSet, tuple[int, ...]]] = []
    if arguments.financebench:
        reports = financebench(arguments.financebench, arguments.cache, half, FILES_AT_ONCE)
        sets += [(reports, (1, FILES_AT_ONCE))]
    if arguments.xquad:
        english = squad(arguments.xquad / "xquad.en.json", "prose (XQuAD en)", half, None)
        sets += [(english, (MOST_FILES,))]
        sets += [(squad(arguments.xquad / "xquad.zh.json", "Chinese (XQuAD zh)", half, None), (MOST_FILES,))]
        for language in OTHER_LANGUAGES:
            if (path := arguments.xquad / f"xquad.{language}.json").exists():
                sets += [(squad(path, f"prose (XQuAD {language})", half, None), (MOST_FILES,))]
    if arguments.cmrc:
        sets += [(squad(arguments.cmrc / "cmrc2018_dev.json", "Chinese (CMRC 2018 dev)", half, 21), (MOST_FILES,))]
    return sets


async def _run(questions: QuestionSet, searched: Sequence[int]) -> None:
    texts = MemoryTexts(questions.files)
    with tempfile.TemporaryDirectory() as folder:
        index, pool = PassageIndex(Path(folder) / "index.sqlite3"), WorkerPool()
        await _index(texts, index, pool, questions.files)
        names = {content.name: content for content in texts.contents}
        for at_once in searched:
            await _ask(questions, min(at_once, len(names)), names, index)
        if questions.name == "reports":
            await _print(
                "best possible",
                questions,
                lambda question: best_possible(index, names[question.file], question, BUDGETS),
            )
        await index.aclose()
        await pool.aclose()


async def _ask(questions: QuestionSet, at_once: int, names: dict[str, Content], index: PassageIndex) -> None:
    title = f"{questions.name}, {at_once} file{'' if at_once == 1 else 's'}"

    def contents(question: BenchQuestion) -> list[Content]:
        return _searched(question, names, at_once)

    await _print(
        f"{title}, plain BM25",
        questions,
        lambda question: citations(index, contents(question), question.text, BUDGETS, plain=True),
    )
    await _print(
        f"{title}, all steps",
        questions,
        lambda question: citations(index, contents(question), question.text, BUDGETS),
    )
    if any(question.queries for question in questions.questions):
        await _print(
            f"{title}, with queries",
            questions,
            lambda question: citations(index, contents(question), question.text, BUDGETS, queries=question.queries),
        )


async def _print(
    title: str, questions: QuestionSet, ask: Callable[[BenchQuestion], Awaitable[list[list[Citation]]]]
) -> None:
    shares: list[list[float]] = []
    rows: list[list[float]] = []
    start = time.perf_counter()
    for question in questions.questions:
        of_budgets = await ask(question)
        shares.append([recall(question, returned) for returned in of_budgets])
        rows.append([rows_found(question, returned) for returned in of_budgets])
    milliseconds = (time.perf_counter() - start) * 1_000 / len(shares) / len(BUDGETS)
    print(f"{title:38} {len(shares):9}  {_means(shares)}  {_founds(shares)}  {_means(rows)}  {milliseconds:6.1f}")


async def _index(texts: MemoryTexts, index: PassageIndex, pool: WorkerPool, files: Sequence[BenchFile]) -> None:
    start = time.perf_counter()
    before = resource.getrusage(resource.RUSAGE_SELF)
    passages = 0
    for content in texts.contents:
        passages += await index.ensure(content, pool)
    seconds = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_SELF)
    here = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    millions = sum(len(page) for file in files for page in file.pages) / 1e6
    print(
        f"  indexed {millions:.1f} M characters as {passages:,} passages: "
        f"{seconds / millions:.2f} s a million, of which {here / millions:.2f} CPU s in the server"
    )


def _searched(question: BenchQuestion, names: dict[str, Content], at_once: int) -> list[Content]:
    others = [content for name, content in sorted(names.items()) if name != question.file]
    random.Random(11).shuffle(others)
    return [names[question.file], *others[: at_once - 1]]


def _means(recalls: Sequence[Sequence[float]]) -> str:
    return " / ".join(f"{sum(of_budget) / len(recalls):.3f}" for of_budget in zip(*recalls, strict=True))


def _founds(recalls: Sequence[Sequence[float]]) -> str:
    return _means([[float(share >= FOUND_FROM) for share in of_question] for of_question in recalls])


anyio.run(main)
