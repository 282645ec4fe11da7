"""Cuts a text into passages while it streams by, and counts their words: the worker's part of indexing."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, BinaryIO, NamedTuple

from kimi_files.retrieve.segment import (
    LONGEST_TEXT,
    PASSAGES_A_SEGMENT,
    Context,
    PageFigures,
    Passage,
    Segment,
    posting,
)
from kimi_files.retrieve.statements import LONGEST_TITLE, title
from kimi_files.retrieve.words import is_figure, words
from kimi_files.tokens import estimate_tokens

TARGET_TOKENS = 200
"""Paragraphs are merged up to this size. Between 150 and 250 the recall is the same."""

# A passage is closed before the last paragraph rather than inside it, if it is then at least this full.
_FULL_ENOUGH_TOKENS = 80
# Lines over the target are cut at sentence ends into parts of about this size.
_PART_TOKENS = 100
# A line without an end (minified code, base64) is not waited for: at least a passage, at most a few kilobytes.
_LONGEST_LINE = 4_000
# Blank lines cost nothing, so that they alone would let a passage grow without end.
_MOST_LINES = 400
# A list of contents names several statements together, and is none.
_KINDS_IN_A_LIST = 2
# A statement is over after so much, at the end of its page, or at the next heading.
_STATEMENT_CHARACTERS = 8_000
# How far ahead in the outline a line of the text is looked for.
_ENTRIES_AHEAD = 40

_HEAD_LINES = 5
_HEAD_CHARACTERS = 260
# A text without pages: what is longer than this is no title, and says little about a passage far below it.
_TITLE_CHARACTERS = 80
_HEADING_CHARACTERS = 200

# A frame may hold 2 MB: what a segment will take as JSON is counted while it grows.
_SEGMENT_BYTES = 1_200_000
_POSTING_BYTES = 6
_WORD_BYTES = 8
_PASSAGE_BYTES = 60

_SENTENCE_END = re.compile(r"[.!?;:…]['\"”’)\]]*\s+|[。！？；…]['\"”’）」』]*\s*")
_SPACE = re.compile(r"[\s,，、|]+")
_MARKED_HEADING = re.compile(r" {0,3}(#{1,6})\s+(.*?)\s*#*\s*$")
_FENCE = re.compile(r"\s*(?:```|~~~)")
_MARKS = re.compile(r"[*_`#]+")


class OutlinePlace(NamedTuple):
    """A heading that the file's outline names, and the page on which it stands."""

    title: str
    level: int
    page: int


@dataclass(frozen=True, slots=True)
class Cut:
    """A passage with its text. ``start`` and ``end`` are offsets in the page; cost is in tokens.

    ``context`` is what is searched with it and not shown: the first lines of its page, the headings above it, and the
    first row of a table that it continues, which stands at ``header_start`` to ``header_end`` (0, 0 if there is none).
    ``statement`` marks what stands under the title of a balance sheet or the like.
    """

    page: int
    start: int
    end: int
    text: str
    cost: int
    heading: str
    context: str
    header_start: int
    header_end: int
    statement: str = ""


def run(stream: BinaryIO | None, arguments: dict[str, Any], feed: Iterator[bytes]) -> Iterator[Segment]:
    """The worker's job "index". The feed gives ``[page, start, text]`` as JSON: the pieces of all pages, in order.

    ``arguments``: ``outline`` as a list of ``[title, level, page]``, ``marked`` whether headings are marked as in Markdown,
    ``paged`` whether the text has pages, whose first lines are searched with each passage.
    """
    outline = [OutlinePlace(*entry) for entry in arguments["outline"]]
    cutter = Cutter(outline, marked=arguments["marked"], paged=arguments["paged"])
    yield from segments(cutter.cut((page, start, text) for page, start, text in map(json.loads, feed)))


def segments(cuts: Iterable[Cut]) -> Iterator[Segment]:
    """The passages of one file in segments, ready for the index."""
    growing = _GrowingSegment()
    for cut in cuts:
        growing.add(cut)
        if growing.is_full:
            yield growing.finish()
            growing = _GrowingSegment()
    if growing.passages:
        yield growing.finish()


class _GrowingSegment:
    def __init__(self) -> None:
        self.passages: list[Passage] = []
        self._contexts: list[Context] = []
        self._pages: dict[int, list[int]] = {}
        self._body: dict[str, list[int]] = {}
        self._context: dict[str, list[int]] = {}
        self._last_context: tuple[str, str] | None = None
        self._bytes = 0

    @property
    def is_full(self) -> bool:
        return len(self.passages) >= PASSAGES_A_SEGMENT or self._bytes > _SEGMENT_BYTES

    def add(self, cut: Cut) -> None:
        if (cut.context, cut.statement) != self._last_context:
            self._last_context = cut.context, cut.statement
            in_context = [*words(cut.context), *([cut.statement] if cut.statement else [])]
            self._note(self._context, Counter(in_context), len(self._contexts))
            self._contexts.append(Context(words=len(in_context), heading=cut.heading))
        in_body = words(cut.text)
        counts = Counter(in_body)
        figures = sum(times for word, times in counts.items() if is_figure(word))
        self._note(self._body, counts, len(self.passages))
        self.passages.append(
            Passage(
                page=cut.page,
                start=cut.start,
                end=cut.end,
                cost=cut.cost,
                words=len(in_body),
                figures=figures,
                context=len(self._contexts) - 1,
                header_start=cut.header_start,
                header_end=cut.header_end,
            )
        )
        page = self._pages.setdefault(cut.page, [0, 0])
        page[0] += figures
        page[1] += len(in_body)
        self._bytes += _PASSAGE_BYTES

    def finish(self) -> Segment:
        pages = [PageFigures(page=page, figures=count[0], words=count[1]) for page, count in self._pages.items()]
        return Segment(
            passages=self.passages, contexts=self._contexts, pages=pages, body=self._body, context=self._context
        )

    def _note(self, postings: dict[str, list[int]], counts: Counter[str], number: int) -> None:
        for word, times in counts.items():
            if word in postings:
                postings[word].append(posting(number, times))
            else:
                postings[word] = [posting(number, times)]
                self._bytes += len(word) * 4 + _WORD_BYTES
        self._bytes += len(counts) * _POSTING_BYTES


class Cutter:
    """Cuts the pages of one file. Memory is that of one passage and one line, however long a page is."""

    def __init__(self, outline: Sequence[OutlinePlace] = (), *, marked: bool = False, paged: bool = True) -> None:
        self._headings = _Headings(outline, marked)
        self._paged = paged
        self._page: _Page | None = None

    def cut(self, pieces: Iterable[tuple[int, int, str]]) -> Iterator[Cut]:
        """The passages of pieces ``(page, start, text)``. The same text gives the same passages however it is cut up.

        Every character that is not blank is in exactly one passage; no passage goes across a page or a heading.
        """
        for number, start, text in pieces:
            if self._page is None or self._page.number != number:
                yield from self._end_page()
                self._headings.begin_page(number)
                self._page = _Page(number, start, self._headings, self._paged)
            yield from self._page.take(text)
        yield from self._end_page()

    def _end_page(self) -> Iterator[Cut]:
        if self._page is not None:
            yield from self._page.finish()
            self._page = None


class _Headings:
    """The headings above the current place: marked in the text, or named by the outline and found as lines of the text."""

    def __init__(self, outline: Sequence[OutlinePlace], marked: bool) -> None:
        self._marked = marked
        self._in_fence = False
        self._path: list[tuple[int, str]] = []
        self._coming = [] if marked else sorted(outline, key=lambda entry: entry.page)
        self._coming.reverse()
        self._page = 0

    @property
    def path(self) -> str:
        return " › ".join(title for _, title in self._path)[-_HEADING_CHARACTERS:]

    @property
    def last(self) -> str:
        return self._path[-1][1][:_HEADING_CHARACTERS] if self._path else ""

    def begin_page(self, number: int) -> None:
        self._page = number
        while self._coming and self._coming[-1].page < number:
            entry = self._coming.pop()
            self._enter(entry.level, entry.title)

    def find(self, line: str) -> tuple[int, str] | None:
        """Level and title if the line is a heading; ``enter`` it after what stands before it is closed."""
        if not self._marked:
            return self._find_in_outline(line)
        if _FENCE.match(line):
            self._in_fence = not self._in_fence
        if self._in_fence or not (match := _MARKED_HEADING.match(line)):
            return None
        title = _MARKS.sub("", match[2]).strip()
        return (len(match[1]), title) if title else None

    def enter(self, level: int, title: str) -> None:
        if not self._marked:
            while self._coming and self._coming[-1].title != title:
                entry = self._coming.pop()
                self._enter(entry.level, entry.title)
            self._coming.pop()
        self._enter(level, title)

    def _enter(self, level: int, title: str) -> None:
        while self._path and self._path[-1][0] >= level:
            self._path.pop()
        self._path.append((level, title))

    def _find_in_outline(self, line: str) -> tuple[int, str] | None:
        if not self._coming or self._coming[-1].page != self._page:
            return None
        said = _plain_title(line)
        if not said:
            return None
        for entry in islice(reversed(self._coming), _ENTRIES_AHEAD):
            if entry.page != self._page:
                return None
            title = _plain_title(entry.title)
            # A long title goes on in the next line.
            if said == title or (len(said) * 2 > len(title) and len(said) > 12 and title.startswith(said)):
                return entry.level, entry.title
        return None


def _plain_title(text: str) -> str:
    return " ".join(_MARKS.sub("", text).casefold().split())


@dataclass(slots=True)
class _Line:
    """A line of a page, or a part of a long one, with its line end. ``opens`` says that a paragraph begins here."""

    start: int
    text: str
    cost: int
    opens: bool = False
    is_heading: bool = False
    header: tuple[int, int, str] | None = None
    statement: str = ""


@dataclass(slots=True)
class _Page:
    """The page that streams by: the line that has not ended yet, and the lines of the passage that grows."""

    number: int
    offset: int
    headings: _Headings
    paged: bool
    rest: str = ""
    lines: list[_Line] = field(default_factory=list)
    cost: int = 0
    after_blank: bool = True
    head: str = ""
    head_lines: int = 0
    table: tuple[int, int, str] | None = None
    statement: str = ""
    statement_end: int = 0
    broken: str = ""

    def take(self, text: str) -> Iterator[Cut]:
        """The passages that are complete with this text."""
        rest = self.rest + text
        at = 0
        while True:
            newline = rest.find("\n", at, at + _LONGEST_LINE)
            if newline >= 0:
                end = newline + 1
            elif len(rest) - at > _LONGEST_LINE:
                end = at + _cut_place(rest[at : at + _LONGEST_LINE])
            else:
                break
            yield from self._add_line(rest[at:end])
            at = end
        self.rest = rest[at:]

    def finish(self) -> Iterator[Cut]:
        """What is left when the page ends."""
        if self.rest:
            yield from self._add_line(self.rest)
        yield from self._close(self.lines)

    def _add_line(self, text: str) -> Iterator[Cut]:
        start, self.offset = self.offset, self.offset + len(text)
        stripped = text.strip()
        if not stripped:
            self.after_blank = True
            if len(self.lines) >= _MOST_LINES:
                yield from self._close(self.lines)
            if self.cost:
                self.lines.append(_Line(start, text, 0))
            return
        heading = self.headings.find(stripped)
        if heading is not None and any(line.cost and not line.is_heading for line in self.lines):
            yield from self._close(self.lines)
        if heading is not None:
            self.headings.enter(*heading)
        self._note_head(stripped)
        header = self._note_table(start, stripped)
        statement = self._note_statement(start, stripped, heading[1] if heading else "")
        for part in _parts(text):
            line = _Line(start, part.text, part.cost, self.after_blank, heading is not None, header, statement)
            yield from self._add(line)
            self.after_blank = False
            start += len(part.text)

    def _add(self, line: _Line) -> Iterator[Cut]:
        while self.cost and self.cost + line.cost > TARGET_TOKENS:
            yield from self._close(self.lines[: self._last_paragraph() or len(self.lines)])
        self.lines.append(line)
        self.cost += line.cost

    def _last_paragraph(self) -> int:
        """Where the last paragraph of the growing passage begins, if enough stands before it; else 0."""
        before = self.cost
        for index in range(len(self.lines) - 1, 0, -1):
            line = self.lines[index]
            before -= line.cost
            if before < _FULL_ENOUGH_TOKENS:
                return 0
            # A heading stays with what it is over.
            if line.opens and not self.lines[index - 1].is_heading:
                return index
        return 0

    def _close(self, lines: list[_Line]) -> Iterator[Cut]:
        """Make a passage of the first lines of those that have grown."""
        text = "".join(line.text for line in lines)
        stripped = text.strip()
        if stripped:
            start = lines[0].start + len(text) - len(text.lstrip())
            first = next(line for line in lines if line.cost)
            header = first.header if first.header and first.header[0] < start else None
            context = [self.head, self.headings.path, header[2] if header else ""]
            if len({line.statement for line in lines if line.statement}) >= _KINDS_IN_A_LIST:
                self.statement = ""
            yield Cut(
                page=self.number,
                start=start,
                end=start + len(stripped),
                text=stripped,
                cost=sum(line.cost for line in lines),
                heading=self.headings.last,
                context="\n".join(part for part in context if part)[:LONGEST_TEXT],
                header_start=header[0] if header else 0,
                header_end=header[1] if header else 0,
                statement=self.statement,
            )
        self.lines = self.lines[len(lines) :]
        self.cost = sum(line.cost for line in self.lines)

    def _note_head(self, stripped: str) -> None:
        if self.head_lines >= (_HEAD_LINES if self.paged else 1):
            return
        self.head_lines += 1
        if len(self.head) < _HEAD_CHARACTERS if self.paged else len(stripped) <= _TITLE_CHARACTERS:
            self.head = f"{self.head}\n{stripped}".lstrip("\n")[:_HEAD_CHARACTERS]

    def _note_statement(self, start: int, line: str, heading: str) -> str:
        """The mark of the statement whose title a line is, or the words are of which some PDFs make a line each."""
        self.broken = f"{self.broken} {line}"[-LONGEST_TITLE:].lstrip() if " " not in line else ""
        found = title(heading or line) or (title(self.broken) if self.broken else "")
        if found:
            self.statement, self.statement_end = found, start + _STATEMENT_CHARACTERS
        elif heading or start > self.statement_end:
            self.statement = ""
        return found

    def _note_table(self, start: int, stripped: str) -> tuple[int, int, str] | None:
        """The first row of the table in which this line stands."""
        if not stripped.startswith("|"):
            self.table = None
        elif self.table is None:
            self.table = (start, start + len(stripped), stripped[:_HEAD_CHARACTERS])
        return self.table


class _Part(NamedTuple):
    text: str
    cost: int


def _parts(line: str) -> Iterator[_Part]:
    """A line as it is, or, if it is longer than a passage, cut at sentence ends."""
    cost = estimate_tokens(line)
    if cost <= TARGET_TOKENS:
        yield _Part(line, cost)
        return
    size = max(len(line) * _PART_TOKENS // cost, 2)
    while len(line) > size:
        at = _cut_place(line[:size])
        yield _Part(line[:at], estimate_tokens(line[:at]))
        line = line[at:]
    yield _Part(line, estimate_tokens(line))


def _cut_place(window: str) -> int:
    """Where to cut: after the last sentence in the window, else at the last space, else at its end."""
    for ends in (_SENTENCE_END, _SPACE):
        place = max((match.end() for match in ends.finditer(window)), default=0)
        if place > len(window) // 4:
            return place
    return len(window)
