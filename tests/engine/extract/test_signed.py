"""What is signed together with its signature is read as the file it is."""

from __future__ import annotations

import base64

import pytest

from kimi_files.errors import TooComplex, UnsupportedFile
from kimi_files.extract import mail, signed
from tests.engine.extract.reading import read
from tests.samples.pdf import Page, pdf
from tests.samples.signed import encrypted, signature_alone
from tests.samples.signed import signed as enveloped

MESSAGE = "Content-Type: text/plain; charset=utf-8\r\n\r\nHello, signed wörld\r\n".encode()


@pytest.mark.parametrize("in_pieces", [False, True])
def test_a_signed_file_is_read_as_what_it_is(in_pieces: bool) -> None:
    reading = read(signed.read, enveloped(pdf([Page(["Invoice 17"])]), in_pieces=in_pieces), "invoice.pdf.p7m")

    assert reading.texts[0].strip() == "Invoice 17"
    assert reading.warnings == ["This is a signed file, PDF. The signature was not checked."]


@pytest.mark.parametrize("in_pieces", [False, True])
def test_the_text_of_a_signed_message_is_its_text(in_pieces: bool) -> None:
    inner = base64.encodebytes(enveloped(MESSAGE, in_pieces=in_pieces))
    head = b"From: a@example.org\nContent-Type: application/pkcs7-mime; name=smime.p7m\nContent-Transfer-Encoding: base64\n\n"

    reading = read(mail.read, head + inner, "a.eml")

    assert reading.texts[0].endswith("Hello, signed wörld")
    assert not reading.warnings


def test_an_encrypted_message_and_a_signature_alone_say_what_they_are() -> None:
    with pytest.raises(UnsupportedFile, match="encrypted message"):
        read(signed.read, encrypted(), "smime.p7m")
    with pytest.raises(UnsupportedFile, match="signature without the file"):
        read(signed.read, signature_alone(), "smime.p7s")


def test_a_file_may_be_signed_by_several_but_not_without_end() -> None:
    twice = enveloped(enveloped(b"a,b\n1,2\n"))
    assert read(signed.read, twice, "a.csv.p7m.p7m").texts == ["| a | b |\n| --- | --- |\n| 1 | 2 |"]

    for _ in range(8):
        twice = enveloped(twice)
    with pytest.raises(TooComplex):
        read(signed.read, twice, "a.p7m")


def test_an_envelope_may_be_cut_off_anywhere() -> None:
    for content in (enveloped(MESSAGE), enveloped(MESSAGE, in_pieces=True)):
        for length in range(len(content)):
            assert signed.content(content[:length]) in (None, MESSAGE)


def test_envelopes_in_envelopes_without_lengths_end() -> None:
    assert signed.content(b"\x30\x80" * 100_000) is None
