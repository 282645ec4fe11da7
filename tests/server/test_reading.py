"""What an agent gets of every family of files, good and bad, through the real server."""

from __future__ import annotations

import base64
import gzip
import io
import json
import re
import tarfile
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from kimi_files.tokens import estimate_tokens
from tests.samples import seven_zip, sheets, slides, word
from tests.samples.pdf import Page, pdf
from tests.samples.scans import scanned_pdf

LEGACY = Path(__file__).parent.parent / "samples" / "files"


def text_of(result: str) -> str:
    """What stands inside the fence."""
    opening = re.search(r"<file-text ([0-9a-f]{8})> [^\n]*\n", result)
    return result[opening.end() : result.rindex(f"\n</file-text {opening.group(1)}>")]


def letter() -> bytes:
    return word.docx(
        [word.heading(1, "Terms"), word.paragraph("Payable within 30 days."), word.table([["a", "b"], ["1", "2"]])]
    )


def picture(size: tuple[int, int], kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.effect_noise(size, 80).convert("RGB").save(file, kind)
    return file.getvalue()


def archive_of(name: str, members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    if name.endswith(".7z"):
        return seven_zip.seven_zip([(seven_zip.LZMA2, members)])
    if name.endswith(".zip"):
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as container:
            for member, content in members.items():
                container.writestr(member, content)
    else:
        with tarfile.open(fileobj=stream, mode="w:gz") as container:
            for member, content in members.items():
                info = tarfile.TarInfo(member)
                info.size = len(content)
                container.addfile(info, io.BytesIO(content))
    return stream.getvalue()


FILES = {
    "report.pdf": (
        lambda: pdf([Page(["# Annual report", "Revenue was 248.6 million."]), Page(["Outlook"])]),
        ["[page 1]", "248.6"],
    ),
    "letter.docx": (letter, ["# Terms", "Payable within 30 days.", "| 1 | 2 |"]),
    "book.xlsx": (
        lambda: sheets.xlsx([sheets.Sheet("Positions", {"A1": sheets.text("hours"), "B1": sheets.number(62)})]),
        ['[sheet "Positions"]', "62"],
    ),
    "talk.pptx": (
        lambda: slides.pptx([slides.Slide("Turbines", ["Shaft nine"], notes="Say it slowly")]),
        ["[slide 1]", "Turbines", "Shaft nine", "Say it slowly"],
    ),
    "report.doc": (lambda: (LEGACY / "report.doc").read_bytes(), []),
    "positions.xls": (lambda: (LEGACY / "positions.xls").read_bytes(), ["[sheet"]),
    "talk.ppt": (lambda: gzip.decompress((LEGACY / "talk.ppt.gz").read_bytes()), ["[slide 1]"]),
    "page.html": (
        lambda: (
            b"<html><script>alert(1)</script><h1>Prices</h1><p>See <a href='https://a.example/x'>the list</a>.</p></html>"
        ),
        ["# Prices", "[the list](https://a.example/x)"],
    ),
    "notes.md": (lambda: b"# Notes\n\n- one\n- two\n", ["# Notes\n\n- one\n- two\n"]),
    "table.csv": (lambda: b"name,amount\nshaft,48300\n", ["| name | amount |\n| --- | --- |\n| shaft | 48300 |"]),
    "data.json": (lambda: b'{"shaft": 9}\n', ['{"shaft": 9}\n']),
    "main.rs": (lambda: b"fn main() {}\n", ["fn main() {}\n"]),
    "plain": (lambda: b"no extension at all\n", ["no extension at all\n"]),
    "中文.txt": (lambda: "九号主轴发现裂纹，更换费用为四万八千三百欧元。\n".encode("gb18030"), ["九号主轴发现裂纹"]),
    "wide.txt": (lambda: "Größe und Maß\n".encode("utf-16"), ["Größe und Maß"]),
}


@pytest.mark.parametrize("name", FILES)
async def test_every_family_is_read(connect, name):
    make, expected = FILES[name]
    async with connect() as session:
        (session.folder / name).write_bytes(make())
        result = await session.call("get_file_content", file=name)
        again = await session.call("get_file_content", file=name)
    assert result.startswith(f"{name} · ")
    assert all(words in text_of(result) for words in expected), result
    assert len(text_of(result).strip()) > 5
    assert text_of(again) == text_of(result)


def big_report() -> bytes:
    def chapter(number: int) -> Page:
        lines = [f"Line {line} of chapter {number} says something of its own." for line in range(25)]
        return Page([f"# Chapter {number}", *lines])

    numbers = range(1, 41)
    return pdf(
        [chapter(number) for number in numbers], outline=[(1, f"Chapter {number}", number) for number in numbers]
    )


async def test_walking_the_cursors_of_a_long_file_gives_its_whole_text_once(connect):
    async with connect() as session:
        (session.folder / "report.pdf").write_bytes(big_report())
        whole = ""
        for number in range(1, 41):
            page = await session.call("get_file_content", file="report.pdf", pages=str(number))
            whole += text_of(page).removeprefix(f"[page {number}]\n")
        walked, cursor, first = "", "", ""
        while True:
            result = await session.call("get_file_content", file="report.pdf", cursor=cursor, max_tokens=2_000)
            assert estimate_tokens(result) <= 2_000
            first = first or result
            for part in re.split(r"(?m)^(?=\[page )", text_of(result)):
                walked += re.sub(r"\A\[page [^\]]*\]\n", "", part).removesuffix("\n")
            found = re.search(r'next: cursor="([^"]+)"', result)
            if found is None:
                break
            cursor = found.group(1)
    assert "outline: Chapter 1 p.1 · Chapter 2 p.2" in first
    assert walked.replace("\n", "") == whole.replace("\n", "")
    assert all(f"Line 24 of chapter {n} says" in walked for n in range(1, 41))


@pytest.mark.parametrize("name", ["papers.zip", "papers.tar.gz", "papers.7z"])
async def test_a_file_in_an_archive_is_read_asked_about_and_shown_but_not_kept(connect, name):
    members = {
        "2024/report.pdf": pdf([Page(["Words of the shaft."]), Page(["It was replaced in May."])]),
        "a.txt": b"a",
    }
    async with connect() as session:
        (session.folder / name).write_bytes(archive_of(name, members))
        listing = await session.call("get_file_content", file=name)
        text = await session.call("get_file_content", file=f"{name}!/2024/report.pdf", pages="2")
        found = await session.call("get_file_content", file=f"{name}!/2024/report.pdf", find="shaft")
        answer = await session.call(
            "ask_about_files", question="When replaced?", files=[f"{name}!/2024/report.pdf", name]
        )
        shown = await session.client.call_tool(
            "get_file_content", {"file": f"{name}!/2024/report.pdf", "pictures": True}
        )
        refused = await session.client.call_tool("upload_file", {"path": f"{name}!/a.txt"})
        missing = await session.client.call_tool("get_file_content", {"file": f"{name}!/report.pdf"})
    assert f"{name}!/2024/report.pdf" in listing
    assert "It was replaced in May." in text_of(text)
    assert "Words of the" not in text
    assert "page 1" in found
    assert f"[1] {name}!/2024/report.pdf, page 2" in answer
    assert [part.type for part in shown.content] == ["text", "image", "image"]
    assert "can be read, but not uploaded" in refused.content[0].text
    assert f"Did you mean '{name}!/2024/report.pdf'" in missing.content[0].text


async def test_a_scanned_page_is_named_with_its_remedy_and_shown_as_a_picture(connect):
    async with connect() as session:
        (session.folder / "scan.pdf").write_bytes(pdf([Page(["Words on a page."]), Page(picture=True)]))
        result = await session.call("get_file_content", file="scan.pdf")
        assert 'page 2 is a picture without text: call with pages="2", pictures=true' in result
        kept = json.loads(await session.call("upload_file", path="scan.pdf"))
        assert kept["status_details"] == "2 pages; page 2 is a picture without text"
        shown = await session.client.call_tool("get_file_content", {"file": "scan.pdf", "pages": "2", "pictures": True})
    assert [block.type for block in shown.content] == ["text", "image"]
    assert "shown: pictures of page 2" in shown.content[0].text
    drawn = Image.open(io.BytesIO(base64.b64decode(shown.content[1].data)))
    assert max(drawn.size) <= 1568


async def test_walking_the_next_calls_shows_the_picture_of_every_page_once(connect):
    pages = [Image.effect_noise((1_000, 1_300), 60 + 10 * number) for number in range(6)]
    seen: list[str] = []
    async with connect() as session:
        (session.folder / "scan.pdf").write_bytes(scanned_pdf(pages))
        wanted = "1-6"
        while wanted:
            arguments = {"file": "scan.pdf", "pages": wanted, "pictures": True}
            text, *pictures = (await session.client.call_tool("get_file_content", arguments)).content
            shown = re.search(r"pictures of pages? ([\d,-]+)", text.text)[1]
            first, _, last = shown.partition("-")
            numbers = range(int(first), int(last or first) + 1)
            assert len(pictures) == len(numbers) < 4
            seen += numbers
            following = re.search(r'next: pages="([^"]+)"', text.text)
            wanted = following[1] if following else ""
            if following:
                wanted = f"{wanted.partition('-')[0]}-6"
    assert seen == [1, 2, 3, 4, 5, 6]


async def test_a_folder_is_read_as_the_list_of_its_files(connect):
    async with connect() as session:
        inner = session.folder / "invoices"
        (inner / "2025").mkdir(parents=True)
        for number in range(80):
            (inner / f"invoice {number:02}.txt").write_text("an amount\n")
        (inner / "a|b\nc.md").write_text("words\n")
        (inner / ".env").write_text("KEY=value\n")
        (inner / "empty.txt").write_bytes(b"")
        whole = await session.call("get_file_content", file="invoices")
        found = await session.call("get_file_content", file="invoices/", find="invoice 42")
        first = await session.call("get_file_content", file=str(inner), max_tokens=900)
        cursor = re.search(r'next: cursor="([^"]+)"', first)[1]
        rest = await session.call("get_file_content", file=str(inner), cursor=cursor)
        top = await session.call("get_file_content", file=".")
        shown = next(line.split(" | ")[0][2:] for line in text_of(whole).splitlines() if "b\ufffdc" in line)
        read = await session.call("get_file_content", file=f"invoices/{shown.replace(chr(92), '')}")
        refused = await session.fail("get_file_content", file="invoices", pictures=True)
        kept = await session.fail("upload_file", path="invoices")
        (inner / "2025").rmdir()
        changed = await session.fail("get_file_content", file=str(inner), cursor=cursor)
    assert "· folder · " in whole
    assert f"{inner}/2025/" in whole
    assert re.search(r"\| 2025/ \| +\| +\|", whole)
    assert re.search(r"\| invoice 79\.txt \| 10 \| 20\d\d-\d\d-\d\d \d\d:\d\d \|", whole)
    assert "Not listed: 1 hidden or secret, 1 empty." in whole
    assert ".env" not in whole
    assert "1 hit" in found
    assert text_of(first) + text_of(rest) == text_of(whole)
    assert "| invoices/ |" in top
    assert "words" in read
    assert refused["code"] == kept["code"] == "not_a_file"
    assert changed["code"] == "invalid_cursor"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "BMP", "WEBP", "GIF"])
async def test_an_image_is_kept_and_shown_small_enough_for_every_host(connect, kind):
    name = f"photo.{kind.lower()}"
    async with connect() as session:
        (session.folder / name).write_bytes(picture((2400, 1700), kind))
        kept = json.loads(await session.call("upload_file", path=name, purpose="image"))
        by_id = await session.client.call_tool("get_file_content", {"file": kept["id"], "pictures": True})
        by_path = await session.client.call_tool("get_file_content", {"file": name})
    for result in (by_id, by_path):
        image = result.content[1]
        data = base64.b64decode(image.data)
        assert max(Image.open(io.BytesIO(data)).size) == 1568
        assert len(image.data) < 1_000_000
        assert image.mime_type in ("image/png", "image/jpeg", "image/webp")
        assert result.structured_content is None


async def test_a_batch_file_is_checked_line_by_line_and_kept(connect):
    def line(number: int, **other) -> str:
        body = {"model": "kimi-k3", "messages": [{"role": "user", "content": "hello"}]}
        return json.dumps(
            {"custom_id": f"r{number}", "method": "POST", "url": "/v1/chat/completions", "body": body} | other
        )

    async with connect() as session:
        (session.folder / "good.jsonl").write_text("\n".join(line(n) for n in range(20)) + "\n")
        bad = [
            line(1),
            "{",
            line(2, method="GET"),
            line(1),
            line(5, url="/v1/embeddings"),
            line(6, body={"model": "other", "messages": [1]}),
        ]
        (session.folder / "bad.jsonl").write_text("\n".join(bad) + "\n")
        kept = json.loads(await session.call("upload_file", path="good.jsonl", purpose="batch"))
        assert kept["purpose"] == "batch"
        error = await session.fail("upload_file", path="bad.jsonl", purpose="batch")
        assert len(json.loads(await session.call("list_files", purpose="batch"))["data"]) == 1
    assert error["code"] == "invalid_batch_file"
    for words in ("line 2 is not JSON", "line 3", "line 4 repeats custom_id 'r1'", "line 5", "of 6 lines are wrong"):
        assert words in error["message"]


def sparse(path: Path, size: int) -> None:
    with path.open("wb") as file:
        file.truncate(size)


BAD = {
    "too-large.txt": (lambda path: sparse(path, 101 * 1024 * 1024), "file_too_large", "100MB"),
    "zeros.bin": (lambda path: sparse(path, 50 * 1024 * 1024), "unsupported", "zeros.bin"),
    "cut.docx": (lambda path: path.write_bytes(letter()[:-200]), "damaged_file", "damaged or cut off"),
    "cut.pdf": (lambda path: path.write_bytes(big_report()[:400]), "damaged_file", ""),
    "locked.pdf": (
        lambda path: path.write_bytes(pdf([Page(["secret words"])], password="open sesame")),
        "password_required",
        "password",
    ),
    "program.txt": (lambda path: path.write_bytes(b"MZ" + bytes(600)), "unsupported", "program"),
    "bomb.png": (lambda path: path.write_bytes(png_header(50_000, 50_000)), "too_complex", "64,000,000"),
}


def png_header(width: int, height: int) -> bytes:
    import struct
    import zlib

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("name", BAD)
async def test_a_bad_file_is_one_clear_error_and_nothing_is_kept(connect, name):
    make, code, words = BAD[name]
    async with connect() as session:
        make(session.folder / name)
        read = await session.fail("get_file_content", file=name)
        purpose = "image" if name.endswith(".png") else "file-extract"
        kept = await session.fail("upload_file", path=name, purpose=purpose)
        assert json.loads(await session.call("list_files"))["data"] == []
        (session.folder / "good.txt").write_text("still here\n")
        assert "still here" in await session.call("get_file_content", file="good.txt")
    assert read["code"] == code
    assert words in read["message"]
    assert kept["code"] in (code, "invalid_image")


async def test_a_document_is_read_as_what_it_is_whatever_its_name_says(connect):
    async with connect() as session:
        (session.folder / "letter.doc").write_bytes(letter())
        (session.folder / "table.xls").write_bytes(b"name,amount\nshaft,48300\n")
        (session.folder / "page.doc").write_bytes(
            b"<!DOCTYPE html><html><body><h1>Prices</h1><p>Words</p></body></html>"
        )
        as_word = await session.call("get_file_content", file="letter.doc")
        as_csv = await session.call("get_file_content", file="table.xls")
        as_html = await session.call("get_file_content", file="page.doc")
    assert "Payable within 30 days." in as_word
    assert "| shaft | 48300 |" in as_csv
    assert "# Prices" in as_html
    for result in (as_csv, as_html):
        assert "the name says" in result.split("<file-text")[0]


async def test_a_text_that_changes_is_read_anew_and_its_old_cursor_refused(connect):
    async with connect() as session:
        file = session.folder / "log.txt"
        file.write_text("".join(f"old line {n}\n" for n in range(5_000)))
        first = await session.call("get_file_content", file="log.txt")
        cursor = re.search(r'next: cursor="([^"]+)"', first).group(1)
        file.write_text("".join(f"new line {n}\n" for n in range(5_000)))
        assert (await session.fail("get_file_content", file="log.txt", cursor=cursor))["code"] == "invalid_cursor"
        assert "new line 0" in await session.call("get_file_content", file="log.txt")
        file.unlink()
        assert (await session.fail("get_file_content", file="log.txt"))["code"] == "file_not_found"


@pytest.mark.parametrize(
    "written",
    ["~/files/a.txt", "file://{folder}/a%20b.txt", "'{folder}/a.txt'", "A.TXT", "./a.txt", "{folder}/./x/../a.txt"],
)
async def test_a_path_may_be_written_as_people_write_it(connect, monkeypatch, tmp_path, written):
    monkeypatch.setenv("HOME", str(tmp_path))
    async with connect() as session:
        for name in ("a.txt", "a b.txt"):
            (session.folder / name).write_text("some words\n")
        assert "some words" in await session.call("get_file_content", file=written.format(folder=session.folder))


async def test_questions_that_name_nothing_get_an_overview(connect):
    async with connect() as session:
        (session.folder / "report.pdf").write_bytes(big_report())
        for question in ("Summarise this file.", "总结一下这个文件"):
            answer = await session.call("ask_about_files", question=question, files=["report.pdf"], max_tokens=1_500)
            assert estimate_tokens(answer) <= 1_500
            assert "outline" in answer
            assert len(set(re.findall(r"report\.pdf, page (\d+)", answer))) >= 3


async def test_a_question_over_a_folder_says_what_was_not_read(connect):
    async with connect() as session:
        (session.folder / "a.txt").write_text("The shaft was replaced in May.\n")
        (session.folder / "scan.png").write_bytes(picture((40, 40)))
        (session.folder / "locked.pdf").write_bytes(pdf([Page(["secret"])], password="open"))
        (session.folder / "empty.txt").touch()
        (session.folder / "empty.md").touch()
        (session.folder / "odd.bin").write_bytes(bytes(range(256)))
        (session.folder / "b.zip").write_bytes(archive_of("b.zip", {"inner.txt": b"The shaft again."}))
        answer = await session.call(
            "ask_about_files", question="When was the shaft replaced? And the xyzzy?", files=["."]
        )
    assert "[1] a.txt, line 1" in answer
    assert "scan.png" in answer
    assert "locked.pdf" in answer
    assert "the files in b.zip (an archive" in answer
    assert "not read: 3 files of . (2 empty, 1 of a format without a reader) · " in answer
    assert "not found in any file: xyzzy" in answer


async def test_a_passage_is_cited_by_a_path_that_the_next_call_can_give(connect):
    async with connect() as session:
        for folder in ("2024", "2025"):
            (session.folder / "invoices" / folder).mkdir(parents=True)
            (session.folder / "invoices" / folder / "shaft.txt").write_text(f"The shaft of {folder} was replaced.\n")
        (session.folder / "invoices" / "a.zip").write_bytes(archive_of("a.zip", {"b/c.txt": b"The shaft is spare."}))
        files = ["invoices", "invoices/a.zip!/b/c.txt"]
        answer = await session.call("ask_about_files", question="Which shaft was replaced?", files=files)
        cited = re.findall(r"^\[\d\] (.+), line", answer, re.MULTILINE)
        texts = [await session.call("get_file_content", file=file) for file in cited]
        elsewhere = await session.fail("get_file_content", file="shaft.txt")
        (session.folder / "invoices" / "2024" / "shaft.txt").unlink()
        alone = await session.fail("get_file_content", file="shaft.TXT")
    assert {"invoices/2024/shaft.txt", "invoices/2025/shaft.txt", "invoices/a.zip!/b/c.txt"} <= set(cited)
    assert all("The shaft" in text or "| name | bytes" in text for text in texts)
    assert (
        f"There are '{session.folder}/invoices/2024/shaft.txt', '{session.folder}/invoices/2025/"
        in elsewhere["message"]
    )
    assert f"Did you mean '{session.folder}/invoices/2025/shaft.txt'?" in alone["message"]


async def test_a_passage_in_a_folder_far_down_is_cited_by_its_whole_path(connect):
    path = "/".join(["第七十一号工程施工图纸会审记录与技术交底" * 2] * 8) + "/shaft.txt"
    async with connect() as session:
        (session.folder / path).parent.mkdir(parents=True)
        (session.folder / path).write_text("The shaft was replaced in May.\n")
        answer = await session.call(
            "ask_about_files", question="Which shaft was replaced?", files=["."], max_tokens=1_000
        )
    assert f"[1] {path}, line 1" in answer
    assert "The shaft was replaced in May." in answer


async def test_files_with_scanned_pages_are_named_with_the_remedy_once(connect):
    async with connect() as session:
        for n in range(5):
            (session.folder / f"{n}.pdf").write_bytes(pdf([Page([f"The shaft {n} was replaced."]), Page(picture=True)]))
        answer = await session.call("ask_about_files", question="Which shaft was replaced?", files=["."])
    assert answer.count("page 2 is a picture without text") == 3
    assert answer.count("install OCR") <= 1
    assert "2 more files with pages that are pictures or scans" in answer


async def test_the_head_of_an_answer_has_four_lines_and_names_every_file_that_was_not_read(connect):
    async with connect() as session:
        for n in range(3):
            (session.folder / f"{n}.txt").write_text(f"Shaft {n} was replaced in May.\n\nShaft {n} runs again.\n" * 40)
        for n in range(4):
            (session.folder / f"scan-{n}.png").write_bytes(picture((20, 20)))
        (session.folder / "empty.txt").touch()
        answer = await session.call(
            "ask_about_files", question="When was the shaft replaced? And the xyzzy?", files=["."], max_tokens=700
        )
    head = answer[: answer.index("<file-text")].splitlines()
    assert len(head) <= 4
    assert re.search(r"\d+ more passages match", head[1])
    assert head[2] == "not found in any file: xyzzy"
    assert head[3].startswith("not read: 1 file of . (empty) · ")
    assert "scan-0.png (a picture: call get_file_content with pictures=true)" in head[3]
    assert all(f"scan-{n}.png" in head[3] for n in range(4))


async def test_an_overview_says_of_how_many_files_nothing_is_shown(connect):
    async with connect() as session:
        for n in range(12):
            (session.folder / f"note {n:02}.md").write_text(f"# Note {n}\n\nProject {n} costs {n * 11} euros. " * 3)
        answer = await session.call("ask_about_files", question="Summarise the notes", files=["."], max_tokens=500)
    shown = len(set(re.findall(r"\[\d+\] (note \d+)", answer)))
    assert 0 < shown < 12
    assert f"nothing is shown of {12 - shown} files: raise max_tokens" in answer


NOTICE = "The notice period is three months to the end of a quarter. " * 6


def lease() -> bytes:
    clauses = (
        (word.heading(1, f"§{n} Clause"), word.paragraph(f"Unit {n} pays {n * 137} euros. {NOTICE}"))
        for n in range(1, 61)
    )
    return word.docx([part for clause in clauses for part in clause])


async def test_a_small_budget_goes_to_the_text_and_not_to_the_outline(connect):
    async with connect() as session:
        (session.folder / "lease.docx").write_bytes(lease())
        first = await session.call("get_file_content", file="lease.docx", max_tokens=500)
        whole = await session.call("get_file_content", file="lease.docx")
        overview = await session.call("ask_about_files", question="Summarise", files=["lease.docx"], max_tokens=600)
    assert "outline: §1 Clause p.1" in first
    assert estimate_tokens(text_of(first)) > 100
    assert "shown: everything" in whole
    assert "outline:" not in whole
    assert "[1] lease.docx, outline\n§1 Clause (section 1) · §2 Clause (section 2)" in overview


async def test_the_title_of_a_section_is_named_once(connect):
    async with connect() as session:
        (session.folder / "lease.docx").write_bytes(lease())
        answer = await session.call("ask_about_files", question="What does unit 17 pay?", files=["lease.docx"])
    assert "[1] lease.docx, section 17 (§17 Clause)\n# §17 Clause" in answer
