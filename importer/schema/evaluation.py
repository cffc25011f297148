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

_WORTH_IT = 4
"""How often a text must stand in a batch, on average, for finding the different ones to cost less than it saves."""


def first_reading(text: pl.Expr, readers: Sequence[Callable[[pl.Expr], pl.Expr]], dtype: DType) -> pl.Expr:
    """Read each text with the first of `readers` that gives something; each sees only what those before it left.

    Readers must work cell by cell. Null stays null.
    """
    asked = [reader(pl.col("text")).cast(dtype).alias("given") for reader in readers]

    def read(texts: pl.Series) -> pl.Series:
        found = pl.repeat(None, len(texts), dtype=dtype, eager=True)
        for given_by in asked:
            left = texts.is_not_null() & found.is_null()
            if not left.any():
                break
            given = texts.filter(left).to_frame("text").select(given_by).to_series()
            found = given if left.all() else found.scatter(left.arg_true(), given)
        return found

    return text.map_batches(read, return_dtype=dtype)


def staged(inputs: Mapping[str, pl.Expr | None], stages: Sequence[Mapping[str, pl.Expr]], dtype: DType) -> pl.Expr:
    """Compute `stages` one after the other; the first column of the last one is the answer.

    `inputs` names the columns that the stages start from (those that are None are left out), a stage those that it
    adds. Only rows whose first input is not null are computed, the others give null; stages must work row by row.
    """
    present = {name: expression for name, expression in inputs.items() if expression is not None}
    answer = next(iter(stages[-1]))

    def compute(columns: Sequence[pl.Series]) -> pl.Series:
        frame = pl.DataFrame(dict(zip(present, columns, strict=True)))
        said = frame.to_series(0).is_not_null()
        if not said.any():
            return pl.repeat(None, frame.height, dtype=dtype, eager=True)
        dense = frame if said.all() else frame.filter(said)
        for stage in stages:
            dense = dense.with_columns(**stage)
        given = dense.get_column(answer).cast(dtype)
        if said.all():
            return given
        places = pl.when(said).then(said.cum_sum() - 1)
        return given.gather(pl.select(places.cast(pl.UInt32)).to_series())

    return pl.map_batches(list(present.values()), compute, return_dtype=dtype)


def once_for_each_text(text: pl.Expr, reading: pl.Expr, dtype: DType) -> pl.Expr:
    """Evaluate `reading`, which looks at nothing but the column `text` (String), once for each different text.

    Most columns of a sheet repeat themselves: options, dates, colors, yes and no. Where nearly all texts of a batch
    differ, they are read as they stand. Null stays null.
    """
    name = text.meta.output_name()

    def read(texts: pl.Series) -> pl.Series:
        if texts.n_unique() * _WORTH_IT > len(texts):
            return texts.to_frame(name).select(reading.cast(dtype)).to_series()
        different = texts.unique().drop_nulls()
        given = different.to_frame(name).select(reading.cast(dtype)).to_series()
        return given.gather(texts.cast(pl.Enum(different)).to_physical())

    return text.map_batches(read, return_dtype=dtype, is_elementwise=True)
