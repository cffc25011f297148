"""What must hold, whatever happens: after every run, also one that died, and at the end."""

from __future__ import annotations

import csv
import sqlite3
from collections import Counter
from contextlib import closing
from math import ceil
from typing import TYPE_CHECKING, Any

from importer.pacing import ASSUMED_LIMIT
from importer.publishing.listing import PASSES
from importer.publishing.settling import MEANWHILE
from tests.simulation.middle import what_is_called_there_is_there
from tests.simulation.seen import HOLDING, TAKEN, BrokenError, Seen
from tests.simulation.world import HEADER

if TYPE_CHECKING:
    from tests.simulation.notes import Note
    from tests.simulation.world import World

TWIN = 8
"""Requests that a row which was sent more than once may cost: its items are looked for by slug, and one is removed."""

LOOKING_AROUND, CHUNKS = 3, 4
"""Requests before the sheet is checked; kinds of chunks: live and staged, with files and without."""

SURPRISED = 4
"""Requests, at most, that are refused before it is known that others use the rate too."""

MINUTE, SERVER_ERRORS = 60.0, 3

GLANCES = 4
"""Looks at the newest pages, at most, for what a request may have written, before one that decides."""

GUARDED = 6
"""The exit status of a run that a guard stopped."""


def after_a_run(world: World) -> Seen:
    """Check what holds at every moment, so also where the run died."""
    seen = Seen.now(world)
    what_is_called_there_is_there(seen)
    _only_newer_twins_go(world)
    _altered_slugs_are_warned_of(seen)
    _nobody_is_given_up_early(seen)
    _no_item_is_unknown_to_the_state(seen)
    _nobody_is_in_its_own_way(seen)
    _others_are_untouched(seen)
    _the_rate_is_kept(world)
    _requests_are_few(seen)
    if world.told.summary is not None:
        _counts_tell_the_state(seen)
        _changed_rows_are_skipped(seen)
        _the_limit_is_kept(world)
        _rejects_are_the_rejected_rows(seen)
    return seen


def _no_item_is_unknown_to_the_state(seen: Seen) -> None:
    """What was sent is written down before it is sent: an item of ours belongs to a row that has it, or may have."""
    world = seen.world
    if world.forgot or world.rekeyed or world.lied:
        return
    notes = {note.n: note for note in [*world.notes, *world.gone]}
    for n, items in seen.ours().items():
        if seen.is_late(notes[n]):
            continue
        rows = [row for key in (f"N{n}", *notes[n].slugs) if (row := seen.rows.get(key)) is not None]
        if not any(row["status"] in {*HOLDING, "in_flight"} or row["error_code"] in TAKEN for row in rows):
            raise BrokenError(f"{notes[n].slug} is there, {items}, but the state has {rows}")


def _nobody_is_in_its_own_way(seen: Seen) -> None:
    """Rule 6: a slug that an earlier send of the row holds does not reject it, not even until the next run."""
    world, ours = seen.world, seen.ours()
    if world.forgot or world.rekeyed:
        return
    for note in world.notes:
        row = seen.row(note)
        if seen.is_late(note):
            continue
        if row.get("status") == "rejected" and row["error_code"] in TAKEN:
            own = [item for item in ours.get(note.n, []) if item.text in note.texts and item.slug == row["slug_sent"]]
            if own:
                raise BrokenError(f"{note.slug} is rejected as {row['error_code']}, and holds its slug itself: {own}")


def _others_are_untouched(seen: Seen) -> None:
    for item_id, item in seen.world.others.items():
        if item != seen.items.get(item_id):
            raise BrokenError(f"somebody else's item was touched: {item} is now {seen.items.get(item_id)}")


def _only_newer_twins_go(world: World) -> None:
    if world.wrongs:
        raise BrokenError("; ".join(world.wrongs))


def _altered_slugs_are_warned_of(seen: Seen) -> None:
    for key, row in seen.rows.items():
        if row["status"] in HOLDING and (row["slug"] != row["slug_sent"]) != (row["warning"] == "slug_altered"):
            raise BrokenError(
                f"{key} was sent as {row['slug_sent']}, is {row['slug']}, and warned of: {row['warning']}"
            )


def _nobody_is_given_up_early(seen: Seen) -> None:
    """Rule 9: it takes three errors of the server to reject a row."""
    for key, row in seen.rows.items():
        if row["status"] == "rejected" and row["error_code"] == "server_error" and row["attempts"] < SERVER_ERRORS:
            raise BrokenError(f"{key} was rejected as {row['error_code']} after {row['attempts']} tries")


def _the_rate_is_kept(world: World) -> None:
    """No request goes beyond the rate that was announced, nor beyond one's own.

    Each time that others eat of it, or that Webflow says 429 for no reason, some may. A server that announces nothing
    is taken to allow `ASSUMED_LIMIT`.
    """
    told, rate = world.told, int(world.switches["rate_limit"])
    own, sent = told.own_rate, world.wire.sent
    if own is not None and any(later - first < MINUTE for first, later in zip(sent, sent[own:], strict=False)):
        raise BrokenError(f"more than {own} requests were sent within a minute")
    surprises = bool(told.throttles or told.meals)
    if world.switches["missing_headers"] != "no" and rate < ASSUMED_LIMIT:
        return  # no rate was announced, and this one is below what is assumed then
    if told.too_many and not surprises:
        raise BrokenError(f"{told.too_many} requests were sent beyond the rate that was announced")
    if surprises and told.refused > told.throttles + SURPRISED * (told.meals + 1):
        raise BrokenError(f"{told.refused} requests were sent beyond a rate that others use too")


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
    most = (
        LOOKING_AROUND
        + CHUNKS
        + ceil(notes / world.chunk)
        + 8
        + 2 * min(notes, look)
        + troubles * (look + GLANCES * min(pages, MEANWHILE + 1))
    )
    most += look if world.disorder or world.lied else 0  # whoever looks for twins reads it all once more
    most += TWIN * (sum((row["attempts"] or 0) > 1 for row in seen.rows.values()) + world.wire.carried["DELETE"])
    sent = sum(world.wire.carried[method] for method in ("GET", "POST", "DELETE"))
    if sent > most:
        raise BrokenError(f"{sent} requests were sent, {most} are the most: {dict(world.wire.carried)}")


def _counts_tell_the_state(seen: Seen) -> None:
    """The counts are those of the state, row by row: what our own checks reject counts so, whatever there is of it."""
    world, told = seen.world, seen.world.told
    counts = told.summary.counts  # type: ignore[union-attr]  # asked by who has one
    if not counts.adds_up() or counts.total != len(world.notes):
        raise BrokenError(f"the counts do not add up to {len(world.notes)} rows: {counts}")
    standing = Counter(seen.row(note).get("status") for note in world.notes)
    bad = Counter(seen.row(note).get("status") for note in world.notes if note.bad)
    in_flight = standing["in_flight"]
    most = in_flight + standing["staged"]  # a staged item may be live by now
    if not in_flight - bad["in_flight"] <= counts.in_doubt <= most and not told.ailed:
        raise BrokenError(f"{counts.in_doubt} in doubt are counted, {in_flight} are in flight")
    done = counts.created + counts.updated + counts.staged + counts.unchanged
    held = standing["published"] + standing["staged"]
    if done > held:
        raise BrokenError(f"{done} rows are counted as done, the state says {standing}")
    if told.error is not None or told.ailed or told.limit is not None:
        return
    bad_held = bad["published"] + bad["staged"]
    refused = sum(is_refused_publishing(seen.row(note)) for note in world.notes if not note.bad)
    known = held - bad_held - refused + in_flight - bad["in_flight"]
    if done + counts.skipped + counts.in_doubt != known:
        raise BrokenError(f"{counts} are counted, the state says {standing}, of which {refused} refused, bad: {bad}")
    if counts.rejected != standing["rejected"] + bad_held + refused + bad["in_flight"]:
        raise BrokenError(f"{counts.rejected} are counted as rejected, the state says {standing}, {refused}, {bad}")


def is_refused_publishing(row: dict[str, Any]) -> bool:
    """Whether Webflow refused to publish the row's staged item."""
    return row.get("status") == "staged" and row["error_source"] == "webflow"


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
    if summary is None:
        return
    if world.told.exit_code == GUARDED:
        return  # nothing was written down
    stopped = world.told.ailed or world.told.error is not None
    lines: list[dict[str, str]] = []
    if summary.rejects is not None:
        with summary.rejects.open(encoding="utf-8-sig", newline="") as file:
            lines = list(csv.DictReader(file))
    if not stopped and len(lines) != summary.counts.rejected:
        raise BrokenError(f"{summary.counts.rejected} rows are counted as rejected, {len(lines)} are in the file")
    for line in lines:
        note = world.notes[int(line["_row"]) - HEADER - 1]
        row = seen.row(note)
        if line["Slug"] != note.slug or line["_error_code"] != row.get("error_code"):
            raise BrokenError(f"the rejects say {line} of {note.slug}, the state says {row}")


def _changed_rows_are_skipped(seen: Seen) -> None:
    """A row that was changed since its item was made is left alone and counted as skipped, and no other is.

    Who loses the state file, or has items deleted, knows less of what was sent than the sheet and the server tell.
    """
    world, told = seen.world, seen.world.told
    rows = {note.n: seen.row(note) for note in world.notes}
    unclear = told.error is not None or told.ailed or told.limit is not None or told.summary is None
    if unclear or world.forgot or any(row["item_id"] in world.deleted for row in rows.values()):
        return
    changed = [
        note
        for note in world.notes
        if not note.bad
        and rows[note.n]["status"] in HOLDING
        and (rows[note.n]["status"] == "published" or note.draft)
        and seen.holds_changed(note)
    ]
    surely = [note.slug for note in changed if _stood_so(seen, note) and not seen.is_late(note)]
    skipped = told.summary.counts.skipped  # type: ignore[union-attr]  # looked at above
    if not len(surely) <= skipped <= len(changed) - sum(_went_live(seen, note) for note in changed):
        raise BrokenError(f"{skipped} rows are counted as skipped, {surely} are changed")


def _stood_so(seen: Seen, note: Note) -> bool:
    """Whether the row stood as it stands when the run began: else its item may have been found, and published."""
    before = seen.world.told.before.get(seen.world.key(note), {})
    return bool(before) and before["status"] == seen.row(note)["status"]


def _went_live(seen: Seen, note: Note) -> bool:
    """Whether the run published the row's draft."""
    before = seen.world.told.before.get(seen.world.key(note), {})
    return before.get("status") == "staged" and seen.row(note)["status"] == "published"
