"""A world's nights: one seed draws what there is, what goes wrong in each night, and what people do in between."""

from __future__ import annotations

import random
import traceback
from functools import partial
from typing import TYPE_CHECKING, Any

from tests.simulation.ending import at_the_end
from tests.simulation.invariants import GUARDED, after_a_run
from tests.simulation.late import PATIENCE
from tests.simulation.middle import after_a_commit
from tests.simulation.mix import Mix, mix_of
from tests.simulation.notes import DEAD, GOOD, TOO_LONG, Note
from tests.simulation.people import day, gather, leave
from tests.simulation.process import Ailment, Death, rows_of
from tests.simulation.proving import prove_and_heal
from tests.simulation.seen import BrokenError, Seen
from tests.simulation.world import World

if TYPE_CHECKING:
    from pathlib import Path

PROVEN = 0.5
"""How many of the worlds are proven at their end."""


def play(seed: int, folder: Path, mix: Mix | None = None) -> World:
    """Live through the nights of a seed and check what must hold; raises BrokenError.

    Without a mix every other world is a harsh one.
    """
    mix = mix or mix_of(seed)
    world = _drawn(seed, folder, mix)
    world.process.looks = partial(after_a_commit, world)
    try:
        for _ in range(world.chance.choice(mix.nights)):
            _night(world, mix)
            day(world, mix)
        _last_night(world, mix)
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


def _drawn(seed: int, folder: Path, mix: Mix) -> World:
    chance = random.Random(f"{seed} world")
    switches = {name: chance.choice(values) for name, values in mix.switches.items()}
    number = chance.choice(mix.rows)
    bad = set(chance.sample(range(number), k=min(number, chance.choice(mix.dead_files))))
    notes = [Note(n, [f"Note {n}, version 0"], DEAD if n in bad else None) for n in range(number)]
    for note in notes:
        if chance.random() < mix.photos:
            note.photo = note.photo or GOOD
        if note.n and not notes[note.n - 1].like and chance.random() < mix.alike:
            note.like = notes[note.n - 1]
            note.texts[0] = note.like.texts[0]
        note.draft = chance.random() < mix.drafts
        if not note.like and chance.random() < mix.long_texts:
            note.texts[0] += TOO_LONG
    disorder = chance.random() < mix.disorder
    if disorder:
        switches["listing_order"] = "random"
    world = World(folder, seed, switches, notes, disorder=disorder)
    world.keyed = chance.random() < mix.keyed
    world.wire.slowness = chance.choice(mix.slowness)
    world.chunk = chance.choice(mix.chunk)
    world.wire.page = max(chance.choice(mix.page), number // 8)
    for name, value in switches.items():
        world.count(f"switch: {name}={value}")
    return world


def _night(world: World, mix: Mix) -> None:
    """A run in which things go wrong."""
    chance, process = world.chance, world.process
    world.faults = _plan(chance, mix)
    besieged = chance.random() < mix.besieged
    gather(world, mix, besieged=besieged)
    if chance.random() < mix.plan_limit:
        world.switches["plan_limit"] = str(world.webflow.number() + chance.randint(0, len(world.notes)))
    death = Death.drawn(chance) if chance.random() < mix.dies else None
    ailment = Ailment.drawn(chance) if chance.random() < mix.disk else None
    if chance.random() < mix.skewed:
        world.skew, world.steps_back = chance.choice([-86_400, -600, 0, 600]), chance.choice([0, 0, 60, 3_600])
    before = rows_of(process.state)
    dead_before = world.told.died
    _change_rules(world, mix)
    world.run(
        death,
        ailment,
        concurrency=chance.choice(mix.concurrency),
        limit=chance.choice(mix.limit),
        requests_per_minute=None if besieged else chance.choice(mix.own_rate),  # it would take for ever
    )
    leave(world)
    after_a_run(world)
    _note(world, dead_before=dead_before)
    _rules_kept(world, before)


def _change_rules(world: World, mix: Mix) -> None:
    """Change the rule of key or slug before a run, meant or by mistake."""
    chance = world.chance
    if chance.random() < mix.rekeys:
        world.keyed, world.rekeyed = not world.keyed, True
        world.accepts = world.accepts or chance.random() < mix.accepts_keys
        world.tell(f"RULE of the key changed, {'meant' if world.accepts else 'by mistake'}")
        world.count("day: the rule of the key changed")
    elif chance.random() < mix.reslugs:
        world.odd_slugs = not world.odd_slugs
        world.rekeyed = world.rekeyed or not world.keyed  # then the slug is the key
        world.accepts = world.accepts or chance.random() < mix.accepts_keys
        world.tell(f"RULE of the slug changed, {'meant' if world.accepts else 'by mistake'}")
        world.count("day: the rule of the slug changed")


def _rules_kept(world: World, before: dict[str, dict[str, Any]]) -> None:
    """Rule 10: a run under other rules of key or slug sends nothing; then the user takes the change back."""
    if world.told.exit_code == GUARDED and not world.told.died:
        world.count("circumstance: a run stopped for its changed rules")
        if world.wire.carried["POST"] or rows_of(world.process.state).keys() != before.keys():
            raise BrokenError("a run that was stopped for its changed rules has sent something")
        said = str(world.told.error)
        if "of the slug" in said:  # where no key is named, the slug is the key
            world.odd_slugs = not world.odd_slugs
        else:
            world.keyed = not world.keyed


def _plan(chance: random.Random, mix: Mix) -> list[dict[str, Any]]:
    plan = []
    for _ in range(chance.choice(mix.faults_a_night)):
        about = chance.choice(mix.about)
        rhythm = chance.choice(
            [{"nth": chance.choice(mix.nth)}, {"every": chance.choice(mix.every)}, {"from": 2, "until": 6}]
        )
        fault, kind = chance.choice(mix.faults), chance.random()
        if kind < mix.stopping:
            fault, about = chance.choice(mix.stopping_faults), {"method": "POST"}
        elif kind < mix.stopping + mix.beyond_patience:
            fault, about = chance.choice(mix.beyond), {"method": "POST"}
        plan.append({"when": about | rhythm} | fault)
    return plan


def _note(world: World, *, dead_before: bool) -> None:
    """Count what became of the process."""
    told, process = world.told, world.process
    if told.died and process.death is not None:
        happened = {
            f"crash: {process.death.when}": True,
            "crash: while rows were in doubt since an earlier run": told.in_doubt > 0,
            "crash: twice in a row": dead_before,
            "crash: with requests under way": bool(world.wire.under_way),
        }
    else:
        removed = told.summary is not None and told.summary.counts.removed > 0
        happened = {
            f"exit: {told.exit_code}": True,
            f"stopped: {told.error.code if told.error else ''}": told.error is not None,
            f"disk: {process.ailment.what if process.ailment else ''}": told.ailed,
            "circumstance: a twin removed": removed,
            "clock: minutes or hours off": bool(world.skew),
            "clock: stepped back": bool(world.steps_back),
        }
    for what, so in happened.items():
        if so:
            world.count(what)


def _look_back(world: World, seen: Seen) -> None:
    """Count what the state file and the collection tell at the end."""
    for row in seen.rows.values():
        if row["item_id"] is not None and row["attempts"] > 1:
            world.count("circumstance: a row sent twice and there once")
        if row["item_id"] is not None and row["slug"] != row["slug_sent"]:
            world.count("circumstance: a slug suffixed instead of refused")
    if world.late and any(len(items) > 1 for items in seen.ours().values()):
        world.count("circumstance: a twin left after a commit beyond patience")


def _last_night(world: World, mix: Mix) -> None:
    """A run without a fault, once all lost requests had their effect; perhaps another, which has nothing to do."""
    world.faults = []
    world.passes(1_000)
    leave(world)  # a request of a dead process may have met the faults of its night while that time passed
    _quiet_run(world)
    _look_back(world, at_the_end(world))
    if world.loop.mishaps:
        raise BrokenError(f"something failed unheard: {world.loop.mishaps}")
    if world.chance.random() < 0.25:
        _quiet_run(world)
        at_the_end(world)
    if world.chance.random() < PROVEN:
        prove_and_heal(world, mix)


def _quiet_run(world: World) -> None:
    """A run without a fault; where it is stopped for changed rules, the user takes them back."""
    world.run()
    for _ in range(2):
        if world.told.exit_code == GUARDED:
            _rules_kept(world, rows_of(world.process.state))
            world.run()


__all__ = ["PATIENCE", "BrokenError", "Mix", "play"]
