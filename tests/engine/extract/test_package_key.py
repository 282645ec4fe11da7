"""Packages that Excel encrypts by itself are read; those with a password of their author's ask for it."""

from __future__ import annotations

import io
import random
from collections.abc import Callable

import pytest

from kimi_files.errors import DamagedFile, PasswordRequired
from kimi_files.extract import readers
from kimi_files.extract.document import PageText
from kimi_files.extract.office.compound import Compound
from tests.samples import package_key
from tests.samples.mail import compound
from tests.samples.sheets import Sheet, text, xlsx

EXCELS_OWN = "VelvetSweatshop"
# Long enough for more than one segment of 4,096 bytes, even when packed.
WORDS = [random.Random(row).randbytes(40).hex() for row in range(300)]
WORKBOOK = xlsx([Sheet("Protected", {f"A{row}": text(word) for row, word in enumerate(WORDS, start=1)})])

Encrypted = Callable[[bytes, str], bytes]


def pages(content: bytes, name: str = "a.xlsx") -> tuple[str, list[PageText]]:
    identified, module, stream = readers.find_reader(io.BytesIO(content), name)
    events = readers.read(module, stream, name, identified.format)
    return identified.format.name, [event for event in events if isinstance(event, PageText)]


@pytest.mark.parametrize("encrypted", [package_key.standard, package_key.agile])
def test_a_workbook_that_excel_encrypts_without_asking_is_read(encrypted: Encrypted) -> None:
    kind, found = pages(encrypted(WORKBOOK, EXCELS_OWN), "a.xls")

    assert kind == "Excel workbook"
    assert found[0].label == "Protected"
    assert all(word in "".join(page.text for page in found) for word in WORDS)


@pytest.mark.parametrize("encrypted", [package_key.standard, package_key.agile])
def test_a_workbook_with_a_password_of_its_author_asks_for_it(encrypted: Encrypted) -> None:
    with pytest.raises(PasswordRequired):
        pages(encrypted(WORKBOOK, "correct horse"))


def test_a_file_says_itself_how_slow_guessing_is_and_is_not_followed_beyond_reason() -> None:
    with pytest.raises(PasswordRequired):
        pages(package_key.agile(WORKBOOK, EXCELS_OWN, said_turns=9_999_999_999))


@pytest.mark.parametrize("length", [0, 3, 9, 60, 100])
@pytest.mark.parametrize("encrypted", [package_key.standard, package_key.agile])
def test_what_says_how_it_is_encrypted_may_be_cut_off(encrypted: Encrypted, length: int) -> None:
    whole = Compound(encrypted(WORKBOOK, EXCELS_OWN))
    package = whole.stream("EncryptedPackage", 1 << 20)
    assert package is not None

    with pytest.raises(PasswordRequired):
        pages(compound({"EncryptionInfo": whole.stream("EncryptionInfo", length) or b"", "EncryptedPackage": package}))


def test_a_password_that_opens_no_package_says_that_the_file_is_damaged() -> None:
    with pytest.raises(DamagedFile):
        pages(package_key.standard(bytes(5_000), EXCELS_OWN))
