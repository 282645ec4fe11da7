"""The catalogue: which files are kept, and the texts that were read from them and from files named by path."""

from __future__ import annotations

import sqlite3
import time
import zlib
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Literal

from kimi_files.content import Content, Layer, PageInfo, Piece
from kimi_files.errors import LIST_FILES_HINT, FileNotFound, StoreDamaged
from kimi_files.extract.document import OcrState, OutlineEntry, PageKind
from kimi_files.local.database import Database
from kimi_files.local.records import FileRecord
from kimi_files.local.schema import SCHEMA_VERSION, migrate, raise_damage
from kimi_files.models import FileList, FileObject, Purpose

# Pieces that are read in one go: about 2 MB of text in memory, and no lock while the caller works on them.
_PIECES_AT_ONCE = 16
_ROWS_AT_ONCE = 64
_TOUCH_SECONDS = 600
_SEEN_KEPT = 20_000
# Of headings found page by page: more alike are a running header.
_MOST_ALIKE = 2
_LONGEST_OUTLINE = 1_000
# A text somebody read within this time is never evicted: it may still be in use.
_IN_USE_SECONDS = 3_600
# Free room is used again by the next text: up to 64 MB of it may stay. Giving back goes at some 25 MB/s.
_FREE_PAGES_KEPT = 16_384
_FREE_PAGES_AT_ONCE = 256

_FILE_COLUMNS = "id, created_at, filename, purpose, bytes, status, status_details, sha256"


@dataclass(frozen=True, slots=True)
class ContentKey:
    """What a text depends on: the bytes, how the name makes them read, and the version of the readers."""

    sha256: str
    extension: str
    reader: int


@dataclass(frozen=True, slots=True)
class Usage:
    """What counts against the limits."""

    files: int
    bytes: int


# number, label, kind, title, characters, tokens, lines, without_text, hidden, has_plain, ocr
PageRow = tuple[int, str, PageKind, str | None, int, int, int, bool, bool, bool, OcrState]


@dataclass(frozen=True, slots=True)
class Rows:
    """A part of a text, ready to be stored."""

    pages: list[PageRow]
    pieces: list[tuple[int, str, int, int, int, int, str]]
    outline: list[tuple[int, str, int, int]]
    warnings: list[tuple[int, str]]


@dataclass(frozen=True, slots=True)
class WholeText:
    """What is known of a text when its last part has arrived. ``size`` is that of the file, ``text_bytes`` of the text."""

    key: ContentKey
    size: int
    format: str
    correction: str | None
    text_bytes: int


@dataclass(frozen=True, slots=True)
class CatalogueHealth:
    """``problem`` is what SQLite's own check found, None if nothing."""

    schema_version: int
    journal_mode: str
    usage: Usage
    contents: int
    text_bytes: int
    problem: str | None


class Catalogue:
    """Rows and nothing else: what must happen together with the bytes is done by the caller inside ``transaction``."""

    def __init__(self, path: Path, lock_path: Path, restore: Callable[[sqlite3.Connection], None]) -> None:
        def prepare(connection: sqlite3.Connection) -> None:
            if migrate(connection):
                restore(connection)

        self.database = Database(path, lock_path, prepare)
        self._unsaved_seen: dict[str, str] = {}

    async def aclose(self) -> None:
        """Close the connections."""
        await self.database.aclose()

    # Files

    async def file(self, file_id: str) -> FileRecord:
        """A kept file. FileNotFound if there is none."""
        return await self.database.read(lambda connection: find_file(connection, file_id))

    async def files(
        self, purpose: Purpose | None, after: str | None, limit: int, order: Literal["asc", "desc"]
    ) -> FileList:
        """A page of the files by time, those of one second by id."""
        sign, direction = (">", "ASC") if order == "asc" else ("<", "DESC")

        def work(connection: sqlite3.Connection) -> FileList:
            conditions, values = ["1"], list[object]()
            if purpose is not None:
                conditions.append("purpose = ?")
                values.append(purpose)
            if after is not None:
                last = find_file(connection, after).file
                conditions.append(f"(created_at, id) {sign} (?, ?)")
                values += [last.created_at, last.id]
            rows = connection.execute(
                f"SELECT {_FILE_COLUMNS} FROM files WHERE {' AND '.join(conditions)} "  # noqa: S608 - fixed words
                f"ORDER BY created_at {direction}, id {direction} LIMIT ?",
                (*values, limit + 1),
            ).fetchall()
            return FileList(data=[_record(row).file for row in rows[:limit]], has_more=len(rows) > limit)

        return await self.database.read(work)

    async def duplicate(self, sha256: str, filename: str, purpose: Purpose) -> FileObject | None:
        """The file with these bytes, name and purpose, if it is kept."""
        return await self.database.read(lambda connection: find_duplicate(connection, sha256, filename, purpose))

    async def usage(self) -> Usage:
        """What counts against the limits."""
        return await self.database.read(usage)

    # Texts

    async def seen(self, key: str) -> str | None:
        """The sha256 that a file had when it was last hashed, if ``key`` (path and signature) is still the same."""

        def work(connection: sqlite3.Connection) -> str | None:
            row = connection.execute("SELECT sha256 FROM seen WHERE key = ?", (key,)).fetchone()
            return row[0] if row else None

        return await self.database.read(work)

    def note_seen(self, key: str, sha256: str) -> None:
        """Remember a hash with the next text that is stored, or by ``save_seen``: each transaction costs syncs of the disk."""
        self._unsaved_seen[key] = sha256

    async def save_seen(self, sha256: str) -> None:
        """Store the hashes that were noted, if this one is not stored yet; others may soon be, with their texts."""
        if sha256 in self._unsaved_seen.values():
            saved = dict(self._unsaved_seen)
            await self.database.write_shared(lambda connection: _insert_seen(connection, saved))
            self._forget_saved(saved)

    def _forget_saved(self, saved: dict[str, str]) -> None:
        for key in saved:
            self._unsaved_seen.pop(key, None)

    async def find_content(self, key: ContentKey) -> int | None:
        """Id of the text that was read before, None if there is none. Notes that it was used."""

        def find(connection: sqlite3.Connection) -> tuple[int, int] | None:
            row: tuple[int, int] | None = connection.execute(
                "SELECT id, used_at FROM contents "
                "WHERE sha256 = ? AND extension = ? AND reader = ? AND state = 'ready' ORDER BY id LIMIT 1",
                (key.sha256, key.extension, key.reader),
            ).fetchone()
            return row

        row = await self.database.read(find)
        if row is None:
            return None
        content_id, used_at = row
        now = int(time.time())
        if now - used_at > _TOUCH_SECONDS:  # a write costs a sync of the disk: not at every read
            await self.database.write(
                lambda connection: connection.execute("UPDATE contents SET used_at = ? WHERE id = ?", (now, content_id))
            )
        return content_id

    async def begin_content(self, key: ContentKey, size: int) -> int:
        """Id of a new text that nobody sees before ``finish_content``."""
        return await self.database.write(lambda connection: _insert_content(connection, key, size))

    async def add_rows(self, content_id: int, rows: Rows) -> None:
        """Store the next part of a text."""
        await self.database.write(lambda connection: _insert_rows(connection, content_id, rows))

    async def finish_content(self, content_id: int | None, text: WholeText, rows: Rows) -> Content:
        """Store the last part of a text, or all of one that was not begun, and let everybody see it; gives it, without a name."""
        seen = dict(self._unsaved_seen)

        def work(connection: sqlite3.Connection) -> Content:
            _insert_seen(connection, seen)
            if content_id is None:
                return self._insert_whole(connection, text, rows)
            _insert_rows(connection, content_id, rows)
            connection.execute(
                "UPDATE contents SET state = 'ready', format = ?, correction = ?, text_bytes = ? WHERE id = ?",
                (text.format, text.correction, text.text_bytes, content_id),
            )
            content = self._content(connection, content_id)
            assert content is not None  # it was stored just now
            return content

        finished = await self.database.write_shared(work, sum(len(text) for *_, text in rows.pieces))
        self._forget_saved(seen)
        return finished

    def _insert_whole(self, connection: sqlite3.Connection, text: WholeText, rows: Rows) -> Content:
        content_id = _insert_content(connection, text.key, text.size, text)
        _insert_rows(connection, content_id, rows)
        return Content(
            id=content_id,
            sha256=text.key.sha256,
            name="",
            file_id=None,
            bytes=text.size,
            format=text.format,
            correction=text.correction,
            pages=tuple(PageInfo(*row[:9], row[10]) for row in rows.pages),
            outline=tuple(OutlineEntry(title=title, level=level, page=page) for _, title, level, page in rows.outline),
            warnings=tuple(message for _, message in rows.warnings),
            store=self,
        )

    async def replace_page(self, content_id: int, rows: Rows, text_bytes: int) -> None:
        """Put another text in the place of one page's. ``rows`` has the page, its pieces and its headings, nothing else."""

        def work(connection: sqlite3.Connection) -> None:
            ((number, *_),) = rows.pages
            here = connection.execute(
                "SELECT 1 FROM contents WHERE id = ? AND state = 'ready'", (content_id,)
            ).fetchone()
            if here is None:
                return
            place = (content_id, number)
            if not rows.pieces:  # nothing was found: what the page had stays
                connection.execute("UPDATE pages SET ocr = 'read' WHERE content = ? AND number = ?", place)
                return
            connection.execute("DELETE FROM pieces WHERE content = ? AND page = ?", place)
            connection.execute("DELETE FROM pages WHERE content = ? AND number = ?", place)
            _insert_rows(connection, content_id, replace(rows, outline=_fitted(connection, content_id, rows.outline)))
            connection.execute("UPDATE contents SET text_bytes = text_bytes + ? WHERE id = ?", (text_bytes, content_id))

        await self.database.write(work)

    async def load_content(self, content_id: int) -> Content | None:
        """A text without its characters; None if it has gone. ``name`` and ``file_id`` are the caller's to fill in."""
        return await self.database.read(lambda connection: self._content(connection, content_id))

    def _content(self, connection: sqlite3.Connection, content_id: int) -> Content | None:
        row = connection.execute(
            "SELECT sha256, bytes, format, correction FROM contents WHERE id = ? AND state = 'ready'", (content_id,)
        ).fetchone()
        if row is None:
            return None
        sha256, size, known_format, correction = row
        return Content(
            id=content_id,
            sha256=sha256,
            name="",
            file_id=None,
            bytes=size,
            format=known_format,
            correction=correction,
            pages=_pages(connection, content_id),
            outline=_outline(connection, content_id),
            warnings=_warnings(connection, content_id),
            store=self,
        )

    async def pieces(
        self, content_id: int, page: int, layer: Layer, start: int, end: int | None
    ) -> AsyncIterator[Piece]:
        """The stored pieces of a page that overlap ``start <= offset < end``, in order, uncut."""
        at = start
        while end is None or at < end:

            def work(connection: sqlite3.Connection, at: int = at) -> tuple[list[Piece], bool]:
                return _read_pieces(connection, content_id, page, layer, at, end)

            pieces, more = await self.database.read(work)
            for piece in pieces:
                yield piece
            if not more:
                return
            at = pieces[-1].start + len(pieces[-1].text)

    async def whole_pages(self, content_id: int, pages: Sequence[int]) -> list[str]:
        """The reading layer of each of these pages, from one consistent state."""
        return await self.database.read(lambda connection: _whole_pages(connection, content_id, pages))

    async def line_offset(self, content_id: int, page: int, line: int) -> int:
        """Offset in the reading layer at which line ``line`` (from 1) starts; the page's length if past its end."""
        if line <= 1:
            return 0
        return await self.database.read(lambda connection: _line_offset(connection, content_id, page, line))

    # Leaving

    async def discard_content(self, content_id: int) -> None:
        """Remove a text, in short transactions: first nobody sees it any more, then it goes."""
        await self.database.write(lambda connection: hide_content(connection, content_id))
        while await self.database.write(lambda connection: _remove_some(connection, content_id)):
            pass
        while await self.database.write(_give_back_pages):
            pass

    async def unfinished(self) -> list[tuple[int, ContentKey]]:
        """Texts that somebody builds or removes, or did until it was killed."""

        def work(connection: sqlite3.Connection) -> list[tuple[int, ContentKey]]:
            rows = connection.execute("SELECT id, sha256, extension, reader FROM contents WHERE state != 'ready'")
            return [(row[0], ContentKey(*row[1:])) for row in rows]

        return await self.database.read(work)

    async def over_budget(self, reader: int, text_bytes: int) -> list[int]:
        """Texts that no kept file needs, least recently used first, as many as are beyond ``text_bytes``."""

        def work(connection: sqlite3.Connection) -> list[int]:
            rows = connection.execute(
                "SELECT id, text_bytes, used_at FROM contents AS content WHERE state = 'ready' AND NOT "
                "(reader = ? AND EXISTS (SELECT 1 FROM files WHERE files.sha256 = content.sha256 "
                "AND files.extension = content.extension)) ORDER BY used_at DESC, id DESC",
                (reader,),
            ).fetchall()
            kept, leaving = 0, list[int]()
            for content_id, size, used_at in rows:
                kept += size
                if kept > text_bytes and used_at < time.time() - _IN_USE_SECONDS:
                    leaving.append(content_id)
            return leaving[::-1]

        return await self.database.read(work)

    async def health(self) -> CatalogueHealth:
        """Counts, and SQLite's own check of the whole catalogue."""

        def work(connection: sqlite3.Connection) -> CatalogueHealth:
            checked: str = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            contents, text_bytes = connection.execute(
                "SELECT count(*), coalesce(sum(text_bytes), 0) FROM contents WHERE state = 'ready'"
            ).fetchone()
            return CatalogueHealth(
                schema_version=SCHEMA_VERSION,
                journal_mode=connection.execute("PRAGMA journal_mode").fetchone()[0],
                usage=usage(connection),
                contents=contents,
                text_bytes=text_bytes,
                problem=None if checked == "ok" else checked,
            )

        return await self.database.read(work)


# Parts of transactions, for callers that do more in one


def find_file(connection: sqlite3.Connection, file_id: str) -> FileRecord:
    """A kept file. FileNotFound if there is none."""
    row = connection.execute(f"SELECT {_FILE_COLUMNS} FROM files WHERE id = ?", (file_id,)).fetchone()  # noqa: S608
    if row is None:
        raise FileNotFound(f"No file has the id '{file_id[:80]}'.", LIST_FILES_HINT)
    return _record(row)


def find_duplicate(connection: sqlite3.Connection, sha256: str, filename: str, purpose: Purpose) -> FileObject | None:
    """The file with these bytes, name and purpose, if it is kept."""
    row = connection.execute(
        f"SELECT {_FILE_COLUMNS} FROM files WHERE sha256 = ? AND filename = ? AND purpose = ?",  # noqa: S608
        (sha256, filename, purpose),
    ).fetchone()
    return None if row is None else _record(row).file


def insert_file(connection: sqlite3.Connection, record: FileRecord) -> None:
    """Add a file."""
    file = record.file
    connection.execute(
        "INSERT INTO files (id, created_at, filename, extension, purpose, bytes, status, status_details, sha256) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            file.id,
            file.created_at,
            file.filename,
            record.extension,
            file.purpose,
            file.bytes,
            file.status,
            file.status_details,
            record.sha256,
        ),
    )


def delete_file(connection: sqlite3.Connection, file_id: str) -> None:
    """Remove a file."""
    connection.execute("DELETE FROM files WHERE id = ?", (file_id,))


def has_blob_users(connection: sqlite3.Connection, sha256: str, besides: str = "") -> bool:
    """Whether any kept file, ``besides`` the one with that id, has these bytes."""
    row = connection.execute("SELECT 1 FROM files WHERE sha256 = ? AND id != ? LIMIT 1", (sha256, besides)).fetchone()
    return row is not None


def hide_unused_contents(connection: sqlite3.Connection, record: FileRecord) -> list[int]:
    """Hide the texts that only this file, just deleted, was the reason to keep; gives their ids."""
    needed = connection.execute(
        "SELECT 1 FROM files WHERE sha256 = ? AND extension = ? LIMIT 1", (record.sha256, record.extension)
    ).fetchone()
    if needed is not None:
        return []
    rows = connection.execute(
        "SELECT id FROM contents WHERE sha256 = ? AND extension = ? AND state = 'ready'",
        (record.sha256, record.extension),
    ).fetchall()
    for (content_id,) in rows:
        hide_content(connection, content_id)
    return [content_id for (content_id,) in rows]


def hide_content(connection: sqlite3.Connection, content_id: int) -> None:
    """Let nobody see a text any more."""
    connection.execute("UPDATE contents SET state = 'leaving' WHERE id = ?", (content_id,))


def usage(connection: sqlite3.Connection) -> Usage:
    """What counts against the limits."""
    return Usage(*connection.execute("SELECT count(*), coalesce(sum(bytes), 0) FROM files").fetchone())


def file_ids_and_hashes(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    """Id and sha256 of every kept file."""
    return connection.execute("SELECT id, sha256 FROM files").fetchall()


def _record(row: Sequence[object]) -> FileRecord:
    file_id, created_at, filename, purpose, size, status, details, sha256 = row
    file = {"id": file_id, "created_at": created_at, "filename": filename, "purpose": purpose, "bytes": size}
    return FileRecord.model_validate(
        {"file": {**file, "status": status, "status_details": details}, "sha256": sha256},
    )


def _insert_content(connection: sqlite3.Connection, key: ContentKey, size: int, whole: WholeText | None = None) -> int:
    """Id of a new text: one that everybody sees if it is ``whole``."""
    state = ("building", "", None, 0) if whole is None else ("ready", whole.format, whole.correction, whole.text_bytes)
    cursor = connection.execute(
        "INSERT INTO contents (sha256, extension, reader, bytes, used_at, state, format, correction, text_bytes) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (key.sha256, key.extension, key.reader, size, int(time.time()), *state),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def _insert_seen(connection: sqlite3.Connection, seen: dict[str, str]) -> None:
    """Add hashes; the oldest are forgotten beyond 20,000."""
    if not seen:
        return
    now = time.time_ns() // 1_000_000
    rows = [(key, sha256, now) for key, sha256 in seen.items()]
    connection.executemany("INSERT OR REPLACE INTO seen VALUES (?, ?, ?)", rows)
    connection.execute(
        "DELETE FROM seen WHERE key IN (SELECT key FROM seen ORDER BY used_at DESC LIMIT -1 OFFSET ?)", (_SEEN_KEPT,)
    )


def _insert_rows(connection: sqlite3.Connection, content_id: int, rows: Rows) -> None:
    def insert(table: str, columns: str, values: Sequence[tuple[object, ...]]) -> None:
        if not values:
            return
        marks = ", ".join("?" for _ in columns.split(","))
        statement = f"INSERT INTO {table} (content, {columns}) VALUES ({content_id:d}, {marks})"  # noqa: S608
        connection.executemany(statement, values)

    insert(
        "pages",
        "number, label, kind, title, characters, tokens, lines, without_text, hidden, has_plain, ocr",
        rows.pages,
    )
    insert("pieces", "page, layer, start, characters, line, checksum, text", rows.pieces)
    insert("outline", "number, title, level, page", rows.outline)
    insert("warnings", "number, message", rows.warnings)


def _fitted(
    connection: sqlite3.Connection, content_id: int, headings: Sequence[tuple[int, str, int, int]]
) -> list[tuple[int, str, int, int]]:
    """A page's headings with numbers after those of the pages before it, where room is made; none that runs over the pages."""
    known = connection.execute("SELECT number, title, page FROM outline WHERE content = ?", (content_id,)).fetchall()
    times = Counter(title for _, title, _ in known)
    fitting = [heading for heading in headings if times[heading[1]] < _MOST_ALIKE]
    if not fitting or len(known) + len(fitting) > _LONGEST_OUTLINE:
        return []
    page = fitting[0][3]
    first = 1 + max((number for number, _, other in known if other <= page), default=-1)
    # A number is unique at any moment, so those that follow go out of the way first.
    connection.execute("UPDATE outline SET number = -number - 1 WHERE content = ? AND number >= ?", (content_id, first))
    connection.execute(
        "UPDATE outline SET number = -number - 1 + ? WHERE content = ? AND number < 0", (len(fitting), content_id)
    )
    return [(first + at, title, level, page) for at, (_, title, level, page) in enumerate(fitting)]


def _pages(connection: sqlite3.Connection, content_id: int) -> tuple[PageInfo, ...]:
    rows = connection.execute(
        "SELECT number, label, kind, title, characters, tokens, lines, without_text, hidden, ocr FROM pages "
        "WHERE content = ? ORDER BY number",
        (content_id,),
    )
    pages = []
    for number, label, kind, title, characters, tokens, lines, without_text, hidden, ocr in rows:
        flags = bool(without_text), bool(hidden)
        pages.append(PageInfo(number, label, kind, title, characters, tokens, lines, *flags, ocr))
    return tuple(pages)


def _outline(connection: sqlite3.Connection, content_id: int) -> tuple[OutlineEntry, ...]:
    rows = connection.execute("SELECT title, level, page FROM outline WHERE content = ? ORDER BY number", (content_id,))
    return tuple(OutlineEntry(title=title, level=level, page=page) for title, level, page in rows)


def _warnings(connection: sqlite3.Connection, content_id: int) -> tuple[str, ...]:
    rows = connection.execute("SELECT message FROM warnings WHERE content = ? ORDER BY number", (content_id,))
    return tuple(message for (message,) in rows)


def _read_pieces(
    connection: sqlite3.Connection, content_id: int, page: int, layer: Layer, start: int, end: int | None
) -> tuple[list[Piece], bool]:
    """The next few pieces, and whether there may be more."""
    row = connection.execute(
        "SELECT has_plain, characters, sha256 FROM pages JOIN contents ON contents.id = pages.content "
        "WHERE content = ? AND number = ? AND state = 'ready'",
        (content_id, page),
    ).fetchone()
    if row is None:
        raise _gone(page)
    has_plain, characters, sha256 = row
    stored: Layer = "plain" if layer == "plain" and has_plain else "text"
    place = (content_id, page, stored)
    first = connection.execute(
        "SELECT coalesce(max(start), 0) FROM pieces WHERE content = ? AND page = ? AND layer = ? AND start <= ?",
        (*place, start),
    ).fetchone()[0]
    rows = connection.execute(
        "SELECT start, line, text, checksum FROM pieces "
        "WHERE content = ? AND page = ? AND layer = ? AND start >= ? AND start < ? "
        "AND start + characters > ? ORDER BY start LIMIT ?",
        (*place, first, _far(end), start, _PIECES_AT_ONCE),
    ).fetchall()
    pieces, more = [Piece(*row[:3]) for row in rows], len(rows) == _PIECES_AT_ONCE
    for piece, row in zip(pieces, rows, strict=True):
        _check(sha256, page, stored, piece, row[3])
    reached = start
    for piece in pieces:
        if piece.start > reached:
            raise_damage()
        reached = piece.start + len(piece.text)
    if stored == "text" and not more and reached < min(_far(end), characters):
        raise_damage()
    return pieces, more


def checksum(sha256: str, page: int, layer: Layer, start: int, line: int, text: bytes) -> int:
    """Of a piece in its place: SQLite tells a page of its file that changed from one that did not only by luck."""
    return zlib.crc32(text, zlib.crc32(f"{sha256} {page} {layer} {start} {line}".encode()))


def _check(sha256: str, page: int, layer: Layer, piece: Piece, stored: int) -> None:
    if checksum(sha256, page, layer, piece.start, piece.line, piece.text.encode()) != stored:
        raise_damage()


def _whole_pages(connection: sqlite3.Connection, content_id: int, pages: Sequence[int]) -> list[str]:
    texts: dict[int, str] = {}
    for _, run in groupby(enumerate(pages), lambda pair: pair[1] - pair[0]):
        following = [page for _, page in run]
        texts |= _pages_between(connection, content_id, following[0], following[-1])
    return [texts[page] for page in pages]


def _pages_between(connection: sqlite3.Connection, content_id: int, first: int, last: int) -> dict[int, str]:
    """The reading layers of the pages ``first`` to ``last``, by number."""
    between = (content_id, first, last)
    pages = connection.execute(
        "SELECT number, characters, sha256 FROM pages JOIN contents ON contents.id = pages.content "
        "WHERE content = ? AND number BETWEEN ? AND ? AND state = 'ready'",
        between,
    ).fetchall()
    texts: dict[int, list[str]] = {number: [] for number, _, _ in pages}
    for page in range(first, last + 1):
        if page not in texts:
            raise _gone(page)
    reached = dict.fromkeys(texts, 0)
    for page, start, line, text, stored in connection.execute(
        "SELECT page, start, line, text, checksum FROM pieces "
        "WHERE content = ? AND page BETWEEN ? AND ? AND layer = 'text' ORDER BY page, layer, start",
        between,
    ):
        _check(pages[0][2], page, "text", Piece(start, line, text), stored)
        if start != reached[page]:
            raise_damage()
        reached[page] += len(text)
        texts[page].append(text)
    if any(reached[number] < characters for number, characters, _ in pages):
        raise_damage()
    return {page: "".join(parts) for page, parts in texts.items()}


def _gone(page: int) -> StoreDamaged:
    # Never an early end: who reads on would take a part of the text for all of it.
    return StoreDamaged(
        f"Page {page} of this text is not in the store: the file was deleted, or its text has left the cache.",
        "Call again; a path or a file that still exists is read anew.",
    )


def _far(end: int | None) -> int:
    return 1 << 62 if end is None else end


def _line_offset(connection: sqlite3.Connection, content_id: int, page: int, line: int) -> int:
    place = (content_id, page)
    total = connection.execute(
        "SELECT characters, sha256 FROM pages JOIN contents ON contents.id = pages.content "
        "WHERE content = ? AND number = ?",
        place,
    ).fetchone()
    found = connection.execute(
        "SELECT start, line, text, checksum FROM pieces WHERE content = ? AND page = ? AND layer = 'text' AND line < ? "
        "ORDER BY start DESC LIMIT 1",
        (*place, line),
    ).fetchone()
    if total is None or found is None:
        return 0 if total is None else int(total[0])
    start, first_line, text, stored = found
    _check(total[1], page, "text", Piece(start, first_line, text), stored)
    at = -1
    for _ in range(line - first_line):
        at = text.find("\n", at + 1)
        if at < 0:
            return int(total[0])
    return int(start) + at + 1


def _remove_some(connection: sqlite3.Connection, content_id: int) -> bool:
    """Remove a few pieces, or, when there are none, the rest of a text; whether anything is left."""
    removed = connection.execute(
        "DELETE FROM pieces WHERE id IN (SELECT id FROM pieces WHERE content = ? LIMIT ?)", (content_id, _ROWS_AT_ONCE)
    ).rowcount
    if removed:
        return True
    for table in ("pages", "outline", "warnings"):
        connection.execute(f"DELETE FROM {table} WHERE content = ?", (content_id,))  # noqa: S608 - fixed words
    connection.execute("DELETE FROM contents WHERE id = ?", (content_id,))
    return False


def _give_back_pages(connection: sqlite3.Connection) -> bool:
    """Give free room of the catalogue's file back to the disk while it is over a quarter of it; whether to go on."""
    free = connection.execute("PRAGMA freelist_count").fetchone()[0]
    total = connection.execute("PRAGMA page_count").fetchone()[0]
    if free <= _FREE_PAGES_KEPT or free * 4 <= total:
        return False
    for _ in range(_FREE_PAGES_AT_ONCE):
        connection.execute("PRAGMA incremental_vacuum(1)")  # the driver takes one step of it, whatever the number
    return True
