"""Reference and MultiReference: ids of items of another collection, found by what a cell calls them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from importer.fields.parts import parts_of, read_parts, wrong_parts
from importer.fields.terms import UNMADE, Coerced, Context, Facts, filled, nearest, once_each, wrong_text
from importer.model import Cell, Check
from importer.schema.reading import normalised

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from importer.fields.terms import ReferenceTable
    from importer.schema import Field

_ITEM_ID = r"^[0-9a-f]{24}$"


def coerce_reference(field: Field, cell: Cell, out: pl.Expr, context: Context) -> Coerced:
    """Find one item (String, its id)."""
    table = context.references
    wrong = wrong_text(cell, out)
    ambiguous, waits = _ambiguous(wrong, table), _waits(wrong, table)
    facts = _facts(field, table)
    checks = (
        Check(
            "reference_unknown",
            wrong.is_not_null() & ~ambiguous & ~waits,
            wrong,
            _suggested(wrong.str.strip_chars(), table),
            facts,
        ),
        Check("reference_ambiguous", ambiguous, wrong, facts=facts),
        *_waiting(waits, wrong, table, facts),
    )
    return Coerced(_finder(context.references)(cell.value), checks)


def coerce_references(field: Field, cell: Cell, out: pl.Expr, context: Context) -> Coerced:
    """Find several items (List of String, each id once); one that is not found spoils them all."""
    table = context.references
    parts = parts_of(cell)
    ids = read_parts(parts, _finder(table), pl.col("read").unique(maintain_order=True), pl.List(pl.String))
    unknown = wrong_parts(parts, out, _known(table))
    ambiguous = wrong_parts(parts, out, lambda part: pl.when(~_ambiguous(part, table)).then(part))
    waits = wrong_parts(parts, out, lambda part: pl.when(~_waits(part, table)).then(part))
    single = pl.when(~unknown.str.contains("; ", literal=True)).then(unknown)
    facts = _facts(field, table)
    checks = (
        Check("reference_unknown", unknown.is_not_null(), unknown, _suggested(single, table), facts),
        Check("reference_ambiguous", ambiguous.is_not_null(), ambiguous, facts=facts),
        *_waiting(waits.is_not_null(), waits, table, facts),
    )
    return Coerced(ids, checks)


def _finder(table: ReferenceTable | None) -> Callable[[pl.Expr], pl.Expr]:
    """Make the function from a name to an id."""

    def find(text: pl.Expr) -> pl.Expr:
        if table is None:
            name = normalised(text)
            return pl.when(name.str.contains(_ITEM_ID)).then(name)
        name = table.called(text)
        names, ids = table.frame.get_column("match"), table.frame.get_column("id")
        found = name.replace_strict(names, ids, default=None, return_dtype=pl.String)
        return found if table.made is None else pl.coalesce(found, _made(text, found, table, table.made))

    return find


def _made(text: pl.Expr, found: pl.Expr, table: ReferenceTable, made: Mapping[str, str]) -> pl.Expr:
    """Give the ids of items that are made because cells name them; where there is none (yet), the name."""
    missing = filled(text) & found.is_null() & ~_ambiguous(text, table)
    return once_each(pl.when(missing).then(text.str.strip_chars()), lambda name: made.get(name, UNMADE + name))


def _known(table: ReferenceTable | None) -> Callable[[pl.Expr], pl.Expr]:
    """Make the function that leaves a name, also one that is ambiguous or waits, and gives null for an unknown one."""
    find = _finder(table)
    return lambda text: pl.when(find(text).is_not_null() | _ambiguous(text, table) | _waits(text, table)).then(text)


def _waits(text: pl.Expr, table: ReferenceTable | None) -> pl.Expr:
    """Tell whether an item is known, and not published (Boolean, never null)."""
    return pl.lit(value=False) if table is None else table.waits(text)


def _waiting(when: pl.Expr, wrong: pl.Expr, table: ReferenceTable | None, facts: Facts) -> tuple[Check, ...]:
    """Say of items that are not published yet why they cannot be referred to; most tables know of none."""
    if table is None or table.waiting.is_empty():
        return ()
    why = ": the mapping that imports them knows that one, but has not published it (yet)"
    return (Check("reference_unknown", when, wrong, facts={**facts, "why": why}),)


def _ambiguous(text: pl.Expr, table: ReferenceTable | None) -> pl.Expr:
    """Tell whether several items are called so (Boolean, never null)."""
    if table is None or not table.frame.get_column("id").has_nulls():
        return pl.lit(value=False)
    names = table.frame.filter(pl.col("id").is_null()).get_column("match")
    return table.called(text).is_in(names.implode()).fill_null(value=False)


def _suggested(wrong: pl.Expr, table: ReferenceTable | None) -> pl.Expr:
    if table is None or table.match == "id":
        return pl.lit(None, pl.String)
    return nearest(wrong, table.frame.get_column("shown").to_list())


def _facts(field: Field, table: ReferenceTable | None) -> Facts:
    if table is None:
        return {"collection": field.limits.collection_id or "referenced", "match": "id"}
    return {"collection": table.collection, "match": table.match} | ({"why": table.why} if table.why else {})
