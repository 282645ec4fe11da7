"""The result that shows pictures: of pages, or the image that the file is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kimi_files.errors import UnsupportedFile
from kimi_files.progress import Progress
from kimi_files_tools.layout import head_line, one_line, ranges, warning_line
from kimi_files_tools.window import Position

if TYPE_CHECKING:
    from kimi_files.content import Content, Picture
    from kimi_files.service import FileReference, FilesService

# Claude Desktop takes 1 MiB a result, and base64 makes four bytes of three.
_MOST_BYTES = 720_000

FRAME_AT = "frame at "

# A picture of a page costs a model about 2,000 tokens.
_MOST_PICTURES = 4


async def picture_result(
    service: FilesService,
    file: FileReference,
    content: Content,
    pages: Sequence[int] | None,
    start: Position | None,
    progress: Progress,
) -> tuple[str, tuple[Picture, ...]]:
    """Head and pictures: as many pages as a host takes in one result, and the next call for the others."""
    if pages is not None and content.pages[0].kind not in ("page", "picture", "clip"):
        raise UnsupportedFile(
            f"{content.format} files have no pages that can be shown as pictures.",
            "Call without pictures to read the text.",
        )
    wanted = None if pages is None else [page for page in pages if start is None or page >= start.page]
    asked = None if wanted is None else wanted[:_MOST_PICTURES]
    made = await service.pictures(file, asked, progress)
    pictures = _within_bytes(made)
    labels = content.labels
    parts: list[str] = []
    if wanted is not None:
        numbers = one_line(ranges([picture.page for picture in pictures], labels), 200)
        noun = "clip" if content.pages[0].kind == "clip" else "page"
        parts.append(f"shown: pictures of {noun}{'s' if len(pictures) > 1 else ''} {numbers}")
    # Frames of a video that repeat the one before are not made: what is left are pictures without room, and later pages.
    rest = [*(picture.page for picture in made[len(pictures) :]), *(wanted or ())[_MOST_PICTURES:]]
    if rest:
        parts += [f'next: pages="{ranges(rest[:_MOST_PICTURES], labels)}", pictures=true', f"{len(rest)} to go"]
    lines = [head_line(content), " · ".join(parts)]
    lines.extend(_notes(pictures))
    if wanted is None:
        lines.append(warning_line(content))
    return "\n".join(line for line in lines if line), tuple(pictures)


def _notes(pictures: Sequence[Picture]) -> list[str]:
    """What is said of the pictures; of frames of a video, their times on one line."""
    times = [picture.note.removeprefix(FRAME_AT) for picture in pictures if picture.note.startswith(FRAME_AT)]
    if times:
        return [f"frames at {', '.join(times)}; frames that show the same as the one before are left out"]
    return [picture.note for picture in pictures if picture.note]


def _within_bytes(pictures: Sequence[Picture]) -> list[Picture]:
    """The first pictures that fit one result; always at least one."""
    kept: list[Picture] = []
    total = 0
    for picture in pictures:
        total += len(picture.data)
        if kept and total > _MOST_BYTES:
            break
        kept.append(picture)
    return kept
