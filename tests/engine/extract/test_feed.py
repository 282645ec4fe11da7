"""A news feed is its title and its entries."""

from __future__ import annotations

import io

import pytest

from kimi_files.errors import DamagedFile
from kimi_files.extract import feed as reader
from kimi_files.formats import identify
from tests.engine.extract.reading import read

RSS = """<?xml version="1.0"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel>
<title>Wind</title><description>News of the coast</description>
<item><title>Storm &amp; calm</title><link>https://example.org/1</link><pubDate>Mon, 4 Mar 2024</pubDate>
<description>short</description><content:encoded><![CDATA[<p>It <b>blew</b> at <a href="https://example.org/s">sea</a>.</p>]]>
</content:encoded></item></channel></rss>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>Wind</title><entry><title>Storm</title>
<link rel="self" href="https://example.org/x"/><link href="https://example.org/1"/><updated>2024-03-04</updated>
<author><name>Ann</name></author><summary>It blew.</summary></entry></feed>"""


def test_rss_gives_each_entry_with_its_date_address_and_text() -> None:
    reading = read(reader.read, RSS.encode(), "a.rss")

    assert "\n\n".join(reading.texts) == (
        "# Wind\n\nNews of the coast\n\n## Storm & calm\n\nMon, 4 Mar 2024 · https://example.org/1\n\n"
        "It **blew** at [sea](https://example.org/s)."
    )
    assert (2, "Storm & calm", 1) in reading.outline


def test_atom_is_read_as_well() -> None:
    assert (
        read(reader.read, ATOM.encode(), "a.atom")
        .texts[0]
        .endswith("## Storm\n\n2024-03-04 · Ann · https://example.org/1\n\nIt blew.")
    )


def test_a_feed_is_known_by_its_content() -> None:
    found = identify("news.xml", io.BytesIO(RSS.encode()))

    assert (found.format.reader, found.correction) == ("feed", None)


@pytest.mark.parametrize(
    ("encoding", "words"),
    [
        ("euc-kr", "바람과 바다"),
        ("Shift_JIS", "風と海のたより"),
        ("GBK", "海风的消息"),
        ("windows-1251", "Ветер и море"),
    ],
)
def test_a_feed_is_read_in_the_encoding_that_it_declares(encoding: str, words: str) -> None:
    text = RSS.replace('version="1.0"', f'version="1.0" encoding="{encoding}"', 1).replace("Wind", words)

    reading = read(reader.read, text.encode(encoding), "a.rss")

    assert reading.texts[0].startswith(f"# {words}\n")
    assert reading.warnings == []


def test_a_feed_that_is_cut_off_is_a_typed_error() -> None:
    with pytest.raises(DamagedFile):
        read(reader.read, RSS[:300].encode(), "a.rss")
