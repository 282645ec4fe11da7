"""The result of a question: what was searched, what was left out, and the numbered passages or the model's answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kimi_files.tokens import estimate_tokens
from kimi_files_tools.fence import FENCE_TOKENS, fence
from kimi_files_tools.layout import one_line, warning_line

if TYPE_CHECKING:
    from kimi_files.answer import Answer, Citation
    from kimi_files.content import Content

# The lines that say what was searched, which terms were not found and which other headings match.
_SEARCHED_TOKENS = 170


def reserved_tokens(contents: Sequence[Content], not_read: Sequence[str], max_tokens: int) -> int:
    """What the head will take of the budget, so that the passages are chosen for the rest."""
    lines = [*_not_read_lines(not_read, max_tokens), *_warning_lines(contents)]
    return min(_SEARCHED_TOKENS + FENCE_TOKENS + estimate_tokens("\n".join(lines)), max_tokens * 2 // 3)


def answer_result(answer: Answer, contents: Sequence[Content], not_read: Sequence[str], max_tokens: int) -> str:
    """The whole result within ``max_tokens``; passages that do not fit beside the head are counted as left out."""
    if answer.text is not None:
        return _model_result(answer, not_read, max_tokens)
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
    not_read: Sequence[str],
    max_tokens: int,
) -> str:
    head = [*_searched_lines(answer, left_out), *_not_read_lines(not_read, max_tokens), *_warning_lines(contents)]
    if not shown:
        return "\n".join(
            [*head, "No passage matches: ask with other words in queries, or see the outline with get_file_content."]
        )
    blocks = [_passage(citation) for citation in shown]
    return "\n".join([*head, fence("\n".join(blocks), several_files=answer.searched_files > 1)])


def _searched_lines(answer: Answer, left_out: int) -> list[str]:
    pages, passages = _count(answer.searched_pages, "page"), _count(answer.searched_passages, "passage")
    searched = f"Searched {_count(answer.searched_files, 'file')} ({pages}, {passages})."
    what = "the outline and passages from all parts" if answer.overview else "the passages that answer best"
    lines = [f"{searched} No model is configured: here are {what}; cite them as [n]."]
    if left_out:
        noun = "passage matches" if left_out == 1 else "passages match"
        lines.append(f"{left_out:,} more {noun}: raise max_tokens, or read a page with get_file_content.")
    if answer.terms_not_found:
        lines.append(f"not found in any file: {one_line(', '.join(answer.terms_not_found), 200)}")
    if answer.headings:
        lines.append(f"other headings that match: {one_line(' · '.join(answer.headings), 300)}")
    return lines


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _not_read_lines(not_read: Sequence[str], max_tokens: int) -> list[str]:
    """One line a file, as many as fit; the rest is counted."""
    lines: list[str] = []
    spent = 0
    for index, words in enumerate(not_read):
        spent += estimate_tokens(words) + 4
        if spent > max_tokens // 10 and lines:
            return [*lines, f"not read: {len(not_read) - index} more files"]
        lines.append(f"not read: {words}")
    return lines


def _warning_lines(contents: Sequence[Content]) -> list[str]:
    """Pages that could not be searched because they are pictures, for the files that have some text."""
    partly = [content for content in contents if content.tokens and any(page.without_text for page in content.pages)]
    return [f"{one_line(content.name, 80)}: {one_line(warning_line(content), 200)}" for content in partly[:3]]


def _passage(citation: Citation) -> str:
    heading = f" ({one_line(citation.heading, 120)})" if citation.heading else ""
    return f"[{citation.number}] {one_line(citation.file, 120)}, {citation.place}{heading}\n{citation.text}"


def _model_result(answer: Answer, not_read: Sequence[str], max_tokens: int) -> str:
    """A model's words, then the sources that it cites, what it was given and what the answer cost."""
    lines = [answer.text or "", ""]
    lines.extend(_source(citation) for citation in answer.citations)
    lines.extend(_not_read_lines(not_read, max_tokens))
    cost = f"{answer.tokens_in:,} tokens in, {answer.tokens_out:,} out" if answer.tokens_in else ""
    lines.append(" · ".join(part for part in (f"model {answer.model}", answer.coverage, cost) if part))
    return "\n".join(lines)


def _source(citation: Citation) -> str:
    """``[1] annual-report.pdf, page 17: "hairline cracks on shaft nine"``."""
    place = f", {citation.place}" if citation.place else ""
    words = f': "{one_line(citation.text, 200)}"' if citation.text else ""
    return f"[{citation.number}] {one_line(citation.file, 120)}{place}{words}"
