"""Cuts the text of a page into events that are small enough to send."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import zip_longest

from kimi_files.extract.document import PIECE_CHARACTERS, OcrState, OutlineEntry, PageKind, PageText

_LABEL_CHARACTERS = 200
_TITLE_CHARACTERS = 300
_MESSAGE_CHARACTERS = 500
FEWEST_RUNNING = 3
_NUMBER = re.compile(r"[0-9]{1,6}")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def page_texts(
    number: int,
    label: str,
    kind: PageKind,
    title: str | None,
    text: str | Iterable[str],
    plain: str | None = None,
    *,
    without_text: bool = False,
    hidden: bool = False,
    ocr: OcrState = "none",
) -> Iterator[PageText]:
    """One page as consecutive events of at most ``PIECE_CHARACTERS`` characters in each layer; at least one event.

    ``text`` may arrive in parts of any size, so that a page need not be in memory. ``text`` and ``plain`` are cut
    independently: the parts of each layer, in order, are that layer's text. Label and title are shortened to what an
    event holds.
    """
    page = partial(
        PageText,
        number=number,
        label=shortened(label, _LABEL_CHARACTERS),
        kind=kind,
        title=None if title is None else one_line(title),
        without_text=without_text,
        hidden=hidden,
        ocr=ocr,
    )
    if isinstance(text, str):
        if max(len(text), len(plain or "")) <= PIECE_CHARACTERS:
            # Most pages are one event.
            yield page(text=_sendable(text), plain=None if plain is None else _sendable(plain))
            return
        text = (text,)
    empty = True
    for text_part, plain_part in zip_longest(cut(text), cut(() if plain is None else (plain,)), fillvalue=""):
        empty = False
        yield page(text=text_part, plain=None if plain is None else plain_part)
    if empty:
        yield page(text="", plain=None if plain is None else "")


def outline_entry(title: str, level: int, page: int) -> OutlineEntry | None:
    """A heading, its title on one line and its level within bounds; None if nothing of the title is left."""
    line = one_line(title)
    return OutlineEntry(title=line, level=min(max(level, 1), 9), page=page) if line else None


def without_running(headings: Sequence[OutlineEntry]) -> Iterator[OutlineEntry]:
    """The headings without those that repeat from page to page: running headers."""
    times = Counter(key for heading in headings for key in running_keys(heading.title, heading.page))
    for heading in headings:
        if all(times[key] < FEWEST_RUNNING for key in running_keys(heading.title, heading.page)):
            yield heading


def running_keys(title: str, page: int) -> set[str]:
    """What is the same in a running header on each page: its words, or its words with the page number counted along."""
    keys = {title}
    numbers = list(_NUMBER.finditer(title))
    for number in numbers[:1] + numbers[-1:]:
        keys.add(f"{title[: number.start()]}{int(number[0]) - page:+}{title[number.end() :]}")
    return keys


def cut(texts: Iterable[str], size: int = PIECE_CHARACTERS) -> Iterator[str]:
    """The same characters in parts of at most ``size``, none empty, with no cut between carriage return and line feed.

    Lone surrogates, which no encoding can carry, become U+FFFD. ``size`` is at least 2.
    """
    rest = ""
    for text in texts:
        rest += text
        start = 0
        while len(rest) - start > size:
            end = start + size
            if rest[end - 1] == "\r":
                end -= 1
            yield _sendable(rest[start:end])
            start = end
        # Without a cut nothing is copied: a text may come line by line.
        rest = rest[start:] if start else rest
    if rest:
        yield _sendable(rest)


def one_line(text: str) -> str:
    """A title without line breaks and runs of blanks, at most as long as an event holds."""
    return shortened(" ".join(text.split()), _TITLE_CHARACTERS)


def sentence(text: str) -> str:
    """A warning's words, shortened to what an event holds."""
    return shortened(text, _MESSAGE_CHARACTERS)


def shortened(text: str, size: int) -> str:
    """``text``, with an ellipsis at the end if it was longer than ``size`` characters."""
    text = _sendable(text)
    return text if len(text) <= size else text[: size - 1] + "…"


def _sendable(text: str) -> str:
    if text.isascii():
        return text
    try:
        # It says whether there are any in a fifth of the time that looking for them takes.
        text.encode()
    except UnicodeEncodeError:
        return _LONE_SURROGATE.sub("\ufffd", text)
    return text
