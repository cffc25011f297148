"""Parquet files: read by polars in batches; what a column holds is said by the file itself."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from importer.errors import SourceError
from importer.model import BROKEN
from importer.sources.frame import as_texts
from importer.sources.header import WIDEST, column_names, too_wide
from importer.sources.shape import PLACE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.sources.stored import Stored

_LOOK = 1000
"""Rows that tell how large rows are."""

_FIRST = 2
"""The number of the first row: rows count as if there were a header, as in frames."""


@dataclass(frozen=True, slots=True)
class Parquet:
    """A Parquet file as it was found: what its columns are called, which hold kinds, which cannot be cells."""

    file: Stored
    names: tuple[str, ...]
    typed: tuple[str, ...]
    unreadable: dict[str, str]
    rows_at_once: int

    def frames(self) -> Iterator[pl.DataFrame]:
        """Read the rows: the columns as String, the kinds of `typed`, `PLACE` and `BROKEN`."""
        self.file.require_unchanged()
        row = _FIRST
        with _damage_told(self.file):
            # polars calls this unstable; it is its one way to give a file piece by piece, and the suite holds it
            batches = iter(_scan(self.file).collect_batches(chunk_size=self.rows_at_once, lazy=True))
        while True:
            with _damage_told(self.file):
                batch = next(batches, None)
            if batch is None:
                break
            for frame in batch.iter_slices(self.rows_at_once):
                texts, _, _ = as_texts(frame, self.names)
                number = pl.int_range(row, row + pl.len(), dtype=pl.UInt32)
                yield texts.with_columns(number.alias(PLACE), pl.lit(None, pl.String).alias(BROKEN))
                row += frame.height
        self.file.require_unchanged()


def open_parquet(file: Stored, block_bytes: int) -> Parquet:
    """Look at the columns and the first rows; raises SourceError if the file is damaged, or has no columns."""
    with _damage_told(file):
        top = _scan(file).head(_LOOK).collect()
    if not top.width:
        raise SourceError(f"{file.name} is empty: it has no columns.", "Is it the right file?")
    if top.width > WIDEST:
        raise too_wide(file.name, top.width)
    names = column_names(top.columns)
    texts, typed, unreadable = as_texts(top, names)
    size = max(1, int(texts.estimated_size()))
    return Parquet(file, names, typed, unreadable, max(1, top.height * block_bytes // size))


def _scan(file: Stored) -> pl.LazyFrame:
    """Name the file itself: `*` and `=` in a path mean nothing here."""
    return pl.scan_parquet(file.path, glob=False, hive_partitioning=False)


@contextmanager
def _damage_told(file: Stored) -> Iterator[None]:
    try:
        yield
    except BaseException as error:
        panicked = type(error).__name__ == "PanicException"  # how a mistake in polars arrives; it has no other name
        if not panicked and not isinstance(error, pl.exceptions.PolarsError | OSError):
            raise
        reason = next(iter(str(error).splitlines()), "") or type(error).__name__
        raise SourceError(
            f"{file.name} cannot be read as a Parquet file: it is damaged, or it is none ({reason}).",
            "Write it anew, or export it as CSV.",
        ) from None
