"""Number: a JSON number, within the limits that Get Collection states."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from importer.fields.terms import Coerced, Context, once_each, wrong_text
from importer.model import Cell, Check, Kind
from importer.schema.reading import digits_of, number_of

if TYPE_CHECKING:
    from importer.schema import Field, Validations

_EXACT = 2**53
"""Up to here a JSON number holds every whole number."""

_CELL_DIGITS = 15
"""The significant digits that a spreadsheet keeps and shows; the rest of a cell is noise of its arithmetic."""

_LONG = _CELL_DIGITS + 1
"""A text shorter than this (the point counted) has no noise."""


def coerce_number(field: Field, cell: Cell, out: pl.Expr, context: Context) -> Coerced:
    """Read a number (Float64)."""
    limits = field.limits
    value = _Reading(cell.value, cell.kind, context.decimal, limits)
    flaws = value.flaws()
    sound = pl.when(~pl.any_horizontal([mask.fill_null(value=False) for _, mask, _ in flaws])).then(value.number)
    text = wrong_text(cell, out)
    wrong = _Reading(text, cell.kind, context.decimal, limits)
    nothing = text.is_not_null() & wrong.number.is_null()
    comma = context.decimal == ","
    example = ("1234,5" if comma else "1234.5") if limits.format != "integer" else "1234"
    checks = [Check("not_a_number", nothing, text, facts={"example": example, "decimal": f'"{context.decimal}"'})]
    checks += [Check(code, mask, text, facts=facts) for code, mask, facts in wrong.flaws()]
    return Coerced(sound, tuple(checks))


class _Reading:
    """A text as a number, and the limits that it breaks."""

    def __init__(self, text: pl.Expr, kind: pl.Expr | None, decimal: str, limits: Validations) -> None:
        self.kind = kind
        shown = text if kind is None else _without_noise(text, kind)
        self.digits = digits_of(shown, decimal, kind)
        self.number = number_of(shown, decimal, kind)
        self.limits = limits

    def flaws(self) -> list[tuple[str, pl.Expr, dict[str, str | int | float]]]:
        """Give code, mask and facts of everything that can be wrong with a number."""
        number, limits = self.number, self.limits
        found: list[tuple[str, pl.Expr, dict[str, str | int | float]]] = [
            ("too_precise", self._inexact(), _exact_facts()),
        ]
        if limits.format == "integer":
            found.append(("not_an_integer", number != number.floor(), {}))
        elif limits.precision is not None:
            found.append(("too_precise", self._finer_than(limits.precision), _places_facts(limits.precision)))
        if limits.min_value is not None:
            found.append(("out_of_range", number < limits.min_value, {"bound": f"at least {limits.min_value:.15g}"}))
        if limits.max_value is not None:
            found.append(("out_of_range", number > limits.max_value, {"bound": f"at most {limits.max_value:.15g}"}))
        if limits.allow_negative is False and (limits.min_value is None or limits.min_value < 0):
            found.append(("out_of_range", number < 0, {"bound": "not negative"}))
        if limits.allow_zero is False:
            found.append(("out_of_range", number == 0, {"bound": "not zero"}))
        return found

    def _inexact(self) -> pl.Expr:
        """Tell whether a whole number changes when it becomes a JSON number; numbers of a workbook are ones already."""
        large = self.number.abs() > _EXACT
        if self.kind is not None:
            large &= self.kind != Kind.NUMBER
        whole = pl.when(large).then(self.digits).str.extract(r"^([^.]*)(?:\.0*)?$", 1).cast(pl.Int128, strict=False)
        # A fraction beyond that size is lost as well: there `whole` is null.
        return large & (whole != self.number.cast(pl.Int128, strict=False)).fill_null(value=True)

    def _finer_than(self, places: int) -> pl.Expr:
        """Tell whether a number has more decimals than `places`; closing zeros do not count."""
        power = self.digits.str.contains("[eE]")
        written = self.digits.str.extract(r"\.([0-9]*?)0*$", 1).str.len_bytes() > places
        return pl.when(power).then(self.number.round(places) != self.number).otherwise(written)


def _without_noise(text: pl.Expr, kind: pl.Expr) -> pl.Expr:
    """Read 19.990000000000002 in a workbook as the 19.99 that the spreadsheet shows; whole numbers stay."""
    noisy = (kind == Kind.NUMBER) & (text.str.len_bytes() > _LONG) & text.str.contains(".", literal=True)
    return pl.coalesce(once_each(pl.when(noisy).then(text), _fifteen_digits), text)


def _fifteen_digits(text: str) -> str | None:
    try:
        return f"{float(text):.{_CELL_DIGITS}g}"
    except ValueError:
        return None


def _exact_facts() -> dict[str, str | int | float]:
    return {
        "kept": f"whole numbers are exact up to {_EXACT}",
        "remedy": "Shorten the number, or keep it in a plain text field, for which long numbers are no trouble.",
    }


def _places_facts(places: int) -> dict[str, str | int | float]:
    kept = {0: "none after the decimal point", 1: "one after the decimal point"}.get(
        places, f"{places} after the decimal point"
    )
    return {
        "kept": kept,
        "remedy": f"Round it, in the sheet or in the mapping file: transform = [{{ round = {places} }}].",
    }
