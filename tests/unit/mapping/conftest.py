"""What tests of the mapping language share: one collection of many types, and a way to map a few rows."""

from __future__ import annotations

import tomllib
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl
import pytest

from importer.fields import reference_table
from importer.mapping import (
    Compiled,
    Mapped,
    Mapping,
    compile_mapping,
    items_of,
    parse_mapping,
    problems_of,
    reference_needs,
)
from importer.model import BROKEN, KIND_PREFIX, ROW, Item, Kind, Problem
from importer.schema import CollectionSchema, Locale, Locales, parse_collection

if TYPE_CHECKING:
    from collections.abc import Sequence

TODAY = date(2026, 3, 10)

_TYPES = {
    "text": "PlainText",
    "more": "PlainText",
    "sku": "PlainText",
    "html": "RichText",
    "price": "Number",
    "starts": "DateTime",
    "on-sale": "Switch",
    "link": "Link",
    "photo": "Image",
    "gallery": "MultiImage",
    "press-kit": "ExtFileRef",
    "author": "Reference",
    "tags": "MultiReference",
    "owner": "User",
}

LOCALES = Locales(
    primary=Locale(cms_locale_id="a" * 24, tag="en-US"),
    secondary=(
        Locale(cms_locale_id="b" * 24, tag="fr-FR"),
        Locale(cms_locale_id="c" * 24, tag="pt-BR"),
        Locale(cms_locale_id="d" * 24, tag="pt-PT"),
    ),
)


def collection(*required: str) -> CollectionSchema:
    """Make a collection with a field of nearly every type."""
    fields: list[dict[str, Any]] = [
        {"slug": "name", "displayName": "Name", "type": "PlainText", "isRequired": True},
        {"slug": "slug", "displayName": "Slug", "type": "PlainText", "isRequired": True},
        {
            "slug": "size",
            "displayName": "Size",
            "type": "Option",
            "validations": {"options": _options("Small", "Large")},
        },
        {"slug": "count", "displayName": "How many", "type": "Number", "validations": {"format": "integer"}},
    ]
    fields += [{"slug": slug, "displayName": slug.title(), "type": kind} for slug, kind in _TYPES.items()]
    for field in fields:
        if field["slug"] in required:
            field["isRequired"] = True
        if field["type"] in {"Reference", "MultiReference"}:
            field["validations"] = {"collectionId": "e" * 24}
    return parse_collection({"id": "f" * 24, "slug": "things", "displayName": "Things", "fields": fields})


def _options(*names: str) -> list[dict[str, str]]:
    return [{"id": f"{name.lower():x>32}", "name": name} for name in names]


class Outcome(NamedTuple):
    """What came out of a few rows."""

    compiled: Compiled
    mapped: Mapped
    problems: list[Problem]

    def values(self, slug: str) -> list[Any]:
        """Give the values of a field, row by row."""
        return self.mapped.frame.get_column(f"v:{slug}").to_list()

    def column(self, name: str) -> list[Any]:
        """Give a column of the item's own."""
        return self.mapped.frame.get_column(name).to_list()

    @property
    def codes(self) -> list[tuple[int, str | None, str | None, str]]:
        """Give row, column, field and code of each problem."""
        return [(one.row, one.column, one.field, one.code) for one in self.problems]

    @property
    def items(self) -> list[Item]:
        """Give the items of the rows without problems."""
        guilty = self.mapped.problems.get_column("row").implode()
        return list(items_of(self.mapped.frame.filter(~pl.col(ROW).is_in(guilty)), self.compiled))


class Workshop:
    """Maps a few rows by a mapping that is written as in a file."""

    def read(self, text: str) -> Mapping:
        """Read a mapping; what every mapping needs is put in where it is not said."""
        if "collection" not in text:
            text = 'collection = "things"\n' + text
        return parse_mapping(tomllib.loads(text), name="things.toml", text=text)

    def compiled(
        self,
        text: str,
        columns: Sequence[str],
        *,
        schema: CollectionSchema | None = None,
        kinds: frozenset[str] = frozenset(),
        locales: Locales | None = LOCALES,
        today: date = TODAY,
        **options: bool,
    ) -> Compiled:
        """Compile a mapping for columns."""
        mapping = self.read(text)
        schema = schema or collection()
        pairs = [("Ada", "1" * 24), ("Bob", "2" * 24), ("Eve", "3" * 24), ("EVE ", "4" * 24)]
        references = {
            need.field_slug: reference_table("people", need.match, pairs) for need in reference_needs(mapping, schema)
        }
        return compile_mapping(
            mapping, schema, columns, kinds=kinds, references=references, locales=locales, today=today, **options
        )

    def run(
        self,
        text: str,
        cells: dict[str, list[str | None]],
        *,
        kinds: dict[str, list[Kind]] | None = None,
        broken: list[str | None] | None = None,
        **options: Any,
    ) -> Outcome:
        """Map cells, column by column; rows are numbered from 2."""
        frame = frame_of(cells, kinds=kinds, broken=broken)
        compiled = self.compiled(text, list(cells), kinds=frozenset(kinds or ()), **options)
        mapped = compiled.apply(frame)
        return Outcome(compiled, mapped, problems_of(mapped.problems, compiled))

    def field(self, slug: str, rule: str, cells: dict[str, list[str | None]], **options: Any) -> list[Any]:
        """Give what one rule makes of cells, where nothing is wrong with them."""
        outcome = self.run(f'[fields]\nname = "{next(iter(cells))}"\n{slug} = {rule}\n', cells, **options)
        assert [one for one in outcome.problems if one.field == slug] == []
        return outcome.values(slug)


def frame_of(
    cells: dict[str, list[str | None]],
    *,
    kinds: dict[str, list[Kind]] | None = None,
    broken: list[str | None] | None = None,
) -> pl.DataFrame:
    """Make the frame that a source would give."""
    height = len(next(iter(cells.values())))
    frame = pl.DataFrame({name: pl.Series(values, dtype=pl.String) for name, values in cells.items()})
    for name, of_column in (kinds or {}).items():
        frame = frame.with_columns(pl.Series(KIND_PREFIX + name, [int(one) for one in of_column], dtype=pl.UInt8))
    return frame.with_columns(
        pl.Series(ROW, range(2, height + 2), dtype=pl.UInt32),
        pl.Series(BROKEN, broken or [None] * height, dtype=pl.String),
    )


@pytest.fixture(scope="session")
def workshop() -> Workshop:
    """Give the workshop."""
    return Workshop()
