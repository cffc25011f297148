"""What a mapping needs to know of its destination: the collection, its site's locales, the items it refers to."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

from importer.commands.finding import ID, find_collection, find_site, read_schema
from importer.commands.waiting import watched
from importer.errors import Outage, SourceError, UsageError
from importer.fields import BY_KEY, ReferenceTable, key_table, reference_table
from importer.mapping import check_matches, compile_mapping, find_column, reference_needs
from importer.model import ROW
from importer.schema import CollectionSchema, Locales, parse_collection

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence
    from datetime import date, datetime

    from importer.client import Client, ListedItem
    from importer.commands.loading import Job
    from importer.commands.opening import Connection
    from importer.mapping import Compiled, Mapping, ReferenceNeed
    from importer.model import Observer, Tally
    from importer.sources import Source
    from importer.state import State


_EVERYWHERE = frozenset({"name", "slug"})
"""Fields that every collection has."""


@dataclass(frozen=True, slots=True)
class Making:
    """What it takes to make items of a collection because cells name them (`missing = "create"`).

    `slugs` are pairs of slug and name of the items that are there. `ids` are the ids of those that were made, by what
    cells say; it is filled before the rows that need them are sent. All fields that refer to the collection share it.
    `reserved` are names (as names are compared) that the sheet of another mapping of the command has.
    """

    schema: CollectionSchema
    slugs: tuple[tuple[str, str], ...] = ()
    ids: dict[str, str] = field(default_factory=dict)
    reserved: frozenset[str] = frozenset()

    @property
    def why(self) -> str:
        """Say why no item can be made of a name alone; nothing where that is enough."""
        more = [
            f'"{one.slug}"'
            for one in self.schema.fields
            if one.is_required and one.writable and one.slug not in _EVERYWHERE
        ]
        if not more:
            return ""
        return f", and it cannot be made: each item there must have {' and '.join(more)} besides its name"


@dataclass(frozen=True, slots=True)
class References:
    """The items that a reference field may name: the collection's id, what is compared, pairs of that and the id.

    `name` is the collection's slug for people, its id where nobody had to ask. `waiting` are keys of items that are
    known, and not published; `expected` says that another mapping of the command is about to make more. `making` is
    there where those that are not found are to be made.
    """

    collection: str
    match: str
    pairs: tuple[tuple[str, str], ...]
    name: str
    waiting: tuple[str, ...] = ()
    expected: bool = False
    making: Making | None = None

    def table(self) -> ReferenceTable:
        """Give them as the table in which a field looks its values up."""
        if self.match == BY_KEY:
            return key_table(self.name, self.pairs, self.waiting)
        table = reference_table(self.name, self.match, self.pairs)
        if self.making is None:
            return table
        why = self.making.why
        return replace(table, made=None if why else self.making.ids, why=why)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The destination as a mapping sees it; `site` is its id, "" where nobody had to ask; references by field slug."""

    schema: CollectionSchema
    site: str = ""
    locales: Locales | None = None
    references: dict[str, References] = field(default_factory=dict)


Settle: TypeAlias = "Callable[[CollectionSchema], Awaitable[None]]"
"""Finds out what became of the items of a collection that earlier runs made and left in doubt."""

Listed: TypeAlias = "dict[tuple[str, bool], list[ListedItem]]"
"""The items of collections that are referred to, each listed once, by the collection's id and whether with drafts."""


@dataclass(frozen=True, slots=True)
class Learnt:
    """What was asked of Webflow, the requests that it took, and the server's time when the asking began, if known.

    `foretold` says, by field slug, what can be referred to once other mappings of the command have run: a sheet is
    checked against it, but nothing of it is kept.
    """

    around: Surroundings
    tally: Tally
    at: datetime | None = None
    foretold: dict[str, References] = field(default_factory=dict)

    @property
    def then(self) -> Surroundings:
        """The surroundings as they will be once the mapping's turn has come."""
        return replace(self.around, references={**self.around.references, **self.foretold})


async def learn(
    opened: Connection, job: Job, observer: Observer, listed: Listed | None = None, settle: Settle | None = None
) -> Learnt:
    """Ask for what a job needs to know; somebody who watches is told what is waited for."""
    began = opened.clock.monotonic()
    asking = look_around(opened.client, job.mapping, drafts=job.drafts, listed=listed, settle=settle)
    around = await watched(asking, opened, observer)
    now = opened.client.server_now()
    took = timedelta(seconds=opened.clock.monotonic() - began)
    return Learnt(around, opened.tally, None if now is None else now[0] - took)


async def look_around(
    client: Client, mapping: Mapping, *, drafts: bool, listed: Listed | None = None, settle: Settle | None = None
) -> Surroundings:
    """Ask Webflow for what the mapping needs, and for nothing else.

    A mapping that names its collection by id and no locale tag needs no more than the scope `cms:read`. With `drafts`
    staged items may be referred to as well. What is `listed` already is not listed again. A collection of which items
    may be made is settled before it is listed.
    Raises MappingError for a collection, site or locale that is not there.
    """
    found = await find_collection(client, mapping)
    site = found.site
    locales: Locales | None = None
    if needs_locales(mapping):
        site, locales = await find_site(client, mapping, found)
    needs = reference_needs(mapping, found.schema)
    named = [need for need in needs if need.match not in _EVERYWHERE | {BY_KEY}]
    check_matches(mapping, [(need, await read_schema(client, need.collection_id)) for need in named])
    schemas = {one.collection_id: await read_schema(client, one.collection_id) for one in _first_each(needs)}
    for schema in schemas.values():
        if settle is not None:
            await settle(schema)
    references: dict[str, References] = {}
    makings: dict[str, Making] = {}
    listed = {} if listed is None else listed
    for need in needs:
        name = found.names.get(need.collection_id, need.collection_id)
        if need.match == BY_KEY:  # Webflow knows nothing of them: `keys.with_keys` reads them
            references[need.field_slug] = References(need.collection_id, need.match, (), name)
            continue
        asked = (need.collection_id, drafts)
        if asked not in listed:
            listed[asked] = await list_items(client, need.collection_id, drafts=drafts)
        pairs = tuple(
            (str(text), item.id)
            for item in listed[asked]
            if (text := item.field_data.get(need.match)) not in {None, ""}
        )
        making = None
        if need.makes:
            schema = schemas[need.collection_id]
            slugs = tuple((item.slug, item.name) for item in listed[asked])
            making = makings.setdefault(need.collection_id, Making(schema, slugs))
            name = schema.slug or name
        references[need.field_slug] = References(need.collection_id, need.match, pairs, name, making=making)
    return Surroundings(found.schema, site, locales, references)


def _first_each(needs: Sequence[ReferenceNeed]) -> Iterator[ReferenceNeed]:
    """Give one need for each collection of which items may be made."""
    return iter({need.collection_id: need for need in needs if need.makes}.values())


def as_listed(item: ListedItem, *, live: bool) -> ListedItem:  # noqa: ARG001 - what a listing calls tells it too
    """Keep the whole item."""
    return item


async def list_items(client: Client, collection: str, *, drafts: bool) -> list[ListedItem]:
    """List the items of a collection, each once: the published ones, with `drafts` also the staged ones.

    Raises Outage if the listing does not hold still long enough to be read whole.
    """
    from importer.publishing import Listings  # only where a field names items: starting is quicker without

    listings = Listings(client, collection)
    items: dict[str, ListedItem] = {}
    for live in (True, False) if drafts else (True,):
        view = await listings.read(as_listed, live=live)
        if not view.proven:
            raise Outage(
                f"The items of the collection {collection} could not be read completely: its listing keeps changing.",
                "Run the same command again when nobody is editing that collection.",
            )
        items.update(view.items)
    return list(items.values())


def compile_for(
    mapping: Mapping, around: Surroundings, source: Source, *, today: date, draft: bool = False
) -> Compiled:
    """Compile the mapping for this sheet and destination; raises MappingError with every mistake at once.

    Raises SourceError where the mapping uses columns of a frame that cannot be cells.
    """
    _refuse_unreadable(mapping, source)
    return compile_mapping(
        mapping,
        around.schema,
        _columns(mapping, source),
        kinds=source.typed,
        references={slug: references.table() for slug, references in around.references.items()},
        locales=around.locales,
        today=today,
        draft=draft,
        ours=source.ours,
    )


def _columns(mapping: Mapping, source: Source) -> tuple[str, ...]:
    """Name the columns that the rules may use: those of the sheet, or what `rows` makes of its first batch."""
    rows = mapping.foreign.rows
    if rows is None:
        return source.columns
    for batch in source.batches():
        return tuple(name for name in rows(batch).columns if name != ROW and not name.startswith("\0"))
    return source.columns


def _refuse_unreadable(mapping: Mapping, source: Source) -> None:
    used = {found for name in mapping.columns() if (found := find_column(name, tuple(source.unreadable))) is not None}
    wrong = [f"{name} ({kind})" for name, kind in source.unreadable.items() if name in used]
    if wrong:
        raise SourceError(
            f"{source.name}: the columns {', '.join(wrong)} cannot be cells of a sheet, and the mapping uses them.",
            'Make them text first: a list one text ("a; b"), of an object each key a column of its own. For JSON lines'
            " jq does that, for Parquet and frames polars (`.list.join('; ')`, `unnest`).",
        )


def needs_locales(mapping: Mapping) -> bool:
    """Say whether locale tags have to be known: a mapping without locales, or with an id, does not ask for them."""
    return mapping.row_locale is not None or (mapping.locale is not None and not ID.fullmatch(mapping.locale))


def remember(state: State, mapping: Mapping, around: Surroundings) -> None:
    """Keep it all in the state file, for `check --offline`."""
    state.save_cache("schema", mapping.collection, around.schema.model_dump(mode="json", by_alias=True))
    state.save_cache(
        "site",
        mapping.collection,
        {
            "id": around.site,
            "locales": None if around.locales is None else around.locales.model_dump(mode="json", by_alias=True),
        },
    )
    state.save_cache(
        "references",
        mapping.collection,
        {
            slug: {"collection": one.collection, "match": one.match, "pairs": one.pairs, "name": one.name}
            | _making_kept(one.making)
            for slug, one in around.references.items()
        },
    )


def _making_kept(making: Making | None) -> dict[str, Any]:
    if making is None:
        return {}
    return {"making": {"schema": making.schema.model_dump(mode="json", by_alias=True), "slugs": making.slugs}}


def _making_back(kept: dict[str, Any]) -> Making:
    return Making(parse_collection(kept["schema"]), tuple((slug, name) for slug, name in kept["slugs"]))


def remembered(state: State, mapping: Mapping) -> Surroundings:
    """Take what an earlier command kept; raises UsageError where nothing was kept."""
    kept_schema = state.cache("schema", mapping.collection)
    if kept_schema is None:
        raise UsageError(
            f'Nothing is known yet of the collection "{mapping.collection}", so it cannot be checked --offline.',
            "Run the same command once without --offline; it keeps what it learns in the state file.",
        )
    schema = parse_collection(kept_schema)
    site = state.cache("site", mapping.collection) or {}
    kept = state.cache("references", mapping.collection) or {}
    needs = {need.field_slug: need for need in reference_needs(mapping, schema)}
    makings = {one["collection"]: _making_back(one["making"]) for one in kept.values() if "making" in one}
    references = {
        slug: References(
            one["collection"],
            one["match"],
            tuple((text, item) for text, item in one["pairs"]),
            one["name"],
            making=makings.get(one["collection"]) if slug in needs and needs[slug].makes else None,
        )
        for slug, one in kept.items()
    }
    missing = sorted(
        need.field_slug
        for need in needs.values()
        if (kept_for := references.get(need.field_slug)) is None
        or (kept_for.collection, kept_for.match) != (need.collection_id, need.match)
        or (need.makes and kept_for.making is None)
    )
    if missing or (needs_locales(mapping) and site.get("locales") is None):
        raise UsageError(
            f'What is kept of the collection "{mapping.collection}" does not cover the mapping as it is now'
            f" ({', '.join(missing) or 'the locales of its site'}).",
            "Run the same command once without --offline.",
        )
    locales = site.get("locales")
    return Surroundings(
        schema, site.get("id") or "", None if locales is None else Locales.model_validate(locales), references
    )
