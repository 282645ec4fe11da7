"""Pictures, videos and batch files are checked and kept; texts answer questions."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from PIL import Image
from stores import CountingPool, content, create, left_over, opened, written

from kimi_files.answer import Question
from kimi_files.content import Content, PageInfo
from kimi_files.errors import InvalidBatchFile, InvalidImage, InvalidPurpose, InvalidVideo
from kimi_files.local.catalogue import Catalogue
from kimi_files.local.details import describe
from kimi_files.local.service import LocalFilesService


def image(path: Path) -> Path:
    Image.new("RGB", (2_000, 1_000), "navy").save(path)
    return path


def request(number: int) -> str:
    body = {"model": "kimi-k3", "messages": [{"role": "user", "content": "Hello"}]}
    return json.dumps({"custom_id": f"r{number}", "method": "POST", "url": "/v1/chat/completions", "body": body})


async def test_an_image_is_kept_and_shown(tmp_path: Path, service: LocalFilesService, pool: CountingPool) -> None:
    path = image(tmp_path / "blue.png")
    made = await create(service, path, "image")
    assert (made.purpose, made.status) == ("image", "ready")
    assert "2000" in str(made.status_details).replace(",", "")
    assert pool.jobs == ["check"]
    async with opened(path) as file:
        for reference in (made.id, file):
            (picture,) = await service.pictures(reference, None)
            assert max(picture.width, picture.height) <= 1568
            assert Image.open(io.BytesIO(picture.data)).size == (picture.width, picture.height)
    assert (await service.list("image")).data == [made]
    assert (await service.list("batch")).data == []


async def test_a_batch_file_is_checked_and_kept(tmp_path: Path, service: LocalFilesService) -> None:
    lines = "".join(request(number) + "\n" for number in range(3))
    made = await create(service, written(tmp_path / "batch.jsonl", lines), "batch")
    assert made.status_details == "3 requests for kimi-k3"
    assert b"".join([chunk async for chunk in service.raw(made.id)]).decode() == lines
    assert await (await service.content(made.id)).text(1) == lines


async def test_what_does_not_suit_its_purpose_is_refused_and_leaves_nothing(
    tmp_path: Path, service: LocalFilesService
) -> None:
    text = written(tmp_path / "note.txt", "one")
    with pytest.raises(InvalidImage):
        await create(service, text, "image")
    with pytest.raises(InvalidVideo):
        await create(service, text, "video")
    with pytest.raises(InvalidBatchFile):
        await create(service, written(tmp_path / "batch.jsonl", "{\n"), "batch")
    with pytest.raises(InvalidPurpose, match="purpose 'image'"):
        await create(service, image(tmp_path / "blue.png"), "file-extract")
    with pytest.raises(InvalidPurpose, match="purpose 'image'"):
        await create(service, image(tmp_path / "blue.png").rename(tmp_path / "blue"), "file-extract")
    assert left_over(tmp_path / "store") == []
    assert (await service.health()).files == 0


async def test_passages_of_an_upload_are_ready_for_the_first_question(
    tmp_path: Path, service: LocalFilesService, pool: CountingPool
) -> None:
    text = "\n\n".join(f"Paragraph {number} tells of something else at length." for number in range(200))
    path = written(tmp_path / "report.txt", text.replace("Paragraph 77 tells", "The impairment charge tells"))
    made = await create(service, path)
    assert pool.jobs == ["extract", "index"]
    question = Question("What does the impairment charge tell of?", (), 500)
    answer = await service.answer(question, [await service.content(made.id)])
    assert "impairment charge" in answer.citations[0].text
    assert pool.jobs == ["extract", "index"]
    by_path = await service.answer(question, [await content(service, path)])
    assert by_path.citations == answer.citations


def page(number: int, *, without_text: bool = False, kind: str = "page", lines: int = 3) -> PageInfo:
    return PageInfo(number, str(number), kind, None, 10, 3, lines, without_text, False)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("pages", "correction", "warnings", "said"),
    [
        (
            [page(n, without_text=n in (31, 32, 33)) for n in range(1, 49)],
            None,
            0,
            "48 pages; pages 31-33 are pictures",
        ),
        ([page(n, without_text=n in (2, 4, 5)) for n in range(1, 7)], None, 0, "6 pages; pages 2, 4-5 are pictures"),
        ([page(n, without_text=n == 2) for n in range(1, 4)], None, 0, "3 pages; page 2 is a picture without text"),
        ([page(n, without_text=True) for n in range(1, 3)], None, 0, "2 pages; all are pictures without text"),
        ([page(1, kind="text", lines=1_204)], None, 0, "1,204 lines"),
        ([page(n, kind="sheet") for n in (1, 2)], "the content is RTF", 2, "2 sheets; the content is RTF; 2 warnings"),
        ([page(1, kind="slide")], None, 1, "1 slide; 1 warning"),
    ],
)
def test_what_is_worth_saying_of_a_file_is_said(
    pages: list[PageInfo], correction: str | None, warnings: int, said: str
) -> None:
    catalogue = Catalogue(Path("unused"), Path("unused"), lambda connection: None)
    said_of = ("w",) * warnings
    text = Content(1, "", "", None, 1, "PDF", correction, tuple(pages), (), said_of, catalogue)
    assert describe(text).startswith(said)
