"""Items as they are kept: a staged version, a live one beside it, and the slugs that they hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import orjson

from importer.sandbox.answers import RefusedError, invalid, malformed, plan_limit
from importer.sandbox.rules import NOTHING, SLUG, Circumstances, FieldRefusedError, checked
from importer.sandbox.seeding import new_id
from importer.sandbox.structure import Collection, World, locale_ids
from importer.sandbox.wording import inspect, slugified, stamp

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable
    from typing import TypeAlias

    from importer.sandbox.bodies import Entry

    Stored: TypeAlias = sqlite3.Row | dict[str, Any]
    """An item as it stands in the table, by column."""


def shown(row: Stored, *, live: bool = False) -> dict[str, Any]:
    """Show an item as the API does; fields that are not set are absent."""
    created, updated, published = row["created_on"], row["updated_on"], row["published_on"]
    made = stamp(created)
    return {
        "id": row["id"],
        "cmsLocaleId": row["locale"],
        "lastPublished": made if published == created else stamp(published),
        "lastUpdated": made if updated == created else stamp(updated),
        "createdOn": made,
        "isArchived": bool(row["archived"]),
        "isDraft": bool(row["draft"]),
        "fieldData": orjson.Fragment(row["live" if live else "data"]),
    }


def find(world: World, collection: Collection, item_id: str, locale: str) -> sqlite3.Row | None:
    """One item in one locale."""
    row: sqlite3.Row | None = world.connection.execute(
        "SELECT * FROM items WHERE id = ? AND locale = ? AND collection = ?", (item_id, locale, collection.id)
    ).fetchone()
    return row


@dataclass(slots=True)
class Slugs:
    """The slugs that are held in a collection, as far as one request asks for them."""

    world: World
    collection: Collection
    _taken: dict[str, list[tuple[str, str, str]]] = field(default_factory=dict)
    """Folded slug -> (slug, locale, item id) of each that holds it."""

    def load(self, slugs: Iterable[str]) -> None:
        """Read who holds these slugs, in few queries."""
        missing = sorted({slug.casefold() for slug in slugs} - self._taken.keys())
        for folded in missing:
            self._taken[folded] = []
        for start in range(0, len(missing), 500):
            part = missing[start : start + 500]
            marks = ",".join("?" * len(part))
            for table, owner in (("items", "id"), ("held_slugs", "''")):
                rows = self.world.connection.execute(
                    f"SELECT folded, slug, locale, {owner} FROM {table} "  # noqa: S608 - fixed names, values bound
                    f"WHERE collection = ? AND folded IN ({marks})",
                    (self.collection.id, *part),
                )
                for folded, slug, locale, item in rows:
                    self._taken[folded].append((slug, locale, item))

    def taken(self, slug: str, locale: str, item: str = "") -> bool:
        """Whether somebody else holds the slug, as the switches have it."""
        self.load([slug])
        return any(
            (self.world.on("slug_case", "insensitive") or held == slug)
            and (self.world.on("slug_per_locale", "shared") or where == locale)
            and (owner != item or not item)
            for held, where, owner in self._taken[slug.casefold()]
        )

    def take(self, slug: str, locale: str, item: str) -> None:
        """Note that an item of this request holds the slug."""
        self.load([slug])
        self._taken[slug.casefold()].append((slug, locale, item))

    def release(self, slug: str, item: str) -> None:
        """Note that an item of this request gave the slug up."""
        self.load([slug])
        held = self._taken[slug.casefold()]
        self._taken[slug.casefold()] = [one for one in held if one[2] != item]

    def suffixed(self, slug: str, locale: str) -> str:
        """Make a free slug from a taken one: `-` and five hex digits (recorded)."""
        while self.taken(made := f"{slug}-{self.world.draw(3)[:5]}", locale):
            pass
        return made


@dataclass(slots=True)
class Referenced:
    """Which referenced items exist, as one request asks for them."""

    world: World
    live: bool
    locale: str = ""
    _known: dict[tuple[str, str, str], bool] = field(default_factory=dict)

    def holds(self, collection: str, item: str) -> bool:
        """Whether the item exists; for live items also whether it is live."""
        known = self._known.get((collection, item, self.locale))
        if known is None:
            rows = self.world.connection.execute(
                "SELECT locale, live IS NOT NULL FROM items WHERE collection = ? AND id = ?", (collection, item)
            )
            known = any(
                (live or not self.live) and (locale == self.locale or self.world.on("reference_locale", "any"))
                for locale, live in rows
            )
            self._known[collection, item, self.locale] = known
        return known


def checked_fields(
    collection: Collection, given: dict[str, Any], about: Circumstances, *, making: bool
) -> tuple[dict[str, Any], dict[str, str]]:
    """Check all fields but the slug: the values to keep (`NOTHING` to clear), and what is wrong by field."""
    kept: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    fields = collection.by_slug
    for slug, value in given.items():
        if slug == "slug":
            continue
        field = fields.get(slug)
        if field is None:
            wrong[slug] = "Field not described in schema: undefined"
            continue
        try:
            kept[slug] = checked(field, value, about)
        except FieldRefusedError as error:
            wrong[slug] = error.description
    if making:
        for slug in collection.required:
            if slug not in given:
                wrong[slug] = "Field is required: undefined"
    return kept, wrong


def checked_slug(given: Any) -> str:
    """Check the form of a slug; raises FieldRefusedError."""
    if not isinstance(given, str):
        raise FieldRefusedError(f"Expected value to be a string: {inspect(given)}")
    if len(given) > 256:  # noqa: PLR2004 - the slug's maxLength in every recording
        raise FieldRefusedError(f"Is too long: {inspect(given)}")
    if not SLUG.fullmatch(given):
        reason = "Must be alphanumerical and not contain any spaces or special characters"
        raise FieldRefusedError(f"{reason}: {inspect(given)}")
    return given


def _place(entry: Entry, known: list[str]) -> str:
    """Read the locale that an item is made for; none given is the primary one, which is the first."""
    if entry.locale and entry.locale not in known:
        raise malformed(f"Value (cmsLocaleId) should be one of the site's locales: {entry.locale}")
    return entry.locale or known[0]


@dataclass(frozen=True, slots=True)
class _New:
    """A checked item that is to be written."""

    id: str
    locale: str
    slug: str
    name: str
    draft: bool
    archived: bool
    data: str


@dataclass(slots=True)
class Creation:
    """The making of one request's items; `live` is the endpoint that they came through."""

    world: World
    collection: Collection
    live: bool
    skip_invalid_files: bool
    slugs: Slugs = field(init=False)
    referenced: Referenced = field(init=False)

    def __post_init__(self) -> None:
        self.slugs = Slugs(self.world, self.collection)
        self.referenced = Referenced(self.world, self.live)

    def create(self, entries: list[Entry]) -> tuple[list[Stored], RefusedError | None]:
        """Write the items inside the caller's transaction; what was written, and why not all of it was.

        Raises RefusedError where nothing at all is to be written.
        """
        known = locale_ids(self.world)
        places = [_place(entry, known) for entry in entries]
        given = [(entry.fields or {}).get("slug") for entry in entries]
        if self.world.on("missing_slug", "refused") and not all(given):
            raise malformed("Value (fieldData) should have required property 'slug'")
        self.slugs.load(slug for slug in given if isinstance(slug, str))
        wrong: dict[str, str] = {}
        good: list[_New] = []
        for entry, locale in zip(entries, places, strict=True):
            made, mistakes = self._checked(entry, locale)
            wrong = {**mistakes, **wrong}
            if made is not None and not (wrong and self.world.on("refusal", "partial_ahead")):
                good.append(made)
        refusal = invalid(wrong) if wrong else None
        if refusal is not None and self.world.on("refusal", "atomic"):
            raise refusal
        self._hold_to_plan(len(good))
        return self._written(good), refusal

    def _hold_to_plan(self, more: int) -> None:
        most = int(float(self.world.settings["plan_limit"]))
        if most and self.world.connection.execute("SELECT count(*) FROM items").fetchone()[0] + more > most:
            raise RefusedError(plan_limit())

    def _checked(self, entry: Entry, locale: str) -> tuple[_New | None, dict[str, str]]:
        given = entry.fields or {}
        live = self.live and not entry.draft and not entry.archived
        self.referenced.locale = locale
        if self.referenced.live != live:
            self.referenced = Referenced(self.world, live, locale)
        about = Circumstances(self.skip_invalid_files, self.referenced.holds, self.world.draw)
        kept, wrong = checked_fields(self.collection, given, about, making=True)
        name = kept.get("name", "")
        slug = ""
        try:
            slug = self._slug(given.get("slug"), name, locale)
        except FieldRefusedError as error:
            wrong["slug"] = error.description
        if wrong:
            return None, wrong
        item = new_id(self.world.now(), self.world.draw)
        self.slugs.take(slug, locale, item)
        data = {key: value for key, value in kept.items() if value is not NOTHING} | {"slug": slug}
        text = orjson.dumps(data).decode()
        return _New(item, locale, slug, name, bool(entry.draft), bool(entry.archived), text), {}

    def _slug(self, given: Any, name: str, locale: str) -> str:
        if not given:
            made = slugified(name)
            return self.slugs.suffixed(made, locale) if self.slugs.taken(made, locale) else made
        slug = checked_slug(given)
        if not self.slugs.taken(slug, locale):
            return slug
        if self.world.on("taken_slug", "suffix"):
            return self.slugs.suffixed(slug, locale)
        raise FieldRefusedError(f"Unique value is already in database: {inspect(slug)}")

    def _written(self, good: list[_New]) -> list[Stored]:
        now = self.world.stamp()
        spread = self.world.on("stamps", "spread")
        rows: list[Stored] = []
        for number, one in enumerate(good):
            made_on = now + number if spread else now
            live = self.live and not one.draft and not one.archived
            rows.append(
                {
                    "collection": self.collection.id,
                    "id": one.id,
                    "locale": one.locale,
                    "name": one.name,
                    "slug": one.slug,
                    "folded": one.slug.casefold(),
                    "created_on": made_on,
                    "updated_on": made_on,
                    "published_on": made_on if live else None,
                    "draft": one.draft,
                    "archived": one.archived,
                    "through_live": live,
                    "data": one.data,
                    "live": one.data if live else None,
                    "live_name": one.name if live else None,
                    "live_slug": one.slug if live else None,
                }
            )
        self.world.connection.executemany(_INSERT, rows)
        return rows


_INSERT: Final = (
    "INSERT INTO items (collection, id, locale, name, slug, folded, created_on, updated_on, published_on, draft,"
    " archived, through_live, data, live, live_name, live_slug)"
    " VALUES (:collection, :id, :locale, :name, :slug, :folded, :created_on, :updated_on, :published_on, :draft,"
    " :archived, :through_live, :data, :live, :live_name, :live_slug)"
)
