"""Reads mail messages: headers and body as the first page, attachments that are texts or documents as further pages."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, BinaryIO

from kimi_files.errors import KimiFilesError
from kimi_files.extract import readers, web
from kimi_files.extract.document import Advance, OutlineEntry, PageText, Warning  # noqa: A004
from kimi_files.extract.pieces import outline_entry, page_texts, sentence, shortened
from kimi_files.formats import TNEF
from kimi_files.spelling import MEMBER_SEPARATOR

if TYPE_CHECKING:
    from kimi_files.formats import Format

DEEPEST = 8
"""So many messages in each other are read; what is attached to those further down need not be parsed."""

_MOST_ATTACHMENTS = 100
_MOST_BYTES = 128 << 20
# A plain text with less of the letters than the HTML beside it is a stub: "this message needs an HTML viewer".
_ENOUGH = 0.7
_LABEL_CHARACTERS = 200
_OWN_LABEL = "message"

_ENCRYPTED = "The message is encrypted: its text is not in it."


@dataclass(frozen=True, slots=True)
class Attachment:
    """``content`` is the bytes of a file, or a message that is attached whole."""

    name: str
    content: bytes | Message


@dataclass(slots=True)
class Message:
    """``headers`` in the order in which they are shown; ``plain`` and ``html`` as far as there are such bodies.

    ``kind`` is what it is called where Outlook has made something else of it.
    """

    headers: list[tuple[str, str]] = field(default_factory=list)
    plain: str = ""
    html: str = ""
    attachments: list[Attachment] = field(default_factory=list)
    encrypted: bool = False
    kind: str = "Email Message"

    @property
    def subject(self) -> str:
        return next((value for name, value in self.headers if name == "Subject"), "")


def read(
    stream: BinaryIO,
    name: str,
    format: Format,  # noqa: A002
) -> Iterator[PageText | OutlineEntry | Warning | Advance]:
    """The message as one page, then the pages of its attachments, each called after the attachment.

    Raises DamagedFile where it is no message.
    """
    yield from _Pages().of(parsed(stream.read(), format), _OWN_LABEL, 0)


def body_of(message: Message) -> tuple[str, list[str]]:
    """The body as Markdown, and what the converter warned of."""
    if not message.html:
        return message.plain.strip(), []
    text, warnings = web.as_markdown(message.html)
    if _letters(message.plain) >= _ENOUGH * _letters(re.sub(r"\]\([^)]*\)", "]", text)):
        return message.plain.strip(), []
    return text.strip(), warnings


def parsed(content: bytes, found: Format) -> Message:
    """The message in a file of one of the three formats. DamagedFile, TooComplex."""
    with readers.typed_errors("the message", found):
        if found.textual:
            from kimi_files.extract import mime

            return mime.parse(content)
        if found == TNEF:
            from kimi_files.extract import tnef

            return tnef.parse(content)
        from kimi_files.extract import outlook

        return outlook.parse(content)


class _Pages:
    """Numbers the pages of a message and of all that is attached to it, to any depth that is read."""

    def __init__(self) -> None:
        self._number = 0
        self._attachments = 0
        self._bytes = 0
        # Each with the last number that tells those of its name apart.
        self._labels = {_OWN_LABEL: 1}

    def of(self, message: Message, label: str, depth: int) -> Iterator[PageText | OutlineEntry | Warning | Advance]:
        self._number += 1
        own = self._number
        body, messages = body_of(message)
        if message.encrypted:
            messages.append(_ENCRYPTED)
        title = message.subject or None
        inner: list[PageText | OutlineEntry | Warning] = []
        lines = [line for attachment in message.attachments for line in self._attached(attachment, label, depth, inner)]
        text = "\n\n".join(part for part in (_head(message), body, _listed(lines)) if part)
        yield from page_texts(own, label if inner or depth else "1", "section", title, text)
        entry = outline_entry(message.subject, min(depth + 1, 9), own) if inner else None
        if entry is not None:
            yield entry
        yield from inner
        for said in dict.fromkeys(messages):
            yield Warning(message=sentence(said))

    def _attached(
        self, attachment: Attachment, label: str, depth: int, inner: list[PageText | OutlineEntry | Warning]
    ) -> Iterator[str]:
        """What the message says about an attachment; its pages go to ``inner``."""
        name = " ".join(attachment.name.split()) or "attachment"
        path = name if not depth else f"{label} / {name}"
        path, number = self._unique(path)
        shown = f"{name} ({number})" if number > 1 else name
        self._attachments += 1
        if isinstance(attachment.content, Message):
            if depth + 1 >= DEEPEST or self._attachments > _MOST_ATTACHMENTS:
                yield f"- {shown} (a message): not read, too much is attached to each other"
                return
            yield f"- {shown} (a message)"
            inner.extend(
                event for event in self.of(attachment.content, path, depth + 1) if not isinstance(event, Advance)
            )
            return
        size = len(attachment.content)
        self._bytes += size
        try:
            if self._attachments > _MOST_ATTACHMENTS or self._bytes > _MOST_BYTES:
                remedy = "" if depth else f": read the message's path with {MEMBER_SEPARATOR}{name} behind it"
                yield f"- {shown} ({_amount(size)}): not read, too much is attached{remedy}"
                return
            kind, pages = self._pages_of(attachment.content, name, path, depth)
        except KimiFilesError as error:
            yield f"- {shown} ({_amount(size)}): not read. {error.message}"
            return
        yield f"- {shown} ({kind}, {_amount(size)})"
        inner.extend(pages)

    def _unique(self, label: str) -> tuple[str, int]:
        """A page is asked for by its label: of several attachments of one name, the second is told from the first."""
        found = label = shortened(label, _LABEL_CHARACTERS - 8)
        number = self._labels.get(label, 0) or 1
        while found in self._labels:
            number += 1
            found = f"{label} ({number})"
        self._labels[found] = 1
        self._labels[label] = number
        return found, number

    def _pages_of(
        self, content: bytes, name: str, path: str, depth: int
    ) -> tuple[str, list[PageText | OutlineEntry | Warning]]:
        """What kind of file it is, and its pages; none of a picture."""
        stream = io.BytesIO(content)
        if not content:
            return "empty", []
        identified, module, plain = readers.find_reader(stream, name)
        found = identified.format
        if found.picture:
            return found.name, []
        first = self._number
        events: list[PageText | OutlineEntry | Warning] = []
        try:
            if module == "mail":
                if depth + 1 >= DEEPEST:
                    return f"{found.name}, not read: too much is attached to each other", []
                message = parsed(content, found)
                return found.name, [e for e in self.of(message, path, depth + 1) if not isinstance(e, Advance)]
            for event in readers.read(module, plain, name, found):
                if isinstance(event, PageText):
                    self._number = first + event.number
                    events.append(_renamed(event, first, path, name))
                elif isinstance(event, OutlineEntry):
                    level = min(event.level + depth + 1, 9)
                    events.append(replace(event, page=event.page + first, level=level))
                elif isinstance(event, Warning):
                    events.append(Warning(message=sentence(f"{name}: {event.message}")))
        except KimiFilesError:
            self._number = first
            raise
        return found.name, _named(events, path, first, self._number)


def _renamed(page: PageText, first: int, path: str, name: str) -> PageText:
    label = shortened(f"{path} / {page.label}", _LABEL_CHARACTERS)
    return replace(page, number=first + page.number, label=label, title=page.title or name[:300])


def _named(
    events: list[PageText | OutlineEntry | Warning], path: str, first: int, last: int
) -> list[PageText | OutlineEntry | Warning]:
    """A file of one page is called by its name alone."""
    if last - first != 1:
        return events
    label = shortened(path, _LABEL_CHARACTERS)
    return [replace(event, label=label) if isinstance(event, PageText) else event for event in events]


def _head(message: Message) -> str:
    lines = "\n".join(f"**{name}:** {value}" for name, value in message.headers)
    return "\n\n".join(part for part in (f"# {message.kind}", lines, "## Content") if part)


def _listed(lines: list[str]) -> str:
    return "Attachments:\n" + "\n".join(lines) if lines else ""


def _letters(text: str) -> int:
    return sum(map(str.isalnum, text))


def _amount(size: int) -> str:
    return (
        f"{size:,} bytes" if size < 10_000 else f"{size / 1024:,.0f} KB" if size < 10_000_000 else f"{size >> 20:,} MB"
    )
