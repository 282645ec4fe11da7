"""A batch file is refused line by line, with reasons; a good one passes."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from kimi_files.errors import EmptyFile, InvalidBatchFile
from kimi_files.extract.batch import Batch, check


def line(custom_id: Any = "r1", method: Any = "POST", url: Any = "/v1/chat/completions", **body: Any) -> str:
    body = {"model": "kimi-k3", "messages": [{"role": "user", "content": "hi"}], **body}
    return json.dumps({"custom_id": custom_id, "method": method, "url": url, "body": body})


def message(*lines: str | bytes, name: str = "batch.jsonl") -> str:
    data = b"\n".join(text if isinstance(text, bytes) else text.encode() for text in lines)
    with pytest.raises(InvalidBatchFile) as caught:
        check(io.BytesIO(data), name)
    return str(caught.value)


def test_a_good_file_passes() -> None:
    data = "\r\n".join(line(f"r{number}") for number in range(120)) + "\n\n"
    assert check(io.BytesIO(data.encode()), "Batch.JSONL") == Batch(120, "kimi-k3")


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ("oops", "line 2 is not JSON (Expecting value, column 1)"),
        ('{"custom_id": ', "line 2 is not JSON (Expecting value, column 15)"),
        ("[1]", "line 2 is not a JSON object"),
        ("", "line 2 is empty"),
        (b'{"custom_id": "\xff"}', "line 2 is not UTF-8 (byte 16)"),
        ("[" * 200_000, "line 2 is nested too deeply"),
        ("1" * 5_000, "line 2 has a number that is too long"),
        (line(None), "line 2 has no custom_id"),
        (line(""), "line 2 has no custom_id"),
        (line(7), "line 2 has a custom_id that is not a string"),
        (line("first"), "line 2 repeats custom_id 'first'"),
        (line(method=None), "line 2 has no method"),
        (line(method="GET"), "line 2 has method 'GET' instead of 'POST'"),
        (line(url=None), "line 2 has no url"),
        (line(url="/v1/embeddings"), "line 2 has url '/v1/embeddings' instead of '/v1/chat/completions'"),
        ('{"custom_id": "x", "method": "POST", "url": "/v1/chat/completions"}', "line 2 has no body object"),
        (line(model=None), "line 2 has no model in its body"),
        (line(model=1), "line 2 has no model in its body"),
        (line(messages=[]), "line 2 has no messages in its body"),
        (line(messages="hi"), "line 2 has no messages in its body"),
        (line(model="other"), "line 2 names model 'other', earlier lines 'kimi-k3': one file, one model"),
        ("\ufeff" + line(), "line 2 is not JSON (Unexpected UTF-8 BOM (decode using utf-8-sig), column 1)"),
    ],
)
def test_a_wrong_line_is_named_with_its_reason(wrong: str | bytes, reason: str) -> None:
    expected = f"batch.jsonl: {reason}. 1 of 3 lines is wrong; nothing was uploaded."
    assert message(line("first"), wrong, line("last")) == expected


def test_the_first_wrong_lines_are_shown_and_all_are_counted() -> None:
    text = message(*(["oops"] * 9), line())
    assert "line 5 is" in text
    assert "line 6" not in text
    assert text.endswith("; and 4 more. 9 of 10 lines are wrong; nothing was uploaded.")


def test_two_wrong_lines_read_as_in_the_examples() -> None:
    lines = [line(f"r{number}") for number in range(120)]
    lines[1], lines[6] = "x", line("r3")
    assert message(*lines) == (
        "batch.jsonl: line 2 is not JSON (Expecting value, column 1); line 7 repeats custom_id 'r3'. "
        "2 of 120 lines are wrong; nothing was uploaded."
    )


def test_a_file_without_requests_is_refused() -> None:
    with pytest.raises(EmptyFile):
        check(io.BytesIO(), "batch.jsonl")
    assert "no requests" in message("", " ")
    assert ".jsonl" in message(line(), name="batch.json")


def test_a_long_value_is_not_repeated_whole() -> None:
    assert len(message(line("x" * 10_000), line("x" * 10_000))) < 200
