"""What is said of guilty rows: which row and column is to blame, and for what."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from importer.model import ITEM, ROW

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.mapping.workbench import Planned


def told(plan: Planned, first: int, guilty: pl.DataFrame) -> pl.DataFrame:
    """Give one line a problem of guilty rows, or items: item, row, check (by the column to blame), value, suggest."""
    blame = plan.blame
    nothing = pl.lit(None, dtype=pl.String)
    row = pl.col(ROW) if blame.row is None else pl.coalesce(blame.row, ROW)
    lines = guilty.select(
        (pl.col(ITEM) if ITEM in guilty.columns else pl.col(ROW)).alias("item"),
        row.cast(pl.UInt32).alias("row"),
        (pl.lit(0) if blame.rows is not None else blame.index.fill_null(0)).cast(pl.UInt16).alias("at"),
        (nothing if plan.value is None else plan.value.cast(pl.String)).alias("value"),
        (nothing if plan.suggest is None else plan.suggest.cast(pl.String)).alias("suggest"),
    )
    if blame.rows is not None:
        lines = _by_row(plan, guilty, lines)
    return lines.select("item", "row", (pl.col("at") + first).cast(pl.UInt16).alias("check"), "value", "suggest")


def _by_row(plan: Planned, guilty: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """Tell what is wrong with some of many parts row by row; what is wrong with none of them, of the first row."""
    blame = plan.blame
    origins = guilty.select(
        pl.lit(None).alias("parts") if blame.parts is None else blame.parts.alias("parts"),
        pl.lit(None).alias("rows") if blame.rows is None else blame.rows.alias("rows"),
        (blame.index if len(blame.columns) > 1 else pl.lit(None)).alias("places"),
    )
    apart = [
        (item, *found)
        for (item, row, at, value, suggest), origin in zip(lines.iter_rows(), origins.iter_rows(), strict=True)
        for found in _origins((row, at, value, suggest), *origin)
    ]
    return pl.DataFrame(apart, schema=lines.schema, orient="row")


def _origins(
    line: tuple[int, int, str | None, str | None],
    parts: list[str | None] | None,
    rows: list[int] | None,
    places: list[int] | None,
) -> Iterator[tuple[int, int, str | None, str | None]]:
    """Look up where the parts of a value come from: each place once, with the parts that stand there."""
    _, _, value, suggest = line
    wrong = {value, *(value or "").split("; "), *(value or "").split(", ")}
    found: dict[tuple[int, int], list[str]] = {}
    told: set[str] = set()
    for at, (part, row) in enumerate(zip(parts or (), rows or (), strict=True)):
        text = "" if part is None else part.strip()
        if text and text in wrong and text not in told:
            told.add(text)
            found.setdefault((row, places[at] if places else 0), []).append(text)
    if not found:
        yield line
    for (row, at), texts in found.items():
        yield row, at, "; ".join(texts), suggest if len(found) == 1 else None
