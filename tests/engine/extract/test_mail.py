"""A message is its headers, its body and what is attached to it."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest

from kimi_files.errors import DamagedFile, KimiFilesError
from kimi_files.extract import mail
from kimi_files.extract.outlook import unpack_rtf
from tests.engine.extract.reading import Reading, read
from tests.samples.epub import epub
from tests.samples.mail import OutlookMessage, eml, msg, pack_rtf, tnef
from tests.samples.sheets import Sheet, xlsx
from tests.samples.sheets import text as words
from tests.samples.word import docx, heading, paragraph

MEETINGS, TASKS, ADDRESSES = 0x00062002, 0x00062003, 0x00062004
HEAD = "# Email Message\n\n**Subject:** x\n\n## Content\n\n"


def message(content: EmailMessage | bytes, name: str = "a.eml") -> Reading:
    return read(mail.read, content if isinstance(content, bytes) else content.as_bytes(), name)


def test_a_plain_message_is_its_headers_and_its_words() -> None:
    found = message(
        eml("Hello,\nsee you.\n", From="Ann Ä <ann@example.org>", To="b@example.org", Subject="Zum Termin — 雪")
    )
    assert found.texts == [
        "# Email Message\n\n**From:** Ann Ä <ann@example.org>\n**To:** b@example.org\n**Subject:** Zum Termin — 雪\n\n"
        "## Content\n\nHello,\nsee you."
    ]
    assert [(page.kind, page.label, page.title) for page in found.pages] == [("section", "1", "Zum Termin — 雪")]


def test_html_is_read_where_the_plain_text_is_a_stub() -> None:
    table = "<table><tr><th>Item</th></tr><tr><td>Shaft</td></tr></table>" + "<p>Replaced in May, at night.</p>" * 5
    assert "| Shaft |" in message(eml("Needs HTML", html=table, Subject="x")).texts[0]
    assert message(eml("Hello there, Ann", html="<p>Hello <b>there</b>, Ann</p>", Subject="x")).texts == [
        f"{HEAD}Hello there, Ann"
    ]
    assert message(eml(html="<p>Only <b>this</b></p>", Subject="x")).texts == [f"{HEAD}Only **this**"]


def test_attachments_are_pages_called_after_them() -> None:
    book = xlsx([Sheet("Prices", {"A1": words("a")}), Sheet("Stock", {"A1": words("b")})])
    found = message(
        eml(
            "See the files.",
            attachments=[
                ("report.docx", docx([heading(1, "Findings"), paragraph("Cracks.")])),
                ("book.xlsx", book),
                ("notes, späť.txt", "ťažký".encode("cp1250")),
                ("photo.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(30)),
                ("setup.exe", b"MZ" + bytes(200)),
                ("cut.docx", docx([paragraph("x")])[:200]),
            ],
            Subject="Files",
        )
    )
    assert [page.label for page in found.pages] == [
        "message",
        "report.docx",
        "book.xlsx / Prices",
        "book.xlsx / Stock",
        "notes, späť.txt",
    ]
    assert found.pages[1].text == "# Findings\n\nCracks."
    assert found.pages[2].kind == "sheet"
    assert (1, "Files", 1) in found.outline
    assert (2, "Findings", 2) in found.outline
    listed = found.texts[0]
    assert "- photo.png (PNG picture, 46 bytes)" in listed
    assert "- setup.exe (202 bytes): not read. " in listed
    assert "- cut.docx (200 bytes): not read. " in listed


def _nested_envelopes(depth: int) -> bytes:
    envelope = tnef({0x0037: "Deepest"})
    for number in range(depth):
        envelope = tnef({0x1000: f"Words of {number}"}, [("inner", envelope)])
    return envelope


def _nested_outlook(depth: int) -> bytes:
    made = OutlookMessage({0x0037: "Deepest"})
    for number in range(depth):
        made = OutlookMessage({0x1000: f"Words of {number}"}, attachments=[("inner", made)])
    return msg(made)


def test_attachments_of_one_name_are_told_from_each_other() -> None:
    inner = eml("Forwarded", attachments=[("a.txt", b"one"), ("a.txt", b"two")])
    found = message(
        eml("x", attachments=[("a.csv", b"k,v\n1,2\n"), ("a.csv", b"k,v\n3,4\n"), ("message", inner), ("", inner)])
    )
    assert [page.label for page in found.pages] == [
        "message",
        "a.csv",
        "a.csv (2)",
        "message (2)",
        "message (2) / a.txt",
        "message (2) / a.txt (2)",
        "message (3)",
        "message (3) / a.txt",
        "message (3) / a.txt (2)",
    ]
    assert found.texts[2] == "| k | v |\n| --- | --- |\n| 3 | 4 |"
    assert "- a.csv (2) (CSV, 8 bytes)\n- message (2) (a message)" in found.texts[0]


def test_more_attachments_than_are_read_are_named_with_the_way_to_them() -> None:
    found = message(eml("x", attachments=[(f"{number}.txt", b"one") for number in range(102)]))
    assert len(found.pages) == 101
    assert (
        "- 101.txt (3 bytes): not read, too much is attached: read the message's path with !/101.txt" in found.texts[0]
    )


def test_messages_within_messages_are_pages_to_a_depth() -> None:
    inner = eml("Deepest words", Subject="level 8")
    for level in range(7, -1, -1):
        inner = eml(f"Words of {level}", attachments=[(f"fw{level}.eml", inner)], Subject=f"level {level}")
    found = message(inner)
    assert [page.label for page in found.pages[:4]] == [
        "message",
        "fw0.eml",
        "fw0.eml / fw1.eml",
        "fw0.eml / fw1.eml / fw2.eml",
    ]
    assert "Words of 7" in found.texts[7]
    assert "fw7.eml (a message): not read" in found.texts[7]
    assert "Deepest" not in "".join(found.texts)


def test_what_a_mail_server_reports_is_said() -> None:
    raw = (
        b"From: mailer@example.org\nSubject: Returned\n"
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n"
        b"--b\nContent-Type: text/plain\n\nYour message came back.\n"
        b"--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.org\n\n"
        b"Final-Recipient: rfc822; ann@example.org\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 No such\n user here\n\n"
        b"--b\nContent-Type: message/feedback-report\nContent-Transfer-Encoding: base64\n\n"
        + base64.encodebytes(b"Feedback-Type: abuse\nVersion: 1\n")
        + b"--b\nContent-Type: message/rfc822\n\nSubject: Hello\n\nHello, Ann\n--b--\n"
    )
    found = message(raw)
    assert found.texts[0].endswith(
        "Your message came back.\n\nReporting-MTA: dns; mx.example.org\n\nFinal-Recipient: rfc822; ann@example.org\n"
        "Status: 5.1.1\nDiagnostic-Code: smtp; 550 No such user here\n\nFeedback-Type: abuse\nVersion: 1\n\n"
        "Attachments:\n- Hello (a message)"
    )
    assert found.texts[1].endswith("Hello, Ann")


def test_a_message_that_a_program_wrote_as_base64_is_a_message() -> None:
    inner = base64.encodebytes(b"Subject: inside\r\n\r\nThe words of it.")
    content = (
        b"Subject: x\r\nContent-Type: message/rfc822; name=a.eml\r\nContent-Transfer-Encoding: base64\r\n\r\n" + inner
    )
    assert "The words of it." in read(mail.read, content, "a.eml").texts[1]


def test_headers_and_bodies_in_wrong_encodings_are_read() -> None:
    raw = "From: Jürgen <j@example.org>\nSubject: =?nonsense?Q?caf=E9?= und =?utf-8?b?8J+Yig==?=\n\nGrüße aus Köln\n"
    (text,) = message(raw.encode("latin-1")).texts
    assert "**From:** Jürgen" in text
    assert "**Subject:** café und 😊" in text
    assert text.endswith("Grüße aus Köln")


@pytest.mark.parametrize(
    ("said", "written", "words"),
    [
        ("gb2312", "gb18030", "朱镕基〇会议"),
        ("ks_c_5601-1987", "cp949", "똠방각하"),
        ("shift_jis", "cp932", "①㈱髙橋"),
        ("iso-8859-1", "cp1252", "“quoted” €"),
        ("big5", "cp950", "恒碁裏"),
    ],
)
def test_titles_are_read_in_the_larger_encoding_that_a_name_stands_for(said: str, written: str, words: str) -> None:
    encoded = base64.b64encode(words.encode(written)).decode()
    assert f"**Subject:** {words}\n" in message(f"Subject: =?{said}?B?{encoded}?=\n\nx\n".encode()).texts[0]


def test_a_title_that_cannot_be_decoded_stays_as_it_is() -> None:
    assert "**Subject:** =?UTF-8?B?nnDus?=" in message(b"From: a@b.c\nSubject: =?UTF-8?B?nnDus?=\n\nHi\n").texts[0]


def test_plain_text_that_is_called_base64_keeps_its_lines() -> None:
    raw = (
        b"Subject: x\nContent-Type: text/plain\nContent-Transfer-Encoding: base64\n\nNot encoded, at all.\nTwo lines!\n"
    )
    assert message(raw).texts == [f"{HEAD}Not encoded, at all.\nTwo lines!"]
    padded = base64.b64encode(b"Encoded, with blanks behind it.") + b"   \n"
    assert message(raw.partition(b"Not")[0] + padded).texts == [f"{HEAD}Encoded, with blanks behind it."]
    broken = b"Subject: x\nContent-Transfer-Encoding: quoted-printable\n\nA long line that is =\nbroken for the way.\n"
    assert message(broken).texts == [f"{HEAD}A long line that is broken for the way."]


def test_a_message_in_utf_16_is_read() -> None:
    assert "**Subject:** x" in message("From: a@example.org\nSubject: x\n\nBody".encode("utf-16")).texts[0]


def test_a_title_that_is_not_folded_does_not_end_the_headers() -> None:
    raw = (
        b"From: a@example.org\nSubject: =?utf-8?B?44OO?=\n=?utf-8?B?44O844OI?=\nMIME-Version: 1.0\n"
        b"Content-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: base64\n\n5q2j5paH\n"
    )
    found = message(raw)
    assert "**Subject:** ノート" in found.texts[0]
    assert found.texts[0].endswith("正文")


@pytest.mark.parametrize("encoding", ["utf-8", "cp1251"])
def test_names_of_attachments_may_stand_in_plain_bytes(encoding: str) -> None:
    name = "Счёт на оплату за октябрь.txt".encode(encoding)
    raw = (
        b"From: a@example.org\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nHello\n--b\n"
        b'Content-Type: application/octet-stream\nContent-Disposition: attachment; filename="'
        + name
        + b'"\n\nx\n--b--\n'
    )
    assert [page.label for page in message(raw).pages] == ["message", "Счёт на оплату за октябрь.txt"]


def test_text_after_headers_that_say_nothing_of_it_stays_text() -> None:
    assert (
        message(b"From: a@example.org\nSubject: x\nwithout a line between\n\nmore").texts[0].endswith("between\n\nmore")
    )


def test_an_encrypted_message_says_so() -> None:
    raw = (
        b'From: a@example.org\nMIME-Version: 1.0\nContent-Type: multipart/encrypted; protocol="x"; boundary=b\n\n--b\n'
        b"Content-Type: application/pgp-encrypted\n\nVersion: 1\n--b\nContent-Type: application/octet-stream\n\n"
        b"-----BEGIN PGP MESSAGE-----\n--b--\n"
    )
    assert message(raw).warnings == ["The message is encrypted: its text is not in it."]


def test_a_text_that_is_no_message_is_refused() -> None:
    with pytest.raises(DamagedFile, match="no headers"):
        message(b"Just some lines\nof text\n")


def test_parts_nested_without_end_are_refused() -> None:
    raw = b"From: a@example.org\n"
    for level in range(60):
        raw += f"Content-Type: multipart/mixed; boundary=b{level}\n\n--b{level}\n".encode()
    with pytest.raises(KimiFilesError):
        message(raw + b"\n\nx")


# ---- Outlook


def test_an_outlook_message_has_people_date_and_attachments() -> None:
    inner = OutlookMessage({0x0037: "Inner", 0x1000: "Inner words"})
    content = OutlookMessage(
        {0x0037: "Zum Termin — 雪", 0x1000: "Hello,\r\nsee you.", 0x0C1A: "Ann", 0x5D01: "ann@example.org"},
        sent=datetime(2024, 2, 29, 10, 30, tzinfo=UTC),
        recipients=[(1, "Bo", "bo@example.org"), (2, "cy@example.org", "cy@example.org"), (3, "Di", "/O=EX/CN=DI")],
        attachments=[("a.txt", b"attached text"), ("", inner), ("book.epub", epub({"a.xhtml": "<p>Chapter</p>"}))],
    )
    found = message(msg(content), "a.msg")
    assert found.texts[0].startswith(
        "# Email Message\n\n**From:** ann@example.org (Ann)\n**To:** bo@example.org (Bo)\n**Cc:** cy@example.org\n**Bcc:** Di\n"
        "**Date:** 2024-02-29 10:30:00 UTC\n**Subject:** Zum Termin — 雪\n\n## Content\n\n"
        "Hello,\nsee you.\n\nAttachments:\n- a.txt (text"
    )
    assert [page.label for page in found.pages] == ["message", "a.txt", "Inner", "book.epub"]
    assert found.texts[1:] == [
        "attached text",
        "# Email Message\n\n**Subject:** Inner\n\n## Content\n\nInner words",
        "Chapter",
    ]


def test_an_appointment_says_when_and_where_it_is() -> None:
    start, end = datetime(2024, 3, 4, 8, tzinfo=UTC), datetime(2024, 3, 4, 9, 30, tzinfo=UTC)
    meeting = OutlookMessage(
        {0x0037: "Budget", 0x001A: "IPM.Schedule.Meeting.Request"},
        {
            (MEETINGS, 0x820D): start,
            (MEETINGS, 0x820E): end,
            (MEETINGS, 0x8208): "Room 4",
            (MEETINGS, 0x8232): "every Monday",
            (MEETINGS, 0x8236): datetime(2024, 6, 30, 22, tzinfo=UTC),
        },
    )
    assert message(msg(meeting), "a.msg").texts == [
        "# Meeting\n\n**Subject:** Budget\n**Start:** 2024-03-04 08:00 UTC\n**End:** 2024-03-04 09:30 UTC\n"
        "**Location:** Room 4\n**Repeats:** every Monday, until 2024-07-01\n\n## Content"
    ]
    # In Tokyo, where it was made, the day began at 15:00 UTC.
    holiday = OutlookMessage(
        {0x0037: "Holiday", 0x001A: "IPM.Appointment"},
        {
            (MEETINGS, 0x820D): datetime(2024, 4, 28, 15, tzinfo=UTC),
            (MEETINGS, 0x820E): datetime(2024, 5, 6, 15, tzinfo=UTC),
            (MEETINGS, 0x8215): 1,
        },
    )
    assert "**Start:** 2024-04-29 (all day)\n**End:** 2024-05-06 (all day)" in message(msg(holiday), "a.msg").texts[0]


def test_a_contact_and_a_task_say_what_they_hold() -> None:
    contact = OutlookMessage(
        {0x001A: "IPM.Contact", 0x3001: "Ann Lee", 0x3A16: "Mill Ltd", 0x3A1C: "+44 20 7946 0000"},
        {(ADDRESSES, 0x8083): "ann@example.org", (ADDRESSES, 0x801B): "1 Mill Lane\r\nYork"},
    )
    assert (
        message(msg(contact), "a.msg")
        .texts[0]
        .startswith(
            "# Contact\n\n**Name:** Ann Lee\n**Company:** Mill Ltd\n**Email:** ann@example.org\n"
            "**Mobile phone:** +44 20 7946 0000\n**Address at work:** 1 Mill Lane York\n"
        )
    )
    task = OutlookMessage(
        {0x001A: "IPM.Task", 0x0037: "Order bearings"},
        {(TASKS, 0x8105): datetime(2024, 5, 31, tzinfo=UTC), (TASKS, 0x8101): 1, (TASKS, 0x8102): 0.5},
    )
    assert "**Due:** 2024-05-31\n**Status:** in progress\n**Done:** 50%" in message(msg(task), "a.msg").texts[0]


def test_what_outlook_puts_in_an_envelope_belongs_to_the_message() -> None:
    inner = tnef({0x0037: "Inner", 0x1000: "Inner words"})
    envelope = tnef(
        {0x1000: "The body again", (MEETINGS, 0x8208): "Room 4", 0x001A: "IPM.Appointment"},
        [("naïve café.txt", b"attached text"), ("Untitled Attachment", inner)],
    )
    found = message(eml("The body", attachments=[("winmail.dat", envelope)], Subject="x"))
    assert [page.label for page in found.pages] == ["message", "naïve café.txt", "Inner"]
    assert found.texts[0].startswith(
        "# Appointment\n\n**Subject:** x\n**Location:** Room 4\n\n## Content\n\nThe body\n\n"
    )
    assert "again" not in found.texts[0]
    assert found.texts[1:] == ["attached text", "# Email Message\n\n**Subject:** Inner\n\n## Content\n\nInner words"]
    without = message(eml(attachments=[("winmail.dat", envelope)], Subject="x"))
    assert "The body again" in without.texts[0]
    assert message(inner, "winmail.dat").texts == ["# Email Message\n\n**Subject:** Inner\n\n## Content\n\nInner words"]


@pytest.mark.parametrize("made", [_nested_envelopes, _nested_outlook], ids=["winmail.dat", "msg"])
def test_messages_of_outlook_too_deep_in_each_other_leave_the_upper_ones_readable(made: Callable[[int], bytes]) -> None:
    found = message(eml("The body", attachments=[("outer.msg", made(12))], Subject="x"))
    assert "The body" in found.texts[0]
    assert "Words of 6" in "".join(found.texts)
    assert "(a message): not read, too much is attached to each other" in found.texts[-1]


def test_an_envelope_that_is_cut_off_gives_what_is_left_of_it() -> None:
    envelope = tnef({0x0037: "Inner", 0x1000: "Words " * 50}, [("a.txt", b"x" * 300), ("b.txt", b"y" * 300)])
    for size in range(4, len(envelope), 7):
        found = message(eml("The body", attachments=[("winmail.dat", envelope[:size])], Subject="x"))
        assert "The body" in found.texts[0]
    assert "a.txt" in message(eml("The body", attachments=[("winmail.dat", envelope[:-200])], Subject="x")).texts[0]


def test_older_outlook_messages_are_in_the_encoding_that_they_name() -> None:
    content = OutlookMessage({0x0037: "Привет\0", 0x1000: "Текст сообщения"}, encoding="cp1251", codepage=1251)
    assert message(msg(content), "a.msg").texts == [
        "# Email Message\n\n**Subject:** Привет\n\n## Content\n\nТекст сообщения"
    ]


def test_bodies_in_html_or_packed_rtf_are_read() -> None:
    html = OutlookMessage({0x0037: "x"}, html='<meta charset="utf-8"><p>Grüße</p>'.encode())
    assert message(msg(html), "a.msg").texts == [f"{HEAD}Grüße"]
    rtf = OutlookMessage({0x0037: "x"}, rtf=pack_rtf(rb"{\rtf1\ansi Gr\'fc\'dfe\par Ende}"))
    assert message(msg(rtf), "a.msg").texts == [f"{HEAD}Grüße\n\nEnde"]


def test_rtf_is_unpacked_as_the_specification_shows() -> None:
    # The example of [MS-OXRTFCP] 3.1.1, and the one of a run that reads what it writes (3.1.2).
    packed = bytes.fromhex(
        "2d0000002b0000004c5a4675f1c5c7a703000a00726370673132354232 0af32068656c090020627705b06c647d0a800fa0".replace(
            " ", ""
        )
    )
    assert unpack_rtf(packed) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
    run = bytes.fromhex("1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0")
    assert unpack_rtf(run) == b"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}"


def test_cut_off_outlook_messages_end_as_text_or_as_one_error() -> None:
    content = msg(OutlookMessage({0x0037: "Subject", 0x1000: "Words " * 300}, attachments=[("a.txt", b"x" * 3000)]))
    failed = 0
    for size in range(600, len(content), 97):
        try:
            message(content[:size], "a.msg")
        except Exception:  # the parser's own errors become ours in the worker
            failed += 1
    assert failed
