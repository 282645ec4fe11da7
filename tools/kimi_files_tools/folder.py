"""A folder as a text: the files in it that can be read, and the folders."""

from __future__ import annotations

import hashlib
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from kimi_files.access import FolderListing
from kimi_files.content import Content, Layer, PageInfo, Piece
from kimi_files.extract.office.markdown import table
from kimi_files.tokens import estimate_tokens


def folder_content(listing: FolderListing, allowed: Sequence[str]) -> Content:
    """The listing as the one page of a text, to be shown in parts, searched and gone on with as any other.

    ``allowed`` are the folders that may be read: who looks at one of them learns of the others.
    """
    text = _text(listing, [folder for folder in allowed if folder != listing.path] if listing.path in allowed else [])
    page = PageInfo(
        number=1,
        label="1",
        kind="text",
        title=None,
        characters=len(text),
        tokens=estimate_tokens(text),
        lines=text.count("\n"),
        without_text=False,
        hidden=False,
    )
    return Content(
        id=0,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        name=listing.path,
        file_id=None,
        bytes=len(text.encode()),
        format="folder",
        correction=None,
        pages=(page,),
        outline=(),
        warnings=(),
        store=_OneText(text),
    )


def _text(listing: FolderListing, other_folders: Sequence[str]) -> str:
    """``| a.pdf | 776,434 | 2026-11-28 05:33 |``, the folders first."""
    rows = [[f"{name}/", "", ""] for name in listing.folders]
    rows += [
        [file.name, f"{file.bytes:,}", time.strftime("%Y-%m-%d %H:%M", time.localtime(file.modified))]
        for file in listing.files
    ]
    others = ", ".join(f"{count:,} {why}" for why, count in listing.left_out.items())
    left_out = f" Not listed: {others}." if others else ""
    if other_folders:
        left_out += f" Other allowed folders: {', '.join(other_folders)}."
    if not rows:
        return f"No file here can be read.{left_out}\n"
    first = f"{listing.path.rstrip('/')}/{rows[0][0]}"
    words = f"To read one, add its name to the folder's path: {first} · ask_about_files takes folders as they are.{left_out}"
    return f"{words}\n\n{table([['name', 'bytes', 'modified'], *rows])}\n"


@dataclass(frozen=True, slots=True)
class _OneText:
    """A store of one text with one page."""

    text: str

    async def pieces(
        self, content_id: int, page: int, layer: Layer, start: int, end: int | None
    ) -> AsyncIterator[Piece]:
        yield Piece(0, 1, self.text)

    async def whole_pages(self, content_id: int, pages: Sequence[int]) -> list[str]:
        return [self.text for _ in pages]

    async def line_offset(self, content_id: int, page: int, line: int) -> int:
        return min(sum(map(len, self.text.splitlines(keepends=True)[: line - 1])), len(self.text))
