"""The tables of the state file, and how an older file becomes a present one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from importer.errors import StateError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from pathlib import Path

APPLICATION: Final = 0x57464D50
"""Marks a SQLite file as ours ("WFMP" in `PRAGMA application_id`)."""

FIRST: Final = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE watermarks (collection TEXT PRIMARY KEY, at TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE caches (
    kind TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, saved_at TEXT NOT NULL,
    PRIMARY KEY (kind, name)
) WITHOUT ROWID;

CREATE TABLE runs (
    number INTEGER PRIMARY KEY AUTOINCREMENT, run TEXT NOT NULL UNIQUE,
    mapping TEXT NOT NULL, source TEXT NOT NULL, mode TEXT NOT NULL,
    started_at TEXT NOT NULL, finished_at TEXT, verdict TEXT, exit_code INTEGER, summary TEXT
);

-- watermark '' = before everything; outcome NULL = in flight; open = rule 7 has not looked for its twins yet
CREATE TABLE requests (
    id INTEGER PRIMARY KEY AUTOINCREMENT, run TEXT NOT NULL, verb TEXT NOT NULL, endpoint TEXT NOT NULL,
    collection TEXT NOT NULL, locale TEXT NOT NULL, watermark TEXT NOT NULL,
    sent_at TEXT, answered_at TEXT, lost_at TEXT, outcome TEXT, open INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX requests_unsettled ON requests (id) WHERE outcome IS NULL OR open;

CREATE TABLE request_rows (
    request_id INTEGER NOT NULL REFERENCES requests (id), locale TEXT NOT NULL, key TEXT NOT NULL,
    slug TEXT NOT NULL, name TEXT NOT NULL, fingerprint TEXT NOT NULL, readable TEXT NOT NULL,
    PRIMARY KEY (request_id, locale, key)
) WITHOUT ROWID;

-- request = the latest one that carried the row; item_status = how its item stood when last confirmed
-- status is no IN (...), for which SQLite would make an index of five for each row that is written
-- rows lie in the order in which they were first sent: those of one chunk share a few pages, whatever their keys
-- first_watermark NULL = never sent, '' = sent before everything; unnamed = the key is not the row's own
CREATE TABLE rows (
    collection TEXT NOT NULL, locale TEXT NOT NULL, key TEXT NOT NULL,
    source TEXT NOT NULL, source_row INTEGER NOT NULL, source_rows TEXT NOT NULL DEFAULT '[]',
    status TEXT NOT NULL CHECK (
        status = 'in_flight' OR status = 'published' OR status = 'staged' OR status = 'rejected' OR status = 'pending'
    ),
    item_id TEXT, item_status TEXT, slug TEXT, slug_folded TEXT, slug_sent TEXT, name TEXT,
    first_request INTEGER, first_watermark TEXT, request INTEGER,
    source_hash TEXT, fingerprint TEXT, readable TEXT,
    attempts INTEGER NOT NULL DEFAULT 0, last_published TEXT,
    error_source TEXT, error_code TEXT, error TEXT, warning TEXT,
    run TEXT, unnamed INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (collection, locale, key)
);
CREATE INDEX rows_in_flight ON rows (collection) WHERE status = 'in_flight';
CREATE INDEX rows_unnamed ON rows (source) WHERE unnamed;
CREATE UNIQUE INDEX rows_item ON rows (item_id, locale) WHERE item_id IS NOT NULL;
CREATE INDEX rows_slug ON rows (slug_folded, locale) WHERE item_id IS NOT NULL;

CREATE TABLE twin_checks (
    collection TEXT NOT NULL, locale TEXT NOT NULL, key TEXT NOT NULL, request_id INTEGER NOT NULL,
    PRIMARY KEY (collection, locale, key)
) WITHOUT ROWID;

-- mark = the newest request that had begun when the item was shown for the first time; 0 = none
CREATE TABLE seen (
    collection TEXT NOT NULL, locale TEXT NOT NULL, item_id TEXT NOT NULL,
    slug TEXT NOT NULL, slug_folded TEXT NOT NULL, name TEXT NOT NULL, key TEXT, readable TEXT NOT NULL,
    created_on TEXT, live INTEGER NOT NULL, mark INTEGER NOT NULL,
    PRIMARY KEY (collection, locale, item_id)
) WITHOUT ROWID;
CREATE INDEX seen_slug ON seen (collection, locale, slug_folded);
CREATE INDEX seen_key ON seen (collection, locale, key) WHERE key IS NOT NULL;
CREATE INDEX seen_item ON seen (item_id);

-- what a person asks: which rows were published, which failed, and why
CREATE VIEW outcome AS
    SELECT source, source_row, CASE WHEN unnamed THEN NULL ELSE key END AS key, locale, status, item_id, slug,
           error_source, error_code, error, warning
    FROM rows ORDER BY source, source_row, locale, key;
"""

PARTS: Final = """
-- JSON with a short hash of each field that was sent, by slug; NULL = not known (sent by an importer before this one)
ALTER TABLE rows ADD COLUMN parts TEXT;
"""

MIGRATIONS: Final[tuple[str, ...]] = (FIRST, PARTS)
"""One script for each format version; a script that was ever released is never changed."""


def migrate(connection: sqlite3.Connection, path: Path, migrations: Sequence[str] = MIGRATIONS) -> None:
    """Bring the file to the present format, in one transaction.

    Raises StateError if it was written by a newer importer, or is the database of another program.
    """
    if format_version(connection, path, migrations) == len(migrations):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Another process may have been quicker.
        for script in migrations[format_version(connection, path, migrations) :]:
            for statement in script.split(";\n"):
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION}")
        connection.execute(f"PRAGMA user_version = {len(migrations)}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def require_present(connection: sqlite3.Connection, path: Path) -> None:
    """Raise StateError unless the file is of the present format; for files that are only read."""
    version = format_version(connection, path)
    if version == 0:
        raise StateError(
            f"The state file {path} is empty: nothing is known of any row.",
            "Put back a copy of it if it was emptied by mistake; `importer run` fills it.",
        )
    if version < len(MIGRATIONS):
        raise StateError(
            f"{path} has format {version}, this importer reads format {len(MIGRATIONS)}.",
            "`importer run` brings the state file to the present format.",
        )


def format_version(connection: sqlite3.Connection, path: Path, migrations: Sequence[str] = MIGRATIONS) -> int:
    """Tell the format version of the file, 0 for an empty one.

    Raises StateError if it was written by a newer importer, or is the database of another program.
    """
    application: int = connection.execute("PRAGMA application_id").fetchone()[0]
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if application != APPLICATION:
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if application or version or tables:
            raise StateError(
                f"{path} is a database of another program, not a state file.",
                "Name another file with --state PATH.",
            )
        return 0
    if version > len(migrations):
        raise StateError(
            f"{path} was written by a newer importer (format {version}; this one knows up to {len(migrations)}).",
            "Upgrade the importer, or name another state file with --state PATH.",
        )
    if version < 1:
        raise StateError(
            f"The state file {path} is damaged: another program took its format number away.",
            "Put back a copy of it, or name another file with --state PATH; keep the damaged one.",
        )
    return version
