"""Python functions on columns, called once for each distinct value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable


def on_distinct(value: pl.Expr, function: Callable[[str], Any], gives: pl.DataType | type[pl.DataType]) -> pl.Expr:
    """Map text with a Python function, once for each distinct value; null stays null."""

    def run(texts: pl.Series) -> pl.Series:
        distinct = texts.unique().drop_nulls()
        answers = pl.Series("answer", [function(text) for text in distinct.to_list()], dtype=gives)
        table = pl.DataFrame([distinct.rename("text"), answers])
        asked = texts.rename("text").to_frame()
        joined = asked.join(table, on="text", how="left", maintain_order="left").get_column("answer")
        return joined.rename(texts.name)

    return value.map_batches(run, return_dtype=gives, is_elementwise=True)


def within_lists(
    value: pl.Expr,
    run: Callable[[pl.Expr], pl.Expr],
    gives: pl.DataType | type[pl.DataType] = pl.String,
) -> pl.Expr:
    """Run an expression on the parts of lists, all at once, where `list.eval` would call Python list by list.

    Each part keeps its place; a list without parts is null.
    """

    def spread(lists: pl.Series) -> pl.Series:
        rows = lists.rename("part").to_frame().with_row_index("row")
        parts = rows.filter(pl.col("part").list.len() > 0).explode("part")
        done = parts.select("row", run(pl.col("part")).cast(gives).alias("part"))
        gathered = done.group_by("row", maintain_order=True).agg("part")
        joined = rows.select("row").join(gathered, on="row", how="left", maintain_order="left")
        return joined.get_column("part").rename(lists.name)

    return value.map_batches(spread, return_dtype=pl.List(gives), is_elementwise=True)
