"""What every kind of sheet looks like from outside."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, Self

from importer.sources.ahead import read_ahead

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import TracebackType

    import polars as pl

    from importer.sources.shape import Shape


class Reader(Protocol):
    """Reads a sheet from its beginning, as often as it is asked to."""

    def frames(self) -> Iterator[pl.DataFrame]:
        """Give the rows as `shape.Shape.of` takes them."""


@dataclass(frozen=True, slots=True)
class Found:
    """What was found out about a sheet before its rows are read; see `Source`."""

    detected: str
    sheet: str | None = None
    ours: bool = False
    notes: tuple[str, ...] = ()
    unreadable: Mapping[str, str] = field(default_factory=dict)


class Source:
    """A sheet that can be read again and again, the same rows each time.

    `name` is the file's name for messages, `columns` are as mappings address them, `typed` those of them that come with
    kinds, `detected` is a line about what was found out, and `ours` says that it is one of our own rejects files.
    `notes` are sentences about what a person may not expect of it (hidden rows, text that looks wrongly decoded).
    `unreadable` are the columns of a frame (with their types) that cannot be cells. Close it, or use it in a `with`.
    """

    __slots__ = (
        "_reader", "_shape", "_tidy", "columns", "detected", "name", "notes", "ours", "sheet", "typed", "unreadable"
    )  # fmt: skip

    def __init__(self, reader: Reader, shape: Shape, found: Found) -> None:
        self._reader = reader
        self._shape = shape
        self._tidy: list[Callable[[], None]] = []
        self.name = shape.name
        self.columns = shape.columns
        self.typed = frozenset(shape.kinds)
        self.sheet, self.ours = found.sheet, found.ours
        self.detected, self.notes = found.detected, found.notes
        self.unreadable = found.unreadable

    def batches(self) -> Iterator[pl.DataFrame]:
        """Read the rows, some thousand at a time, without the blank ones.

        A batch holds `columns` as String (null where blank), `model.ROW` (UInt32), the kinds of the columns that hold
        anything but text (UInt8, the same columns in every batch), and `model.BROKEN` (String). Raises SourceError if
        the file turns out not to be readable, or was changed meanwhile.
        """
        return read_ahead(filter(len, map(self._shape.of, self._reader.frames())))

    def close(self) -> None:
        """Remove what was kept of standard input; a closed source cannot be read again."""
        while self._tidy:
            self._tidy.pop()()

    def on_close(self, tidy: Callable[[], None]) -> None:
        """Have something done on closing."""
        self._tidy.append(tidy)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
