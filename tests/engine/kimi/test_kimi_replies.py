"""What replies mean: waits, refusals, records in every form that was seen."""

from __future__ import annotations

import email.utils
import json

import pytest

from kimi_files.errors import EmptyFile, FileNotFound, FileTooLarge, InvalidPurpose, KimiFilesError, QuotaExceeded
from kimi_files.kimi.errors import (
    BalanceExhausted,
    ContentRefused,
    ExtractionFailed,
    InvalidKey,
    PromptTooLong,
    RateLimited,
    RemoteDenied,
    RemoteFailure,
    RequestRefused,
    ServiceFault,
)
from kimi_files.kimi.patience import Patience, RetryPolicy, asked_wait
from kimi_files.kimi.replies import RemoteFile, failure_of, read_file
from tests.engine.kimi.peer import KEY
from tests.engine.kimi.world import FastClock, endpoint

HERE = endpoint("https://api.moonshot.ai")
PAGE = b"<html><head><title>504 Gateway Time-out</title></head></html>"


def failure(status: int, body: bytes, **headers: str) -> RemoteFailure:
    return failure_of(status, headers, body, HERE, 0.0)


def error_body(message: str, kind: str = "invalid_request_error") -> bytes:
    return json.dumps({"error": {"message": message, "type": kind}}, ensure_ascii=False).encode()


@pytest.mark.parametrize(
    ("status", "kind", "message", "error"),
    [
        (400, "invalid_request_error", "File size is zero, please confirm and re-upload the file", EmptyFile),
        (400, "invalid_request_error", "File size is too large, max file size is 100MB, please confirm", FileTooLarge),
        (
            400,
            "invalid_request_error",
            "The number of files you have uploaded exceeded the max file count 1000, please delete previous uploaded files",
            QuotaExceeded,
        ),
        (400, "invalid_request_error", "Invalid purpose: 'x'", InvalidPurpose),
        (400, "invalid_request_error", "text extract error: 没有解析出内容", ExtractionFailed),
        (400, "invalid_request_error", "Input token length too long", PromptTooLong),
        (400, "invalid_request_error", "Your request exceeded model token limit : 262144", PromptTooLong),
        (400, "content_filter", "The request was rejected because it was considered high risk", ContentRefused),
        (400, "invalid_request_error", "invalid temperature: only 1 is allowed for this model", RequestRefused),
        (401, "invalid_authentication_error", "Invalid Authentication", InvalidKey),
        (401, "incorrect_api_key_error", "Incorrect API key provided", InvalidKey),
        (403, "permission_denied_error", "The API you are accessing is not open", RemoteDenied),
        (404, "resource_not_found_error", "file not found", FileNotFound),
        (413, "invalid_request_error", "too big", FileTooLarge),
        (429, "exceeded_current_quota_error", "Your account is suspended", BalanceExhausted),
    ],
)
def test_a_refusal_is_an_error_of_the_tree_and_not_tried_again(
    status: int, kind: str, message: str, error: type[KimiFilesError]
) -> None:
    found = failure(status, error_body(message, kind))
    assert type(found.error) is error
    assert found.kind == "refused"
    assert message.partition(",")[0] in str(found.error)


@pytest.mark.parametrize(
    ("status", "body", "kind", "settling"),
    [
        (429, error_body("max RPM: 3", "rate_limit_reached_error"), "busy", False),
        (429, error_body("The engine is currently overloaded", "engine_overloaded_error"), "busy", False),
        (429, PAGE, "busy", False),
        (400, error_body("missing required header Kimi-Api-Version"), "busy", False),
        (500, error_body("extract task failed: failed", ""), "unknown", False),
        (500, PAGE, "unknown", True),
        (502, PAGE, "unknown", True),
        (503, error_body("", "server_unavailable"), "unknown", False),
        (504, PAGE, "unknown", True),
        (408, b"", "unknown", True),
        (404, PAGE, "unknown", False),
    ],
)
def test_what_is_known_after_a_failure(status: int, body: bytes, kind: str, settling: bool) -> None:
    found = failure(status, body)
    assert (found.kind, found.settling) == (kind, settling)


def test_a_wrong_key_names_both_regions_and_the_variables() -> None:
    words = str(failure(401, error_body("Invalid Authentication", "invalid_authentication_error")).error)
    for needed in ("https://api.moonshot.ai/v1", "https://api.moonshot.cn/v1", "MOONSHOT_BASE_URL", "MOONSHOT_API_KEY"):
        assert needed in words


def test_a_redirect_is_not_followed_and_named() -> None:
    found = failure(307, b"", location=f"https://elsewhere.example/v1/files?key={KEY}")
    assert found.kind == "refused"
    assert "https://elsewhere.example" in str(found.error)
    assert KEY not in str(found.error)


def test_a_key_that_the_service_echoes_is_not_in_the_error() -> None:
    found = failure(400, error_body(f"unknown header Authorization: Bearer {KEY}"))
    assert KEY not in str(found.error)
    assert "[key]" in str(found.error)


def test_a_file_that_the_service_names_has_the_users_name_in_the_error() -> None:
    words = "Failed to extract file: scan.kf-9f86d081884c7d65-3a7f9c21.pdf has no text."
    assert "scan.pdf has no text. " in str(failure(500, error_body(words)).error)


@pytest.mark.parametrize(
    ("headers", "words", "wait"),
    [
        ({"retry-after": "7"}, "", 7.0),
        ({"retry-after": "1.5"}, "", 1.5),
        ({"retry-after": email.utils.formatdate(1_000_030.0, usegmt=True)}, "", 30.0),
        ({"retry-after": email.utils.formatdate(999_000.0, usegmt=True)}, "", 0.0),
        ({"retry-after": "soon"}, "please try again after 3 seconds", 3.0),
        ({}, "Your account reached max RPM: 3, please try again after 20 seconds", 20.0),
        ({}, "please try again after 1.25s", 1.25),
        ({}, "try again after 250 ms", 0.25),
        ({}, "try again after 2 minutes", 120.0),
        ({}, "too many requests", None),
    ],
)
def test_the_wait_is_the_one_that_was_asked_for(headers: dict[str, str], words: str, wait: float | None) -> None:
    assert asked_wait(headers, words, 1_000_000.0) == wait


async def test_waits_grow_with_jitter_up_to_a_cap_and_end_at_the_deadline() -> None:
    clock = FastClock()
    patience = Patience(RetryPolicy(first_wait=1, longest_wait=8, deadline=100), clock)

    async def for_ever() -> None:
        while True:
            await patience.after(RemoteFailure(ServiceFault("no"), "unknown"))

    with pytest.raises(ServiceFault):
        await for_ever()
    assert all(plain <= wait <= plain * 1.25 for plain, wait in zip((1, 2, 4), clock.waits, strict=False))
    assert max(clock.waits) <= 8
    assert 80 < sum(clock.waits) <= 100


async def test_a_wait_longer_than_anybody_waits_is_an_error_at_once() -> None:
    clock = FastClock()
    patience = Patience(RetryPolicy(longest_wait=60), clock)
    with pytest.raises(RateLimited):
        await patience.after(RemoteFailure(RateLimited("in an hour"), "busy", wait=3_600))
    assert clock.waits == []


REAL = (
    '{"id":"co3t989kqq4ua4e78urg","object":"file","bytes":5426,"created_at":1711789217,"filename":"我是一个文件.txt",'
    '"purpose":"file-extract","status":"ok","status_details":""}'
)


def test_a_record_as_the_service_sends_it_becomes_the_contracts() -> None:
    record = read_file(REAL.encode(), 200).as_file()
    assert (record.id, record.filename, record.status, record.status_details) == (
        "co3t989kqq4ua4e78urg",
        "我是一个文件.txt",
        "ready",
        None,
    )


@pytest.mark.parametrize(
    ("status", "usable", "failed"),
    [
        ("ok", True, False),
        ("ready", True, False),
        ("processed", True, False),
        ("error", False, True),
        ("queued", False, False),
    ],
)
def test_the_status_says_whether_to_wait(status: str, usable: bool, failed: bool) -> None:
    file = RemoteFile(id="x", status=status)
    assert (file.usable, file.failed) == (usable, failed)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'{"object":"file"}', b'{"id":7}', PAGE, b'{"id":"x","bytes":"many"}']
)
def test_a_reply_that_is_no_record_leaves_the_outcome_unknown(body: bytes) -> None:
    with pytest.raises(RemoteFailure) as raised:
        read_file(body, 200)
    assert raised.value.kind == "unknown"


def test_a_purpose_that_the_contract_lacks_does_not_break_a_list() -> None:
    record = RemoteFile(id="x", filename="out.jsonl", purpose="batch_output").as_file()
    assert record.purpose == "batch"
    assert record.status_details == "the service calls its purpose 'batch_output'"
