"""What must hold, whatever happens: after every run, also one that died, and at the end."""

from __future__ import annotations

import csv
import sqlite3
from collections import Counter, defaultdict
from contextlib import closing
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any

from importer.publishing.listing import PASSES
from importer.schema import CollectionSchema, Field
from importer.schema.content import readable
from tests.simulation.process import rows_of
from tests.simulation.world import DEAD, HEADER

if TYPE_CHECKING:
    from tests.simulation.webflow import Shown
    from tests.simulation.world import Note, World

SCHEMA = CollectionSchema(id="", fields=tuple(Field(slug=slug, type="PlainText") for slug in ("name", "text")))
"""The fields that read back as they were written."""

HOLDING = {"published", "staged"}
TWIN = 8
"""Requests that a row which was sent more than once may cost: its items are looked for by slug, and one is removed."""

LOOKING_AROUND, CHUNKS = 3, 4
"""Requests before the sheet is checked; kinds of chunks: live and staged, with files and without."""

TAKEN = {"slug_taken", "slug_held"}


class BrokenError(AssertionError):
    """Something that must hold does not; `story` is what happened until then."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.story: list[str] = []


@dataclass(slots=True)
class Seen:
    """The two stories that must be one: the state file's and the collection's."""

    world: World
    rows: dict[str, dict[str, Any]]
    items: dict[str, Shown]

    @classmethod
    def now(cls, world: World) -> Seen:
        """Look at both."""
        return cls(world, rows_of(world.process.state), {item.id: item for item in world.webflow.items()})

    def ours(self) -> dict[int, list[Shown]]:
        """The items of each note: what the state holds, and what nobody else can have made."""
        held = {row["item_id"] for row in self.rows.values()}
        alike = {note.like.n: note for note in [*self.world.notes, *self.world.gone] if note.like}
        found = defaultdict(list)
        for item in self.items.values():
            text = item.text.removeprefix("Edited: ") if item.id in held else item.text
            if item.id in self.world.others or not text.startswith("Note "):
                continue  # an edited item that no row holds is somebody else's: nobody can tell
            n = int(text[5:].partition(",")[0])
            if n in alike and f"{item.slug}-".startswith(f"{alike[n].slug}-"):
                n = alike[n].n
            found[n].append(item)
        return found


def after_a_run(world: World) -> Seen:
    """Check what holds at every moment, so also where the run died."""
    seen = Seen.now(world)
    _what_is_called_published_is_there(seen)
    _no_item_is_unknown_to_the_state(seen)
    _nobody_is_in_its_own_way(seen)
    _others_are_untouched(seen)
    _the_rate_is_kept(world)
    _requests_are_few(seen)
    if world.told.summary is not None:
        _counts_tell_the_state(seen)
        _the_limit_is_kept(world)
        _rejects_are_the_rejected_rows(seen)
    return seen


def _what_is_called_published_is_there(seen: Seen) -> None:
    for key, row in seen.rows.items():
        if row["status"] in HOLDING and row["item_id"] not in seen.world.touched:
            item = seen.items.get(row["item_id"])
            if item is None:
                raise BrokenError(f"{key} is called {row['status']}, but its item {row['item_id']} is not there")
            if item.slug != row["slug"]:
                raise BrokenError(f"{key} has the slug {item.slug}, the state says {row['slug']}")


def _no_item_is_unknown_to_the_state(seen: Seen) -> None:
    """What was sent is written down before it is sent: an item of ours belongs to a row that has it, or may have."""
    world = seen.world
    if world.forgot or world.late or world.rekeyed or world.lied:
        return
    slugs = {note.n: note.slug for note in [*world.notes, *world.gone]}
    for n, items in seen.ours().items():
        rows = [row for row in (seen.rows.get(f"N{n}"), seen.rows.get(slugs[n])) if row is not None]
        if not any(row["status"] in {*HOLDING, "in_flight"} or row["error_code"] in TAKEN for row in rows):
            raise BrokenError(f"{slugs[n]} is there, {items}, but the state has {rows}")


def _nobody_is_in_its_own_way(seen: Seen) -> None:
    """Rule 6: a slug that an earlier send of the row holds does not reject it, not even until the next run."""
    world, ours = seen.world, seen.ours()
    if world.forgot or world.late or world.rekeyed:
        return
    for note in world.notes:
        row = seen.rows.get(world.key(note), {})
        if row.get("status") == "rejected" and row["error_code"] in TAKEN:
            own = [item for item in ours.get(note.n, []) if item.text in note.texts and item.slug == row["slug_sent"]]
            if own:
                raise BrokenError(f"{note.slug} is rejected as {row['error_code']}, and holds its slug itself: {own}")


def _others_are_untouched(seen: Seen) -> None:
    for item_id, item in seen.world.others.items():
        if item != seen.items.get(item_id):
            raise BrokenError(f"somebody else's item was touched: {item} is now {seen.items.get(item_id)}")


def _the_rate_is_kept(world: World) -> None:
    told = world.told
    if told.too_many and world.switches["missing_headers"] == "no":
        raise BrokenError(f"{told.too_many} requests were sent beyond the rate that was announced")


def _requests_are_few(seen: Seen) -> None:
    """Rule 8 for a quiet run; each fault, each visitor and each refused row may cost some looks at the collection.

    A look reads both listings, whose pages share an item. A refused row is halved out of its chunk, with a look at
    each step.
    """
    world, told = seen.world, seen.world.told
    notes, items = len(world.notes), max(told.items_before, len(seen.items))
    pages = ceil(items / max(world.wire.page - 1, 1)) + 1
    look = 2 * pages * (PASSES if world.disorder else 1)
    guilty = sum(row["error_source"] == "webflow" for row in seen.rows.values())
    twins = notes if world.lied else 0
    troubles = twins + guilty * (notes.bit_length() + 1) + told.disturbed + told.refused + (told.in_doubt > 0)
    most = LOOKING_AROUND + CHUNKS + ceil(notes / world.chunk) + 8 + 2 * min(notes, look) + troubles * (look + 4)
    most += look if world.disorder else 0  # whoever looks for twins reads it all once more
    most += TWIN * sum((row["attempts"] or 0) > 1 for row in seen.rows.values())
    sent = sum(world.wire.carried[method] for method in ("GET", "POST", "DELETE"))
    if sent > most:
        raise BrokenError(f"{sent} requests were sent, {most} are the most: {dict(world.wire.carried)}")


def _counts_tell_the_state(seen: Seen) -> None:
    world, summary = seen.world, seen.world.told.summary
    counts = summary.counts  # type: ignore[union-attr]  # asked by who has one
    if not counts.adds_up() or counts.total != len(world.notes):
        raise BrokenError(f"the counts do not add up to {len(world.notes)} rows: {counts}")
    standing = Counter(seen.rows[world.key(note)]["status"] for note in world.notes if world.key(note) in seen.rows)
    in_flight = standing["in_flight"]
    most = in_flight + standing["staged"]  # a staged item may be live by now
    # What our own checks reject is counted as rejected, also while it is not known whether an earlier send made it.
    named = sum(seen.rows.get(world.key(note), {}).get("status") == "in_flight" for note in world.notes if note.bad)
    if not in_flight - named <= counts.in_doubt <= most and not world.told.ailed:
        raise BrokenError(f"{counts.in_doubt} in doubt are counted, {in_flight} are in flight")
    done = counts.created + counts.updated + counts.staged + counts.unchanged
    if done > standing["published"] + standing["staged"]:
        raise BrokenError(f"{done} rows are counted as done, the state says {standing}")


def _the_limit_is_kept(world: World) -> None:
    """`--limit` bounds the rows that are sent, also again."""
    told = world.told
    if told.limit is None:
        return
    with closing(sqlite3.connect(world.process.state)) as file:
        sent = file.execute(
            "SELECT count(DISTINCT key) FROM request_rows JOIN requests ON id = request_id"
            " WHERE run = (SELECT run FROM runs ORDER BY number DESC LIMIT 1)"
        ).fetchone()[0]
    if sent > told.limit:
        raise BrokenError(f"{sent} rows were sent, --limit allows {told.limit}")


def _rejects_are_the_rejected_rows(seen: Seen) -> None:
    """The rejects file holds the rows that are counted as rejected, each with the reason that the state has."""
    world, summary = seen.world, seen.world.told.summary
    if summary is None or world.told.ailed or world.told.error is not None:
        return
    lines: list[dict[str, str]] = []
    if summary.rejects is not None:
        with summary.rejects.open(encoding="utf-8-sig", newline="") as file:
            lines = list(csv.DictReader(file))
    if len(lines) != summary.counts.rejected:
        raise BrokenError(f"{summary.counts.rejected} rows are counted as rejected, {len(lines)} are in the file")
    for line in lines:
        note = world.notes[int(line["_row"]) - HEADER - 1]
        row = seen.rows.get(world.key(note), {})
        if line["Slug"] != note.slug or line["_error_code"] != row.get("error_code"):
            raise BrokenError(f"the rejects say {line} of {note.slug}, the state says {row}")


def at_the_end(world: World) -> Seen:
    """Check what holds once a last run without faults has ended: each row is there once, or rejected with a reason."""
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
    if len(items) > 1 and not _meant(seen, items) and not _excused(world, note, items):
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
    elif items and (in_sheet or status != "rejected") and not world.late:
        raise BrokenError(f"{note.slug} is {status} in the state, and there: {items}")


def _meant(seen: Seen, items: list[Shown]) -> bool:
    """Whether new items were meant: that is what `--accept-new-keys` says, and each is the item of a row of its own."""
    return seen.world.accepts and {item.id for item in items} <= {row["item_id"] for row in seen.rows.values()}


def _excused(world: World, note: Note, items: list[Shown]) -> bool:
    """Whether more than one item of a row is beyond what is promised (state.md, "Where the promise ends").

    "A commit later than `patience` on a server that suffixes taken slugs"; "a listing whose order changes from request
    to request". And without the old state file nobody can tell that items are of one row whose slug or content differ;
    but the slug of an item that has it as it was sent is found by every look-up. (Where listings have an order of their
    own, a page may by chance look as if it were newest first; the twin that comes of it is known to the old state file
    only.)
    """
    slugs, texts = {item.slug for item in items}, {item.text for item in items}
    if (world.late or world.disorder) and world.switches["taken_slug"] == "suffix" and len(slugs) == len(items):
        return True
    first = min(items, key=lambda item: item.whole)  # they are numbered as they were made
    told_apart = first.slug != note.slug or world.switches["listing_order"] == "ignored"
    return world.forgot and told_apart and len(items) in {len(slugs), len(texts)}


def _the_content_is_right(world: World, note: Note, row: dict[str, Any], items: list[Shown], *, in_sheet: bool) -> None:
    """A row that is called published or staged."""
    status = row["status"]
    deleted = any(text in world.touched_texts for text in note.texts)
    item = next((one for one in items if one.id == row["item_id"]), items[0] if items else None)
    if item is None:
        if not deleted:
            raise BrokenError(f"{note.slug} is called {status} and is not there")
        return
    if (item.text not in note.texts or item.name != note.title) and item.id not in world.touched:
        raise BrokenError(f"{note.slug} has a text that it never had: {item.text}")
    if deleted:
        return
    if item.id != row["item_id"]:
        raise BrokenError(f"{note.slug} is another item than the state says")
    set_back = world.forgot and (note.bad or not in_sheet)  # nobody asks about such a row: an old copy says what was
    if item.live != (status == "published") and not set_back:
        raise BrokenError(f"{note.slug} is {status}, but live: {item.live}")
    if row["readable"] != readable({"name": item.name, "text": item.text}, SCHEMA):
        raise BrokenError(f"{note.slug} has other content than the state says: {item.name}, {item.text}")
    if in_sheet and status == "staged" and not note.draft and item.text == note.texts[-1]:
        raise BrokenError(f"{note.slug} is meant live and staged")


def _the_reason_is_right(seen: Seen, note: Note, row: dict[str, Any], items: list[Shown]) -> None:
    """A row that is rejected is nowhere else, and for the reason that it has."""
    world, code = seen.world, row["error_code"]
    lost = world.forgot or world.rekeyed or world.late
    deleted = any(text in world.touched_texts for text in note.texts)
    if note.bad and row["error_source"] == "check" and code == "too_long" and (not items or lost):
        return
    if items and not (code in TAKEN and (deleted or lost)):
        raise BrokenError(f"{note.slug} is rejected ({code}: {row['error']}), and there: {items}")
    if code in TAKEN:
        held = any(item.slug == note.slug for item in seen.items.values())
        if not held and world.switches["deleted_slug"] != "held":
            raise BrokenError(f"{note.slug} is rejected as {code}, but nobody has its slug")
    elif note.photo != DEAD and not (world.plan_reached and "limit reached" in str(row["error"])):
        raise BrokenError(f"{note.slug} is a good row and rejected: {code}: {row['error']}")
