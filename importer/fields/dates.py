"""DateTime: an instant in UTC with milliseconds, `2024-05-31T00:00:00.000Z`, as Webflow reads it back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import polars as pl

from importer.fields.terms import Coerced, Context, Facts, wrong_text
from importer.model import Cell, Check
from importer.schema.evaluation import first_reading, staged
from importer.schema.reading import ISO, UNIX, UNIX_MS, format_mistake, instant_of

if TYPE_CHECKING:
    from importer.schema import Field

_EXAMPLE = datetime(2024, 5, 31, 14, 30, tzinfo=UTC)
_LOOKS_ISO = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(?:$|[T ][0-9]{2}:[0-9]{2})"

_DAYS: tuple[tuple[str, str], ...] = (
    (r"^(?:1[3-9]|2[0-9]|3[01])/[0-9]{1,2}/[0-9]{4}", '"%d/%m/%Y"'),
    (r"^[0-9]{1,2}/(?:1[3-9]|2[0-9]|3[01])/[0-9]{4}", '"%m/%d/%Y"'),
    (r"^[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}", '"%d/%m/%Y" (or "%m/%d/%Y")'),
    (r"^(?:1[3-9]|2[0-9]|3[01])-[0-9]{1,2}-[0-9]{4}", '"%d-%m-%Y"'),
    (r"^[0-9]{1,2}-(?:1[3-9]|2[0-9]|3[01])-[0-9]{4}", '"%m-%d-%Y"'),
    (r"^[0-9]{1,2}-[0-9]{1,2}-[0-9]{4}", '"%d-%m-%Y" (or "%m-%d-%Y")'),
    (r"^[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{4}", '"%d.%m.%Y"'),
    (r"^[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{2}$", '"%d.%m.%y"'),
    (r"^[0-9]{4}/[0-9]{1,2}/[0-9]{1,2}", '"%Y/%m/%d"'),
    (r"^(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]* [0-9]{1,2}, [0-9]{4}", '"%B %d, %Y"'),
    (r"^[0-9]{1,2} (?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]* [0-9]{4}", '"%d %B %Y"'),
    (r"^(?:19|20)[0-9]{6}$", '"%Y%m%d"'),
    (r"^[0-9]{9,10}$", f'"{UNIX}"'),
    (r"^[0-9]{12,13}$", f'"{UNIX_MS}"'),
)
_TIMES: tuple[tuple[str, str], ...] = (
    (r" [0-9]{1,2}:[0-9]{2}:[0-9]{2} ?(?i:[ap]m)$", " %I:%M:%S %p"),
    (r" [0-9]{1,2}:[0-9]{2} ?(?i:[ap]m)$", " %I:%M %p"),
    (r" [0-9]{1,2}:[0-9]{2}:[0-9]{2}$", " %H:%M:%S"),
    (r" [0-9]{1,2}:[0-9]{2}$", " %H:%M"),
)


def coerce_date(field: Field, cell: Cell, out: pl.Expr, context: Context) -> Coerced:  # noqa: ARG001 - one form for all types
    """Read a date or date-time (String)."""
    instant = instant_of(cell.value, formats=context.dates, timezone=context.timezone, kind=cell.kind)
    value = instant.dt.strftime("%Y-%m-%dT%H:%M:%S%.3fZ")
    text = wrong_text(cell, out)
    skipped = _skipped(text, cell.kind, context)
    impossible = _impossible(text, context) & ~skipped
    suggest = None if context.dates else first_reading(text.str.strip_chars(), [_likely_format], pl.String)
    unread = text.is_not_null() & ~skipped & ~impossible
    there = f'the clocks of the time zone "{context.timezone}" skip'
    checks = (
        Check("not_a_date", unread, text, suggest, _unread_facts(context.dates)),
        Check("not_a_date", impossible, text, facts=_facts("names a day or a time that does not exist")),
        Check("not_a_date", skipped, text, facts=_facts(f"is a time that {there}")),
    )
    return Coerced(value, checks)


def _skipped(text: pl.Expr, kind: pl.Expr | None, context: Context) -> pl.Expr:
    """Tell whether a wrong text would be a time if only the zone did not skip it (Boolean, never null)."""
    if context.timezone == "UTC":
        return pl.lit(value=False)
    typed = None if kind is None else pl.col("kind")
    elsewhere = instant_of(pl.col("text"), formats=context.dates, timezone="UTC", kind=typed).is_not_null()
    return staged({"text": text, "kind": kind}, ({"skipped": elsewhere},), pl.Boolean).fill_null(value=False)


def _impossible(text: pl.Expr, context: Context) -> pl.Expr:
    """Tell whether a wrong text at least looks like an ISO date (Boolean, never null)."""
    if context.dates:
        return pl.lit(value=False)
    return text.str.contains(_LOOKS_ISO).fill_null(value=False)


def _facts(flaw: str) -> Facts:
    return {"flaw": flaw, "remedy": "Correct the date in the cell."}


def _unread_facts(formats: tuple[str, ...]) -> Facts:
    example = _written_like(formats)
    forms = " or ".join(f'"{form}"' for form in formats) or "2024-05-31 (ISO 8601)"
    remedy = f'Write it {example}, or say how dates are written in this column: format = "%d/%m/%Y", for example.'
    return {"flaw": f"is no date in the form {forms}", "remedy": remedy, "example": example}


def _likely_format(wrong: pl.Expr) -> pl.Expr:
    """Guess the format in which a date was meant."""
    day, time = pl.lit(None, pl.String), pl.lit("")
    for pattern, form in reversed(_DAYS):
        day = pl.when(wrong.str.contains(pattern)).then(pl.lit(form)).otherwise(day)
    for pattern, form in reversed(_TIMES):
        time = pl.when(wrong.str.contains(pattern)).then(pl.lit(form)).otherwise(time)
    timed = day.str.replace_all(r'(%[a-zA-Z])"', "${1}" + "\x00").str.replace_all(
        "\x00", time + pl.lit('"'), literal=True
    )
    return pl.lit("format = ") + timed


def _written_like(formats: tuple[str, ...]) -> str:
    """Show a date in the first form."""
    form = formats[0] if formats else ISO
    if form == ISO or format_mistake(form):
        return "like 2024-05-31 or 2024-05-31T14:30"
    if form in {UNIX, UNIX_MS}:
        return "like " + str(int(_EXAMPLE.timestamp()) * (1 if form == UNIX else 1000))
    return "like " + str(pl.select(pl.lit(_EXAMPLE).dt.strftime(form.replace(".%f", "%.f"))).item())
