"""get_file_content: a file's text in parts that fit, the places of words in it, or pictures of its pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

from pydantic import BeforeValidator, Field

from kimi_files.access import is_folder, list_folder, shown
from kimi_files.errors import InvalidArguments, NotAFile
from kimi_files.progress import Progress, no_progress
from kimi_files_tools.arguments import File, as_text, or_default
from kimi_files_tools.workspace import Workspace

if TYPE_CHECKING:
    from kimi_files.content import Content, Picture
    from kimi_files_tools.pages import Span
    from kimi_files_tools.window import Position

DEFAULT_TOKENS = 8_000
LEAST_TOKENS = 500
MOST_TOKENS = 20_000

# A page with little on it.
_TOKENS_A_SCAN = 400

TITLE = "Read a file"
DESCRIPTION = """\
Read a file's text: PDF, Word, Excel, PowerPoint, HTML, Markdown, CSV, JSON, code, any text. Of a folder: which files are in it.
Long files come in parts that fit max_tokens; the head of each result says what is shown and gives the exact next call.
To find one thing in a long file do not read it to the end: use find, pages (the first result shows the outline) or \
ask_about_files. Page marks such as [page 12] stand in the text: cite them.
Scanned pages, charts and images: pictures=true returns them as images."""

Pages = Annotated[
    str,
    BeforeValidator(as_text),
    Field(description='Only these: "3-7,12", sheet or chapter names; lines ("120-180") of a text without pages'),
]
Find = Annotated[
    str, BeforeValidator(as_text), Field(description="Words to look for: every place, with its surroundings")
]
Cursor = Annotated[str, BeforeValidator(as_text), Field(description="Where to go on, as the result before says")]
MaxTokens = Annotated[
    int, or_default(DEFAULT_TOKENS), Field(description=f"Budget of the result, at most {MOST_TOKENS:,}")
]
Pictures = Annotated[
    bool, BeforeValidator(bool), Field(description="Pictures of the pages, or the image itself, instead of text")
]


@dataclass(frozen=True, slots=True)
class ContentRequest:
    """The arguments of one call. ``max_tokens`` outside 500 to 20,000 is moved to the nearer end."""

    pages: str = ""
    find: str = ""
    cursor: str = ""
    max_tokens: int = DEFAULT_TOKENS
    pictures: bool = False


@dataclass(frozen=True, slots=True)
class FileText:
    """``text`` is the whole result as an agent reads it; ``pictures`` follow it as image content."""

    text: str
    pictures: tuple[Picture, ...] = ()


async def get_file_content(
    workspace: Workspace, file: File, request: ContentRequest, progress: Progress = no_progress
) -> FileText:
    """The text, the places or the pictures that were asked for, within the budget; of a folder, what is in it."""
    if request.find.strip() and request.pictures:
        raise InvalidArguments(
            "find looks in the text, pictures shows pages.",
            "Use find first, then pictures=true with the pages it names.",
        )
    request = replace(request, max_tokens=min(max(request.max_tokens, LEAST_TOKENS), MOST_TOKENS))
    try:
        return await _of_file(workspace, file, request, progress)
    except NotAFile:
        if request.pictures or not await is_folder(file, workspace.policy):
            raise
    from kimi_files_tools.folder import folder_content

    listing = await list_folder(file, workspace.policy)
    content = folder_content(listing, [shown(folder) for folder in workspace.policy.allowed])
    return FileText(await _text_of(content, *await _asked_part(content, request), request, progress))


async def _of_file(workspace: Workspace, file: File, request: ContentRequest, progress: Progress) -> FileText:
    service = await workspace.service(reads=1)
    # Not needed before the first call, and a server may never be called; a reader starts meanwhile.
    from kimi_files_tools.picture_result import picture_result

    async with workspace.open(file) as reference:
        content = await service.content(reference, progress)
        spans, start = await _asked_part(content, request)
        if not request.pictures and (scans := _scans_to_read(content, spans, start, request)):
            content = await service.read_scans(reference, scans, progress)
        if request.pictures or (_is_picture(content) and not content.tokens):
            whole = _is_picture(content) or _is_video(content)
            numbers = None if whole and not request.pages else [span.page for span in spans]
            text, pictures = await picture_result(service, reference, content, numbers, start, progress)
            return FileText(text, pictures)
        text = await _text_of(content, spans, start, request, progress)
        if _is_picture(content) and len(content.pages) == 1 and start is None and not request.find.strip():
            return FileText(text, tuple(await service.pictures(reference, None, progress)))
        return FileText(text)


async def _asked_part(content: Content, request: ContentRequest) -> tuple[list[Span], Position | None]:
    from kimi_files_tools.pages import select
    from kimi_files_tools.window import read_cursor

    spans = await select(content, request.pages)
    return spans, read_cursor(content, request.cursor) if request.cursor.strip() else None


async def _text_of(
    content: Content, spans: Sequence[Span], start: Position | None, request: ContentRequest, progress: Progress
) -> str:
    if request.find.strip():
        from kimi_files_tools.find_result import find_result

        return await find_result(content, spans, start, request.find, request.pages, request.max_tokens, progress)
    from kimi_files_tools.text_result import text_result

    return await text_result(content, spans, start, request.pages, request.max_tokens)


def _scans_to_read(
    content: Content, spans: Sequence[Span], start: Position | None, request: ContentRequest
) -> list[int]:
    """The pages asked for that wait to be read by OCR, as many as can fit the budget."""
    if not request.pages.strip() and start is None:
        return []
    waiting = [
        span.page
        for span in spans
        if content.page(span.page).ocr == "waiting" and (start is None or span.page >= start.page)
    ]
    return waiting[: max(request.max_tokens // _TOKENS_A_SCAN, 1)]


def _is_video(content: Content) -> bool:
    """Whether pictures of it are frames: unless clips are named, some from all of it."""
    return bool(content.pages) and content.pages[0].kind == "clip"


def _is_picture(content: Content) -> bool:
    """Whether the file is an image, which is shown without being asked for, with the words that were found in it."""
    return bool(content.pages) and all(page.kind == "picture" for page in content.pages)
