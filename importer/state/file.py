"""The SQLite file itself: opened safely, written in transactions, its errors turned into sentences."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Self

from importer.errors import DiskFull, ImporterError, Locked, StateError
from importer.state.migrations import format_version, migrate, require_present

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

BUSY_MILLISECONDS: Final = 5_000
"""How long a statement waits for another program that writes to the file."""

AT_ONCE: Final = 500
"""How many values one `IN (...)` list holds."""

OTHER_FILE: Final = "Name another file with --state PATH."


class StateFile:
    """A connection to the state file; statements outside of `transaction` are transactions of their own."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self.connection = connection
        self.path = path

    @classmethod
    def open(cls, path: Path, *, read_only: bool = False) -> Self:
        """Open the file, and make it with its folder unless `read_only`.

        Raises StateError if the file or its folder cannot be used, or holds something else.
        """
        if read_only and not path.is_file():
            raise StateError(
                f"There is no state file {path} yet.", "`importer run` makes it; --state PATH names another."
            )
        if not read_only:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise StateError(
                    f"The folder of the state file {path} cannot be made: {error.strerror or error}.",
                    "Name a file in a folder that can be written to with --state PATH.",
                ) from error
        with _sentences(path):
            connection = (
                _read_only(path) if read_only else sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            )
            try:
                _prepare(connection, path, read_only=read_only)
            except BaseException:
                connection.close()
                raise
        return cls(connection, path)

    def close(self) -> None:
        """Close the file; a second time does nothing."""
        self.connection.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it is on the disk at the end, or nothing.

        Raises DiskFull if it could not be written, Locked if another program is writing.
        """
        with _sentences(self.path):
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield self.connection
                self.connection.execute("COMMIT")
            except BaseException:
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
                raise

    def all(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        """Give all lines of an answer."""
        with _sentences(self.path):
            return self.connection.execute(sql, values).fetchall()

    def one(self, sql: str, values: Sequence[Any] = ()) -> Any | None:
        """Give the first line of an answer, or None."""
        with _sentences(self.path):
            return self.connection.execute(sql, values).fetchone()

    def each(self, sql: str, values: Sequence[Any] = ()) -> Iterator[Any]:
        """Give the lines of an answer, one after the other."""
        with _sentences(self.path):
            yield from self.connection.execute(sql, values)

    def among(self, sql: str, fixed: Sequence[Any], wanted: Iterable[str]) -> Iterator[Any]:
        """Give the lines whose value is one of `wanted`; `sql` says `IN ({})` at its end, after the `fixed` values."""
        asked = list(dict.fromkeys(wanted))
        for start in range(0, len(asked), AT_ONCE):
            part = asked[start : start + AT_ONCE]
            yield from self.all(sql.replace("{}", ",".join("?" * len(part))), (*fixed, *part))


def _prepare(connection: sqlite3.Connection, path: Path, *, read_only: bool) -> None:
    connection.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
    if read_only:
        require_present(connection, path)
        return
    format_version(connection, path)  # a file of somebody else is refused before anything in it is touched
    mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    if mode != "wal":
        raise StateError(f"The disk of {path} cannot hold a state file (no shared memory for SQLite).", OTHER_FILE)
    connection.execute("PRAGMA synchronous = FULL")
    migrate(connection, path)


def _read_only(path: Path) -> sqlite3.Connection:
    """Connect without the right to write; in a folder that cannot be written to, one that needs no files beside it."""
    address = f"{path.absolute().as_uri()}?mode=ro"
    connection = sqlite3.connect(address, uri=True, isolation_level=None)
    try:
        connection.execute("PRAGMA schema_version").fetchone()
    except sqlite3.OperationalError as error:
        connection.close()
        refused = error.sqlite_errorcode & 0xFF in {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY}
        if not refused or path.with_name(f"{path.name}-wal").exists():
            raise  # with a journal beside it, the file alone is not the whole state
        return sqlite3.connect(f"{address}&immutable=1", uri=True, isolation_level=None)
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def _sentences(path: Path) -> Iterator[None]:
    """Turn what SQLite says about the file into what a person can do about it; mistakes of ours stay as they are."""
    try:
        yield
    except sqlite3.Error as error:
        sentence = _sentence(error, path)
        if sentence is None:
            raise
        raise sentence from error


def _kind(error: sqlite3.Error) -> int | None:
    """Tell the kind of an error; errors of the module itself have none."""
    if str(error).startswith("no such table"):
        return sqlite3.SQLITE_CORRUPT  # the file was made with all of them
    code: int | None = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def _sentence(error: sqlite3.Error, path: Path) -> ImporterError | None:
    match _kind(error):
        case sqlite3.SQLITE_FULL | sqlite3.SQLITE_IOERR:
            return DiskFull(
                f"The state file {path} could not be written: {error}.",
                "Make room on the disk and run the same command again; it goes on where it stopped.",
            )
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return Locked(
                f"Another program is writing to the state file {path}.",
                "Close it (a database viewer?) and run the same command again.",
            )
        case sqlite3.SQLITE_NOTADB:
            return StateError(f"{path} is not a state file.", OTHER_FILE)
        case sqlite3.SQLITE_CORRUPT:
            return StateError(
                f"The state file {path} is damaged: {error}.",
                "Put back a copy of it, or name another file with --state PATH; keep the damaged one.",
            )
        case sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM | sqlite3.SQLITE_AUTH:
            return StateError(
                f"The state file {path} cannot be used: {error}.",
                "Name a file in a folder that can be written to with --state PATH.",
            )
        case _:
            return None
