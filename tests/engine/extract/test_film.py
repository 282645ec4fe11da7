"""Videos as text and as frames, in each container. Needs the extra ``video``."""

from __future__ import annotations

import io
import json
import tempfile

import pytest
from PIL import Image

from kimi_files import extras
from kimi_files.errors import DamagedFile, InvalidPages, UnsupportedFile
from kimi_files.extract import film, readers
from kimi_files.extract.picture import Drawing
from kimi_files.formats import identify
from kimi_files.workers.pool import WorkerPool
from tests.engine.extract.reading import read
from tests.samples.videos import CONTAINERS, HEIGHT, WIDTH, colour, video

needs_video = pytest.mark.skipif(not extras.has("video"), reason="the extra 'video' is not installed")


def drawn(data: bytes, name: str, pages: list[int] | None) -> list[Drawing]:
    return list(film.draw(io.BytesIO(data), name, identify(name, io.BytesIO(data)).format, pages))


def middle(drawing: Drawing) -> tuple[int, ...]:
    return Image.open(io.BytesIO(drawing.data)).convert("RGB").getpixel((WIDTH // 2, HEIGHT // 2))


@needs_video
@pytest.mark.parametrize("extension", CONTAINERS)
def test_each_container_says_what_it_is_and_shows_exact_frames(extension: str) -> None:
    name, data = f"a.{extension}", video(extension, 8)

    reading = read(film.read, data, name)
    frames = drawn(data, name, [7, 2, 4])

    assert f"{WIDTH} × {HEIGHT} px" in reading.texts[0]
    assert [page.label for page in reading.pages[:3]] == ["0:00", "0:01", "0:02"]
    assert {page.kind for page in reading.pages} == {"clip"}
    assert [frame.note for frame in frames] == ["frame at 0:06.0", "frame at 0:01.0", "frame at 0:03.0"]
    for frame in frames:
        assert all(abs(a - b) < 12 for a, b in zip(middle(frame), colour(frame.page - 1), strict=True))


@needs_video
def test_chapters_and_subtitles_stand_in_the_clip_in_which_they_begin() -> None:
    data = video(
        "mkv", 6, chapters={0: "Intro", 3: "Turbines"}, subtitles={1: "Good morning.", 4: "{\\i1}Shaft\\Nnine"}
    )

    reading = read(film.read, data, "a.mkv")

    assert reading.outline == [(1, "Intro", 1), (1, "Turbines", 4)]
    assert reading.texts[1:5] == ["[0:01] Good morning.", "", "## Turbines", "[0:04] Shaft nine"]
    assert reading.warnings == []


@needs_video
def test_frames_come_from_all_of_it_and_what_repeats_is_left_out() -> None:
    assert [frame.page for frame in drawn(video("mp4", 6), "a.mp4", None)] == [1, 2, 3, 4, 5, 6]
    assert [frame.page for frame in drawn(video("mp4", 6, still=True), "a.mp4", None)] == [1]


@needs_video
def test_a_clip_that_is_not_there_and_a_video_that_is_none() -> None:
    with pytest.raises(InvalidPages, match="it has"):
        drawn(video("mp4", 2), "a.mp4", [99])
    with pytest.raises(DamagedFile, match="cannot be read"):
        read(film.read, video("mp4", 2)[:300], "a.mp4")


@needs_video
async def test_frames_are_drawn_behind_the_walls() -> None:
    pool = WorkerPool(size=1)
    try:
        with tempfile.TemporaryFile() as file:
            file.write(video("webm", 3))
            file.flush()
            arguments = {"name": "a.webm", "pages": None}
            async with pool.job("pictures", arguments, descriptor=file.fileno()) as untrusted_frames:
                frames = [json.loads(frame) async for frame in untrusted_frames]
        assert [frame["label"] for frame in frames] == ["0:00", "0:01", "0:02"]
    finally:
        await pool.aclose()


def test_without_the_extra_the_error_names_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "has", lambda extra: False)
    data = b"FLV\1\5" + (9).to_bytes(4, "big") + bytes(104)

    with pytest.raises(UnsupportedFile, match=r'uv tool install "kimi-files-mcp\[video\]"'):
        readers.find_reader(io.BytesIO(data), "a.flv")
