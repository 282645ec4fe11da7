"""delete_file: forget an uploaded file and its bytes."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from kimi_files.errors import InvalidArguments
from kimi_files.models import FileDeleted
from kimi_files_tools.workspace import Workspace, is_file_id

TITLE = "Delete an uploaded file"
DESCRIPTION = """\
Delete an uploaded file by its id, for good. The file on this machine from which it was uploaded is not touched."""

FileId = Annotated[str, Field(description="Id of the file, from list_files or upload_file", min_length=1)]


async def delete_file(workspace: Workspace, file_id: str) -> FileDeleted:
    """The confirmation. A path is refused: this tool never deletes anything on the user's disk."""
    if not is_file_id(file_id):
        raise InvalidArguments(
            f"'{file_id[:80]}' is not a file id.", "Give an id from the list of files; files on disk are never deleted."
        )
    service = await workspace.service()
    return await service.delete(file_id.strip())
