"""ask_about_files: the passages of several files that answer a question, each with its place, or a model's answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

from pydantic import BeforeValidator, Field

from kimi_files.errors import InvalidArguments
from kimi_files.progress import Progress, no_progress
from kimi_files_tools.arguments import MOST_FILES, as_list, or_default
from kimi_files_tools.workspace import Workspace

DEFAULT_TOKENS = 4_000
LEAST_TOKENS = 500
MOST_TOKENS = 20_000
MOST_QUERIES = 4

_TOKENS_A_PASSAGE = 400
# Per cent of the budget: paths may be as long as the passages that they lead to.
_MOST_BESIDE_PASSAGES = 80

TITLE = "Ask about files"
DESCRIPTION = """\
Find what answers a question in one or many files (a folder means the readable files in it). Returns the exact passages \
with file and page, numbered: answer from them and cite [n].
Add queries: up to 4 short wordings as they would stand in the files (names of statements, line items, headings, in the \
files' language). They find far more than the question alone. If the passages do not answer, ask again with other queries."""

QuestionArgument = Annotated[str, Field(description="What you want to know", min_length=1, max_length=4_000)]
Files = Annotated[
    list[str],
    BeforeValidator(as_list),
    Field(description=f"1 to {MOST_FILES} file ids, paths or folders", min_length=1, max_length=MOST_FILES),
]
Queries = Annotated[
    list[str],
    BeforeValidator(as_list),
    Field(
        description='Wordings as in the files: ["purchases of property, plant and equipment"]', max_length=MOST_QUERIES
    ),
]
MaxTokens = Annotated[
    int, or_default(DEFAULT_TOKENS), Field(description=f"Budget of the result, at most {MOST_TOKENS:,}")
]


async def ask_about_files(
    workspace: Workspace,
    question: str,
    files: Sequence[str],
    queries: Sequence[str] = (),
    max_tokens: int = DEFAULT_TOKENS,
    progress: Progress = no_progress,
) -> str:
    """The answer as text. A file that cannot be read is named with its reason; only when none can be, that is the error."""
    from kimi_files.answer import Question
    from kimi_files_tools.answer_result import answer_result, reserved_tokens
    from kimi_files_tools.gathering import gather

    if not question.strip():
        raise InvalidArguments("The question is empty.", "Say what you want to know.")
    max_tokens = min(max(max_tokens, LEAST_TOKENS), MOST_TOKENS)
    gathered = await gather(workspace, files, progress)
    head_tokens = reserved_tokens(gathered.by_path, gathered.not_read, max_tokens)
    head_tokens += gathered.extra_tokens() * max_tokens // _TOKENS_A_PASSAGE
    head_tokens = min(head_tokens, max_tokens * _MOST_BESIDE_PASSAGES // 100)
    wordings = tuple(query for query in queries if query.strip())
    asked = Question(question, wordings, max_tokens - head_tokens, gathered.exhibits)
    service = await workspace.service()
    answer = await service.answer(asked, gathered.contents, progress)
    answer = replace(answer, citations=tuple(map(gathered.cited, answer.citations)))
    return answer_result(answer, gathered.by_path, gathered.not_read, max_tokens)
