"""Lists of parts: cutting a cell into them, picking from them, joining them."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import orjson
import polars as pl

from importer.schema import reading
from importer.schema.evaluation import staged
from importer.transforms import on_distinct, within_lists
from importer.transforms.arithmetic import number_text, without_noise

if TYPE_CHECKING:
    from collections.abc import Callable

_TEXTS = pl.List(pl.String)


def cut(text: pl.Expr, split: str | None) -> pl.Expr:
    """Cut text into parts (List(String)), trimmed, empty ones null so that each keeps its place.

    Without `split`, at `;`, line breaks, or both together. Text that is no JSON (or no CSV) gives null.
    """
    if split is None:
        parts = text.str.replace_all(r";?[ \t]*(?:\r\n|\r|\n)", ";").str.split(";")
    elif split == "lines":
        parts = text.str.replace_all(r"\r\n?", "\n").str.split("\n")
    elif split == "json":
        parts = on_distinct(text, _json_parts, _TEXTS)
    elif split == "csv":
        parts = on_distinct(text, _csv_parts, _TEXTS)
    else:
        parts = text.str.split(split)
    return parts.list.eval(_trimmed(pl.element()))


def can_fail(split: str | None) -> bool:
    """Whether a cell may be unreadable for this way to cut."""
    return split in {"json", "csv"}


def filled(parts: pl.Expr) -> pl.Expr:
    """Drop empty parts; a list of nothing is null."""
    kept = parts.list.drop_nulls()
    return pl.when(kept.list.len() > 0).then(kept)


def places(parts: pl.Expr) -> pl.Expr:
    """Give the places (List(UInt32)) of parts that are filled and not there already."""
    return parts.list.eval((pl.element().is_not_null() & pl.element().is_first_distinct()).arg_true())


def sums(parts: pl.Expr, read: Callable[[pl.Expr], pl.Expr]) -> pl.Expr:
    """Add numbers up; of nothing: nothing."""
    numbers = within_lists(parts, read, pl.Float64)
    total = pl.when(parts.list.len() > 0).then(numbers.list.sum())
    return number_text(staged({"total": total}, ({"sum": without_noise(pl.col("total"))},), pl.Float64))


def extreme(parts: pl.Expr, read: Callable[[pl.Expr], pl.Expr], *, greatest: bool) -> pl.Expr:
    """Give the part that is least or greatest, as it was written; `read` makes something to compare of it."""
    values = within_lists(parts, lambda part: read(part).to_physical().cast(pl.Float64), pl.Float64)
    at = values.list.arg_max() if greatest else values.list.arg_min()
    return parts.list.get(at, null_on_oob=True)


def unreadable(parts: pl.Expr, read: Callable[[pl.Expr], pl.Expr]) -> pl.Expr:
    """Give the parts that cannot be read (List(String))."""
    return within_lists(parts, lambda part: pl.when(read(part).is_null()).then(part)).list.drop_nulls()


def joined(parts: pl.Expr, separator: str) -> pl.Expr:
    """Make one text of parts; nothing of none."""
    return pl.when(parts.list.len() > 0).then(parts.list.join(separator))


def as_shown(parts: pl.Expr) -> pl.Expr:
    """Parts as a message shows them."""
    return parts.list.join(", ")


def reader(*, dates: bool, decimal: str, formats: tuple[str, ...], timezone: str) -> Callable[[pl.Expr], pl.Expr]:
    """How `min`, `max` and `sum` read a part: as an instant for date fields, as a number for all others."""
    if dates:
        return lambda text: reading.instant_of(text, formats=formats, timezone=timezone)
    return lambda text: reading.number_of(text, decimal)


def _trimmed(text: pl.Expr) -> pl.Expr:
    bare = text.str.strip_chars()
    return pl.when(bare != "").then(bare)


def _json_parts(text: str) -> list[str | None] | None:
    """A JSON list as texts (anything else as a list of one), numbers as they are written; None if it is no JSON."""
    try:
        found = orjson.loads(text)
        written = json.loads(text, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, list):
        found, written = [found], [written]
    return [_json_text(value, as_written) for value, as_written in zip(found, written, strict=True)]


def _json_text(value: Any, written: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return written if isinstance(written, str) else orjson.dumps(value).decode()


def _csv_parts(text: str) -> list[str] | None:
    """Parts between commas, quoted ones whole; None if the quotes make no sense."""
    try:
        rows = csv.reader(io.StringIO(text, newline=""), skipinitialspace=True, strict=True)
        return [part for row in rows for part in row]
    except csv.Error:
        return None
