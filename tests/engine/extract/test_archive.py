"""What is in an archive is listed, and each file in it is read as a file of its own, within limits."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile

import pytest

from kimi_files.errors import (
    DamagedFile,
    EmptyFile,
    KimiFilesError,
    PasswordRequired,
    PathNotFound,
    TooComplex,
    UnsupportedFile,
)
from kimi_files.extract import archive
from kimi_files.extract.archive import opened_member
from kimi_files.formats import identify
from tests.engine.extract.reading import read
from tests.samples.mail import eml
from tests.samples.word import docx, paragraph

FILES = {"notes/a.txt": b"first", "b.docx": docx([paragraph("Second")]), "empty.txt": b""}


def zipped(files: dict[str, bytes] | None = None, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as container:
        for name, content in (FILES if files is None else files).items():
            container.writestr(name, content)
    return stream.getvalue()


def tarred(files: dict[str, bytes] | None = None) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as container:
        for name, content in (FILES if files is None else files).items():
            found = tarfile.TarInfo(name)
            found.size, found.mtime = len(content), 1_700_000_000
            container.addfile(found, io.BytesIO(content))
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        container.addfile(link)
    return stream.getvalue()


ARCHIVES = {
    "a.zip": zipped(),
    "stored.zip": zipped(method=zipfile.ZIP_STORED),
    "a.tar": tarred(),
    "a.tar.gz": gzip.compress(tarred()),
    "a.tgz": gzip.compress(tarred()),
    "a.tar.bz2": bz2.compress(tarred()),
    "a.tar.xz": lzma.compress(tarred()),
}


@pytest.mark.parametrize("name", ARCHIVES)
def test_an_archive_is_listed_and_its_files_are_read(name: str) -> None:
    (text,) = read(archive.read, ARCHIVES[name], name).texts
    assert f"of 3 files, {len(FILES['b.docx']) + 5:,} bytes unpacked" in text
    assert f"{name}!/notes/a.txt" in text
    assert "| notes/a.txt | 5 |" in text
    assert "link" not in text
    for member in ("notes/a.txt", "b.docx"):
        assert opened_member(io.BytesIO(ARCHIVES[name]), name, member).read() == FILES[member]
    with pytest.raises(EmptyFile):
        opened_member(io.BytesIO(ARCHIVES[name]), name, "empty.txt")


@pytest.mark.parametrize("typed", ["NOTES/A.txt", "./notes/a.txt", "notes\\a.txt", "/notes//a.txt"])
def test_a_file_is_found_by_what_reads_the_same(typed: str) -> None:
    assert opened_member(io.BytesIO(ARCHIVES["a.zip"]), "a.zip", typed).read() == b"first"


@pytest.mark.parametrize(
    ("typed", "hint"), [("a.txt", "notes/a.txt"), ("notes/b.txt", "notes/a.txt"), ("q" * 9, "Read 'a.zip'")]
)
def test_a_file_that_is_not_there_is_told_from_what_is(typed: str, hint: str) -> None:
    with pytest.raises(PathNotFound) as caught:
        opened_member(io.BytesIO(ARCHIVES["a.zip"]), "a.zip", typed)
    assert hint in caught.value.hint


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_a_single_packed_file_is_read_as_what_it_is(pack: object) -> None:
    assert callable(pack)
    reading = read(archive.read, pack(b"# Log\n\nwords"), "notes.md.gz")
    assert reading.texts == ["# Log\n\nwords"]
    assert reading.outline == [(1, "Log", 1)]
    assert reading.warnings == ["This is the packed file notes.md: Markdown."]
    assert opened_member(io.BytesIO(pack(b"words")), "notes.md.gz", "notes.md").read() == b"words"


def test_what_is_packed_again_and_again_is_refused() -> None:
    content = b"words"
    for _ in range(3):
        content = gzip.compress(content)
    assert read(archive.read, content, "a.txt.gz.gz.gz").texts == ["words"]
    with pytest.raises(TooComplex, match="packed more than 2 times"):
        read(archive.read, gzip.compress(content), "a.gz")


def test_a_tar_archive_from_before_the_standard_is_known_by_its_sum() -> None:
    header = bytearray(tarfile.TarInfo("old.txt").tobuf(tarfile.USTAR_FORMAT))
    header[257:265] = bytes(8)
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    content = bytes(header) + bytes(1024)
    assert identify("old.bin", io.BytesIO(content)).format.name == "tar archive"
    assert "| old.txt |" in read(archive.read, content, "old.tar").texts[0]


def test_names_in_the_encoding_of_another_machine_are_read() -> None:
    content = zipped({"x" * 24: b"1"})
    name = "审计压缩包文件检索.txt".encode("gbk")
    assert len(name) <= 24
    content = content.replace(b"x" * 24, name.ljust(24, b"t"))
    (text,) = read(archive.read, content, "a.zip").texts
    assert "审计压缩包文件检索.txt" in text


@pytest.mark.parametrize(
    ("encoding", "names"),
    [
        ("cp437", ["Übersicht.txt", "Größe.xls"]),
        ("cp850", ["Åse Ødegård.doc"]),
        ("cp1252", ["résumé.doc"]),
        ("cp932", ["請求書.pdf", "新しいフォルダー.txt"]),
        ("cp866", ["отчёт.doc"]),
        ("gbk", ["新建文本文档.txt"]),
    ],
)
def test_names_are_those_that_were_meant_in_zip_and_tar(encoding: str, names: list[str]) -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT, encoding=encoding) as container:
        for name in names:
            container.addfile(tarfile.TarInfo(name))
    legacy = zipped({f"@{number}".ljust(len(name.encode(encoding)), "-"): b"" for number, name in enumerate(names)})
    for number, name in enumerate(names):
        written = name.encode(encoding)
        legacy = legacy.replace(f"@{number}".ljust(len(written), "-").encode(), written)
    for content, archive_name in ((stream.getvalue(), "a.tar"), (legacy, "a.zip")):
        (text,) = read(archive.read, content, archive_name).texts
        assert all(f"| {name} |" in text for name in names)


def test_of_several_files_of_one_name_the_last_is_read_as_when_unpacked() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as container:
        container.writestr("a.txt", b"one")
        with pytest.warns(UserWarning, match="Duplicate name"):
            container.writestr("a.txt", b"two")
    (text,) = read(archive.read, stream.getvalue(), "a.zip").texts
    assert text.count("replaced further down") == 1
    assert opened_member(stream, "a.zip", "a.txt").read() == b"two"


def test_a_second_name_of_a_file_in_a_tar_archive_reads_as_the_file() -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as container:
        found = tarfile.TarInfo("a.txt")
        found.size = 5
        container.addfile(found, io.BytesIO(b"first"))
        for target in ("a.txt", "/etc/passwd"):
            link = tarfile.TarInfo(f"link to {target}")
            link.type, link.linkname = tarfile.LNKTYPE, target
            container.addfile(link)
    (text,) = read(archive.read, stream.getvalue(), "a.tar").texts
    assert "of 2 files" in text
    assert opened_member(stream, "a.tar", "link to a.txt").read() == b"first"
    with pytest.raises(PathNotFound):
        opened_member(stream, "a.tar", "link to /etc/passwd")


@pytest.mark.parametrize("name", ["/etc/passwd", "../../up.txt", "C:\\win\\x.txt"])
def test_names_that_lead_out_of_the_archive_are_names_in_it(name: str) -> None:
    for content, archive_name in ((zipped({name: b"inside"}), "a.zip"), (tarred({name: b"inside"}), "a.tar")):
        assert opened_member(io.BytesIO(content), archive_name, name).read() == b"inside"


def test_zip_archives_of_many_or_large_files_are_read() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as container, container.open("64.txt", "w", force_zip64=True) as member:
        member.write(b"words")
    assert opened_member(stream, "a.zip", "64.txt").read() == b"words"
    many = zipped({f"{number}": b"" for number in range(1 << 16)} | {"last.txt": b"last"})
    assert opened_member(io.BytesIO(many), "a.zip", "last.txt").read() == b"last"


def test_more_files_than_are_gone_through_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    directory = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 0xFFFE, 0xFFFE, 25 << 20, 0, 0)
    with pytest.raises(TooComplex, match="more files"):
        read(archive.read, b"PK\3\4" + bytes(25 << 20) + directory, "a.zip")
    monkeypatch.setattr(archive, "_MOST_NAMES", 3)
    for name, content in (
        ("a.tar", tarred({str(number): b"" for number in range(9)})),
        ("a.zip", zipped(dict.fromkeys("abcd", b""))),
    ):
        with pytest.raises(TooComplex, match="more files"):
            read(archive.read, content, name)


def test_archives_in_an_archive_are_opened_to_a_depth() -> None:
    inner = zipped({"deep.txt": b"deep", "again.zip": zipped({"x.txt": b"x"})})
    outer = io.BytesIO(zipped({"in/inner.zip": inner}))
    assert opened_member(outer, "a.zip", "in/inner.zip!/deep.txt").read() == b"deep"
    with pytest.raises(TooComplex, match="more than 2 archives"):
        opened_member(outer, "a.zip", "in/inner.zip!/again.zip!/x.txt")


def test_parts_of_documents_and_attachments_of_mail_are_files_in_them() -> None:
    document = io.BytesIO(FILES["b.docx"])
    assert b"Second" in opened_member(document, "b.docx", "word/document.xml").read()
    mail = io.BytesIO(eml("x", attachments=[("photo.png", b"\x89PNG\r\n")], Subject="s").as_bytes())
    assert opened_member(mail, "a.eml", "photo.png").read() == b"\x89PNG\r\n"
    with pytest.raises(UnsupportedFile, match="no archive"):
        opened_member(io.BytesIO(b"words"), "a.txt", "x")


def test_a_file_behind_a_password_is_named_and_refused() -> None:
    content = bytearray(zipped({"a.txt": b"first"}))
    content[6] |= 1
    content[content.rindex(b"PK\x01\x02") + 8] |= 1
    assert "needs a password" in read(archive.read, bytes(content), "a.zip").texts[0]
    with pytest.raises(PasswordRequired):
        opened_member(io.BytesIO(bytes(content)), "a.zip", "a.txt")


@pytest.mark.parametrize(
    ("name", "content", "member"),
    [
        ("a.zip", zipped({"bomb.txt": bytes(99 << 20)}), "bomb.txt"),
        ("a.zip", zipped({"large.txt": bytes(101 << 20)}), "large.txt"),
        ("a.gz", gzip.compress(bytes(101 << 20)), "a"),
        ("a.tar.gz", gzip.compress(tarred({"bomb.txt": bytes(101 << 20)})), "bomb.txt"),
    ],
    ids=["ratio", "size", "gzip", "tar"],
)
def test_what_unpacks_to_more_than_is_read_is_refused(name: str, content: bytes, member: str) -> None:
    with pytest.raises(TooComplex):
        opened_member(io.BytesIO(content), name, member)


def test_a_listing_that_unpacks_without_end_is_refused() -> None:
    with pytest.raises(TooComplex):
        read(archive.read, gzip.compress(tarred({"bomb.txt": bytes(99 << 20)})), "a.tgz")


@pytest.mark.parametrize("name", ARCHIVES)
def test_cut_off_archives_end_as_a_list_or_as_one_error(name: str) -> None:
    content, failed = ARCHIVES[name], 0
    for size in range(100, len(content), max(len(content) // 30, 1)):
        try:
            read(archive.read, content[:size], name)
        except KimiFilesError:
            failed += 1
    assert failed


def test_a_part_of_a_split_archive_says_what_it_is() -> None:
    for name in ("a.zip.001", "a.z01", "a.part1.zip"):
        with pytest.raises(DamagedFile, match="one part of a split archive"):
            read(archive.read, ARCHIVES["a.zip"][:300], name)


def test_a_damaged_tar_archive_is_called_damaged() -> None:
    with pytest.raises(DamagedFile, match="damaged or cut off"):
        read(archive.read, b"x" * 148 + b"nonsense" + b"x" * 101 + b"ustar\x0000" + bytes(300), "a.tar")


def test_other_ways_of_packing_are_refused_in_words() -> None:
    content = bytearray(zipped({"a.txt": b"first"}))
    content[8:10] = content[content.rindex(b"PK\x01\x02") + 10 : content.rindex(b"PK\x01\x02") + 12] = b"\x09\x00"
    with pytest.raises(UnsupportedFile, match="packed in a way"):
        opened_member(io.BytesIO(bytes(content)), "a.zip", "a.txt")
    with pytest.raises(DamagedFile):
        opened_member(io.BytesIO(ARCHIVES["a.zip"][:-40]), "a.zip", "b.docx")
