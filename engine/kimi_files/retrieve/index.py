"""Passages and where their words stand, kept in the catalogue's file: built once for each text, read by many processes."""

from __future__ import annotations

import json
import sqlite3
from array import array
from collections.abc import AsyncIterator, Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
from pydantic import JsonValue, ValidationError

from kimi_files.content import Content, Layer
from kimi_files.errors import ReaderDied
from kimi_files.formats import FORMATS, MARKDOWN
from kimi_files.local.database import Database
from kimi_files.local.locks import claim
from kimi_files.progress import Progress, no_progress
from kimi_files.retrieve.postings import PassageKey, PassageRow, SegmentPostings

if TYPE_CHECKING:
    from kimi_files.retrieve.segment import Segment
    from kimi_files.workers.pool import WorkerPool

INDEX_VERSION = 2
"""Counts up when passages are cut or stored in another way; indexes of another version are built again."""

# Postings are rows of our own and not FTS5's: the asked files alone decide how rare a word is, a text is forgotten
# without being read again (FTS5 before SQLite 3.43 cannot), and the worker does the counting.
_TABLES = (
    """CREATE TABLE IF NOT EXISTS passage_state (
        content INTEGER PRIMARY KEY,
        version INTEGER NOT NULL,
        passages INTEGER NOT NULL
    )""",
    """CREATE TABLE IF NOT EXISTS passage_segment (
        id INTEGER PRIMARY KEY,
        content INTEGER NOT NULL,
        first INTEGER NOT NULL,
        words BLOB NOT NULL,
        contexts BLOB NOT NULL,
        context_words BLOB NOT NULL
    )""",
    "CREATE INDEX IF NOT EXISTS passage_segment_by_content ON passage_segment (content, first)",
    """CREATE TABLE IF NOT EXISTS passage (
        content INTEGER NOT NULL,
        number INTEGER NOT NULL,
        page INTEGER NOT NULL,
        start INTEGER NOT NULL,
        "end" INTEGER NOT NULL,
        cost INTEGER NOT NULL,
        words INTEGER NOT NULL,
        figures INTEGER NOT NULL,
        header_start INTEGER NOT NULL,
        header_end INTEGER NOT NULL,
        heading TEXT NOT NULL,
        PRIMARY KEY (content, number)
    ) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS passage_page (
        content INTEGER NOT NULL,
        page INTEGER NOT NULL,
        figures INTEGER NOT NULL,
        words INTEGER NOT NULL,
        PRIMARY KEY (content, page)
    ) WITHOUT ROWID""",
    # field is 0 for the passage itself and 1 for its context.
    """CREATE TABLE IF NOT EXISTS passage_word (
        segment INTEGER NOT NULL,
        word TEXT NOT NULL,
        field INTEGER NOT NULL,
        postings BLOB NOT NULL,
        PRIMARY KEY (segment, word, field)
    ) WITHOUT ROWID""",
)

_FORMATS_WITHOUT_HEADINGS = frozenset(known.name for known in FORMATS if known.reader == "text") - {MARKDOWN.name}

_FIRST_SECONDS = 120.0
_CHARACTERS_A_SECOND = 100_000  # a tenth of what a slow machine does
_SEGMENTS_A_TRANSACTION = 16


class PassageIndex:
    """The passages of all texts, in tables of their own in the catalogue's file.

    ``database`` and ``lock`` are the catalogue's file and the lock that guards its place; ``claims`` is a folder for
    the locks that keep two processes from building the same index.
    """

    def __init__(self, database: Path, lock: Path | None = None, claims: Path | None = None) -> None:
        self._database = Database(database, lock or database.with_name(database.name + ".lock"), _prepare)
        self._claims = claims or database.parent

    async def ensure(self, content: Content, pool: WorkerPool, progress: Progress = no_progress) -> int:
        """Index a text unless it is; the number of its passages.

        Several callers, also of other processes, build it once: the others wait. Cancelled or killed half-way, it
        counts as not indexed, and what it had stored is removed, by itself or by the next caller.
        Raises what a worker raises, DiskFull, ServerError.
        """
        passages = await self.passages(content.id)
        if passages is not None:
            return passages
        async with claim(self._claim(content.id)):
            passages = await self.passages(content.id)
            if passages is None:
                passages = await self._build(content, pool, progress)
            return passages

    async def passages(self, content_id: int) -> int | None:
        """How many passages a text has; None if it is not indexed."""

        def work(connection: sqlite3.Connection) -> int | None:
            row = connection.execute(
                "SELECT passages FROM passage_state WHERE content = ? AND version = ?", (content_id, _version())
            ).fetchone()
            return None if row is None else int(row[0])

        return await self._database.read(work)

    async def forget(self, content_id: int) -> None:
        """Remove all that is kept of a text; nothing happens if there is nothing. Waits for a build that is under way."""
        async with claim(self._claim(content_id)):
            await self._remove(content_id)

    async def postings(self, content_ids: Collection[int], words: Collection[str]) -> list[SegmentPostings]:
        """Where the words stand in these texts, segment by segment."""
        asked = json.dumps(list(content_ids))

        def work(connection: sqlite3.Connection) -> list[SegmentPostings]:
            found: dict[int, SegmentPostings] = {}
            for identity, content, first, lengths, contexts, context_lengths in connection.execute(
                "SELECT id, content, first, words, contexts, context_words FROM passage_segment JOIN passage_state "
                "USING (content) WHERE content IN (SELECT value FROM json_each(?)) ORDER BY content, first",
                (asked,),
            ):
                found[identity] = SegmentPostings(
                    content, first, _numbers(lengths), _numbers(contexts), _numbers(context_lengths)
                )
            for segment, word, is_context, postings in connection.execute(
                "SELECT segment, word, field, postings FROM passage_word "
                "WHERE segment IN (SELECT value FROM json_each(?)) AND word IN (SELECT value FROM json_each(?))",
                (json.dumps(list(found)), json.dumps(list(words))),
            ):
                target = found[segment].context if is_context else found[segment].body
                target[word] = _numbers(postings)
            return list(found.values())

        return await self._database.read(work)

    async def rows(self, keys: Iterable[PassageKey]) -> dict[PassageKey, PassageRow]:
        """The passages with these keys; those that are not there are left out."""
        wanted: dict[int, list[int]] = {}
        for content, number in keys:
            wanted.setdefault(content, []).append(number)

        def work(connection: sqlite3.Connection) -> dict[PassageKey, PassageRow]:
            found: dict[PassageKey, PassageRow] = {}
            for content, numbers in wanted.items():
                for row in connection.execute(
                    'SELECT passage.content, number, passage.page, start, "end", cost, '
                    "CAST(passage.figures AS REAL) / max(passage.words, 1), "
                    "CAST(passage_page.figures AS REAL) / max(passage_page.words, 1), "
                    "header_start, header_end, heading FROM passage JOIN passage_page "
                    "ON passage_page.content = passage.content AND passage_page.page = passage.page "
                    "WHERE passage.content = ? AND number IN (SELECT value FROM json_each(?))",
                    (content, json.dumps(numbers)),
                ):
                    passage = PassageRow(*row)
                    found[content, passage.number] = passage
            return found

        return await self._database.read(work)

    async def headings(self, content_id: int) -> list[tuple[str, int]]:
        """The headings of a text in order, each with the number of the first passage under it."""

        def work(connection: sqlite3.Connection) -> list[tuple[str, int]]:
            return connection.execute(
                "SELECT heading, min(number) FROM passage WHERE content = ? AND heading <> '' "
                "GROUP BY heading ORDER BY min(number)",
                (content_id,),
            ).fetchall()

        return await self._database.read(work)

    async def aclose(self) -> None:
        """Close the connections; the next call opens them again."""
        await self._database.aclose()

    async def _build(self, content: Content, pool: WorkerPool, progress: Progress) -> int:
        await self._remove(content.id)
        total = sum(page.characters for page in content.pages)
        arguments: dict[str, JsonValue] = {
            "outline": [[entry.title, entry.level, entry.page] for entry in content.outline],
            "marked": not content.has_plain_layer and content.format not in _FORMATS_WITHOUT_HEADINGS,
            "paged": any(page.kind != "text" for page in content.pages),
        }
        deadline = _FIRST_SECONDS + total / _CHARACTERS_A_SECOND
        passages = 0
        last: Segment | None = None
        try:
            async with pool.job("index", arguments, feed=_feed(content, progress), deadline=deadline) as frames:
                async for untrusted_frame in frames:
                    if last is not None:
                        passages += await self._store(content.id, passages, last)
                    last = _segment(untrusted_frame)
            return await self._finish(content.id, passages, last)
        except BaseException:
            with anyio.CancelScope(shield=True):
                await self._remove(content.id)
            raise

    async def _store(self, content_id: int, first: int, segment: Segment) -> int:
        await self._database.write(lambda connection: _insert(connection, content_id, first, segment))
        return len(segment.passages)

    async def _finish(self, content_id: int, first: int, last: Segment | None) -> int:
        """The last segment and the word that all are there, in one transaction: most texts have one segment."""
        passages = first + (len(last.passages) if last else 0)

        def work(connection: sqlite3.Connection) -> None:
            if last is not None:
                _insert(connection, content_id, first, last)
            connection.execute("INSERT INTO passage_state VALUES (?, ?, ?)", (content_id, _version(), passages))

        await self._database.write(work)
        return passages

    async def _remove(self, content_id: int) -> None:
        """The state first: from then on nobody searches the rest, which goes in short transactions."""

        def is_there(connection: sqlite3.Connection) -> bool:
            tables = ("passage_state", "passage_segment")
            return any(
                connection.execute(f"SELECT 1 FROM {table} WHERE content = ?", (content_id,)).fetchone()  # noqa: S608
                for table in tables
            )

        def remove_state(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM passage_state WHERE content = ?", (content_id,))

        def remove_segments(connection: sqlite3.Connection) -> bool:
            some = connection.execute(
                "SELECT id FROM passage_segment WHERE content = ? LIMIT ?", (content_id, _SEGMENTS_A_TRANSACTION)
            ).fetchall()
            connection.executemany("DELETE FROM passage_word WHERE segment = ?", some)
            connection.executemany("DELETE FROM passage_segment WHERE id = ?", some)
            if not some:
                connection.execute("DELETE FROM passage WHERE content = ?", (content_id,))
                connection.execute("DELETE FROM passage_page WHERE content = ?", (content_id,))
            return bool(some)

        if not await self._database.read(is_there):
            return
        await self._database.write(remove_state)
        while await self._database.write(remove_segments):
            pass

    def _claim(self, content_id: int) -> Path:
        return self._claims / f"passages-{content_id}.lock"


def searched_layer(content: Content) -> Layer:
    """The layer in which passages are cut and from which they are quoted."""
    return "plain" if content.has_plain_layer else "text"


def _version() -> int:
    from kimi_files.retrieve.words import WORDS_VERSION  # its patterns are of no use to who only reads

    return INDEX_VERSION * 1_000 + WORDS_VERSION


def _prepare(connection: sqlite3.Connection) -> None:
    for statement in _TABLES:
        connection.execute(statement)


async def _feed(content: Content, progress: Progress) -> AsyncIterator[bytes]:
    layer = searched_layer(content)
    total = sum(page.characters for page in content.pages)
    done = 0
    for page in content.pages:
        async for piece in content.pieces(page.number, layer):
            yield json.dumps([page.number, piece.start, piece.text], ensure_ascii=False).encode()
            done += len(piece.text)
            await progress(min(done, total), total, f"indexing {content.name}")


def _segment(untrusted_frame: bytes) -> Segment:
    from kimi_files.retrieve.checked import segment  # of no use to who only reads

    try:
        return segment.validate_json(untrusted_frame)
    except ValidationError:
        raise ReaderDied(
            "The worker that cuts this text into passages sent something else.", "This is a fault: please report it."
        ) from None


def _insert(connection: sqlite3.Connection, content_id: int, first: int, segment: Segment) -> None:
    cursor = connection.execute(
        "INSERT INTO passage_segment (content, first, words, contexts, context_words) VALUES (?, ?, ?, ?, ?)",
        (
            content_id,
            first,
            _blob(passage.words for passage in segment.passages),
            _blob(passage.context for passage in segment.passages),
            _blob(context.words for context in segment.contexts),
        ),
    )
    identity = cursor.lastrowid
    connection.executemany(
        "INSERT INTO passage VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (
                content_id,
                first + at,
                passage.page,
                passage.start,
                passage.end,
                passage.cost,
                passage.words,
                passage.figures,
                passage.header_start,
                passage.header_end,
                segment.contexts[passage.context].heading,
            )
            for at, passage in enumerate(segment.passages)
        ),
    )
    connection.executemany(
        "INSERT INTO passage_page VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE "
        "SET figures = figures + excluded.figures, words = words + excluded.words",
        ((content_id, page.page, page.figures, page.words) for page in segment.pages),
    )
    connection.executemany(
        "INSERT INTO passage_word VALUES (?, ?, ?, ?)",
        sorted(
            [(identity, word, 0, _blob(postings)) for word, postings in segment.body.items()]
            + [(identity, word, 1, _blob(postings)) for word, postings in segment.context.items()]
        ),
    )


def _blob(numbers: Iterable[int]) -> bytes:
    return array("H", (min(number, 0xFFFF) for number in numbers)).tobytes()


def _numbers(blob: bytes) -> array[int]:
    numbers = array("H")
    numbers.frombytes(blob)
    return numbers
