"""Rows: one for each item of the sheet, found by locale and key."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

import orjson

from importer.errors import Bug
from importer.model import Row, Status
from importer.state import instants
from importer.state.records import UNNAMED, CheckedRow, Published, Refused, Sent, SentRow, unnamed_key

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence

    from importer.state.file import StateFile

COLUMNS: Final = (
    "key, locale, status, source, source_row, item_id, slug, slug_sent, name, first_request, first_watermark,"
    " source_hash, fingerprint, readable, attempts, last_published, error_source, error_code, error, warning, run"
)
"""The columns of a `Row`, in the order of its fields."""

SLUG_ALTERED: Final = "slug_altered"
"""The warning of a row whose item has another slug than was sent."""

_WATERMARK: Final = COLUMNS.replace(",", " ").split().index("first_watermark")

# A row whose send came to nothing is pending again, or rejected if our checks said so while it was in flight; one that
# holds an item stands as that item does, and without a hash, for what the sheet says now has not reached the item.
_BACK: Final = """
    status = coalesce(item_status, CASE WHEN error_source = 'check' THEN 'rejected' ELSE 'pending' END),
    source_hash = CASE WHEN item_id IS NULL THEN source_hash END,
    fingerprint = CASE WHEN item_id IS NULL THEN fingerprint END,
    readable = CASE WHEN item_id IS NULL THEN readable END,
    parts = CASE WHEN item_id IS NULL THEN parts END
"""


def row_of(line: Sequence[Any]) -> Row:
    """Read the row that a line of `COLUMNS` describes."""
    key, locale, status, *rest = line
    rest[_WATERMARK - 3] = instants.read(rest[_WATERMARK - 3])
    return Row(key, locale, Status(status), *rest)


def rows(file: StateFile, collection: str, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Row]:
    """Find the rows with these (locale, key); those that the state does not know are left out."""
    found: dict[tuple[str, str], Row] = {}
    if file.one("SELECT 1 FROM rows LIMIT 1") is None:
        return found  # a first run asks for every key of the sheet
    by_locale: defaultdict[str, list[str]] = defaultdict(list)
    for locale, key in keys:
        by_locale[locale].append(key)
    question = f"SELECT {COLUMNS} FROM rows WHERE collection = ? AND locale = ? AND key IN ({{}})"  # noqa: S608 - only our own names
    for locale, wanted in by_locale.items():
        for line in file.among(question, (collection, locale), wanted):
            found[locale, line[0]] = row_of(line)
    return found


def count_rows(file: StateFile, collection: str) -> dict[Status, int]:
    """Count how many rows have each status; every status is there."""
    return _counted(file, "SELECT status, count(*) FROM rows WHERE collection = ? GROUP BY status", collection)


def count_beside(file: StateFile, collection: str) -> dict[Status, int]:
    """Count the rows of all other collections by status; every status is there."""
    return _counted(file, "SELECT status, count(*) FROM rows WHERE collection <> ? GROUP BY status", collection)


def _counted(file: StateFile, question: str, collection: str) -> dict[Status, int]:
    counted = dict.fromkeys(Status, 0)
    for status, count in file.all(question, (collection,)):
        counted[Status(status)] = count
    return counted


def has_published(file: StateFile, collection: str) -> int:
    """Count how many rows hold an item."""
    line = file.one("SELECT count(*) FROM rows WHERE collection = ? AND item_id IS NOT NULL", (collection,))
    return 0 if line is None else int(line[0])


def all_rows(file: StateFile, collection: str, status: Status | None) -> Iterator[Row]:
    """Give all rows (of a status), in the order of the sheet."""
    yield from map(
        row_of,
        file.each(
            f"SELECT {COLUMNS} FROM rows WHERE collection = ?1 AND (?2 IS NULL OR status = ?2)"  # noqa: S608 - only our own names
            " ORDER BY source_row, locale, key",
            (collection, status),
        ),
    )


def keys_by_item(file: StateFile, item_ids: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Find the (locale, key) of the rows that hold these items."""
    found = file.among("SELECT item_id, locale, key FROM rows WHERE item_id IN ({})", (), item_ids)
    return {item_id: (locale, key) for item_id, locale, key in found}


def rows_by_slug(file: StateFile, collection: str, locale: str, slugs: Iterable[str]) -> dict[str, Row]:
    """Find the rows that hold an item, by their returned slug without case.

    The index is named because SQLite prefers the primary key, which makes it read every row for a list of slugs.
    """
    question = (
        f"SELECT {COLUMNS} FROM rows INDEXED BY rows_slug"  # noqa: S608 - only our own names
        " WHERE item_id IS NOT NULL AND collection = ? AND locale = ? AND slug_folded IN ({})"
    )
    lines = file.among(question, (collection, locale), (slug.casefold() for slug in slugs))
    found = map(row_of, lines)
    return {(row.slug or "").casefold(): row for row in found}


def held_slugs(file: StateFile, collection: str) -> Iterator[tuple[str, str, str | None, str | None]]:
    """Give locale, key, the slug sent and the slug held, of all rows that were ever sent or hold an item."""
    yield from file.each(
        "SELECT locale, key, slug_sent, CASE WHEN item_id IS NOT NULL THEN slug END FROM rows"
        " WHERE collection = ? AND (attempts > 0 OR item_id IS NOT NULL)",
        (collection,),
    )


def flying_slugs(file: StateFile, collection: str, locale: str) -> frozenset[str]:
    """Tell with which slugs (without case) the rows that are in flight were sent."""
    lines = file.all(
        "SELECT slug_sent FROM rows WHERE status = 'in_flight' AND collection = ? AND locale = ?", (collection, locale)
    )
    return frozenset(slug.casefold() for (slug,) in lines if slug)


def asked_slugs(file: StateFile, collection: str, locale: str) -> frozenset[str]:
    """Tell with which slugs (without case) rows were sent last that hold no item under them."""
    lines = file.all(
        "SELECT slug_sent FROM rows WHERE attempts > 0 AND (item_id IS NULL OR slug IS NOT slug_sent)"
        " AND collection = ? AND locale = ?",
        (collection, locale),
    )
    return frozenset(slug.casefold() for (slug,) in lines if slug)


def keyed(file: StateFile, collection: str) -> Iterator[tuple[str, Status, str | None]]:
    """Give key, status and item of every row that has a key of its own; those of the primary locale come first."""
    lines = file.each(
        "SELECT key, status, item_id FROM rows WHERE collection = ? AND NOT unnamed ORDER BY locale, key", (collection,)
    )
    yield from ((key, Status(status), item_id) for key, status, item_id in lines)


def put_sent(
    connection: sqlite3.Connection, collection: str, sent: Iterable[Sent], *, request: int, watermark: str, run: str
) -> None:
    """Mark rows as in flight in `request`; the request and the watermark of a first send are kept for good.

    Raises Bug if one of them is in flight already: it must be settled before it is sent again.
    """
    lines = [(collection, *_as_sent(one), run, request, watermark) for one in sent]
    cursor = connection.executemany(
        """
        INSERT INTO rows (collection, locale, key, source, source_row, source_rows, status, slug_sent, name, parts,
                          first_request, first_watermark, request, source_hash, fingerprint, readable, attempts, run)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'in_flight', ?7, ?8, ?12, ?14, ?15, ?14, ?9, ?10, ?11, 1, ?13)
        ON CONFLICT (collection, locale, key) DO UPDATE SET
            status = 'in_flight', source = excluded.source, source_row = excluded.source_row,
            source_rows = excluded.source_rows, slug_sent = excluded.slug_sent, name = excluded.name,
            first_request = coalesce(first_request, excluded.first_request),
            first_watermark = coalesce(first_watermark, excluded.first_watermark),
            request = excluded.request, source_hash = excluded.source_hash, fingerprint = excluded.fingerprint,
            readable = excluded.readable, parts = excluded.parts, attempts = attempts + 1, run = excluded.run,
            error_source = NULL, error_code = NULL, error = NULL, unnamed = 0
        WHERE status <> 'in_flight'
        """,
        lines,
    )
    if lines and cursor.rowcount != len(lines):
        raise Bug("a row that is in flight was about to be sent again")


def _as_sent(sent: Sent) -> tuple[Any, ...]:
    item = sent.item
    numbers = orjson.dumps(item.rows).decode()
    return (
        *(item.locale, item.key, sent.source, item.row, numbers, item.slug, item.name),
        *(item.source_hash, item.fingerprint, item.readable, item.parts or None),
    )


def put_published(connection: sqlite3.Connection, collection: str, published: Iterable[Published]) -> None:
    """Give rows their items; raises Bug for a row that the state does not know, and for an item of another row.

    What our own checks say of a row stays: they said it while the row was in doubt.
    """
    given = list(published)
    for one in given:
        if one.status not in {Status.PUBLISHED, Status.STAGED}:
            raise Bug(f"a row that holds an item cannot be {one.status}")
    changed = connection.executemany(
        """
        UPDATE OR IGNORE rows SET status = ?4, item_status = ?4, item_id = ?5, slug = ?6, slug_folded = ?7,
            last_published = ?8, warning = CASE WHEN slug_sent <> ?6 THEN ?9 END,
            error_source = CASE WHEN error_source = 'check' THEN error_source END,
            error_code = CASE WHEN error_source = 'check' THEN error_code END,
            error = CASE WHEN error_source = 'check' THEN error END
        WHERE collection = ?1 AND locale = ?2 AND key = ?3
        """,
        [
            (
                *(collection, one.locale, one.key, one.status, one.item_id, one.slug, one.slug.casefold()),
                *(one.last_published, SLUG_ALTERED),
            )
            for one in given
        ],
    ).rowcount
    if given and changed != len(given):
        raise Bug(_ungiven(connection, collection, given))


def _ungiven(connection: sqlite3.Connection, collection: str, given: Iterable[Published]) -> str:
    """Say which item no row took."""
    question = "SELECT item_id FROM rows WHERE collection = ? AND locale = ? AND key = ?"
    for one in given:
        held = connection.execute(question, (collection, one.locale, one.key)).fetchone()
        if held != (one.item_id,):
            return f"item {one.item_id} was given to the row {one.key!r}, which was never sent, or to two rows"
    return "one row was given two items"


def put_back(
    connection: sqlite3.Connection, collection: str, keys: Iterable[tuple[str, str]], request: int | None = None
) -> None:
    """Make rows in flight (in `request`, if that is said) pending again."""
    connection.executemany(
        f"""
        UPDATE rows SET {_BACK} WHERE collection = ?1 AND locale = ?2 AND key = ?3 AND status = 'in_flight'
            AND (?4 IS NULL OR request = ?4)
        """,  # noqa: S608 - only our own names
        [(collection, locale, key, request) for locale, key in keys],
    )


def put_named(connection: sqlite3.Connection, collection: str, sent: Sent) -> None:
    """Make or renew a row that gets its verdict without being sent."""
    connection.execute(
        """
        INSERT INTO rows (collection, locale, key, source, source_row, source_rows, status, slug_sent, name,
                          source_hash, fingerprint, readable, parts)
        VALUES (?, ?, ?, ?, ?, ?, 'pending', ?, ?, ?, ?, ?, ?)
        ON CONFLICT (collection, locale, key) DO UPDATE SET
            source = excluded.source, source_row = excluded.source_row, source_rows = excluded.source_rows,
            slug_sent = excluded.slug_sent, name = excluded.name, source_hash = excluded.source_hash,
            fingerprint = excluded.fingerprint, readable = excluded.readable, parts = excluded.parts,
            error_source = NULL, error_code = NULL, error = NULL
        """,
        (collection, *_as_sent(sent)),
    )


def put_error(connection: sqlite3.Connection, collection: str, refused: Refused, run: str) -> None:
    """Tell a row that holds an item what went wrong with it; its status stays."""
    connection.execute(
        """
        UPDATE rows SET run = ?7, error_source = ?4, error_code = ?5, error = ?6
        WHERE collection = ?1 AND locale = ?2 AND key = ?3
        """,
        (collection, refused.locale, refused.key, refused.error_source, refused.code, refused.message, run),
    )


def put_unchanged(
    connection: sqlite3.Connection, collection: str, hashes: Iterable[tuple[tuple[str, str], str]]
) -> None:
    """Give rows whose content is the same the hash of the cells that it is mapped from now."""
    connection.executemany(
        "UPDATE rows SET source_hash = ?4 WHERE collection = ?1 AND locale = ?2 AND key = ?3",
        [(collection, locale, key, source_hash) for (locale, key), source_hash in hashes],
    )


def put_as_sent(connection: sqlite3.Connection, collection: str, sent: SentRow) -> None:
    """Say of a row that its item holds what this send brought; if the last one brought something else, that is lost."""
    connection.execute(
        """
        UPDATE rows SET source_hash = NULL, fingerprint = ?4, readable = ?5, name = ?6, parts = NULL
        WHERE collection = ?1 AND locale = ?2 AND key = ?3 AND fingerprint IS NOT ?4
        """,
        (collection, sent.locale, sent.key, sent.fingerprint, sent.readable, sent.name),
    )


def put_rejected(connection: sqlite3.Connection, collection: str, refused: Iterable[Refused], run: str) -> None:
    """Reject rows for good; one that was never sent is made, and then needs its `sent`."""
    for one in refused:
        if one.sent is not None:
            put_named(connection, collection, one.sent)
        changed = connection.execute(
            """
            UPDATE rows SET status = 'rejected', run = ?7, warning = NULL,
                error_source = ?4, error_code = ?5, error = ?6
            WHERE collection = ?1 AND locale = ?2 AND key = ?3
            """,
            (collection, one.locale, one.key, one.error_source, one.code, one.message, run),
        ).rowcount
        if changed != 1:
            raise Bug(f"the row {one.key!r} was rejected ({one.code}) before the state knew it")


def put_checked(
    connection: sqlite3.Connection, collection: str, checked: Iterable[CheckedRow], *, run: str, source: str
) -> None:
    """Write down what our own checks found; a row that holds an item, or is in flight, keeps its status."""
    named: dict[tuple[str, str], int] = {}
    lines = []
    for one in checked:
        key = one.key
        # A doubled key belongs to the row that had it first.
        if (
            not key
            or one.code == "key_duplicate"
            or named.setdefault((one.locale, key), one.source_row) != one.source_row
        ):
            key = unnamed_key(one.source_row)
        numbers = orjson.dumps(one.source_rows or (one.source_row,)).decode()
        unnamed = key.startswith(UNNAMED)
        lines.append(
            (collection, one.locale, key, source, one.source_row, numbers, one.code, one.message, run, unnamed)
        )
    connection.executemany(
        """
        INSERT INTO rows (collection, locale, key, source, source_row, source_rows, status,
                          error_source, error_code, error, run, unnamed)
        VALUES (?, ?, ?, ?, ?, ?, 'rejected', 'check', ?, ?, ?, ?)
        ON CONFLICT (collection, locale, key) DO UPDATE SET
            status = CASE WHEN status IN ('published', 'staged', 'in_flight') THEN status ELSE 'rejected' END,
            source = excluded.source, source_row = excluded.source_row, source_rows = excluded.source_rows,
            error_source = 'check', error_code = excluded.error_code, error = excluded.error,
            run = CASE WHEN item_id IS NULL AND status <> 'in_flight' THEN excluded.run ELSE run END
        """,
        lines,
    )


def forget_checked(connection: sqlite3.Connection, source: str | None, source_rows: Sequence[int] | None) -> None:
    """Forget rows that only our own checks know: of a sheet (None: of any), all or those with these numbers."""
    question = (
        "DELETE FROM rows WHERE status = 'rejected' AND error_source = 'check' AND attempts = 0 AND item_id IS NULL"
        " AND (?1 IS NULL OR source = ?1)"
    )
    if source_rows is None:
        connection.execute(question, (source,))
    else:
        connection.executemany(f"{question} AND source_row = ?2", [(source, number) for number in source_rows])


def unnamed_rejects(file: StateFile, source: str | None) -> frozenset[int]:
    """Tell the numbers of the rows (of a sheet) that our own checks refused and that had no key of their own."""
    lines = file.all(
        "SELECT source_row FROM rows WHERE unnamed AND status = 'rejected' AND (?1 IS NULL OR source = ?1)", (source,)
    )
    return frozenset(number for (number,) in lines)


def clear_errors(connection: sqlite3.Connection, collection: str, keys: Iterable[tuple[str, str]]) -> None:
    """Forget what our own checks found: the rows are good again."""
    connection.executemany(
        """
        UPDATE rows SET error_source = NULL, error_code = NULL, error = NULL,
            status = CASE WHEN status = 'rejected' THEN coalesce(item_status, 'pending') ELSE status END
        WHERE collection = ? AND locale = ? AND key = ? AND error_source = 'check'
        """,
        [(collection, locale, key) for locale, key in keys],
    )
