"""Scanned pages through the real service, in workers behind their walls. Needs the extra ``ocr``."""

from __future__ import annotations

from pathlib import Path

import pytest

from kimi_files import extras
from kimi_files.access import AccessPolicy, open_file
from kimi_files.content import Content
from kimi_files.local.service import Limits, LocalFilesService
from kimi_files.workers.pool import WorkerPool
from kimi_files_tools.ask_about_files import ask_about_files
from kimi_files_tools.workspace import Workspace
from tests.samples.scans import saved, scanned_page, scanned_pdf

pytestmark = pytest.mark.skipif(not extras.has("ocr"), reason="the extra 'ocr' is not installed")

LINES = ["The quarterly inspection found cracks on shaft 9.", "Replacement: 48,300.00 EUR, due 2025-11-30."]


async def content(service: LocalFilesService, path: Path, *pages: int) -> Content:
    async with await open_file(str(path), AccessPolicy.from_folders([path.parent], path.parent)) as opened:
        return await service.read_scans(opened, pages) if pages else await service.content(opened)


async def test_for_programs_that_go_by_the_text_alone_every_scan_is_read_at_once(tmp_path: Path) -> None:
    file = tmp_path / "scan.pdf"
    file.write_bytes(scanned_pdf([scanned_page([line]) for line in LINES]))
    limits = Limits(scan_seconds=0.0)
    service = LocalFilesService(tmp_path / "data", WorkerPool(size=1), limits, text_required=True)
    try:
        async with await open_file(str(file), AccessPolicy.from_folders([tmp_path], tmp_path)) as opened:
            record = await service.create(opened, "file-extract")
        found = await service.content(record.id)
        assert [await found.text(page.number) for page in found.pages] == LINES
    finally:
        await service.aclose()


async def test_scans_are_read_whichever_way_up_they_lie_and_the_rest_on_demand(tmp_path: Path) -> None:
    file = tmp_path / "scan.pdf"
    file.write_bytes(scanned_pdf([scanned_page(LINES, turned) for turned in (0, 90, 180, 270)]))
    service = LocalFilesService(tmp_path / "data", WorkerPool(size=1), Limits(scan_seconds=0.0))
    try:
        first = await content(service, file)
        assert [page.ocr for page in first.pages] == ["read", "waiting", "waiting", "waiting"]
        assert [page.without_text for page in first.pages] == [False, True, True, True]
        assert await first.text(1) == "\n".join(LINES)

        for number in (2, 3, 4):
            later = await content(service, file, number)
            assert "".join((await later.text(number)).split()) == "".join(LINES).replace(" ", "")
        assert [page.ocr for page in later.pages] == ["read"] * 4
        assert await content(service, file) == later, "what was read once stays"
    finally:
        await service.aclose()


async def test_headings_of_scans_stand_in_the_outline_in_the_order_of_pages(tmp_path: Path) -> None:
    file, titles = tmp_path / "scan.pdf", ["Inspection of shafts", "Bearings and seals", "Costs of repair"]
    file.write_bytes(scanned_pdf([scanned_page(LINES * 2, title=title) for title in titles]))
    service = LocalFilesService(tmp_path / "data", WorkerPool(size=1), Limits(scan_seconds=0.0))
    try:
        first = await content(service, file)
        assert [(entry.title, entry.page) for entry in first.outline] == [(titles[0], 1)]
        assert (await first.text(1)).lstrip("#").startswith(f" {titles[0]}\n\n{LINES[0]}")

        await content(service, file, 3)
        last = await content(service, file, 2)
        assert [(entry.title, entry.page) for entry in last.outline] == list(zip(titles, (1, 2, 3), strict=True))
    finally:
        await service.aclose()


async def test_a_heading_on_every_page_is_a_running_header(tmp_path: Path) -> None:
    fax = tmp_path / "fax.tiff"
    fax.write_bytes(saved([scanned_page(LINES * 2, title="Nordwerk Turbines") for _ in range(3)], "TIFF"))
    service = LocalFilesService(tmp_path / "data", WorkerPool(size=1), Limits(scan_seconds=300.0))
    try:
        pages = await content(service, fax)
        assert (await pages.text(3)).lstrip("#").startswith(" Nordwerk Turbines")
        assert pages.outline == ()
    finally:
        await service.aclose()


async def test_a_question_has_scans_read_that_wait_and_says_which_still_do(tmp_path: Path) -> None:
    (tmp_path / "scan.pdf").write_bytes(
        scanned_pdf([scanned_page([f"Shaft {number} has 48 cracks."]) for number in range(1, 5)])
    )

    async def start(reads: int) -> LocalFilesService:
        return LocalFilesService(tmp_path / "data", WorkerPool(size=1), Limits(scan_seconds=0.0))

    workspace = Workspace(AccessPolicy.from_folders([tmp_path], tmp_path), start)
    try:
        answers = [await ask_about_files(workspace, "Which shaft has cracks?", ["scan.pdf"]) for _ in range(3)]
    finally:
        await workspace.aclose()
    # Without any time one page is read when the file is opened, and one for each question.
    for number, answer in enumerate(answers, start=2):
        assert f"Shaft {number} has" in answer
        assert f"Shaft {number + 1} has" not in answer
    assert "scan.pdf: pages 3-4 are scans not read yet: ask again" in answers[0]
    assert "page 4 is a scan not read yet: ask again" in answers[1]
    assert "not read" not in answers[2]


async def test_words_in_pictures_and_pages_of_a_tiff(tmp_path: Path) -> None:
    picture, fax = tmp_path / "shot.png", tmp_path / "fax.tiff"
    picture.write_bytes(saved([scanned_page(LINES)], "PNG"))
    fax.write_bytes(saved([scanned_page(LINES[:1]), scanned_page(LINES[1:], turned=90)], "TIFF"))
    service = LocalFilesService(tmp_path / "data", WorkerPool(size=1))
    try:
        shot = await content(service, picture)
        assert await shot.text(1) == "\n".join(LINES)
        pages = await content(service, fax)
        assert [await pages.text(number) for number in (1, 2)] == LINES
    finally:
        await service.aclose()
