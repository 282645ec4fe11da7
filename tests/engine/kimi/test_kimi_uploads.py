"""Every content is in the account exactly once, whatever happens to the requests."""

from __future__ import annotations

import hashlib
import sqlite3
import sys
from pathlib import Path

import anyio
import pytest

from kimi_files.errors import FileChanged, FileNotFound, QuotaExceeded
from kimi_files.kimi.errors import (
    BalanceExhausted,
    ExtractionFailed,
    OutcomeUnknown,
    RateLimited,
    ServiceFault,
    ServiceUnreachable,
)
from kimi_files.kimi.marker import marked
from kimi_files.kimi.patience import RetryPolicy
from kimi_files.kimi.service import KimiFilesService
from kimi_files.kimi.uploads import AccountLimits
from kimi_files.local.service import Limits
from tests.engine.kimi.faulty_proxy import AFTER, BEFORE, Fault, Plan, at_random, one_after_another, scripted
from tests.engine.kimi.peer import KEY
from tests.engine.kimi.world import World, create, opened, world


async def test_an_upload_gives_the_contracts_record_under_the_users_name(tmp_path: Path) -> None:
    async with world(tmp_path) as at:
        path = at.file("年度报告.txt")
        record = await create(at.start(), path)
        assert (record.object, record.filename, record.purpose) == ("file", "年度报告.txt", "file-extract")
        assert (record.status, record.bytes) == ("ready", path.stat().st_size)
        (stored,) = await at.peer.files()
        assert stored.id == record.id
        assert stored.filename.startswith("年度报告.kf-")
        assert stored.filename.endswith(".txt")


async def test_the_service_gets_the_bytes_as_they_are(tmp_path: Path) -> None:
    async with world(tmp_path) as at:
        path = at.folder / "blob.bin.txt"
        path.write_bytes(bytes(range(1, 256)) * 20_000 + b"\r\n--boundary--\r\n")
        record = await create(at.start(), path)
        stored = b"".join([chunk async for chunk in at.peer.service.raw(record.id)])
        assert stored == path.read_bytes()


@pytest.mark.parametrize("fault", [*BEFORE, *AFTER, Fault.LATE], ids=lambda fault: fault.name)
async def test_whatever_happens_to_the_request_the_file_is_there_once(tmp_path: Path, fault: Fault) -> None:
    async with world(tmp_path) as at:
        at.proxy.plan = scripted("POST", "/files", fault)
        kimi = at.start()
        record = await create(kimi, at.file())
        assert at.proxy.done[fault.name] == 1
        await kimi.list()
        assert [file.id for file in await at.peer.files()] == [record.id]


async def test_uploads_through_a_service_that_fails_half_of_the_time_lose_and_double_nothing(tmp_path: Path) -> None:
    async with world(tmp_path) as at:
        at.proxy.plan = at_random(0.5, seed=11)
        first, second = at.start(), at.start()
        paths = [at.file(f"{number}.txt", f"file {number}\n") for number in range(40)]
        ids: dict[str, set[str]] = {path.name: set() for path in paths}

        async def upload(kimi: KimiFilesService, order: list[Path]) -> None:
            for path in order:
                ids[path.name].add(await _until_it_works(kimi, path))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(upload, first, paths)
            tasks.start_soon(upload, second, paths[::-1])
        at.proxy.plan = scripted("GET", "/files")
        listed = await first.list(limit=1_000)
        there = await at.peer.files()
        assert sorted(file.filename for file in listed.data) == sorted(path.name for path in paths)
        assert {file.id for file in listed.data} == {file.id for file in there}
        assert all(
            of_name == {file.id for file in listed.data if file.filename == name} for name, of_name in ids.items()
        )


async def _until_it_works(kimi: KimiFilesService, path: Path) -> str:
    """What an agent does: call again. Only errors that say so are called again for."""
    while True:
        try:
            return (await create(kimi, path)).id
        except (OutcomeUnknown, ServiceFault, ServiceUnreachable, RateLimited):
            continue


async def test_the_same_bytes_name_and_purpose_are_sent_once(tmp_path: Path) -> None:
    async with world(tmp_path) as at:
        kimi = at.start()
        first = await create(kimi, at.file())
        again = await create(kimi, at.file())
        other = await create(kimi, at.file("b.txt"))
        assert again == first
        assert other.id != first.id
        assert at.uploads() == 2


async def test_two_servers_that_get_the_same_file_at_once_send_it_once(tmp_path: Path) -> None:
    async with world(tmp_path) as at:
        services = [at.start(), at.start()]
        path = at.file()
        ids: list[str] = []

        async def upload(kimi: KimiFilesService) -> None:
            ids.append((await create(kimi, path)).id)

        async with anyio.create_task_group() as tasks:
            for kimi in services * 3:
                tasks.start_soon(upload, kimi)
        assert len(set(ids)) == 1
        assert at.uploads() == 1


async def test_a_server_with_another_data_folder_finds_what_is_in_the_account(tmp_path: Path) -> None:
    async with world(tmp_path) as at:
        first = await create(at.start("one"), at.file())
        second = await create(at.start("two"), at.file())
        assert second.id == first.id
        assert at.uploads() == 1


async def test_a_lost_catalogue_does_not_send_anything_twice(tmp_path: Path) -> None:
    async with world(tmp_path) as at:
        kimi = at.start()
        first = await create(kimi, at.file())
        await kimi.aclose()
        (at.folder / "data" / "catalogue.sqlite3").write_bytes(b"not a database at all, but long enough to look" * 40)
        again = await create(at.start(), at.file())
        assert again.id == first.id
        assert at.uploads() == 1


async def test_a_cancelled_upload_is_looked_for_before_it_is_sent_again(tmp_path: Path) -> None:
    async with world(tmp_path) as at:
        kimi = at.start()
        at.proxy.plan = scripted("POST", "/files", Fault.SILENCE)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(create, kimi, at.file())
            await at.proxy.silent.wait()
            tasks.cancel_scope.cancel()
        record = await create(kimi, at.file())
        assert [file.id for file in await at.peer.files()] == [record.id]
        assert at.uploads() == 1


async def test_a_process_killed_in_the_middle_of_an_upload_is_taken_up_by_the_next(tmp_path: Path) -> None:
    async with world(tmp_path) as at:
        at.proxy.plan = scripted("POST", "/files", Fault.SILENCE)
        folder = at.file().parent
        line = ["-m", "bench.kimi", "--upload-all", at.proxy.base_url, str(folder), str(at.folder / "data"), "1"]
        async with await anyio.open_process([sys.executable, *line, "--key", KEY]) as process:
            assert process.stdin
            await process.stdin.send(b"[]\n")
            await at.proxy.silent.wait()
            process.kill()
        assert _rows(at) == [("a.txt", "sending")]
        record = await create(at.start(), at.file())
        assert [file.id for file in await at.peer.files()] == [record.id]
        assert at.uploads() == 1


async def test_a_look_that_fails_proves_nothing(tmp_path: Path) -> None:
    policy = RetryPolicy(deadline=20)
    async with world(tmp_path) as at:
        kimi = at.start(policy=policy)
        await kimi.list()

        def lists_fail(method: str, path: str) -> Fault | None:
            return Fault.HTML_504 if method == "GET" and path.endswith("/files") else None

        at.proxy.plan = one_after_another(scripted("POST", "/files", Fault.LOST_REPLY), lists_fail)
        with pytest.raises(OutcomeUnknown, match="not known yet"):
            await create(kimi, at.file())
        with pytest.raises(OutcomeUnknown):
            await create(kimi, at.file())
        assert at.uploads() == 1
        at.proxy.plan = scripted("POST", "/files")
        record = await create(kimi, at.file())
        assert at.uploads() == 1
        assert [file.id for file in await at.peer.files()] == [record.id]


async def test_an_incomplete_list_proves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with world(tmp_path) as at:
        kimi = at.start()
        await kimi.list()
        whole = kimi._client.files

        async def without_an_end(*arguments: object) -> object:
            from dataclasses import replace

            return replace(await whole(), files=(), complete=False)

        at.proxy.plan = scripted("POST", "/files", Fault.LOST_REPLY)
        monkeypatch.setattr(kimi._client, "files", without_an_end)
        with pytest.raises(OutcomeUnknown, match="not complete"):
            await create(kimi, at.file())
        monkeypatch.undo()
        await create(kimi, at.file())
        assert at.uploads() == 1


async def test_a_file_of_another_program_with_the_same_name_and_size_is_not_taken_for_ours(tmp_path: Path) -> None:
    async with world(tmp_path) as at:
        path = at.file("a.txt", "our own text\n")
        foreign = await create(at.peer.service, at.folder_file("a.txt", "not our text\n"))
        at.proxy.plan = scripted("POST", "/files", Fault.DROP_BEFORE)
        record = await create(at.start(), path)
        assert record.id != foreign.id
        assert at.proxy.seen["GET /v1/files/ID/content"] == 1
        assert {file.id for file in await at.peer.files()} == {record.id, foreign.id}


async def test_the_content_decides_where_the_mark_did_not_survive(tmp_path: Path) -> None:
    async with world(tmp_path) as at:
        path = at.file("a.txt", "our own text\n")
        unmarked = await create(at.peer.service, path)
        at.proxy.plan = scripted("POST", "/files", Fault.DROP_BEFORE)
        record = await create(at.start(), path)
        assert record.id == unmarked.id
        assert at.uploads() == 1


async def test_a_content_that_cannot_be_compared_right_now_proves_nothing(tmp_path: Path) -> None:
    async with world(tmp_path) as at:
        path = at.file("a.txt", "our own text\n")
        await create(at.peer.service, path)

        def contents_fail(method: str, at_path: str) -> Fault | None:
            return Fault.HTML_504 if at_path.endswith("/content") else None

        at.proxy.plan = one_after_another(scripted("POST", "/files", Fault.DROP_BEFORE), contents_fail)
        with pytest.raises(OutcomeUnknown):
            await create(at.start(policy=RetryPolicy(deadline=20)), path)
        assert at.uploads() == 1


async def test_the_mark_of_another_upload_is_proof_of_the_content_but_its_file_is_never_removed(tmp_path: Path) -> None:
    async with world(tmp_path) as at:
        text = "The replacement shaft cost 48,300.00 euros.\n"
        sha256 = hashlib.sha256(text.encode()).hexdigest()
        foreign = await create(at.peer.service, at.folder_file(marked("a.txt", sha256, "0badcafe"), text))
        kimi = at.start(limits=AccountLimits(files=2))
        async with opened(at.file("a.txt", text)) as file:
            await kimi.content(file)
        assert at.uploads() == 0
        await create(kimi, at.file("b.txt", "another"))
        assert foreign.id in {file.id for file in await at.peer.files()}


async def test_a_copy_that_arrives_after_the_second_request_is_removed(tmp_path: Path) -> None:
    async with world(tmp_path) as at:
        policy = RetryPolicy(settle=(0.0,))
        kimi = at.start(policy=policy)
        await kimi.list()
        at.proxy.plan = scripted("POST", "/files", Fault.LATE)
        record = await create(kimi, at.file())
        while at.peer.service.created < 2:
            await anyio.sleep(0)
        await kimi.list()
        assert [file.id for file in await at.peer.files()] == [record.id]


async def test_a_file_deleted_elsewhere_is_sent_again_when_it_is_named_by_path(tmp_path: Path) -> None:
    async with world(tmp_path) as at:
        kimi = at.start()
        first = await create(kimi, at.file())
        await at.peer.service.delete(first.id)
        with pytest.raises(FileNotFound):
            await kimi.retrieve(first.id)
        second = await create(kimi, at.file())
        assert second.id != first.id
        await at.peer.service.delete(second.id)
        third = await create(kimi, at.file())  # without anybody having noticed
        assert [file.id for file in await at.peer.files()] == [third.id]


async def test_a_file_that_changes_while_it_is_sent_is_not_stored(tmp_path: Path) -> None:
    async with world(tmp_path) as at:
        kimi = at.start()
        path = at.file("log.txt", "x" * 3_000_000)

        async def grow(done: float, total: float | None, message: str) -> None:
            if done and message.startswith("uploading"):
                with path.open("a") as log:
                    log.write("more")

        async with opened(path) as file:
            with pytest.raises(FileChanged):
                await kimi.create(file, "file-extract", grow)
        assert await at.peer.files() == []
        record = await create(kimi, path)
        assert [file.id for file in await at.peer.files()] == [record.id]


@pytest.mark.parametrize(
    ("fault", "least", "most"),
    [(Fault.RATE_LIMIT, 0.05, 0.2), (Fault.OVERLOADED, 0.0, 0.1), (Fault.ERROR_500, 1, 1.25)],
)
async def test_it_waits_as_long_as_the_service_says_and_no_more(
    tmp_path: Path, fault: Fault, least: float, most: float
) -> None:
    async with world(tmp_path) as at:
        at.proxy.plan = scripted("POST", "/files", fault)
        await create(at.start(), at.file())
        waits = [wait for wait in at.clock.waits if wait]
        assert waits
        assert least <= waits[0] <= most


async def test_it_gives_up_at_the_deadline_with_the_services_reason(tmp_path: Path) -> None:
    async with world(tmp_path) as at:
        at.proxy.plan = _always(Fault.RATE_LIMIT)
        begun = at.clock.now
        with pytest.raises(RateLimited, match="max RPM"):
            await create(at.start(policy=RetryPolicy(deadline=30)), at.file())
        assert at.clock.now - begun <= 30
        assert at.proxy.done["RATE_LIMIT"] > 3


def _always(fault: Fault) -> Plan:
    return lambda method, path: fault


async def test_what_the_service_cannot_read_is_an_error_with_its_words(tmp_path: Path) -> None:
    async with world(tmp_path) as at:
        at.peer.service.refused = ["scan"]
        kimi = at.start()
        with pytest.raises(ExtractionFailed, match="没有解析出内容"):
            await create(kimi, at.file("scan.txt"))
        assert at.uploads() == 1
        assert _rows(at) == []


async def test_the_oldest_transient_files_make_room_and_kept_ones_stay(tmp_path: Path) -> None:
    async with world(tmp_path) as at:
        kimi = at.start(limits=AccountLimits(files=6))
        kept = await create(kimi, at.file("kept.txt", "kept"))
        for number in range(4):
            async with opened(at.file(f"read-{number}.txt", f"read {number}")) as file:
                await kimi.content(file)
            at.clock.now += 10
        assert "read-0.txt" in await at.peer.names()
        await create(kimi, at.file("new.txt", "new"))
        names = await at.peer.names()
        assert "kept.txt" in names
        assert "new.txt" in names
        assert "read-0.txt" not in names
        assert kept.id in {file.id for file in await at.peer.files()}


async def test_a_full_account_makes_room_once_more_when_the_service_says_so(tmp_path: Path) -> None:
    async with world(tmp_path, Limits(files=3)) as at:
        kimi = at.start()
        await create(kimi, at.file("kept.txt", "kept"))
        for name in ("old.txt", "newer.txt"):
            async with opened(at.file(name, name)) as file:
                await kimi.content(file)
        await create(kimi, at.file("new.txt", "new"))
        assert await at.peer.names() == ["kept.txt", "new.txt", "newer.txt"]


async def test_an_account_full_of_kept_files_is_not_asked_again_and_says_what_to_delete(tmp_path: Path) -> None:
    async with world(tmp_path, Limits(files=2)) as at:
        kimi = at.start()
        first = await create(kimi, at.file("first.txt", "1"))
        await create(kimi, at.file("second.txt", "2"))
        with pytest.raises(QuotaExceeded, match="max file count") as raised:
            await create(kimi, at.file("third.txt", "3"))
        assert at.uploads() == 3
        assert f"first.txt ({first.id}, " in str(raised.value)
        assert "--older-than" in str(raised.value)


async def test_an_empty_balance_is_not_asked_again(tmp_path: Path) -> None:
    async with world(tmp_path) as at:
        kimi = at.start()
        await kimi.list()
        at.proxy.plan = scripted("POST", "/files", Fault.NO_BALANCE)
        with pytest.raises(BalanceExhausted, match="suspended"):
            await create(kimi, at.file())
        assert at.uploads() == 1


async def test_a_kept_file_was_transient_before_without_being_sent_twice(tmp_path: Path) -> None:
    async with world(tmp_path) as at:
        kimi = at.start()
        async with opened(at.file()) as file:
            await kimi.content(file)
        (read,) = (await kimi.list()).data
        assert read.status_details == "only read; removed when room is needed"
        record = await create(kimi, at.file())
        assert record.id == read.id
        (kept,) = (await kimi.list()).data
        assert kept.status_details is None
        assert at.uploads() == 1


def _rows(at: World) -> list[tuple[object, ...]]:
    with sqlite3.connect(at.folder / "data" / "catalogue.sqlite3") as connection:
        return connection.execute("SELECT name, state FROM kimi_upload").fetchall()
