"""Reads PDFs whose truth is known with our reader and with others. README.md says how to run it and what came out."""

from __future__ import annotations

import argparse
import gc
import io
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from bench.quality import sets
from bench.quality.scores import (
    Score,
    heading_score,
    in_tune_half,
    level_score,
    order_score,
    table_score,
    tables,
    word_score,
)

Engine = Callable[[bytes], str]


def ours(content: bytes) -> str:
    from kimi_files.extract import pdf
    from kimi_files.extract.document import PageText
    from kimi_files.formats import PDF

    events = pdf.read(io.BytesIO(content), "a.pdf", PDF)
    pages: dict[int, str] = {}
    for event in events:
        if isinstance(event, PageText):
            pages[event.number] = pages.get(event.number, "") + event.text
    return "\n\n".join(pages.values())


def liteparse(content: bytes) -> str:
    from liteparse._liteparse import LiteParse

    result = LiteParse(ocr_enabled=False, output_format="markdown", quiet=True, image_mode="off").parse_bytes(content)
    return "\n\n".join(page.markdown for page in result.pages)


def pdfium(content: bytes) -> str:
    import pypdfium2

    document = pypdfium2.PdfDocument(content)
    return "\n\n".join(page.get_textpage().get_text_range() for page in document)


def pdf_inspector(content: bytes) -> str:
    import pdf_inspector

    return str(pdf_inspector.process_pdf_bytes(content).markdown or "")


def kreuzberg(content: bytes) -> str:
    import kreuzberg

    config = kreuzberg.ExtractionConfig(output_format="markdown")
    result = kreuzberg.extract_bytes_sync(content, "application/pdf", config=config)
    # Its text leaves tables as lines and gives them beside it.
    return "\n\n".join([result.content, *(table.markdown for table in result.tables)])


def markitdown(content: bytes) -> str:
    from markitdown import MarkItDown, StreamInfo

    return str(MarkItDown().convert_stream(io.BytesIO(content), stream_info=StreamInfo(extension=".pdf")).markdown)


def pymupdf4llm(content: bytes) -> str:
    import pymupdf
    import pymupdf4llm

    return str(pymupdf4llm.to_markdown(pymupdf.Document(stream=content)))


ENGINES: dict[str, Engine] = {
    engine.__name__: engine for engine in (ours, liteparse, pdfium, pdf_inspector, kreuzberg, markitdown, pymupdf4llm)
}


def main() -> None:
    arguments = _arguments()
    documents = [*_documents(arguments)]
    # As a worker does, for all engines alike.
    gc.set_threshold(50_000, 20, 50)
    print(f"{len(documents)} documents, half: {arguments.half}")
    heads = f"{'engine':14} {'tables F1':>10} {'recall':>7} {'prec.':>7} {'(sum)':>7}  {'words':>13} {'order':>7}"
    print(f"{heads} {'headings':>13} {'levels':>7} {'s':>7} failed")
    for name in arguments.engines.split(","):
        _run(name, documents, arguments.rounds, arguments.each)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--icdar", type=Path, help="folder of the ICDAR 2013 table competition")
    parser.add_argument("--latex", type=Path, help="a data set of PDF Parse Bench")
    parser.add_argument("--pairs", type=Path, help="folder with x.pdf beside x.txt or x.md")
    parser.add_argument("--half", choices=("tune", "report", "both"), default="report")
    parser.add_argument("--engines", default="ours,liteparse", help=f"of {', '.join(ENGINES)}")
    parser.add_argument("--rounds", type=int, default=1, help="read each so often; the least time counts")
    parser.add_argument("--each", action="store_true", help="one line a document; for the tune half only")
    arguments = parser.parse_args()
    if arguments.each and arguments.half != "tune":
        parser.error("documents are looked at in the tune half only")
    return arguments


def _documents(arguments: argparse.Namespace) -> Iterable[sets.Document]:
    for folder, read in (
        (arguments.icdar, sets.icdar),
        (arguments.latex, sets.latex_tables),
        (arguments.pairs, sets.pairs),
    ):
        for document in read(folder) if folder else ():
            if arguments.half == "both" or in_tune_half(document.name) == (arguments.half == "tune"):
                yield document


def _run(name: str, documents: list[sets.Document], rounds: int, each: bool) -> None:
    in_tables: list[Score] = []
    in_words: list[Score] = []
    in_order: list[Score] = []
    in_headings: list[Score] = []
    in_levels: list[Score] = []
    seconds, failed = 0.0, 0
    for document in documents:
        content = document.path.read_bytes()
        times: list[float] = []
        try:
            for _ in range(rounds):
                started = time.perf_counter()
                text = ENGINES[name](content)
                times.append(time.perf_counter() - started)
        except Exception as error:  # a peer may fail in any way, and that is a result
            print(f"{name}: {document.name}: {type(error).__name__}: {error}", file=sys.stderr)
            text, failed = "", failed + 1
        seconds += min(times, default=0.0)
        line = [f"{document.name:16}"]
        if document.tables is not None:
            in_tables.append(table_score(document.tables, tables(text)))
            line.append(_shares(in_tables[-1]))
        if document.text is not None:
            in_words.append(word_score(document.text, text))
            in_order.append(order_score(document.text, text))
            line.append(f"words {in_words[-1].recall:.3f} {in_words[-1].precision:.3f} order {in_order[-1].f1:.3f}")
            if document.has_headings:
                in_headings.append(heading_score(document.text, text))
                in_levels.append(level_score(document.text, text))
                line.append(f"headings {in_headings[-1].recall:.3f} {in_headings[-1].precision:.3f}")
                line.append(f"levels {in_levels[-1].recall:.3f}")
        if each:
            print("  ", *line)
    total = sum(in_tables, Score())
    means = [_mean([getattr(score, kind) for score in in_tables]) for kind in ("f1", "recall", "precision")]
    read = [_mean([getattr(score, kind) for score in in_words]) for kind in ("recall", "precision")]
    order = _mean([score.f1 for score in in_order])
    f1, recall, precision = means
    heads = [_mean([getattr(score, kind) for score in in_headings]) for kind in ("recall", "precision")]
    line = f"{name:14} {f1:>10} {recall:>7} {precision:>7} {total.f1:7.3f}  {read[0]:>6}/{read[1]:>6} {order:>7}"
    levels = _mean([score.recall for score in in_levels if score.truth])
    line = f"{line} {heads[0]:>6}/{heads[1]:>6} {levels:>7}"
    print(f"{line} {seconds:7.2f} {failed}", flush=True)


def _mean(values: list[float]) -> str:
    return f"{statistics.fmean(values):.3f}" if values else "-"


def _shares(score: Score) -> str:
    return f"tables {score.f1:.3f} (recall {score.recall:.3f}, precision {score.precision:.3f}, {score.truth} pairs)"


if __name__ == "__main__":
    main()
