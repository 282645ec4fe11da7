"""Public question sets with known passages, as files and questions. README.md says where they come from."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from rows import answer_rows
from texts import BenchFile

from kimi_files.extract.document import OutlineEntry

_QUERIES = Path(__file__).with_name("queries.json")

Half = Literal["tune", "report"]


@dataclass(frozen=True, slots=True)
class Gold:
    """A text that answers; ``page`` is None where the file has no pages."""

    page: int | None
    text: str


@dataclass(frozen=True, slots=True)
class BenchQuestion:
    """``gold`` are the texts given as evidence, ``rows`` those lines of them in which the answer stands.

    ``queries`` are wordings that an agent could give, written from the question alone; none where nobody wrote any.
    """

    text: str
    file: str
    gold: tuple[Gold, ...]
    rows: tuple[Gold, ...]
    queries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """Questions of one half; ``file`` of a question names the file of ``files`` in which its gold text stands."""

    name: str
    files: tuple[BenchFile, ...]
    questions: tuple[BenchQuestion, ...]


def financebench(folder: Path, cache: Path, half: Half, files_at_least: int) -> QuestionSet:
    """FinanceBench: questions over annual reports; the companies are split in two."""
    asked = [json.loads(line) for line in (folder / "data/financebench_open_source.jsonl").open(encoding="utf-8")]
    there = {path.stem for path in (folder / "pdfs").glob("*.pdf")}
    asked = [question for question in asked if question["doc_name"] in there]
    companies = _half(sorted({question["company"] for question in asked}), half)
    queries = json.loads(_QUERIES.read_text(encoding="utf-8"))
    names = sorted({question["doc_name"] for question in asked if question["company"] in companies})
    questions = tuple(_about_report(question, queries) for question in asked if question["doc_name"] in names)
    # Reports of the same companies about which nothing is asked make up the number.
    information = (json.loads(line) for line in (folder / "data/financebench_document_information.jsonl").open("rb"))
    others = sorted(of["doc_name"] for of in information if of["company"] in companies and of["doc_name"] in there)
    names += [name for name in others if name not in names][: max(files_at_least - len(names), 0)]
    files = tuple(_report(folder / "pdfs" / f"{name}.pdf", cache) for name in names)
    return QuestionSet("reports", files, questions)


def squad(path: Path, name: str, half: Half, paragraphs_a_file: int | None) -> QuestionSet:
    """A set in SQuAD's form. A file is an article, or so many paragraphs; gold is the sentence with the answer."""
    articles = json.loads(path.read_text(encoding="utf-8"))["data"]
    groups: list[tuple[str, list[Any]]] = [(article["title"], article["paragraphs"]) for article in articles]
    if paragraphs_a_file:
        paragraphs = [paragraph for _, of_article in groups for paragraph in of_article]
        starts = range(0, len(paragraphs), paragraphs_a_file)
        groups = [(f"{name} {start}", paragraphs[start : start + paragraphs_a_file]) for start in starts]
    files = tuple(
        BenchFile(f"{title}.txt", "text", "text", ("\n\n".join(paragraph["context"] for paragraph in paragraphs),))
        for title, paragraphs in groups
    )
    chosen = _half([title for title, _ in groups], half)
    questions = tuple(
        BenchQuestion(question["question"], f"{title}.txt", (sentence,), (sentence,))
        for title, paragraphs in groups
        if title in chosen
        for paragraph in paragraphs
        for question in paragraph["qas"]
        for sentence in (_sentence(paragraph["context"], question["answers"][0]),)
    )
    return QuestionSet(name, files, questions)


def _about_report(question: Any, queries: dict[str, list[str]]) -> BenchQuestion:
    told = (question["answer"], question["justification"] or "")
    evidence = [
        Gold(given["evidence_page_num"] + 1, given["evidence_text"])
        for given in question["evidence"]
        if given["doc_name"] == question["doc_name"]
    ]
    rows = (Gold(gold.page, row) for gold in evidence for row in answer_rows(gold.text, *told))
    return BenchQuestion(
        question["question"],
        question["doc_name"] + ".pdf",
        tuple(evidence),
        tuple(dict.fromkeys(rows)),
        tuple(queries.get(question["financebench_id"], ())),
    )


def _half(names: list[str], half: Half) -> set[str]:
    random.Random(7).shuffle(names)
    middle = len(names) // 2
    return set(names[:middle] if half == "tune" else names[middle:])


def _sentence(context: str, answer: Any) -> Gold:
    start = answer["answer_start"]
    end = start + len(answer["text"])
    breaks = [match.end() for match in re.finditer(r"[.!?]\s+|[。！？]", context)]
    first = max((place for place in breaks if place <= start), default=0)
    last = min((place for place in breaks if place >= end), default=len(context))
    return Gold(None, context[first:last].strip())


def _report(path: Path, cache: Path) -> BenchFile:
    """The plain text and the outline of a PDF, kept in ``cache``: reading takes longer than all questions."""
    kept = cache / f"{path.stem}.json"
    if not kept.exists():
        cache.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps({"pages": list(_pages(path)), "outline": list(_outline(path))}), encoding="utf-8")
    read = json.loads(kept.read_text(encoding="utf-8"))
    outline = tuple(OutlineEntry(**entry) for entry in read["outline"])
    return BenchFile(path.name, "PDF", "page", tuple(read["pages"]), outline)


def _pages(path: Path) -> Iterator[str]:
    import pypdfium2

    with closing(pypdfium2.PdfDocument(path)) as document:
        for page in document:
            with closing(page.get_textpage()) as text:
                yield text.get_text_range().replace("\r\n", "\n")


def _outline(path: Path) -> Iterator[dict[str, object]]:
    import pypdfium2

    with closing(pypdfium2.PdfDocument(path)) as document:
        for bookmark in document.get_toc(max_depth=9):
            target = bookmark.get_dest()
            index = target.get_index() if target is not None else None
            if index is not None and (title := " ".join(bookmark.get_title().split())[:300]):
                yield {"title": title, "level": min(bookmark.level + 1, 9), "page": index + 1}
