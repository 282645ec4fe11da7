"""The tables of the catalogue, and how an older one becomes today's."""

from __future__ import annotations

import sqlite3

from kimi_files.errors import StoreDamaged

# Content ids begin at the microsecond in which the catalogue was made, so that one made anew never gives an old id again:
# SQLite's clock has milliseconds, and none lets a thousand texts begin.
_MIGRATIONS = (
    """
    CREATE TABLE files (
        id TEXT PRIMARY KEY,
        created_at INTEGER NOT NULL,
        filename TEXT NOT NULL,
        extension TEXT NOT NULL,
        purpose TEXT NOT NULL,
        bytes INTEGER NOT NULL,
        status TEXT NOT NULL,
        status_details TEXT,
        sha256 TEXT NOT NULL,
        UNIQUE (sha256, filename, purpose)
    );
    CREATE INDEX files_by_time ON files (created_at, id);

    CREATE TABLE contents (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        sha256 TEXT NOT NULL,
        extension TEXT NOT NULL,
        reader INTEGER NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('building', 'ready', 'leaving')),
        bytes INTEGER NOT NULL,
        format TEXT NOT NULL DEFAULT '',
        correction TEXT,
        text_bytes INTEGER NOT NULL DEFAULT 0,
        used_at INTEGER NOT NULL
    );
    CREATE INDEX contents_by_key ON contents (sha256, extension, reader);
    INSERT INTO sqlite_sequence (name, seq)
        VALUES ('contents', CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) * 1000);

    CREATE TABLE pages (
        content INTEGER NOT NULL,
        number INTEGER NOT NULL,
        label TEXT NOT NULL,
        kind TEXT NOT NULL,
        title TEXT,
        characters INTEGER NOT NULL,
        tokens INTEGER NOT NULL,
        lines INTEGER NOT NULL,
        without_text INTEGER NOT NULL,
        hidden INTEGER NOT NULL,
        has_plain INTEGER NOT NULL,
        PRIMARY KEY (content, number)
    ) WITHOUT ROWID;

    CREATE TABLE pieces (
        id INTEGER PRIMARY KEY,
        content INTEGER NOT NULL,
        page INTEGER NOT NULL,
        layer TEXT NOT NULL,
        start INTEGER NOT NULL,
        characters INTEGER NOT NULL,
        line INTEGER NOT NULL,
        text TEXT NOT NULL
    );
    CREATE UNIQUE INDEX pieces_by_place ON pieces (content, page, layer, start, line);

    CREATE TABLE outline (
        content INTEGER NOT NULL,
        number INTEGER NOT NULL,
        title TEXT NOT NULL,
        level INTEGER NOT NULL,
        page INTEGER NOT NULL,
        PRIMARY KEY (content, number)
    ) WITHOUT ROWID;

    CREATE TABLE warnings (
        content INTEGER NOT NULL,
        number INTEGER NOT NULL,
        message TEXT NOT NULL,
        PRIMARY KEY (content, number)
    ) WITHOUT ROWID;

    CREATE TABLE seen (
        key TEXT PRIMARY KEY,
        sha256 TEXT NOT NULL,
        used_at INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX seen_by_use ON seen (used_at);
    """,
    # Texts are read anew: only then each piece has its checksum.
    """
    UPDATE contents SET state = 'leaving';
    DROP TABLE pieces;
    CREATE TABLE pieces (
        id INTEGER PRIMARY KEY,
        content INTEGER NOT NULL,
        page INTEGER NOT NULL,
        layer TEXT NOT NULL,
        start INTEGER NOT NULL,
        characters INTEGER NOT NULL,
        line INTEGER NOT NULL,
        checksum INTEGER NOT NULL,
        text TEXT NOT NULL
    );
    CREATE UNIQUE INDEX pieces_by_place ON pieces (content, page, layer, start, line);
    """,
    "ALTER TABLE pages ADD COLUMN ocr TEXT NOT NULL DEFAULT 'none'",
)

SCHEMA_VERSION = len(_MIGRATIONS)

# No program will ever have written this many: the number itself is damaged.
_ABSURD_VERSION = 10_000


def migrate(connection: sqlite3.Connection) -> bool:
    """Bring the tables up to date, inside the caller's transaction; whether the catalogue was made just now.

    Raises StoreDamaged if a newer version of the program wrote it.
    """
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if not 0 <= version <= _ABSURD_VERSION:
        raise_damage()
    if version > SCHEMA_VERSION:
        raise StoreDamaged(
            f"The store was written by a newer version of kimi-files-mcp (schema {version}, known here {SCHEMA_VERSION}).",
            "Update this one, or choose another folder with --data-dir.",
        )
    for script in _MIGRATIONS[version:]:
        for statement in script.split(";"):  # executescript would end the transaction
            if statement.strip():
                connection.execute(statement)
    if version < SCHEMA_VERSION:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    return bool(version == 0)


def raise_damage() -> None:
    """What SQLite itself would raise if it looked as closely."""
    error = sqlite3.DatabaseError("the catalogue contradicts itself")
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    error.sqlite_errorname = "SQLITE_CORRUPT"
    raise error
