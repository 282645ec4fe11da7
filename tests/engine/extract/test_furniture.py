"""What stands around a page's content comes after it, as a page of its own, and nothing is lost when a guess is unsure."""

from __future__ import annotations

import io

import pytest

from kimi_files.extract import web, web_archive
from kimi_files.extract.document import PageText
from kimi_files.extract.furniture import apart
from kimi_files.formats import HTML, WEB_ARCHIVE
from tests.samples.mail import eml

STORY = "<p>The bridge was opened in May, after eleven years of work and two changes of its plans.</p>" * 5
MENU = "<ul><li><a href='/news'>News of today</a></li><li><a href='/shop'>Our little shop</a></li></ul>"
PAGE = f"""<!doctype html><html><head><title>Bridge</title></head><body>
<div class="cookie-consent">We use cookies.</div><header><a href="/">Gazette</a><nav>{MENU}</nav></header>
<div class="content"><h1>The bridge</h1>{STORY}<table><tr><th>Length</th><td>99 m</td></tr></table>
<figure><img src="b.png" alt="the bridge at night"></figure></div>
<div id="sideBar"><h2>Most read</h2>{MENU}</div><footer>Imprint of the Gazette</footer></body></html>"""


def pages(markup: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for event in web.read(io.BytesIO(markup.encode()), "a.html", HTML):
        if isinstance(event, PageText):
            found[event.label] = found.get(event.label, "") + event.text
    return found


def test_content_comes_first_and_the_rest_is_a_page_of_its_own() -> None:
    found = pages(PAGE)
    assert [*found] == ["1", web.AROUND]
    for part in ("# The bridge", "eleven years", "| Length | 99 m |", "the bridge at night"):
        assert part in found["1"]
        assert part not in found[web.AROUND]
    for part in ("We use cookies", "[News of today](/news)", "Most read", "Imprint of the Gazette"):
        assert part in found[web.AROUND]
        assert part not in found["1"]


@pytest.mark.parametrize("tag", ["main", "article"])
def test_what_says_that_it_is_the_content_keeps_its_menus(tag: str) -> None:
    teaser = "<div><a href='/x'>Another story</a> in a few words</div>"
    found = pages(f"<body>{teaser}<{tag}><h1>A</h1><div class='summary'>In short</div>{STORY}</{tag}>{teaser}</body>")
    assert "In short" in found["1"]
    assert "Another story" not in found["1"]
    assert found[web.AROUND].count("Another story") == 2


def test_the_part_with_the_paragraphs_is_the_content_where_nothing_says_so() -> None:
    paragraphs = STORY.replace("<p>", "<p>It was a long time until then. ")
    teasers = "<div><p>Another bridge, soon</p><p>A third one, later</p></div>"
    found = pages(
        f"<body><div>Sign in to the Gazette</div><h1>The bridge</h1><div>By Ann, in May</div><div><div>{paragraphs}</div>"
        f"<div>{'We were there when it opened. ' * 12}</div></div>{teasers}"
        f"<div class='comments'><p>{'It is a fine bridge, and I went over it. ' * 9}</p></div></body>"
    )

    for said in ("eleven years", "By Ann, in May", "We were there"):
        assert said in found["1"]
    for beside in ("Sign in", "Another bridge", "A third one", "a fine bridge"):
        assert beside in found[web.AROUND]
        assert beside not in found["1"]


def test_a_table_of_links_is_no_table_of_values() -> None:
    links = "".join(f"<tr><th><a href='/{n}'>Story number {n} of the Gazette</a></th></tr>" for n in range(4))
    found = pages(f"<body><article><h1>The bridge</h1>{STORY}</article><div><table>{links}</table></div></body>")

    assert "Story number 3" in found[web.AROUND]


@pytest.mark.parametrize(
    "markup",
    [
        f"<nav>{MENU}</nav><p>Little else.</p>",
        f"<div class='menu'><h1>The menu of the day</h1>{STORY}</div>",
        f"<div class='comments'>{STORY * 4}</div><p>{STORY}</p>",
        f"<div class='navy foothold'>{STORY}</div><p>words</p>",
        f"<nav>{MENU}<p>{STORY}</p>",
        f"<nav>{MENU}</nav>{STORY}<script>never closed",
        f"<nav>{MENU}</nav>{STORY}<!-- never closed",
    ],
    ids=["index", "title", "forum", "other words", "not closed", "script", "comment"],
)
def test_nothing_is_set_apart_where_it_is_not_sure(markup: str) -> None:
    assert apart(markup) == (markup, "")


def test_pages_that_were_saved_are_set_apart_too() -> None:
    mail = eml(html=PAGE, Subject="x").as_bytes()
    events = web_archive.read(io.BytesIO(mail), "a.mhtml", WEB_ARCHIVE)
    found = [(event.label, event.kind) for event in events if isinstance(event, PageText)]
    assert found == [("1", "section"), (web.AROUND, "section")]


def test_blocks_inside_of_blocks_without_end_are_gone_through() -> None:
    markup = "<div>" * 50_000 + STORY + "</p>" * 50_000
    assert apart(markup) == (markup, "")


def test_a_link_keeps_its_title_and_says_its_address_once() -> None:
    text = pages("<p><a href='https://a.org/x'><svg></svg></a></p> <a href='/z' title='more'>Z</a>")["1"]
    assert "<https://a.org/x>" in text
    assert '[Z](/z "more")' in text
