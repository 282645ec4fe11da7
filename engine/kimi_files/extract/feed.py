"""News feeds (RSS and Atom): the feed's title, and each of its entries with date, address and text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from kimi_files.extract import web
from kimi_files.extract.document import Advance, OutlineEntry, PageText, Warning  # noqa: A004
from kimi_files.extract.encoding import Decoded, detect_encoding
from kimi_files.extract.markdown import sections
from kimi_files.extract.office.package import Node, tree
from kimi_files.extract.pieces import sentence
from kimi_files.extract.text import warnings
from kimi_files.formats import Format

_DATES = ("pubDate", "published", "updated", "date")
_TEXTS = ("encoded", "content", "description", "summary")


def read(
    stream: BinaryIO,
    name: str,
    format: Format,  # noqa: A002
) -> Iterator[PageText | OutlineEntry | Warning | Advance]:
    """The entries as sections, in the order of the feed.

    Raises:
        DamagedFile, TooComplex: Its XML is not well-formed, or nested without end.
    """
    decoded = Decoded(stream, detect_encoding(stream))
    markup = "".join(decoded).strip()
    yield from warnings(decoded)
    root = tree(markup)
    messages: dict[str, None] = {}
    parts = [] if root is None else list(_parts(root, messages))
    yield from sections("\n\n".join(part for part in parts if part))
    for message in messages:
        yield Warning(message=sentence(message))


def _parts(root: Node, messages: dict[str, None]) -> Iterator[str]:
    about = next(root.elements("channel"), root)
    title = _first(about, "title")
    yield f"# {title}" if title else ""
    yield _markdown(_first(about, "description", "subtitle"), messages)
    for entry in root.below("item", "entry"):
        yield f"## {_first(entry, 'title') or 'Untitled'}"
        head = (_first(entry, *_DATES), _first(entry, "creator", "author"), _address(entry))
        yield " · ".join(part for part in head if part)
        yield _markdown(_first(entry, *_TEXTS), messages)


def _first(node: Node, *tags: str) -> str:
    """The words of the first element that has any, in the order of these tags."""
    for tag in tags:
        for part in node.elements(tag):
            words = "".join(inner.text for inner in part.every()).strip()
            if words:
                return words if tag in _TEXTS else " ".join(words.split())
    return ""


def _address(entry: Node) -> str:
    for part in entry.elements("link"):
        target = part.attributes.get("href") or part.text.strip()
        if target and part.attributes.get("rel", "alternate") == "alternate":
            return target
    return ""


def _markdown(text: str, messages: dict[str, None]) -> str:
    """Texts of entries are HTML more often than not."""
    if "<" not in text and "&" not in text:
        return text
    found, warned = web.as_markdown(text)
    messages.update(dict.fromkeys(warned))
    return found.strip()
