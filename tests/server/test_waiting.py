"""Long work: the host hears of it, and a cancel ends it."""

from __future__ import annotations

import json
import random

import anyio
import pytest

from tests.server.conftest import ERAS


def long_text() -> str:
    """Enough words to be indexed for more than a second."""
    rng = random.Random(4)
    words = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(3, 9))) for _ in range(20_000)]
    return "".join(f"{' '.join(rng.choices(words, k=12))}.\n" for _ in range(120_000))


@pytest.mark.parametrize("era", ERAS)
async def test_long_work_reports_progress_and_ends_when_it_is_cancelled(connect, era):
    heard: list[tuple[float, str | None]] = []
    async with connect(era) as session:
        (session.folder / "long.txt").write_text(long_text())
        (session.folder / "short.txt").write_text("a short text\n")

        with anyio.CancelScope() as scope:

            async def hear(done: float, total: float | None, message: str | None) -> None:
                heard.append((done, message))
                if len(heard) == 2:
                    scope.cancel()

            asked = {"question": "which words?", "files": ["long.txt"]}
            await session.client.call_tool("ask_about_files", asked, progress_callback=hear)
        assert scope.cancelled_caught
        assert "a short text" in await session.call("get_file_content", file="short.txt")
    assert all(message for _, message in heard)
    assert heard[1][0] > heard[0][0]
    lines = [line.split(b" ", 1) for line in session.record.read_bytes().splitlines()]
    methods = [json.loads(line).get("method") for side, line in lines if side == b"client"]
    assert "notifications/cancelled" in methods
