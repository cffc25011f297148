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


def within_lists(value: pl.Expr, run: Callable[[pl.Expr], pl.Expr]) -> pl.Expr:
    """Run a text-to-text expression on the parts of lists all at once, where `list.eval` would run list by list."""

    def spread(lists: pl.Series) -> pl.Series:
        rows = lists.rename("part").to_frame().with_row_index("row")
        parts = rows.explode("part", empty_as_null=True).select("row", run(pl.col("part")).alias("part"))
        gathered = parts.group_by("row", maintain_order=True).agg("part").get_column("part")
        sound = lists.list.len() > 0
        nothing = pl.lit(None, dtype=pl.List(pl.String))
        kept = pl.DataFrame({"sound": sound, "part": gathered})
        return kept.select(pl.when("sound").then("part").otherwise(nothing)).to_series().rename(lists.name)

    return value.map_batches(spread, return_dtype=pl.List(pl.String), is_elementwise=True)
