"""A book's chapters are pages, whatever it is packed in."""

from __future__ import annotations

import pytest

from kimi_files.errors import DamagedFile, KimiFilesError, TooComplex, UnsupportedFile
from kimi_files.extract import ebook
from kimi_files.extract.mobi import Huffman, unpack_palmdoc
from tests.engine.extract.reading import Reading, read
from tests.samples.epub import epub, xhtml
from tests.samples.kindle import huffman_tables, kf8, mobi, pack_palmdoc, palm_text

LONG = "<p>" + "The harbour lay still under the fog that morning, and nobody spoke. " * 60 + "</p>"
CHAPTERS = {
    "one chapter.xhtml": f"<h1>Fog</h1><p>Dense&nbsp;fog &amp; <em>salt</em>, see <a href='b.xhtml#n'>below</a>.</p>{LONG}",
    "b.xhtml": '<h1>Storm</h1><p>Waves <img src="w.png" alt="a  chart"/> and <img src="x.png" alt=""/> '
    f'<a href="https://example.org/a">wind</a>.</p>{LONG}',
}
CONTENTS = [("I. Fog", 1, "one%20chapter.xhtml"), ("II. Storm", 1, "b.xhtml"), ("The wind", 2, "b.xhtml#w")]
MARKUP = (
    "<html><head><guide></guide></head><body><p>Title page</p><mbp:pagebreak/><h1>Fog</h1><p>Grüße, Käpt’n — "
    f"<a filepos=000012>see</a></p>{LONG}<mbp:pagebreak></mbp:pagebreak><h1>Storm</h1><p>End.</p></body></html>"
)


def book(content: bytes, name: str = "a.epub") -> Reading:
    return read(ebook.read, content, name)


@pytest.mark.parametrize("version", ["nav", "ncx"])
def test_chapters_are_pages_with_the_titles_of_the_contents(version: str) -> None:
    reading = book(epub(CHAPTERS, CONTENTS, version))  # type: ignore[arg-type]
    assert [(page.kind, page.label, page.title) for page in reading.pages] == [
        ("chapter", "1", "I. Fog"),
        ("chapter", "2", "II. Storm"),
    ]
    assert reading.outline == [(1, "I. Fog", 1), (1, "II. Storm", 2), (2, "The wind", 2)]
    assert reading.texts[0].startswith("# Fog\n\nDense fog & *salt*, see below.")
    assert "Waves ![a chart](picture) and [wind](https://example.org/a)." in " ".join(reading.texts[1].split())
    assert reading.warnings == []


def test_chapters_without_contents_are_named_after_their_headings() -> None:
    reading = book(epub(CHAPTERS))
    assert [page.title for page in reading.pages] == ["Fog", "Storm"]
    assert reading.outline == [(1, "Fog", 1), (1, "Storm", 2)]


def test_a_file_of_several_chapters_is_cut_where_they_begin() -> None:
    body = "".join(f'<div><a id="c{n}"/><h2>Part {n}</h2><p>Only in {n}.</p>{LONG}</div>' for n in range(1, 5))
    contents = [(f"Part {n}", 1, f"all.xhtml#c{n}") for n in range(1, 5)]
    reading = book(epub({"all.xhtml": body}, contents))
    assert [page.title for page in reading.pages] == ["Part 1", "Part 2", "Part 3", "Part 4"]
    for number, text in enumerate(reading.texts, start=1):
        assert text.startswith(f"## Part {number}\n\nOnly in {number}.")
        assert text.count("Only in") == 1


def test_of_titles_that_lead_to_one_place_the_deepest_names_the_page() -> None:
    contents = [
        ("The Weekly", 1, "a.xhtml"),
        ("Leaders", 2, "a.xhtml"),
        ("Storms ahead", 3, "a.xhtml"),
        ("Why now", 3, "b.xhtml"),
        ("Within", 4, "b.xhtml#w"),
    ]
    reading = book(epub({"a.xhtml": "<p>Words of it.</p>", "b.xhtml": "<p>Words.</p><p id='w'>More.</p>"}, contents))
    assert [page.title for page in reading.pages] == ["Storms ahead", "Why now"]
    assert [title for _, title, _ in reading.outline] == ["The Weekly", "Leaders", "Storms ahead", "Why now", "Within"]


def test_short_pieces_that_no_contents_name_join_the_chapter_before() -> None:
    reading = book(epub({**CHAPTERS, "c.xhtml": "<p>A last word.</p>"}, CONTENTS))
    assert len(reading.pages) == 2
    assert reading.texts[1].endswith("A last word.")


def test_a_book_without_its_directory_is_read_by_the_names_of_its_files() -> None:
    reading = book(epub(CHAPTERS, extra={"OEBPS/book.opf": "\0\1 no markup"}))
    assert [page.title for page in reading.pages] == ["Storm", "Fog"]
    assert reading.warnings == ["The book's directory is damaged: its parts are given in the order of their names."]


def test_a_book_of_pictures_says_so() -> None:
    reading = book(epub({"a.xhtml": '<img src="1.jpg"/>'}))
    assert reading.texts == [""]
    assert reading.warnings == ["The book has no text: its pages are pictures."]


def test_files_in_another_encoding_are_read_as_what_they_declare() -> None:
    page = xhtml("<p>雪国 Fog</p>").replace("utf-8", "utf-16").encode("utf-16")
    reading = book(epub({"a.xhtml": "<p>x</p>"}, extra={"OEBPS/a.xhtml": page}))
    assert reading.texts == ["雪国 Fog"]


def encrypted(*paths: str, algorithm: str) -> dict[str, str | bytes]:
    data = "".join(
        f'<enc:EncryptedData><enc:EncryptionMethod Algorithm="{algorithm}"/><enc:CipherData>'
        f'<enc:CipherReference URI="{path}"/></enc:CipherData></enc:EncryptedData>'
        for path in paths
    )
    return {"META-INF/encryption.xml": f"<encryption>{data}</encryption>"}


def test_protected_books_are_refused_and_scrambled_fonts_are_no_protection() -> None:
    both = ("OEBPS/one%20chapter.xhtml", "OEBPS/b.xhtml")
    aes = "http://www.w3.org/2001/04/xmlenc#aes128-cbc"
    with pytest.raises(UnsupportedFile, match="protected"):
        book(epub(CHAPTERS, CONTENTS, extra=encrypted(*both, algorithm=aes)))
    fonts = encrypted("OEBPS/f.otf", *both, algorithm="http://www.idpf.org/2008/embedding")
    assert len(book(epub(CHAPTERS, CONTENTS, extra=fonts)).pages) == 2
    partly = book(epub(CHAPTERS, CONTENTS, extra=encrypted(both[0], algorithm=aes)))
    assert partly.warnings == ["Some parts of the book are protected and left out."]


def test_an_entity_of_a_billion_laughs_is_not_expanded() -> None:
    bomb = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "haha"><!ENTITY b "&a;&a;&a;">]><html><p>&b; end</p></html>'
    assert "haha" not in book(epub({"a.xhtml": bomb})).texts[0].replace('"haha"', "")


def test_contents_of_one_line_for_many_chapters_are_no_outline() -> None:
    chapters = {f"{letter}.xhtml": f"<h1>Chapter {letter.upper()}</h1><p>{LONG}</p>" for letter in "abcdefghij"}
    reading = book(epub(chapters, [("Start", 1, "a.xhtml")]))

    assert len(reading.pages) == 10
    assert [title for _, title, _ in reading.outline] == [f"Chapter {letter}" for letter in "ABCDEFGHIJ"]


# ---- Kindle


@pytest.mark.parametrize("compression", [1, 2, 17480])
@pytest.mark.parametrize("trailers", [False, True])
def test_kindle_books_read_the_same_however_they_are_packed(compression: int, trailers: bool) -> None:
    raw = MARKUP.encode()
    contents = [("Fog", 1, raw.index(b"<h1>Fog")), ("Storm", 1, raw.index(b"<mbp:pagebreak></mbp:pagebreak><h1>Storm"))]
    reading = book(mobi(raw, compression=compression, contents=contents, trailers=trailers), "a.mobi")
    assert [(page.kind, page.title) for page in reading.pages] == [
        ("chapter", None),
        ("chapter", "Fog"),
        ("chapter", "Storm"),
    ]
    assert reading.texts[0] == "Title page"
    assert reading.texts[1].startswith("# Fog\n\nGrüße, Käpt’n — see\n\nThe harbour")
    assert reading.texts[2] == "# Storm\n\nEnd."
    assert reading.outline == [(1, "Fog", 2), (1, "Storm", 3)]


def test_kindle_books_say_what_they_are_and_lead_nowhere_inside() -> None:
    about = {100: "Ann Lee", 503: "Fog &amp; Storm", 103: "<p>Of the <b>sea</b></p>", 524: "en"}
    raw = b'<html><body><p><a href="kindle:pos:fid:0001:off:0000000000">Con\xc2\xadtents</a></p></body></html>'
    reading = book(mobi(raw, about=about), "a.mobi")

    assert reading.texts == [
        "**Title:** Fog & Storm\n**Authors:** Ann Lee\n**Language:** en\n**Description:** Of the sea\n\nContents"
    ]


def test_kindle_books_of_windows_encoding_are_decoded() -> None:
    reading = book(mobi(MARKUP.encode("cp1252"), codepage=1252), "a.prc")
    assert "Grüße, Käpt’n — see" in reading.texts[0] + reading.texts[1]


def test_chapters_of_the_contents_cut_a_kindle_book_without_page_breaks() -> None:
    raw = b"<html><body><p>Front</p><p><b>One</b></p><p>text</p><p><b>Two</b></p><p>more</p></body></html>"
    contents = [("One", 1, raw.index(b"<b>One")), ("Two", 1, raw.index(b"<b>Two") + 2)]
    reading = book(mobi(raw, contents=contents), "a.mobi")
    assert [page.title for page in reading.pages] == [None, "One", "Two"]
    assert reading.texts == ["Front", "**One**\n\ntext", "**Two**\n\nmore"]


@pytest.mark.parametrize("behind", [None, b"<p>The older form</p>"])
def test_kf8_puts_its_fragments_where_they_belong(behind: bytes | None) -> None:
    reading = book(kf8([("Fog", f"<h1>Fog</h1>{LONG}"), ("Sturm", "<p>Böen</p>")], behind=behind), "a.azw3")
    assert [page.title for page in reading.pages] == ["Fog", "Sturm"]
    assert reading.texts[0].startswith("# Fog\n\nThe harbour")
    assert reading.texts[1] == "Böen"


def test_the_oldest_books_are_plain_text() -> None:
    reading = book(palm_text("A café at 5 < 6.\r\n\r\nSecond paragraph"), "a.prc")
    assert reading.texts == ["A café at 5 < 6.\n\nSecond paragraph"]


@pytest.mark.parametrize("protection", [1, 2])
def test_protected_kindle_books_are_refused(protection: int) -> None:
    with pytest.raises(UnsupportedFile, match=r"protected \(DRM\)"):
        book(mobi(b"<p>x</p>", protection=protection), "a.azw")


def test_packing_is_undone_exactly() -> None:
    raw = bytes(range(256)) * 3 + b"ab" * 500 + "the sea, the sea é".encode()
    assert unpack_palmdoc(pack_palmdoc(raw)) == raw


def test_a_phrase_that_contains_itself_ends_as_damage() -> None:
    codes, dictionary = huffman_tables(of_zero=b"\xff")
    with pytest.raises(DamagedFile):
        Huffman(codes, [dictionary]).unpack(b"\xff")


def test_records_that_unpack_without_end_are_refused() -> None:
    with pytest.raises(TooComplex):
        unpack_palmdoc(b"ab" + b"\x80\x0f" * 60_000)


@pytest.mark.parametrize("content", [mobi(MARKUP.encode()), kf8([("Fog", LONG)]), epub(CHAPTERS, CONTENTS)])
def test_cut_off_books_end_as_text_or_as_one_error(content: bytes) -> None:
    name = "a.epub" if content.startswith(b"PK") else "a.mobi"
    failed = 0
    for size in range(300, len(content), max(len(content) // 40, 1)):
        try:
            book(content[:size], name)
        except KimiFilesError:
            failed += 1
    assert failed > 10
