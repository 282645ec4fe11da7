"""What a files service can do. The tools and the HTTP API speak to this and never know which service answers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Literal, Protocol

from kimi_files.access import OpenFile
from kimi_files.answer import Answer, Exhibit, Question
from kimi_files.content import Content, Picture
from kimi_files.models import FileDeleted, FileList, FileObject, Purpose
from kimi_files.progress import Progress, no_progress

FileReference = str | OpenFile
"""A file id, or a file named by path that ``access.open_file`` has opened."""


class FilesService(Protocol):
    """Every method raises ``errors.KimiFilesError`` and nothing else that a caller should expect.

    A cancelled call leaves nothing half done: no file without its bytes, no bytes without their file.
    """

    kind: Literal["local", "kimi"]

    async def create(self, file: OpenFile, purpose: Purpose, progress: Progress = no_progress) -> FileObject:
        """Keep a file. The same bytes, name and purpose give the file that is already there."""
        ...

    async def list(
        self,
        purpose: Purpose | None = None,
        after: str | None = None,
        limit: int = 100,
        order: Literal["asc", "desc"] = "desc",
    ) -> FileList:
        """Files by ``created_at``; ``after`` is the id of the last file of the page before. FileNotFound if it is unknown."""
        ...

    async def retrieve(self, file_id: str) -> FileObject:
        """Metadata of one file. FileNotFound if there is none."""
        ...

    async def delete(self, file_id: str) -> FileDeleted:
        """Forget a file, and its bytes when no other file has the same ones."""
        ...

    async def content(self, file: FileReference, progress: Progress = no_progress) -> Content:
        """The file's text, extracted now if no cache has it."""
        ...

    async def read_scans(self, file: FileReference, pages: Sequence[int], progress: Progress = no_progress) -> Content:
        """The file's text, after those of these pages (numbers from 1) that wait for OCR were read, as many as time allows.

        At least one of them is read. What is left still waits.
        """
        ...

    async def pictures(
        self, file: FileReference, pages: Sequence[int] | None, progress: Progress = no_progress
    ) -> Sequence[Picture]:
        """Pictures of pages (numbers from 1), or of the image itself when ``pages`` is None."""
        ...

    async def exhibits(
        self, file: FileReference, content: Content, progress: Progress = no_progress
    ) -> Sequence[Exhibit]:
        """What a model will look at when it is asked about a file without text; nothing where no model looks."""
        ...

    async def answer(self, question: Question, contents: Sequence[Content], progress: Progress = no_progress) -> Answer:
        """What answers the question in these files: a model's words with citations, or the passages themselves."""
        ...

    def raw(self, file_id: str) -> AsyncIterator[bytes]:
        """The stored bytes of a file, in chunks."""
        ...

    async def aclose(self) -> None:
        """End workers and connections."""
        ...
