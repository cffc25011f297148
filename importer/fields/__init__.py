"""The 17 field types: what a cell must say, what is sent for it, and what can be wrong with it; all as expressions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from importer.fields.choices import coerce_color, coerce_option, coerce_switch
from importer.fields.dates import coerce_date
from importer.fields.files import coerce_file, coerce_images
from importer.fields.numbers import coerce_number
from importer.fields.references import coerce_reference, coerce_references
from importer.fields.slugs import SLUG_LENGTH, SLUG_PATTERN, coerce_slug, slug_checks, sound_slug
from importer.fields.terms import (
    BY_KEY,
    UNMADE,
    Coerced,
    Context,
    ReferenceTable,
    filled,
    key_table,
    reference_table,
)
from importer.fields.text import (
    NAME_LENGTH,
    coerce_email,
    coerce_link,
    coerce_phone,
    coerce_plain_text,
    coerce_rich_text,
    coerce_video,
)
from importer.model import Cell, Check
from importer.schema.evaluation import once_for_each_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from importer.schema import Field

__all__ = [
    "BY_KEY",
    "MANY",
    "NAME_LENGTH",
    "SLUG_LENGTH",
    "SLUG_PATTERN",
    "UNMADE",
    "VALUE_TYPES",
    "Coerced",
    "Context",
    "ReferenceTable",
    "coerce",
    "key_table",
    "reference_table",
    "slug_checks",
    "sound_slug",
]

MANY = frozenset({"MultiImage", "MultiReference"})
"""The types that hold several values; their cells are split at `;` and line breaks unless their rule did it."""

_FILE = pl.Struct({"url": pl.String, "alt": pl.String})

VALUE_TYPES: Mapping[str, pl.DataType | type[pl.DataType]] = {
    **dict.fromkeys(("PlainText", "RichText", "Link", "VideoLink", "Email", "Phone", "Color"), pl.String),
    **dict.fromkeys(("DateTime", "Option", "Reference"), pl.String),
    **dict.fromkeys(("Image", "File", "ExtFileRef"), _FILE),
    "Number": pl.Float64,
    "Switch": pl.Boolean,
    "MultiReference": pl.List(pl.String),
    "MultiImage": pl.List(_FILE),
}
"""What `Coerced.value` is for each type."""

_COERCIONS: Mapping[str, Callable[[Field, Cell, pl.Expr, Context], Coerced]] = {
    "PlainText": coerce_plain_text,
    "RichText": coerce_rich_text,
    "Link": coerce_link,
    "VideoLink": coerce_video,
    "Email": coerce_email,
    "Phone": coerce_phone,
    "Number": coerce_number,
    "DateTime": coerce_date,
    "Switch": coerce_switch,
    "Option": coerce_option,
    "Color": coerce_color,
    "Image": coerce_file,
    "File": coerce_file,
    "ExtFileRef": coerce_file,
    "MultiImage": coerce_images,
    "Reference": coerce_reference,
    "MultiReference": coerce_references,
}


_READ = frozenset(VALUE_TYPES) - {"PlainText"}
"""The types whose texts are worth reading once only, for reading them takes some work."""


def coerce(field: Field, cell: Cell, out: pl.Expr, context: Context) -> Coerced:
    """Make the value of a field out of a cell, and the checks of it.

    `cell` holds columns, not computations. The checks may look at `out`, the column in which the value is kept before
    they are evaluated. A cell with a problem gives null, as an empty one does; of a cell of many parts in a field
    of one, the first counts.

    Raises KeyError for a type that cannot be written (see `schema.WRITABLE_TYPES`).
    """
    if cell.many and field.type not in MANY:
        alt = None if cell.alt is None else cell.alt.list.first()
        cell = replace(cell, value=cell.value.list.first(), many=False, alt=alt)
    made = (coerce_slug if field.slug == "slug" else _COERCIONS[field.type])(field, cell, out, context)
    if field.type in _READ and not cell.many and cell.kind is None and cell.alt is None and cell.value.meta.is_column():
        made = replace(made, value=once_for_each_text(cell.value, made.value, VALUE_TYPES[field.type]))
    return (
        replace(made, checks=(Check("required", _says_nothing(cell, field)), *made.checks))
        if field.is_required
        else made
    )


def _says_nothing(cell: Cell, field: Field) -> pl.Expr:
    """Tell whether there is nothing in a cell (Boolean, never null)."""
    if cell.many:
        return ~cell.value.list.eval(filled(pl.element())).list.any().fill_null(value=False)
    said = cell.value.str.contains(r"[^;\s]") if field.type in MANY else filled(cell.value)
    return ~said.fill_null(value=False)
