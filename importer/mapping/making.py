"""Makes the columns of items: fields, slug, key, draft, archived and locale, and what is checked about them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from dataclasses import field as default
from typing import TYPE_CHECKING

import polars as pl

from importer.errors import Bug
from importer.fields import Context, ReferenceTable, coerce
from importer.mapping.cells import check_cells, unless_error
from importer.mapping.columns import CELL, CELL_KIND
from importer.mapping.compiled import VALUE
from importer.mapping.fitting import FILES, REFERENCES
from importer.mapping.flow import MANY_TYPES, Flow, Target
from importer.mapping.folding import ORIGIN, ROWS
from importer.mapping.identity import canonical, key_text, row_hashes
from importer.mapping.locales import locale_names, mapping_locale
from importer.mapping.pipeline import Pipeline
from importer.mapping.rules import Mapping, Rule
from importer.mapping.workbench import Blame, Planned, Workbench
from importer.model import BROKEN, ROW, Cell, Check
from importer.schema import CollectionSchema, Field, Locales, reading
from importer.transforms import slugified
from importer.transforms.arithmetic import number_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from collections.abc import Mapping as Table

_KEY, _SLUG, _DRAFT, _ARCHIVED, _LOCALE = "i:key", "i:slug", "i:draft", "i:archived", "i:locale"
_ID = r"^[0-9a-f]{24}$"

NO_SLUG_IN_NAME = {
    "why": "gives no slug: nothing in it can be written with letters from a to z or digits",
    "remedy": 'Give the sheet a column of slugs, and say so in [fields] of the mapping file: slug = "Slug"',
}
"""What is wrong where the mapping has no rule for the slug, and the name holds nothing that one can be made of."""

_OF_SEVERAL = {
    "required": {"nothing": "no row of this item has anything"},
    "key_empty": {"keyless": "No row of this item has a"},
}
"""How it is put of items of several rows."""

_MISSING = frozenset({"required", "key_empty"})
"""Codes that say that there is nothing."""


@dataclass(slots=True)
class Maker:
    """Makes the columns of items, one kind after the other, on the workbench of items."""

    mapping: Mapping
    schema: CollectionSchema
    bench: Workbench
    references: Table[str, ReferenceTable]
    ours: bool
    flows: dict[str, Flow] = default(default_factory=dict)
    _named: dict[str, Blame] = default(default_factory=dict)

    def fields(self) -> None:
        """Make the values of all fields but the slug."""
        for slug, rule in self.mapping.fields.items():
            field = self.schema.by_slug.get(slug)
            if slug == "slug" or field is None or not field.writable:
                continue
            if slug == "name":
                field = field.model_copy(update={"is_required": True})
            self.flows[slug] = self._field(field, rule)

    def slug(self) -> None:
        """Make the slug: as it is given, or out of the name."""
        rule = self.mapping.fields.get("slug")
        if rule is None:
            self._slug_of_name()
            return
        field = self.schema.by_slug.get("slug", Field(slug="slug", type="PlainText", display_name="Slug"))
        field = field.model_copy(update={"is_required": True})
        before = len(self.bench.checks)
        flow = Pipeline(self.bench.of_rows, Target("slug", "PlainText")).run(rule)
        self.flows["slug"] = flow
        self._named["_slug"] = flow.blame
        made = coerce(field, Cell(flow.value), pl.col(VALUE + "slug"), self._context(rule, field))
        self.bench.keep(made.value, VALUE + "slug")
        gate = self._gate(field, flow.value)
        for check in self._not_twice(made.checks, before):
            better = slugified(flow.value) if check.code == "slug_invalid" else check.suggest
            self._plan(replace(check, suggest=better), "slug", flow.blame, gate)
        self.bench.keep(pl.coalesce(pl.col(VALUE + "slug"), flow.value), _SLUG)

    def key(self) -> None:
        """Make the key. The slug needs no `key_empty`: a row without one has a problem of its own already."""
        key = self.mapping.key
        if key == "slug":
            self.bench.keep(key_text(pl.col(_SLUG), slug=True), _KEY)
            return
        if isinstance(key, Rule):
            flow, name = Pipeline(self.bench.of_rows, Target(None, "PlainText")).run(key), None
        else:
            known = self.flows.get(key)
            if known is None or known.many:
                return
            flow, name = known, key
        self._named["_key"] = flow.blame
        text = flow.value
        field = self.schema.by_slug.get(name or "")
        if field is not None and field.type == "Number":
            text = pl.coalesce(number_text(pl.col(VALUE + field.slug)), text)
        self.bench.keep(key_text(text, slug=False), _KEY)
        if field is None or not (field.is_required or field.slug == "name"):
            self._plan(Check("key_empty", pl.col(_KEY).is_null()), name, flow.blame)

    def item(self, locales: Locales | None, *, draft: bool) -> None:
        """Make draft, archived and locale."""
        for name, column, rule, always in (
            ("draft", _DRAFT, self.mapping.draft, draft),
            ("archived", _ARCHIVED, self.mapping.archived, False),
        ):
            if rule is None or always:
                self.bench.keep(pl.lit(always), column)
                continue
            flow = Pipeline(self.bench.of_rows, Target(name, "Switch")).run(rule)
            made = coerce(
                Field(slug=name, type="Switch"), Cell(flow.value, kind=flow.kind), pl.col("y:" + name), Context()
            )
            self.bench.keep(made.value, "y:" + name)
            for check in made.checks:
                self._plan(check, name, flow.blame)
            self.bench.keep(pl.col("y:" + name).fill_null(value=False), column)
        self._locale(locales)

    def cells(self) -> None:
        """Check what can be wrong with cells and rows before any rule looks at them."""
        check_cells(self.mapping, self.schema, self.bench.of_rows)

    def hashes(self, digest: str) -> tuple[tuple[pl.Expr, ...], tuple[pl.Expr, pl.Expr]]:
        """Give the two halves of the hash of a row of several (nothing where a row is an item), and of an item."""
        cells, others = list(self._cells()), list(self._others())
        if self.bench.below is None:
            return (), row_hashes(digest, [*cells, *others])
        of_rows = row_hashes(digest, cells)
        return of_rows, row_hashes(digest, [*(pl.col(one.meta.output_name()) for one in of_rows), *others])

    def outputs(self) -> tuple[pl.Expr, ...]:
        """Select what `Mapped.frame` shows; the hash is put in later, where it is asked for."""
        sound = pl.col(BROKEN).is_null()  # nothing identifies a row that could not be read
        values = [pl.col(VALUE + slug) for slug in ("slug", *self.flows) if slug != "slug" or "slug" not in self.flows]
        return (
            pl.col(ROW),
            pl.when(sound).then(pl.col(_KEY)).alias("_key"),
            pl.when(sound).then(pl.col(_SLUG)).alias("_slug"),
            pl.col(VALUE + "name").alias("_name"),
            pl.col(_DRAFT).alias("_draft"),
            pl.col(_ARCHIVED).alias("_archived"),
            pl.col(_LOCALE).alias("_locale"),
            self._files().alias("_files"),
            pl.lit(None, dtype=pl.String).alias("_hash"),
            *values,
            *(() if self.bench.below is None else (pl.col(ROWS), *self._origins())),
        )

    def _origins(self) -> Iterator[pl.Expr]:
        """Name the rows that an item's key and slug come from."""
        for name in ("_key", "_slug"):
            blame = self._named.get(name, self._named.get("_slug"))
            row = None if blame is None else blame.row
            yield (pl.col(ROW) if row is None else pl.coalesce(row, ROW)).alias(name + ORIGIN)

    def key_rule(self) -> str:
        """Tell how items are told apart, as canonical text."""
        key = self.mapping.key
        if isinstance(key, Rule):
            return canonical({"key": key.canonical()})
        if key == "slug":
            return canonical({"key": "slug", "slug": self.slug_rule()})
        return canonical({"key": key, "rule": self.mapping.fields[key].canonical()})

    def slug_rule(self) -> str:
        """Tell how slugs are made, as canonical text."""
        rule = self.mapping.fields.get("slug")
        if rule is not None:
            return canonical({"slug": replace(rule, taken=None).canonical()})  # it changes no slug that an item has
        return canonical({"name": self.mapping.fields["name"].canonical()})

    def key_field(self) -> str | None:
        """Name the field of the collection that holds the key, None where Webflow does not hold it."""
        key = self.mapping.key
        if not isinstance(key, Rule):
            return key
        told = key.canonical()
        for slug, rule in self.mapping.fields.items():
            field = self.schema.by_slug[slug]
            if rule.canonical() == told and field.type in {"PlainText", "Number", "Email", "Phone", "Link"}:
                return slug
        return None

    def warnings(self) -> tuple[str, ...]:
        """Say what is allowed, and may still surprise."""
        return tuple(self._warnings())

    def _warnings(self) -> Iterator[str]:
        name = self.mapping.name
        key = self.mapping.key
        rule = key if isinstance(key, Rule) else self.mapping.fields.get(key, self.mapping.fields["name"])
        key_columns = {self.bench.columns.find(column) for _, column in rule.columns()}
        of_name = {self.bench.columns.find(column) for _, column in self.mapping.fields["name"].columns()}
        if key_columns and key_columns == of_name:
            yield (
                f"{name}: key: items are told apart by their name: one whose name is edited in the sheet becomes a new "
                'item. Where the sheet has an id or a slug, use it: key = { from = "ID" }'
            )
        if self.key_field() is None:
            yield (
                f"{name}: key: no field of the collection holds the key, so a lost state file cannot be healed from "
                "Webflow. A field for it (PlainText) with the same rule would hold it"
            )
        for slug in self.mapping.fields:
            if self.schema.by_slug[slug].type == "ExtFileRef":
                yield f"{name}: fields.{slug}: Webflow documents no way to write ExtFileRef fields; it may refuse them"

    def _field(self, field: Field, rule: Rule) -> Flow:
        """Make the value of one field."""
        before = len(self.bench.checks)
        flow = Pipeline(self.bench.of_rows, Target(field.slug, field.type)).run(rule)
        context = self._context(rule, field)
        cell = Cell(flow.value, many=flow.many, kind=flow.kind, alt=flow.alt)
        if rule.missing == "skip":
            cell = replace(cell, value=self.bench.keep(_only_known(cell, context.references)))
        made = coerce(field, cell, pl.col(VALUE + field.slug), context)
        self.bench.keep(made.value, VALUE + field.slug)
        gate = self._gate(field, cell.value)
        for check in self._not_twice(made.checks, before):
            self._plan(check, field.slug, flow.blame, gate)
        return flow

    def _gate(self, field: Field, cell: pl.Expr) -> str:
        """Name the column that tells where a field's checks must look: where a cell gave no value.

        What is wrong gives null, so that is all there can be; looking nowhere else makes checks some 10 times cheaper.
        """
        nothing = pl.col(VALUE + field.slug).is_null()
        gate = "g:" + field.slug
        self.bench.keep(nothing if field.is_required else nothing & cell.is_not_null(), gate)
        return gate

    def _not_twice(self, checks: Iterable[Check], before: int) -> Iterator[Check]:
        """Call a value missing only where no step of its rule failed: else the cell is filled, with something wrong."""
        steps = self.bench.checks[before:]
        for check in checks:
            missing = check.code == "required" and steps
            yield replace(check, when=check.when & ~pl.any_horizontal(map(self._failed, steps))) if missing else check

    def _failed(self, plan: Planned) -> pl.Expr:
        """Tell of an item where a check found something, in any of its rows."""
        failed = plan.when.fill_null(value=False)
        return failed if plan.of_item else self.bench.anywhere(failed)

    def _slug_of_name(self) -> None:
        """Make the slug of the name; where that leaves nothing, name the name."""
        flow = self.flows.get("name")
        if flow is None:
            return
        self._named["_slug"] = flow.blame
        self.bench.keep(slugified(flow.value), VALUE + "slug")
        self.bench.keep(pl.col(VALUE + "slug"), _SLUG)
        nothing = flow.value.is_not_null() & pl.col(VALUE + "slug").is_null()
        self._plan(Check("slug_invalid", nothing, flow.value, facts=NO_SLUG_IN_NAME), "slug", flow.blame)

    def _context(self, rule: Rule, field: Field) -> Context:
        source = self.mapping.source
        table = None
        if field.type in REFERENCES and rule.match != "id":
            table = self.references.get(field.slug)
            if table is None:
                raise Bug(f"no table of references was handed over for the field {field.slug}")
        formats = _formats(rule, source.dates)
        if self.ours and formats and reading.ISO not in formats:
            formats = (*formats, reading.ISO)
        return Context(source.timezone, source.decimal, formats, source.base_url, table)

    def _locale(self, locales: Locales | None) -> None:
        """Make the locale: the row's, else the mapping's, else the primary one."""
        said = mapping_locale(self.mapping.locale, locales, self.bench.mistakes)
        rule = self.mapping.row_locale
        if rule is None:
            self.bench.keep(pl.lit(said), _LOCALE)
            return
        flow = Pipeline(self.bench.of_rows, Target("locale", "PlainText")).run(rule)
        names = locale_names(locales)
        text = self.bench.keep(reading.normalised(flow.value).str.replace_all("_", "-", literal=True))
        if locales is None:
            found: pl.Expr = pl.when(text.str.contains(_ID)).then(text)
        else:
            found = text.replace_strict(list(names), list(names.values()), default=None, return_dtype=pl.String)
        kept = self.bench.keep(found)
        tags = [one.tag for one in locales.all if one.tag] if locales else []
        facts = {"locales": ", ".join(tags)} if tags else {}
        unknown = Check("locale_unknown", text.is_not_null() & kept.is_null(), flow.value, facts=facts)
        self._plan(unknown, "locale", flow.blame)
        self.bench.keep(kept.fill_null(pl.lit(said)), _LOCALE)

    def _files(self) -> pl.Expr:
        """Count the files of an item."""
        counts = [pl.lit(0, dtype=pl.UInt32)]
        for slug in self.flows:
            kind = self.schema.by_slug[slug].type if slug in self.schema.by_slug else ""
            if kind in FILES:
                value = pl.col(VALUE + slug)
                counts.append(
                    value.list.len().fill_null(0) if kind in MANY_TYPES else value.is_not_null().cast(pl.UInt32)
                )
        return pl.sum_horizontal(counts).cast(pl.UInt32)

    def _cells(self) -> Iterable[pl.Expr]:
        """Give what of a row makes two versions of it differ; the order of rules counts for nothing."""
        for header in sorted(self.bench.columns.used):
            yield pl.col(CELL + header)
        for header in sorted(self.bench.columns.kinded()):
            yield pl.col(CELL_KIND + header)
        yield from (given for _, given in sorted(self.bench.of_rows.resolved, key=lambda one: one[0]))

    def _others(self) -> Iterable[pl.Expr]:
        """Give what else makes two versions of an item differ, besides the rules."""
        for column in (_DRAFT, _ARCHIVED, _LOCALE):
            yield pl.col(column)
        for slug in sorted(self.mapping.fields):
            kind = self.schema.by_slug[slug].type if slug in self.schema.by_slug else ""
            if kind in REFERENCES:
                value = pl.col(VALUE + slug)
                yield value.list.join(" ") if kind in MANY_TYPES else value

    def _plan(self, check: Check, field: str | None, blame: Blame, gate: str | None = None) -> None:
        when = unless_error(check, blame, self.bench) if check.code in _MISSING else check.when
        facts = {**(_OF_SEVERAL.get(check.code, {}) if self.bench.below is not None else {}), **check.facts}
        self.bench.plan(Planned(check.code, field, blame, when, check.value, check.suggest, facts, gate))


def _formats(rule: Rule, usual: tuple[str, ...]) -> tuple[str, ...]:
    """Gather the date forms of a rule and of those behind its `else`; each without any means the usual ones."""
    formats: dict[str, None] = {}
    one: Rule | None = rule
    told = False
    while one is not None:
        told = told or bool(one.formats or usual)
        formats |= dict.fromkeys(one.formats or usual or (reading.ISO,))
        one = one.otherwise
    return tuple(formats) if told else ()


def _only_known(cell: Cell, table: ReferenceTable | None) -> pl.Expr:
    """Leave out what the other collection has not (`missing = "skip"`), and what is no id where ids are asked for."""

    def kept(text: pl.Expr) -> pl.Expr:
        if table is None:
            return pl.when(reading.normalised(text).str.contains(_ID)).then(text)
        known = table.called(text).is_in(table.frame.get_column("match").implode())
        return pl.when(known).then(text)

    return cell.value.list.eval(kept(pl.element())).list.drop_nulls() if cell.many else kept(cell.value)
