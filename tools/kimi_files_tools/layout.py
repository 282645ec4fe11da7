"""The lines at the head of a result: what the file is, what is shown of it, what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from kimi_files import extras
from kimi_files.page_names import is_lines, length, runs
from kimi_files.tokens import estimate_tokens

if TYPE_CHECKING:
    from kimi_files.content import Content

_OUTLINE_TOKENS = 300
_OUTLINE_SHARE = 6
_WARNING_CHARACTERS = 600

# About as many as are read before a host loses patience.
_SCANS_AT_ONCE = 10


def one_line(text: str, length: int) -> str:
    """``text`` on one line, cut to ``length`` characters with an ellipsis."""
    line = " ".join(text.split())
    return line if len(line) <= length else f"{line[: length - 1]}…"


def head_line(content: Content) -> str:
    """``annual-report.pdf · file_01… · PDF · 48 pages · about 41,200 tokens``."""
    parts = [one_line(content.name, 120), content.file_id or "", content.format, _length(content)]
    if content.tokens:
        parts.append(f"about {_rounded(content.tokens):,} tokens")
    return " · ".join(part for part in parts if part)


def _length(content: Content) -> str:
    """Nothing for a picture: it is one."""
    return "" if len(content.pages) == 1 and content.pages[0].kind == "picture" else length(content)


def _rounded(tokens: int) -> int:
    return tokens if tokens < 1_000 else round(tokens, -2)


def warning_line(content: Content) -> str:
    """What a reader of the text should know: pages that are pictures with the remedy, a corrected type, the reader's warnings."""
    warnings: list[str] = []
    labels = content.labels
    waiting = content.waiting_scans
    if waiting:
        some = ranges(waiting[:_SCANS_AT_ONCE], labels)
        warnings.append(f'{_pages_are(waiting, labels, "scan")} not read yet: call with pages="{some}" to read those')
    shown_anyway = ("picture", "clip")
    empty = [page for page in content.pages if page.without_text and page.kind not in shown_anyway]
    silent = [page.number for page in empty if page.ocr != "waiting"]
    if silent:
        example = ranges(silent[:3], labels)
        remedy = f'call with pages="{example}", pictures=true'
        warnings.append(f"{_pages_are(silent, labels, 'picture')} without text: {remedy}{ocr_remedy()}")
    recognised = [page.number for page in content.pages if page.ocr == "read" and page.characters]
    if recognised:
        where = "" if len(recognised) == len(content.pages) else f"{_pages_are(recognised, labels, 'scan')}: "
        warnings.append(f"{where}text recognised in pictures (OCR), may hold errors; pictures=true shows them")
    if content.pages and content.pages[0].kind == "clip":
        example = ranges([1, *((2,) if len(content.pages) > 1 else ())], labels)
        warnings.append(f'pictures=true shows frames of all of it, with pages="{example}" of these clips')
    if content.correction:
        warnings.append(content.correction)
    warnings.extend(content.warnings)
    return one_line(" · ".join(warnings), _WARNING_CHARACTERS)


def ocr_remedy() -> str:
    """What else can be done about pages without text; nothing where it is done."""
    return "" if extras.has("ocr") else f", or install OCR to have it read: {extras.install_command('ocr')}"


def unread_line(content: Content) -> str:
    """What a question does not find in a file: scans that wait, with the remedy, and what else ``warning_line`` says."""
    waiting = content.waiting_scans
    if not waiting:
        return warning_line(content)
    return f"{_pages_are(waiting, content.labels, 'scan')} not read yet: ask again, and the next of them are read"


def _pages_are(numbers: Sequence[int], labels: Sequence[str], noun: str) -> str:
    """ "page 3 is a scan", "pages 3-5 are scans"."""
    named = ranges(numbers, labels)
    return f"page {named} is a {noun}" if len(numbers) == 1 else f"pages {named} are {noun}s"


def ranges(numbers: Iterable[int], labels: Sequence[str]) -> str:
    """Page numbers as labels with runs drawn together: "1-8, 12"."""
    named = runs(numbers, labels)
    shown = named[:20]
    return ",".join(shown) + (f" and {len(named) - 20} more" if len(named) > 20 else "")


def outline_line(content: Content, max_tokens: int) -> str:
    """The headings as deep as 300 tokens and a sixth of the result allow; else names of sheets or titles of slides."""
    budget = min(_OUTLINE_TOKENS, max_tokens // _OUTLINE_SHARE)
    entries = [(entry.title, entry.level, entry.page) for entry in content.outline]
    if not entries:
        entries = [(page.title or "", 1, page.number) for page in content.pages if page.title or page.kind == "sheet"]
    if len(entries) < 2:
        return ""
    labels = content.labels
    lines = is_lines(content)
    for deepest in range(max(level for _, level, _ in entries), 0, -1):
        kept = [(title, page) for title, level, page in entries if level <= deepest]
        line = "outline: " + " · ".join(_entry(title, "" if lines else labels[page - 1]) for title, page in kept)
        if estimate_tokens(line) <= budget:
            return line
    shown: list[str] = []
    spent = 20
    for title, page in kept:
        words = _entry(title, "" if lines else labels[page - 1])
        spent += estimate_tokens(words) + 1
        if spent > budget:
            break
        shown.append(words)
    return f"outline: {' · '.join(shown)} · and {len(kept) - len(shown)} more"


def _entry(title: str, label: str) -> str:
    title = one_line(title, 80)
    if not title or title == label:
        return label
    return f"{title} p.{label}" if label else title
