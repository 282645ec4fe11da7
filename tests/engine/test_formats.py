"""What a file is: the table of formats, and the content that corrects the name."""

from __future__ import annotations

import gzip
import io
import struct
import sys
import tarfile
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kimi_files import formats
from kimi_files.errors import EmptyFile, FileTooLarge, InvalidPurpose, KimiFilesError, PasswordRequired, UnsupportedFile
from kimi_files.formats import FORMATS, by_name, identify, looks_like_text, require_reader


def found(name: str, content: bytes) -> tuple[str, str | None]:
    identified = identify(name, io.BytesIO(content))
    return identified.format.name, identified.correction


def packed(*names: str, mimetype: str = "", compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A ZIP container with members of these names."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        if mimetype:
            archive.writestr(zipfile.ZipInfo("mimetype"), mimetype)
        for name in names:
            archive.writestr(name, f"<{name}/>" * 50)
    return stream.getvalue()


def _open_without_type() -> bytes:
    """As a library writes it: without the member that names the type."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("content.xml", "<content/>")
        root = 'full-path="/" media-type="application/vnd.oasis.opendocument.spreadsheet"'
        archive.writestr("META-INF/manifest.xml", f"<manifest><file-entry {root}/></manifest>")
    return stream.getvalue()


OPEN_WITHOUT_TYPE = _open_without_type()


def compound(*streams: str, inner: tuple[str, ...] = ()) -> bytes:
    """An OLE2 container whose root holds these streams, and a storage with ``inner`` ones when there are any."""
    names = [*streams, *(("ObjectPool",) if inner else ()), *inner]
    top = len(names) - len(inner)

    def entry(name: str, kind: int, right: int, child: int) -> bytes:
        encoded = (name + "\0").encode("utf-16-le")
        fixed = struct.pack("<HBBIII", len(encoded), kind, 1, 0xFFFFFFFF, right, child)
        return (encoded.ljust(64, b"\0") + fixed).ljust(128, b"\0")

    entries = [entry("Root Entry", 5, 0xFFFFFFFF, 1)]
    for number, name in enumerate(names, start=1):
        last = number in (top, len(names))
        child = top + 1 if inner and number == top else 0xFFFFFFFF
        entries.append(entry(name, 1, 0xFFFFFFFF if last else number + 1, child))
    directory = b"".join(entries)
    directory = directory.ljust(-(-len(directory) // 512) * 512, b"\0")
    sectors = len(directory) // 512
    table = [0xFFFFFFFD, *range(2, sectors + 1), 0xFFFFFFFE]
    table += [0xFFFFFFFF] * (128 - len(table))
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(10)
    header += struct.pack("<IIIIIIIII", 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0, 0)
    header += b"\xff" * (512 - len(header))
    return header + struct.pack("<128I", *table) + directory


PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(30)
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(30)
DOCX = packed("[Content_Types].xml", "_rels/.rels", "word/document.xml", "word/embeddings/book.xlsx")
XLSX = packed("[Content_Types].xml", "_rels/.rels", "xl/workbook.xml")
PPTX = packed("[Content_Types].xml", "_rels/.rels", "ppt/presentation.xml")
HTML = b"<!DOCTYPE html>\n<html><body><p>Hello</p></body></html>"
RTF = rb"{\rtf1\ansi Hello}"
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n"
ELF = b"\x7fELF\x02\x01\x01" + bytes(60)
BITMAP = b"BM" + struct.pack("<IHHIIii", 100, 0, 0, 54, 40, 1, 1) + bytes(40)


def movie(brand: bytes, *compatible: bytes) -> bytes:
    brands = brand + bytes(4) + b"".join(compatible)
    return struct.pack(">I", 8 + len(brands)) + b"ftyp" + brands + bytes(40)


def tar() -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        archive.add(__file__, "ID3 and a name like another signature.txt")
    return stream.getvalue()


# name, content, format by content
RECOGNISED: list[tuple[str, bytes, str]] = [
    ("a.pdf", PDF, "PDF"),
    ("a.pdf", b"\xef\xbb\xbf" + PDF, "PDF"),
    ("a.pdf", b"HTTP/1.1 200 OK\r\nServer: x\r\n\r\n" + PDF, "PDF"),
    ("a.bin", bytes(500) + PDF, "PDF"),
    ("a.docx", DOCX, "Word document"),
    ("a.docm", DOCX, "Word document"),
    ("a.docx", DOCX[: len(DOCX) // 2], "Word document"),
    ("a.docx", packed("word\\document.xml", "_rels\\.rels"), "Word document"),
    ("a.xlsx", XLSX, "Excel workbook"),
    ("a.xlsx", packed("[Content_Types].xml", "_rels/.rels", "tables/workbook.xml"), "Excel workbook"),
    ("a.ods", OPEN_WITHOUT_TYPE, "OpenDocument spreadsheet"),
    ("a.xlsb", packed("[Content_Types].xml", "xl/workbook.bin"), "Excel binary workbook"),
    ("a.pptx", PPTX, "PowerPoint presentation"),
    ("a.odt", packed("content.xml", mimetype="application/vnd.oasis.opendocument.text"), "OpenDocument text"),
    (
        "a.ods",
        packed("content.xml", mimetype="application/vnd.oasis.opendocument.spreadsheet"),
        "OpenDocument spreadsheet",
    ),
    ("a.epub", packed("META-INF/container.xml", mimetype="application/epub+zip"), "EPUB"),
    ("a.epub", packed("META-INF/container.xml"), "EPUB"),
    ("a.zip", packed("notes.txt", "inner/word/document.xml"), "ZIP archive"),
    ("a.zip", b"PK\x05\x06" + bytes(18), "ZIP archive"),
    ("a.doc", compound("WordDocument", "1Table"), "Word 97-2003 document"),
    ("a.doc", compound("1Table", "WordDocument", inner=("Workbook",)), "Word 97-2003 document"),
    ("a.xls", compound("Workbook"), "Excel 97-2003 workbook"),
    ("a.xls", compound("Book", inner=("WordDocument",)), "Excel 97-2003 workbook"),
    ("a.ppt", compound("Current User", "PowerPoint Document"), "PowerPoint 97-2003 presentation"),
    ("a.msg", compound("__properties_version1.0", "__recip"), "Outlook message"),
    ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(40), "Word 97-2003 document"),
    ("a.doc", b"\xdb\xa5-\x00" + bytes(100), "Word 97-2003 document"),
    ("a.rtf", RTF, "RTF"),
    ("a.mobi", b"Title".ljust(60, b"\0") + b"BOOKMOBI" + bytes(20), "Kindle book"),
    ("a.png", PNG, "PNG picture"),
    ("a.apng", PNG, "PNG picture"),
    ("a.jpg", JPEG, "JPEG picture"),
    ("a.pjp", JPEG, "JPEG picture"),
    ("a.jfif", JPEG, "JPEG picture"),
    ("a.gif", b"GIF89a\x01\x00\x01\x00\x00\x00\x00;", "GIF picture"),
    ("a.webp", b"RIFF\x10\x00\x00\x00WEBPVP8 " + bytes(20), "WebP picture"),
    ("a.bmp", BITMAP, "BMP picture"),
    ("a.dib", BITMAP[14:], "BMP picture"),
    # Light pixels, not packed, have no control characters that would tell them from text.
    ("light.bmp", BITMAP + b"\xff\xfe\xfd" * 5_000, "BMP picture"),
    ("light.tif", b"II*\x00\x18\x3a\x00\x00" + b"\xcb\xff" * 7_400, "TIFF picture"),
    ("a.ico", b"\x00\x00\x01\x00\x01\x00\x10\x10" + bytes(30), "icon"),
    ("a.tiff", b"II*\x00\x08\x00\x00\x00" + bytes(20), "TIFF picture"),
    ("a.tif", b"MM\x00*\x00\x00\x00\x08" + bytes(20), "TIFF picture"),
    ("a.avif", movie(b"avif", b"mif1"), "AVIF picture"),
    ("a.avif", movie(b"mif1", b"avif"), "AVIF picture"),
    ("a.heic", movie(b"heic", b"mif1"), "HEIC picture"),
    ("a.xbm", b"#define im_width 8\n#define im_height 1\nstatic char im_bits[] = {0x01};", "XBM picture"),
    ("a.mp4", movie(b"isom", b"avc1"), "MP4 video"),
    ("a.mov", movie(b"qt  "), "QuickTime video"),
    ("a.mov", b"\x00\x00\x00\x08wide\x00\x00\x00\x08mdat" + bytes(20), "QuickTime video"),
    ("a.3gpp", movie(b"3gp5"), "3GPP video"),
    ("a.avi", b"RIFF\x10\x00\x00\x00AVI LIST" + bytes(20), "AVI video"),
    ("a.webm", b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm" + bytes(20), "WebM video"),
    ("a.mkv", b"\x1a\x45\xdf\xa3\xa3\x42\x86\x81\x01\x42\x82\x88matroska" + bytes(20), "Matroska video"),
    ("a.wmv", b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9" + bytes(20), "Windows Media video"),
    ("a.flv", b"FLV\x01\x05\x00\x00\x00\x09" + bytes(20), "Flash video"),
    ("a.mpg", b"\x00\x00\x01\xba\x44" + bytes(20), "MPEG video"),
    ("a.m2ts", (b"G" + bytes(187)) * 4, "MPEG video"),
    ("a.tar", tar(), "tar archive"),
    ("a.tar.gz", gzip.compress(b"x"), "gzip archive"),
    ("a.svgz", gzip.compress(b"<svg/>"), "compressed SVG picture"),
    ("a.7z", b"7z\xbc\xaf\x27\x1c" + bytes(20), "7z archive"),
    ("stored.7z", b"7z\xbc\xaf\x27\x1c\0\4" + b"Words that are not packed. " * 200, "7z archive"),
    ("a.html", HTML, "HTML"),
    ("a.htm", b"no markup at all", "HTML"),
    ("a.xhtml", b'<?xml version="1.0"?><html xmlns="x"></html>', "HTML"),
    ("a.xml", b'<?xml version="1.0"?><table><row/></table>', "XML"),
    ("a.xml", b"<table><row/></table>", "XML"),
    ("a.svg", b'<?xml version="1.0"?>\n<!-- <html> -->\n<svg xmlns="x"></svg>', "SVG picture"),
    ("a.md", b"# Title\n<div>", "Markdown"),
    ("a.csv", "名前;数\n一;1\n".encode("gb18030"), "CSV"),
    ("a.tsv", b"a\tb\n", "TSV"),
    ("a.json", b"not JSON, but that is what it is called", "JSON"),
    ("a.jsonl", b'{"a":1}\n', "JSON Lines"),
    ("a.ipynb", b'{"cells": []}', "Jupyter notebook"),
    ("a.py", b"<html> in a template of Python", "source code"),
    ("a.txt", b"<html> is how a page starts", "text"),
    ("a.ts", b"export const answer = 42;\n", "source code"),
    ("a.eml", b"From: a\nMIME-Version: 1.0\n\nHello", "mail message"),
    ("a.msg", b"From: a@b.c\r\nTo: d@e.f\r\nDate: x\r\nMIME-Version: 1.0\r\n\r\nHello", "mail message"),
    ("a.mht", b"From: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related; x\r\n\r\n", "web archive"),
    ("1543.M5P9.host", b"Return-Path: <a@b.c>\r\nReceived: by d\r\nFrom: a@b.c\r\n\r\nHello", "mail message"),
    ("0001", b"From: a@b.c\nTo: d@e.f\nMIME-Version: 1.0\nContent-Type: multipart/related; x\n\n", "mail message"),
    ("saved", b"From: <Saved by Blink>\nMIME-Version: 1.0\nContent-Type: multipart/related; x\n\n", "web archive"),
    ("cut.log", b"a line of a log with one zero \0", "text"),
    ("notes", b"Date: today\n\nFrom: all of us\nReceived: nothing", "text"),
    ("inbox", b"From a@b.c Mon Jan  1 2001\nFrom: a@b.c\nDate: x\n\nOne\n\nFrom b@c.d Tue\nFrom: b\n\nTwo", "text"),
    ("Makefile", b"all:\n\tcc x.c\n", "text"),
    ("notes.of-an-unknown-kind", "Überall Text".encode("latin-1"), "text"),
    ("answer", b'{"a": [1, 2]}', "JSON"),
    ("page", HTML, "HTML"),
]


@pytest.mark.parametrize(("name", "content", "expected"), RECOGNISED, ids=[f"{row[2]}-{row[0]}" for row in RECOGNISED])
def test_file_is_recognised_by_its_content(name: str, content: bytes, expected: str) -> None:
    identified = identify(name, io.BytesIO(content))
    assert identified.format.name == expected
    named = by_name(name)
    assert (identified.correction is None) == (named in (None, identified.format))


CORRECTED: list[tuple[str, bytes, str]] = [
    ("a.doc", RTF, "the name says Word 97-2003 document, the content is RTF"),
    ("a.doc", DOCX, "the name says Word 97-2003 document, the content is Word document"),
    ("a.doc", HTML, "the name says Word 97-2003 document, the content is HTML"),
    ("a.doc", b'<?xml version="1.0"?><w:wordDocument/>', "the name says Word 97-2003 document, the content is XML"),
    ("a.dot", b"// flow\ndigraph G {\n a -> b\n}", "the name says Word 97-2003 document, the content is source code"),
    ("a.dot", b"strict graph {", "the name says Word 97-2003 document, the content is source code"),
    ("a.xls", b"<table border=1><tr><td>1</table>", "the name says Excel 97-2003 workbook, the content is HTML"),
    ("a.xls", b"a,b\n1,2\n", "the name says Excel 97-2003 workbook, the content is CSV"),
    ("a.xls", b"a\tb, c\n1\t2\n", "the name says Excel 97-2003 workbook, the content is TSV"),
    ("a.xls", "a\tb\n1\t2\n".encode("utf-16"), "the name says Excel 97-2003 workbook, the content is TSV"),
    ("a.xls", XLSX, "the name says Excel 97-2003 workbook, the content is Excel workbook"),
    ("a.csv", HTML, "the name says CSV, the content is HTML"),
    ("a.xml", HTML, "the name says XML, the content is HTML"),
    ("a.docx", packed("notes.txt"), "the name says Word document, the content is ZIP archive"),
    ("a.docx", compound("WordDocument"), "the name says Word document, the content is Word 97-2003 document"),
    ("a.txt", PDF, "the name says text, the content is PDF"),
    ("a.txt", RTF, "the name says text, the content is RTF"),
    ("a.pdf", b"plain text", "the name says PDF, the content is text"),
    ("a.pdf", HTML, "the name says PDF, the content is HTML"),
    ("a.png", JPEG, "the name says PNG picture, the content is JPEG picture"),
    ("a.svgz", b"<svg></svg>", "the name says compressed SVG picture, the content is SVG picture"),
    ("a.ts", (b"G" + bytes(187)) * 4, "the name says source code, the content is MPEG video"),
    ("a.mp4", movie(b"qt  "), "the name says MP4 video, the content is QuickTime video"),
    ("a.xbm", b"some text", "the name says XBM picture, the content is text"),
]


@pytest.mark.parametrize(("name", "content", "words"), CORRECTED, ids=[row[2][9:] for row in CORRECTED])
def test_correction_says_what_the_name_promised_and_what_the_content_is(name: str, content: bytes, words: str) -> None:
    assert found(name, content)[1] == words


REFUSED: list[tuple[str, bytes, str]] = [
    ("setup.txt", ELF, "a program for Linux"),
    ("setup.pdf", b"MZ\x90\x00\x03" + bytes(60), "a program for Windows"),
    ("tool.md", b"\xcf\xfa\xed\xfe\x07\x00\x00\x01" + bytes(30), "a program for macOS"),
    ("A.txt", b"\xca\xfe\xba\xbe\x00\x00\x00\x34" + bytes(30), "Java"),
    ("module.txt", b"\x00asm\x01\x00\x00\x00", "WebAssembly"),
    ("song.mp4", movie(b"M4A "), "an audio file"),
    ("song.wav", b"RIFF\x10\x00\x00\x00WAVEfmt " + bytes(20), "an audio file"),
    ("store.csv", b"SQLite format 3\x00" + bytes(80), "an SQLite database"),
    ("letter.doc", b"\xffWPC\x10\x00\x00\x00" + bytes(30), "a WordPerfect document"),
    ("plan.doc", compound("VisioDocument"), "a Visio drawing"),
    ("deck.zip", packed("Index/Document.iwa", "Metadata/Properties.plist"), "Keynote"),
    ("backup.zip", bytes(range(256)) * 4, "no archive by its content: it is damaged, or one part of several"),
    ("noise.txt", bytes(range(256)) * 4, "neither text nor of a format that is known"),
    ("zeros.txt", bytes(5_000), "neither text nor of a format that is known"),
]


@pytest.mark.parametrize(("name", "content", "words"), REFUSED, ids=[row[0] for row in REFUSED])
def test_what_is_no_document_is_refused_by_what_it_is(name: str, content: bytes, words: str) -> None:
    with pytest.raises(UnsupportedFile, match=words) as caught:
        found(name, content)
    assert f"'{name}'" in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize("name", ["a.docx", "a.xlsx", "a.doc", "noname"])
def test_encrypted_office_file_needs_a_password(name: str) -> None:
    with pytest.raises(PasswordRequired, match="protected by a password"):
        found(name, compound("EncryptionInfo", "EncryptedPackage"))


def test_a_document_that_another_program_can_save_says_so() -> None:
    with pytest.raises(UnsupportedFile, match=r"WordPerfect document.*save it as DOCX"):
        identify("a.doc", io.BytesIO(b"\xffWPC" + bytes(60)))


def test_empty_file_is_refused_in_the_contracts_words() -> None:
    with pytest.raises(EmptyFile) as caught:
        found("a.txt", b"")
    assert str(caught.value) == "File size is zero, please confirm and re-upload the file"


def test_stream_is_back_at_its_beginning() -> None:
    for content in (DOCX, compound("Workbook"), b"text"):
        stream = io.BytesIO(content)
        stream.seek(3)
        identify("a", stream)
        assert stream.tell() == 0


# ---- robustness

# fmt: off
_STARTS = st.sampled_from([
    DOCX, XLSX, PPTX, compound("WordDocument"), compound("a", inner=("b",)), PDF, PNG, ELF, HTML, RTF, BITMAP, tar(),
    movie(b"isom"), b"RIFF\0\0\0\0", b"\x1a\x45\xdf\xa3", b"\xff\xfe", b"\xfe\xff", b"\xff\xfe\0\0", b"PK\x03\x04", b"",
    b"<!-- --> " * 40, b"/* */ " * 40, b"[" * 3_000, b'{"a":' * 3_000, b"PK\x05\x06" + b"\xff" * 18,
])
# fmt: on


@st.composite
def _damaged(draw: st.DrawFn) -> bytes:
    content = bytearray(draw(_STARTS) + draw(st.binary(max_size=200)))
    for _ in range(draw(st.integers(0, 6))):
        if content:
            content[draw(st.integers(0, len(content) - 1))] = draw(st.integers(0, 255))
    return bytes(content[: draw(st.integers(0, len(content)))]) if draw(st.booleans()) else bytes(content)


@settings(max_examples=400)
@given(
    name=st.sampled_from(["a", *(f"a{known.extensions[0]}" for known in FORMATS)]) | st.text(max_size=12),
    content=_damaged() | st.binary(max_size=400),
)
@example(name="a.json", content=b"[" * 60_000)
@example(name="a", content=b"[" * 60_000)
@example(name="a\x00.doc", content=compound())
def test_any_bytes_are_identified_or_refused_with_an_error_of_ours(name: str, content: bytes) -> None:
    try:
        identified = identify(name, io.BytesIO(content))
    except KimiFilesError:
        return
    assert identified.format in FORMATS


def test_repeated_comments_cost_no_more_than_their_length() -> None:
    """These took time exponential in their number when the patterns could go back."""
    for name, comment in (("a", b"<!-- -->"), ("a.dot", b"/* */"), ("a.xbm", b"/**/"), ("a", b"<?xml ?>")):
        assert found(name, comment * 8_000 + b"!")[0] in ("text", "XML")


class _Counting(io.BytesIO):
    """A file that counts what is read of it."""

    amount = 0

    def read(self, size: int | None = -1) -> bytes:
        content = super().read(size)
        self.amount += len(content)
        return content


def test_container_of_many_members_is_read_in_part_only() -> None:
    stream = _Counting(packed(*(f"folder/{number:0>80}" for number in range(12_000)), compression=zipfile.ZIP_STORED))
    assert identify("a.zip", stream).format.name == "ZIP archive"
    assert stream.amount < 1_200_000 < len(stream.getvalue())


def test_directory_that_leads_back_to_itself_ends() -> None:
    content = bytearray(compound("WordDocument", *(f"s{number}" for number in range(20))))
    struct.pack_into("<I", content, 512 + 4, 1)  # the directory's first sector is followed by itself
    assert found("a.doc", bytes(content))[0] == "Word 97-2003 document"
    content = bytearray(compound("x", "WordDocument"))
    struct.pack_into("<I", content, 1024 + 128 + 72, 1)  # an entry is its own neighbour
    with pytest.raises(UnsupportedFile):
        found("a.doc", bytes(content))


# ---- text

TEXTS = {
    "empty": b"",
    "a mark alone": b"\xff\xfe",
    "ASCII": b"hello\r\n\tworld\x0c",
    "UTF-8": "Grüße, 世界, мир 🙂".encode(),
    "UTF-8 with mark": "\ufeffhello".encode(),
    "UTF-8 cut in a character": "世界".encode()[:-1],
    "UTF-16 with mark": "hello 世界 🙂".encode("utf-16"),
    "UTF-16 big-endian with mark": b"\xfe\xff" + "hello".encode("utf-16-be"),
    "UTF-16 cut in a character": ("a" * 7 + "🙂").encode("utf-16")[:-2],
    "UTF-16 without mark": "hello, world".encode("utf-16-le"),
    "UTF-16 big-endian without mark": "hello, world".encode("utf-16-be"),
    "Chinese UTF-16 without mark": "第一章 总则\n本办法适用于各级机关。".encode("utf-16-le"),
    "UTF-32 with mark": "hello".encode("utf-32"),
    "UTF-32 without mark": "hello".encode("utf-32-le"),
    "GB18030": "中文文本，用于测试。".encode("gb18030"),
    "Big5": "中文文字測試".encode("big5"),
    "Shift-JIS": "これは日本語のテキストです".encode("shift-jis"),
    "EUC-KR": "한국어 텍스트".encode("euc-kr"),
    "ISO-2022-JP": "日本語テキスト".encode("iso-2022-jp"),
    "Windows-1252": "“Überraschung” – naïve".encode("cp1252"),
    "KOI8-R": "Привет, мир".encode("koi8-r"),
    "ISO-2022-KR": "회의는 금요일 오전 아홉 시에 서울에서 열립니다.".encode("iso2022_kr"),
    "DOS with its end mark": "Grüße\r\n\x1a".encode("cp850"),
    "settings of an editor with control characters": ("map \x16 é and \x16 ü\n" + "plain lines " * 4).encode(),
    "colours of a terminal": b"\x1b[31mred\x1b[0m\n",
    "log with a stray zero": b"a line of a log\n" * 40 + b"\x00" + b"and on it goes\n" * 40,
}

BINARIES = {
    "zeros": bytes(100),
    "one zero": b"\x00",
    "noise": bytes((number * 73 + 41) % 256 for number in range(600)),
    "numbers of two bytes": b"".join(number.to_bytes(2, "little") for number in range(1, 300)),
    "noise with a mark of UTF-16": b"\xff\xfe" + bytes((number * 73 + 41) % 256 for number in range(600)),
    "picture": PNG,
    "program": ELF,
    "compressed": gzip.compress(bytes(range(256)) * 3),
}


@pytest.mark.parametrize("content", TEXTS.values(), ids=TEXTS.keys())
def test_text_of_every_encoding_looks_like_text(content: bytes) -> None:
    assert looks_like_text(content)


@pytest.mark.parametrize("content", BINARIES.values(), ids=BINARIES.keys())
def test_what_is_not_text_does_not_look_like_it(content: bytes) -> None:
    assert not looks_like_text(content)


@given(st.text(min_size=1, max_size=300).filter(lambda text: text.isprintable()))
def test_printable_text_in_utf_8_is_text_wherever_it_is_cut(text: str) -> None:
    content = text.encode()
    assert all(looks_like_text(content[:end]) for end in range(0, len(content), 7))


# ---- the table

CONTRACT = """
.pdf .txt .csv .doc .docx .xls .xlsx .ppt .pptx .md .dot .epub .html .json .mobi .log .go .h .c .cpp .cxx .cc .cs .java .js
.css .jsp .php .py .py3 .asp .yaml .yml .ini .conf .ts .tsx .jpeg .png .bmp .gif .svg .svgz .webp .ico .xbm .dib .pjp .tif
.pjpeg .avif .apng .tiff .jfif .jpg .heic .heif .mp4 .mpeg .mov .avi .flv .mpg .webm .wmv .3gpp .jsonl
"""


def test_every_extension_of_the_contract_is_in_the_table() -> None:
    extensions = CONTRACT.split()
    assert len(extensions) >= 54
    assert [extension for extension in extensions if by_name(f"file{extension.upper()}") is None] == []


def test_no_extension_stands_twice_and_no_name() -> None:
    extensions = [extension for known in FORMATS for extension in known.extensions]
    assert len(extensions) == len(set(extensions))
    assert len({known.name for known in FORMATS}) == len(FORMATS)
    assert all(extension == extension.lower() and extension.startswith(".") for extension in extensions)


def test_every_format_of_the_module_is_in_the_table() -> None:
    defined = [value for value in vars(formats).values() if isinstance(value, formats.Format)]
    assert set(defined) == set(FORMATS)


def test_purposes_and_readers_of_the_table() -> None:
    for reader in {known.reader for known in FORMATS if known.reader}:
        assert find_spec(f"kimi_files.extract.{reader}") is not None
    for known in FORMATS:
        assert known.purposes
        # Drawings are text and picture at once.
        assert (known.picture or known.reader == "svg") == ("image" in known.purposes)
        assert known.media_type.count("/") == 1
    assert [known.name for known in FORMATS if "batch" in known.purposes] == ["JSON Lines"]


def test_format_without_a_reader_is_refused_with_the_remedy() -> None:
    assert require_reader("a.docx", formats.DOCX) == "word"
    with pytest.raises(
        UnsupportedFile, match=r"'a\.rar' cannot be read: there is no reader for the format RAR archive"
    ):
        require_reader("a.rar", formats.RAR)
    with pytest.raises(UnsupportedFile, match="purpose 'video'"):
        require_reader("a.mp4", formats.MP4)


# ---- limits


def test_limits_speak_the_contracts_words() -> None:
    formats.check_size(1)
    formats.check_size(formats.MAX_FILE_BYTES)
    with pytest.raises(EmptyFile):
        formats.check_size(0)
    with pytest.raises(FileTooLarge) as caught:
        formats.check_size(formats.MAX_FILE_BYTES + 1)
    assert str(caught.value) == "File size is too large, max file size is 100MB, please confirm and re-upload the file"
    assert str(formats.too_many_files()) == (
        "The number of files you have uploaded exceeded the max file count 1000, please delete previous uploaded files"
    )
    assert "10GB" in str(formats.too_many_bytes())


def test_purpose_is_one_of_four() -> None:
    assert formats.check_purpose("batch") == "batch"
    with pytest.raises(InvalidPurpose, match=r"Invalid purpose: 'fine-tune'\. It is one of file-extract, image"):
        formats.check_purpose("fine-tune")


def test_table_needs_nothing_but_the_standard_library_and_the_models() -> None:
    source = Path(formats.__file__).read_text(encoding="utf-8")
    imported = {
        line.split()[1].partition(".")[0] for line in source.splitlines() if line.startswith(("import ", "from "))
    }
    assert imported - set(sys.stdlib_module_names) == {"kimi_files"}
