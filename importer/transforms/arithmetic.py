"""Transforms that read numbers and calculate with them; what comes out is canonical text (`1234.5`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from importer.model import Kind
from importer.schema import reading
from importer.schema.evaluation import staged
from importer.transforms import arguments
from importer.transforms.steps import Call, Step, Surroundings, Transform

if TYPE_CHECKING:
    from collections.abc import Callable

_EXACT = 15
"""Decimal digits that a double holds for certain: what a calculation adds beyond them is noise (19.99 * 100)."""

_WHOLE = 2.0**53


def number_text(number: pl.Expr) -> pl.Expr:
    """Write numbers (Float64) as canonical text: `19.99`, and `5` rather than `5.0`."""
    one = pl.col("number")
    whole = (one == one.floor()) & (one.abs() < _WHOLE)
    text = pl.when(whole).then(one.cast(pl.Int64, strict=False).cast(pl.String)).otherwise(one.cast(pl.String))
    return staged({"number": number}, ({"text": text},), pl.String)


def without_noise(number: pl.Expr) -> pl.Expr:
    """Take off what a column of calculations (Float64) has beyond 15 digits; whole numbers are exact for longer."""
    whole = (number == number.floor()) & (number.abs() < _WHOLE)
    return pl.when(whole).then(number).otherwise(number.round_sig_figs(_EXACT))


def rounded(number: pl.Expr, places: int) -> pl.Expr:
    """Round half away from zero, as people do: 2.675 to two places is 2.68."""
    scale = 10.0 ** abs(places)
    one = pl.col("number")
    large = one * scale if places >= 0 else one / scale
    near = large.round_sig_figs(_EXACT).round(0, mode="half_away_from_zero")
    given = (near / scale if places >= 0 else near * scale).round_sig_figs(_EXACT)
    if places >= 0:
        given = pl.when(one == one.floor()).then(one).otherwise(given)
    return staged({"number": number}, ({"given": given},), pl.Float64)


def _number(call: Call, around: Surroundings) -> Step:
    # Digits are kept as they were written: 0.10 is no calculation, and a number of 20 digits stays one.
    decimal = call.argument or around.decimal
    return _numeric(call, lambda value, kind: reading.digits_of(value, decimal, kind))


def _round(call: Call, around: Surroundings) -> Step:
    places = call.argument or 0

    def run(value: pl.Expr, kind: pl.Expr | None) -> pl.Expr:
        return number_text(rounded(reading.number_of(value, around.decimal, kind), places))

    return _numeric(call, run)


def _calculation(combine: Callable[[pl.Expr, pl.Expr], pl.Expr]) -> Callable[[Call, Surroundings], Step]:
    def make(call: Call, around: Surroundings) -> Step:
        excused, other = None, None
        if call.operand is not None:
            if around.column is None:
                raise ValueError(f"{call.name}: there are no columns to calculate with here")
            text, other_kind = around.column(call.operand)
            other = reading.number_of(text, around.decimal, other_kind)
            excused = text.is_null()
        operand = pl.lit(float(call.argument)) if other is None else pl.col("operand")
        sound = pl.when(pl.col("answer").is_finite()).then(without_noise(pl.col("answer")))
        stages = ({"answer": combine(pl.col("number"), operand)}, {"sound": sound})

        def run(value: pl.Expr, kind: pl.Expr | None) -> pl.Expr:
            number = reading.number_of(value, around.decimal, kind)
            return number_text(staged({"number": number, "operand": other}, stages, pl.Float64))

        return _numeric(call, run, excused)

    return make


def _numeric(call: Call, run: Callable[[pl.Expr, pl.Expr | None], pl.Expr], excused: pl.Expr | None = None) -> Step:
    facts = {"transform": call.name}
    if call.operand is not None:
        facts |= {
            "operand": f' and the column "{call.operand}"',
            "guilty": "one of the two cells that is no number (or a 0 to divide by)",
        }
    return Step(
        call.name,
        run,
        gives=Kind.NUMBER,
        code="transform_failed",
        facts=facts,
        excused=excused,
        python=True,
    )


ARITHMETIC_TRANSFORMS = (
    Transform(
        "number",
        'reads a number as the sheet writes them; `{ number = "," }` says which sign is the decimal one here',
        _number,
        argument=arguments.one_of(".", ","),
        bare=True,
    ),
    Transform(
        "round",
        "rounds to so many places, half away from zero; alone, to whole numbers",
        _round,
        argument=arguments.places,
        bare=True,
    ),
    Transform("add", "adds a number or a column", _calculation(lambda a, b: a + b), argument=arguments.operand),
    Transform(
        "subtract", "takes away a number or a column", _calculation(lambda a, b: a - b), argument=arguments.operand
    ),
    Transform(
        "multiply", "multiplies by a number or a column", _calculation(lambda a, b: a * b), argument=arguments.operand
    ),
    Transform(
        "divide", "divides by a number or a column", _calculation(lambda a, b: a / b), argument=arguments.divisor
    ),
)
