"""A question to a model about files: what it is given, its answer checked against the files, and what it rests on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from kimi_files.answer import Answer, Citation, Exhibit, Question
from kimi_files.content import Content
from kimi_files.errors import FileNotFound, InvalidRequest
from kimi_files.kimi.chat import Chat, ChatModel, ChatReply
from kimi_files.kimi.citations import Cited, checked_citations, cited_after
from kimi_files.kimi.errors import PromptTooLong, RequestRefused
from kimi_files.kimi.prompt import (
    PASSAGE_OVERHEAD_TOKENS,
    RULES_TOKENS,
    FileText,
    exhibit_citations,
    messages,
    numbered,
    whole_text,
)
from kimi_files.kimi.quotations import NOT_FOUND, Quotation, not_found, quotations, shared_words
from kimi_files.progress import Progress
from kimi_files.tokens import estimate_tokens

Search = Callable[[Question, Sequence[Content]], Awaitable[Answer]]
"""The passages of files that answer a question best, within its ``max_tokens``."""

# What models think before they answer counts as output, and is cut like it.
_THINKING_TOKENS = 16_000
_LEAST_THINKING_TOKENS = 1_000
_PICTURE_TOKENS = 2_000
_VIDEO_TOKENS = 40_000
# The best passages are the first; beyond this more of them only cost.
_MOST_PASSAGES_TOKENS = 60_000
_LEAST_PASSAGES_TOKENS = 500
# Between these shares of the window our estimate may be wrong about whether a text fits: the service counts.
_SURELY_FITS = 0.75
_SURELY_TOO_LONG = 1.4
_ATTEMPTS = 3
_MOST_EXHIBIT_CHARACTERS = 24 << 20
# An endpoint that read less than this share of what it was sent has cut it without saying so.
_READ_IN_FULL = 0.5


async def ask_model(
    question: Question, contents: Sequence[Content], chat: Chat, search: Search, progress: Progress
) -> Answer:
    """The model's answer: citations that exist, quotations that stand in the files, sources, cost.

    What does not fit the model's window is halved and asked again, then PromptTooLong is raised.
    """
    model = await chat.model(progress)
    exhibits, unseen = _shown(question.exhibits, model)
    room = model.context
    for attempt in range(_ATTEMPTS):
        files = await _chosen(question, contents, exhibits, model, room, chat, search)
        conversation = messages(files, exhibits, question, chat.secret, joined=not chat.is_kimi)
        thinking = max(min(_THINKING_TOKENS, model.context // 8), _LEAST_THINKING_TOKENS)
        await progress(0, None, f"asking {model.id}")
        try:
            reply = await chat.reply(model, conversation, question.max_tokens + thinking, progress)
        except PromptTooLong:
            if attempt + 1 == _ATTEMPTS:
                raise
            room //= 2
        except FileNotFound as error:
            raise RequestRefused(
                error.message, f"Is '{model.id}' a model of it? KIMI_FILES_MODEL names another."
            ) from None
        except InvalidRequest:
            if not exhibits or model.images:
                raise
            # Nobody knew whether this model takes pictures: it does not.
            unseen, exhibits = [*unseen, *exhibits], ()
        else:
            return await _checked(question, contents, files, exhibits, unseen, model, reply)
    raise AssertionError


async def _chosen(
    question: Question,
    contents: Sequence[Content],
    exhibits: Sequence[Exhibit],
    model: ChatModel,
    room: int,
    chat: Chat,
    search: Search,
) -> list[FileText]:
    """Whole files where they fit, the smallest first; of the others the passages that answer best."""
    left = room - RULES_TOKENS - estimate_tokens(question.text) - min(question.max_tokens + room // 8, room // 3)
    left -= sum(_PICTURE_TOKENS if exhibit.kind == "image" else _VIDEO_TOKENS for exhibit in exhibits)
    if await _fits(contents, question, left, model, chat):
        return numbered([await whole_text(content) for content in contents])
    whole: dict[int, FileText] = {}
    for content in sorted(contents, key=lambda content: content.tokens):
        # Half of what is left stays for the files that do not fit.
        if _estimated(content) > left // 2:
            break
        whole[content.id] = await whole_text(content)
        left -= whole[content.id].tokens
    rest = [content for content in contents if content.id not in whole]
    budget = min(max(left, _LEAST_PASSAGES_TOKENS), _MOST_PASSAGES_TOKENS)
    found = await search(replace(question, max_tokens=budget, exhibits=()), rest)
    files = [whole.get(content.id) or _passages(content, found) for content in contents]
    return numbered([file for file in files if file.passages])


async def _fits(contents: Sequence[Content], question: Question, room: int, model: ChatModel, chat: Chat) -> bool:
    """Whether all files fit: by our estimate where that is clear, by the service's count where it is not."""
    estimate = sum(map(_estimated, contents))
    if estimate <= room * _SURELY_FITS:
        return True
    if not chat.is_kimi or estimate > room * _SURELY_TOO_LONG:
        return estimate <= room
    files = numbered([await whole_text(content) for content in contents])
    counted = await chat.count_tokens(model, messages(files, (), question, chat.secret, joined=False))
    return (estimate if counted is None else counted) <= room


def _estimated(content: Content) -> int:
    return content.tokens + PASSAGE_OVERHEAD_TOKENS * (len(content.pages) + content.tokens // 1_000)


def _passages(content: Content, found: Answer) -> FileText:
    of_file = [one for one in found.citations if (one.content, one.file) == (content.id, content.name)]
    return FileText(content, tuple(sorted(of_file, key=lambda citation: citation.page)), whole=False)


def _shown(exhibits: Sequence[Exhibit], model: ChatModel) -> tuple[tuple[Exhibit, ...], list[Exhibit]]:
    """What the model can look at, and what it cannot."""
    shown: list[Exhibit] = []
    unseen: list[Exhibit] = []
    size = 0
    for exhibit in exhibits:
        takes = model.images if exhibit.kind == "image" else model.videos
        size += len(exhibit.url)
        (unseen if takes is False or size > _MOST_EXHIBIT_CHARACTERS else shown).append(exhibit)
    return tuple(shown), unseen


async def _checked(
    question: Question,
    contents: Sequence[Content],
    files: Sequence[FileText],
    exhibits: Sequence[Exhibit],
    unseen: Sequence[Exhibit],
    model: ChatModel,
    reply: ChatReply,
) -> Answer:
    given = [passage for file in files for passage in file.passages]
    passages = {passage.number: passage for passage in [*given, *exhibit_citations(files, exhibits)]}
    said = [question.text, *question.queries, *(content.name for content in contents)]
    quoted = quotations(reply.text)
    if exhibits:
        # What a picture says nobody here can read: only what is said to be from a text is looked for in the texts.
        numbers = {passage.number for passage in given}
        quoted = [one for one in quoted if (after := cited_after(reply.text, one.end)) and numbers.issuperset(after)]
    missing = await not_found(quoted, said, given, contents)
    text, cited = checked_citations(_marked(reply.text, missing), passages.keys())
    if reply.is_cut:
        text += "\n(The answer was cut at its limit: raise max_tokens.)"
    return Answer(
        text=text,
        citations=tuple(_source(one, passages[one.number]) for one in cited),
        searched_files=len(contents) + len(exhibits),
        searched_pages=sum(len(content.pages) for content in contents),
        searched_passages=len(given),
        left_out=0,
        terms_not_found=(),
        headings=(),
        overview=False,
        model=model.id,
        tokens_in=reply.tokens_in,
        tokens_out=reply.tokens_out,
        coverage=_coverage(contents, files, exhibits, unseen, reply),
    )


def _marked(text: str, missing: Sequence[Quotation]) -> str:
    for quotation in sorted(missing, key=lambda quotation: -quotation.end):
        text = text[: quotation.end] + NOT_FOUND + text[quotation.end :]
    return text


def _source(cited: Cited, passage: Citation) -> Citation:
    """A passage under the number that it got in the answer, with the words that the answer takes from it."""
    return replace(passage, number=cited.shown, text=shared_words(cited.sentence, passage.text))


def _coverage(
    contents: Sequence[Content],
    files: Sequence[FileText],
    exhibits: Sequence[Exhibit],
    unseen: Sequence[Exhibit],
    reply: ChatReply,
) -> str:
    """What the model was given, in words: "both files read whole"."""
    whole = [file.content.name for file in files if file.whole]
    partly = [file for file in files if not file.whole]
    given = {id(file.content) for file in files}
    words: list[str] = []
    if whole and not partly:
        words.append(
            {1: "file read whole", 2: "both files read whole"}.get(len(whole), f"all {len(whole)} files read whole")
        )
    elif whole:
        words.append(f"{len(whole)} of {len(contents)} files read whole")
    if partly:
        names = ", ".join(file.content.name for file in partly[:3]) + (" and others" if len(partly) > 3 else "")
        words.append(f"of {names} the {sum(len(file.passages) for file in partly)} passages that match best")
    without = sum(id(content) not in given for content in contents)
    if without:
        words.append(f"{without} files without a matching passage")
    if exhibits:
        words.append(f"{_counted(exhibits)} looked at")
    if unseen:
        words.append(f"not looked at: {', '.join(exhibit.name for exhibit in unseen[:5])}")
    sent = sum(file.tokens for file in files)
    if reply.tokens_in and reply.tokens_in < sent * _READ_IN_FULL:
        words.append(
            f"the endpoint read only {reply.tokens_in:,} of about {sent:,} tokens: give the model a larger window"
        )
    return " · ".join(words)


def _counted(exhibits: Sequence[Exhibit]) -> str:
    """ "2 pictures and 1 video"."""
    pictures = sum(exhibit.kind == "image" for exhibit in exhibits)
    counts = (("picture", pictures), ("video", len(exhibits) - pictures))
    return " and ".join(f"{number} {noun}{'s' if number > 1 else ''}" for noun, number in counts if number)
