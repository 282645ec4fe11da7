"""Streams of OLE2 containers as olefile reads them, and no end of memory for a container that lies."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import olefile
import pytest

from kimi_files.extract.office.compound import Compound
from tests.samples.mail import Tree, compound

FILES = Path(__file__).parents[2] / "samples" / "files"
MOST = 1 << 20
SIGNATURE = bytes.fromhex("d0cf11e0a1b11ae1")


@pytest.mark.parametrize("name", ["report.doc", "positions.xls"])
def test_streams_are_those_that_olefile_reads(name: str) -> None:
    content = (FILES / name).read_bytes()
    with olefile.OleFileIO(io.BytesIO(content)) as container:
        names = [path[0] for path in container.listdir() if len(path) == 1]
        expected = {each: container.openstream(each).read() for each in names}

    found = Compound(content)

    assert {each: found.stream(each.lower(), MOST) for each in names} == expected
    assert found.stream("Nothing", MOST) is None


def test_a_stream_within_a_storage_is_not_taken_for_one_of_the_root() -> None:
    tree: Tree = {"Data": b"outside", "Long": b"x" * 5000, "Store": {"Data": b"inside", "Other": b"y" * 70}}

    found = Compound(compound(tree))

    assert (found.stream("Data", MOST), found.stream("Long", MOST)) == (b"outside", b"x" * 5000)
    assert found.stream("Other", MOST) is None
    assert (found.stream("Data", MOST, "store"), found.stream("Other", MOST, "Store")) == (b"inside", b"y" * 70)
    assert found.stream("Data", MOST, "Data") is None


def test_no_more_of_a_stream_is_read_than_is_asked_for() -> None:
    found = Compound((FILES / "report.doc").read_bytes())
    whole = found.stream("WordDocument", MOST)

    assert whole is not None
    assert found.stream("WordDocument", 700) == whole[:700]


@pytest.mark.parametrize("kept", range(512, 11_776, 1_024))
def test_a_file_that_is_cut_off_gives_what_is_left_of_its_streams(kept: int) -> None:
    content = (FILES / "report.doc").read_bytes()
    whole = Compound(content).stream("WordDocument", MOST) or b""

    try:
        found = Compound(content[:kept]).stream("WordDocument", MOST)
    except (ValueError, struct.error):
        return

    assert found is None or whole.startswith(found)


def test_a_chain_that_comes_back_to_itself_ends() -> None:
    content = bytearray((FILES / "report.doc").read_bytes())
    table = struct.unpack_from("<I", content, 76)[0]
    first = struct.unpack_from("<I", content, 48)[0]
    struct.pack_into("<I", content, (table + 1) * 512 + 4 * first, first)

    assert Compound(bytes(content)).stream("Nothing", MOST) is None


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", SIGNATURE, SIGNATURE + bytes(600)])
def test_what_is_no_container_is_a_plain_error(content: bytes) -> None:
    with pytest.raises((ValueError, struct.error)):
        Compound(content)
