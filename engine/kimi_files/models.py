"""The service's contract, field for field: ``openapi-files.yaml`` of Kimi's ``POST /v1/files``."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Purpose = Literal["file-extract", "image", "video", "batch"]

PURPOSES: tuple[Purpose, ...] = ("file-extract", "image", "video", "batch")


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    def compact_json(self) -> str:
        """The record as JSON on one line without spaces, the form that costs an agent the fewest tokens."""
        return self.model_dump_json(exclude_none=True)


class FileObject(_Record):
    """Metadata of one uploaded file. ``bytes`` is the size; ``created_at`` is a Unix timestamp in seconds."""

    id: str
    object: Literal["file"] = "file"
    bytes: int
    created_at: int
    filename: str
    purpose: Purpose
    status: str = Field(description="ready or error")
    status_details: str | None = None


class FileList(_Record):
    """One page of the files, newest first. Pass the last ``id`` as ``after`` while ``has_more`` is true."""

    object: Literal["list"] = "list"
    data: list[FileObject]
    has_more: bool = False


class FileDeleted(_Record):
    """Confirms that a file and its bytes are gone."""

    id: str
    object: Literal["file"] = "file"
    deleted: bool = True


class ErrorDetail(_Record):
    message: str
    type: str | None = None
    code: str | None = None


class ErrorResponse(_Record):
    """Every failure, on every transport, has this shape."""

    error: ErrorDetail
