"""The file operations over real HTTP: what goes in, what comes out, what is refused and with which words."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from PIL import Image

from kimi_files.errors import KimiFilesError
from kimi_files.models import ErrorResponse, FileObject

BOUNDARY = "b0undary"
FORM = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}

Upload = Callable[..., dict[str, Any]]


@pytest.fixture
def upload(api: httpx.Client) -> Iterator[Upload]:
    """Uploads a file and gives its record; what was uploaded is deleted after the test."""
    kept: list[str] = []

    def send(name: str = "a.txt", data: bytes = b"some text", purpose: str = "file-extract") -> dict[str, Any]:
        answer = api.post("/files", files={"file": (name, data)}, data={"purpose": purpose})
        assert answer.status_code == 200, answer.text
        kept.append(answer.json()["id"])
        return answer.json()

    yield send
    for file_id in kept:
        api.delete(f"/files/{file_id}")


def picture(kind: str = "PNG") -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (8, 8), "teal").save(data, kind)
    return data.getvalue()


def batch(*ids: str) -> bytes:
    body = {"model": "kimi-k3", "messages": [{"role": "user", "content": "你好"}]}
    lines = [{"custom_id": one, "method": "POST", "url": "/v1/chat/completions", "body": body} for one in ids]
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode()


def refused(answer: httpx.Response, status: int, kind: str, code: str | None = None) -> str:
    """The message of a failure, which must be an ``ErrorResponse`` and nothing else."""
    assert answer.headers["content-type"] == "application/json"
    error = ErrorResponse.model_validate_json(answer.content, extra="forbid").error
    assert (answer.status_code, error.type) == (status, kind), answer.text
    assert code in (None, error.code)
    return error.message


def test_an_upload_answers_with_the_contracts_record(api, upload):
    before = int(time.time())
    file = upload("notes.txt", b"one\ntwo\n")
    assert FileObject.model_validate(file, extra="forbid")
    expected = {"object": "file", "bytes": 8, "filename": "notes.txt", "purpose": "file-extract", "status": "ready"}
    assert file.items() >= expected.items()
    assert before <= file["created_at"] <= time.time()
    assert api.get(f"/files/{file['id']}").json() == file


def test_the_same_upload_again_is_the_same_file(upload):
    assert upload("twice.txt", b"the same")["id"] == upload("twice.txt", b"the same")["id"]


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
@pytest.mark.parametrize("file_first", [False, True], ids=["purpose-first", "file-first"])
def test_parts_come_in_either_order_chunked_or_not(api, file_first, chunked):
    file = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="年度 %22最终%22.md"\r\n\r\n# 年\r\n'
    purpose = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nfile-extract\r\n'
    parts = [file, purpose] if file_first else [purpose, file]
    body = ("".join(parts) + f"--{BOUNDARY}--\r\n").encode()
    pieces = iter([body[:50], body[50:90], body[90:]])
    answer = api.post("/files", headers=FORM, content=pieces if chunked else body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["filename"] == '年度 "最终".md'
    assert json.loads(api.get(f"/files/{answer.json()['id']}/content").text)["content"] == "# 年"
    api.delete(f"/files/{answer.json()['id']}")


def test_the_text_comes_as_compact_json_in_the_documented_order(api, upload):
    file = upload("引用.txt", 'Zeile "eins"\n\t中文 \\ \x1b€\n'.encode())
    answer = api.get(f"/files/{file['id']}/content")
    assert answer.headers["content-type"] == "application/json"
    assert answer.content.decode() == (
        '{"content":"Zeile \\"eins\\"\\n\\t中文 \\\\ \\u001b€\\n","file_type":"text/plain",'
        '"filename":"引用.txt","title":"","type":"file"}'
    )


def test_a_long_text_comes_whole(api, upload):
    text = "".join(f"{number}: 行\n" for number in range(40_000))
    file = upload("long.log", text.encode())
    answer = api.get(f"/files/{file['id']}/content")
    assert "content-length" not in answer.headers
    assert answer.json() == {
        "content": text,
        "file_type": "text/plain",
        "filename": "long.log",
        "title": "",
        "type": "file",
    }


def test_the_text_of_a_csv_is_its_table(api, upload):
    file = upload("table.csv", b"region,amount\nnorth,1\n")
    body = api.get(f"/files/{file['id']}/content").json()
    assert "north" in body["content"]
    assert body["file_type"] == "text/csv"


def test_a_batch_gives_back_its_lines(api, upload):
    data = batch("r1", "r2")
    file = upload("batch.jsonl", data, "batch")
    answer = api.get(f"/files/{file['id']}/content")
    assert (answer.headers["content-type"], answer.content) == ("application/jsonl", data)


def test_an_image_has_no_text_to_give(api, upload):
    file = upload("picture.png", picture(), "image")
    message = refused(api.get(f"/files/{file['id']}/content"), 400, "invalid_request_error", "unsupported")
    assert "picture.png" in message


def test_a_deleted_file_is_gone(api, upload):
    file = upload("gone.txt")
    answer = api.delete(f"/files/{file['id']}")
    assert answer.json() == {"deleted": True, "id": file["id"], "object": "file"}
    for again in (api.get, api.delete):
        refused(again(f"/files/{file['id']}"), 404, "resource_not_found_error")
    refused(api.get(f"/files/{file['id']}/content"), 404, "resource_not_found_error")


@pytest.mark.parametrize("file_id", ["file_nobody", "x" * 3000, "%00", "%E4%BD%A0", "%ff%fe", "..%5c..", "'--"])
def test_an_id_of_no_file_is_not_found(api, file_id):
    refused(api.get(f"/files/{file_id}"), 404, "resource_not_found_error")


def test_a_list_goes_page_by_page_in_both_orders(api, upload):
    made = [upload(f"listed-{number}.jsonl", batch(f"r{number}"), "batch")["id"] for number in range(5)]

    def walk(order: str) -> list[str]:
        found: list[str] = []
        query = {"limit": "2", "order": order, "purpose": "batch"}
        while True:
            page = api.get("/files", params=query).json()
            assert page["object"] == "list"
            assert len(page["data"]) <= 2
            found += [file["id"] for file in page["data"]]
            if not page["has_more"]:
                return found
            query["after"] = found[-1]

    oldest_first = walk("asc")
    assert [one for one in oldest_first if one in made] == made
    assert walk("desc") == oldest_first[::-1]


def test_a_list_without_arguments_is_whole_and_newest_first(api, upload):
    made = [upload(f"whole-{number}.txt", b"text %d" % number)["id"] for number in range(3)]
    answer = api.get("/files").json()
    assert list(answer) == ["object", "data", "has_more"]
    assert answer["has_more"] is False
    assert [file["id"] for file in answer["data"] if file["id"] in made] == made[::-1]


def test_a_list_of_one_purpose_has_no_other(api, upload):
    kept = upload("only.jsonl", batch("only"), "batch")
    upload("other.txt", b"another purpose")
    files = api.get("/files", params={"purpose": "batch"}).json()["data"]
    assert kept["id"] in [file["id"] for file in files]
    assert {file["purpose"] for file in files} == {"batch"}


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"purpose": "assistants"}, "Invalid purpose: 'assistants'"),
        ({"limit": "0"}, "Invalid limit: '0'"),
        ({"limit": "10001"}, "1 to 10000"),
        ({"limit": "ten"}, "Invalid limit: 'ten'"),
        ({"limit": "１"}, "Invalid limit"),
        ({"order": "newest"}, "asc or desc"),
    ],
)
def test_a_wrong_query_is_refused_and_says_what_is_right(api, query, words):
    assert words in refused(api.get("/files", params=query), 400, "invalid_request_error")


def test_after_an_unknown_file_there_is_nothing(api):
    refused(api.get("/files", params={"after": "file_nobody"}), 404, "resource_not_found_error")


@pytest.mark.parametrize(
    ("name", "data", "purpose", "words"),
    [
        ("empty.txt", b"", "file-extract", "File size is zero, please confirm and re-upload the file"),
        ("a.txt", b"text", "assistants", "Invalid purpose: 'assistants'"),
        ("a.txt", b"text", "image", "a.txt"),
        ("a.txt", b"text", "video", "a.txt"),
        ("bad.jsonl", b'{"custom_id":"a"\n', "batch", "line 1"),
        ("scan.pdf", picture("PDF"), "file-extract", "text extract error: 没有解析出内容"),
        ("blank.txt", b"\n \n", "file-extract", "text extract error: 没有解析出内容"),
        ("program.txt", b"\x7fELF\x02\x01\x01" + bytes(300), "file-extract", "a program for Linux"),
    ],
)
def test_what_its_purpose_cannot_use_is_refused_and_not_kept(api, name, data, purpose, words):
    before = api.get("/files").json()
    answer = api.post("/files", files={"file": (name, data)}, data={"purpose": purpose})
    assert words in refused(answer, 400, "invalid_request_error")
    assert api.get("/files").json() == before


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, b""),
        ({"Content-Type": "application/json"}, b'{"purpose":"file-extract"}'),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"purpose=file-extract"),
        ({"Content-Type": "multipart/form-data"}, b"--x--"),
        (FORM, b""),
        (FORM, b"nothing of a form"),
        (FORM, f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\ncut'.encode()),
    ],
)
def test_a_body_that_is_no_upload_is_refused(api, headers, body):
    message = refused(api.post("/files", headers=headers, content=body), 400, "invalid_request_error", "invalid_upload")
    assert "multipart/form-data" in message or "ended before" in message


def test_a_file_of_100_mb_and_a_byte_is_refused_as_400(api):
    limit = 100 * 1024 * 1024
    start = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.mp4"\r\n\r\n'.encode()

    def body() -> Iterator[bytes]:
        yield start
        for _ in range(100):
            yield bytes(1 << 20)
        yield b"x"
        yield f"\r\n--{BOUNDARY}--\r\n".encode()

    words = "File size is too large, max file size is 100MB, please confirm and re-upload the file"
    assert words in refused(api.post("/files", headers=FORM, content=body()), 400, "invalid_request_error")
    announced = FORM | {"Content-Length": str(2 * limit), "Expect": "100-continue"}
    refusal = first_answer(api, announced)
    assert b" 400 " in refusal
    assert words.encode() in refusal


def first_answer(api: httpx.Client, headers: dict[str, str]) -> bytes:
    """What the service says to the headers of an upload alone."""
    import socket

    with socket.create_connection((api.base_url.host, api.base_url.port)) as connection:
        lines = ["POST /v1/files HTTP/1.1", "Host: here", f"Authorization: {api.headers['authorization']}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while data := connection.recv(65536):
            answer += data
    return answer


def test_a_refusal_costs_no_body_where_the_client_waits_for_leave(running):
    with running.client(headers={"Authorization": "Bearer wrong"}) as stranger:
        answer = first_answer(stranger, FORM | {"Content-Length": "1000000", "Expect": "100-continue"})
    assert answer.startswith(b"HTTP/1.1 401 ")


@pytest.mark.parametrize(
    ("authorization", "kind"),
    [
        (None, "invalid_authentication_error"),
        ("", "invalid_authentication_error"),
        ("Bearer", "invalid_authentication_error"),
        ("Basic c2stbG9jYWw6", "invalid_authentication_error"),
        ("sk-local-for-tests", "invalid_authentication_error"),
        ("Bearer two words", "invalid_authentication_error"),
        ("Bearer sk-wrong", "incorrect_api_key_error"),
        ("Bearer sk-local-for-test", "incorrect_api_key_error"),
    ],
)
@pytest.mark.parametrize("path", ["/files", "/models", "/nothing"])
def test_without_the_key_there_is_nothing_to_see(running, authorization, kind, path):
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = httpx.get(running.base_url + path, headers=headers, trust_env=False)
    message = refused(answer, 401, kind)
    assert answer.headers["www-authenticate"] == "Bearer"
    assert "sk-" not in message


def test_the_scheme_of_the_key_is_read_in_any_case(running):
    headers = {"Authorization": "bearer  sk-local-for-tests"}
    assert httpx.get(f"{running.base_url}/files", headers=headers, trust_env=False).status_code == 200


@pytest.mark.parametrize("path", ["/nothing", "/files/", "/files/a/b", "/files/a/content/", "//files", "/batches"])
def test_a_path_of_no_route_is_not_found(api, path):
    url = f"{str(api.base_url).removesuffix('/')}{path}"
    refused(api.get(url), 404, "resource_not_found_error", "route_not_found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/files", {"GET", "HEAD", "POST"}),
        ("POST", "/files/file_a", {"DELETE", "GET", "HEAD"}),
        ("DELETE", "/files/file_a/content", {"GET", "HEAD"}),
        ("GET", "/chat/completions", {"POST"}),
        ("NONSENSE", "/models", {"GET", "HEAD"}),
    ],
)
def test_another_method_is_refused_with_those_that_there_are(api, method, path, allowed):
    answer = api.request(method, path)
    refused(answer, 405, "invalid_request_error", "method_not_allowed")
    assert set(answer.headers["allow"].replace(" ", "").split(",")) == allowed


def test_health_and_schema_need_no_key(running):
    url = running.base_url.removesuffix("/v1")
    assert httpx.get(f"{url}/healthz", trust_env=False).json() == {"status": "ok"}
    assert httpx.get(f"{url}/openapi.json", trust_env=False).json()["openapi"] == "3.1.0"


def test_every_failure_of_the_tree_has_a_status_that_http_knows():
    def below(kind: type[KimiFilesError]) -> Iterator[type[KimiFilesError]]:
        yield kind
        for child in kind.__subclasses__():
            yield from below(child)

    assert {kind.status for kind in below(KimiFilesError)} == {400, 401, 403, 404, 405, 429, 500, 502, 503, 504}
