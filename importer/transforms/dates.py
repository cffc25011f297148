"""The transform that reads dates, and writes them in another form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.model import Kind
from importer.schema import reading
from importer.transforms import arguments
from importer.transforms.steps import Call, Step, Surroundings, Transform

if TYPE_CHECKING:
    import polars as pl

_CANONICAL = "%Y-%m-%dT%H:%M:%S%.3fZ"


def _date(call: Call, around: Surroundings) -> Step:
    formats = call.argument or around.dates
    if formats and around.iso_too and reading.ISO not in formats:
        formats = (*formats, reading.ISO)
    shape = call.options.get("to")

    def run(value: pl.Expr, kind: pl.Expr | None) -> pl.Expr:
        instant = reading.instant_of(value, formats=formats, timezone=around.timezone, kind=kind)
        if shape is None:
            return instant.dt.strftime(_CANONICAL)
        return instant.dt.convert_time_zone(around.timezone).dt.strftime(shape)

    return Step(
        call.name,
        run,
        gives=Kind.DATE if shape is None else None,
        code="transform_failed",
        facts={"transform": call.name},
        python=True,
    )


DATE_TRANSFORMS = (
    Transform(
        "date",
        'reads a date: `{ date = "%d.%m.%Y" }` (one form or several; alone, those of `dates`, else ISO 8601); '
        '`to = "%d %B %Y"` writes it in another form, in the zone of the sheet',
        _date,
        argument=arguments.forms,
        bare=True,
        options={"to": arguments.written_form},
    ),
)
