"""The sandbox's own SQLite file: its tables, and what a new one is seeded with."""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import orjson

from importer.sandbox.rules import WRITABLE_TYPES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

Draw: TypeAlias = "Callable[[int], str]"
"""Draws so many bytes by lot, as hex digits; a simulation draws the same ones again."""

VERSION: Final = 1
_MARK: Final = 0x5742  # "WB": the application id that marks our files

_TABLES: Final = """
CREATE TABLE site (id TEXT PRIMARY KEY, body TEXT NOT NULL, created_on INTEGER NOT NULL, published_on INTEGER);
CREATE TABLE tokens (token TEXT PRIMARY KEY, scopes TEXT NOT NULL);
CREATE TABLE collections (
    id TEXT PRIMARY KEY, site TEXT NOT NULL, slug TEXT NOT NULL, body TEXT NOT NULL,
    created_on INTEGER NOT NULL, updated_on INTEGER NOT NULL);
CREATE TABLE items (
    n INTEGER PRIMARY KEY AUTOINCREMENT, collection TEXT NOT NULL, id TEXT NOT NULL, locale TEXT NOT NULL,
    name TEXT NOT NULL, slug TEXT NOT NULL, folded TEXT NOT NULL,
    created_on INTEGER NOT NULL, updated_on INTEGER NOT NULL, published_on INTEGER,
    draft INTEGER NOT NULL, archived INTEGER NOT NULL, through_live INTEGER NOT NULL,
    data TEXT NOT NULL, live TEXT, live_name TEXT, live_slug TEXT,
    UNIQUE (id, locale));
CREATE INDEX items_slug ON items (collection, folded);
CREATE INDEX items_live_slug ON items (collection, live_slug);
CREATE INDEX items_name ON items (collection, name);
CREATE INDEX items_created ON items (collection, created_on, n);
CREATE TABLE held_slugs (collection TEXT NOT NULL, locale TEXT NOT NULL, slug TEXT NOT NULL, folded TEXT NOT NULL);
CREATE INDEX held_slug ON held_slugs (collection, folded);
"""

_TOKENS: Final = {"sandbox": ("cms:read", "cms:write", "sites:read", "sites:write")}
_NAME_FIELD: Final[dict[str, Any]] = {
    "slug": "name", "displayName": "Name", "type": "PlainText", "isRequired": True, "helpText": "Name of the item",
    "validations": {"maxLength": 256},
}  # fmt: skip
_SLUG_FIELD: Final[dict[str, Any]] = {
    "slug": "slug", "displayName": "Slug", "type": "PlainText", "isRequired": True, "helpText": "URL of the item",
    "validations": {
        "maxLength": 256,
        "pattern": {},
        "messages": {
            "pattern": "Must be alphanumerical and not contain any spaces or special characters",
            "maxLength": "Must be less than 256 characters",
        },
    },
}  # fmt: skip


def new_id(now: float, draw: Draw) -> str:
    """Draw an id as Webflow's look: 24 hex digits that begin with the time."""
    return f"{int(now) & 0xFFFFFFFF:08x}{draw(8)}"


def open_seeded(path: Path, seed: dict[str, Any], now: float, draw: Draw = secrets.token_hex) -> sqlite3.Connection:
    """Open a sandbox file; a new one gets the seed's site, tokens and collections, under new random ids.

    Raises ValueError with a sentence if the file is none of ours, or the seed is not one.
    """
    try:
        _weigh(seed)  # before the file is made: a file without a site would be taken for one that was seeded
    except (TypeError, AttributeError, KeyError) as error:
        raise ValueError("The seed is not built like one: lists and objects are not where they should be.") from error
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, isolation_level=None, timeout=30, check_same_thread=False)
    try:
        _prepare(connection, path, seed, now, draw)
    except BaseException:
        connection.close()
        raise
    connection.row_factory = sqlite3.Row
    return connection


def _weigh(seed: dict[str, Any]) -> None:
    """Look a seed over, since people write their own; raises ValueError with a sentence."""
    collections = seed.get("collections", [])
    slugs = {one.get("slug") for one in collections}
    for one in collections:
        missing = [key for key in ("slug", "displayName") if not one.get(key)]
        if missing:
            raise ValueError(f"The seed has a collection without {missing[0]}: {one!r:.60}.")
        for field in one.get("fields", []):
            where = f"The seed's collection {one['slug']}, field {field.get('slug')!r},"
            if not field.get("slug") or field.get("type") not in WRITABLE_TYPES:
                raise ValueError(f"{where} needs a slug and one of the types {', '.join(sorted(WRITABLE_TYPES))}.")
            limits = field.get("validations") or {}
            target = limits.get("collection")
            if field["type"].endswith("Reference") and target not in slugs and "collectionId" not in limits:
                raise ValueError(f"{where} must name a collection of the seed under validations.collection.")
    if not isinstance(seed.get("site", {}).get("locales", {"primary": {}}).get("primary"), dict):
        raise ValueError('The seed\'s site has "locales" without a "primary" one.')  # noqa: TRY004 - callers catch ValueErrors


def _prepare(connection: sqlite3.Connection, path: Path, seed: dict[str, Any], now: float, draw: Draw) -> None:
    """Make sure that the file is a sandbox of this version, and seed an empty one in one transaction."""
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA wal_autocheckpoint = 8000")  # pages: a checkpoint costs more than a chunk
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.DatabaseError as error:
        raise ValueError(f"{path} cannot be opened as a sandbox file ({error}). Name another file.") from error
    mark = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    empty = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0
    if not (empty or (mark == _MARK and version == VERSION)):
        connection.execute("ROLLBACK")
        what = "of another version" if mark == _MARK else "no sandbox file"
        raise ValueError(f"{path} is {what}. Name another file, or remove this one.")
    if empty:
        for statement in _TABLES.split(";"):
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {_MARK}")
        connection.execute(f"PRAGMA user_version = {VERSION}")
        _plant(connection, seed, now, draw)
    connection.execute("COMMIT")


def _plant(connection: sqlite3.Connection, seed: dict[str, Any], now: float, draw: Draw) -> None:
    """Write the seed: collections may name each other by slug (`validations.collection`), in any order."""
    stamp = int(now * 1000)
    site_id = new_id(now, draw)
    site = dict(seed.get("site", {}))
    locales = site.get("locales", {"primary": {"tag": "en-US", "displayName": "English (United States)"}})
    site["locales"] = {
        "primary": _locale(locales["primary"], now, draw),
        "secondary": [_locale(one, now, draw) for one in locales.get("secondary", [])],
    }
    site["workspaceId"] = new_id(now, draw)
    connection.execute("INSERT INTO site VALUES (?, ?, ?, ?)", (site_id, orjson.dumps(site).decode(), stamp, stamp))
    for token, scopes in seed.get("tokens", _TOKENS).items():
        connection.execute("INSERT INTO tokens VALUES (?, ?)", (token, " ".join(scopes)))
    ids = {one["slug"]: new_id(now, draw) for one in seed.get("collections", [])}
    for one in seed.get("collections", []):
        body = {
            "displayName": one["displayName"],
            "singularName": one.get("singularName", one["displayName"]),
            "fields": list(_fields(one, ids)),
        }
        connection.execute(
            "INSERT INTO collections VALUES (?, ?, ?, ?, ?, ?)",
            (ids[one["slug"]], site_id, one["slug"], orjson.dumps(body).decode(), stamp, stamp),
        )


def _locale(given: dict[str, Any], now: float, draw: Draw) -> dict[str, Any]:
    usual = {"enabled": True, "redirect": False, "subdirectory": "", "displayImageId": None}
    return {"id": new_id(now, draw), "cmsLocaleId": new_id(now, draw), **usual, **given}


def _fields(collection: dict[str, Any], ids: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Describe the fields of a seeded collection; name and slug are added where the seed does not give them."""
    given = collection.get("fields", [])
    slugs = {one["slug"] for one in given}
    for one in [usual for usual in (_NAME_FIELD, _SLUG_FIELD) if usual["slug"] not in slugs] + given:
        yield described(one, ids, f"{collection['slug']}/{one['slug']}")


def described(given: dict[str, Any], ids: dict[str, str], place: str) -> dict[str, Any]:
    """Describe a field as Get Collection does; ids of fields and options come from their place: always the same."""
    limits = given.get("validations")
    if limits is not None:
        limits = dict(limits)
        if "collection" in limits:
            limits["collectionId"] = ids[limits.pop("collection")]
        if "options" in limits:
            limits["options"] = [
                {"name": option["name"], "id": option.get("id") or _fixed(f"{place}/{option['name']}/{number}", 16)}
                for number, option in enumerate(limits["options"])
            ]
    return {
        "id": given.get("id") or _fixed(place, 12),
        "isEditable": True,
        "isRequired": bool(given.get("isRequired", False)),
        "type": given["type"],
        "slug": given["slug"],
        "displayName": given.get("displayName", given["slug"]),
        "helpText": given.get("helpText"),
        "validations": limits,
    }


def _fixed(place: str, size: int) -> str:
    return hashlib.blake2b(place.encode(), digest_size=size).hexdigest()
