"""What the tests of the local store share: a pool that counts its jobs, and opened files."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

from kimi_files.access import OpenFile
from kimi_files.content import Content
from kimi_files.local.service import LocalFilesService
from kimi_files.models import FileObject, Purpose
from kimi_files.workers.pool import WorkerPool


class CountingPool(WorkerPool):
    """The real pool; ``jobs`` has the names of the jobs it was asked for."""

    def __init__(self) -> None:
        super().__init__(size=1)
        self.jobs: list[str] = []

    def job(
        self, name: Any, arguments: Mapping[str, Any], **options: Any
    ) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        self.jobs.append(name)
        return super().job(name, arguments, **options)


def opened(path: Path) -> OpenFile:
    return OpenFile(os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0)), path, str(path))


async def create(service: LocalFilesService, path: Path, purpose: Purpose = "file-extract") -> FileObject:
    async with opened(path) as file:
        return await service.create(file, purpose)


async def content(service: LocalFilesService, path: Path) -> Content:
    async with opened(path) as file:
        return await service.content(file)


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8", newline="")
    return path


def left_over(data_dir: Path) -> list[str]:
    """What is in the store besides the catalogue: blobs, records, things that were arriving, locks."""
    folders = ("blobs", "files", "incoming", "locks")
    return sorted(
        str(path.relative_to(data_dir)) for name in folders for path in (data_dir / name).rglob("*") if path.is_file()
    )
