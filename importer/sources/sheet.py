"""A sheet of a workbook as it was found, whatever program wrote it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a sheet, from its first row on: canonical texts and, unless all of them are text, their kinds."""

    texts: pl.Series
    kinds: pl.Series | None = None


@dataclass(frozen=True, slots=True)
class Tab:
    """A sheet as its workbook lists it; `table`: it has cells, and is no chart on a sheet of its own."""

    name: str
    shown: bool = True
    table: bool = True


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle of cells, counted from 0; `bottom` and `right` belong to it."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """The cells of a sheet, `columns` from A on, all of one height, and what else a person sees of it.

    Rows and columns count from 0. `hidden_rows` are those that hold anything; `links` are the addresses behind cells,
    `worked_out` the cells whose address is the result of a formula; `percents` are columns with numbers shown as such.
    `blind`: the format lets us see neither links nor number formats.
    """

    columns: tuple[Column, ...] = ()
    hidden_rows: tuple[int, ...] = ()
    hidden_columns: frozenset[int] = frozenset()
    merged: tuple[Area, ...] = ()
    links: Mapping[tuple[int, int], str] = field(default_factory=dict)
    worked_out: tuple[tuple[int, int], ...] = ()
    percents: frozenset[int] = frozenset()
    blind: bool = False
