"""What an RTF text says beside its paragraphs: changes, comments, notes, page heads; and letters of every code page."""

from __future__ import annotations

import pytest

from kimi_files.extract import rtf, word
from kimi_files.formats import RTF
from tests.engine.extract.reading import read


def texts(source: bytes) -> str:
    return "\n\n".join(read(lambda stream, name, _: word.read(stream, name, RTF), source, "a.rtf").texts)


def test_changes_and_hidden_text_are_marked() -> None:
    source = (
        rb"{\rtf1\ansi{\*\revtbl{Unknown;}{Ann;}}We pay {\deleted\revauthdel1\revdttmdel1 ten}{\revised\revauth1\revdttm1 "
        rb"twelve }{\revised\revauth1 thousand} euros.\par Next {\v secret} one.\par Plain {\revised  }end.\par}"
    )

    assert texts(source) == (
        "We pay [deleted: ten][inserted: twelve thousand] euros.\n\nNext [hidden: secret] one.\n\nPlain  end."
    )


def test_a_change_ends_where_plain_or_zero_says_so() -> None:
    assert texts(rb"{\rtf1 {\deleted old \plain kept }\revised new\revised0  and old\par}") == (
        "[deleted: old ]kept [inserted: new] and old"
    )


def test_comments_stand_with_their_author_at_their_place() -> None:
    source = (
        rb"{\rtf1\ansi Some {\*\atrfstart 1}wor{\*\atrfend 1}{\*\atnid AL}{\*\atnauthor Ann Lee}\chatn{\*\annotation{\*\atnref 1}"
        rb"{\*\atndate 12}\pard\plain A remark.\par Of two lines.}ds here.\par}"
    )

    assert texts(source) == "Some words [comment by Ann Lee: A remark. Of two lines.] here."


def test_notes_follow_their_paragraph_and_page_heads_come_once() -> None:
    source = (
        rb"{\rtf1\ansi{\header\pard Company\par}{\headerf\pard Company\par}{\footer\pard Confidential\par}"
        rb"Body{\super\chftn}{\footnote\pard\plain {\super\chftn} The note.} goes on.\par Second.\par}"
    )

    assert texts(source) == (
        "Body[^1] goes on.\n\n[^1]: The note.\n\nSecond.\n\nHeaders and footers:\nCompany\nConfidential"
    )


def test_tables_lists_and_links_survive() -> None:
    source = (
        rb"{\rtf1\ansi\trowd\cellx1000\cellx2000\pard\intbl A\cell {\revised B}\cell\row\trowd\cellx1000\cellx2000"
        rb"\pard\intbl C\cell D\par E\cell\row\pard{\pntext 1.\tab}{\*\pn\pnlvlbody\pndec\pnstart1{\pntxta .}}One\par"
        rb'{\pntext 2.\tab}Two\par\pard See {\field{\*\fldinst HYPERLINK "http://x.org/a"}{\fldrslt this}}.\par}'
    )

    text = texts(source)

    assert text.startswith("| A | [inserted: B] |\n| --- | --- |\n| C | D<br>E |\n\n1. ")
    assert "1. One\n2. Two" in text
    assert "[this](http://x.org/a)" in text


@pytest.mark.parametrize(
    ("head", "letters", "text"),
    [
        (rb"\ansi\ansicpg932{\fonttbl{\f0\fcharset128 Mincho;}}\f0", "日本語".encode("cp932"), "日本語"),
        (rb"\mac\ansicpg10001{\fonttbl\f0\fcharset78 Hira;}\f0", "お読みください".encode("cp932"), "お読みください"),
        (rb"\ansi\ansicpg1252{\fonttbl{\f0\fcharset204 Arial Cyr;}}\f0", "Привет".encode("cp1251"), "Привет"),
        (rb"\ansi\ansicpg1250{\fonttbl{\f0 Arial;}}", "před žluť".encode("cp1250"), "před žluť"),
        (rb"\pc{\fonttbl{\f0 Arial;}}", "Größe".encode("cp437"), "Größe"),
        (rb"\ansi\ansicpg708{\fonttbl{\f0 Arial;}}", "مرحبا".encode("iso8859_6"), "مرحبا"),
        (rb"\ansi\ansicpg65001{\fonttbl{\f0 Arial;}}", "naïve".encode(), "naïve"),
    ],
)
def test_letters_are_read_in_the_code_page_of_their_font(head: bytes, letters: bytes, text: str) -> None:
    escaped = b"".join(b"\\'%02x" % byte for byte in letters)

    assert texts(rb"{\rtf1" + head + b" " + escaped + rb"\par}") == text


def test_plain_text_is_in_the_font_that_is_named_as_default() -> None:
    fonts = rb"{\fonttbl{\f0\fcharset238 A;}{\f1\fcharset161 B;}}"

    found = rtf.parts(rb"{\rtf1\ansi\deff1" + fonts + rb"\f0\'e8\plain \'c5\'eb\'eb\'dc\'e4\'e1\par}")

    assert [line.text for line in found.text] == ["čΕλλάδα"]


def test_half_of_a_letter_may_be_written_as_an_escaped_sign() -> None:
    source = rb"{\rtf1\ansi\ansicpg932 \'83\\\'83t\'83g \{ \\ \}\par}"

    assert [line.text for line in rtf.parts(source).text] == [r"ソフト { \ }"]


def test_what_is_written_for_old_and_new_programs_is_read_once() -> None:
    source = rb"{\rtf1\ansi\uc1 {\upr{[G]}{\*\ud{[\u915 G]}}} and \u-10179?\u-8704?.\par}"

    assert [line.text for line in rtf.parts(source).text] == ["[\u0393] and \U0001f600."]


def test_the_text_alone_has_notes_and_tables_too() -> None:
    source = rb"{\rtf1 Body{\footnote The note.} on.\par\trowd\pard\intbl A\cell B\cell\row\pard{\shptxt In a box\par} End\par}"

    found = [block.text for block in rtf.parts(source).blocks() if block.text]

    assert found == ["Body on.[^1]", "[^1]: The note.", "| A | B |\n| --- | --- |", "End", "In a box"]


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (rb"Area 10{\super 6} m\super 2\nosupersub .", "Area 10^6 m^2."),
        (rb"10}{\b\super\fs20 -6}{\b0  J", "10^-6 J"),
        (rb"the 3{\super rd} of x\par {\super 1} A note", "the 3rd of x\n\n1 A note"),
        (rb"{\f3 \'34} {\f3\fs20 \u-4031\'41}{\f2\u-3999?\u-3913\'b7 x}", "✔ ✡α• x"),
        (rb"a {\f1\fs20 \'fc} b {\f2\'ae} c {\f2 b}{\f1\u-3844?} {\f0 d}", "a ✓ b → c β✓ d"),
    ],
)
def test_powers_and_signs_of_symbol_fonts_are_told(written: bytes, shown: str) -> None:
    fonts = (
        rb"{\fonttbl{\f0\froman Times;}{\f1\fnil\fcharset2 Wingdings;}{\f2\fcharset2{\*\panose 0505}Symbol;}"
        rb"{\f3\fcharset2 Zapf Dingbats{\*\falt Monotype Sorts};}}"
    )
    text = read(word.read, b"{\\rtf1\\ansi\\deff0" + fonts + b"{\\colortbl;}" + written + b"\\par}", "a.rtf").texts[0]

    assert text == shown


def test_data_and_unknown_groups_end_where_they_say() -> None:
    source = (
        rb"{\rtf1\ansi{\*\unknown {one \} two}\{{three}}One\par{\pict\bin7 }}{{\'zz}Two\par{\*\other\bin3 {{{}Three\par"
        rb"{\object{\*\objclass x}{\*\objdata 00}{\result\b{4}}}\par}"
    )

    assert texts(source) == "One\n\nTwo\n\nThree\n\n**4**"


def test_words_end_at_signs_that_are_text() -> None:
    assert (
        texts(rb"{\rtf1 {\super{5}} a\par- b\par\b0c\par \li-5-d\par\i\{e\}\\\par}") == "5 a\n\n- b\n\nc\n\n-d\n\n{e}\\"
    )
