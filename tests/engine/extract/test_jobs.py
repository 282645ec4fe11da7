"""Jobs in real workers: every file ends as events, or as one error in our words."""

from __future__ import annotations

import io
import json
import struct
import tempfile
import zipfile
import zlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
import pytest_asyncio
from PIL import Image
from pydantic import JsonValue

from kimi_files import extras
from kimi_files.errors import (
    DamagedFile,
    EmptyFile,
    InvalidBatchFile,
    InvalidImage,
    InvalidPages,
    InvalidVideo,
    KimiFilesError,
    TooComplex,
    UnsupportedFile,
)
from kimi_files.extract.checked import document_event
from kimi_files.extract.document import Advance, PageText, Start, Warning  # noqa: A004
from kimi_files.workers.pool import WorkerPool
from kimi_files.workers.process import JobName

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def pool() -> AsyncIterator[WorkerPool]:
    pool = WorkerPool(size=1)
    yield pool
    await pool.aclose()


async def frames(pool: WorkerPool, job: JobName, data: bytes, **arguments: JsonValue) -> list[bytes]:
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        async with pool.job(job, arguments, descriptor=file.fileno()) as untrusted_frames:
            return [frame async for frame in untrusted_frames]


async def events(pool: WorkerPool, name: str, data: bytes) -> list[Any]:
    return [document_event.validate_json(frame) for frame in await frames(pool, "extract", data, name=name)]


async def checked(pool: WorkerPool, name: str, purpose: str, data: bytes) -> str:
    (frame,) = await frames(pool, "check", data, name=name, purpose=purpose)
    return str(json.loads(frame)["details"])


def png(width: int = 4, height: int = 3) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), "red").save(buffer, "PNG")
    return buffer.getvalue()


def _part(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


BOMB = (
    b"\x89PNG\r\n\x1a\n" + _part(b"IHDR", struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)) + _part(b"IDAT", b"")
)


def pdf(pages: int) -> bytes:
    document = pypdfium2.PdfDocument.new()
    for number in range(pages):
        document.new_page(400 + number, 200)
    buffer = io.BytesIO()
    document.save(buffer)
    document.close()
    return buffer.getvalue()


async def test_a_text_starts_with_what_it_is_and_is_unchanged(pool: WorkerPool) -> None:
    start, page = await events(pool, "notes.txt", "\ufeffGrüße\r\nzweite Zeile\r".encode())
    assert start == Start(format="text")
    assert isinstance(page, PageText)
    assert (page.label, page.kind, page.text) == ("1", "text", "Grüße\r\nzweite Zeile\r")


async def test_a_wrong_name_is_corrected(pool: WorkerPool) -> None:
    start, *_ = await events(pool, "letter.txt", png())
    assert start == Start(format="PNG picture", correction="the name says text, the content is PNG picture")


async def test_a_picture_has_a_page_without_text_and_says_its_size(pool: WorkerPool) -> None:
    _, page, warning = await events(pool, "a.png", png())
    assert isinstance(page, PageText)
    assert page.without_text
    assert warning == Warning(message="PNG picture, 4 × 3 px")


@pytest.mark.parametrize("name", ["a.py", "a.json", "a.log", "unknown.extension", "Makefile"])
async def test_text_of_any_name_is_one_page(pool: WorkerPool, name: str) -> None:
    _, page = await events(pool, name, b'{"a": [1, 2]}\n')
    assert isinstance(page, PageText)
    assert page.text == '{"a": [1, 2]}\n'


async def test_a_long_log_comes_in_pieces_that_fit(pool: WorkerPool) -> None:
    line = "2025-11-03 12:00:00 INFO a line of the log with 中文\r\n"
    data = line.encode() * 400_000
    characters = pieces = done = 0
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        async with pool.job("extract", {"name": "a.log"}, descriptor=file.fileno()) as untrusted_frames:
            (worker,) = pool._busy
            async for frame in untrusted_frames:
                event = document_event.validate_json(frame)
                if isinstance(event, Advance):
                    assert done < event.done <= (event.total or 0)
                    done = int(event.done)
                if isinstance(event, PageText):
                    characters += len(event.text)
                    pieces += 1
                    if pieces % 100 == 0:
                        assert _resident_bytes(worker.process.pid) < 150 << 20
    assert characters == len(line) * 400_000
    assert pieces > 300
    assert done > len(data) * 0.8


def _resident_bytes(pid: int) -> int:
    statm = Path(f"/proc/{pid}/statm")
    return int(statm.read_text().split()[1]) * 4096 if statm.exists() else 0


async def test_binary_data_after_a_text_is_no_text(pool: WorkerPool) -> None:
    with pytest.raises(UnsupportedFile, match="binary"):
        await events(pool, "a.log", b"text\n" * 20_000 + bytes(range(32)) * 10_000)


async def test_bytes_that_do_not_decode_are_counted(pool: WorkerPool) -> None:
    *_, warning = await events(pool, "a.txt", "Grüße aus Köln ".encode() * 100 + b"\xff\xff")
    assert isinstance(warning, Warning)
    assert warning.message.startswith("2 places")


@pytest.mark.parametrize(
    ("name", "data", "error", "words"),
    [
        ("a.txt", b"", EmptyFile, "zero"),
        ("a.txt", b"\x7fELF" + bytes(200), UnsupportedFile, "program"),
        (
            "a.mp4",
            b"\0\0\0\x18ftypisom\0\0\0\1isommp42",
            DamagedFile if extras.has("video") else UnsupportedFile,
            "video",
        ),
        ("a.png", png()[:40], DamagedFile, "damaged"),
        ("a.pdf", b"%PDF-1.7\nrubbish", DamagedFile, "PDF"),
        ("a.7z", b"7z\xbc\xaf\x27\x1c" + bytes(200), DamagedFile, "7z"),
        ("a.rar", b"Rar!\x1a\x07\1" + bytes(200), UnsupportedFile, "RAR"),
    ],
)
async def test_what_cannot_be_read_is_one_error(
    pool: WorkerPool, name: str, data: bytes, error: type[KimiFilesError], words: str
) -> None:
    with pytest.raises(error, match=words) as caught:
        await events(pool, name, data)
    assert "Traceback" not in str(caught.value)


async def test_pages_of_a_pdf_are_drawn(pool: WorkerPool) -> None:
    found = [json.loads(frame) for frame in await frames(pool, "pictures", pdf(3), name="a.pdf", pages=[3, 2])]
    assert [(frame["page"], frame["label"], frame["width"], frame["height"]) for frame in found] == [
        (3, "3", 1568, 781),
        (2, "2", 1568, 783),
    ]
    assert {frame["media_type"] for frame in found} == {"image/png"}
    (first,) = [json.loads(frame) for frame in await frames(pool, "pictures", pdf(3), name="a.pdf", pages=None)]
    assert first["note"] == "page 1 of 3"


@pytest.mark.parametrize(
    ("name", "data", "pages", "error"),
    [
        ("a.pdf", pdf(2), [3], InvalidPages),
        ("a.pdf", b"%PDF-1.7\nrubbish", [1], DamagedFile),
        ("a.png", png(), [2], InvalidPages),
        ("a.txt", b"text", None, UnsupportedFile),
    ],
)
async def test_what_cannot_be_drawn_is_one_error(
    pool: WorkerPool, name: str, data: bytes, pages: list[JsonValue] | None, error: type[KimiFilesError]
) -> None:
    with pytest.raises(error):
        await frames(pool, "pictures", data, name=name, pages=pages)


async def test_what_suits_a_purpose_is_said_in_words(pool: WorkerPool) -> None:
    assert await checked(pool, "a.png", "image", png()) == "PNG picture, 4 × 3 px"
    corrected = "PNG picture, 4 × 3 px; the name says JPEG picture, the content is PNG picture"
    assert await checked(pool, "a.jpg", "image", png()) == corrected
    line = {"custom_id": "1", "method": "POST", "url": "/v1/chat/completions"}
    body = {"model": "kimi-k3", "messages": [{"role": "user", "content": "x"}]}
    request = json.dumps({**line, "body": body}).encode()
    assert await checked(pool, "a.jsonl", "batch", request) == "1 request for kimi-k3"
    whole = b"\0\0\0\x10ftypisom\0\0\0\1" + b"\0\0\0\x08moov"
    assert await checked(pool, "a.mp4", "video", whole) == "MP4 video"


def _archive() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.txt", "text")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "purpose", "data", "error", "words"),
    [
        ("a.png", "image", pdf(1), InvalidImage, "its content is PDF"),
        ("a.png", "image", b"\x7fELF" + bytes(200), InvalidImage, "program"),
        ("a.png", "image", png()[:45], InvalidImage, "damaged"),
        ("a.svg", "image", b"<svg><g>", InvalidImage, "damaged SVG"),
        ("a.png", "image", BOMB, TooComplex, "pixels"),
        ("a.mp4", "video", png(), InvalidVideo, "its content is PNG"),
        ("a.mp4", "video", _archive(), InvalidVideo, "ZIP"),
        ("a.mp4", "video", b"\0\0\0\x10ftypisom\0\0\0\1", InvalidVideo, "no index"),
        ("a.jsonl", "batch", b"x", InvalidBatchFile, "line 1 is not JSON"),
        ("a.png", "image", b"", EmptyFile, "zero"),
        ("a.mp4", "video", b"", EmptyFile, "zero"),
        ("a.jsonl", "batch", b"", EmptyFile, "zero"),
    ],
)
async def test_what_does_not_suit_a_purpose_is_one_error(
    pool: WorkerPool, name: str, purpose: str, data: bytes, error: type[KimiFilesError], words: str
) -> None:
    with pytest.raises(error, match=words):
        await checked(pool, name, purpose, data)


async def test_an_error_of_a_file_does_not_cost_the_worker(pool: WorkerPool) -> None:
    await events(pool, "a.txt", b"text")
    (before,) = pool._idle
    with pytest.raises(EmptyFile):
        await events(pool, "a.txt", b"")
    assert pool._idle == [before]
