"""Slugs: the last part of an item's address, which Webflow takes in one form only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from importer.fields.terms import Coerced, Context, filled
from importer.model import Cell, Check

if TYPE_CHECKING:
    from importer.schema import Field

SLUG_PATTERN = r"^[_a-zA-Z0-9][-_a-zA-Z0-9]*$"
"""What Webflow takes; Get Collection hides it (`"pattern": {}`), so it stands here."""

SLUG_LENGTH = 256
"""The characters of a slug (recorded: `{"maxLength": 256}`)."""


def slug_checks(slug: pl.Expr, *, suggest: pl.Expr | None = None, longest: int = SLUG_LENGTH) -> tuple[Check, ...]:
    """Check a given slug (String; null or blank is for others to judge); `suggest` is its slugified form."""
    bad = filled(slug) & ~slug.str.contains(SLUG_PATTERN)
    better = None if suggest is None else pl.when(bad).then(suggest)
    return (
        Check("slug_invalid", bad, slug, better),
        Check("too_long", slug.str.len_chars() > longest, slug, facts={"limit": longest}),
    )


def sound_slug(slug: pl.Expr, *, longest: int = SLUG_LENGTH) -> pl.Expr:
    """Give a slug as it is (String), null where Webflow would not take it."""
    return pl.when(slug.str.contains(SLUG_PATTERN) & (slug.str.len_chars() <= longest)).then(slug)


def coerce_slug(field: Field, cell: Cell, out: pl.Expr, context: Context) -> Coerced:  # noqa: ARG001 - one form for all types
    """Take a slug as it is given, never altered (String)."""
    longest = field.limits.max_length or SLUG_LENGTH
    return Coerced(sound_slug(cell.value, longest=longest), slug_checks(cell.value, longest=longest))
