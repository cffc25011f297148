"""The importer's process: it may die at any commit and between any two steps, and leaves what is on the disk."""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random
    import sqlite3
    from pathlib import Path

ENDS = ("", "-wal")
"""What makes a state file: the database, and its write-ahead log."""

MOMENTS = ("before a commit", "after a commit", "between two steps")


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


@dataclass(slots=True)
class Process:
    """One process at a time; `deaths` counts those that died, by the kind of moment."""

    state: Path
    death: Death | None = None
    dead: bool = False
    reached: Counter[str] = field(default_factory=Counter)
    deaths: Counter[str] = field(default_factory=Counter)

    def begins(self, death: Death | None) -> None:
        """Begin a new process, and say how it will end."""
        self.death, self.dead = death, False
        self.reached.clear()

    def at(self, moment: str) -> None:
        """Count the moments that the process reaches; at the one that was drawn it dies."""
        self.reached[moment] += 1
        if not self.dead and self.death is not None and self.death == Death(moment, self.reached[moment]):
            self.dead = True
            self.deaths[moment] += 1
            for end in ENDS:
                self._kept(end).unlink(missing_ok=True)
                if self._file(end).exists():
                    shutil.copyfile(self._file(end), self._kept(end))

    def bury(self) -> None:
        """Put on the disk what the dead process left there."""
        for end in (*ENDS, "-shm"):
            self._file(end).unlink(missing_ok=True)
        for end in ENDS:
            if self._kept(end).exists():
                shutil.move(self._kept(end), self._file(end))

    def _file(self, end: str) -> Path:
        return self.state.with_name(self.state.name + end)

    def _kept(self, end: str) -> Path:
        return self.state.with_name(f"{self.state.name}.kept{end}")


class Watched:
    """A connection to the state file that tells its process of every commit."""

    def __init__(self, connection: sqlite3.Connection, process: Process) -> None:
        self._connection = connection
        self._process = process

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        """Execute a statement."""
        if sql != "COMMIT":
            return self._connection.execute(sql, *values)
        self._process.at("before a commit")
        answer = self._connection.execute(sql)
        self._process.at("after a commit")
        return answer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)
