"""A folder as a text."""

from __future__ import annotations

import pytest

from kimi_files.access import FolderListing, ListedFile
from kimi_files_tools.folder import folder_content

LISTING = FolderListing("~/docs", ("2025",), (ListedFile("a|b.txt", 1_234, 0.0),), {})


@pytest.mark.parametrize(
    ("listing", "allowed", "words"),
    [
        (LISTING, ["~/docs", "~/more"], "takes folders as they are. Other allowed folders: ~/more."),
        (LISTING, ["~/docs"], "takes folders as they are.\n\n| name | bytes | modified |"),
        (LISTING, ["~", "~/more"], "takes folders as they are.\n\n"),
        (LISTING, [], "| a\\|b.txt | 1,234 | 19"),
        (FolderListing("~/x", (), (), {"empty": 2}), [], "No file here can be read. Not listed: 2 empty.\n"),
        (FolderListing("/", ("home",), (), {}), [], "path: /home/ ·"),
    ],
)  # fmt: skip
async def test_a_listing_says_how_to_go_on(listing: FolderListing, allowed: list[str], words: str) -> None:
    content = folder_content(listing, allowed)
    assert words in await content.text(1)
    assert await content.line_offset(1, 3) <= content.pages[0].characters
