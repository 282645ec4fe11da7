"""Pictures and videos as a chat model is shown them: by their id at Kimi, or as the picture itself."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Sequence
from typing import Literal, Protocol

from kimi_files.access import OpenFile
from kimi_files.answer import Exhibit
from kimi_files.content import Content, Layer, Picture, Piece
from kimi_files.formats import BMP, GIF, HEIC, JPEG, PNG, WEBP, Format
from kimi_files.progress import Progress

# Pictures that Kimi's models look at as they are. Others are drawn on this machine.
_SEEN = (PNG, JPEG, GIF, WEBP, BMP, HEIC)


class Draws(Protocol):
    """What can draw a file of this machine."""

    async def pictures(
        self, file: OpenFile | str, pages: Sequence[int] | None, progress: Progress
    ) -> Sequence[Picture]: ...


class NoTexts:
    """The text of what has none."""

    async def pieces(
        self, content_id: int, page: int, layer: Layer, start: int, end: int | None
    ) -> AsyncIterator[Piece]:
        return
        yield

    async def whole_pages(self, content_id: int, pages: Sequence[int]) -> list[str]:
        return ["" for _ in pages]

    async def line_offset(self, content_id: int, page: int, line: int) -> int:
        return 0


def is_seen_as_it_is(known: Format) -> bool:
    """Whether Kimi's models take a file of this format."""
    return "video" in known.purposes or known in _SEEN


def remote_exhibit(name: str, kind: Literal["image", "video"], file_id: str) -> Exhibit:
    """A file that Kimi has."""
    return Exhibit(name, kind, f"ms://{file_id}")


async def drawn_exhibits(service: Draws, file: OpenFile | str, content: Content, progress: Progress) -> list[Exhibit]:
    """A picture as a data URL, made small enough to be sent; nothing for what is no picture."""
    if not content.pages or any(page.kind != "picture" for page in content.pages):
        return []
    drawn = await service.pictures(file, None, progress)
    return [
        Exhibit(content.name, "image", f"data:{one.media_type};base64,{base64.b64encode(one.data).decode()}")
        for one in drawn[:1]
    ]
