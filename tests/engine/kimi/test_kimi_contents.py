"""Texts that the service extracted, paged and cached like local ones; what it cannot read is read on this machine."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from kimi_files.access import AccessPolicy, open_file
from kimi_files.content import Content
from kimi_files.errors import FileNotFound, InvalidArguments, QuotaExceeded, UnsupportedFile
from kimi_files.kimi.errors import ExtractionFailed, ServiceFault
from kimi_files.kimi.patience import RetryPolicy
from kimi_files.kimi.replies import RemoteFile
from kimi_files.kimi.service import KimiFilesService
from kimi_files.kimi.uploads import AccountLimits
from kimi_files.local.service import Limits
from tests.engine.kimi.faulty_proxy import Fault, scripted
from tests.engine.kimi.world import World, create, opened, world


async def content(kimi: KimiFilesService, path: Path) -> Content:
    async with opened(path) as file:
        return await kimi.content(file)


async def text(of: Content) -> str:
    return "".join([await of.text(page.number) for page in of.pages])


async def test_a_path_gives_the_text_that_the_service_extracted(tmp_path: Path) -> None:
    async with world(tmp_path) as at:
        found = await content(at.start(), at.file("notes.md", "# Shaft nine\n\nIt cost 48,300.00.\n"))
        assert await text(found) == "# Shaft nine\n\nIt cost 48,300.00.\n"
        assert (found.name, found.file_id, found.warnings) == ("notes.md", None, ())
        assert [page.lines for page in found.pages] == [3]


async def test_a_second_read_sends_nothing_even_by_another_server_or_under_another_name(tmp_path: Path) -> None:
    async with world(tmp_path) as at:
        await content(at.start(), at.file())
        sent = sum(at.proxy.seen.values())
        again = await content(at.start(), at.file("renamed.txt"))
        assert again.name == "renamed.txt"
        assert sum(at.proxy.seen.values()) == sent


async def test_an_id_gives_the_text_under_the_users_name(tmp_path: Path) -> None:
    async with world(tmp_path) as at:
        kimi = at.start()
        record = await create(kimi, at.file("年度.txt", "净利润为 48,300 元\n"))
        found = await kimi.content(record.id)
        assert (found.name, found.file_id, await text(found)) == ("年度.txt", record.id, "净利润为 48,300 元\n")


async def test_a_file_of_another_program_is_read_by_its_id(tmp_path: Path) -> None:
    async with world(tmp_path) as at:
        record = await create(at.peer.service, at.folder_file("other.txt", "from elsewhere\n"))
        assert await text(await at.start().content(record.id)) == "from elsewhere\n"


async def test_an_id_that_is_gone_is_an_error_and_so_is_one_that_never_was(tmp_path: Path) -> None:
    async with world(tmp_path) as at:
        kimi = at.start()
        record = await create(kimi, at.file())
        await kimi.delete(record.id)
        for file_id in (record.id, "file_00000000000000000000000000", "co3t989kqq4ua4e78urg", "../files"):
            with pytest.raises(FileNotFound, match="List the files"):
                await kimi.content(file_id)
        with pytest.raises(FileNotFound):
            await kimi.delete(record.id)


async def test_a_file_deleted_between_upload_and_reading_is_sent_again(tmp_path: Path) -> None:
    async with world(tmp_path) as at:
        kimi = at.start()
        at.proxy.plan = scripted("GET", "/content", Fault.HTML_504, Fault.HTML_504)
        path = at.file()
        waits = at.clock.sleep

        async def delete_meanwhile(seconds: float) -> None:
            for file in await at.peer.files():
                await at.peer.service.delete(file.id)
            await waits(seconds)

        at.clock.sleep = delete_meanwhile  # type: ignore[method-assign]
        assert await text(await content(kimi, path)) == path.read_text()
        assert at.uploads() == 2


@pytest.mark.parametrize(
    "fault", [Fault.TRUNCATED_JSON, Fault.WRONG_TYPE, Fault.CUT_REPLY, Fault.HTML_504, Fault.DROP_BEFORE]
)
async def test_a_text_is_never_taken_from_a_broken_answer(tmp_path: Path, fault: Fault) -> None:
    async with world(tmp_path) as at:
        at.proxy.plan = scripted("GET", "/content", fault, fault)
        path = at.file("long.txt", "The replacement shaft cost 48,300.00 euros.\n" * 500)
        assert await text(await content(at.start(), path)) == path.read_text()
        assert at.proxy.done[fault.name] == 2


async def test_an_answer_that_stays_broken_is_an_error_and_leaves_nothing_in_the_cache(tmp_path: Path) -> None:
    async with world(tmp_path) as at:
        kimi = at.start(policy=RetryPolicy(deadline=20))
        path = at.file()
        at.proxy.plan = lambda method, where: Fault.TRUNCATED_JSON if where.endswith("/content") else None
        with pytest.raises(ServiceFault):
            await content(kimi, path)
        at.proxy.plan = scripted("GET", "/content")
        assert await text(await content(kimi, path)) == path.read_text()
        assert at.uploads() == 1


async def test_what_kimi_cannot_read_is_read_here_and_says_so_and_is_not_sent_again(tmp_path: Path) -> None:
    async with world(tmp_path) as at:
        at.peer.service.refused = ["scan"]
        kimi = at.start()
        for _ in range(2):
            found = await content(kimi, at.file("scan.txt"))
            assert await text(found) == "The replacement shaft cost 48,300.00 euros.\n"
            assert found.warnings[0].startswith("read on this machine: Kimi could not extract a text")
            assert "没有解析出内容" in found.warnings[0]
        assert at.uploads() == 1


async def test_what_neither_can_read_is_an_error_with_both_reasons(tmp_path: Path) -> None:
    async with world(tmp_path) as at:
        at.peer.service.refused = ["music"]
        path = at.file("music.txt")
        path.write_bytes(b"ID3\x04" + bytes(range(256)) * 10)
        with pytest.raises(UnsupportedFile, match=r"没有解析出内容.*On this machine it cannot be read either"):
            await content(at.start(), path)


async def test_reading_does_not_fail_on_a_full_account(tmp_path: Path) -> None:
    async with world(tmp_path, Limits(files=1)) as at:
        kimi = at.start()
        await create(kimi, at.file("kept.txt", "kept"))
        found = await content(kimi, at.file("other.txt", "other\n"))
        assert await text(found) == "other\n"
        assert "max file count" in found.warnings[0]
        sent = at.uploads()
        assert await text(await content(kimi, at.folder / "files" / "other.txt")) == "other\n"
        assert at.uploads() == sent  # reading on does not send the whole file again
        with pytest.raises(QuotaExceeded):
            await create(kimi, at.file("other.txt", "other\n"))


async def test_hundreds_of_files_can_be_read_through_a_small_account(tmp_path: Path) -> None:
    async with world(tmp_path, Limits(files=8)) as at:
        kimi = at.start(limits=AccountLimits(files=8))
        await create(kimi, at.file("kept.txt", "kept"))
        for number in range(15):
            found = await content(kimi, at.file(f"{number}.txt", f"text {number}\n"))
            assert (await text(found), found.warnings) == (f"text {number}\n", ())
        names = await at.peer.names()
        assert "kept.txt" in names
        assert len(names) <= 8


async def test_a_picture_is_not_sent_to_be_read(tmp_path: Path) -> None:
    async with world(tmp_path) as at:
        kimi = at.start()
        path = _picture(at, "chart.png")
        found = await content(kimi, path)
        assert [page.kind for page in found.pages] == ["picture"]
        assert found.warnings[0].startswith("read on this machine")
        async with opened(path) as file:
            (drawn,) = await kimi.pictures(file, None)
        assert (drawn.width, drawn.height) == (60, 40)
        assert at.uploads() == 0


async def test_a_picture_that_was_uploaded_has_no_text_and_gives_no_bytes_back(tmp_path: Path) -> None:
    async with world(tmp_path) as at:
        kimi = at.start()
        record = await create(kimi, _picture(at, "chart.png"), "image")
        found = await kimi.content(record.id)
        assert (found.name, found.tokens, [page.kind for page in found.pages]) == ("chart.png", 0, ["picture"])
        with pytest.raises(UnsupportedFile, match="by its path"):
            await kimi.pictures(record.id, None)
        assert [exhibit.url for exhibit in await kimi.exhibits(record.id, found)] == [f"ms://{record.id}"]
        kimi._chat.is_kimi = False  # an endpoint of the user's own does not know the ids of Kimi
        assert await kimi.exhibits(record.id, found) == []


async def test_an_archive_and_what_is_in_it_are_read_here_and_never_sent(tmp_path: Path) -> None:
    async with world(tmp_path) as at:
        kimi = at.start()
        path = at.file("papers.zip", "")
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("2024/a.txt", "inside\n")
        assert "2024/a.txt" in await text(await content(kimi, path))
        async with await open_file(
            f"{path}!/2024/a.txt", AccessPolicy.from_folders([path.parent], path.parent)
        ) as file:
            found = await kimi.content(file)
            assert (await text(found), found.warnings[0]) == ("inside\n", "read on this machine: it is in an archive.")
            with pytest.raises(InvalidArguments, match="Unpack"):
                await kimi.create(file, "file-extract")
        assert at.uploads() == 0


async def test_a_page_break_begins_a_page(tmp_path: Path) -> None:
    from kimi_files.kimi.remote_text import _events

    body = io.BytesIO(json.dumps({"content": "one\ftwo\fthree\f", "filename": "x.pdf", "type": "file"}).encode())
    events = [vars(event) for event in _events("x.pdf", body)]
    assert [(event["number"], event["text"]) for event in events[1:]] == [(1, "one"), (2, "two"), (3, "three")]
    (_, code) = [vars(event) for event in _events("x.py", body)]
    assert code["text"] == "one\ftwo\fthree\f"


async def test_a_file_that_failed_to_be_read_is_deleted_and_named(tmp_path: Path) -> None:
    async with world(tmp_path) as at:
        kimi = at.start()
        seen: list[str] = []
        real = kimi._client.upload

        async def still_being_read(*arguments: object) -> object:
            record = await real(*arguments)  # type: ignore[arg-type]
            seen.append(record.id)
            return record.model_copy(update={"status": "queued"})

        async def failed(file_id: str, *_: object) -> object:
            status = "queued" if len(at.clock.waits) < 3 else "error"
            return RemoteFile(id=file_id, status=status, status_details="bad fonts", purpose="file-extract")

        kimi._client.upload = still_being_read  # type: ignore[method-assign,assignment]
        kimi._client.file = failed  # type: ignore[method-assign,assignment]
        with pytest.raises(ExtractionFailed, match="bad fonts"):
            await create(kimi, at.file())
        assert len(at.clock.waits) >= 3
        assert await at.peer.files() == []
        for server in (kimi, kimi, at.start()):
            found = await content(server, at.file("read.txt"))
            assert "bad fonts" in found.warnings[0]
        assert (at.uploads(), await at.peer.files()) == (2, [])


async def test_a_file_that_is_still_being_read_is_waited_for_by_its_id_too(tmp_path: Path) -> None:
    async with world(tmp_path) as at:
        kimi = at.start()
        record = await create(at.peer.service, at.folder_file("slow.txt", "slow\n"))
        real = kimi._client.file

        async def slow(file_id: str, *arguments: object) -> RemoteFile:
            found = await real(file_id)
            return found.model_copy(update={"status": "queued" if len(at.clock.waits) < 4 else "ok"})

        kimi._client.file = slow  # type: ignore[method-assign,assignment]
        assert await text(await kimi.content(record.id)) == "slow\n"
        assert at.clock.waits == sorted(at.clock.waits)


async def test_a_delete_whose_reply_was_lost_worked(tmp_path: Path) -> None:
    async with world(tmp_path) as at:
        kimi = at.start()
        record = await create(at.peer.service, at.folder_file("other.txt", "x"))
        at.proxy.plan = scripted("DELETE", record.id, Fault.LOST_REPLY)
        assert (await kimi.delete(record.id)).deleted
        assert await at.peer.files() == []


async def test_a_batch_file_gives_its_bytes_back_and_others_do_not(tmp_path: Path) -> None:
    async with world(tmp_path) as at:
        kimi = at.start()
        body = {"model": "kimi-k3", "messages": [{"role": "user", "content": "hi"}]}
        lines = [
            json.dumps({"custom_id": str(n), "method": "POST", "url": "/v1/chat/completions", "body": body})
            for n in range(3)
        ]
        batch = await create(kimi, at.file("requests.jsonl", "\n".join(lines) + "\n"), "batch")
        assert b"".join([chunk async for chunk in kimi.raw(batch.id)]) == ("\n".join(lines) + "\n").encode()
        record = await create(kimi, at.file())
        with pytest.raises(UnsupportedFile):
            _ = [chunk async for chunk in kimi.raw(record.id)]


def _picture(at: World, name: str) -> Path:
    path = at.file(name, "")
    Image.new("RGB", (60, 40), "navy").save(path)
    return path
