"""Compiles a mapping for a collection and the columns of a sheet: every rule becomes expressions, once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from importer.mapping.cells import error_in
from importer.mapping.columns import Columns
from importer.mapping.compiled import CheckInfo, Compiled, Folded
from importer.mapping.conditions import Asked
from importer.mapping.constants import check_constants
from importer.mapping.fitting import REFERENCES, check_columns, check_fields, check_key, check_match
from importer.mapping.folding import Folding
from importer.mapping.foreign import check_calls
from importer.mapping.grouping import Grouping
from importer.mapping.identity import rules_digest
from importer.mapping.making import Maker
from importer.mapping.mistakes import Mistakes
from importer.mapping.workbench import Workbench
from importer.schema import reading
from importer.transforms import Surroundings

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from collections.abc import Mapping as Table
    from datetime import date

    import polars as pl

    from importer.fields import ReferenceTable
    from importer.mapping.rules import Mapping
    from importer.mapping.workbench import Planned
    from importer.schema import CollectionSchema, Locales


@dataclass(frozen=True, slots=True)
class ReferenceNeed:
    """A collection that must be read before a mapping can be compiled: whose items a field names, and by what.

    `makes` says that those which are not there are to be made.
    """

    field_slug: str
    collection_id: str
    match: str
    makes: bool = False


def reference_needs(mapping: Mapping, schema: CollectionSchema) -> tuple[ReferenceNeed, ...]:
    """List the tables that reference fields need; those matched by id need none.

    Those matched by key come from the state file of the mapping that fills the other collection.
    """
    needs = []
    for slug, rule in mapping.fields.items():
        field = schema.by_slug.get(slug)
        if field is None or field.type not in REFERENCES or rule.match == "id":
            continue
        match = rule.match or "name"
        makes = rule.missing == "create" and match == "name" and field.limits.collection_id not in {None, schema.id}
        needs.append(ReferenceNeed(slug, field.limits.collection_id or "", match, makes))
    return tuple(needs)


def check_matches(mapping: Mapping, needs: Iterable[tuple[ReferenceNeed, CollectionSchema]]) -> None:
    """Raise MappingError for references that go by what the collections that they name have no field for."""
    mistakes = Mistakes(mapping.name, mapping.lines)
    for need, target in needs:
        check_match(f"fields.{need.field_slug}.match", need.match, target, mistakes)
    mistakes.settle()


def compile_mapping(  # noqa: PLR0913 - what a mapping meets: a collection, a sheet, and the world at this moment
    mapping: Mapping,
    schema: CollectionSchema,
    columns: Sequence[str],
    *,
    kinds: frozenset[str] = frozenset(),
    references: Table[str, ReferenceTable],
    locales: Locales | None,
    today: date,
    draft: bool = False,
    ours: bool = False,
) -> Compiled:
    """Compile a mapping for a collection and a sheet.

    `kinds` names the columns that come with kinds, `references` has a table for each of `reference_needs`, `draft`
    makes every item a draft, `ours` says that the sheet is a rejects file of ours (dates may be ISO there).
    Raises MappingError with everything that does not fit: unknown columns and fields with the nearest right word.
    """
    mistakes = Mistakes(mapping.name, mapping.lines)
    if ours and mapping.source.dates:
        mapping = replace(mapping, source=replace(mapping.source, dates=(*mapping.source.dates, reading.ISO)))
    found = Columns(tuple(columns), kinds)
    check_calls(mapping, mistakes)
    check_columns(mapping, found, mistakes)
    check_fields(mapping, schema, mistakes)
    check_key(mapping, schema, found, mistakes)
    source = mapping.source
    foreign = mapping.foreign.transforms
    around = Surroundings(source.decimal, source.timezone, source.dates, ours, mapping.lookups, found.cell, foreign)
    grouping = Grouping.of(source, found, ours=ours, hooked=mapping.foreign.rows is not None)
    bench = Workbench(found, Asked(found.cell, source, today), source, around, mistakes)
    if grouping is not None and grouping.by:
        bench = _of_items(bench)
    where = bench.asked.holds(mapping.where, lambda name: error_in(name, found)) if mapping.where else None
    maker = Maker(mapping, schema, bench, references, ours)
    maker.fields()
    maker.slug()
    maker.key()
    maker.item(locales, draft=draft or mapping.publish == "draft")
    maker.cells()
    check_constants(mapping, schema, bench, references, locales)
    mistakes.settle()
    digest = rules_digest(mapping, schema, today)
    of_rows, hashes = maker.hashes(digest)
    outputs = maker.outputs()
    below, folding = bench.of_rows, bench.of_rows.folding
    folded = None if folding is None else Folded(folding.done(), _frozen(bench.stages), of_rows)
    return Compiled(
        mapping=mapping,
        schema=schema,
        rules=digest,
        key_rule=maker.key_rule(),
        slug_rule=maker.slug_rule(),
        checks=tuple(_infos(bench.checks)),
        warnings=maker.warnings(),
        key_field=maker.key_field(),
        inputs=tuple(found.inputs()),
        kinded=tuple(found.kinded()),
        where=where,
        stages=_frozen(below.stages),
        planned=tuple(bench.checks),
        outputs=outputs,
        hashes=hashes,
        headers=tuple(found.used),
        grouping=grouping,
        folded=folded,
    )


def _of_items(rows: Workbench) -> Workbench:
    """Give the bench of items above that of their rows."""
    items = Workbench(rows.columns, rows.asked, rows.source, rows.around, rows.mistakes, checks=rows.checks, below=rows)
    rows.folding = Folding(rows, items)
    return items


def _frozen(stages: Sequence[Sequence[pl.Expr]]) -> tuple[tuple[pl.Expr, ...], ...]:
    return tuple(tuple(stage) for stage in stages)


def _infos(checks: Sequence[Planned]) -> list[CheckInfo]:
    """One line for each check and each column that it can blame, in the order of their numbers."""
    return [
        CheckInfo(plan.code, plan.field, column, dict(plan.facts)) for plan in checks for column in plan.blame.columns
    ]
