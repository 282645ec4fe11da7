"""The body of a text: JSON that is written piece by piece and read as a whole."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from kimi_files.content import Content
from kimi_files_mcp.http.body import content_body
from tests.tools.memory import content_of


async def read(content: Content) -> dict[str, str]:
    return json.loads(b"".join([part async for part in content_body(content)]))


@given(st.lists(st.text(max_size=40), max_size=5), st.integers(1, 7))
async def test_every_character_comes_once_with_an_empty_line_between_pages(pages, piece):
    body = await read(content_of(pages, piece=piece))
    assert body["content"] == "\n\n".join(page for page in pages if page)
    assert list(body) == ["content", "file_type", "filename", "title", "type"]


async def test_sheets_stand_under_their_names():
    sheets = content_of(["| a |", "", "| b |"], labels=["Positions", "Empty", "条款"], kind="sheet", name="book.xlsx")
    body = await read(sheets)
    assert body["content"] == "# Positions\n\n| a |\n\n# 条款\n\n| b |"
    assert body["filename"] == "book.xlsx"
