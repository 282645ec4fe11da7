"""Reads ebooks: EPUB and Kindle. A chapter is a page, with its title from the book's own table of contents."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

from kimi_files.extract import web
from kimi_files.extract.document import Advance, OutlineEntry, PageText, Warning  # noqa: A004
from kimi_files.extract.encoding import Decoded, Encoding
from kimi_files.extract.markdown import headings
from kimi_files.extract.pieces import outline_entry, page_texts, sentence
from kimi_files.tokens import estimate_tokens

if TYPE_CHECKING:
    from kimi_files.extract.mobi import Book
    from kimi_files.formats import Format

# A part of the book without a heading or a line of the contents is no chapter: below this it goes with the one before.
_LEAST_TOKENS = 300
_MOST_JOINED_TOKENS = 2_000
_MOST_JOINED_CHARACTERS = 8_000
_MOST_ENTRIES = 1_000
_LEAST_OUTLINED = 8

_MARKUP = re.compile(r"<(?:html|body|p|div|br|h[1-6]|b|i|font)\b[^>]*>", re.IGNORECASE)
_HEADING = re.compile(rb"<h[1-6]\b", re.IGNORECASE)
_OUTSIDE = r"(?!kindle:)\w+:"
_INNER_LINK = re.compile(
    rf"""(<a\b[^>]*?)\shref\s*=\s*(?:"(?!{_OUTSIDE})[^"]*"|'(?!{_OUTSIDE})[^']*')""", re.IGNORECASE
)
_PICTURE = re.compile(r"<img\b[^>]*>", re.IGNORECASE)
_ALTERNATIVE = re.compile(r"""\salt\s*=\s*(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)


@dataclass(slots=True)
class Part:
    """A piece of a book in reading order; ``entries`` are the lines of the contents that lead to it: (title, level).

    ``title`` is the one that tells most of it; empty where that is the first.
    """

    markup: str
    entries: list[tuple[str, int]] = field(default_factory=list)
    title: str = ""


@dataclass(slots=True)
class _Chapter:
    title: str | None
    text: str
    tokens: int
    entries: list[tuple[str, int]]


def read(
    stream: BinaryIO,
    name: str,
    format: Format,  # noqa: A002
) -> Iterator[PageText | OutlineEntry | Warning | Advance]:
    """One page a chapter; the table of contents is the outline, the headings where there is none.

    Raises:
        UnsupportedFile, TooComplex, DamagedFile: Why it cannot be read.
    """
    untrusted_bytes = stream.read()
    messages: list[str] = []
    if untrusted_bytes.startswith(b"PK"):
        from kimi_files.extract import epub

        chapters = _chapters(epub.parts(untrusted_bytes, messages), messages)
        if chapters:
            chapters[0].text = f"{epub.about(untrusted_bytes)}\n\n{chapters[0].text}".strip()
    else:
        from kimi_files.extract.mobi import read_book

        book = read_book(untrusted_bytes)
        chapters = _chapters(_kindle_parts(book, messages), messages)
        if chapters:
            chapters[0].text = f"{said_of(book.about)}\n\n{chapters[0].text}".strip()
    # Programs that make books of something else name its first page and nothing more.
    is_outlined = sum(bool(chapter.entries) for chapter in chapters) * _LEAST_OUTLINED > len(chapters)
    left = _MOST_ENTRIES
    for number, chapter in enumerate(chapters or [_Chapter(None, "", 0, [])], start=1):
        yield from page_texts(number, str(number), "chapter", chapter.title, chapter.text)
        found = chapter.entries
        if not is_outlined:
            found = [(line.title, line.level) for line in headings(chapter.text)] or found
        for title, level in found[:left]:
            entry = outline_entry(title, level, number)
            if entry is not None:
                left -= 1
                yield entry
    if not chapters:
        messages.append("The book has no text: its pages are pictures.")
    for message in dict.fromkeys(messages):
        yield Warning(message=sentence(message))


def as_text(markup: str, messages: list[str]) -> str:
    """Markup of a book as Markdown: links within the book as their text, pictures as what is said about them."""
    text, warnings = web.as_markdown(_PICTURE.sub(_described, _INNER_LINK.sub(r"\1", markup)), is_xhtml=True)
    messages.extend(warnings)
    return text.strip()


def decoded(untrusted_bytes: bytes, messages: list[str], encoding: str | None = None) -> str:
    """Markup as characters, in ``encoding`` where the book names one; what is damaged is said in ``messages``."""
    stream = io.BytesIO(untrusted_bytes)
    characters = Decoded(stream, Encoding(encoding)) if encoding else web.decoded_markup(stream)
    text = "".join(characters)
    if characters.replaced:
        messages.append("Some places could not be decoded and are shown as \ufffd: the book is damaged there.")
    return text


def _chapters(parts: Iterable[Part], messages: list[str]) -> list[_Chapter]:
    """The parts with text; a short one that is no chapter is joined to the one before."""
    chapters: list[_Chapter] = []
    waiting: list[tuple[str, int]] = []
    for part in parts:
        text = as_text(part.markup, messages)
        waiting.extend(part.entries)
        if not text:
            continue
        tokens = estimate_tokens(text)
        before = chapters[-1] if chapters else None
        is_chapter = waiting or text.startswith("#") or tokens >= _LEAST_TOKENS
        if before and not is_chapter and before.tokens < _MOST_JOINED_TOKENS:
            before.text += f"\n\n{text}"
            before.tokens += tokens
            continue
        chapters.append(_Chapter(part.title or _title(waiting, text), text, tokens, waiting))
        waiting = []
    if chapters:
        chapters[-1].entries.extend(waiting)
    return chapters


def _title(entries: list[tuple[str, int]], text: str) -> str | None:
    if entries:
        return entries[0][0]
    return next((heading.title for heading in headings(text[:_LEAST_TOKENS])), None)


def _described(match: re.Match[str]) -> str:
    found = _ALTERNATIVE.search(match[0])
    words = " ".join(html.unescape(found[1] or found[2] or "").split()) if found else ""
    return f' <img alt="{html.escape(words)}" src="picture"> ' if words else " "


def said_of(about: Mapping[str, Sequence[str]]) -> str:
    """What a book says of itself, its title, its authors and so on, a line each; a description may be HTML."""
    lines = []
    for name in ("Title", "Authors", "Language", "Publisher", "Date", "Description"):
        words = ", ".join(line for value in about.get(name, ()) if (line := " ".join(value.split())))
        words = " ".join(html.unescape(re.sub(r"<[^<>]{0,200}>", " ", words)).split())
        # What converters write where they know nothing.
        if words and words != "Unknown":
            lines.append(f"**{name}:** {words}")
    return "\n".join(lines)


def _kindle_parts(book: Book, messages: list[str]) -> Iterator[Part]:
    entries: dict[int, list[tuple[str, int]]] = {}
    for entry in book.entries:
        entries.setdefault(entry.part, []).append((entry.title, entry.level))
    waiting = Part("")
    for number, content in enumerate(book.parts):
        if number in entries or _HEADING.search(content) or len(waiting.markup) > _MOST_JOINED_CHARACTERS:
            yield waiting
            waiting = Part("", entries.get(number, []))
        waiting.markup += _marked_up(decoded(content, messages, book.encoding)) if content.strip() else ""
    yield waiting


def _marked_up(text: str) -> str:
    """The oldest books are plain text: its paragraphs as markup."""
    if _MARKUP.search(text):
        return text
    return "".join(f"<p>{html.escape(paragraph)}</p>" for paragraph in re.split(r"\r?\n\s*\r?\n", text))
