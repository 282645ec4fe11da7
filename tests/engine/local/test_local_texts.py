"""A text is read once, kept as the reader gave it, and never cut short unseen."""

from __future__ import annotations

import math
import os
import sqlite3
import tempfile
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from stores import CountingPool, content, create, left_over, opened, written

from kimi_files.access import OpenFile
from kimi_files.content import Content
from kimi_files.errors import FileChanged, FileTooLarge, InvalidArguments, KimiFilesError, ReaderDied, StoreDamaged
from kimi_files.extract.checked import document_event
from kimi_files.extract.document import PIECE_CHARACTERS, Advance, OutlineEntry, PageText, Start, Warning  # noqa: A004
from kimi_files.local.catalogue import Catalogue, ContentKey
from kimi_files.local.service import Limits, LocalFilesService
from kimi_files.local.writing import ContentWriter
from kimi_files.progress import no_progress
from kimi_files.tokens import estimate_tokens

KEY = ContentKey("0" * 64, ".pdf", 1)


async def test_a_second_read_parses_nothing(tmp_path: Path, service: LocalFilesService, pool: CountingPool) -> None:
    path = written(tmp_path / "note.txt", "one\ntwo\n")
    first = await content(service, path)
    assert await content(service, path) == first
    assert pool.jobs == ["extract"]
    assert (first.name, first.file_id, first.bytes, first.format) == ("note.txt", None, 8, "text")


async def test_a_path_makes_no_file_and_no_blob(tmp_path: Path, service: LocalFilesService) -> None:
    await content(service, written(tmp_path / "note.txt", "one"))
    assert (await service.list()).data == []
    assert left_over(tmp_path / "store") == []


async def test_an_upload_uses_the_text_that_a_path_read_and_the_other_way_round(
    tmp_path: Path, service: LocalFilesService, pool: CountingPool
) -> None:
    path = written(tmp_path / "note.txt", "one")
    await content(service, path)
    made = await create(service, path)
    read = await service.content(made.id)
    assert (read.name, read.file_id) == ("note.txt", made.id)
    assert pool.jobs.count("extract") == 1


async def test_an_unchanged_file_is_not_hashed_again(
    tmp_path: Path, service: LocalFilesService, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path / "note.txt", "one")
    os.utime(path, (1_700_000_000, 1_700_000_000))
    monkeypatch.setattr("kimi_files.local.service._SETTLED_NANOSECONDS", -1)  # the change of time itself is recent
    await content(service, path)
    async with opened(path) as file:
        hashed: list[Any] = []
        monkeypatch.setattr(file, "sha256", hashed.append)
        assert await (await service.content(file)).text(1) == "one"
        assert hashed == []


async def test_a_file_changed_just_before_it_was_hashed_is_hashed_again(
    tmp_path: Path, service: LocalFilesService
) -> None:
    path = written(tmp_path / "note.txt", "one")
    assert await (await content(service, path)).text(1) == "one"
    status = path.stat()
    path.write_text("two")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert await (await content(service, path)).text(1) == "two"


async def test_a_file_that_grows_while_its_text_is_read_leaves_no_text(
    tmp_path: Path, service: LocalFilesService
) -> None:
    path = written(tmp_path / "growing.log", "line\n" * 1000)
    async with opened(path) as file:
        await file.sha256()

        async def grow(done: float, total: float | None, message: str) -> None:
            with path.open("a") as more:
                more.write("more\n")

        with pytest.raises(FileChanged):
            await service.content(file, grow)
    assert (await service.health()).contents == 0
    assert (await content(service, path)).pages[0].characters == path.stat().st_size


async def test_a_path_to_a_file_over_the_limit_is_refused(tmp_path: Path, service: LocalFilesService) -> None:
    path = tmp_path / "sparse.log"
    with path.open("wb") as sparse:
        sparse.truncate(101 << 20)
    with pytest.raises(FileTooLarge):
        await content(service, path)


async def test_many_at_once_read_a_text_once(tmp_path: Path, service: LocalFilesService, pool: CountingPool) -> None:
    path = written(tmp_path / "note.txt", "one\n" * 10_000)
    texts: list[str] = []

    async def read() -> None:
        texts.append(await (await content(service, path)).text(1))

    async with anyio.create_task_group() as tasks:
        for _ in range(8):
            tasks.start_soon(read)
    assert texts == ["one\n" * 10_000] * 8
    assert pool.jobs == ["extract"]


async def test_a_cancelled_read_leaves_nothing(tmp_path: Path, service: LocalFilesService) -> None:
    path = written(tmp_path / "long.log", "a line of a log\n" * 400_000)
    async with opened(path) as file:
        with anyio.CancelScope() as scope:

            async def cancel(done: float, total: float | None, message: str) -> None:
                scope.cancel()

            await service.content(file, cancel)
        assert scope.cancelled_caught
        assert (await service.health()).contents == 0
        assert left_over(tmp_path / "store") == []
        assert (await service.content(file)).pages[0].lines == 400_000


async def test_texts_of_paths_go_least_recently_used_first_and_those_of_files_stay(
    tmp_path: Path, pool: CountingPool
) -> None:
    service = LocalFilesService(tmp_path / "store", pool, Limits(cache_bytes=3_500))
    kept = await create(service, written(tmp_path / "kept.txt", "k" * 5_000))
    paths = [written(tmp_path / f"{name}.txt", name * 1_000) for name in "abcd"]
    for path in paths:
        await content(service, path)
    assert (await service.health()).text_bytes == 9_000  # over the budget, but in use
    with closing(sqlite3.connect(tmp_path / "store" / "catalogue.sqlite3")) as connection, connection:
        connection.execute(
            "UPDATE contents SET used_at = id - (SELECT min(id) FROM contents)"
        )  # long ago, in this order
    await content(service, paths[0])
    await content(service, written(tmp_path / "e.txt", "e" * 1_000))
    assert (await service.health()).text_bytes == 8_000
    pool.jobs.clear()
    for path in (paths[0], paths[3]):
        await content(service, path)
    await service.content(kept.id)
    assert pool.jobs == []
    await content(service, paths[1])
    assert pool.jobs == ["extract"]
    await service.aclose()


async def test_a_text_that_goes_while_it_is_read_is_an_error_and_never_an_early_end(
    tmp_path: Path, service: LocalFilesService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kimi_files.local.service._INDEXED_AT_UPLOAD_CHARACTERS", 0)
    made = await create(service, written(tmp_path / "long.log", "a line of a log\n" * 100_000))
    read = await service.content(made.id)
    pieces = read.pieces(1)
    await anext(pieces)
    await service.delete(made.id)
    with pytest.raises(StoreDamaged, match="Call again"):
        async for _ in pieces:
            pass
    with pytest.raises(StoreDamaged):
        await read.text(1)


async def stored(catalogue: Catalogue, events: list[Any], key: ContentKey = KEY) -> Content:
    writer = ContentWriter(catalogue, key, 1, no_progress)
    for event in events:
        await writer.add(event.to_json())
    assert await catalogue.find_content(key) is None
    content = await writer.finish()
    assert await catalogue.load_content(content.id) == content
    return content


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    return Catalogue(tmp_path / "catalogue.sqlite3", tmp_path / "catalogue.lock", lambda connection: None)


async def test_everything_that_a_reader_says_is_kept(catalogue: Catalogue) -> None:
    read = await stored(
        catalogue,
        [
            Start(format="PDF", correction="the name says PNG picture, the content is PDF"),
            OutlineEntry(title="Early", level=1, page=1),
            PageText(number=1, label="i", kind="page", title="Cover", text="# One\nt", plain="One\r\n"),
            PageText(number=1, label="i", kind="page", title="Cover", text="wo\n", plain="two"),
            Advance(done=1, total=2, message="half"),
            PageText(number=2, label="2", kind="page", text="", plain="", without_text=True),
            Warning(message="one font is damaged"),
            PageText(number=3, label="3", kind="page", text="end", plain=None, hidden=True),
            OutlineEntry(title="Late", level=2, page=3),
        ],
    )
    assert (read.format, read.correction) == ("PDF", "the name says PNG picture, the content is PDF")
    one, two, three = read.pages
    assert (one.label, one.title, one.characters, one.lines, one.without_text) == ("i", "Cover", 10, 2, False)
    assert (two.characters, two.lines, two.tokens, two.without_text) == (0, 0, 0, True)
    assert (three.label, three.title, three.lines, three.hidden) == ("3", None, 1, True)
    assert [entry.title for entry in read.outline] == ["Early", "Late"]
    assert read.warnings == ("one font is damaged",)
    assert await read.text(1) == "# One\ntwo\n"
    assert await read.text(1, layer="plain") == "One\r\ntwo"
    assert await read.text(2) == await read.text(2, layer="plain") == ""
    assert await read.text(3, layer="plain") == "end"
    await catalogue.aclose()


async def test_a_page_that_is_said_to_have_no_tokens_has_some_all_the_same(catalogue: Catalogue) -> None:
    read = await stored(
        catalogue,
        [Start(format="text"), PageText(number=1, label="1", kind="text", text="word " * 12_800, tokens=0)],
    )
    assert read.tokens == 1_000
    await catalogue.aclose()


@pytest.mark.parametrize(
    "frames",
    [
        [],
        [b"not json"],
        [b'{"event":"page","number":1,"label":"1","kind":"page","text":"before the start"}'],
        [b'{"event":"start","format":"PDF"}', b'{"event":"start","format":"PDF"}'],
        [b'{"event":"start","format":"PDF"}', b'{"event":"page","number":2,"label":"1","kind":"page","text":""}'],
        [b'{"event":"start","format":"PDF"}', b'{"event":"page","number":1,"label":"","kind":"song","text":""}'],
        [b'{"event":"start","format":"PDF"}', b'{"event":"warning","message":"\\ud800"}'],
        [
            b'{"event":"start","format":"PDF"}',
            b'{"event":"page","number":1,"label":"1","kind":"page","text":"a"}',
            b'{"event":"page","number":1,"label":"1","kind":"page","text":"b","plain":"late"}',
        ],
    ],
)
async def test_what_no_reader_may_send_is_refused(catalogue: Catalogue, frames: list[bytes]) -> None:
    writer = ContentWriter(catalogue, KEY, 1, no_progress)

    async def write() -> None:
        for frame in frames:
            await writer.add(frame)
        await writer.finish()

    with pytest.raises(ReaderDied):
        await write()
    assert await catalogue.find_content(KEY) is None
    await catalogue.aclose()


PAGE = {"event": "page", "number": 1, "label": "l" * 200, "kind": "page", "text": "x" * PIECE_CHARACTERS}
PAGE |= {"title": "t" * 300, "plain": "y" * PIECE_CHARACTERS, "tokens": 0}
ENTRY = {"event": "outline", "title": "t" * 300, "level": 9, "page": 1}
WARNING = {"event": "warning", "message": "w" * 500}
ADVANCE = {"event": "advance", "done": 1, "total": None, "message": "a" * 200}


@pytest.mark.parametrize("event", [PAGE, ENTRY, WARNING, ADVANCE], ids=lambda event: event["event"])
def test_what_is_just_within_its_limits_may_be_sent(event: dict[str, object]) -> None:
    assert vars(document_event.validate_python(event)).items() >= event.items()


@pytest.mark.parametrize(
    ("event", "change"),
    [
        (PAGE, {"number": 0}),
        (PAGE, {"label": "l" * 201}),
        (PAGE, {"title": "t" * 301}),
        (PAGE, {"text": "x" * (PIECE_CHARACTERS + 1)}),
        (PAGE, {"plain": "y" * (PIECE_CHARACTERS + 1)}),
        (PAGE, {"tokens": -1}),
        (PAGE, {"tokens": math.inf}),
        (PAGE, {"ocr": "soon"}),
        (PAGE, {"other": 1}),
        (ENTRY, {"title": "t" * 301}),
        (ENTRY, {"level": 0}),
        (ENTRY, {"level": 10}),
        (ENTRY, {"page": 0}),
        (WARNING, {"message": "w" * 501}),
        (ADVANCE, {"message": "a" * 201}),
        (ADVANCE, {"event": "song"}),
    ],
)
def test_what_is_beyond_a_limit_is_no_event(event: dict[str, object], change: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        document_event.validate_python(event | change)


LINES = st.lists(st.sampled_from(["", "a", "日本", "\r", "\x00", "😀", "word " * 9, "\u2028"]), max_size=30)


@settings(max_examples=60)
@given(lines=LINES, cuts=st.lists(st.integers(1, 40), max_size=8), data=st.data())
async def test_any_part_and_any_line_of_a_page_is_what_the_reader_said(
    lines: list[str], cuts: list[int], data: st.DataObject
) -> None:
    text = "\n".join(lines)
    parts, rest = [], text
    for cut in cuts:
        parts.append(rest[:cut])
        rest = rest[cut:]
    parts.append(rest)
    events = [PageText(number=1, label="1", kind="text", text=part) for part in parts]
    with tempfile.TemporaryDirectory() as folder:
        catalogue = Catalogue(Path(folder, "catalogue.sqlite3"), Path(folder, "lock"), lambda connection: None)
        read = await stored(catalogue, [Start(format="text"), *events])
        assert await read.text(1) == text
        page = read.pages[0]
        assert page.characters == len(text)
        assert page.lines == text.count("\n") + (text != "" and not text.endswith("\n"))
        assert [piece async for piece in read.pieces(1)] == [
            piece async for piece in catalogue.pieces(read.id, 1, "plain", 0, None)
        ]
        start = data.draw(st.integers(0, len(text) + 3))
        end = data.draw(st.none() | st.integers(0, len(text) + 3))
        assert await read.text(1, start, end) == text[start:end]
        async for piece in read.pieces(1):
            assert piece.line == text[: piece.start].count("\n") + 1
        for number, line in enumerate(lines, 1):
            offset = await read.line_offset(1, number)
            assert text[offset : offset + len(line)] == line
            assert text[:offset].count("\n") == number - 1
        assert await read.line_offset(1, len(lines) + 1) == len(text)
        await catalogue.aclose()


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    unit=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\ufeff"), min_size=1, max_size=60),
    times=st.sampled_from([1, 300, 3_000]),
)
async def test_a_text_file_comes_back_as_it_was_written(
    tmp_path: Path, service: LocalFilesService, unit: str, times: int
) -> None:
    text = "begin\n" + "".join(character if character.isprintable() else "\r\n" for character in unit) * times
    read = await content(service, written(tmp_path / "text.txt", text))
    assert await read.text(1) == text
    pieces = [piece async for piece in read.pieces(1)]
    assert "".join(piece.text for piece in pieces) == text
    assert max(len(piece.text) for piece in pieces) <= PIECE_CHARACTERS


async def test_the_tokens_of_a_long_page_are_close_to_those_of_all_its_pieces(
    tmp_path: Path, service: LocalFilesService
) -> None:
    text = "".join(f"2026-01-02 12:33:{n % 60:02} INFO worker[{n}] request finished in {n}ms\n" for n in range(60_000))
    read = await content(service, written(tmp_path / "long.log", text))
    assert read.tokens == pytest.approx(estimate_tokens(text), rel=0.03)
    assert read.pages[0].lines == 60_000
    assert await read.line_offset(1, 59_999) == text.rindex("2026", 0, text.rindex("2026"))


async def test_an_error_of_the_reader_is_that_error(tmp_path: Path, service: LocalFilesService) -> None:
    path = tmp_path / "program.txt"
    path.write_bytes(b"\x7fELF" + os.urandom(5000))
    with pytest.raises(KimiFilesError, match="program"):
        await content(service, path)
    assert left_over(tmp_path / "store") == []


async def test_files_in_an_archive_are_texts_of_their_own(
    tmp_path: Path, service: LocalFilesService, pool: CountingPool
) -> None:
    path = tmp_path / "papers.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", "first")
        archive.writestr("in/a.txt", "second")
    texts = []
    for member in ("a.txt", "in/a.txt", "a.txt"):
        async with OpenFile(os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0)), path, str(path), member) as file:
            found = await service.content(file)
            texts.append((found.name, await found.text(1)))
            with pytest.raises(InvalidArguments, match="in an archive"):
                await service.create(file, "file-extract")
    assert texts == [("a.txt", "first"), ("a.txt", "second"), ("a.txt", "first")]
    assert pool.jobs == ["extract", "extract"]
    assert "2 files" in await (await content(service, path)).text(1)
