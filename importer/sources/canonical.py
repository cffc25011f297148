"""Canonical text of typed cells: what a number, a date or a boolean reads as, wherever it came from."""

from __future__ import annotations

from decimal import Decimal

import polars as pl

_EXACT = float(1 << 53)
"""Beyond this a float is no longer the one that was written, so its shortest text is nearer to that than its digits."""


_DIGITS = 15
"""The significant digits that spreadsheets show; what a number has beyond them may be noise of its arithmetic."""

_LONG = rf"^-?[0-9]{{1,{_DIGITS}}}\.[0-9]+$"
"""Texts that may have noise, if they are longer than `_DIGITS` and the point: whole numbers keep all they have."""


def number_text(value: pl.Expr) -> pl.Expr:
    """Write a float as its shortest text, whole ones without `.0`, none with an exponent or noise (19.990000000000002).

    That is the same number, or the one that a spreadsheet shows for it.
    """
    whole = (value == value.floor()) & (value.abs() < _EXACT)
    return (
        pl.when(whole)
        .then(value.cast(pl.Int64, strict=False).cast(pl.String))
        .otherwise(value.cast(pl.String).map_batches(_written_out, return_dtype=pl.String).str.strip_suffix(".0"))
    )


def _written_out(texts: pl.Series) -> pl.Series:
    """Write out the few texts with an exponent (1e21, 1e-7) or with noise."""
    exponents = texts.str.contains("e", literal=True)
    long = (texts.str.len_bytes() > _DIGITS + 1) & texts.str.contains(_LONG)
    guilty = texts.filter(exponents | long).unique()
    if guilty.is_empty():
        return texts
    better = [format(Decimal(text), "f") if "e" in text else _without_noise(text) for text in guilty]
    return texts.replace(guilty, pl.Series(better, dtype=pl.String))


def _without_noise(text: str) -> str:
    """Give the number of 15 digits where it is much shorter: a third has more digits, and none of them is noise."""
    shown = format(Decimal(f"{float(text):.{_DIGITS}g}"), "f")
    return shown if len(shown) < len(text) - 2 else text


def instant_text(value: pl.Expr) -> pl.Expr:
    """Write a Datetime without a zone as `2024-05-31`, or `2024-05-31T14:30:00` if it has a time (`.123` if needed)."""
    midnight = value.dt.time() == pl.time(0, 0)
    return (
        pl.when(midnight)
        .then(value.dt.strftime("%Y-%m-%d"))
        .when(value.dt.microsecond() == 0)
        .then(value.dt.strftime("%Y-%m-%dT%H:%M:%S"))
        .otherwise(value.dt.strftime("%Y-%m-%dT%H:%M:%S%.3f"))
    )


def duration_text(value: pl.Expr) -> pl.Expr:
    """Write a Duration as spreadsheets show it: hours, minutes, seconds (`30:05:00`)."""
    seconds = value.dt.total_seconds()
    size = seconds.abs()
    sign = pl.when(seconds < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    parts = (size // 3600, size // 60 % 60, size % 60)
    return pl.concat_str([sign, pl.concat_str([part.cast(pl.String).str.zfill(2) for part in parts], separator=":")])


def boolean_text(value: pl.Expr) -> pl.Expr:
    """Write a Boolean as spreadsheets do."""
    return pl.when(value).then(pl.lit("TRUE")).when(~value).then(pl.lit("FALSE"))
