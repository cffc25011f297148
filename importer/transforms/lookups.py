"""The transform that looks a value up in a table of the mapping."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from importer.schema import reading
from importer.transforms import arguments
from importer.transforms.distinct import on_distinct
from importer.transforms.steps import Call, Step, Surroundings, Transform

if TYPE_CHECKING:
    from collections.abc import Mapping


_MANY = 500
"""From so many values on, a table is not made again for each batch: it is asked for the different texts of it only."""

_KNOWN = 5_000
"""Of more values than that nobody is told the nearest one: each wrong text would cost a look at them all."""


def _looked_up(value: pl.Expr, table: Mapping[str, str]) -> pl.Expr:
    """The table's value: by the text as written, else without case and outer blanks."""
    folded = pl.DataFrame({"key": list(table), "value": list(table.values())}, schema_overrides={"key": pl.String})
    folded = folded.with_columns(reading.normalised(pl.col("key"))).unique("key", keep="first", maintain_order=True)
    bare, loose = value.str.strip_chars(), reading.normalised(value)
    if len(table) >= _MANY:
        near = dict(folded.iter_rows())
        found = on_distinct(loose, near.get, pl.String)
        return found if folded.height == len(table) else pl.coalesce(on_distinct(bare, table.get, pl.String), found)
    exact = bare.replace_strict(list(table), list(table.values()), default=None)
    found = loose.replace_strict(folded["key"], folded["value"], default=None)
    return found if folded.height == len(table) else pl.coalesce(exact, found)


def _lookup(call: Call, around: Surroundings) -> Step:
    table = around.lookups[call.argument]
    missing = call.options.get("missing", "reject")

    def run(value: pl.Expr, _kind: pl.Expr | None) -> pl.Expr:
        found = _looked_up(value, table)
        return pl.coalesce(found, value) if missing == "keep" else found

    return Step(
        call.name,
        run,
        code="lookup_unknown" if missing == "reject" else None,
        facts={"lookup": call.argument},
        known=tuple(table) if len(table) <= _KNOWN else (),
        python=len(table) >= _MANY,
        outside=True,
    )


LOOKUP_TRANSFORMS = (
    Transform(
        "lookup",
        "gives the value that stands for this one in `[lookup.NAME]`; an unknown one is a problem, unless "
        '`missing = "keep"` keeps it or `missing = "skip"` leaves nothing',
        _lookup,
        argument=arguments.text,
        options={"missing": arguments.one_of("reject", "keep", "skip")},
    ),
)
