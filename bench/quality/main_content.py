"""Content of web pages apart from what stands around it, against the article that people marked in each page.

``python -m bench.quality.main_content DIR [--half tune|report|both] [--worst N]`` with a checkout of GitHub
``scrapinghub/article-extraction-benchmark``. Words as a multiset, means over pages. Beside ours stand all of the page's text,
and trafilatura and readability-lxml where they are installed.

``--segments`` takes DIR for the folder ``tests`` of GitHub ``adbar/trafilatura``: pages of all kinds, with phrases that belong to
the content and phrases that do not. The names in the furniture were chosen on its first 150 pages, which are left out.
"""

from __future__ import annotations

import argparse
import gzip
import importlib.util
import io
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from bench.quality.scores import Score, in_tune_half, word_score
from kimi_files.extract import web
from kimi_files.extract.document import PageText
from kimi_files.formats import HTML


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--half", choices=("tune", "report", "both"), default="both")
    parser.add_argument("--worst", type=int, default=0)
    parser.add_argument("--segments", action="store_true")
    options = parser.parse_args()
    readers: dict[str, Callable[[bytes], str]] = {"ours": _ours, "ours, all of the page": _everything}
    readers |= {name: reader for name, reader in _PEERS.items() if importlib.util.find_spec(name)}
    if options.segments:
        _segments(options.folder, readers)
        return
    truth: dict[str, dict[str, str]] = json.loads((options.folder / "ground-truth.json").read_text())
    names = [name for name in sorted(truth) if options.half in ("both", "tune" if in_tune_half(name) else "report")]
    pages = {name: gzip.decompress((options.folder / "html" / f"{name}.html.gz").read_bytes()) for name in names}
    print(f"{len(names)} pages\n\n| reader | recall | precision | F1 |\n|---|---|---|---|")
    for label, reader in readers.items():
        scores = {name: word_score(truth[name]["articleBody"], reader(pages[name])) for name in names}
        print(f"| {label} | {_row(list(scores.values()))} |", flush=True)
        if label == "ours":
            for name in sorted(scores, key=lambda name: scores[name].f1)[: options.worst]:
                print(f"  {name} {scores[name].recall:.3f} {scores[name].precision:.3f} {truth[name].get('url')}")


def _segments(folder: Path, readers: dict[str, Callable[[bytes], str]]) -> None:
    found = {path.name: path for path in folder.rglob("*.html")}
    entries = json.loads((folder / "evaldata.json").read_text()).values()
    pages = [(found[entry["file"]].read_bytes(), entry) for entry in entries if entry["file"] in found][_LOOKED_AT:]
    print(f"{len(pages)} pages\n\n| reader | phrases of the content | other phrases |\n|---|---|---|")
    for label, reader in readers.items():
        kept, total = Counter[str](), Counter[str]()
        for content, entry in pages:
            text = _letters(_ADDRESS.sub("", reader(content)))
            for kind in ("with", "without"):
                total[kind] += len(entry[kind])
                kept[kind] += sum(_letters(phrase) in text for phrase in entry[kind])
        print(
            f"| {label} | {kept['with'] / total['with']:.3f} | {kept['without'] / total['without']:.3f} |", flush=True
        )


_LOOKED_AT = 150
_ADDRESS = re.compile(r"\]\([^)\s]*(?: \"[^\"]*\")?\)")


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text)).lower()


def _row(scores: list[Score]) -> str:
    figures = (lambda score: score.recall, lambda score: score.precision, lambda score: score.f1)
    return " | ".join(f"{sum(map(figure, scores)) / len(scores):.3f}" for figure in figures)


def _pages(content: bytes) -> list[PageText]:
    return [event for event in web.read(io.BytesIO(content), "page.html", HTML) if isinstance(event, PageText)]


def _ours(content: bytes) -> str:
    return "".join(page.text for page in _pages(content) if page.label != web.AROUND)


def _everything(content: bytes) -> str:
    return "".join(page.text for page in _pages(content))


def _trafilatura(content: bytes) -> str:
    import trafilatura

    return trafilatura.extract(content, include_comments=False, favor_recall=True) or ""


def _readability(content: bytes) -> str:
    import readability

    return web.as_markdown(readability.Document(content.decode("utf-8", "replace")).summary())[0]


_PEERS: dict[str, Callable[[bytes], str]] = {"trafilatura": _trafilatura, "readability": _readability}

if __name__ == "__main__":
    main()
