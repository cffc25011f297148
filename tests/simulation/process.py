"""The importer's process: it may die at any commit and between any two steps, and its disk may fail under it."""

from __future__ import annotations

import shutil
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterable
    from pathlib import Path

ENDS = ("", "-wal")
"""What makes a state file: the database, and its write-ahead log."""

MOMENTS = ("before a commit", "after a commit", "between two steps")

AILMENTS = ("full", "read-only")


class Died(BaseException):
    """The process is gone: nothing of it may catch this, and nothing that it does afterwards counts."""


@dataclass(frozen=True, slots=True)
class Death:
    """When a process dies: before or after its n-th commit, or at its n-th step."""

    when: str
    n: int

    @classmethod
    def drawn(cls, chance: random.Random) -> Death:
        """Draw a death."""
        when = chance.choice(MOMENTS)
        most = chance.choice([30, 300] if when == "between two steps" else [8, 30])
        return cls(when, chance.randint(1, most))


@dataclass(frozen=True, slots=True)
class Ailment:
    """What happens to the disk, from the n-th transaction of a process on."""

    what: str
    n: int

    @classmethod
    def drawn(cls, chance: random.Random) -> Ailment:
        """Draw an ailment."""
        return cls(chance.choice(AILMENTS), chance.randint(1, chance.choice([3, 25])))


@dataclass(slots=True)
class Process:
    """One process at a time; `deaths` counts those that died, by the kind of moment."""

    state: Path
    death: Death | None = None
    ailment: Ailment | None = None
    dead: bool = False
    ailed: bool = False
    reached: Counter[str] = field(default_factory=Counter)
    looks: Callable[[sqlite3.Connection], None] = lambda _state: None
    """Looks at the state file after each commit."""

    def begins(self, death: Death | None, ailment: Ailment | None = None) -> None:
        """Begin a new process, and say how it will end."""
        self.death, self.ailment, self.dead, self.ailed = death, ailment, False, False
        self.reached.clear()

    def at(self, moment: str) -> None:
        """Count the moments that the process reaches; at the one that was drawn it dies."""
        self.reached[moment] += 1
        if not self.dead and self.death is not None and self.death == Death(moment, self.reached[moment]):
            self.dies()

    def dies(self) -> None:
        """Die now: what the files hold at this moment is kept."""
        self.dead = True
        for end in ENDS:
            kept(self.state, end).unlink(missing_ok=True)
            if beside(self.state, end).exists():
                shutil.copyfile(beside(self.state, end), kept(self.state, end))

    def bury(self) -> None:
        """Put on the disk what the dead process left there."""
        put_back(self.state, ((end, kept(self.state, end)) for end in ENDS))

    def writes(self, connection: sqlite3.Connection, sql: str) -> None:
        """Let the disk fail where that was drawn: before a transaction begins, or when it is to be kept."""
        if self.ailment is None:
            return
        if sql == "BEGIN IMMEDIATE":
            self.reached["transactions"] += 1
        if self.reached["transactions"] < self.ailment.n:
            return
        if self.ailment.what == "read-only" and sql == "BEGIN IMMEDIATE":
            connection.execute("PRAGMA query_only = ON")
            self.ailed = True
        elif self.ailment.what == "full" and sql == "COMMIT":
            self.ailed = True
            full = sqlite3.OperationalError("database or disk is full")
            full.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise full


class Watched:
    """A connection to the state file that tells its process of every commit."""

    def __init__(self, connection: sqlite3.Connection, process: Process) -> None:
        self._connection = connection
        self._process = process

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        """Execute a statement."""
        if sql not in {"COMMIT", "BEGIN IMMEDIATE"}:
            return self._connection.execute(sql, *values)
        self._process.writes(self._connection, sql)
        if sql != "COMMIT":
            return self._connection.execute(sql)
        self._process.at("before a commit")
        answer = self._connection.execute(sql)
        self._process.at("after a commit")
        if not self._process.dead:
            self._process.looks(self._connection)
        return answer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


def beside(state: Path, end: str) -> Path:
    """Name a file of a state file."""
    return state.with_name(state.name + end)


def kept(state: Path, end: str, *, what: str = "kept") -> Path:
    """Name the copy of a file of a state file."""
    return state.with_name(f"{state.name}.{what}{end}")


def put_back(state: Path, copies: Iterable[tuple[str, Path]]) -> None:
    """Put copies in the place of a state file and its journal."""
    for end in (*ENDS, "-shm"):
        beside(state, end).unlink(missing_ok=True)
    for end, copy in copies:
        if copy.exists():
            shutil.copyfile(copy, beside(state, end))


def rows_of(state: Path) -> dict[str, dict[str, Any]]:
    """Read the rows of a state file by their keys; none where there is no file yet, or no table in it."""
    if not state.exists():
        return {}
    with closing(sqlite3.connect(state)) as file:
        if not file.execute("SELECT 1 FROM sqlite_schema WHERE name = 'rows'").fetchone():
            return {}
        return rows_in(file)


def rows_in(file: sqlite3.Connection) -> dict[str, dict[str, Any]]:
    """Read the rows of an open state file by their keys."""
    found = file.execute("SELECT * FROM rows")
    names = [column[0] for column in found.description]
    rows = (dict(zip(names, line, strict=True)) for line in found)
    return {row["key"]: row for row in rows}
