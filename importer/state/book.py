"""What a state file says of itself and of its runs: whose it is, who holds it, small facts, caches, watermarks."""

from __future__ import annotations

from contextlib import contextmanager
from copy import copy
from typing import TYPE_CHECKING, Any, Self

from importer.errors import Bug
from importer.state import runs
from importer.state.file import StateFile
from importer.state.lock import Heartbeat, held
from importer.state.records import Identity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime
    from pathlib import Path
    from types import TracebackType

    from importer.state.records import RunRecord


class Book:
    """An open state file, without its rows; `State` is the whole of it.

    `aside` says that this is the part of it that is about another collection than the mapping's own.
    """

    def __init__(self, file: StateFile) -> None:
        self._file = file
        self._identity = runs.identity(file)
        self._heartbeat: Heartbeat | None = None
        self.aside = False

    @classmethod
    def open(cls, path: Path, *, read_only: bool = False) -> Self:
        """Open the file, and make it with its folder unless `read_only`.

        Raises StateError if it cannot be used: no such file (`read_only`), no right to write, not a state file,
        damaged, or written by a newer importer.
        """
        file = StateFile.open(path, read_only=read_only)
        try:
            return cls(file)
        except BaseException:
            file.close()
            raise

    def close(self) -> None:
        """Close the file; a second time does nothing."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def path(self) -> Path:
        """Where the file lies."""
        return self._file.path

    @property
    def identity(self) -> Identity | None:
        """What the file belongs to, None before the first `claim`."""
        return self._identity

    def require_collection(self, collection: str) -> None:
        """Raise StateError if this is the state of another collection; claims nothing."""
        kept = self.identity
        if kept is not None:
            runs.require_same("collection", kept.collection, collection, self._file)

    def claim(self, identity: Identity) -> None:
        """Say what this run is for: the first one writes it down, a later one must agree.

        Raises StateError for another collection, or another site where both are known ("" is unknown).
        """
        runs.claim(self._file, identity)
        self._identity = runs.identity(self._file)

    def beside(self, collection: str) -> Self:
        """Give the same file as the state of another collection, of which the rows of this one name items (rule 11).

        Both are one file, under one lock; to close it is the matter of this one.
        """
        kept = self._identity
        other = copy(self)
        other._identity = Identity(kept.mapping if kept else "", kept.site if kept else "", collection)  # noqa: SLF001 - its own class
        other.aside = True
        return other

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the file for one run; only the end of this block, or of the process, frees it.

        Raises Locked at once if another run holds it, StateError if the disk has no such locks.
        """
        with held(self.path) as heartbeat:
            self._heartbeat = heartbeat
            try:
                yield
            finally:
                self._heartbeat = None

    def beat(self) -> None:
        """Show people that this run is alive (cheap; `begin`, `finish` and `lost` do it too)."""
        if self._heartbeat is not None:
            self._heartbeat.beat()

    @property
    def _collection(self) -> str:
        """What may be written to."""
        if self._identity is None:
            raise Bug("the state file was written to before it was claimed")
        return self._identity.collection

    @property
    def _read_collection(self) -> str:
        """What is read; a file that was never claimed holds nothing."""
        return "" if self._identity is None else self._identity.collection

    def start_run(
        self,
        *,
        mapping: str,
        source: str,
        mode: str,
        at: datetime | None = None,
        taken: Callable[[str], bool] = lambda _: False,
    ) -> str:
        """Write down that a run begins; its name, such as `20261123-174501-ab12`, sorts by time.

        `taken` tells names that may not be given again: runs of other state files share the folder of their rejects.
        """
        return runs.start_run(self._file, mapping=mapping, source=source, mode=mode, at=at, taken=taken)

    def finish_run(
        self, run: str, *, verdict: str, exit_code: int, summary: dict[str, Any], at: datetime | None = None
    ) -> None:
        """Write down how a run ended; `summary` is its object in the JSON output."""
        runs.finish_run(self._file, run, verdict=verdict, exit_code=exit_code, summary=summary, at=at)

    def last_run(self, mapping: str | None = None) -> RunRecord | None:
        """Give the newest run (of a mapping)."""
        return runs.last_run(self._file, mapping)

    def runs(self, mapping: str | None = None) -> list[RunRecord]:
        """List all runs (of a mapping), oldest first."""
        return runs.runs(self._file, mapping)

    def fact(self, name: str) -> str | None:
        """Give the value of a small fact."""
        return runs.fact(self._file, name)

    def facts(self, prefix: str) -> dict[str, str]:
        """Give the small facts whose names begin like this, in the order of their names."""
        return runs.facts(self._file, prefix)

    def set_fact(self, name: str, value: str | None) -> None:
        """Keep a small fact, or forget it (None)."""
        self.set_facts({name: value})

    def set_facts(self, facts: Mapping[str, str | None]) -> None:
        """Keep small facts, or forget them (None), all or none of them."""
        with self._file.transaction() as connection:
            for name, value in facts.items():
                runs.put_fact(connection, name, value)

    def save_cache(self, kind: str, name: str, value: Any) -> None:
        """Keep something that was read from Webflow ("schema", "site", "references"), as JSON."""
        runs.save_cache(self._file, kind, name, value)

    def cache(self, kind: str, name: str) -> Any | None:
        """Give what was kept, or None."""
        return runs.cache(self._file, kind, name)

    def watermark(self, collection: str) -> datetime | None:
        """Tell the greatest `createdOn` seen in any answer so far."""
        return runs.watermark(self._file, collection)

    def raise_watermark(self, collection: str, at: datetime) -> None:
        """Raise the watermark; it never falls."""
        with self._file.transaction() as connection:
            runs.raise_watermark(connection, collection, at)
