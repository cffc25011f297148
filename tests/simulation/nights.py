"""A world's nights: what goes wrong in each, what people do in between, and what must hold afterwards."""

from __future__ import annotations

import random
import sqlite3
import traceback
from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING, Any

from tests.simulation.mix import Mix
from tests.simulation.process import Death
from tests.simulation.world import DEAD, PATIENCE, Note, World

if TYPE_CHECKING:
    from pathlib import Path

    from importer.commands.result import RunSummary


class BrokenError(AssertionError):
    """Something that must hold does not; `story` is what happened until then."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.story: list[str] = []


def play(seed: int, folder: Path, mix: Mix | None = None) -> World:
    """Live through the nights of a seed and check what must hold; raises BrokenError."""
    chance, mix = random.Random(seed), mix or Mix()
    world = _drawn(chance, folder, mix)
    try:
        for _ in range(chance.choice(mix.nights)):
            _night(world, mix)
            _day(world, mix)
        world.faults = []
        world.hours.now += 1_000
        world.run(None)
        last = world.run(None)
        _dawn(world, last)
    except BrokenError as error:
        error.story = world.story
        raise
    except Exception as error:  # whatever the importer raises here, a user would see as exit 70
        broken = BrokenError(f"{type(error).__name__}: {error}")
        broken.story = [*world.story, *traceback.format_exception(error)]
        raise broken from error
    finally:
        world.close()
    return world


def _drawn(chance: random.Random, folder: Path, mix: Mix) -> World:
    switches = {name: chance.choice(values) for name, values in mix.switches.items()}
    number = chance.choice(mix.rows)
    bad = set(chance.sample(range(number), k=min(number, chance.choice(mix.dead_files))))
    notes = [Note(n, [f"Note {n}, version 0"], DEAD if n in bad else None) for n in range(number)]
    world = World(folder, chance, switches, notes)
    world.keyed = chance.random() < mix.keyed
    for note in notes:
        note.draft = chance.random() < mix.drafts
    world.wire.slowness = chance.choice(mix.slowness)
    return world


def _night(world: World, mix: Mix) -> None:
    chance = world.chance
    world.faults = _plan(chance, mix)
    for fault in world.faults:
        world.happened[f"planned {fault['do']}"] += 1
    for _ in range(chance.choice(mix.somebody)):
        world.later(chance.choice(mix.somebody_after) * chance.random(), lambda: _somebody(world, mix))
    if chance.random() < mix.plan_limit:
        world.switches["plan_limit"] = str(chance.randint(0, len(world.notes)) + 1)
        world.happened["planned plan limit"] += 1
    death = Death.drawn(chance) if chance.random() < mix.dies else None
    summary = world.run(death, concurrency=chance.choice(mix.concurrency), limit=chance.choice(mix.limit))
    world.switches["plan_limit"] = "0"  # somebody has bought a larger plan
    world.app._revoked.clear()
    _told_truly(world, summary)


def _plan(chance: random.Random, mix: Mix) -> list[dict[str, Any]]:
    plan = []
    for _ in range(chance.choice(mix.faults_a_night)):
        about = chance.choice(mix.about)
        rhythm = chance.choice(
            [{"nth": chance.choice(mix.nth)}, {"every": chance.choice(mix.every)}, {"from": 2, "until": 6}]
        )
        fault = chance.choice(mix.faults)
        if chance.random() < mix.stopping:
            fault, about = chance.choice(mix.stopping_faults), {"method": "POST"}
        plan.append({"when": about | rhythm} | fault)
    return plan


def _somebody(world: World, mix: Mix) -> None:
    """Somebody else works in the collection."""
    chance = world.chance
    items = world.items()
    what = chance.choice(mix.somebody_does)
    world.happened[f"somebody {what}"] += 1
    if what == "makes":
        slug = chance.choice(world.notes).slug if world.notes else "other"
        data = {"name": f"Other {slug}", "slug": slug, "text": "Somebody else's"}
        world.ask("POST", "/items/live", {"fieldData": data})
    elif items:
        item = chance.choice(items)
        world.touched.add(item["id"])
        world.touched_texts.add(item["text"])
        if what == "deletes":
            world.ask("DELETE", f"/items/{item['id']}")
        else:
            world.ask("PATCH", f"/items/{item['id']}/live", {"fieldData": {"text": f"Edited: {item['text']}"}})


def _day(world: World, mix: Mix) -> None:
    """What people do between two runs."""
    chance, notes = world.chance, world.notes
    world.hours.now += chance.choice(mix.pause)
    for _ in range(chance.choice(mix.edits)):
        if notes:
            chance.choice(notes).edited(chance)
    for note in notes:
        if note.draft and chance.random() < mix.undrafts:
            note.draft = False
    if chance.random() < mix.shuffles:
        chance.shuffle(notes)
    if chance.random() < mix.forgets and world.process.state.exists():
        world.hours.now += 1_000  # else the promise ends here
        world.process.state.unlink()
        world.forgot = True
        world.tell("STATE FILE deleted")
        world.happened["state file deleted"] += 1
    if chance.random() < mix.removes and len(notes) > 1:
        world.gone.append(notes.pop(chance.randrange(len(notes))))
        world.tell(f"ROW {world.gone[-1].slug} removed from the sheet")
    if chance.random() < mix.brings_back and world.gone:
        notes.append(world.gone.pop())


def _rows(world: World) -> dict[str, dict[str, Any]]:
    if not world.process.state.exists():
        return {}
    with closing(sqlite3.connect(world.process.state)) as file:
        file.row_factory = sqlite3.Row
        try:
            return {row["key"]: dict(row) for row in file.execute("SELECT * FROM rows")}
        except sqlite3.OperationalError:
            return {}


def _told_truly(world: World, summary: RunSummary | None) -> None:
    """No verdict that is not known: what the state calls published is there, what the run counted is in the state."""
    rows = _rows(world)
    items = {item["id"]: item for item in world.items()}
    for key, row in rows.items():
        if row["status"] in {"published", "staged"} and row["item_id"] not in world.touched:
            item = items.get(row["item_id"])
            if item is None:
                raise BrokenError(f"{key} is called {row['status']}, but its item {row['item_id']} is not there")
            if item["slug"] != row["slug"]:
                raise BrokenError(f"{key} has the slug {item['slug']}, the state says {row['slug']}")
    if summary is None:
        return
    counts = summary.counts
    if not counts.adds_up():
        raise BrokenError(f"the counts do not add up: {counts}")
    standing = Counter(rows[world.key(note)]["status"] for note in world.notes if world.key(note) in rows)
    in_flight = standing["in_flight"]
    if not in_flight <= counts.in_doubt <= in_flight + standing["staged"]:  # a staged item may be live by now
        raise BrokenError(f"{counts.in_doubt} in doubt are counted, {in_flight} are in flight")


def _dawn(world: World, last: RunSummary | None) -> None:
    """Whatever happened: each row is there once, or rejected with the right reason."""
    if last is None:
        raise BrokenError("the last run, without a fault, did not end")
    _told_truly(world, last)
    rows, items = _rows(world), world.items()
    held = {row["item_id"] for row in rows.values()}
    ours: dict[int, list[dict[str, Any]]] = {}
    for item in items:
        text = item["text"]
        if item["id"] in held:
            text = text.removeprefix("Edited: ")  # else nobody can tell that it was ours, and it is somebody else's
        if text.startswith("Note "):
            ours.setdefault(int(text[5:].partition(",")[0]), []).append(item)
    for note in world.notes:
        _one(world, note, rows, ours.get(note.n, []), in_sheet=True)
    for note in world.gone:
        _one(world, note, rows, ours.get(note.n, []), in_sheet=False)
    if world.exit_code not in {0, 1}:
        raise BrokenError(f"the last run, without a fault, ended with {world.exit_code}")


def _one(
    world: World, note: Note, rows: dict[str, dict[str, Any]], items: list[dict[str, Any]], *, in_sheet: bool
) -> None:
    row = rows.get(world.key(note))
    held = any(item["slug"] == note.slug and item not in items for item in world.items())
    deleted = any(text in world.touched_texts for text in note.texts)
    if len(items) > 1 and not (world.forgot and _told_apart(items)):
        raise BrokenError(f"{note.slug} is there {len(items)} times: {items}")
    if row is None:
        if in_sheet or (items and not world.forgot):
            raise BrokenError(f"{note.slug}: the state does not know the row; items: {items}")
        return
    status = row["status"]
    if status in {"pending", "in_flight"} and in_sheet:
        raise BrokenError(f"{note.slug} is still {status}")
    if status == "in_flight":
        raise BrokenError(f"{note.slug} left the sheet and is still in flight")
    if status == "rejected" and in_sheet:
        _reason(world, note, row, items, held=held, deleted=deleted)
    elif status in {"published", "staged"}:
        _standing(world, note, row, items, deleted=deleted, in_sheet=in_sheet)
    elif items and (in_sheet or status != "rejected"):
        raise BrokenError(f"{note.slug} is {status} in the state, and there: {items}")


def _standing(
    world: World, note: Note, row: dict[str, Any], items: list[dict[str, Any]], *, deleted: bool, in_sheet: bool
) -> None:
    """A row that is called published or staged."""
    status = row["status"]
    if not items:
        if not deleted:
            raise BrokenError(f"{note.slug} is called {status} and is not there")
        return
    item = items[0]
    if item["text"] not in note.texts and item["id"] not in world.touched:
        raise BrokenError(f"{note.slug} has a text that it never had: {item['text']}")
    if deleted:
        return
    if item["id"] != row["item_id"]:
        raise BrokenError(f"{note.slug} is another item than the state says")
    if item["live"] != (status == "published"):
        raise BrokenError(f"{note.slug} is {status}, but live: {item['live']}")
    if in_sheet and status == "staged" and not note.draft and item["text"] == note.texts[-1]:
        raise BrokenError(f"{note.slug} is meant live and staged")


def _told_apart(items: list[dict[str, Any]]) -> bool:
    """Whether nobody without the old state file can tell that these are items of one row: slug or content differ."""
    return len({item["text"] for item in items}) == len(items) or len({item["slug"] for item in items}) == len(items)


def _reason(
    world: World, note: Note, row: dict[str, Any], items: list[dict[str, Any]], *, held: bool, deleted: bool
) -> None:
    code = row["error_code"]
    if note.bad and row["error_source"] == "check" and code == "too_long" and (not items or world.forgot):
        return
    if items and not (code in {"slug_taken", "slug_held"} and (deleted or world.forgot)):
        raise BrokenError(f"{note.slug} is rejected ({code}: {row['error']}), and there: {items}")
    if code in {"slug_taken", "slug_held"}:
        if not held and not items:
            raise BrokenError(f"{note.slug} is rejected as {code}, but nobody has its slug")
    elif note.photo != DEAD and not (world.happened["planned plan limit"] and "limit reached" in str(row["error"])):
        raise BrokenError(f"{note.slug} is a good row and rejected: {code}: {row['error']}")


__all__ = ["PATIENCE", "BrokenError", "Mix", "play"]
