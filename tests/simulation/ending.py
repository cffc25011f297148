"""What must hold at the end, once a last run without faults has ended: each row is there once, or rejected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from importer.schema.content import readable
from tests.simulation.invariants import after_a_run, is_refused_publishing
from tests.simulation.notes import DEAD
from tests.simulation.seen import HOLDING, SCHEMA, TAKEN, BrokenError, Seen

if TYPE_CHECKING:
    from tests.simulation.notes import Note
    from tests.simulation.webflow import Shown
    from tests.simulation.world import World


def at_the_end(world: World) -> Seen:
    """Check what holds at the end: each row is there once, or rejected with a reason."""
    seen = after_a_run(world)
    if world.told.summary is None or world.told.exit_code not in {0, 1}:
        raise BrokenError(f"the last run, without a fault, ended with {world.told.exit_code}: {world.told.error}")
    ours = seen.ours()
    for note in world.notes:
        _each_row_is_there_once(seen, note, ours.get(note.n, []), in_sheet=True)
    for note in world.gone:
        _each_row_is_there_once(seen, note, ours.get(note.n, []), in_sheet=False)
    return seen


def _each_row_is_there_once(seen: Seen, note: Note, items: list[Shown], *, in_sheet: bool) -> None:
    world = seen.world
    row = seen.rows.get(world.key(note))
    if len(items) > 1 and not _meant(seen, items) and not _excused(seen, note, items):
        raise BrokenError(f"{note.slug} is there {len(items)} times: {items}")
    if row is None:
        if in_sheet or (items and not world.forgot and not world.rekeyed):
            raise BrokenError(f"{note.slug}: the state does not know the row; items: {items}")
        return
    status = row["status"]
    if status == "pending" and in_sheet:
        raise BrokenError(f"{note.slug} is still {status}")
    if status == "in_flight":
        raise BrokenError(f"{note.slug} is still in flight; it is {'' if in_sheet else 'not '}in the sheet")
    if status == "rejected" and in_sheet:
        _the_reason_is_right(seen, note, row, items)
    elif status in HOLDING:
        _the_content_is_right(world, note, row, items, in_sheet=in_sheet)
    elif (
        items
        and (in_sheet or status != "rejected")
        and not (seen.is_late(note) or _forgotten(seen, note, items) or _meant(seen, items))
    ):
        raise BrokenError(f"{note.slug} is {status} in the state, and there: {items}")


def _meant(seen: Seen, items: list[Shown]) -> bool:
    """Whether new items were meant: that is what `--accept-new-keys` says, and each is the item of a row of its own."""
    return seen.world.accepts and {item.id for item in items} <= {row["item_id"] for row in seen.rows.values()}


def _forgotten(seen: Seen, note: Note, items: list[Shown]) -> bool:
    """Whether only an old state file knows whose items these are, or none: they have another slug, or nobody asks."""
    world = seen.world
    elsewhere = all(item.slug != world.slug(note) for item in items)
    return (world.forgot and elsewhere) or ((world.forgot or world.lied) and note in world.gone)


def _excused(seen: Seen, note: Note, items: list[Shown]) -> bool:
    """Whether more than one item of a row is beyond what is promised (state.md, "Where the promise ends").

    "A commit later than `patience` on a server that suffixes taken slugs": of a row that was in such a request (on
    any server, where the row had another slug by then). "A listing whose order changes from request to request". And
    without the old state file nobody can tell that items are of one row whose slug or content differ; but the slug of
    an item that has it as it was sent is found by every look-up. (Where listings have an order of their own, a small
    page may by chance look as if it were newest first; the twin that comes of it is known to the old state file only.)
    What somebody has edited is left, and told.
    """
    world = seen.world
    if any(item.id in world.touched for item in items):
        return True
    if world.lied and (world.forgot or note in world.gone):
        return True  # what is denied shows when the row is sent again, or by the state file that sent it
    if world.lied and world.switches["date_header"] == "no":
        return True  # nobody knows how old the request is whose twin is to be looked for, and a run may be short
    if world.lied and {item.live for item in items} == {True, False}:
        return True  # by then another run had published the later one: what is live does not go for what is not
    slugs, texts = {item.slug for item in items}, {item.text for item in items}
    late = seen.is_late(note) or world.disorder or world.deceived
    if late and len(slugs) == len(items):
        return True
    first = min(items, key=lambda item: item.whole)  # they are numbered as they were made
    once_told_apart = world.happened["day: the rule of the slug changed"] > 0
    told_apart = first.slug != world.slug(note) or once_told_apart or world.deceived
    return world.forgot and told_apart and len(items) in {len(slugs), len(texts)}


def _the_content_is_right(world: World, note: Note, row: dict[str, Any], items: list[Shown], *, in_sheet: bool) -> None:
    """A row that is called published or staged."""
    status = row["status"]
    item = next((one for one in items if one.id == row["item_id"]), items[0] if items else None)
    if item is None:
        gone = row["item_id"] in world.deleted or (world.set_back and row["item_id"] in world.removed)
        if not gone:
            raise BrokenError(f"{note.slug} is called {status} and is not there")
        return
    if item.id in world.touched or row["item_id"] in world.deleted:
        return
    if item.text not in note.texts or item.name not in note.named or item.picture not in note.pictures:
        raise BrokenError(f"{note.slug} has a content that it never had: {item}")
    if item.id != row["item_id"]:
        raise BrokenError(f"{note.slug} is another item than the state says")
    # Nobody asks about a bad row, or one that left the sheet: an old copy says what was.
    was_staged = world.set_back and (note.bad or not in_sheet) and status == "staged"
    if item.live != (status == "published") and not was_staged:
        raise BrokenError(f"{note.slug} is {status}, but live: {item.live}")
    if row["readable"] != readable({"name": item.name, "text": item.text}, SCHEMA):
        raise BrokenError(f"{note.slug} has other content than the state says: {item.name}, {item.text}")
    meant_live = in_sheet and not note.draft and not note.bad
    if meant_live and status == "staged" and not is_refused_publishing(row):
        raise BrokenError(f"{note.slug} is meant live and staged")


def _the_reason_is_right(seen: Seen, note: Note, row: dict[str, Any], items: list[Shown]) -> None:
    """A row that is rejected is nowhere else, and for the reason that it has."""
    world, code = seen.world, row["error_code"]
    if world.rekeyed:  # the row with the old key has its item still
        held = {one["item_id"] for one in seen.rows.values()}
        items = [item for item in items if item.id not in held]
    lost = world.forgot or world.rekeyed or seen.is_late(note)
    # Without a `Date` nobody knows how old a request is that Webflow denied, and a run may be short.
    unknown = world.lied and world.switches["date_header"] == "no"
    if items and not unknown and not (lost and (note.bad or code in TAKEN)) and not _forgotten(seen, note, items):
        raise BrokenError(f"{note.slug} is rejected ({code}: {row['error']}), and there: {items}")
    if note.bad:
        if (row["error_source"], code) != ("check", "too_long"):
            raise BrokenError(f"{note.slug} is too long, and rejected as {code}: {row['error']}")
    elif code in TAKEN:
        slugs = {item.slug for item in seen.items.values()}
        if world.slug(note) not in slugs and not world.webflow.held(world.slug(note)):
            raise BrokenError(f"{note.slug} is rejected as {code}, but nobody has its slug, nor had it")
    elif world.plan_reached and "limit reached" in str(row["error"]):
        return
    elif note.photo != DEAD:
        raise BrokenError(f"{note.slug} is a good row and rejected: {code}: {row['error']}")
    elif code != "asset_refused":
        raise BrokenError(f"{note.slug} has a dead picture, and is rejected as {code}: {row['error']}")
