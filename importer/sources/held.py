"""A sheet that is held whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from importer.model import BROKEN
from importer.sources.shape import PLACE

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Held:
    """Gives its rows out in slices of about `block_bytes`."""

    table: pl.DataFrame
    block_bytes: int

    def frames(self) -> Iterator[pl.DataFrame]:
        """Give the rows as `shape.Shape.of` takes them."""
        rows = self.table.height * self.block_bytes // max(1, int(self.table.estimated_size()))
        yield from self.table.iter_slices(max(1, rows))


def numbered(table: pl.DataFrame, first: int) -> pl.DataFrame:
    """Number the rows of a table, none of which is broken; the first has the number `first`."""
    return table.with_columns(
        pl.int_range(first, first + pl.len(), dtype=pl.UInt32).alias(PLACE), pl.lit(None, pl.String).alias(BROKEN)
    )
