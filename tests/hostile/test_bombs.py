"""Each bomb ends as text or as one typed error, the file outside stays outside, and the server goes on as it was."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.hostile.bombs import BOMBS, OUTSIDE
from tests.hostile.frames import call, opening
from tests.hostile.process import memory_of, raw_server

# ``python -m bench.hostile bombs`` has all of them; these cost a gigabyte of work, or a reader's whole deadline.
SLOW = {
    "one-node.docx", "sheet.xlsx", "slide.pptx", "text.odt", "book.epub", "nested.zip.docx", "names.zip", "zeros.tgz",
    "zeros.txz", "zeros.tbz2", "filters.svg", "stream.pdf", "filters.pdf", "forms.pdf", "form-diamonds.pdf", "line.txt",
    "marks.txt", "columns.csv", "attributes.html", "vast.pdf", "tables.html",
}  # fmt: skip
QUICK = [bomb for bomb in BOMBS if bomb.name not in SLOW]


@pytest.mark.skipif(sys.platform != "linux", reason="memory is looked up in /proc")
@pytest.mark.parametrize("part", [0, 1])
def test_a_bomb_is_text_or_one_typed_error_and_the_server_goes_on(tmp_path: Path, part: int) -> None:
    (tmp_path / "secret.txt").write_text(OUTSIDE)
    with raw_server(tmp_path) as server:
        server.send(opening("legacy"))
        bombs = QUICK[part::2]
        for bomb in bombs:
            (server.folder / bomb.name).write_bytes(bomb.make(str(tmp_path / "secret.txt")))
            server.send([call("legacy", bomb.name, "get_file_content", file=bomb.name, pictures=bomb.pictures)])
        for bomb in bombs:
            answer = server.take([bomb.name], 100)
            assert answer is not None, bomb.name
            text = answer["result"]["content"][0]["text"]
            assert OUTSIDE not in json.dumps(answer)
            if answer["result"].get("isError"):
                error = json.loads(text)["error"]
                assert error["code"] not in ("internal_error", "reader_timeout"), bomb.name
                assert "please report" not in error["message"], bomb.name
        assert memory_of(server, "VmHWM") < 150
        assert server.process.poll() is None
