"""Canonical text of typed cells: what a number, a date or a boolean reads as, wherever it came from."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import polars as pl

from importer.model import Kind

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


_DAY_MS = 86_400_000
_DAY = timedelta(days=1)
_DAY_0 = datetime(1899, 12, 30)  # noqa: DTZ001 - a cell has no zone
"""Where the calendar of 1900 begins to count, seen from any day after February 1900."""
_DAY_0_OF_1904 = datetime(1904, 1, 1)  # noqa: DTZ001 - days are counted from it, in no zone
_CALENDAR_DAYS = 2_958_466
"""The first number of days that is no date: the calendar ends with the year 9999."""
_DAYS_LESS = 1462
"""What a number of days is less in the calendar of 1904."""

NO_DATE = "####"
"""What a spreadsheet shows instead of a date beyond its calendar."""


def days_elapsed(days: pl.Expr) -> pl.Expr:
    """Turn a number of days into a Duration, to the millisecond; one beyond 200,000 years gives nothing."""
    sane = pl.when(days.abs() < 1e8).then(days)  # noqa: PLR2004 - an Int64 holds its milliseconds
    return (sane * _DAY_MS).round().cast(pl.Int64).cast(pl.Duration("ms"))


def days_cell(days: pl.Expr, *, since_1904: bool) -> tuple[pl.Expr, pl.Expr]:
    """Give text and kind of a number that is shown as a date.

    A time of day without a date is text, for no date could be told from it; what is beyond the calendar is an error.
    """
    # The calendar of 1900 counts a 29 February that never was: until then the days are one off.
    early = (days < 60) & pl.lit(not since_1904)  # noqa: PLR2004 - that day
    beyond = (days < 0) | (days >= _CALENDAR_DAYS - (_DAYS_LESS if since_1904 else 0))
    dated = ~beyond & (days >= 1)
    elapsed = days_elapsed(pl.when(~beyond).then(days))
    first = pl.lit(_DAY_0_OF_1904 if since_1904 else _DAY_0, pl.Datetime("ms"))
    instant = first + elapsed + pl.when(early).then(_DAY).otherwise(timedelta())
    text = (
        pl.when(beyond)
        .then(pl.lit(NO_DATE))
        .when(dated)
        .then(instant_text(instant))
        .when(days.is_not_null())
        .then(duration_text(elapsed))
    )
    kind = pl.when(beyond).then(int(Kind.ERROR)).when(dated).then(int(Kind.DATE)).otherwise(int(Kind.TEXT))
    return text, kind
