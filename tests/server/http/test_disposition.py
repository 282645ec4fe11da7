"""File names as clients write them, and what is refused."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kimi_files_mcp.http.disposition import Disposition, parse_disposition
from kimi_files_mcp.http.errors import InvalidUpload


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ('form-data; name="file"; filename="report.pdf"', "report.pdf"),
        ("form-data; name=file; filename=report.pdf", "report.pdf"),
        ('Form-Data;name="file";FileName="report.pdf"', "report.pdf"),
        ('form-data; filename="report.pdf"; name="file"', "report.pdf"),
        ('form-data; name="file"; filename="a; name=b.pdf"', "a; name=b.pdf"),
        ('form-data; name="file"; filename="说明 %22最终%22.docx"', '说明 "最终".docx'),
        ('form-data; name="file"; filename="say \\"hi\\".txt"', 'say "hi".txt'),
        ('form-data; name="file"; filename="back\\\\slash.txt"', "back\\slash.txt"),
        ('form-data; name="file"; filename="100%25 sure.txt"', "100%25 sure.txt"),
        ('form-data; name="file"; filename="C:\\Users\\me\\report.pdf"', "report.pdf"),
        ('form-data; name="file"; filename="../../etc/passwd"', "passwd"),
        ("form-data; name=\"file\"; filename*=UTF-8''%e5%b9%b4%e5%ba%a6.pdf", "年度.pdf"),
        ('form-data; name="file"; filename="____.pdf"; filename*=utf-8\'zh\'%E5%B9%B4.pdf', "年.pdf"),
        ("form-data; name=\"file\"; filename*=ISO-8859-1''caf%e9.txt", "café.txt"),
        ('form-data; name="file"', None),
    ],
)
def test_a_file_name_is_read_as_its_client_meant_it(header, name):
    assert parse_disposition(header.encode()) == Disposition("file", name)


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"attachment; filename=a.txt",
        b'form-data; filename="a.txt"',
        b'form-data; name="file"; filename="a.txt',
        b'form-data; name="file"; filename="a.txt"; filename="b.txt"',
        b'form-data; name="file"; filename=""',
        b'form-data; name="file"; filename="folder/"',
        b'form-data; name="file"; filename=".."',
        b'form-data; name="file"; filename="line%0D%0Abreak.txt"',
        b'form-data; name="file"; filename="nul\x00.txt"',
        b'form-data; name="file"; filename="\xc4\xea.txt"',
        b"form-data; name=\"file\"; filename*=gb18030''%c4%ea.txt",
        b"form-data; name=\"file\"; filename*=UTF-8''%ff.txt",
        b'form-data; name="file"; filename*=plain.txt',
        b'form-data; name="file"; filename="' + b"a" * 256 + b'"',
    ],
)
def test_what_names_no_file_is_refused(header):
    with pytest.raises(InvalidUpload):
        parse_disposition(header)


names = st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="/\\%"), min_size=1, max_size=80)


@given(names.filter(lambda name: name not in (".", "..")))
def test_every_name_survives_the_way_that_browsers_and_httpx_write_it(name):
    header = f'form-data; name="file"; filename="{name.replace(chr(34), "%22")}"'
    assert parse_disposition(header.encode()).file_name == name


@given(st.binary(max_size=200))
def test_no_header_does_anything_but_parse_or_be_refused(noise):
    with contextlib.suppress(InvalidUpload):
        parse_disposition(b"form-data; " + noise)
