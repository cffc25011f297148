"""A polars frame as a sheet, for people who use the importer as a library."""

from __future__ import annotations

import polars as pl

from importer.model import KIND_PREFIX, Kind
from importer.schema.evaluation import named
from importer.sources.canonical import boolean_text, duration_text, instant_text, number_text

_EXACT = 1 << 53
"""The greatest whole number up to which a cell of a workbook holds each exactly."""


def as_texts(frame: pl.DataFrame, names: tuple[str, ...]) -> tuple[pl.DataFrame, tuple[str, ...], dict[str, str]]:
    """Write columns as canonical text under their new names; give them, the names of those with kinds, and the rest.

    The rest are columns whose cells are lists, structs or bytes, with their types: nothing is wrong with them as long
    as nobody asks for them.
    """
    columns: list[pl.Expr] = []
    kinds: list[str] = []
    unreadable: dict[str, str] = {}
    for old, name, dtype in zip(frame.columns, names, frame.dtypes, strict=True):
        cell = named(old)
        made = _text(cell, dtype)
        if made is None:
            unreadable[name] = str(dtype)
            continue
        text, kind = made
        columns.append(text.alias(name))
        if kind is not None:
            kinds.append(name)
            columns.append(kind.cast(pl.UInt8).alias(KIND_PREFIX + name))
    return frame.select(columns), tuple(kinds), unreadable


def _text(cell: pl.Expr, dtype: pl.DataType) -> tuple[pl.Expr, pl.Expr | None] | None:  # noqa: PLR0911 - one for each type
    """Give the text of a cell and its kind (None: text), or None for a type that has no text."""
    if isinstance(dtype, (pl.String, pl.Categorical, pl.Enum, pl.Null)):
        return cell.cast(pl.String), None
    if dtype.is_integer() or isinstance(dtype, pl.Decimal):
        return cell.cast(pl.String), _kind_of_integer(cell) if dtype.is_integer() else pl.lit(Kind.NUMBER)
    if dtype.is_float():
        kind = pl.when(cell.is_finite()).then(pl.lit(Kind.NUMBER)).otherwise(pl.lit(Kind.ERROR))
        return pl.when(cell.is_finite()).then(number_text(cell)).otherwise(cell.cast(pl.String)), kind
    if isinstance(dtype, pl.Boolean):
        return boolean_text(cell), pl.lit(Kind.BOOLEAN)
    if isinstance(dtype, pl.Date):
        return cell.dt.strftime("%Y-%m-%d"), pl.lit(Kind.DATE)
    if isinstance(dtype, pl.Datetime):
        if dtype.time_zone is None:
            return instant_text(cell), pl.lit(Kind.DATE)
        return cell.dt.convert_time_zone("UTC").dt.strftime("%Y-%m-%dT%H:%M:%S%.3fZ"), pl.lit(Kind.DATE)
    if isinstance(dtype, pl.Time):
        return cell.dt.strftime("%H:%M:%S"), None
    if isinstance(dtype, pl.Duration):
        return duration_text(cell), None
    return None


def _kind_of_integer(cell: pl.Expr) -> pl.Expr:
    """Take whole numbers that no workbook could hold for the text that they are: every digit of them is right."""
    return pl.when(cell.is_between(-_EXACT, _EXACT)).then(pl.lit(Kind.NUMBER)).otherwise(pl.lit(Kind.TEXT))
