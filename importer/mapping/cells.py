"""What can be wrong with cells and rows before any rule looks at them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from importer.mapping.columns import CELL, CELL_KIND
from importer.mapping.compiled import ERROR_TEXT, ROW_BROKEN
from importer.mapping.rules import Mapping, Rule
from importer.mapping.workbench import Blame, Planned, Workbench
from importer.model import BROKEN, Check, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.mapping.columns import Columns
    from importer.schema import CollectionSchema

_EXACT = float(1 << 53)
"""Beyond this a number of a workbook is no longer the one that was written: it has room for 15 digits, some 16."""

_UNCALCULATED = {
    "what": "the formula",
    "instead": "and no result of it",
    "remedy": "Open the file in Excel or LibreOffice, which calculate it, save it there, and run again.",
}
"""What is said of a formula that the program which wrote the file never calculated."""

_TEXTS = frozenset({"PlainText", "RichText", "Phone", "Reference", "MultiReference"})
"""Field types that take any digits; all others look at what the number is, or refuse it anyway."""


def check_cells(mapping: Mapping, schema: CollectionSchema, bench: Workbench) -> None:
    """Plan the checks of rows that could not be read, of errors, and of numbers that have lost their last digits.

    They look at rows, on the bench of those.
    """
    nowhere = pl.lit(0, dtype=pl.UInt8)
    broken = pl.col(BROKEN)
    bench.plan(Planned(ROW_BROKEN, None, Blame((None,), nowhere), broken.is_not_null(), broken))
    exact = {bench.columns.find(name) for name in _read_as_text(mapping, schema)}
    for header in bench.columns.kinded():
        blame = Blame((header,), nowhere)
        text = pl.col(ERROR_TEXT + header)
        formula = text.str.starts_with("=")
        bench.plan(Planned("cell_error", None, blame, text.is_not_null() & ~formula, text))
        bench.plan(Planned("cell_error", None, blame, formula, text, facts=_UNCALCULATED))
        if header in exact:
            cell = pl.col(CELL + header)
            long = (pl.col(CELL_KIND + header) == Kind.NUMBER) & (cell.str.len_bytes() > 15)  # noqa: PLR2004 - digits
            bench.keep(long.fill_null(value=False), f"g:digits:{header}")
            lost = cell.str.contains(r"^-?[0-9]+$") & (cell.cast(pl.Float64, strict=False).abs() > _EXACT)
            bench.plan(Planned("digits_lost", None, blame, lost, cell, gate=f"g:digits:{header}"))


def error_in(name: str, columns: Columns) -> pl.Expr | None:
    """Tell in which rows a used column holds an error of the spreadsheet (Boolean); None where it never can."""
    header = columns.find(name)
    return pl.col(ERROR_TEXT + header).is_not_null() if header is not None and header in columns.kinds else None


def unless_error(check: Check, blame: Blame, bench: Workbench) -> pl.Expr:
    """Tell where a check holds and no cell that it is about has an error: that one is told, and is enough."""
    when = check.when
    for name in blame.columns:
        error = None if name is None else error_in(name, bench.columns)
        if error is not None:
            when &= ~bench.anywhere(error)
    return when


def _read_as_text(mapping: Mapping, schema: CollectionSchema) -> Iterator[str]:
    """Name the columns whose numbers are identifiers, names or addresses, and not amounts."""
    for slug, rule in mapping.fields.items():
        field = schema.by_slug.get(slug)
        if field is not None and field.type in _TEXTS:
            yield from _texts_of(rule)
    for other in (mapping.key, mapping.row_locale):
        if isinstance(other, Rule):
            yield from _texts_of(other)


def _texts_of(rule: Rule) -> Iterator[str]:
    yield from rule.sources
    yield from (piece.column for part in rule.template or () for piece in part.pieces if piece.column is not None)
    for inner in (rule.otherwise, rule.alt):
        if inner is not None:
            yield from _texts_of(inner)
