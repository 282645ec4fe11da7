"""Saved web pages are their words, and workbooks saved so have their sheets."""

from __future__ import annotations

import io
from email.message import EmailMessage

import pytest

from kimi_files.errors import DamagedFile
from kimi_files.extract import web_archive
from kimi_files.formats import HTML, identify
from tests.engine.extract.reading import read


def archive(*parts: tuple[bytes, str, str]) -> bytes:
    message = EmailMessage()
    message["From"] = "<Saved by a browser>"
    message["Subject"] = "A page"
    message.make_related()
    for content, kind, location in parts:
        message.add_related(content, *kind.split("/"), headers=[f"Content-Location: {location}"])
    return message.as_bytes()


def test_a_saved_page_and_its_frames_are_read_and_its_pictures_not() -> None:
    page = (
        "<html><head><meta charset='gb2312'><title>标题</title></head><body><p>正文</p><img src='a.png'></body></html>"
    )
    frame = b"<p>In the <b>frame</b></p>"
    content = archive(
        (page.encode("gb18030"), "text/html", "http://e.org/"),
        (b"\x89PNG", "image/png", "http://e.org/a.png"),
        (frame, "text/html", "http://e.org/f"),
    )
    (text,) = read(web_archive.read, content, "a.mhtml").texts
    assert text.startswith("# 标题\n\n正文")
    assert text.endswith("In the **frame**")


def test_a_page_is_read_whose_title_breaks_off_the_headers() -> None:
    content = archive((b"<p>Said</p>", "text/html", "http://e.org/"))
    broken = content.replace(b"Subject: A page\n", b"Subject: A title of\ntwo lines\n")
    assert broken != content

    assert read(web_archive.read, broken, "a.mht").texts == ["Said"]


def test_frames_that_are_parts_of_the_archive_are_not_named_twice() -> None:
    page = b'<p>Above</p><iframe title="3rd party" src="cid:f1@x"></iframe><iframe src="http://e.org/g">g</iframe>'
    content = archive((page, "text/html", "http://e.org/"), (b"<p>In it</p>", "text/html", "cid:f1@x"))

    (text,) = read(web_archive.read, content, "a.mht").texts

    assert text.startswith("Above")
    assert text.endswith("In it")
    assert "3rd party" not in text
    assert "http://e.org/g" in text


def test_parts_that_are_not_encoded_as_text_do_not_hide_what_it_is() -> None:
    content = archive((b"<p>Said</p>", "text/html", "http://e.org/")).rstrip(b"\n").removesuffix(b"--")
    content += b"\nContent-Type: image/jpeg\nContent-Transfer-Encoding: binary\n\n" + bytes(range(256)) * 20

    assert read(web_archive.read, content, "a.mhtml").texts == ["Said"]


def test_a_page_that_is_called_an_archive_is_a_page() -> None:
    assert identify("a.mhtml", io.BytesIO(b"<!DOCTYPE html><html><body>x</body></html>")).format == HTML


def workbook(*sheets: tuple[str, str, str], missing: bool = False) -> bytes:
    """A workbook as Excel saves it for the web: name of the sheet, its rows, what else is said of it."""
    named = "".join(
        f'<x:ExcelWorksheet>\n<x:Name>{name}</x:Name>\n<x:WorksheetSource HRef="Book1_files/sheet{number}.htm"/>'
        f"{more}</x:ExcelWorksheet>"
        for number, (name, _, more) in enumerate(sheets, start=1)
    )
    main = f"<html><!--[if gte mso 9]><xml>{named}</xml><![endif]--><noframes>Your browser has no frames.</noframes></html>"
    parts = [
        (f"<table>{rows}</table>".encode(), "text/html", f"file:///C:/1/Book1_files/sheet{number}.htm")
        for number, (_, rows, _) in enumerate(sheets[missing:], start=1 + missing)
    ]
    return archive((main.encode(), "text/html", "file:///C:/1/Book1.htm"), *reversed(parts))


def test_a_workbook_that_excel_saved_for_the_web_has_its_sheets() -> None:
    first = ("Plan &amp; Cost", "<tr><td>shaft</td><td>1</td></tr>", "")
    second = ("Kept", "<tr><td>x</td></tr>", "<x:Visible>SheetHidden</x:Visible>")
    reading = read(web_archive.read, workbook(first, second), "a.xls")

    assert [(page.label, page.kind, page.hidden) for page in reading.pages] == [
        ("Plan & Cost", "sheet", False),
        ("Kept", "sheet", True),
    ]
    assert reading.texts == ["| shaft | 1 |\n| --- | --- |", "| x |\n| --- |"]
    assert reading.outline == [(1, "Plan & Cost", 1), (1, "Kept", 2)]
    assert reading.warnings == ["Hidden in the workbook, given here all the same: Kept."]


def test_a_workbook_without_one_of_its_sheets_is_read_as_pages() -> None:
    sheet = ("S", "<tr><td>x</td></tr>", "")
    (text,) = read(web_archive.read, workbook(sheet, sheet, missing=True), "a.mht").texts

    assert "Your browser has no frames." in text
    assert "| x |" in text


def test_an_archive_without_a_page_is_damaged() -> None:
    with pytest.raises(DamagedFile):
        read(web_archive.read, archive((b"\x89PNG", "image/png", "a")), "a.mht")
