"""Files are kept whole, once, within the limits, and go without a trace."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stores import CountingPool, create, left_over, opened, written

from kimi_files.errors import (
    EmptyFile,
    FileChanged,
    FileNotFound,
    FileTooLarge,
    InvalidArguments,
    InvalidPurpose,
    KimiFilesError,
    QuotaExceeded,
    StoreDamaged,
    UnsupportedFile,
)
from kimi_files.local import catalogue as catalogue_module
from kimi_files.local import service as service_module
from kimi_files.local.ids import new_file_id
from kimi_files.local.service import Limits, LocalFilesService


async def test_a_kept_file_is_the_same_after_a_restart(
    tmp_path: Path, service: LocalFilesService, pool: CountingPool
) -> None:
    made = await create(service, written(tmp_path / "note.txt", "one\ntwo\n"))
    await service.aclose()
    again = LocalFilesService(tmp_path / "store", CountingPool())
    assert await again.retrieve(made.id) == made
    assert (await again.list()).data == [made]
    content = await again.content(made.id)
    assert await content.text(1) == "one\ntwo\n"
    assert b"".join([chunk async for chunk in again.raw(made.id)]) == b"one\ntwo\n"
    await again.aclose()


async def test_a_file_object_has_the_contract_s_fields(tmp_path: Path, service: LocalFilesService) -> None:
    made = await create(service, written(tmp_path / "note.txt", "one\ntwo\n"))
    assert made.id.startswith("file_")
    assert len(made.id) == 31
    assert (made.bytes, made.filename, made.purpose, made.status) == (8, "note.txt", "file-extract", "ready")
    assert made.status_details == "2 lines"


async def test_the_same_bytes_name_and_purpose_give_the_same_file(
    tmp_path: Path, service: LocalFilesService, pool: CountingPool
) -> None:
    path = written(tmp_path / "note.txt", "one")
    first = await create(service, path)
    jobs = list(pool.jobs)
    assert await create(service, path) == first
    assert pool.jobs == jobs
    other_name = await create(service, written(tmp_path / "copy.txt", "one"))
    assert other_name.id != first.id
    assert pool.jobs == jobs
    assert len(list((tmp_path / "store" / "blobs").rglob("??/*"))) == 1


async def test_bytes_go_when_the_last_file_that_has_them_goes(tmp_path: Path, service: LocalFilesService) -> None:
    first = await create(service, written(tmp_path / "a.txt", "one"))
    second = await create(service, written(tmp_path / "b.txt", "one"))
    assert (await service.delete(first.id)).deleted
    assert b"".join([chunk async for chunk in service.raw(second.id)]) == b"one"
    assert await (await service.content(second.id)).text(1) == "one"
    await service.delete(second.id)
    assert left_over(tmp_path / "store") == []
    health = await service.health()
    assert (health.files, health.bytes, health.contents, health.text_bytes, health.problem) == (0, 0, 0, 0, None)
    for call in (service.retrieve(second.id), service.delete(second.id), service.content(second.id)):
        with pytest.raises(FileNotFound):
            await call


async def test_an_unknown_id_is_not_found(service: LocalFilesService) -> None:
    with pytest.raises(FileNotFound, match="file_nowhere"):
        await service.retrieve("file_nowhere")
    with pytest.raises(FileNotFound):
        await service.list(after="file_nowhere")
    with pytest.raises(FileNotFound):
        async for _ in service.raw("file_nowhere"):
            pass


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes")
async def test_nobody_else_may_look_into_the_store(tmp_path: Path, service: LocalFilesService) -> None:
    assert not (tmp_path / "store").exists()
    await create(service, written(tmp_path / "note.txt", "one"))
    assert stat.S_IMODE((tmp_path / "store").stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in (tmp_path / "store" / "blobs").rglob("*")} == {0}


async def test_an_empty_file_and_one_too_large_are_refused_in_the_contract_s_words(
    tmp_path: Path, pool: CountingPool
) -> None:
    service = LocalFilesService(tmp_path / "store", pool, Limits(file_bytes=1 << 20))
    with pytest.raises(EmptyFile, match="File size is zero, please confirm and re-upload the file"):
        await create(service, written(tmp_path / "empty.txt", ""))
    with pytest.raises(FileTooLarge, match="File size is too large, max file size is 1MB"):
        await create(service, written(tmp_path / "large.txt", "x" * ((1 << 20) + 1)))
    assert not (tmp_path / "store").exists()
    await service.aclose()


async def test_a_sparse_file_over_the_limit_is_refused_without_being_read(
    tmp_path: Path, service: LocalFilesService
) -> None:
    path = tmp_path / "sparse.log"
    with path.open("wb") as sparse:
        sparse.truncate(200 << 20)
    with pytest.raises(FileTooLarge, match="max file size is 100MB, please confirm"):
        await create(service, path)
    assert not (tmp_path / "store").exists()


async def test_a_sparse_file_within_the_limit_leaves_nothing_when_it_is_refused(
    tmp_path: Path, service: LocalFilesService
) -> None:
    path = tmp_path / "sparse.txt"
    with path.open("wb") as sparse:
        sparse.truncate(20 << 20)
    with pytest.raises(UnsupportedFile):
        await create(service, path)
    assert left_over(tmp_path / "store") == []


async def test_the_number_of_files_and_their_bytes_are_limited(tmp_path: Path, pool: CountingPool) -> None:
    service = LocalFilesService(tmp_path / "store", pool, Limits(files=2, total_bytes=10))
    first = await create(service, written(tmp_path / "a.txt", "aaa"))
    with pytest.raises(QuotaExceeded, match="total size"):
        await create(service, written(tmp_path / "b.txt", "bbbbbbbb"))
    await create(service, written(tmp_path / "c.txt", "cc"))
    with pytest.raises(QuotaExceeded, match="exceeded the max file count 2, please delete previous uploaded files"):
        await create(service, written(tmp_path / "d.txt", "d"))
    assert await create(service, tmp_path / "a.txt") == first
    await service.delete(first.id)
    await create(service, tmp_path / "d.txt")
    assert [file.filename for file in (await service.list()).data] == ["d.txt", "c.txt"]
    assert len(list((tmp_path / "store" / "blobs").rglob("??/*"))) == 2
    await service.aclose()


async def test_a_file_that_grows_while_it_is_kept_is_refused_and_leaves_nothing(
    tmp_path: Path, service: LocalFilesService
) -> None:
    path = written(tmp_path / "growing.log", "line\n" * 10)
    async with opened(path) as file:
        with path.open("a") as more:
            more.write("one more\n")
        with pytest.raises(FileChanged):
            await service.create(file, "file-extract")
    assert left_over(tmp_path / "store") == []
    assert (await service.list()).data == []


async def test_a_file_that_cannot_be_read_leaves_nothing(tmp_path: Path, service: LocalFilesService) -> None:
    path = tmp_path / "program.txt"
    path.write_bytes(b"\x7fELF" + os.urandom(5000))
    with pytest.raises(UnsupportedFile):
        await create(service, path)
    assert left_over(tmp_path / "store") == []
    health = await service.health()
    assert (health.files, health.contents) == (0, 0)


async def test_a_picture_is_refused_for_text_with_the_remedy(tmp_path: Path, service: LocalFilesService) -> None:
    path = tmp_path / "photo.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    with pytest.raises(InvalidPurpose, match="purpose 'image'"):
        await create(service, path)


async def test_a_purpose_or_a_page_size_that_is_none_is_refused(tmp_path: Path, service: LocalFilesService) -> None:
    path = written(tmp_path / "note.txt", "one")
    with pytest.raises(InvalidPurpose, match="Invalid purpose"):
        await create(service, path, "fine-tune")  # type: ignore[arg-type]
    with pytest.raises(InvalidArguments):
        await service.list(limit=0)


async def test_a_damaged_blob_is_never_given_out_as_the_file(tmp_path: Path, service: LocalFilesService) -> None:
    made = await create(service, written(tmp_path / "note.txt", "one two three"))
    (blob,) = (tmp_path / "store" / "blobs").rglob("??/*")
    blob.write_bytes(b"one two thrEe")
    with pytest.raises(StoreDamaged, match="damaged"):
        async for _ in service.raw(made.id):
            pass
    with pytest.raises(StoreDamaged, match="damaged"):
        await service.pictures(made.id, [1])
    again = await create(service, written(tmp_path / "other.txt", "one two three"))
    assert b"".join([chunk async for chunk in service.raw(again.id)]) == b"one two three"
    assert b"".join([chunk async for chunk in service.raw(made.id)]) == b"one two three"


async def test_the_store_in_a_place_that_is_a_file_says_so(tmp_path: Path, pool: CountingPool) -> None:
    service = LocalFilesService(written(tmp_path / "store", "a file"), pool)
    with pytest.raises(StoreDamaged, match="--data-dir"):
        await service.list()
    below = LocalFilesService(tmp_path / "store" / "below", pool)
    with pytest.raises(StoreDamaged, match="--data-dir"):
        await below.list()
    assert "--data-dir" in str((await service.health()).problem)


async def test_looking_at_the_health_of_a_store_that_is_not_there_makes_none(
    tmp_path: Path, service: LocalFilesService
) -> None:
    assert not (await service.health()).exists
    assert not (tmp_path / "store").exists()


async def test_files_of_one_second_are_listed_newest_first(
    tmp_path: Path, service: LocalFilesService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_module.time, "time_ns", lambda: 1_795_334_400_123_000_000)
    names = [f"{number}.txt" for number in range(5)]
    for name in names:
        await create(service, written(tmp_path / name, name))
    assert [file.filename for file in (await service.list()).data] == names[::-1]
    assert [file.filename for file in (await service.list(order="asc")).data] == names
    assert {file.created_at for file in (await service.list()).data} == {1_795_334_400}


@pytest.fixture
async def several(tmp_path: Path, service: LocalFilesService) -> list[str]:
    ids = [(await create(service, written(tmp_path / f"{number}.txt", f"{number}"))).id for number in range(7)]
    batch = LocalFilesService(tmp_path / "store", CountingPool())
    await batch.aclose()
    return ids


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
async def test_paging_lists_every_file_once(
    several: list[str], service: LocalFilesService, data: st.DataObject
) -> None:
    limit = data.draw(st.integers(1, 9))
    order = data.draw(st.sampled_from(["asc", "desc"]))
    purpose = data.draw(st.sampled_from([None, "file-extract", "batch"]))
    seen: list[str] = []
    after = None
    while True:
        page = await service.list(purpose, after, limit, order)
        assert len(page.data) <= limit
        seen += [file.id for file in page.data]
        if not page.has_more:
            break
        after = seen[-1]
    expected = [] if purpose == "batch" else several if order == "asc" else several[::-1]
    assert seen == expected


@given(st.lists(st.integers(1_700_000_000_000, 1_900_000_000_000), min_size=2, max_size=20))
def test_ids_rise_even_when_the_clock_goes_back(times: list[int]) -> None:
    ids = [new_file_id(time) for time in times]
    assert ids == sorted(set(ids))
    assert all(set(file_id[5:]) <= set("0123456789abcdefghjkmnpqrstvwxyz") for file_id in ids)


async def test_every_error_of_the_store_is_of_the_tree(service: LocalFilesService) -> None:
    with pytest.raises(KimiFilesError) as caught:
        await service.delete("file_" + "x" * 500)
    assert len(str(caught.value)) < 300


async def test_a_deleted_file_gives_its_room_back_to_the_disk(
    tmp_path: Path, service: LocalFilesService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue_module, "_FREE_PAGES_KEPT", 16)
    monkeypatch.setattr(service_module, "_INDEXED_AT_UPLOAD_CHARACTERS", 0)
    made = await create(service, written(tmp_path / "long.log", "a line of a log\n" * 100_000))
    catalogue = tmp_path / "store" / "catalogue.sqlite3"
    before = catalogue.stat().st_size
    await service.delete(made.id)
    assert catalogue.stat().st_size < before / 4
    assert (await service.health()).problem is None
