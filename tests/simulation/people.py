"""What people do: others in Webflow while a run is under way, and the user between two runs."""

from __future__ import annotations

import shutil
from functools import partial
from typing import TYPE_CHECKING

from tests.simulation.notes import BETTER, DEAD, GOOD, Note
from tests.simulation.process import ENDS, beside, kept, put_back, rows_of
from tests.simulation.webflow import EDITED

if TYPE_CHECKING:
    from tests.simulation.mix import Mix
    from tests.simulation.webflow import Shown
    from tests.simulation.world import World

SIEGE = 400
"""Pages that are listed while it lasts: more than rows in doubt are looked for."""

COPY = "copy"
"""How the files of an old copy of the state file are named."""


def gather(world: World, mix: Mix, *, besieged: bool) -> None:
    """Let people come by during the next run; a besieged one sees no listing that stands still."""
    chance = world.chance
    for _ in range(chance.choice(mix.somebody)):
        what = chance.choice(mix.somebody_does)
        world.later(chance.choice(mix.somebody_after) * chance.random(), partial(act, world, what))
    pages = set()
    if chance.random() < mix.ambush:
        pages = {chance.randint(1, 12) for _ in range(3)}
    what = chance.choice(["makes another", "deletes"])
    world.wire.ambush = lambda page: act(world, what, "between two pages") if page in pages else None
    if besieged:
        world.wire.ambush = lambda page: shift(world, page) if page < SIEGE else None
    if chance.random() < mix.eats:
        for _ in range(5):
            world.later(100 * chance.random(), lambda: eat(world))
    if chance.random() < mix.schema:
        world.later(chance.choice([0.0, 3.0, 30.0]), lambda: change_fields(world))


def leave(world: World) -> None:
    """Mend what would stop every later run."""
    world.wire.ambush = lambda _page: None
    world.alone()
    world.switches["plan_limit"] = "0"  # somebody has bought a larger plan
    world.app._revoked.clear()
    _, collection = world.webflow.ask("GET", "")
    if "photo" not in {field["slug"] for field in collection["fields"]}:
        world.ask("POST", "/fields", {"type": "Image", "displayName": "Photo"})
    for field in collection["fields"]:
        if field["slug"] not in {"name", "slug"} and field["isRequired"]:
            world.ask("PATCH", f"/fields/{field['id']}", {"isRequired": False})


def act(world: World, what: str, when: str = "") -> None:
    """Somebody else works in the collection."""
    chance = world.chance
    items = sorted(world.webflow.items(), key=lambda item: item.id)
    if what.startswith("makes"):
        other = what == "makes another" or not world.notes
        slug = f"other-{len(world.others)}" if other else chance.choice(world.notes).slug
        data = {"name": f"Other {slug}", "slug": slug, "text": "Somebody else's"}
        status, made = world.ask("POST", "/items/live", {"fieldData": data})
        if status < 300:
            world.others[made["id"]] = _found(world, made["id"])
    elif items:
        item = chance.choice(items)
        if what == "deletes":
            status, _ = world.ask("DELETE", f"/items/{item.id}")
        else:
            status, _ = world.ask("PATCH", f"/items/{item.id}/live", {"fieldData": {"text": EDITED + item.text}})
        if status < 300 and item.id in world.others:
            world.others[item.id] = _found(world, item.id)
        elif status < 300:
            world.touched.add(item.id)
            if what == "deletes":
                world.deleted.add(item.id)
    world.count(f"somebody: {what} {when}".strip())


def shift(world: World, page: int) -> None:
    """Somebody makes an item, or takes the last one of theirs back: no listing stands still."""
    theirs = [item_id for item_id, item in world.others.items() if item is not None]
    if page % 2 or not theirs:
        act(world, "makes another", "between any two pages")
    else:
        world.ask("DELETE", f"/items/{theirs[-1]}")
        world.others[theirs[-1]] = None


def _found(world: World, item_id: str) -> Shown | None:
    return next((item for item in world.webflow.items() if item.id == item_id), None)


def eat(world: World) -> None:
    """Other clients of the same token use up some of the rate limit."""
    world.webflow.eat(world.chance.choice([5, 50, 1_000]))
    world.told.meals += 1
    world.told.disturbed += 1
    world.count("somebody: eats the rate limit")


def change_fields(world: World) -> None:
    """Somebody adds a field to the collection, perhaps one that every item must have, or takes one away.

    It may be one that the mapping fills.
    """
    _, collection = world.webflow.ask("GET", "")
    own = [field for field in collection["fields"] if field["displayName"].startswith("Mood")]
    ids = {field["slug"]: field["id"] for field in collection["fields"]}
    whats = ["removes a field"] * 3 if own else ["adds a field", "adds a required field"]
    what = world.chance.choice([*whats, "removes a mapped field", "requires a mapped field"])
    if what == "removes a field":
        world.ask("DELETE", f"/fields/{own[0]['id']}")
    elif what == "removes a mapped field":
        world.ask("DELETE", f"/fields/{ids['photo']}")
    elif what == "requires a mapped field":
        world.ask("PATCH", f"/fields/{ids['text']}", {"isRequired": True})
    else:
        new = {"type": "PlainText", "displayName": f"Mood {len(own)}", "isRequired": what == "adds a required field"}
        world.ask("POST", "/fields", new)
    world.count(f"somebody: {what}")


def day(world: World, mix: Mix) -> None:
    """What the user does between two runs."""
    world.passes(world.chance.choice(mix.pause))
    _edit(world, mix)
    _spoil(world, mix)
    _move(world, mix)
    if world.chance.random() < mix.imitates:
        _imitate(world)
    _lose(world, mix)


def _edit(world: World, mix: Mix) -> None:
    chance, notes = world.chance, world.notes
    for _ in range(chance.choice(mix.edits)):
        if notes:
            _edit_one(world, chance.choice(notes), mix)
            world.count("day: a row edited")
    for note in notes:
        if note.draft and chance.random() < mix.undrafts:
            note.draft = False
            world.count("day: a draft meant live")


def _spoil(world: World, mix: Mix) -> None:
    """Somebody makes a row bad that was sent, and puts bad ones right."""
    chance = world.chance
    for note in world.notes:
        if note.bad and chance.random() < mix.corrects:
            note.corrected()
            world.tell(f"ROW {note.slug} put right")
            world.count("day: a bad row put right")
    if chance.random() < mix.spoils:
        rows = rows_of(world.process.state)
        standing = {note.n: rows.get(world.key(note), {}) for note in world.notes if not note.bad and not note.like}
        sent = [note for note in world.notes if standing.get(note.n, {}).get("attempts")]
        doubtful = [note for note in sent if standing[note.n]["status"] == "in_flight"]
        if sent:
            note = chance.choice(doubtful or sent)
            note.spoiled()
            world.tell(f"ROW {note.slug} spoiled")
            world.count(f"day: a row {'in doubt' if doubtful else 'that was sent'} spoiled")


def _edit_one(world: World, note: Note, mix: Mix) -> None:
    """Somebody changes one cell of a row; where the slug is the key (or may be by now), another slug is another row."""
    chance, everybody = world.chance, [*world.notes, *world.gone]
    what = chance.choice(mix.edited)
    if what == "photo":
        note.pictured(chance.choice([one for one in (None, GOOD, BETTER, DEAD) if one != note.photo]))
    elif what == "text" or note.like or any(one.like is note for one in everybody):
        note.edited(chance, mix.long_texts)
        return
    elif what == "title":
        note.renamed()
    elif world.keyed and not world.rekeyed:
        note.moved()
    else:
        world.notes.remove(note)
        world.gone.append(note)
        new = max(one.n for one in everybody) + 1
        world.notes.append(Note(new, [f"Note {new}, version 0"], note.photo))
    world.tell(f"ROW {note.slug} has another {what}")
    world.count(f"day: another {what}")


def _move(world: World, mix: Mix) -> None:
    chance, notes = world.chance, world.notes
    if chance.random() < mix.shuffles:
        chance.shuffle(notes)
        world.count("day: rows reordered")
    if chance.random() < mix.removes and len(notes) > 1:
        world.gone.append(notes.pop(chance.randrange(len(notes))))
        world.tell(f"ROW {world.gone[-1].slug} removed from the sheet")
        world.count("day: a row removed")
    if chance.random() < mix.brings_back and world.gone:
        notes.append(world.gone.pop())
        world.tell(f"ROW {notes[-1].slug} is back in the sheet")
        world.count("day: a row brought back")


def _imitate(world: World) -> None:
    """Somebody makes an item that looks like a row that was never sent.

    Every look-up shows it: it is listed before the next run, and all items are on one page.
    """
    if world.webflow.number() >= world.wire.page:
        return
    rows = rows_of(world.process.state)
    unsent = [note for note in world.notes if not rows.get(world.key(note), {}).get("attempts")]
    if unsent:
        note = world.chance.choice(unsent)
        data = {"name": note.title, "slug": f"{note.slug}-{len(world.others)}", "text": note.texts[-1]}
        status, made = world.ask("POST", "/items/live", {"fieldData": data})
        if status < 300:
            world.others[made["id"]] = _found(world, made["id"])
            world.count("day: somebody imitates a row")
        world.passes(10)


def _lose(world: World, mix: Mix) -> None:
    """Delete the state file, keep a copy of it, or put an old one back: once no lost request is young any more."""
    chance, state = world.chance, world.process.state
    if chance.random() < mix.forgets and state.exists():
        world.passes(1_000)  # else the promise ends here
        for end in (*ENDS, "-shm"):
            beside(state, end).unlink(missing_ok=True)
        world.forgot = True
        world.tell("STATE FILE deleted")
        world.count("day: the state file deleted")
    elif chance.random() < mix.copies and state.exists():
        for end in ENDS:
            kept(state, end, what=COPY).unlink(missing_ok=True)
            if beside(state, end).exists():
                shutil.copyfile(beside(state, end), kept(state, end, what=COPY))
        world.copied = True
        world.tell("STATE FILE copied")
    elif world.copied and chance.random() < mix.restores:
        world.passes(1_000)  # else the promise ends here
        put_back(state, ((end, kept(state, end, what=COPY)) for end in ENDS))
        world.forgot = world.set_back = True
        world.tell("STATE FILE set back to the copy")
        world.count("day: an old copy of the state file put back")
