"""`fill_down` and `group_by`: cells filled from above, and rows of one item brought together from anywhere in a sheet.

A first reading tells each row where the last row of its item stands. In later ones an item is given out when the
batch has passed that row, so that no more is held than the rows of items that are still open.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from importer.errors import SourceError
from importer.mapping.identity import key_text
from importer.model import BROKEN, ITEM, KIND_PREFIX, ROW, Kind
from importer.schema.evaluation import named

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from importer.mapping.columns import Columns
    from importer.model import SourceOptions

_PLACE, _LAST, _KEY, _NEW, _COUNTS = "\x00place", "\x00last", "\x00key", "\x00new", "\x00counts"
SEEN, KEPT = "\x00seen:", "\x00kept"
"""`SEEN + column` is what `rows` of a hooks file made of a column; `KEPT` is true for the rows that it left in."""

_CHANGED = (
    "The sheet was changed while it was being read: it has not as many rows as before.",
    "Run the same command again when nobody is writing to it.",
)
_DOUBTFUL, _ABOVE = "\x00doubtful:", "\x00above:"
_SEED = 20_261_125


@dataclass(frozen=True, slots=True)
class Borders:
    """What the first reading found: `last` says of each row, by its place, the place of the last row of its item.

    Places (UInt32) count rows from 0 as they are read; they are four bytes a row. `twice` is a row number that two
    rows carry, None where there is none.
    """

    last: pl.Series
    twice: int | None


@dataclass(frozen=True, slots=True)
class Grouping:
    """Which columns (headers) are filled from above, over the whole sheet or within items, and which group rows.

    `kinded` are those among them that come with kinds. `seen` stands before the names of the columns that are looked
    at: what a hooks file made of the sheet's own, which then stand beside them (see `SEEN`).
    """

    by: tuple[str, ...]
    over_sheet: tuple[str, ...]
    in_items: tuple[str, ...]
    kinded: frozenset[str]
    seen: str = ""

    @classmethod
    def of(cls, source: SourceOptions, columns: Columns, *, ours: bool, hooked: bool) -> Grouping | None:
        """Read it out of `[source]`; None where a row is an item as it stands.

        The cells of one of our own rejects files are filled already: one that is empty there is meant to be.
        """
        by = tuple(dict.fromkeys(header for name in source.group_by if (header := columns.find(name)) is not None))
        fill = [header for name in source.fill_down if not ours and (header := columns.find(name)) is not None]
        if not by and not fill:
            return None
        for header in by:
            columns.cell(header)  # an error of the spreadsheet in it is told, and it is a part of what makes an item
        over_sheet = tuple(header for header in fill if not by or header in by)
        in_items = tuple(header for header in fill if header not in over_sheet)
        kinded = columns.kinds.intersection((*by, *fill))
        return cls(by, over_sheet, in_items, kinded, SEEN if hooked else "")

    @property
    def columns(self) -> tuple[str, ...]:
        """Name all columns that are looked at."""
        return tuple(dict.fromkeys((*self.by, *self.over_sheet, *self.in_items)))

    def borders(self, batches: Iterable[pl.DataFrame]) -> Borders | None:
        """Read a sheet for the first time; None where nothing is grouped, and nothing is read then.

        Takes some twelve bytes a row while it reads.
        """
        if not self.by:
            return None
        hashes, numbers = [], []
        key, hashed = self._key().alias(_KEY), pl.when(pl.col(_KEY).is_not_null()).then(pl.col(_KEY).hash(_SEED))
        for batch in self._filled(batches):
            hashes.append(batch.select(key).select(hashed).to_series())
            numbers.append(batch.get_column(ROW))
        if not hashes:
            return Borders(pl.Series(dtype=pl.UInt32), None)
        twice = _twice(pl.concat(numbers))
        keys = pl.concat(hashes).alias(_KEY).to_frame().with_row_index(_PLACE)
        last = pl.when(pl.col(_KEY).is_not_null()).then(pl.col(_PLACE).max().over(_KEY)).otherwise(pl.col(_PLACE))
        return Borders(keys.select(last.alias(_LAST)).to_series().rechunk(), twice)

    def gathered(
        self,
        batches: Iterable[pl.DataFrame],
        borders: Borders | None,
        counts: Callable[[pl.DataFrame], pl.Series],
    ) -> Iterator[pl.DataFrame]:
        """Give the rows filled, and those of an item together, with `model.ITEM`; `counts` tells which rows count.

        Items come in the order of their last rows, whatever the batches. Raises SourceError where the sheet has not
        as many rows as at its first reading.
        """
        filled = self._filled(batches)
        if borders is None:
            yield from map(self._written_back, filled)
            return
        start = 0
        open_rows: list[pl.DataFrame] = []
        for batch in filled:
            if start + batch.height > borders.last.len():
                raise SourceError(*_CHANGED)
            placed = batch.with_columns(borders.last.slice(start, batch.height).alias(_LAST))
            start += batch.height
            done, left = [], []
            for rows in (*open_rows, placed):
                closed, still_open = _parted(rows, start)
                done += closed
                left += still_open
            open_rows = left
            if done:
                yield self._written_back(self._items(pl.concat(done), counts))
        if start != borders.last.len():
            raise SourceError(*_CHANGED)

    def _filled(self, batches: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
        """Fill cells from above over the whole sheet; what stands below a broken row cannot be known, and says so."""
        if not self.over_sheet:
            yield from batches
            return
        names = self._with_kinds(self.over_sheet)
        taken = self._taken()
        above: pl.DataFrame | None = None
        for batch in batches:
            here = batch.select(named(*names), *(_doubtful(self.seen + name) for name in self.over_sheet))
            whole = (here if above is None else pl.concat([above, here])).with_columns(pl.all().forward_fill())
            above = whole.tail(1)
            beside = whole.tail(batch.height).rename(lambda name: _ABOVE + name)
            yield batch.hstack(beside).with_columns(taken).drop(beside.columns)

    def _taken(self) -> list[pl.Expr]:
        """Take from above what can be relied on; a row that would take anything else is as broken as that."""
        given, reasons = [], [pl.col(BROKEN)]
        for name in self.over_sheet:
            cell = self.seen + name
            doubtful = (named(cell).is_null() & pl.col(_ABOVE + _DOUBTFUL + cell)).fill_null(value=False)
            given += [pl.when(~doubtful).then(pl.col(_ABOVE + one)).alias(one) for one in self._with_kinds((name,))]
            reason = f"its cell in the column {name} is empty and takes what stands above, in a row that is broken"
            reasons.append(pl.when(doubtful).then(pl.lit(reason)))
        return [*given, pl.coalesce(reasons).alias(BROKEN)]

    def _with_kinds(self, names: tuple[str, ...]) -> list[str]:
        """Name columns as they are looked at, and the kinds of those that have them."""
        kinds = (KIND_PREFIX + name for name in names if name in self.kinded)
        return [self.seen + name for name in (*names, *kinds)]

    def _written_back(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Fill the sheet's own cells as well, where what is looked at stands beside them: rejects are made of them."""
        if not self.seen:
            return rows
        filled = self._with_kinds((*self.over_sheet, *self.in_items))
        own = [(name.removeprefix(self.seen), name) for name in filled]
        return rows.with_columns(
            pl.coalesce(named(name), pl.col(seen)).alias(name) for name, seen in own if name in rows.columns
        )

    def _key(self) -> pl.Expr:
        """What rows of one item have in common; a cell with an error of the spreadsheet says nothing."""
        return pl.coalesce(key_text(cell, slug=False) for cell in self._cells())

    def _cells(self) -> Iterator[pl.Expr]:
        for name in self.by:
            cell, error = named(self.seen + name), pl.col(self.seen + KIND_PREFIX + name) == Kind.ERROR
            yield pl.when(~error.fill_null(value=False)).then(cell) if name in self.kinded else cell

    def _items(self, rows: pl.DataFrame, counts: Callable[[pl.DataFrame], pl.Series]) -> pl.DataFrame:
        """Put the rows of closed items in order, fill them, and name their items."""
        if not (rows.get_column(_LAST).is_sorted() and rows.get_column(ROW).is_sorted()):
            rows = rows.sort(_LAST, ROW)
        rows = self._exactly(rows)
        if self.in_items:
            rows = rows.with_columns(named(*self._with_kinds(self.in_items)).forward_fill().over(_NEW))
        rows = rows.with_columns(counts(rows).alias(_COUNTS))
        least = pl.when(_COUNTS).then(pl.col(ROW)).min().over(_NEW)
        return rows.with_columns(pl.when(_COUNTS).then(least).alias(ITEM)).drop(_LAST, _NEW, _COUNTS)

    def _exactly(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Number the items (`_NEW`); where two keys had the same hash, which nearly never happens, part them."""
        cells = pl.coalesce(self._cells())
        differs = cells.ne_missing(cells.shift()) & (pl.col(_LAST) == pl.col(_LAST).shift())
        if rows.select(differs.any()).item():  # but `5` and `5.0` differ too, and are one key
            keyed = rows.with_columns(self._key().alias(_KEY))
            again = pl.col(_KEY).ne_missing(pl.col(_KEY).shift()) & (pl.col(_LAST) == pl.col(_LAST).shift())
            if keyed.select(again.any()).item():
                keyed = keyed.sort(_LAST, _KEY, ROW)
                return keyed.with_columns(pl.struct(_LAST, _KEY).rle_id().alias(_NEW)).drop(_KEY)
        return rows.with_columns(pl.col(_LAST).rle_id().alias(_NEW))


def _doubtful(name: str) -> pl.Expr:
    """Tell of a cell whether it stands in a broken row; null where it takes what stands above."""
    broken = pl.col(BROKEN).is_not_null()
    return pl.when(named(name).is_not_null() | broken).then(broken).alias(_DOUBTFUL + name)


def _twice(numbers: pl.Series) -> int | None:
    """Name a row number that stands there twice."""
    ordered = numbers if numbers.is_sorted() else numbers.sort()
    twice = ordered.filter(ordered == ordered.shift())
    return None if twice.is_empty() else int(twice[0])


def _parted(rows: pl.DataFrame, passed: int) -> tuple[list[pl.DataFrame], list[pl.DataFrame]]:
    """Part the rows of items that are closed once so many rows have been read from those of items that are open.

    Rows that wait lie in the order in which their items close, so that each time only a piece is cut off.
    """
    last = rows.get_column(_LAST)
    if last.is_sorted():
        at = int(last.search_sorted(passed, "left"))
        return [rows.head(at)] if at else [], [rows.slice(at)] if at < rows.height else []
    closed = last < passed
    if closed.all():
        return [rows], []
    waiting = rows.filter(~closed).sort(_LAST, maintain_order=True)
    return [rows.filter(closed)] if closed.any() else [], [waiting]
