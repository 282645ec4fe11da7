"""The result of a question: what was searched, what was left out, and the numbered passages or the model's answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kimi_files.tokens import estimate_tokens
from kimi_files_tools.fence import FENCE_TOKENS, fence
from kimi_files_tools.layout import ocr_remedy, one_line, unread_line

if TYPE_CHECKING:
    from kimi_files.answer import Answer, Citation
    from kimi_files.content import Content
    from kimi_files_tools.gathering import NotRead

# The lines that say what was searched, which terms were not found and which other headings match.
_SEARCHED_TOKENS = 170
# Of files with pages that nobody has read.
_PARTLY_NAMED = 3
# Of a path, which the next call is to give: one that is cut leads nowhere.
_PATH_CHARACTERS = 400


def reserved_tokens(contents: Sequence[Content], not_read: Sequence[NotRead], max_tokens: int) -> int:
    """What the head will take of the budget, so that the passages are chosen for the rest."""
    line = _not_read_line(not_read, contents, max_tokens)
    return min(_SEARCHED_TOKENS + FENCE_TOKENS + estimate_tokens(line), max_tokens * 2 // 3)


def answer_result(answer: Answer, contents: Sequence[Content], not_read: Sequence[NotRead], max_tokens: int) -> str:
    """The whole result within ``max_tokens``; passages that do not fit beside the head are counted as left out."""
    if answer.text is not None:
        return _model_result(answer, contents, not_read, max_tokens)
    shown = list(answer.citations)
    while True:
        left_out = answer.left_out + len(answer.citations) - len(shown)
        result = _passages_result(answer, shown, left_out, contents, not_read, max_tokens)
        if len(shown) <= 1 or estimate_tokens(result) <= max_tokens:
            return result
        shown.pop()


def _passages_result(
    answer: Answer,
    shown: Sequence[Citation],
    left_out: int,
    contents: Sequence[Content],
    not_read: Sequence[NotRead],
    max_tokens: int,
) -> str:
    silent_files = answer.searched_files - len({citation.file for citation in shown}) if answer.overview else 0
    head = _searched_lines(answer, left_out, silent_files)
    if not shown:
        head.append("No passage matches: ask with other words in queries, or see the outline with get_file_content.")
    head += filter(None, [_not_read_line(not_read, contents, max_tokens)])
    if not shown:
        return "\n".join(head)
    blocks = [_passage(citation) for citation in shown]
    return "\n".join([*head, fence("\n".join(blocks), several_files=answer.searched_files > 1)])


def _searched_lines(answer: Answer, left_out: int, silent_files: int) -> list[str]:
    """At most three lines: what was searched, what of it is not shown, and what is not there."""
    pages, passages = _count(answer.searched_pages, "page"), _count(answer.searched_passages, "passage")
    searched = f"Searched {_count(answer.searched_files, 'file')} ({pages}, {passages})."
    outline = "the outline and " if any(citation.place == "outline" for citation in answer.citations) else ""
    what = f"{outline}passages from all parts" if answer.overview else "the passages that answer best"
    lines = [f"{searched} No model is configured: here are {what}; cite them as [n]."]
    more: list[str] = []
    if silent_files:
        more.append(f"nothing is shown of {_count(silent_files, 'file')}: raise max_tokens, or ask about fewer files")
    elif left_out:
        noun = "passage matches" if left_out == 1 else "passages match"
        more.append(f"{left_out:,} more {noun}: raise max_tokens, or read a page with get_file_content")
    if answer.headings:
        more.append(f"other headings that match: {one_line(' · '.join(answer.headings), 300)}")
    lines += filter(None, [" · ".join(more)])
    if answer.terms_not_found:
        lines.append(f"not found in any file: {one_line(', '.join(answer.terms_not_found), 200)}")
    return lines


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _not_read_line(not_read: Sequence[NotRead], contents: Sequence[Content], max_tokens: int) -> str:
    """Files that were not read and pages that are pictures: the first with their reasons, then names, the rest counted."""
    partly = [
        content
        for content in contents
        if content.tokens and any(page.without_text and page.kind != "clip" for page in content.pages)
    ]
    shown = partly[:_PARTLY_NAMED]
    warnings = [f"{one_line(content.name, 80)}: {one_line(unread_line(content), 200)}" for content in shown]
    if remedy := ocr_remedy():
        warnings[:-1] = [words.replace(remedy, "") for words in warnings[:-1]]
    if more := len(partly) - len(shown):
        warnings.append(f"{_count(more, 'more file')} with pages that are pictures or scans")
    left = max_tokens // 10
    parts: list[str] = []
    for words in map(str, not_read):
        left -= estimate_tokens(words) + 1
        if left < 0 and parts:
            break
        parts.append(words)
    rest = not_read[len(parts) :]
    if rest:
        parts.append(_names(rest, max_tokens // 10))
    return " · ".join([*([f"not read: {' · '.join(parts)}"] if parts else []), *warnings])


def _names(not_read: Sequence[NotRead], most_tokens: int) -> str:
    """ "and 13 more: a.pdf, b.docx, …"."""
    names: list[str] = []
    for one in not_read:
        most_tokens -= estimate_tokens(one.name) + 1
        if most_tokens < 0:
            break
        names.append(one.name)
    if len(names) < len(not_read) and names:
        names.append("…")
    return f"and {len(not_read)} more{': ' if names else ''}{', '.join(names)}"


def _passage(citation: Citation) -> str:
    heading = f" ({one_line(citation.heading, 120)})" if citation.heading else ""
    return (
        f"[{citation.number}] {one_line(citation.file, _PATH_CHARACTERS)}, {citation.place}{heading}\n{citation.text}"
    )


def _model_result(answer: Answer, contents: Sequence[Content], not_read: Sequence[NotRead], max_tokens: int) -> str:
    """A model's words, then the sources that it cites, what it was given and what the answer cost."""
    lines = [answer.text or "", ""]
    lines.extend(_source(citation) for citation in answer.citations)
    lines.extend(filter(None, [_not_read_line(not_read, contents, max_tokens)]))
    cost = f"{answer.tokens_in:,} tokens in, {answer.tokens_out:,} out" if answer.tokens_in else ""
    lines.append(" · ".join(part for part in (f"model {answer.model}", answer.coverage, cost) if part))
    return "\n".join(lines)


def _source(citation: Citation) -> str:
    """``[1] annual-report.pdf, page 17: "hairline cracks on shaft nine"``."""
    place = f", {citation.place}" if citation.place else ""
    words = f': "{one_line(citation.text, 200)}"' if citation.text else ""
    return f"[{citation.number}] {one_line(citation.file, _PATH_CHARACTERS)}{place}{words}"
