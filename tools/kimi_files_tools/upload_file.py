"""upload_file: make a file of something on this machine, kept and listed until it is deleted."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from kimi_files.models import FileObject, Purpose
from kimi_files.progress import Progress, no_progress
from kimi_files_tools.workspace import Workspace

TITLE = "Upload a file"
DESCRIPTION = """\
Keep a file from this machine under a file id that later calls and conversations can use. Not needed for reading: \
get_file_content and ask_about_files take paths too.
purpose: file-extract (documents, text, code), image, video, or batch (a JSONL of chat requests; every line is checked).
The same bytes, name and purpose give the file that is already there. status_details says what is worth knowing, such \
as scanned pages."""

Path = Annotated[str, Field(description="Path of the file, absolute, ~ or relative to an allowed folder", min_length=1)]
PurposeArgument = Annotated[Purpose, Field(description="What the file is for")]


async def upload_file(
    workspace: Workspace, path: Path, purpose: Purpose = "file-extract", progress: Progress = no_progress
) -> FileObject:
    """The kept file. A file id given as ``path`` gives its record, for agents that call twice."""
    service = await workspace.service(reads=1)
    async with workspace.open(path) as file:
        if isinstance(file, str):
            return await service.retrieve(file)
        return await service.create(file, purpose, progress)
