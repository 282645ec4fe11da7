"""The form of an upload, however its bytes are cut."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kimi_files.errors import EmptyFile, FileTooLarge, InvalidPurpose
from kimi_files_mcp.http.errors import InvalidUpload
from kimi_files_mcp.http.upload import UploadForm

BOUNDARY = b"b0undary"


def part(disposition: str, data: bytes, *headers: str) -> bytes:
    lines = [f"Content-Disposition: form-data; {disposition}", *headers]
    return b"--" + BOUNDARY + b"\r\n" + "\r\n".join(lines).encode() + b"\r\n\r\n" + data + b"\r\n"


def file_part(data: bytes = b"some text", name: str = "a.txt") -> bytes:
    return part(f'name="file"; filename="{name}"', data, "Content-Type: application/octet-stream")


PURPOSE = part('name="purpose"', b"file-extract")
END = b"--" + BOUNDARY + b"--\r\n"


def read(body: bytes, *cuts: int) -> tuple[str, str, bytes]:
    """Name, purpose and bytes of the file in a body that arrives cut at these places."""
    form = UploadForm(BOUNDARY)
    taken = b""
    edges = [0, *sorted(cut % (len(body) + 1) for cut in cuts), len(body)]
    for start, end in itertools.pairwise(edges):
        form.feed(body[start:end])
        taken += b"".join(form.take())
    name, purpose = form.finish()
    return name, purpose, taken


@pytest.mark.parametrize("body", [PURPOSE + file_part() + END, file_part() + PURPOSE + END])
def test_the_parts_may_come_in_either_order(body):
    assert read(body) == ("a.txt", "file-extract", b"some text")


awkward = st.lists(
    st.sampled_from([b"\r", b"\n", b"-", b"--", b"\r\n--", b"\r\n--" + BOUNDARY[:-1], BOUNDARY, b"x", b"\x00"]),
    min_size=1,
).map(b"".join)


@given(st.one_of(awkward, st.binary(min_size=1)), st.lists(st.integers(0, 10_000), max_size=8))
def test_a_file_arrives_byte_for_byte_however_the_body_is_cut(data, cuts):
    if b"\r\n--" + BOUNDARY in b"\r\n" + data:
        return  # no client would choose a boundary that is in the file
    assert read(file_part(data) + PURPOSE + END, *cuts) == ("a.txt", "file-extract", data)


def test_fields_that_the_contract_does_not_know_are_passed_over():
    body = part('name="expires_after[anchor]"', b"created_at") + file_part() + PURPOSE + END + b"epilogue"
    assert read(body) == ("a.txt", "file-extract", b"some text")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (END, "no part 'file'"),
        (PURPOSE + END, "no part 'file'"),
        (file_part() + END, "no part 'purpose'"),
        (file_part() + file_part() + PURPOSE + END, "two parts 'file'"),
        (PURPOSE + PURPOSE + file_part() + END, "two parts 'purpose'"),
        (PURPOSE + file_part(), "ended before the form"),
        (PURPOSE + file_part()[:-4], "ended before the form"),
        (part('name="file"', b"text") + PURPOSE + END, "no file name"),
        (part('name="file"; filename="a"', b"eA==", "Content-Transfer-Encoding: base64") + PURPOSE + END, "encoded"),
        (b"not a form at all", "not well-formed"),
        (part('name="note"', b"x" * 70_000) + END, "too long"),
        (part('name="file"; filename="a"', b"x", *[f"X-{n}: y" for n in range(40)]) + END, "not well-formed"),
        (part('name="file"; filename="a"', b"x", "X-Long: " + "y" * 20_000) + END, "not well-formed"),
    ],
)
def test_a_form_that_is_not_an_upload_is_refused_with_the_reason(body, words):
    with pytest.raises(InvalidUpload, match=words):
        read(body)


def test_an_empty_file_is_refused_in_the_contracts_words():
    with pytest.raises(EmptyFile, match="File size is zero, please confirm and re-upload the file"):
        read(file_part(b"") + PURPOSE + END)


def test_a_wrong_purpose_is_refused_before_the_file_comes():
    form = UploadForm(BOUNDARY)
    with pytest.raises(InvalidPurpose, match="Invalid purpose: 'assistants'"):
        form.feed(part('name="purpose"', b"assistants") + file_part()[:40])


def test_a_file_is_refused_at_the_first_byte_too_many():
    limit = 1 << 20
    whole = UploadForm(BOUNDARY, limit)
    whole.feed(file_part(b"x" * limit) + PURPOSE + END)
    assert whole.finish() == ("a.txt", "file-extract")
    form = UploadForm(BOUNDARY, limit)
    form.feed(file_part(b"x" * limit)[:-2])
    with pytest.raises(FileTooLarge, match="File size is too large, max file size is 1MB"):
        form.feed(b"x" * 100)
