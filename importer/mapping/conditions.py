"""Conditions (`where`, `when`) as expressions: Boolean, never null."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

import polars as pl

from importer.model import Kind, SourceOptions
from importer.schema import reading

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from importer.mapping.rules import Condition, Constant, Test

TODAY = "today"
"""What `min` and `max` call the day of the run."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What conditions need to know: the columns (text and kind, by the names in the mapping), how cells are read."""

    column: Callable[[str], tuple[pl.Expr, pl.Expr | None]]
    source: SourceOptions
    today: date

    def holds(self, condition: Condition, unknown: Callable[[str], pl.Expr | None] = lambda _: None) -> pl.Expr:
        """Whether any of its tables holds; a table holds if all its lines do.

        `unknown` tells of a column where nobody can say what stands there: a line about it may hold then.
        """

        def line(name: str, test: Test) -> pl.Expr:
            held, perhaps = self._line(*self.column(name), test), unknown(name)
            return held if perhaps is None else held | perhaps

        tables = [
            reduce(lambda one, other: one & other, [line(name, test) for name, test in table])
            for table in condition
            if table
        ]
        return reduce(lambda one, other: one | other, tables) if tables else pl.lit(value=True)

    def _line(self, text: pl.Expr, kind: pl.Expr | None, test: Test) -> pl.Expr:
        """Whether one column passes one test; of an empty cell only `empty` and `not` can hold."""
        held: list[pl.Expr] = []
        if test.one_of is not None:
            held.append(self._is_one_of(text, kind, test.one_of))
        if test.unless is not None:
            held.append(~self._line(text, kind, test.unless))
        if test.empty is not None:
            held.append(text.is_null() if test.empty else text.is_not_null())
        if test.like is not None:
            pattern = "(?s)^" + ".*".join(re.escape(part) for part in _folded(test.like).split("*")) + "$"
            held.append(reading.normalised(text).str.contains(pattern).fill_null(value=False))
        if test.at_least is not None:
            held.append(self._compared(text, kind, test.at_least, lambda cell, bound: cell >= bound))
        if test.at_most is not None:
            held.append(self._compared(text, kind, test.at_most, lambda cell, bound: cell <= bound))
        return reduce(lambda one, other: one & other, held)

    def _is_one_of(self, text: pl.Expr, kind: pl.Expr | None, constants: tuple[Constant, ...]) -> pl.Expr:
        words = [_folded(one.text) for one in constants]
        held = reading.normalised(text).is_in(words).fill_null(value=False)
        numbers = [float(one.text) for one in constants if one.kind is Kind.NUMBER]
        if numbers:
            number = reading.number_of(text, self.source.decimal, kind)
            held |= number.is_in(numbers).fill_null(value=False)
        return held

    def _compared(
        self,
        text: pl.Expr,
        kind: pl.Expr | None,
        bound: Constant,
        compare: Callable[[pl.Expr, pl.Expr], pl.Expr],
    ) -> pl.Expr:
        """Compare as numbers or days, as the bound is; what cannot be read holds nothing."""
        if bound.kind is Kind.NUMBER:
            number = reading.number_of(text, self.source.decimal, kind)
            return compare(number, pl.lit(float(bound.text))).fill_null(value=False)
        day = self.today.isoformat() if bound.text == TODAY else bound.text[:10]
        cell = reading.day_of(text, formats=self.source.dates, timezone=self.source.timezone, kind=kind)
        return compare(cell, pl.lit(day).str.to_date("%Y-%m-%d")).fill_null(value=False)


def mentions_today(condition: Condition | None) -> bool:
    """Whether what holds can change from day to day."""
    return any(_asks_today(test) for table in condition or () for _, test in table)


def _asks_today(test: Test) -> bool:
    bounds = (test.at_least, test.at_most)
    return any(bound is not None and bound.text == TODAY for bound in bounds) or (
        test.unless is not None and _asks_today(test.unless)
    )


def _folded(text: str) -> str:
    """A word of the mapping in the form by which cells are compared."""
    return str(pl.select(reading.normalised(pl.lit(text))).item())
