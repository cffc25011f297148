"""What a transform is: as the mapping writes it (`Call`), as it is known (`Transform`), and compiled (`Step`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

    from importer.model import Kind

Run = Callable[["pl.Expr", "pl.Expr | None"], "pl.Expr"]
"""Text (String) and its kind (UInt8, if the workbook said one) to text."""

Reader = Callable[[Any], Any]
"""Checks an argument and gives it in the form the transform wants; raises ValueError with what it must be."""


@dataclass(frozen=True, slots=True)
class Call:
    """One transform as a mapping asks for it."""

    name: str
    argument: Any = None
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def operand(self) -> str | None:
        """The column that it calculates with, if any."""
        return self.argument if self.name in _CALCULATING and isinstance(self.argument, str) else None

    @property
    def lookup(self) -> str | None:
        """The lookup table that it asks, if any."""
        return self.argument if self.name == "lookup" else None

    def canonical(self) -> list[Any]:
        """The call as plain data, for digests."""
        return [self.name, self.argument, dict(sorted(self.options.items()))]


_CALCULATING = frozenset({"add", "subtract", "multiply", "divide"})


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What transforms need besides the cell: how the sheet writes numbers and dates, its columns, lookup tables.

    `column` gives the text (String) and the kind (or None) of a column by the name that a mapping uses. `iso_too`:
    dates may be in ISO 8601 besides the forms that the mapping names. `foreign` are transforms that are not ours.
    """

    decimal: str = "."
    timezone: str = "UTC"
    dates: tuple[str, ...] = ()
    iso_too: bool = False
    lookups: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    column: Callable[[str], tuple[pl.Expr, pl.Expr | None]] | None = None
    foreign: Mapping[str, Transform] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """A transform, compiled.

    `gives` is the kind of what comes out (canonical text), `keeps_kind` says that the kind stays what it was.
    `spreads`: a List(String) comes out. `code` is the problem of a row where something gave nothing, except
    where `excused`; `known` are the right values where it knows them. `python`: calls
    Python, which must see the parts of all lists at once.
    """

    name: str
    run: Run
    gives: Kind | None = None
    keeps_kind: bool = False
    spreads: bool = False
    code: str | None = None
    facts: Mapping[str, str | int | float] = field(default_factory=dict)
    excused: pl.Expr | None = None
    known: tuple[str, ...] = ()
    python: bool = False
    outside: bool = False


@dataclass(frozen=True, slots=True)
class Transform:
    """A transform that mappings can name; `says` is its line in the documentation.

    `argument` reads what stands after the name, None where nothing may; `bare` says that the name may stand alone.
    """

    name: str
    says: str
    make: Callable[[Call, Surroundings], Step]
    argument: Reader | None = None
    bare: bool = False
    options: Mapping[str, Reader] = field(default_factory=dict)


def plain(call: Call, run: Callable[[pl.Expr], pl.Expr], *, python: bool = False, keeps_kind: bool = False) -> Step:
    """A step that turns text into text and cannot fail."""
    return Step(call.name, lambda value, _kind: run(value), python=python, keeps_kind=keeps_kind)
