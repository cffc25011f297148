"""Number: a JSON number, within the limits that Get Collection states."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from importer.fields.terms import Coerced, Context, Facts, once_each, wrong_text
from importer.model import Cell, Check, Kind
from importer.schema.evaluation import staged
from importer.schema.reading import amount_of, digits_of

if TYPE_CHECKING:
    from importer.schema import Field, Validations

_EXACT = 2**53
"""Below this a JSON number holds every whole number."""

_CELL_DIGITS = 15
"""The significant digits that a spreadsheet keeps and shows; the rest of a cell is noise of its arithmetic."""

_LONG = _CELL_DIGITS + 1
"""A text shorter than this (the point counted) has no noise."""


def coerce_number(field: Field, cell: Cell, out: pl.Expr, context: Context) -> Coerced:
    """Read a number (Float64)."""
    limits = field.limits
    flaws = _flaws(limits, typed=cell.kind is not None)
    read = _read(context.decimal, typed=cell.kind is not None)
    flawed = pl.any_horizontal([mask.fill_null(value=False) for _, mask, _ in flaws])
    sound = {"sound": pl.when(~flawed).then(pl.col("number"))}
    wrong = wrong_text(cell, out)

    def test(mask: pl.Expr) -> pl.Expr:
        return staged({"text": wrong, "kind": cell.kind}, (*read, {"mask": mask}), pl.Boolean)

    comma = context.decimal == ","
    example = ("1234,5" if comma else "1234.5") if limits.format != "integer" else "1234"
    facts: Facts = {"example": example, "decimal": f'"{context.decimal}"'}
    checks = [Check("not_a_number", test(pl.col("number").is_null()), wrong, facts=facts)]
    checks += [Check(code, test(mask), wrong, facts=told) for code, mask, told in flaws]
    value = staged({"text": cell.value, "kind": cell.kind}, (*read, sound), pl.Float64)
    return Coerced(value, tuple(checks))


def _read(decimal: str, *, typed: bool) -> tuple[dict[str, pl.Expr], ...]:
    """Read the columns `text` and `kind` into `digits` and `number`."""
    text, kind = pl.col("text"), pl.col("kind") if typed else None
    shown = text if kind is None else _without_noise(text, kind)
    return ({"digits": digits_of(shown, decimal, kind)}, {"number": amount_of(pl.col("digits"))})


def _flaws(limits: Validations, *, typed: bool) -> list[tuple[str, pl.Expr, Facts]]:
    """Give code, mask and facts of everything that can be wrong with a number."""
    number = pl.col("number")
    found: list[tuple[str, pl.Expr, Facts]] = [("too_precise", _inexact(typed=typed), _exact_facts())]
    if limits.format == "integer":
        found.append(("not_an_integer", number != number.floor(), {}))
    elif limits.precision is not None:
        found.append(("too_precise", _finer_than(limits.precision, typed=typed), _places_facts(limits.precision)))
    if limits.min_value is not None:
        found.append(("out_of_range", number < limits.min_value, {"bound": f"at least {limits.min_value:.15g}"}))
    if limits.max_value is not None:
        found.append(("out_of_range", number > limits.max_value, {"bound": f"at most {limits.max_value:.15g}"}))
    if limits.allow_negative is False and (limits.min_value is None or limits.min_value < 0):
        found.append(("out_of_range", number < 0, {"bound": "not negative"}))
    if limits.allow_zero is False:
        found.append(("out_of_range", number == 0, {"bound": "not zero"}))
    return found


def _inexact(*, typed: bool) -> pl.Expr:
    """Tell whether a whole number changes when it becomes a JSON number; numbers of a workbook are ones already."""
    digits, number = pl.col("digits"), pl.col("number")
    large = number.abs() >= _EXACT
    if typed:
        large &= (pl.col("kind") != Kind.NUMBER).fill_null(value=True)
    whole = pl.when(large).then(digits).str.replace(r"\.0*$", "").cast(pl.Int128, strict=False)
    # A fraction beyond that size is lost as well: there `whole` is null.
    return large & (whole != number.cast(pl.Int128, strict=False)).fill_null(value=True)


def _finer_than(places: int, *, typed: bool) -> pl.Expr:
    """Tell whether a number has more decimals than `places`; closing zeros do not count."""
    digits, number = pl.col("digits"), pl.col("number")
    written = digits.str.contains(rf"^[^.]*\.[0-9]{{{places},}}[1-9]")
    if not typed:
        return written  # only cells of a workbook have an exponent
    return pl.when(digits.str.contains("[eE]")).then(number.round(places) != number).otherwise(written)


def _without_noise(text: pl.Expr, kind: pl.Expr) -> pl.Expr:
    """Read 19.990000000000002 in a workbook as the 19.99 that the spreadsheet shows; whole numbers stay."""
    noisy = (kind == Kind.NUMBER) & (text.str.len_bytes() > _LONG) & text.str.contains(".", literal=True)
    return pl.coalesce(once_each(pl.when(noisy).then(text), _fifteen_digits), text)


def _fifteen_digits(text: str) -> str | None:
    try:
        return f"{float(text):.{_CELL_DIGITS}g}"
    except ValueError:
        return None


def _exact_facts() -> Facts:
    return {
        "kept": f"whole numbers are exact up to {_EXACT}",
        "remedy": "Shorten the number, or keep it in a plain text field, for which long numbers are no trouble.",
    }


def _places_facts(places: int) -> Facts:
    kept = {0: "none after the decimal point", 1: "one after the decimal point"}.get(
        places, f"{places} after the decimal point"
    )
    return {
        "kept": kept,
        "remedy": f"Round it, in the sheet or in the mapping file: transform = [{{ round = {places} }}].",
    }
