"""From rows to items: how what was worked out for each row becomes what its item is made of.

Rows of one item stand together and in their order. A value that one row gives is not looked for row by row: its place
is found (the least or greatest of numbers, which is quick), and everything that belongs to it is taken from there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from dataclasses import field as default
from typing import TYPE_CHECKING

import polars as pl

from importer.mapping.workbench import Blame
from importer.model import BROKEN, ITEM, ROW

if TYPE_CHECKING:
    from importer.mapping.flow import Flow
    from importer.mapping.workbench import Workbench

ROWS = "_rows"
"""The column (List(UInt32)) of an item of several rows with the numbers of them all."""

ORIGIN = ":row"
"""`"_key" + ORIGIN` and `"_slug" + ORIGIN` (UInt32) are the rows that those of an item of several rows come from."""

BROKEN_ITEM = "b:item"
"""The column (Boolean) of a row that tells whether any row of its item could not be read as a row."""

_NUMBER, _PLACE = "b:number", "b:place"
_SEED = 20_261_124

ANSWER_YES = pl.lit("TRUE")
"""What a condition answers where it holds."""


@dataclass(slots=True)
class Folding:
    """Gathers, while rules are compiled, what items take from their rows; `rows` and `items` are the two benches."""

    rows: Workbench
    items: Workbench
    steps: list[pl.Expr] = default(default_factory=list)
    taken: dict[str, dict[str, str]] = default(default_factory=dict)
    _places: dict[tuple[str, bool, bool], str] = default(default_factory=dict)

    def flow(self, flow: Flow, *, last: bool, answer: bool) -> Flow:
        """Take one value from the rows of an item: the first that gives anything, or the last.

        Where it is the `answer` of a condition, the first row in which that holds counts.
        """
        value = self.rows.keep(flow.value)
        place = self._place(value, last=last, answer=answer)
        row = self._take(place, pl.col(ROW))
        index = flow.blame.index if len(flow.blame.columns) == 1 else self._take(place, flow.blame.index)
        return replace(
            flow,
            value=self._take(place, value),
            kind=None if flow.kind is None else self._take(place, flow.kind),
            alt=None if flow.alt is None else self._take(place, flow.alt),
            blame=Blame(flow.blame.columns, index, row),
        )

    def parts(self, flow: Flow) -> Flow:
        """Put the parts of all rows of an item into one list, and beside them the rows that they come from."""
        nothing = pl.lit(pl.Series([[None]], dtype=pl.List(pl.String)))
        value = self.rows.keep(flow.value.fill_null(nothing))
        length = value.list.len()
        parts, rows = self._listed(value), self._listed(pl.col(ROW).repeat_by(length))
        columns, index = flow.blame.columns, flow.blame.index
        if len(columns) > 1:
            index = self._listed(index.repeat_by(length))
        alt = flow.alt
        if alt is not None:
            padded = self.rows.keep(alt.fill_null(nothing)).list.gather(pl.int_ranges(length), null_on_oob=True)
            alt = self._listed(padded)
        return replace(flow, value=parts, alt=alt, blame=Blame(columns, index, None, parts, rows))

    def any(self, answer: pl.Expr) -> pl.Expr:
        """Tell of an item whether something holds in any of its rows."""
        return self._step(self.rows.keep(answer).any())

    def _place(self, value: pl.Expr, *, last: bool, answer: bool) -> str:
        """Find the place (among the rows of a batch) of the row that gives an item's value."""
        asked = value.meta.output_name(), last, answer
        if asked not in self._places:
            there = (value == ANSWER_YES) if answer else value.is_not_null()
            places = self.rows.keep(pl.when(there).then(pl.int_range(pl.len(), dtype=pl.UInt32)))
            found = places.max() if last else places.min()
            if answer:
                found = pl.coalesce(found, pl.col(_PLACE).min())
            self._places[asked] = self._step(found).meta.output_name()
        return self._places[asked]

    def _take(self, place: str, wanted: pl.Expr) -> pl.Expr:
        """Take something from the row that was found."""
        of_place = self.taken.setdefault(place, {})
        column = wanted if wanted.meta.is_column() else self.rows.keep(wanted)
        name = column.meta.output_name()
        return pl.col(of_place.setdefault(name, f"{place}:{name}"))

    def _listed(self, lists: pl.Expr) -> pl.Expr:
        """Put the lists of all rows one after the other."""
        return self._step(self.rows.keep(lists).list.explode())

    def _step(self, expression: pl.Expr) -> pl.Expr:
        name = f"f:{len(self.steps)}"
        self.steps.append(expression.alias(name))
        return pl.col(name)

    def done(self) -> Fold:
        """Give what was gathered."""
        return Fold(tuple(self.steps), tuple((place, tuple(of.items())) for place, of in self.taken.items()))


@dataclass(frozen=True, slots=True)
class Fold:
    """Makes items of rows: `steps` are aggregations, `taken` says what is taken from a place, and under which name."""

    steps: tuple[pl.Expr, ...]
    taken: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]

    def run(self, rows: pl.DataFrame, hashes: tuple[pl.Expr, ...]) -> pl.DataFrame:
        """Fold the rows of a batch; `hashes` of rows become those of items, in which each row has its place."""
        numbered = rows.with_columns(
            pl.col(ITEM).rle_id().set_sorted().alias(_NUMBER),
            pl.int_range(pl.len(), dtype=pl.UInt32).alias(_PLACE),
        )
        if hashes:
            inside = pl.col(_PLACE) - pl.col(_PLACE).min().over(_NUMBER)
            numbered = numbered.with_columns((one ^ inside.hash(_SEED)).hash(_SEED) for one in hashes)
        items = numbered.group_by(_NUMBER, maintain_order=True).agg(
            pl.col(ITEM).first().alias(ROW),
            pl.col(ROW).alias(ROWS),
            pl.col(BROKEN).drop_nulls().first(),
            *self.steps,
            *(pl.col(one.meta.output_name()).bitwise_xor() for one in hashes),
        )
        return items.with_columns(
            rows.get_column(column).gather(items.get_column(place)).alias(name)
            for place, wanted in self.taken
            for column, name in wanted
        )


def with_broken_items(rows: pl.DataFrame) -> pl.DataFrame:
    """Tell rows whether any row of their item is broken, for then nothing else is said of it."""
    broken = pl.col(BROKEN).is_not_null()
    none = rows.get_column(BROKEN).null_count() == rows.height
    return rows.with_columns((pl.lit(value=False) if none else broken.any().over(ITEM)).alias(BROKEN_ITEM))
