"""Whether a mapping fits its collection and its sheet: columns, fields, and keys that a field's type has no use for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.mapping.language import home_of
from importer.mapping.mistakes import nearest
from importer.mapping.rules import Rule
from importer.model import ROW

if TYPE_CHECKING:
    from importer.mapping.columns import Columns
    from importer.mapping.mistakes import Mistakes
    from importer.mapping.rules import Mapping
    from importer.schema import CollectionSchema, Field

REFERENCES = frozenset({"Reference", "MultiReference"})
"""Field types that point to items of another collection."""

FILES = frozenset({"Image", "MultiImage", "File", "ExtFileRef"})
"""Field types that hold files, which Webflow fetches."""

_NAMING_TYPES = frozenset({"PlainText", "Number", "Email", "Phone", "Link"})
"""Field types by which a cell can name an item of another collection: one text, that reads back as it was written."""

_KEY_TYPES = frozenset({"PlainText", "Number", "Email", "Phone", "Link", "DateTime"})


def check_columns(mapping: Mapping, columns: Columns, mistakes: Mistakes) -> None:
    """Note every column that a rule or condition names and the sheet has not."""
    for rule in mapping.rules():
        hint = ""
        if rule is mapping.key:
            hint = ' (a rule as key takes columns; a plain text, key = "slug", is a field of the collection)'
        for path, name in rule.columns():
            constant = rule.sources == (name,) and path == f"{rule.path}.from" and rule.path in _constants(mapping)
            far = f'; for this text in every row write {{ value = "{name}" }}' if constant else ""
            columns.check(path, name, mistakes, hint, far)
    for table in mapping.where:
        for name, _ in table:
            columns.check(f"where.{name}", name, mistakes, _setting(name))
    for key, names in (("fill_down", mapping.source.fill_down), ("group_by", mapping.source.group_by)):
        for name in names:
            columns.check(f"source.{key}", name, mistakes)
            if columns.find(name) == ROW and ROW not in columns.headers:
                mistakes.add(f"source.{key}", f'takes columns of the sheet; "{ROW}" is the number of a row')


def _constants(mapping: Mapping) -> set[str]:
    """Name the rules that may well give each item the same: a name and a slug are no such."""
    return {rule.path for slug, rule in mapping.fields.items() if slug not in {"name", "slug"}}


def check_fields(mapping: Mapping, schema: CollectionSchema, mistakes: Mistakes) -> None:
    """Note fields that are not in the collection or cannot be written, and required ones without a rule."""
    for slug, rule in mapping.fields.items():
        field = schema.by_slug.get(slug)
        if field is None:
            mistakes.add(rule.path, _no_field(slug, schema))
        elif not field.writable:
            mistakes.add(rule.path, f"is a field of the type {field.type}, which Webflow lets nobody write")
        else:
            _check_rule(rule, field, mistakes)
            _check_making(rule, field, schema, mistakes)
    if "name" not in mapping.fields:
        mistakes.add("fields", 'has no rule for "name", which Webflow asks of every item')
    for field in schema.fields:
        if field.is_required and field.writable and field.slug not in {*mapping.fields, "name", "slug"}:
            mistakes.add("fields", f'has no rule for "{field.slug}", which the collection requires')


def check_key(mapping: Mapping, schema: CollectionSchema, columns: Columns, mistakes: Mistakes) -> None:
    """Note a key that is no field, or that no rule fills."""
    key = mapping.key
    if isinstance(key, Rule) or key == "slug":
        return
    field = schema.by_slug.get(key)
    if field is None:
        column = columns.find(key)
        other = f'; for the column of this name write key = {{ from = "{column}" }}' if column else ""
        mistakes.add("key", _no_field(key, schema) + (other or "; a plain text is a field here, not a column"))
    elif key not in mapping.fields:
        mistakes.add("key", f'is the field "{key}", for which [fields] has no rule')
    elif field.type not in _KEY_TYPES:
        mistakes.add("key", f'is the field "{key}" of the type {field.type}, which cannot tell items apart')


def check_match(path: str, match: str, target: CollectionSchema, mistakes: Mistakes) -> None:
    """Note a `match` that is no field of the collection that is referred to, or one that no cell can name."""
    field = target.by_slug.get(match)
    if field is None:
        mistakes.add(path, _no_field(match, target))
    elif field.type not in _NAMING_TYPES:
        mistakes.add(path, f'is the field "{match}" of the type {field.type}, by which no cell can name an item')


def _check_rule(rule: Rule, field: Field, mistakes: Mistakes) -> None:
    """Note keys that mean nothing for a field of this type."""
    kind = field.type
    if kind != "DateTime" and rule.formats:
        mistakes.add(f"{rule.path}.format", f"is for dates, and this field is of the type {kind}")
    if kind not in REFERENCES:
        for key, value in (("match", rule.match), ("missing", rule.missing)):
            if value is not None:
                mistakes.add(f"{rule.path}.{key}", f"is for references, and this field is of the type {kind}")
    if kind not in FILES and rule.alt is not None:
        mistakes.add(f"{rule.path}.alt", f"is for images, and this field is of the type {kind}")
    for inner in (rule.otherwise, rule.alt):
        if inner is not None:
            if inner.match is not None or inner.missing is not None or inner.taken is not None:
                mistakes.add(inner.path, "match, missing and taken belong to the whole rule: write them outside")
            if inner is rule.otherwise:
                _check_rule(inner, field, mistakes)


def _check_making(rule: Rule, field: Field, schema: CollectionSchema, mistakes: Mistakes) -> None:
    """Note a rule that cannot make the items that its cells name: only a name is enough to make one of."""
    if rule.missing != "create" or field.type not in REFERENCES:
        return
    if rule.match not in {None, "name"}:
        mistakes.add(
            f"{rule.path}.missing",
            f'"create" makes items of what cells call them by name: it goes with match = "name", not "{rule.match}"',
        )
    elif field.limits.collection_id == schema.id:
        mistakes.add(
            f"{rule.path}.missing",
            '"create" cannot make items of the collection that this mapping fills itself; the field refers to that one',
        )


def _no_field(slug: str, schema: CollectionSchema) -> str:
    """Say that there is no such field, and which one was probably meant."""
    shown = {field.display_name.strip().casefold(): field.slug for field in schema.fields if field.display_name}
    named = shown.get(slug.strip().casefold())
    if named is not None and named != slug:
        hint = f'; the field "{slug}" has the slug "{named}"'
    else:
        known = [field.slug for field in schema.fields]
        hint = _setting(slug) + (nearest(slug, known) or f"; its fields are {', '.join(known)}")
    return f'there is no field "{slug}" in the collection "{schema.slug or schema.id}"{hint}'


def _setting(name: str) -> str:
    """Say where a setting stands that a table swallowed: all that is written below a [table] belongs to it."""
    home = home_of(name)
    return f" (the setting of this name stands {home})" if home else ""
