"""Runs, small facts, caches and the watermark."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

from importer.errors import StateError
from importer.state import instants
from importer.state.records import Identity, RunRecord

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from importer.state.file import StateFile

_RUN = "run, mapping, source, mode, started_at, finished_at, verdict, exit_code, summary"


def identity(file: StateFile) -> Identity | None:
    """Tell what the file was claimed for, None if it never was."""
    kept = fact(file, "identity")
    return None if kept is None else Identity(**orjson.loads(kept))


def claim(file: StateFile, wanted: Identity) -> None:
    """Write down what the file belongs to; raises StateError if that is something else."""
    kept = identity(file)
    if kept == wanted:
        return
    with file.transaction() as connection:
        kept = identity(file)
        if kept is not None:
            require_same("collection", kept.collection, wanted.collection, file)
            if kept.site and wanted.site:
                require_same("site", kept.site, wanted.site, file)
            wanted = Identity(wanted.mapping, wanted.site or kept.site, wanted.collection)
        put_fact(connection, "identity", orjson.dumps(wanted).decode())


def require_same(noun: str, kept: str, wanted: str, file: StateFile) -> None:
    """Raise StateError where a file that was claimed for one is wanted for another."""
    if kept != wanted:
        hint = f"Name another state file with --state PATH, or correct the {noun} in the mapping."
        if file.path.name.endswith(".sandbox.db"):
            hint = (
                "Was the sandbox's file removed or exchanged? Then remove this state file too:"
                f" it tells of items that are gone. Otherwise correct the {noun} in the mapping."
            )
        raise StateError(f"The state file {file.path} belongs to {noun} {kept}, this run is for {noun} {wanted}.", hint)


def start_run(
    file: StateFile, *, mapping: str, source: str, mode: str, at: datetime | None, taken: Callable[[str], bool]
) -> str:
    """Write down that a run begins; its name sorts by time, and is none that is `taken` by another state file's run."""
    moment = (at or datetime.now(UTC)).astimezone(UTC)
    with file.transaction() as connection:
        while True:
            run = f"{moment:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
            known = connection.execute("SELECT 1 FROM runs WHERE run = ?", (run,)).fetchone()
            if known is None and not taken(run):
                break
        connection.execute(
            "INSERT INTO runs (run, mapping, source, mode, started_at) VALUES (?, ?, ?, ?, ?)",
            (run, mapping, source, mode, instants.written(moment)),
        )
    return run


def finish_run(
    file: StateFile, run: str, *, verdict: str, exit_code: int, summary: dict[str, Any], at: datetime | None
) -> None:
    """Write down how a run ended."""
    with file.transaction() as connection:
        connection.execute(
            "UPDATE runs SET finished_at = ?, verdict = ?, exit_code = ?, summary = ? WHERE run = ?",
            (instants.written(at or datetime.now(UTC)), verdict, exit_code, orjson.dumps(summary).decode(), run),
        )


def runs(file: StateFile, mapping: str | None = None) -> list[RunRecord]:
    """List all runs (of a mapping), oldest first."""
    return [
        _run(line)
        for line in file.all(
            f"SELECT {_RUN} FROM runs WHERE ?1 IS NULL OR mapping = ?1 ORDER BY number",  # noqa: S608 - only our own names
            (mapping,),
        )
    ]


def last_run(file: StateFile, mapping: str | None = None) -> RunRecord | None:
    """Give the newest run (of a mapping)."""
    line = file.one(
        f"SELECT {_RUN} FROM runs WHERE ?1 IS NULL OR mapping = ?1 ORDER BY number DESC LIMIT 1",  # noqa: S608 - only our own names
        (mapping,),
    )
    return None if line is None else _run(line)


def _run(line: tuple[Any, ...]) -> RunRecord:
    run, mapping, source, mode, started, finished, verdict, exit_code, summary = line
    return RunRecord(
        run=run,
        mapping=mapping,
        source=source,
        mode=mode,
        started_at=datetime.fromisoformat(started),
        finished_at=instants.read(finished),
        verdict=verdict,
        exit_code=exit_code,
        summary=None if summary is None else orjson.loads(summary),
    )


def fact(file: StateFile, name: str) -> str | None:
    """Give the value of a small fact."""
    line = file.one("SELECT value FROM facts WHERE name = ?", (name,))
    return None if line is None else str(line[0])


def facts(file: StateFile, prefix: str) -> dict[str, str]:
    """Give the small facts whose names begin like this, in the order of their names."""
    return dict(
        file.all("SELECT name, value FROM facts WHERE substr(name, 1, ?1) = ?2 ORDER BY name", (len(prefix), prefix))
    )


def put_fact(connection: sqlite3.Connection, name: str, value: str | None) -> None:
    """Keep a small fact, or forget it (None), within a transaction."""
    if value is None:
        connection.execute("DELETE FROM facts WHERE name = ?", (name,))
        return
    connection.execute(
        "INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (name, value),
    )


def save_cache(file: StateFile, kind: str, name: str, value: Any) -> None:
    """Keep something that was read from Webflow, as JSON."""
    with file.transaction() as connection:
        connection.execute(
            "INSERT OR REPLACE INTO caches (kind, name, value, saved_at) VALUES (?, ?, ?, ?)",
            (kind, name, orjson.dumps(value).decode(), instants.written(datetime.now(UTC))),
        )


def cache(file: StateFile, kind: str, name: str) -> Any | None:
    """Give what was kept, or None."""
    line = file.one("SELECT value FROM caches WHERE kind = ? AND name = ?", (kind, name))
    return None if line is None else orjson.loads(line[0])


def watermark(file: StateFile, collection: str) -> datetime | None:
    """Tell the greatest `createdOn` seen in any answer so far."""
    line = file.one("SELECT at FROM watermarks WHERE collection = ?", (collection,))
    return None if line is None else instants.read(line[0])


def raise_watermark(connection: sqlite3.Connection, collection: str, at: datetime) -> None:
    """Raise the watermark, never lower it; within a transaction."""
    connection.execute(
        "INSERT INTO watermarks (collection, at) VALUES (?, ?)"
        " ON CONFLICT (collection) DO UPDATE SET at = max(at, excluded.at)",
        (collection, instants.written(at)),
    )
