"""The site, its collections and their fields, as the API shows and changes them."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from importer.sandbox.answers import conflict, invalid, malformed, not_found, refused
from importer.sandbox.rules import WRITABLE_TYPES
from importer.sandbox.seeding import described, new_id
from importer.sandbox.wording import inspect, slugified, stamp

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from importer.sandbox.seeding import Draw


@dataclass(slots=True)
class World:
    """What every part of the sandbox works on: its file, its switches, its clock (seconds since 1970), its lots."""

    connection: sqlite3.Connection
    settings: dict[str, str]
    now: Callable[[], float]
    draw: Draw = secrets.token_hex

    def stamp(self) -> int:
        """Tell the moment in milliseconds since 1970."""
        return int(self.now() * 1000)

    def on(self, switch: str, value: str) -> bool:
        """Whether a switch has this value."""
        return self.settings[switch] == value


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection with its fields, each as Get Collection shows it."""

    id: str
    slug: str
    name: str
    singular: str
    fields: tuple[dict[str, Any], ...]
    created_on: int
    updated_on: int
    by_slug: dict[str, dict[str, Any]]
    required: tuple[str, ...]
    """The slugs of the fields that every new item must have, besides name and slug."""

    def summary(self) -> dict[str, Any]:
        """Show the collection as a list of collections does."""
        return {
            "id": self.id,
            "displayName": self.name,
            "singularName": self.singular,
            "slug": self.slug,
            "createdOn": stamp(self.created_on),
            "lastUpdated": stamp(self.updated_on),
        }

    def shown(self) -> dict[str, Any]:
        """Show the collection as Get Collection does."""
        return {**self.summary(), "fields": list(self.fields)}

    def references(self, collection: str) -> bool:
        """Whether one of its fields points to that collection."""
        return any((field["validations"] or {}).get("collectionId") == collection for field in self.fields)


def sites(world: World) -> list[dict[str, Any]]:
    """All sites, with their locales."""
    rows = world.connection.execute("SELECT * FROM site").fetchall()
    return [_site(row) for row in rows]


def site(world: World, site_id: str) -> dict[str, Any]:
    """One site; raises RefusedError (404)."""
    for one in sites(world):
        if one["id"] == site_id:
            return one
    raise refused(404, "Requested resource not found: The site cannot be found")


def _site(row: sqlite3.Row) -> dict[str, Any]:
    created, published = stamp(row["created_on"]), stamp(row["published_on"])
    times = {"createdOn": created, "lastUpdated": created, "lastPublished": published}
    return {"id": row["id"], **orjson.loads(row["body"]), **times, "parentFolderId": None, "customDomains": []}


def locale_ids(world: World) -> list[str]:
    """List the cmsLocaleIds of the site, the primary one first."""
    locales = sites(world)[0]["locales"]
    return [locales["primary"]["cmsLocaleId"], *(one["cmsLocaleId"] for one in locales["secondary"])]


def collections(world: World) -> list[Collection]:
    """All collections, oldest first."""
    return [_collection(row) for row in world.connection.execute("SELECT * FROM collections ORDER BY rowid")]


def collection(world: World, collection_id: str) -> Collection:
    """One collection; raises RefusedError (404)."""
    row = world.connection.execute("SELECT * FROM collections WHERE id = ?", (collection_id,)).fetchone()
    if row is None:
        raise not_found()
    return _collection(row)


def _collection(row: sqlite3.Row) -> Collection:
    body = orjson.loads(row["body"])
    required = tuple(one["slug"] for one in body["fields"] if one["isRequired"] and one["slug"] not in {"name", "slug"})
    return Collection(
        id=row["id"],
        slug=row["slug"],
        name=body["displayName"],
        singular=body["singularName"],
        fields=tuple(body["fields"]),
        created_on=row["created_on"],
        updated_on=row["updated_on"],
        by_slug={one["slug"]: one for one in body["fields"]},
        required=required,
    )


def create_collection(world: World, site_id: str, content: dict[str, Any]) -> Collection:
    """Add a collection with name, slug and the given fields; raises RefusedError (400, 404, 409)."""
    site(world, site_id)
    for name in ("displayName", "singularName"):
        if not isinstance(content.get(name), str) or not content[name]:
            raise malformed(f"Value should have required property '{name}'")
    given = content.get("fields") or []
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        raise malformed("Value (fields) should be array")
    slug = content.get("slug") or slugified(content["displayName"])
    if any(one.slug == slug or one.name == content["displayName"] for one in collections(world)):
        raise refused(409, "Collection already exists", "duplicate_collection")
    now = world.now()
    own = new_id(now, world.draw)
    fields: list[dict[str, Any]] = [
        {
            "slug": "name",
            "displayName": "Name",
            "type": "PlainText",
            "isRequired": True,
            "validations": {"maxLength": 256},
        },
        {
            "slug": "slug",
            "displayName": "Slug",
            "type": "PlainText",
            "isRequired": True,
            "validations": {"maxLength": 256},
        },
    ]
    fields = [described(one, {}, f"{own}/{one['slug']}") for one in fields]
    for one in given:
        if one.get("slug") not in {"name", "slug"}:
            fields.append(_made_field(world, one, fields))
    body = {"displayName": content["displayName"], "singularName": content["singularName"], "fields": fields}
    world.connection.execute(
        "INSERT INTO collections VALUES (?, ?, ?, ?, ?, ?)",
        (own, site_id, slug, orjson.dumps(body).decode(), int(now * 1000), int(now * 1000)),
    )
    return collection(world, own)


def delete_collection(world: World, collection_id: str) -> None:
    """Remove a collection with its items; raises RefusedError (404, 409 while another one refers to it)."""
    own = collection(world, collection_id)
    for other in collections(world):
        if other.id != own.id and other.references(own.id):
            raise conflict(f"This collection is still being used by: {other.name}")
    for table, column in (("items", "collection"), ("held_slugs", "collection"), ("collections", "id")):
        world.connection.execute(f"DELETE FROM {table} WHERE {column} = ?", (own.id,))  # noqa: S608 - fixed names


def add_field(world: World, collection_id: str, content: dict[str, Any]) -> dict[str, Any]:
    """Add a field at the end; raises RefusedError (400, 404)."""
    own = collection(world, collection_id)
    added = _made_field(world, content, list(own.fields))
    _store_fields(world, own, [*own.fields, added])
    return added


def change_field(world: World, collection_id: str, field_id: str, content: dict[str, Any]) -> dict[str, Any]:
    """Change a field's name, help text, or whether it is required; its slug stays for ever."""
    own = collection(world, collection_id)
    if all(one["id"] != field_id for one in own.fields):
        raise not_found()
    wanted: dict[str, Any] = {key: content[key] for key in ("displayName", "helpText", "isRequired") if key in content}
    fields = [{**one, **wanted} if one["id"] == field_id else one for one in own.fields]
    _store_fields(world, own, fields)
    return next(one for one in fields if one["id"] == field_id)


def delete_field(world: World, collection_id: str, field_id: str) -> None:
    """Remove a field; raises RefusedError (404)."""
    own = collection(world, collection_id)
    kept = [one for one in own.fields if one["id"] != field_id or one["slug"] in {"name", "slug"}]
    if len(kept) == len(own.fields):
        raise not_found()
    _store_fields(world, own, kept)


def _store_fields(world: World, own: Collection, fields: list[dict[str, Any]]) -> None:
    body = {"displayName": own.name, "singularName": own.singular, "fields": fields}
    world.connection.execute(
        "UPDATE collections SET body = ?, updated_on = ? WHERE id = ?",
        (orjson.dumps(body).decode(), world.stamp(), own.id),
    )


def _made_field(world: World, given: dict[str, Any], beside: list[dict[str, Any]]) -> dict[str, Any]:
    """Make a field as the API does: limits cannot be given, options and the referenced collection can."""
    kind, name, meant = given.get("type"), given.get("displayName"), given.get("metadata") or {}
    if kind not in WRITABLE_TYPES:
        raise invalid({"type": f"Expected value to be a field type: {inspect(kind)}"})
    if not isinstance(name, str) or not name:
        raise malformed("Value should have required property 'displayName'")
    if not isinstance(meant, dict):
        raise malformed("Value (metadata) should be object")
    limits: dict[str, Any] | None = None
    if kind == "Option":
        options = meant.get("options") or []
        if not options or not all(isinstance(one, dict) and one.get("name") for one in options):
            raise malformed("Value (metadata) should have required property 'options'")
        limits = {"options": [{"name": one["name"]} for one in options]}
    if kind in {"Reference", "MultiReference"}:
        target = meant.get("collectionId")
        if target not in {one.id for one in collections(world)}:
            raise refused(400, "Validation Error: Provided ID is invalid", "validation_error")
        limits = {"collectionId": target}
    taken = {one["slug"] for one in beside}
    stem = slug = given.get("slug") or slugified(name)
    number = 2
    while slug in taken:
        slug, number = f"{stem}-{number}", number + 1
    field: dict[str, Any] = {**given, "slug": slug, "validations": limits, "id": new_id(world.now(), world.draw)}
    return described(field, {}, f"{field['id']}/{slug}")
