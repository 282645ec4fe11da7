"""The long runs of ``bench/hostile`` in a small size: nothing grows, nothing gets in each other's way."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.hostile.frames import call, opening
from tests.hostile.process import descriptors_of, raw_server


@pytest.mark.skipif(sys.platform != "linux", reason="counts through /proc")
def test_many_calls_leave_no_descriptor_open(tmp_path: Path) -> None:
    with raw_server(tmp_path) as server:
        (server.folder / "a.md").write_text("# A heading\n\nsome words of a paragraph\n\n" * 50)
        server.send(opening("legacy"))
        after_the_first = 0
        for number in range(60):
            server.send([call("legacy", number, "get_file_content", file="a.md", find="words")])
            assert not server.answer(number)["result"].get("isError")
            if number == 10:
                after_the_first = descriptors_of(server)
        assert descriptors_of(server) <= after_the_first


def test_three_servers_on_one_store_do_not_get_in_each_others_way(tmp_path: Path) -> None:
    with raw_server(tmp_path) as one, raw_server(tmp_path) as two, raw_server(tmp_path) as three:
        servers = (one, two, three)
        for number in range(10):
            (one.folder / f"{number}.txt").write_text(f"words of {number}\n" * 20)
        for server in servers:
            server.send(opening("legacy"))
            server.send(call("legacy", number, "upload_file", path=f"{number}.txt") for number in range(10))
        ids = [
            [json.loads(server.answer(number)["result"]["content"][0]["text"])["id"] for number in range(10)]
            for server in servers
        ]
        assert ids[0] == ids[1] == ids[2]
        assert len(set(ids[0])) == 10
