"""list_files: the uploaded files, newest first."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from kimi_files.models import FileList, Purpose
from kimi_files_tools.arguments import as_text
from kimi_files_tools.workspace import Workspace

TITLE = "List uploaded files"
DESCRIPTION = """\
The uploaded files with their ids, newest first. Files that were only read by path are not among them, except with Kimi, \
where they are marked "only read"; get_file_content lists a folder.
While has_more is true, call again with after = the last id."""

# About 4,000 tokens.
PAGE_FILES = 50


def _none_if_empty(value: Any) -> Any:
    return None if value in ("", "all", "any") else value


PurposeFilter = Annotated[
    Purpose | None, BeforeValidator(_none_if_empty), Field(description="Only files of this purpose")
]
After = Annotated[str, BeforeValidator(as_text), Field(description="Id of the last file seen")]


async def list_files(workspace: Workspace, purpose: Purpose | None = None, after: str = "") -> FileList:
    """Up to 50 files."""
    service = await workspace.service()
    return await service.list(purpose=purpose, after=after.strip() or None, limit=PAGE_FILES)
