"""Prompts, completion and resources, as a client asks for them in both eras."""

from __future__ import annotations

import json
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest
from mcp.shared.exceptions import MCPError
from mcp.types import PromptReference, ResourceTemplateReference

from tests.server.conftest import ERAS
from tests.server.protocol import check_session

SUMMARISE = PromptReference(type="ref/prompt", name="summarise_files")
COMPARE = PromptReference(type="ref/prompt", name="compare_files")
FILE = ResourceTemplateReference(type="ref/resource", uri="kimi-file://{file_id}")


@pytest.mark.parametrize("era", ERAS)
async def test_prompts_resources_and_completion_keep_to_the_protocol(connect, era):
    async with connect(era) as session:
        (session.folder / "report.txt").write_text("one\ntwo\nthree\n")
        record = json.loads(await session.call("upload_file", path="report.txt"))
        client = session.client
        assert [prompt.name for prompt in (await client.list_prompts()).prompts] == ["summarise_files", "compare_files"]
        prompt = await client.get_prompt("summarise_files", {"files": "report.txt"})
        assert f"'report.txt' ({record['id']})" in prompt.messages[0].content.text
        templates = (await client.list_resource_templates()).resource_templates
        assert [template.uri_template for template in templates] == [
            "kimi-file://{file_id}",
            "kimi-file://{file_id}/pages/{pages}",
        ]
        (resource,) = (await client.list_resources()).resources
        assert (resource.name, resource.size, resource.description) == ("report.txt", 14, "3 lines")
        (whole,) = (await client.read_resource(resource.uri)).contents
        assert "\none\ntwo\nthree\n" in whole.text
        (second,) = (await client.read_resource(f"{resource.uri}/pages/2")).contents
        assert "\ntwo\n" in second.text
        assert "three" not in second.text
        assert (await client.complete(SUMMARISE, {"name": "files", "value": "rep"})).completion.values == ["report.txt"]
        assert (await client.complete(FILE, {"name": "file_id", "value": "report"})).completion.values == [record["id"]]
        version = client.protocol_version
    checked = check_session(session.record, version)
    for method in ("prompts/list", "prompts/get", "resources/templates/list", "resources/list", "completion/complete"):
        assert checked[method] >= 1
    assert checked["resources/read"] == 2


async def test_walking_the_list_of_resources_finds_every_file_once(connect):
    async with connect() as session:
        for number in range(53):
            (session.folder / f"{number}.txt").write_text(f"text {number}\n")
            await session.call("upload_file", path=f"{number}.txt")
        names, cursor, pages = [], None, 0
        while True:
            page = await session.client.list_resources(cursor=cursor)
            names += [resource.name for resource in page.resources]
            pages, cursor = pages + 1, page.next_cursor
            if cursor is None:
                break
        assert sorted(names) == sorted(f"{number}.txt" for number in range(53))
        assert pages == 2
        with pytest.raises(MCPError) as caught:
            await session.client.list_resources(cursor="file_01jd8x6w2m9q4t5v7y0z3b6c8d")
        assert caught.value.code == -32602


async def test_an_image_is_read_as_itself(connect):
    from PIL import Image

    async with connect() as session:
        Image.new("RGB", (20, 10), "red").save(session.folder / "red.png")
        record = json.loads(await session.call("upload_file", path="red.png", purpose="image"))
        text, picture = (await session.client.read_resource(f"kimi-file://{record['id']}")).contents
    assert "20 × 10" in text.text
    assert picture.mime_type == "image/png"
    assert picture.blob


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("kimi-file://file_01jd8x6w2m9q4t5v7y0z3b6c8d", "file_01jd8x6w2m9q4t5v7y0z3b6c8d"),
        ("kimi-file://{id}/pages/nine", "nine"),
        ("kimi-file://{id}/chapters/1", "kimi-file://{file_id}"),
        ("kimi-file://report.txt", "kimi-file://{file_id}"),
        ("kimi-file://..%2Freport.txt", "kimi-file://{file_id}"),
        ("file:///etc/passwd", "kimi-file://{file_id}"),
    ],
)
async def test_an_address_that_leads_nowhere_is_an_invalid_parameter_with_the_reason(connect, uri, words):
    async with connect() as session:
        (session.folder / "report.txt").write_text("one\ntwo\n")
        record = json.loads(await session.call("upload_file", path="report.txt"))
        with pytest.raises(MCPError) as caught:
            await session.client.read_resource(uri.replace("{id}", record["id"]))
    assert caught.value.code == -32602
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("typed", "values"),
    [
        ("", ["kept report, final.txt", "a.txt", "deep/report.txt"]),
        ("rep", ["kept report, final.txt", "deep/report.txt"]),
        ("REPORT", ["kept report, final.txt", "deep/report.txt"]),
        ("deep", ["deep/report.txt"]),
        ("a.txt, rep", ["a.txt, kept report, final.txt", "a.txt, deep/report.txt"]),
        ("nothing like it", []),
    ],
)
async def test_names_complete_to_kept_files_and_to_those_in_the_folders(connect, typed, values):
    async with connect() as session:
        kept = session.folder / "kept report, final.txt"
        kept.write_text("kept\n")
        await session.call("upload_file", path=kept.name)
        kept.unlink()
        (session.folder / "a.txt").write_text("a\n")
        (session.folder / ".env").write_text("KEY=canary\n")
        (session.folder / "deep").mkdir()
        (session.folder / "deep" / "report.txt").write_text("r\n")
        completion = (await session.client.complete(COMPARE, {"name": "first", "value": typed})).completion
    assert completion.values == values
    assert completion.total == len(values)


async def test_what_has_no_names_completes_to_nothing(connect):
    async with connect() as session:
        (session.folder / "a.txt").write_text("a\n")
        assert (await session.client.complete(SUMMARISE, {"name": "focus", "value": "a"})).completion.values == []


async def test_a_prompt_names_its_files_and_what_matters(connect):
    async with connect() as session:
        kept = session.folder / "kept report, final.txt"
        kept.write_text("kept\n")
        record = json.loads(await session.call("upload_file", path=kept.name))

        async def text(name: str, **arguments: str) -> str:
            return (await session.client.get_prompt(name, arguments)).messages[0].content.text

        assert f"'kept report, final.txt' ({record['id']})." in await text("summarise_files", files=kept.name)
        both = await text("summarise_files", files="a.txt, b.txt", focus="the costs")
        assert "'a.txt' and 'b.txt'." in both
        assert "the costs" in both
        compared = await text("compare_files", first=record["id"], second="~/b.pdf")
        assert f"Compare 'kept report, final.txt' ({record['id']}) with '~/b.pdf'." in compared
        for name, arguments in (("summarise_files", {}), ("compare_files", {"first": "a"}), ("other", {"files": "a"})):
            with pytest.raises(MCPError) as caught:
                await text(name, **arguments)
            assert caught.value.code == -32602


async def test_the_server_has_a_title_and_an_icon(connect):
    async with connect("legacy") as session:
        information = session.client.server_info
    assert information.title == "Kimi files"
    (icon,) = information.icons
    kind, _, drawing = icon.src.partition(",")
    assert (kind, icon.mime_type) == ("data:image/svg+xml", "image/svg+xml")
    assert ElementTree.fromstring(unquote(drawing)).tag.endswith("svg")
