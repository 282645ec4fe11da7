"""A temporary file without a name is kept itself where the system can give it one, and copied where it cannot."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from pathlib import Path
from typing import IO

import pytest
from stores import left_over

from kimi_files.access import OpenFile
from kimi_files.errors import InvalidImage
from kimi_files.local.service import LocalFilesService


def temporary(spool: IO[bytes], data: bytes, name: str = "a.txt") -> OpenFile:
    spool.write(data)
    spool.flush()
    return OpenFile.from_descriptor(os.dup(spool.fileno()), name, hashlib.sha256(data).hexdigest())


@pytest.mark.skipif(sys.platform != "linux", reason="files get no name later elsewhere")
async def test_the_blob_is_the_temporary_file_itself(service: LocalFilesService, tmp_path: Path):
    with open(os.open(tmp_path, os.O_RDWR | os.O_TMPFILE, 0o600), "r+b") as spool:
        async with temporary(spool, b"some text") as file:
            kept = await service.create(file, "file-extract")
        blob = next(path for path in (tmp_path / "store" / "blobs").rglob("*") if path.is_file())
        assert os.path.samestat(blob.stat(), os.fstat(spool.fileno()))
    assert b"".join([chunk async for chunk in service.raw(kept.id)]) == b"some text"
    assert await (await service.content(kept.id)).text(1) == "some text"
    await service.delete(kept.id)
    assert left_over(tmp_path / "store") == []


async def test_a_temporary_file_with_a_life_of_its_own_is_copied(service: LocalFilesService, tmp_path: Path):
    with tempfile.TemporaryFile(dir=tmp_path) as spool:
        async with temporary(spool, b"some text") as file:
            kept = await service.create(file, "file-extract")
    assert b"".join([chunk async for chunk in service.raw(kept.id)]) == b"some text"


@pytest.mark.skipif(sys.platform != "linux", reason="files get no name later elsewhere")
async def test_of_a_temporary_file_that_is_refused_nothing_is_left(service: LocalFilesService, tmp_path: Path):
    with open(os.open(tmp_path, os.O_RDWR | os.O_TMPFILE, 0o600), "r+b") as spool:
        async with temporary(spool, b"no picture", "a.png") as file:
            with pytest.raises(InvalidImage):
                await service.create(file, "image")
    assert left_over(tmp_path / "store") == []
