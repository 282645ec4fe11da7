"""What the user is asked, in both eras, and what follows from each answer."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from mcp.types import ElicitResult

from tests.server.conftest import ERAS
from tests.server.protocol import check_session


class User:
    """Answers every question in the same way and remembers what was asked."""

    def __init__(self, action: str, content: dict[str, Any] | None = None) -> None:
        self.answer = ElicitResult(action=action, content=content)
        self.asked: list[str] = []

    async def __call__(self, _: Any, parameters: Any) -> ElicitResult:
        self.asked.append(parameters.message)
        return self.answer


def agreeing() -> User:
    return User("accept", {"agreed": True})


def refusing() -> list[User]:
    return [User("decline"), User("cancel"), User("accept", {"agreed": False})]


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A file in a folder that is not allowed."""
    folder = tmp_path / "reports"
    folder.mkdir()
    (folder / "q3.txt").write_text("The third quarter was good.\n")
    (folder / "q4.txt").write_text("The fourth quarter was better.\n")
    return folder / "q3.txt"


@pytest.mark.parametrize("era", ERAS)
async def test_a_refused_folder_is_allowed_for_the_session_when_the_user_agrees(connect, era, outside):
    user = agreeing()
    async with connect(era, elicitation_callback=user) as session:
        assert "third quarter" in await session.call("get_file_content", file=str(outside))
        assert "fourth quarter" in await session.call("get_file_content", file=str(outside.with_name("q4.txt")))
        version = session.client.protocol_version
    assert len(user.asked) == 1
    assert str(outside.parent) in user.asked[0]
    check_session(session.record, version)
    async with connect(era, name="again") as session:
        assert (await session.fail("get_file_content", file=str(outside)))["code"] == "path_not_allowed"


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("user", refusing(), ids=["decline", "cancel", "not ticked"])
async def test_a_user_who_does_not_agree_is_not_asked_again(connect, era, user, outside):
    user.asked.clear()
    async with connect(era, elicitation_callback=user) as session:
        for name in (outside, outside.with_name("q4.txt")):
            assert (await session.fail("get_file_content", file=str(name)))["code"] == "path_not_allowed"
    assert len(user.asked) == 1


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("upload_file", {"path": "{outside}"}),
        ("ask_about_files", {"question": "Which quarter was good?", "files": ["{outside}", "notes.txt"]}),
        ("ask_about_files", {"question": "Which quarter was good?", "files": ["{folder}"]}),
    ],
)
async def test_every_tool_that_takes_a_path_asks(connect, tool, arguments, outside):
    user = agreeing()
    filled = json.loads(
        json.dumps(arguments).replace("{outside}", outside.as_posix()).replace("{folder}", outside.parent.as_posix())
    )
    async with connect(elicitation_callback=user) as session:
        (session.folder / "notes.txt").write_text("Nothing about it.\n")
        await session.call(tool, **filled)
    assert len(user.asked) == 1


async def test_nobody_is_asked_to_allow_what_must_never_be_read(connect, tmp_path):
    secrets = tmp_path / ".ssh"
    secrets.mkdir()
    (secrets / "id_rsa").write_text("canary")
    missing = tmp_path / "reports" / "q3.txt"
    user = agreeing()
    async with connect(elicitation_callback=user) as session:
        for path in ("/", "~", "~/a.txt", str(secrets / "id_rsa"), str(missing)):
            error = await session.fail("get_file_content", file=path)
            assert error["code"] in ("path_not_allowed", "secret_refused"), error
    assert user.asked == []


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
async def test_a_link_that_leads_out_is_asked_about_by_the_folder_where_it_leads(connect, outside):
    user = agreeing()
    async with connect(elicitation_callback=user) as session:
        (session.folder / "innocent.txt").symlink_to(outside)
        assert "third quarter" in await session.call("get_file_content", file="innocent.txt")
    assert str(outside.parent) in user.asked[0]


@pytest.mark.parametrize("era", ERAS)
async def test_a_file_is_deleted_when_the_user_agrees(connect, era):
    user = agreeing()
    async with connect(era, elicitation_callback=user) as session:
        (session.folder / "a.txt").write_text("some words\n")
        record = json.loads(await session.call("upload_file", path="a.txt"))
        assert json.loads(await session.call("delete_file", file_id=record["id"]))["deleted"] is True
        version = session.client.protocol_version
    assert user.asked == ["Delete the uploaded file a.txt (11 bytes)?"]
    check_session(session.record, version)


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("user", refusing(), ids=["decline", "cancel", "not ticked"])
async def test_a_file_is_kept_when_the_user_does_not_agree(connect, era, user):
    async with connect(era, elicitation_callback=user) as session:
        (session.folder / "a.txt").write_text("some words\n")
        record = json.loads(await session.call("upload_file", path="a.txt"))
        error = await session.fail("delete_file", file_id=record["id"])
        assert error["code"] == "permission_denied"
        words = "Nobody answered" if user.answer.action == "cancel" else "did not agree"
        assert words in error["message"]
        assert json.loads(await session.call("list_files"))["data"] == [record]


async def test_a_wrong_id_is_an_error_and_no_question(connect):
    user = agreeing()
    async with connect(elicitation_callback=user) as session:
        error = await session.fail("delete_file", file_id="file_01jd8x6w2m9q4t5v7y0z3b6c8d")
        assert error["code"] == "file_id_not_found"
        assert (await session.fail("delete_file", file_id="a.txt"))["code"] == "invalid_arguments"
    assert user.asked == []
