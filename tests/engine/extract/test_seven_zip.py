"""7z archives are listed and read without a library for them; what is damaged, locked or vast ends in one error."""

from __future__ import annotations

import io
import random

import pytest

from kimi_files.errors import DamagedFile, EmptyFile, KimiFilesError, PasswordRequired, TooComplex, UnsupportedFile
from kimi_files.extract import archive
from kimi_files.extract.archive import opened_member
from tests.engine.extract.reading import read
from tests.samples import seven_zip
from tests.samples.seven_zip import COPY, ENCRYPTED, LINK_ATTRIBUTES, LZMA, LZMA2, METHODS, PPMD, with_header

PROGRAM = b"\xe8\x10\0\0\0words \xe9\x20\0\0\0" * 40


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("packed_header", [False, True])
def test_an_archive_is_listed_and_its_files_are_read(method: str, packed_header: bool) -> None:
    files = {"notes/报告.txt": "第一".encode() * 99, "b.bin": PROGRAM, "last.txt": b"x"}
    content = seven_zip.seven_zip(
        [(METHODS[method], files), (COPY, {"other.txt": b"other"})], empty=["empty.txt"], packed_header=packed_header
    )
    (text,) = read(archive.read, content, "a.7z").texts
    assert f"7z archive of 5 files, {sum(map(len, files.values())) + 5:,} bytes unpacked" in text
    assert "| notes/报告.txt | 594 | 2023-11-14 22:13 |" in text
    for name, expected in {**files, "other.txt": b"other"}.items():
        assert opened_member(io.BytesIO(content), "a.7z", name).read() == expected
    with pytest.raises(EmptyFile):
        opened_member(io.BytesIO(content), "a.7z", "empty.txt")


def test_an_archive_of_nothing_says_so() -> None:
    assert read(archive.read, with_header(b"", b""), "a.7z").texts == ["7z archive of 0 files, 0 bytes unpacked."]


def test_links_are_no_files_and_a_file_without_a_name_has_the_archives() -> None:
    content = seven_zip.seven_zip(
        [(LZMA2, {"link": b"/etc/passwd", "": b"nameless"})], attributes={"link": LINK_ATTRIBUTES}
    )
    (text,) = read(archive.read, content, "backup.7z").texts
    assert "link" not in text
    assert opened_member(io.BytesIO(content), "backup.7z", "backup").read() == b"nameless"


def test_what_cannot_be_unpacked_is_listed_and_refused_in_words() -> None:
    content = seven_zip.seven_zip([(ENCRYPTED, {"secret.txt": b"x" * 16}), (PPMD, {"p.txt": b"y" * 16})])
    (text,) = read(archive.read, content, "a.7z").texts
    assert "| secret.txt | 16 | 2023-11-14 22:13 needs a password |" in text
    with pytest.raises(PasswordRequired):
        opened_member(io.BytesIO(content), "a.7z", "secret.txt")
    with pytest.raises(UnsupportedFile, match="packed in a way"):
        opened_member(io.BytesIO(content), "a.7z", "p.txt")


def test_names_behind_a_password_are_said_to_be() -> None:
    inner = b"\x17" + seven_zip.streams([ENCRYPTED], [b"x" * 16], 0, [16]) + b"\0"
    with pytest.raises(PasswordRequired, match=r"'a\.7z'"):
        read(archive.read, with_header(b"x" * 16, inner), "a.7z")


def test_what_unpacks_to_more_than_is_read_is_refused() -> None:
    bomb = seven_zip.seven_zip([(LZMA, {"zeros.txt": bytes(80 << 20)})])
    assert len(bomb) < 1 << 20
    with pytest.raises(TooComplex, match="unpacks to more"):
        opened_member(io.BytesIO(bomb), "a.7z", "zeros.txt")
    liar = seven_zip.seven_zip([(LZMA, {"a.txt": b"words"})], told=1 << 62)
    with pytest.raises(KimiFilesError):
        opened_member(io.BytesIO(liar), "a.7z", "a.txt")


def test_a_file_whose_check_does_not_fit_is_damaged() -> None:
    content = seven_zip.seven_zip([(COPY, {"a.txt": b"words"})]).replace(b"words", b"sword")
    with pytest.raises(DamagedFile, match=r"'a\.7z' is damaged"):
        opened_member(io.BytesIO(content), "a.7z", "a.txt")


@pytest.mark.parametrize("packed_header", [False, True])
def test_a_damaged_directory_ends_as_a_list_or_as_one_error(packed_header: bool) -> None:
    """Every byte of it is changed; its checks are made to fit, so that the change is seen by what reads it."""
    files = {f"{number}.txt": b"words %d" % number for number in range(3)}
    content = seven_zip.seven_zip([(LZMA2, files)], empty=["e.txt"], packed_header=packed_header)
    size = int.from_bytes(content[12:20], "little")
    body, header = content[32 : 32 + size], content[32 + size :]
    rng = random.Random(7)
    outcomes = set()
    for at in range(len(header)):
        for value in (0, 1, 0x7F, 0xFF, header[at] ^ 1 << rng.randrange(8)):
            damaged = with_header(body, header[:at] + bytes((value,)) + header[at + 1 :])
            for size in (len(damaged), 32 + len(body) + at):
                outcomes.add(_outcome(damaged[:size]))
    assert {"read", "DamagedFile", "PathNotFound"} <= outcomes


def _outcome(content: bytes) -> str:
    try:
        read(archive.read, content, "a.7z")
        opened_member(io.BytesIO(content), "a.7z", "2.txt")
    except KimiFilesError as error:
        return type(error).__name__
    return "read"
