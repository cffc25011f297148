"""What must hold in the middle: after every commit, whatever else is under way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.publishing.twins import REMOVE
from tests.simulation.process import rows_in
from tests.simulation.seen import HOLDING, BrokenError, Seen

if TYPE_CHECKING:
    import sqlite3

    from tests.simulation.notes import Note
    from tests.simulation.webflow import Shown
    from tests.simulation.world import World


def after_a_commit(world: World, state: sqlite3.Connection) -> None:
    """Hold the state file, as it was just written, against the collection."""
    world.count("middle: commits that were looked at")
    seen = Seen.now(world, rows_in(state))
    what_is_called_there_is_there(seen)
    if world.forgot or world.rekeyed or world.disorder:
        return  # who deletes the state file, or calls rows by other keys, has told it less than there is
    ours = seen.ours()
    for note in [*world.notes, *world.gone]:
        items = [item for item in ours.get(note.n, ()) if item.id not in world.touched]
        if items and not seen.is_late(note):
            _what_is_there_is_not_called_absent(seen, note, items)
            if len(items) > 1:
                _two_are_known_of(seen, note, items, state)


def what_is_called_there_is_there(seen: Seen) -> None:
    """A row that is called published or staged has its item, and what is called published is live."""
    world = seen.world
    for key, row in seen.rows.items():
        if row["status"] not in HOLDING or row["item_id"] in world.deleted:
            continue
        item = seen.items.get(row["item_id"])
        if item is None:
            if world.set_back and row["item_id"] in world.removed:
                continue  # the old copy is from before a twin was removed
            raise BrokenError(f"{key} is called {row['status']}, but its item {row['item_id']} is not there")
        if row["status"] == "published" and not item.live:
            raise BrokenError(f"{key} is called published, but its item {row['item_id']} is not live")
        if item.slug != row["slug"]:
            raise BrokenError(f"{key} has the slug {item.slug}, the state says {row['slug']}")


def _what_is_there_is_not_called_absent(seen: Seen, note: Note, items: list[Shown]) -> None:
    """No verdict that is not known: what is there is held or in doubt, but where Webflow said that it did nothing."""
    row = seen.row(note)
    known = row.get("status") in {*HOLDING, "in_flight"} or seen.world.lied or seen.world.deceived
    if not known:
        raise BrokenError(f"{note.slug} is {row.get('status')} ({row.get('error_code')}), and there: {items}")


def _two_are_known_of(seen: Seen, note: Note, items: list[Shown], state: sqlite3.Connection) -> None:
    """Where a row has two items, the state knows that it must look, or which of them goes."""
    key = seen.world.key(note)
    looks = [
        "SELECT 1 FROM rows WHERE key = ? AND status = 'in_flight'",
        "SELECT 1 FROM twin_checks WHERE key = ?",
        "SELECT 1 FROM requests JOIN request_rows ON request_id = id WHERE key = ? AND (open OR outcome IS NULL)",
    ]
    if seen.world.lied:  # what is sent again, once it is good, shows by its slug whether it was there already
        looks.append("SELECT 1 FROM rows WHERE key = ? AND (status = 'pending' OR error_source = 'check')")
    going = [state.execute("SELECT 1 FROM facts WHERE name = ?", [REMOVE + item.id]).fetchone() for item in items]
    if any(going) or any(state.execute(look, [key]).fetchone() for look in looks):
        return
    if seen.world.deceived and len({item.slug for item in items}) == len(items):
        return
    if seen.world.lied and {item.live for item in items} == {True, False}:
        return  # as at the end: the later one was published before it was looked for
    raise BrokenError(f"{note.slug} is there {len(items)} times, and nobody will look: {items}")
