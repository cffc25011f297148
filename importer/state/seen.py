"""What look-ups of the collection showed, so that a later run need not ask for it again."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

from importer.state import instants
from importer.state.records import SeenItem

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from importer.state.file import StateFile

_SEEN: Final = "item_id, locale, slug, name, key, readable, created_on, live"


def note_seen(connection: sqlite3.Connection, collection: str, items: Iterable[SeenItem], mark: int) -> None:
    """Keep what was shown; `mark`, the newest request that had begun by then, stays that of the first sighting."""
    connection.executemany(
        f"""
        INSERT INTO seen (collection, {_SEEN}, slug_folded, mark) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (collection, locale, item_id) DO UPDATE SET
            slug = excluded.slug, slug_folded = excluded.slug_folded, name = excluded.name, key = excluded.key,
            readable = excluded.readable, created_on = excluded.created_on, live = excluded.live
        """,  # noqa: S608 - only our own names
        [
            (
                *(collection, item.item_id, item.locale, item.slug, item.name, item.key, item.readable),
                *(instants.written(item.created_on), item.live, item.slug.casefold(), mark),
            )
            for item in items
        ],
    )


def seen_by_slug(file: StateFile, collection: str, locale: str, slugs: Iterable[str]) -> dict[str, list[SeenItem]]:
    """Find the items that were seen under these slugs, by slug without case, oldest sighting first."""
    return _seen(file, collection, locale, ("slug_folded", "seen_slug"), (slug.casefold() for slug in slugs))


def seen_by_key(file: StateFile, collection: str, locale: str, keys: Iterable[str]) -> dict[str, list[SeenItem]]:
    """Find the items that were seen with these keys, by key, oldest sighting first."""
    return _seen(file, collection, locale, ("key", "seen_key"), keys)


def first_sighting(file: StateFile, item_ids: Iterable[str]) -> dict[str, int]:
    """Tell the mark of the first sighting of each of these items; those never seen are left out."""
    lines = file.among("SELECT item_id, mark FROM seen WHERE item_id IN ({})", (), item_ids)
    marks: dict[str, int] = {}
    for item_id, mark in lines:
        marks[item_id] = min(mark, marks.get(item_id, mark))
    return marks


def forget_seen(connection: sqlite3.Connection, item_ids: Iterable[str]) -> None:
    """Forget items that are gone."""
    connection.executemany("DELETE FROM seen WHERE item_id = ?", [(item_id,) for item_id in item_ids])


def _seen(
    file: StateFile, collection: str, locale: str, by: tuple[str, str], wanted: Iterable[str]
) -> dict[str, list[SeenItem]]:
    """Find sightings by a column and its index, without which SQLite would read everything that was ever seen."""
    column, index = by
    question = (
        f"SELECT {column}, mark, {_SEEN} FROM seen INDEXED BY {index}"  # noqa: S608 - only our own names
        f" WHERE collection = ? AND locale = ? AND {column} IN ({{}})"
    )
    found: defaultdict[str, list[tuple[int, SeenItem]]] = defaultdict(list)
    for name, mark, *line in file.among(question, (collection, locale), wanted):
        found[name].append((mark, _item(line)))
    return {
        name: [item for _, item in sorted(items, key=lambda one: (one[0], one[1].item_id))]
        for name, items in found.items()
    }


def _item(line: list[Any]) -> SeenItem:
    item_id, locale, slug, name, key, readable, created_on, live = line
    return SeenItem(item_id, locale, slug, name, key, readable, instants.read(created_on), bool(live))
