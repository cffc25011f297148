"""What happens to items after they were made: updated, published, unpublished, deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from importer.sandbox.answers import conflict, invalid, not_found, refused
from importer.sandbox.items import Referenced, Slugs, checked_fields, checked_slug, find
from importer.sandbox.rules import CLEARED, NOTHING, Circumstances, FieldRefusedError
from importer.sandbox.structure import Collection, World, collections, locale_ids
from importer.sandbox.wording import inspect

if TYPE_CHECKING:
    import sqlite3

    from importer.sandbox.bodies import Entry

NEVER_PUBLISHED = (
    "Conflict with server data: Live PATCH updates can't be applied to items that have never been published"
)
_FREE_THE_STAGED = "live = NULL, live_name = NULL, live_slug = NULL, published_on = NULL"


def update(
    world: World, collection: Collection, entries: list[Entry], *, live: bool, skip_invalid_files: bool
) -> list[sqlite3.Row]:
    """Change items inside the caller's transaction, all or none; fields that are not sent stay.

    Raises RefusedError: 404 for an item that is not there, 409 for a live change of one never published, 400.
    """
    primary = locale_ids(world)[0]
    rows: list[sqlite3.Row] = []
    for entry in entries:
        row = find(world, collection, entry.id or "", entry.locale or primary)
        if row is None:
            raise not_found()
        if live and (row["live"] is None or row["archived"]):
            raise conflict(NEVER_PUBLISHED)
        rows.append(row)
    slugs = Slugs(world, collection)
    wrong: dict[str, str] = {}
    changed: list[tuple[sqlite3.Row, Entry, dict[str, Any]]] = []
    for row, entry in zip(rows, entries, strict=True):
        holds = Referenced(world, live, row["locale"]).holds
        about = Circumstances(skip_invalid_files, holds, world.draw)
        kept, mistakes = checked_fields(collection, entry.fields or {}, about, making=False)
        try:
            kept |= _new_slug(world, slugs, row, entry)
        except FieldRefusedError as error:
            mistakes["slug"] = error.description
        wrong = {**mistakes, **wrong}
        changed.append((row, entry, kept))
    if wrong:
        raise invalid(wrong)
    for row, entry, kept in changed:
        _store(world, row, entry, kept, live=live)
    found = [find(world, collection, row["id"], row["locale"]) for row in rows]
    return [row for row in found if row is not None]


def _new_slug(world: World, slugs: Slugs, row: sqlite3.Row, entry: Entry) -> dict[str, str]:
    given = (entry.fields or {}).get("slug", NOTHING)
    if given is NOTHING:
        return {}
    if not given:
        raise FieldRefusedError(CLEARED)
    slug = checked_slug(given)
    own = "" if world.on("own_slug", "refused") else row["id"]
    if slugs.taken(slug, row["locale"], own):
        raise FieldRefusedError(f"Unique value is already in database: {inspect(slug)}")
    slugs.release(row["slug"], row["id"])
    slugs.take(slug, row["locale"], row["id"])
    return {"slug": slug}


def _store(world: World, row: sqlite3.Row, entry: Entry, kept: dict[str, Any], *, live: bool) -> None:
    now = world.stamp()
    data = _merged(row["data"], kept)
    draft = row["draft"] if entry.draft is None else entry.draft
    archived = row["archived"] if entry.archived is None else entry.archived
    text = orjson.dumps(data).decode()
    world.connection.execute(
        "UPDATE items SET data = ?, name = ?, slug = ?, folded = ?, updated_on = ?, draft = ?, archived = ?"
        " WHERE n = ?",
        (text, data["name"], data["slug"], data["slug"].casefold(), now, draft, archived, row["n"]),
    )
    if live:
        published = _merged(row["live"], kept)
        world.connection.execute(
            "UPDATE items SET live = ?, live_name = ?, live_slug = ?, published_on = ? WHERE n = ?",
            (orjson.dumps(published).decode(), published["name"], published["slug"], now, row["n"]),
        )


def _merged(before: str, kept: dict[str, Any]) -> dict[str, Any]:
    merged = {**orjson.loads(before), **kept}
    return {slug: value for slug, value in merged.items() if value is not NOTHING}


def delete(world: World, collection: Collection, targets: list[tuple[str, list[str] | None]]) -> None:
    """Remove items (all their locales, or those that are named); raises RefusedError (404, 409 while referred to)."""
    leaving = {item for item, _ in targets}
    for item, _ in targets:
        if not _rows(world, collection, item, None):
            raise not_found()
        user = _user(world, collection, item, leaving)
        if user:
            raise conflict(f"This item is still being used by: {user}")
    for item, locales in targets:
        for row in _rows(world, collection, item, locales):
            world.connection.execute("DELETE FROM items WHERE n = ?", (row["n"],))
            if world.on("deleted_slug", "held"):
                world.connection.execute(
                    "INSERT INTO held_slugs VALUES (?, ?, ?, ?)",
                    (collection.id, row["locale"], row["slug"], row["folded"]),
                )


def _rows(world: World, collection: Collection, item: str, locales: list[str] | None) -> list[sqlite3.Row]:
    rows = world.connection.execute("SELECT * FROM items WHERE id = ? AND collection = ?", (item, collection.id))
    return [row for row in rows.fetchall() if locales is None or row["locale"] in locales]


def _user(world: World, collection: Collection, item: str, leaving: set[str]) -> str:
    """Name an item that refers to this one, besides those that leave with it."""
    for other in collections(world):
        if other.references(collection.id):
            rows = world.connection.execute(
                "SELECT id, name FROM items WHERE collection = ? AND (instr(data, ?) OR instr(ifnull(live, ''), ?))",
                (other.id, item, item),
            )
            for row in rows:
                if row["id"] != item and row["id"] not in leaving:
                    return str(row["name"])
    return ""


def unpublish(world: World, collection: Collection, targets: list[tuple[str, list[str] | None]]) -> None:
    """Take items off the site; they stay as drafts, and those that are not live as they are; raises RefusedError."""
    found = [_rows(world, collection, item, locales) for item, locales in targets]
    if not all(found):
        raise not_found()
    for row in (row for rows in found for row in rows if row["live"] is not None):
        world.connection.execute(
            f"UPDATE items SET {_FREE_THE_STAGED}, draft = 1, updated_on = ? WHERE n = ?",  # noqa: S608 - fixed words
            (world.stamp(), row["n"]),
        )


def publish(world: World, collection: Collection, targets: list[tuple[str, list[str] | None]]) -> dict[str, Any]:
    """Make the staged versions live; those that cannot be are named in `errors`, while the answer is 202."""
    published: list[str] = []
    errors: list[str] = []
    primary = locale_ids(world)[:1]
    for item, locales in targets:
        rows = _rows(world, collection, item, locales or primary)
        reason = "" if rows else f"Staging item ID {item} not found."
        for row in rows:
            reason = reason or _unpublishable(world, collection, row)
        if reason:
            errors.append(reason)
            continue
        for row in rows:
            _publish_row(world, row)
        published.append(item)
    return {"publishedItemIds": published, "errors": errors}


def _unpublishable(world: World, collection: Collection, row: sqlite3.Row) -> str:
    if row["archived"]:
        return f"Staging item ID {row['id']} is archived."
    data = orjson.loads(row["data"])
    holds = Referenced(world, live=True, locale=row["locale"]).holds
    for one in collection.fields:
        if one["type"] in {"Reference", "MultiReference"} and one["slug"] in data:
            value = data[one["slug"]]
            targets = value if isinstance(value, list) else [value]
            target = (one["validations"] or {}).get("collectionId", "")
            if not all(holds(target, part) for part in targets):
                return f"Staging item ID {row['id']} references items that are not published."
    return ""


def _publish_row(world: World, row: sqlite3.Row) -> None:
    world.connection.execute(
        "UPDATE items SET live = data, live_name = name, live_slug = slug, published_on = ?, draft = 0 WHERE n = ?",
        (world.stamp(), row["n"]),
    )


def publish_site(world: World, last: float | None) -> None:
    """Publish everything that waits, take archived items off, free the slugs of deleted ones.

    Raises RefusedError (429) within a minute of the `last` time.
    """
    if last is not None and world.now() - last < 60:  # noqa: PLR2004 - one successful publish a minute
        raise refused(429)
    now = world.stamp()
    world.connection.execute(
        "UPDATE items SET live = data, live_name = name, live_slug = slug, published_on = ?"
        " WHERE NOT draft AND NOT archived AND (published_on IS NULL OR published_on < updated_on)",
        (now,),
    )
    world.connection.execute(f"UPDATE items SET {_FREE_THE_STAGED} WHERE archived")  # noqa: S608 - fixed words
    world.connection.execute("DELETE FROM held_slugs")
    world.connection.execute("UPDATE site SET published_on = ?", (now,))
