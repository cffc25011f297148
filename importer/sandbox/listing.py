"""Listings of items: filters, order, paging, and what may be odd about them."""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING, Any, Final

from importer.sandbox.answers import malformed
from importer.sandbox.items import shown
from importer.sandbox.structure import Collection, World, locale_ids
from importer.sandbox.wording import moment

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST: Final = 100
_COLUMNS: Final = {"createdOn": "created_on", "lastUpdated": "updated_on", "lastPublished": "published_on"}
_NEW_SORTS: Final = frozenset({"createdOn", "lastUpdated"})


def listed(
    world: World, collection: Collection, query: Mapping[str, str], *, live: bool, turn: int = 0
) -> dict[str, Any]:
    """One page of items as the API lists them; `turn` seeds the order where it is random.

    Raises RefusedError (400) for a filter or an order that does not exist.
    """
    limit = _number(query, "limit", MOST)
    offset = _number(query, "offset", 0)
    if limit > MOST:
        raise malformed(f"Value (limit) should be <= {MOST}")
    where, values = _filters(world, collection, query, live=live)
    order = _order(world, query, live=live)
    total = world.connection.execute(f"SELECT count(*) FROM items WHERE {where}", values).fetchone()[0]  # noqa: S608 - built from fixed words, values bound
    if world.on("listing_order", "random"):
        ids = [row[0] for row in world.connection.execute(f"SELECT n FROM items WHERE {where} ORDER BY n", values)]  # noqa: S608 - `where` binds its values
        random.Random(turn).shuffle(ids)  # noqa: S311 - no secret, and must be the same every time
        page = ids[offset : offset + limit]
        found = {
            row["n"]: row
            for row in world.connection.execute(f"SELECT * FROM items WHERE n IN ({','.join('?' * len(page))})", page)  # noqa: S608 - only question marks
        }
        rows = [found[number] for number in page]
    else:
        rows = world.connection.execute(
            f"SELECT * FROM items WHERE {where} ORDER BY {order} LIMIT ? OFFSET ?",  # noqa: S608 - `order` is made of names of columns
            (*values, limit, offset),
        ).fetchall()
    return {
        "items": [shown(row, live=live) for row in rows],
        "pagination": {"limit": limit, "offset": offset, "total": total},
    }


def visible(world: World, *, live: bool) -> str:
    """Give the condition for an item to be seen through the staged or the live endpoints."""
    if live:
        return "live IS NOT NULL"
    return "NOT (through_live AND live IS NOT NULL)" if world.on("live_in_staged", "no") else "1"


def _filters(
    world: World, collection: Collection, query: Mapping[str, str], *, live: bool
) -> tuple[str, tuple[Any, ...]]:
    conditions = ["collection = ?", visible(world, live=live)]
    values: list[Any] = [collection.id]
    locales = _locales(world, query.get("cmsLocaleId", ""))
    conditions.append(f"locale IN ({','.join('?' * len(locales))})")
    values.extend(locales)
    for name in ("name", "slug"):
        if query.get(name):
            conditions.append(f"{'live_' if live else ''}{name} = ?")
            values.append(query[name])
    if query.get("slug") and not live:
        conditions.append("folded = ?")  # the folded slug is the indexed one
        values.append(query["slug"].casefold())
    for name, column in _COLUMNS.items():
        for suffix, comparison in (("gte", ">="), ("lte", "<=")):
            text = query.get(f"{name}[{suffix}]")
            if text:
                conditions.append(f"{column} {comparison} ?")
                values.append(_moment(name, text))
    delay = float(world.settings["listing_delay"])
    if delay:
        conditions.append("created_on <= ?")
        values.append(int((world.now() - delay) * 1000))
    return " AND ".join(conditions), tuple(values)


def _locales(world: World, given: str) -> list[str]:
    """Read the locales of a listing: none given is the primary one."""
    known = locale_ids(world)
    wanted = [one.strip() for one in given.split(",") if one.strip()]
    for one in wanted:
        if one not in known:
            raise malformed(f"Value (cmsLocaleId) should be one of the site's locales: {one}")
    return wanted or known[:1]


def _order(world: World, query: Mapping[str, str], *, live: bool) -> str:
    sort, direction = query.get("sortBy") or "", query.get("sortOrder") or "desc"
    known = {**_COLUMNS, "name": "live_name" if live else "name", "slug": "live_slug" if live else "slug"}
    if sort and (sort not in known or (sort in _NEW_SORTS and world.on("listing_sort", "refused"))):
        raise malformed("Value (sortBy) should be equal to one of the allowed values")
    if direction not in {"asc", "desc"}:
        raise malformed("Value (sortOrder) should be equal to one of the allowed values")
    if world.on("listing_order", "ignored"):
        return "substr(id, 9)"  # the random part of the ids: always the same order, and never that of time
    if not sort:
        return "created_on DESC, n DESC"
    return f"{known[sort]} {direction}, n {direction}"


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name)
    if text is None or not text:
        return default
    if not re.fullmatch("[0-9]{1,15}", text):
        raise malformed(f"Value ({name}) should be integer")
    return int(text)


def _moment(name: str, text: str) -> int:
    try:
        return moment(text)
    except ValueError as error:
        raise malformed(f"Value ({name}) should match format 'date-time'") from error
