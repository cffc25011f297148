"""Rows as items, in the bytes that are sent; problems as sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import polars as pl

from importer.errors.problems import describe, shorten
from importer.mapping.compiled import ROW_BROKEN, VALUE
from importer.model import Item, Problem
from importer.schema import content

if TYPE_CHECKING:
    from collections.abc import Sequence

    from importer.mapping.compiled import Compiled

_WHOLE = 2.0**53
_AS_THEY_ARE = frozenset({pl.String(), pl.Boolean()})
"""Types of columns whose values are JSON already."""


def items_of(mapped_frame: pl.DataFrame, compiled: Compiled) -> list[Item]:
    """Make the items of mapped rows without problems (of a part of `Mapped.frame`)."""
    fields = [
        (name, name.removeprefix(VALUE), kind in _AS_THEY_ARE)
        for name, kind in mapped_frame.schema.items()
        if name.startswith(VALUE)
    ]
    return [_item(row, fields, compiled) for row in mapped_frame.iter_rows(named=True)]


def _item(row: dict[str, Any], fields: Sequence[tuple[str, str, bool]], compiled: Compiled) -> Item:
    """Make the item of a row; `fields` has the column, the slug, and whether its values are sent as they are."""
    field_data = {
        slug: value if as_it_is else _sent(value) for name, slug, as_it_is in fields if (value := row[name]) is not None
    }
    field_data["slug"] = row["_slug"]
    body: dict[str, Any] = {"isArchived": row["_archived"], "isDraft": row["_draft"]}
    if row["_locale"]:
        body["cmsLocaleId"] = row["_locale"]
    body["fieldData"] = field_data
    return Item(
        key=row["_key"],
        locale=row["_locale"],
        row=row["_row"],
        rows=(row["_row"],),
        slug=row["_slug"],
        name=row["_name"],
        draft=row["_draft"],
        archived=row["_archived"],
        body=orjson.dumps(body),
        files=row["_files"],
        source_hash=row["_hash"],
        fingerprint=content.fingerprint(field_data),
        readable=content.readable(field_data, compiled.schema),
    )


def _sent(value: Any) -> Any:
    """A value as JSON has it: whole numbers without a point, files without an empty alt text."""
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) <= _WHOLE else value
    if isinstance(value, list):
        return [_sent(one) for one in value]
    if isinstance(value, dict):
        return {key: one for key, one in value.items() if one is not None}
    return value


def problems_of(problems: pl.DataFrame, compiled: Compiled) -> list[Problem]:
    """Put problems (a part of `Mapped.problems`) into sentences."""
    told = []
    for row, check, value, suggest in problems.iter_rows():
        info = compiled.checks[check]
        facts = {**info.facts, "reason": value or ""} if info.code == ROW_BROKEN else info.facts
        message, fix = describe(
            info.code, value=value, field=info.field, column=info.column, suggest=suggest, facts=facts
        )
        shown = None if value is None else shorten(value)
        told.append(Problem(row, info.column, info.field, info.code, shown, message, fix))
    return told
