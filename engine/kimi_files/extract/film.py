"""What a video says and shows: its streams, chapters and subtitles as text, and exact frames as pictures. Needs ``video``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from kimi_files.errors import DamagedFile, InvalidPages, TooComplex
from kimi_files.extract.document import Advance, OutlineEntry, PageText, Warning  # noqa: A004
from kimi_files.extract.picture import MAX_PIXELS, Drawing, encode
from kimi_files.extract.pieces import outline_entry, page_texts, sentence
from kimi_files.formats import AVI, FLASH, MATROSKA, MP4, QUICKTIME, THREE_GPP, WEBM, WMV

if TYPE_CHECKING:
    from PIL.Image import Image

    from kimi_files.formats import Format

# A video is cut into clips of equal length, one of these, so that there are at most so many.
_STEPS = (1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1800, 3600)
_MOST_CLIPS = 60
_OVERVIEW_FRAMES = 8
_FRAME_SIDE = 768
_MOST_SUBTITLES = 50_000
_STEPS_BACK = (0.0, 5.0, 20.0, float("inf"))
_EARLY = 0.001

# Two frames whose small copies differ by less than this, of 255, show the same.
_SAME_FRAME = 2.0

# The demuxers by name, so that no file makes itself out to be a playlist.
_DEMUXERS = {
    MP4.name: "mov",
    QUICKTIME.name: "mov",
    THREE_GPP.name: "mov",
    WEBM.name: "matroska",
    MATROSKA.name: "matroska",
    AVI.name: "avi",
    FLASH.name: "flv",
    WMV.name: "asf",
}
_MARKUP = re.compile(r"\{[^}]*\}|<[^>]*>")


@dataclass(frozen=True, slots=True)
class _Clips:
    """``count`` stretches of ``step`` seconds."""

    step: float
    count: int

    def start(self, number: int) -> float:
        return (number - 1) * self.step

    def number(self, seconds: float) -> int:
        return min(max(int(seconds // self.step) + 1, 1), self.count)


def read(
    stream: BinaryIO,
    name: str,
    format: Format,  # noqa: A002
) -> Iterator[PageText | OutlineEntry | Warning | Advance]:
    """A page for each clip, labelled by its start ("1:30"), with what is said in it; the first says what the video is.

    Raises DamagedFile.
    """
    with _opened(stream, name, format) as container:
        clips = _clips(container)
        facts = _facts(container, format)
        texts: dict[int, list[str]] = {1: [facts]}
        for title, start in _chapters(container):
            number = clips.number(start)
            texts.setdefault(number, []).append(f"## {title}")
            entry = outline_entry(title, 1, number)
            if entry is not None:
                yield entry
        for start, words in _subtitles(container):
            texts.setdefault(clips.number(start), []).append(f"[{clock(start)}] {words}")
    for number in range(1, clips.count + 1):
        text = "\n".join(texts.get(number, ()))
        yield from page_texts(number, clock(clips.start(number)), "clip", None, text, without_text=not text)
    if not any(line[:1] == "[" for lines in texts.values() for line in lines):
        yield Warning(message=sentence("No subtitles in it; what is spoken is not read."))


def draw(
    stream: BinaryIO,
    name: str,
    format: Format,  # noqa: A002
    pages: Sequence[int] | None,
) -> Iterator[Drawing]:
    """The first frame of each of these clips, or frames evenly over the video; what shows the same as the one before is left out.

    Raises DamagedFile, TooComplex, InvalidPages.
    """
    with _opened(stream, name, format) as container:
        clips = _clips(container)
        if pages is None:
            count = min(clips.count, _OVERVIEW_FRAMES)
            pages = sorted({1 + turn * clips.count // count for turn in range(count)})
        before = None
        for number in pages:
            if not 1 <= number <= clips.count:
                raise InvalidPages(
                    f"'{name}' has no clip {number}: it has {clips.count}.", f"Ask for clips 1 to {clips.count}."
                )
            found = _frame(container, clips.start(number), name)
            if found is None:
                continue
            image, at = found
            small = _small(image)
            if before is None or _difference(small, before) >= _SAME_FRAME:
                image.thumbnail((_FRAME_SIDE, _FRAME_SIDE))
                yield encode(image, number, clock(clips.start(number)), f"frame at {clock(at, exact=True)}")
            before = small


def clock(seconds: float, *, exact: bool = False) -> str:
    """``1:05``, ``1:02:05``; with ``exact`` also tenths of a second."""
    tenths = round(seconds * 10)
    minutes, rest = divmod(tenths // 10, 60)
    hours, minutes = divmod(minutes, 60)
    words = f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
    return f"{words}.{tenths % 10}" if exact else words


@contextmanager
def _opened(stream: BinaryIO, name: str, format: Format) -> Iterator[Any]:  # noqa: A002
    import av

    stream.seek(0)
    kind = _DEMUXERS.get(format.name) or _mpeg_kind(stream)
    try:
        with av.open(stream, format=kind, metadata_errors="replace") as container:
            if not container.streams.video:
                raise DamagedFile(f"'{name}' is {format.name}, but holds no pictures.", "Read its transcript, if any.")
            yield container
    except av.FFmpegError as error:
        raise DamagedFile(
            f"'{name}' is {format.name}, but cannot be read ({error.strerror}).",
            "Open it in a player; if it plays, export it again, else get a complete copy.",
        ) from None


def _mpeg_kind(stream: BinaryIO) -> str:
    head = stream.read(16)
    stream.seek(0)
    if head.startswith(b"\x00\x00\x01\xba"):
        return "mpeg"
    return "mpegvideo" if head.startswith(b"\x00\x00\x01\xb3") else "mpegts"


def _clips(container: Any) -> _Clips:
    seconds = _seconds(container)
    step = next((step for step in _STEPS if seconds <= step * _MOST_CLIPS), seconds / _MOST_CLIPS)
    return _Clips(step, max(int(-(-seconds // step)), 1))


def _seconds(container: Any) -> float:
    """How long the video is; 0.0 where nothing says so."""
    if container.duration is not None and container.duration > 0:
        return float(container.duration) / 1_000_000
    stream = container.streams.video[0]
    return max(float(stream.duration * stream.time_base), 0.0) if stream.duration else 0.0


def _facts(container: Any, format: Format) -> str:  # noqa: A002
    """``MP4 video, 1:32 min, 1,280 × 720 px, 25 frames a second; video h264; audio aac (eng); subtitles subrip (eng)``."""
    video = container.streams.video[0]
    seconds = _seconds(container)
    words = [format.name, f"{clock(seconds)} {'min' if seconds < 3600 else 'h'}" if seconds else "length unknown"]
    words.append(f"{video.codec_context.width:,} × {video.codec_context.height:,} px")
    if video.average_rate:
        words.append(f"{float(video.average_rate):g} frames a second")
    streams = []
    for stream in container.streams:
        if stream.type in ("video", "audio", "subtitle"):
            decoder = getattr(getattr(stream, "codec_context", None), "codec", None)
            codec = getattr(decoder, "canonical_name", None) or "unknown"
            language = f" ({stream.language})" if stream.language and stream.language != "und" else ""
            streams.append(f"{'subtitles' if stream.type == 'subtitle' else stream.type} {codec}{language}")
    title = container.metadata.get("title", "").strip()
    return (f"# {title}\n" if title else "") + ", ".join(words) + "; " + "; ".join(streams)


def _chapters(container: Any) -> Iterator[tuple[str, float]]:
    for number, chapter in enumerate(container.chapters(), start=1):
        title = chapter["metadata"].get("title", "").strip() or f"Chapter {number}"
        yield " ".join(title.split()), float(chapter["start"] * chapter["time_base"])


def _subtitles(container: Any) -> Iterator[tuple[float, str]]:
    """Start in seconds and words, in order of time, of the first stream of subtitles that are text."""
    import av

    for stream in container.streams.subtitles:
        found: list[tuple[float, str]] = []
        container.seek(0)
        for packet in container.demux(stream):
            if packet.pts is None or len(found) >= _MOST_SUBTITLES:
                continue
            try:
                shown = [words for subtitle in packet.decode() if (words := _words(subtitle))]
            except av.FFmpegError:
                continue
            found += [(float(packet.pts * packet.time_base), words) for words in shown]
        if found:
            yield from sorted(found)
            return


def _words(subtitle: Any) -> str:
    """One subtitle's words on one line; nothing for those that are pictures."""
    dialogue = getattr(subtitle, "dialogue", b"") or b""
    return " ".join(
        _MARKUP.sub("", dialogue.decode("utf-8", "replace").replace("\\N", " ").replace("\\h", " ")).split()
    )


def _frame(container: Any, seconds: float, name: str) -> tuple[Image, float] | None:
    """The frame that is seen at a moment, upright, and its own time; None past the last one."""
    stream = container.streams.video[0]
    width, height = stream.codec_context.width, stream.codec_context.height
    if width * height > MAX_PIXELS:
        raise TooComplex(f"'{name}' has frames of {width:,} × {height:,} pixels, over the limit of {MAX_PIXELS:,}.")
    first = float((stream.start_time or 0) * stream.time_base)
    shown = None
    # Where only the system stream has times, those of the first frames after a jump are wrong.
    for back in _STEPS_BACK[container.format.name == "mpeg" :]:
        at = max(seconds - back, 0.0)
        # Containers without an index land behind the moment: then from farther before it, at last from the beginning.
        container.seek(int((first + at) / stream.time_base) if at else 0, **({"stream": stream} if at else {}))
        shown = _shown_at(container.decode(stream), first + seconds)
        if not at or (shown is not None and (shown.time or first) - first <= seconds + _EARLY):
            break
    if shown is None:
        return None
    image: Image = shown.to_image()
    turned = getattr(shown, "rotation", 0) or 0
    return (image.rotate(turned, expand=True) if turned else image), max((shown.time or first) - first, 0.0)


def _shown_at(frames: Iterator[Any], moment: float) -> Any:
    """The last frame that begins at or before a moment, else the first there is; None where there are none."""
    shown = None
    for frame in frames:
        if shown is not None and frame.time is not None and frame.time > moment + _EARLY:
            break
        shown = frame
        if frame.time is None:
            break
    return shown


def _small(image: Image) -> list[int]:
    return list(image.convert("L").resize((32, 32)).tobytes())


def _difference(one: Sequence[int], other: Sequence[int]) -> float:
    return sum(abs(a - b) for a, b in zip(one, other, strict=True)) / len(one)
