"""Requests that write: what was sent in them, what became of them, and what is in doubt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from importer.errors import Bug
from importer.state import instants
from importer.state.records import Doubt, Request, Sending, SentRow, TwinCheck
from importer.state.rows import COLUMNS, put_sent, row_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from importer.state.file import StateFile
    from importer.state.records import Sent

_REQUEST: Final = "id, run, verb, endpoint, watermark, sent_at, answered_at, lost_at, outcome, open"


def begin(
    connection: sqlite3.Connection,
    collection: str,
    sent: Sequence[Sent],
    *,
    head: tuple[str, str, str],
    watermark: datetime | None,
    at: datetime | None,
) -> int:
    """Write down a request (`head`: run, verb, endpoint) and its rows as sent, and mark them as in flight."""
    locales = {one.item.locale for one in sent}
    since = instants.written(watermark) or ""
    cursor = connection.execute(
        "INSERT INTO requests (run, verb, endpoint, collection, locale, watermark, sent_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            *(*head, collection, locales.pop() if len(locales) == 1 else ""),
            *(since, instants.written(at)),
        ),
    )
    request = cursor.lastrowid
    if request is None:
        raise Bug("SQLite gave the request no number")
    connection.executemany(
        "INSERT INTO request_rows (request_id, locale, key, slug, name, fingerprint, readable)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (
                *(request, one.item.locale, one.item.key, one.item.slug, one.item.name),
                *(one.item.fingerprint, one.item.readable),
            )
            for one in sent
        ],
    )
    put_sent(connection, collection, sent, request=request, watermark=since, run=head[0])
    return request


def answered(
    connection: sqlite3.Connection, request: int, outcome: str, at: datetime | None, *, still_open: bool
) -> None:
    """Write down the outcome of a request; one that is open stays open."""
    changed = connection.execute(
        "UPDATE requests SET outcome = ?, answered_at = ?, open = max(open, ?) WHERE id = ?",
        (outcome, instants.written(at), still_open, request),
    ).rowcount
    if changed != 1:
        raise Bug(f"an answer came for request {request}, which was never begun")


def lost(connection: sqlite3.Connection, request: int, at: datetime | None) -> None:
    """Write down that the answer was lost, at this moment of the server's time."""
    connection.execute(
        "UPDATE requests SET outcome = 'lost', lost_at = ?, open = 1 WHERE id = ?", (instants.written(at), request)
    )


def interrupted(connection: sqlite3.Connection, at: datetime | None) -> int:
    """Count every request in flight as lost; how many they were."""
    return connection.execute(
        "UPDATE requests SET outcome = 'lost', lost_at = ?, open = 1 WHERE outcome IS NULL", (instants.written(at),)
    ).rowcount


def date_lost(connection: sqlite3.Connection, at: datetime) -> None:
    """Give lost requests without a date this one."""
    connection.execute(
        "UPDATE requests SET lost_at = ? WHERE open AND outcome = 'lost' AND lost_at IS NULL", (instants.written(at),)
    )


def open_requests(file: StateFile, collection: str) -> list[Request]:
    """List the requests whose twins must still be looked for, oldest first."""
    return [
        _request(line)
        for line in file.all(
            f"SELECT {_REQUEST} FROM requests WHERE open AND collection = ? ORDER BY id",  # noqa: S608 - only our own names
            (collection,),
        )
    ]


def request_rows(file: StateFile, request: int) -> list[SentRow]:
    """List the rows of a request, as they were sent."""
    return [
        SentRow(*line)
        for line in file.all(
            "SELECT locale, key, slug, name, fingerprint, readable FROM request_rows WHERE request_id = ?"
            " ORDER BY locale, key",
            (request,),
        )
    ]


def sendings(file: StateFile, collection: str, named: tuple[str, str], first: int, last: int | None) -> list[Sending]:
    """List a row as each request from `first` to `last` carried it; each is asked, for no index leads from rows."""
    return [
        Sending(line[0], SentRow(*line[3:]), instants.read(line[1]), instants.read(line[2]))
        for line in file.all(
            """
            SELECT requests.id, watermark, coalesce(lost_at, answered_at),
                request_rows.locale, key, slug, name, fingerprint, readable
            FROM requests CROSS JOIN request_rows ON request_id = requests.id
            WHERE requests.id BETWEEN ?1 AND coalesce(?2, requests.id) AND collection = ?3
                AND request_rows.locale = ?4 AND key = ?5 ORDER BY requests.id
            """,
            (first, last, collection, *named),
        )
    ]


def close_request(connection: sqlite3.Connection, request: int) -> None:
    """Write down that the twins of a request were looked for."""
    connection.execute("UPDATE requests SET open = 0 WHERE id = ?", (request,))


def doubts(file: StateFile, collection: str) -> list[Doubt]:
    """List the rows in flight, each with the latest request that carried it, in the order of the requests."""
    width = len(COLUMNS.split(","))
    of_row = ", ".join(f"rows.{name.strip()}" for name in COLUMNS.split(","))
    of_request = ", ".join(f"requests.{name.strip()}" for name in _REQUEST.split(","))
    lines = file.all(
        f"SELECT {of_row}, {of_request} FROM rows JOIN requests ON requests.id = rows.request"  # noqa: S608 - only our own names
        " WHERE rows.status = 'in_flight' AND rows.collection = ?"
        " ORDER BY requests.id, rows.source_row, rows.locale, rows.key",
        (collection,),
    )
    known: dict[int, Request] = {}
    return [Doubt(row_of(line[:width]), known.setdefault(line[width], _request(line[width:]))) for line in lines]


def latest_request(file: StateFile) -> int:
    """Tell the number of the newest request, 0 if there is none."""
    line = file.one("SELECT coalesce(max(id), 0) FROM requests")
    return 0 if line is None else int(line[0])


def put_twin_checks(
    connection: sqlite3.Connection, collection: str, keys: Iterable[tuple[str, str]], request: int
) -> None:
    """Write down that rule 7 must look at these rows."""
    connection.executemany(
        "INSERT OR REPLACE INTO twin_checks (collection, locale, key, request_id) VALUES (?, ?, ?, ?)",
        [(collection, locale, key, request) for locale, key in keys],
    )


def doubt_denials(connection: sqlite3.Connection, collection: str, keys: Iterable[tuple[str, str]]) -> None:
    """Open the requests again that Webflow says it has not carried out (429): for these rows one of them may have been.

    Rule 7 then looks for what they made, as after a lost one.
    """
    connection.executemany(
        """
        UPDATE requests SET open = 1 WHERE outcome = 'not_carried_out' AND collection = ?1
            AND id >= (SELECT first_request FROM rows WHERE (collection, locale, key) = (?1, ?2, ?3))
            AND EXISTS (SELECT 1 FROM request_rows WHERE (request_id, locale, key) = (requests.id, ?2, ?3))
        """,
        [(collection, locale, key) for locale, key in keys],
    )


def twin_checks(file: StateFile, collection: str) -> list[TwinCheck]:
    """List the rows that rule 7 must look at, oldest request first."""
    return [
        TwinCheck(*line)
        for line in file.all(
            "SELECT locale, key, request_id FROM twin_checks WHERE collection = ? ORDER BY request_id, locale, key",
            (collection,),
        )
    ]


def drop_twin_checks(connection: sqlite3.Connection, collection: str, keys: Iterable[tuple[str, str]]) -> None:
    """Write down that rule 7 has looked at these rows."""
    connection.executemany(
        "DELETE FROM twin_checks WHERE collection = ? AND locale = ? AND key = ?",
        [(collection, locale, key) for locale, key in keys],
    )


def _request(line: Sequence[Any]) -> Request:
    number, run, verb, endpoint, watermark, sent_at, answered_at, lost_at, outcome, still_open = line
    return Request(
        id=number,
        run=run,
        verb=verb,
        endpoint=endpoint,
        watermark=instants.read(watermark),
        sent_at=instants.read(sent_at),
        answered_at=instants.read(answered_at),
        lost_at=instants.read(lost_at),
        outcome=outcome,
        closed=outcome is not None and not still_open,
    )
