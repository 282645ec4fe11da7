"""Small videos whose every second has a colour of its own, in each container. Needs the extra ``video``."""

from __future__ import annotations

import io
from fractions import Fraction
from typing import Any

from PIL import Image

WIDTH, HEIGHT = 160, 120

CONTAINERS = {
    "mp4": ("mp4", "mpeg4"),
    "mov": ("mov", "mpeg4"),
    "mpeg": ("mpeg", "mpeg1video"),
    "m2ts": ("mpegts", "mpeg2video"),
    "avi": ("avi", "mpeg4"),
    "webm": ("webm", "libvpx"),
    "mkv": ("matroska", "mpeg4"),
    "flv": ("flv", "flv"),
    "wmv": ("asf", "wmv2"),
    "3gpp": ("3gp", "mpeg4"),
}


def colour(second: int) -> tuple[int, int, int]:
    return (40 * second % 256, 60, 255 - 40 * second % 256)


def video(
    extension: str,
    seconds: int = 6,
    *,
    still: bool = False,
    chapters: dict[int, str] | None = None,
    subtitles: dict[int, str] | None = None,
) -> bytes:
    """A video of so many seconds; ``still`` shows one colour only. ``chapters`` and ``subtitles`` by the second they start."""
    import av

    container, codec = CONTAINERS[extension]
    rate = 25 if codec.startswith(("mpeg1", "mpeg2")) else 5
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        stream: Any = output.add_stream(codec, rate=rate)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        words: Any = _subtitle_stream(output) if subtitles else None
        if chapters:
            output.set_chapters(_chapters(chapters, seconds))
        for number in range(seconds * rate):
            second = 0 if still else number // rate
            output.mux(stream.encode(av.VideoFrame.from_image(Image.new("RGB", (WIDTH, HEIGHT), colour(second)))))
            if subtitles and number % rate == 0 and number // rate in subtitles:
                output.mux(_subtitle(words, subtitles[number // rate], number // rate))
        output.mux(stream.encode())
    return file.getvalue()


def _chapters(titles: dict[int, str], seconds: int) -> list[dict[str, Any]]:
    ends = [*sorted(titles)[1:], seconds]
    return [
        {"id": at, "start": start, "end": end, "time_base": Fraction(1), "metadata": {"title": titles[start]}}
        for at, (start, end) in enumerate(zip(sorted(titles), ends, strict=True))
    ]


def _subtitle_stream(output: Any) -> Any:
    stream = output.add_stream("ass")
    stream.codec_context.subtitle_header = (
        b"[Script Info]\nScriptType: v4.00+\n\n[V4+ Styles]\nFormat: Name, Fontname, Fontsize\nStyle: Default,Arial,20\n\n"
        b"[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
    )
    return stream


def _subtitle(stream: Any, words: str, second: int) -> Any:
    from av.subtitles.subtitle import SubtitleSet

    text = f"0,0,Default,,0,0,0,,{words}".encode()
    packet = stream.codec_context.encode_subtitle(
        SubtitleSet.create(text=text, start=0, end=900, pts=second * 1_000_000)
    )
    packet.stream, packet.time_base = stream, Fraction(1, 1000)
    packet.pts = packet.dts = second * 1000
    packet.duration = 900
    return packet
