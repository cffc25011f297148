"""Reference and MultiReference: ids of items of another collection, found by what a cell calls them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from importer.fields.parts import parts_of, read_parts, wrong_parts
from importer.fields.terms import Coerced, Context, Facts, nearest, wrong_text
from importer.model import Cell, Check
from importer.schema.reading import normalised

if TYPE_CHECKING:
    from collections.abc import Callable

    from importer.fields.terms import ReferenceTable
    from importer.schema import Field

_ITEM_ID = r"^[0-9a-f]{24}$"


def coerce_reference(field: Field, cell: Cell, out: pl.Expr, context: Context) -> Coerced:
    """Find one item (String, its id)."""
    wrong = wrong_text(cell, out)
    ambiguous = _ambiguous(wrong, context.references)
    facts = _facts(field, context.references)
    checks = (
        Check(
            "reference_unknown",
            wrong.is_not_null() & ~ambiguous,
            wrong,
            _suggested(wrong.str.strip_chars(), context.references),
            facts,
        ),
        Check("reference_ambiguous", ambiguous, wrong, facts=facts),
    )
    return Coerced(_finder(context.references)(cell.value), checks)


def coerce_references(field: Field, cell: Cell, out: pl.Expr, context: Context) -> Coerced:
    """Find several items (List of String, each id once); one that is not found spoils them all."""
    table = context.references
    parts = parts_of(cell)
    ids = read_parts(parts, _finder(table), pl.col("read").unique(maintain_order=True), pl.List(pl.String))
    unknown = wrong_parts(parts, out, _known(table))
    ambiguous = wrong_parts(parts, out, lambda part: pl.when(~_ambiguous(part, table)).then(part))
    single = pl.when(~unknown.str.contains("; ", literal=True)).then(unknown)
    facts = _facts(field, table)
    checks = (
        Check("reference_unknown", unknown.is_not_null(), unknown, _suggested(single, table), facts),
        Check("reference_ambiguous", ambiguous.is_not_null(), ambiguous, facts=facts),
    )
    return Coerced(ids, checks)


def _finder(table: ReferenceTable | None) -> Callable[[pl.Expr], pl.Expr]:
    """Make the function from a name to an id."""

    def find(text: pl.Expr) -> pl.Expr:
        name = normalised(text)
        if table is None:
            return pl.when(name.str.contains(_ITEM_ID)).then(name)
        names, ids = table.frame.get_column("match"), table.frame.get_column("id")
        return name.replace_strict(names, ids, default=None, return_dtype=pl.String)

    return find


def _known(table: ReferenceTable | None) -> Callable[[pl.Expr], pl.Expr]:
    """Make the function that leaves a name, an ambiguous one too, and gives null for an unknown one."""
    find = _finder(table)
    return lambda text: pl.when(find(text).is_not_null() | _ambiguous(text, table)).then(text)


def _ambiguous(text: pl.Expr, table: ReferenceTable | None) -> pl.Expr:
    """Tell whether several items are called so (Boolean, never null)."""
    if table is None or not table.frame.get_column("id").has_nulls():
        return pl.lit(value=False)
    names = table.frame.filter(pl.col("id").is_null()).get_column("match")
    return normalised(text).is_in(names.implode()).fill_null(value=False)


def _suggested(wrong: pl.Expr, table: ReferenceTable | None) -> pl.Expr:
    if table is None or table.match == "id":
        return pl.lit(None, pl.String)
    return nearest(wrong, table.frame.get_column("shown").to_list())


def _facts(field: Field, table: ReferenceTable | None) -> Facts:
    if table is None:
        return {"collection": field.limits.collection_id or "referenced", "match": "id"}
    return {"collection": table.collection, "match": table.match}
