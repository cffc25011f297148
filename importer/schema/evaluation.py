"""How a reading is evaluated that is made of several steps.

Polars computes a part of an expression again wherever it stands, also for cells that a cheaper reading has settled.
These give one expression that computes each step once, and the dear ones only for the cells that need them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from polars.datatypes import DataType, DataTypeClass

    DType: TypeAlias = DataType | DataTypeClass

_LOOKED_AT, _MOSTLY = 1_024, 0.9
"""Where so much of the first texts of a batch differs, the rest is not looked at: nothing could be saved."""

_SPARSE = 0.5
"""Where more of the cells are empty, the others are taken out and put back; else that costs more than it saves."""

_WORTH_IT = 4
"""How often a text must stand in a batch, on average, for finding the different ones to cost less than it saves."""


def named(*names: str) -> pl.Expr:
    """Address columns by their very names: `*` and `^...$` are patterns to polars, and headers to some people."""
    if any(name == "*" or (name.startswith("^") and name.endswith("$")) for name in names):
        return pl.selectors.by_name(*names).as_expr()
    return pl.col(*names)


def first_reading(text: pl.Expr, readers: Sequence[Callable[[pl.Expr], pl.Expr]], dtype: DType) -> pl.Expr:
    """Read each text with the first of `readers` that gives something; later ones see only what those before it left.

    Readers must work cell by cell, and make nothing of null.
    """
    first, *others = [reader(pl.col("text")).cast(dtype).alias("given") for reader in readers]
    left = pl.col("text").is_not_null() & pl.col("given").is_null()

    def read(texts: pl.Series) -> pl.Series:
        if texts.null_count() == len(texts):
            return _nothing(len(texts), dtype)
        found = texts.to_frame("text").with_columns(first)
        for given_by in others:
            if found.get_column("given").null_count() == texts.null_count():
                break
            places = found.select(pl.arg_where(left)).to_series()
            more = found.get_column("text").gather(places).to_frame().select(given_by).to_series()
            if more.null_count() < len(more):
                found = found.with_columns(found.get_column("given").scatter(places, more))
        return found.get_column("given")

    return text.map_batches(read, return_dtype=dtype)


def staged(inputs: Mapping[str, pl.Expr | None], stages: Sequence[Mapping[str, pl.Expr]], dtype: DType) -> pl.Expr:
    """Compute `stages` one after the other; the first column of the last one is the answer.

    `inputs` names the columns that the stages start from (those that are None are left out), a stage those that it
    adds. Rows whose first input is null give null, whatever the stages make of them; stages must work row by row.
    """
    present = {name: expression for name, expression in inputs.items() if expression is not None}
    answer = next(iter(stages[-1]))
    *earlier, last = stages

    def compute(columns: Sequence[pl.Series]) -> pl.Series:
        frame = pl.DataFrame(dict(zip(present, columns, strict=True)))
        first = frame.to_series(0)
        if first.null_count() == frame.height:
            return _nothing(frame.height, dtype)
        said = first.is_not_null()
        sparse = first.null_count() > frame.height * _SPARSE
        dense = frame.filter(said) if sparse else frame
        for stage in earlier:
            dense = dense.with_columns(**stage)
        given = dense.select(last[answer].cast(dtype)).to_series()
        if not first.has_nulls():
            return given
        if not sparse:
            return pl.select(pl.when(said).then(given)).to_series()
        places = pl.when(said).then(said.cum_sum() - 1)
        return given.gather(pl.select(places.cast(pl.UInt32)).to_series())

    return pl.map_batches(list(present.values()), compute, return_dtype=dtype)


def once_for_each_text(text: pl.Expr, reading: pl.Expr, dtype: DType) -> pl.Expr:
    """Evaluate `reading`, which looks at nothing but the column `text` (String), once for each different text.

    Most columns of a sheet repeat themselves: options, dates, colors, yes and no. Where nearly all texts of a batch
    differ, they are read as they stand. Null stays null.
    """
    name = text.meta.output_name()
    reading = reading.cast(dtype)

    def read(texts: pl.Series) -> pl.Series:
        beginning = texts.head(_LOOKED_AT).drop_nulls()
        if beginning.n_unique() <= len(beginning) * _MOSTLY:
            different = texts.unique()
            if len(different) * _WORTH_IT <= len(texts):
                different = different.drop_nulls() if different.has_nulls() else different
                given = different.to_frame(name).select(reading).to_series()
                return given.gather(texts.cast(pl.Enum(different)).to_physical())
        return texts.to_frame(name).select(reading).to_series()

    return text.map_batches(read, return_dtype=dtype, is_elementwise=True)


def _nothing(height: int, dtype: DType) -> pl.Series:
    return pl.Series([None], dtype=dtype).new_from_index(0, height)
