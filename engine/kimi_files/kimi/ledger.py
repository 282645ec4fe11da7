"""What was sent to which account: written down before a request leaves, so that no crash makes it be sent twice.

The table is in the catalogue's file. A row is *sending* from before the request until its outcome is proven, then *stored*,
or gone; *refused* keeps the service's words about a content that it will not take.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from kimi_files.kimi.marker import HASH_CHARACTERS
from kimi_files.kimi.replies import RemoteFile
from kimi_files.local.database import Database
from kimi_files.local.records import extension_of
from kimi_files.models import Purpose

State = Literal["sending", "stored", "refused"]

_TABLES = (
    """CREATE TABLE IF NOT EXISTS kimi_upload (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        account TEXT NOT NULL,
        sha256 TEXT NOT NULL,
        purpose TEXT NOT NULL,
        name TEXT NOT NULL,
        extension TEXT NOT NULL,
        bytes INTEGER NOT NULL,
        mark TEXT NOT NULL,
        kept INTEGER NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('sending', 'stored', 'refused')),
        file_id TEXT,
        detail TEXT NOT NULL DEFAULT '',
        doubtful INTEGER NOT NULL DEFAULT 0,
        created_at INTEGER NOT NULL DEFAULT 0,
        changed_at REAL NOT NULL,
        UNIQUE (account, sha256, purpose, name)
    )""",
    "CREATE INDEX IF NOT EXISTS kimi_upload_by_file ON kimi_upload (account, file_id)",
    """CREATE TABLE IF NOT EXISTS kimi_account (
        account TEXT PRIMARY KEY,
        files INTEGER NOT NULL,
        bytes INTEGER NOT NULL
    ) WITHOUT ROWID""",
)

_COLUMNS = (
    "number, account, sha256, purpose, name, extension, bytes, mark, kept, state, file_id, detail, doubtful, created_at, "
    "changed_at"
)


@dataclass(frozen=True, slots=True)
class Upload:
    """One row. ``sha256`` is only its beginning for a file that was found in the account by the mark in its name.

    ``doubtful`` says that the outcome of a request for it was unknown once; ``created_at`` is the service's Unix time,
    ``changed_at`` ours.
    """

    number: int
    account: str
    sha256: str
    purpose: Purpose
    name: str
    extension: str
    bytes: int
    mark: str
    kept: bool
    state: State
    file_id: str | None
    detail: str
    doubtful: bool
    created_at: int
    changed_at: float


@dataclass(frozen=True, slots=True)
class Account:
    """How full an account is, as far as is known here."""

    files: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Found:
    """A file of the account that nobody here uploaded; ``content`` is the beginning of its sha256."""

    file: RemoteFile
    content: str
    purpose: Purpose
    name: str


class Ledger:
    """The rows of one account. Safe for many processes; opened at the first call."""

    def __init__(self, database: Path, lock: Path, account: str) -> None:
        self._database = Database(database, lock, _prepare)
        self.account = account

    async def aclose(self) -> None:
        """Close the connections; the next call opens them again."""
        await self._database.aclose()

    async def find(self, sha256: str, purpose: Purpose, name: str) -> Upload | None:
        """The row for this content under this name."""
        rows = await self._rows(
            "sha256 IN (?, ?) AND purpose = ? AND name = ?", sha256, sha256[:HASH_CHARACTERS], purpose, name
        )
        return rows[0] if rows else None

    async def find_content(self, sha256: str, purpose: Purpose, extension: str) -> Upload | None:
        """A row for this content under any name that reads the same; one that is stored before any other."""
        rows = await self._rows(
            "sha256 IN (?, ?) AND purpose = ? AND extension = ? "
            "ORDER BY state = 'stored' DESC, state = 'sending' DESC, kept DESC, number",
            sha256,
            sha256[:HASH_CHARACTERS],
            purpose,
            extension,
        )
        return rows[0] if rows else None

    async def by_file(self, file_id: str) -> Upload | None:
        """The row of a stored file."""
        rows = await self._rows("file_id = ?", file_id)
        return rows[0] if rows else None

    async def get(self, number: int) -> Upload | None:
        """A row as it is now."""
        rows = await self._rows("number = ?", number)
        return rows[0] if rows else None

    async def all(self) -> list[Upload]:
        """Every row of the account."""
        return await self._rows("1 ORDER BY number")

    async def transient(self, limit: int) -> list[Upload]:
        """Stored files that nobody asked to keep, oldest first."""
        return await self._rows("state = 'stored' AND kept = 0 ORDER BY created_at, number LIMIT ?", limit)

    async def begin(
        self, sha256: str, purpose: Purpose, name: str, size: int, mark: str, *, kept: bool, now: float
    ) -> Upload:
        """Note that a request is about to leave. A row that is there keeps its mark, so that its copies are known."""

        def work(connection: sqlite3.Connection) -> None:
            connection.execute(
                "INSERT INTO kimi_upload (account, sha256, purpose, name, extension, bytes, mark, kept, state, changed_at) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'sending', ?) ON CONFLICT (account, sha256, purpose, name) DO UPDATE SET "
                "state = 'sending', file_id = NULL, detail = '', kept = max(kept, excluded.kept), "
                "changed_at = excluded.changed_at",
                (self.account, sha256, purpose, name, extension_of(name), size, mark, kept, now),
            )

        await self._database.write(work)
        return (await self._rows("sha256 = ? AND purpose = ? AND name = ?", sha256, purpose, name))[0]

    async def stored(self, number: int, file: RemoteFile, now: float) -> None:
        """Note that a file is there."""

        def work(connection: sqlite3.Connection) -> None:
            changed = connection.execute(
                "UPDATE kimi_upload SET state = 'stored', file_id = ?, created_at = ?, changed_at = ? WHERE number = ?",
                (file.id, file.created_at, now, number),
            ).rowcount
            connection.execute(
                "UPDATE kimi_account SET files = files + ?, bytes = bytes + ? WHERE account = ?",
                (changed, changed * file.bytes, self.account),
            )

        await self._database.write(work)

    async def doubt(self, number: int) -> None:
        """Note that nobody knows what became of a request."""
        await self._change(number, "doubtful = 1")

    async def settle(self, number: int) -> None:
        """Note that no copy is left of a request whose outcome was unknown."""
        await self._change(number, "doubtful = 0")

    async def refused(self, number: int, detail: str, now: float) -> None:
        """Note that the service will not take a content, in its words."""
        await self._change(number, "state = 'refused', detail = ?, changed_at = ?", detail, now)

    async def keep(self, number: int) -> None:
        """Note that somebody wants a file to stay."""
        await self._change(number, "kept = 1")

    async def complete(self, number: int, sha256: str) -> None:
        """Note the whole hash of a file that was known by its beginning."""
        await self._change(number, "sha256 = ?", sha256)

    async def forget(self, number: int) -> None:
        """Remove a row."""

        def work(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM kimi_upload WHERE number = ?", (number,))

        await self._database.write(work)

    async def forget_file(self, file_id: str, size: int) -> None:
        """Note that a file has been deleted from the account."""

        def work(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM kimi_upload WHERE account = ? AND file_id = ?", (self.account, file_id))
            connection.execute(
                "UPDATE kimi_account SET files = max(files - 1, 0), bytes = max(bytes - ?, 0) WHERE account = ?",
                (size, self.account),
            )

        await self._database.write(work)

    async def adopt(self, found: Sequence[Found], now: float) -> None:
        """Note files of the account whose content is proven. They are kept and have no mark: another may rely on them."""
        values = [
            {
                "account": self.account,
                "sha256": one.content,
                "purpose": one.purpose,
                "name": one.name,
                "extension": extension_of(one.name),
                "bytes": one.file.bytes,
                "file_id": one.file.id,
                "created_at": one.file.created_at,
                "now": now,
            }
            for one in found
        ]

        def work(connection: sqlite3.Connection) -> None:
            connection.executemany(
                "INSERT OR IGNORE INTO kimi_upload (account, sha256, purpose, name, extension, bytes, mark, kept, state, "
                "file_id, created_at, changed_at) SELECT :account, :sha256, :purpose, :name, :extension, :bytes, '', 1, "
                "'stored', :file_id, :created_at, :now WHERE NOT EXISTS "
                "(SELECT 1 FROM kimi_upload WHERE account = :account AND file_id = :file_id)",
                values,
            )

        if values:
            await self._database.write(work)

    async def filling(self) -> Account | None:
        """How full the account is; None if it was never looked at from here."""

        def work(connection: sqlite3.Connection) -> Account | None:
            row = connection.execute(
                "SELECT files, bytes FROM kimi_account WHERE account = ?", (self.account,)
            ).fetchone()
            return Account(*row) if row else None

        return await self._database.read(work)

    async def note_filling(self, account: Account) -> None:
        """Note what a look at the account found."""

        def work(connection: sqlite3.Connection) -> None:
            connection.execute(
                "INSERT OR REPLACE INTO kimi_account VALUES (?, ?, ?)", (self.account, account.files, account.bytes)
            )

        await self._database.write(work)

    async def _rows(self, condition: str, *values: object) -> list[Upload]:
        def work(connection: sqlite3.Connection) -> list[Upload]:
            found = connection.execute(
                f"SELECT {_COLUMNS} FROM kimi_upload WHERE account = ? AND {condition}",  # noqa: S608 - fixed words
                (self.account, *values),
            )
            return [_upload(row) for row in found]

        return await self._database.read(work)

    async def _change(self, number: int, assignments: str, *values: object) -> None:
        def work(connection: sqlite3.Connection) -> None:
            connection.execute(
                f"UPDATE OR REPLACE kimi_upload SET {assignments} WHERE number = ?",  # noqa: S608 - fixed words
                (*values, number),
            )

        await self._database.write(work)


def _prepare(connection: sqlite3.Connection) -> None:
    for statement in _TABLES:
        connection.execute(statement)


def _upload(row: Sequence[object]) -> Upload:
    values = dict(zip(Upload.__slots__, row, strict=True))
    values["kept"], values["doubtful"] = bool(values["kept"]), bool(values["doubtful"])
    return Upload(**values)  # type: ignore[arg-type]
