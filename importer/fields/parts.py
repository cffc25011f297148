"""Cells of many parts: multi-references and multi-images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from importer.model import Cell
    from importer.schema.evaluation import DType


def parts_of(cell: Cell) -> pl.Expr:
    """Give the parts of a cell (List of String): as its rule split it, else split at `;` and line breaks."""
    return cell.value if cell.many else _split(cell.value)


def alts_of(cell: Cell) -> pl.Expr | None:
    """Give the alt texts that keep step with the parts (List of String)."""
    return cell.alt if cell.many or cell.alt is None else _split(cell.alt)


def read_parts(
    parts: pl.Expr, read: Callable[[pl.Expr], pl.Expr], gather: pl.Expr, dtype: DType, *, alts: pl.Expr | None = None
) -> pl.Expr:
    """Read every part of each cell; null where there is none, or where one of them gives nothing.

    `gather` makes the list (of `dtype`) out of the columns `read` and `alt`. Parts are trimmed; empty ones fall away,
    and so does one that is there twice.
    """

    def compute(columns: Sequence[pl.Series]) -> pl.Series:
        frame = _exploded(columns).with_columns(read(pl.col("part")).alias("read"))
        whole = frame.group_by("at", maintain_order=True).agg(
            gather.alias("all"), pl.col("read").has_nulls().alias("no")
        )
        return _placed(whole.filter(~pl.col("no")).select("at", "all"), len(columns[0])).cast(dtype)

    return pl.map_batches([parts] if alts is None else [parts, alts], compute, return_dtype=dtype)


def wrong_parts(parts: pl.Expr, out: pl.Expr, read: Callable[[pl.Expr], pl.Expr]) -> pl.Expr:
    """Name the parts that `read` gives nothing for, in the rows that have no value (String, else null)."""

    def compute(columns: Sequence[pl.Series]) -> pl.Series:
        if columns[0].null_count() == len(columns[0]):
            return pl.repeat(None, len(columns[0]), dtype=pl.String, eager=True)
        bad = _exploded(columns).filter(read(pl.col("part")).is_null())
        named = bad.group_by("at", maintain_order=True).agg(pl.col("part").str.join("; ").alias("all"))
        return _placed(named, len(columns[0]))

    return pl.map_batches([pl.when(out.is_null()).then(parts)], compute, return_dtype=pl.String)


def _split(text: pl.Expr) -> pl.Expr:
    return text.str.replace_all(r"\r\n|\r|\n", ";").str.split(";")


def _exploded(columns: Sequence[pl.Series]) -> pl.DataFrame:
    """Give each part a row of its own: `at` (the place of its cell), `part`, and `alt` if there are any."""
    frame = pl.DataFrame(dict(zip(("part", "alt"), columns, strict=False))).with_row_index("at")
    if "alt" in frame.columns:
        # Both lists must be equally long, and present, to be exploded together.
        frame = frame.with_columns(pl.col("part", "alt").fill_null([]))
        places = pl.int_ranges(pl.col("part").list.len())
        frame = frame.with_columns(pl.col("alt").list.gather(places, null_on_oob=True))
        rows = frame.explode("part", "alt").with_columns(pl.col("alt").str.strip_chars().replace("", None))
    else:
        rows = frame.explode("part")
    trimmed = rows.with_columns(pl.col("part").str.strip_chars()).filter(pl.col("part") != "")
    return trimmed.unique(subset=["at", "part"], keep="first", maintain_order=True)


def _placed(found: pl.DataFrame, height: int) -> pl.Series:
    """Put what was found for some cells back among all of them."""
    places = pl.DataFrame({"at": pl.int_range(height, dtype=pl.UInt32, eager=True)})
    return places.join(found, on="at", how="left", maintain_order="left").get_column("all")
