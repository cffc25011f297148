"""Tries out the constants of a mapping: one that its field cannot hold is a mistake of the file, not of each row."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from importer.errors.problems import describe
from importer.mapping.columns import Columns
from importer.mapping.conditions import Asked
from importer.mapping.making import Maker
from importer.mapping.mistakes import Mistakes
from importer.mapping.rules import Rule
from importer.mapping.workbench import Workbench
from importer.model import BROKEN, ROW
from importer.transforms.foreign import evaluated

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping as Table

    from importer.fields import ReferenceTable
    from importer.mapping.rules import Mapping
    from importer.mapping.workbench import Planned
    from importer.schema import CollectionSchema, Locales

_ROW = pl.DataFrame({ROW: [0], BROKEN: [None]}, schema={ROW: pl.UInt32, BROKEN: pl.String})
"""The one row in which a constant is tried out."""

_OF_ROWS = frozenset({"required", "key_empty"})
"""Problems that say nothing of the constant itself."""


def check_constants(
    mapping: Mapping,
    schema: CollectionSchema,
    bench: Workbench,
    references: Table[str, ReferenceTable],
    locales: Locales | None,
) -> None:
    """Note every `value` and `default` that its field's type, options or references have no place for."""
    alone = replace(mapping, key="slug", draft=None, archived=None, row_locale=None, fields={})
    for slug, rule in mapping.fields.items():
        for path, trial in _trials(rule, rule):
            _try(replace(alone, fields={slug: trial}), path, schema, bench, references, locales)
    for path, trial in _trials(mapping.draft, mapping.draft):
        _try(replace(alone, draft=trial), path, schema, bench, references, locales)
    for path, trial in _trials(mapping.archived, mapping.archived):
        _try(replace(alone, archived=trial), path, schema, bench, references, locales)
    for path, trial in _trials(mapping.row_locale, mapping.row_locale):
        _try(replace(alone, row_locale=trial), path, schema, bench, references, locales)


def _trials(rule: Rule | None, outer: Rule | None) -> Iterator[tuple[str, Rule]]:
    """Give each constant of a rule as a rule of its own, with all that it would go through, and its key path.

    What is calculated with a column cannot be tried out without one.
    """
    if rule is None or outer is None:
        return
    bare = Rule(rule.path, match=outer.match, missing=outer.missing, formats=rule.formats or outer.formats)
    if rule.value is not None and all(call.operand is None for call in rule.transforms):
        steps = replace(bare, split=rule.split, transforms=rule.transforms, pick=rule.pick, join=rule.join)
        yield rule.path, replace(steps, value=rule.value)
    if rule.default is not None:
        yield f"{rule.path}.default", replace(bare, value=rule.default)
    yield from _trials(rule.otherwise, outer)


def _try(
    mapping: Mapping,
    path: str,
    schema: CollectionSchema,
    bench: Workbench,
    references: Table[str, ReferenceTable],
    locales: Locales | None,
) -> None:
    columns = Columns((), frozenset())
    apart = Workbench(
        columns, Asked(columns.cell, bench.source, bench.asked.today), bench.source, bench.around, Mistakes("")
    )
    maker = Maker(mapping, schema, apart, references, ours=False)
    maker.fields()
    if "slug" in mapping.fields:
        maker.slug()
    if not mapping.fields:
        maker.item(locales, draft=False)
    row = _ROW
    for stage in apart.stages:
        row = evaluated(row, stage)
    for plan in apart.checks:
        if plan.code not in _OF_ROWS and row.select(plan.when.fill_null(value=False)).item():
            bench.mistakes.add(path, _sentence(plan, row))


def _sentence(plan: Planned, row: pl.DataFrame) -> str:
    """Say what is wrong with a constant; advice that is meant for cells is left out."""
    value, better = (
        None if one is None else row.select(one.cast(pl.String)).item() for one in (plan.value, plan.suggest)
    )
    message, fix = describe(plan.code, value=value, field=plan.field, suggest=better, facts=plan.facts)
    return message.removesuffix(".") if "cell" in fix else f"{message} {fix}".removesuffix(".")
