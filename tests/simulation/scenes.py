"""Worlds that are told rather than drawn: what chance brings about too seldom, in the same virtual time."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson

from importer.state.lock import held
from tests.simulation.ending import at_the_end
from tests.simulation.invariants import after_a_run
from tests.simulation.middle import after_a_commit
from tests.simulation.mix import SWITCHES
from tests.simulation.notes import Note
from tests.simulation.people import shift
from tests.simulation.seen import BrokenError
from tests.simulation.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LOST = {"method": "POST", "path": "*/items*", "nth": 1}
"""The first request of a run that creates."""


@contextmanager
def _world(folder: Path, seed: int, notes: int, **switches: str) -> Iterator[World]:
    usual = {name: values[0] for name, values in SWITCHES.items()} | {"rate_limit": "600"}
    world = World(folder, seed, usual | switches, [_note(n) for n in range(notes)])
    world.process.looks = partial(after_a_commit, world)
    try:
        yield world
    except BrokenError as error:
        error.story = world.story
        raise
    except Exception as error:  # whatever the importer raises here, a user would see as exit 70
        broken = BrokenError(f"{type(error).__name__}: {error}")
        broken.story = world.story
        raise broken from error
    finally:
        world.close()


def _note(n: int) -> Note:
    return Note(n, [f"Note {n}, version 0"])


def _others(world: World, number: int) -> None:
    """Other people make many items at once: their stamps are equal."""
    for start in range(0, number, 100):
        ns = range(start, min(start + 100, number))
        data = [{"name": f"Old {n}", "slug": f"old-{n}", "text": "Theirs"} for n in ns]
        world.webflow.ask("POST", "/items/live", {"items": [{"fieldData": one} for one in data]})


def _imitation(world: World) -> None:
    """Somebody makes an item that looks like the first row, but for its slug."""
    note = world.notes[0]
    data = {"name": note.title, "slug": f"{note.slug}-2", "text": note.texts[-1]}
    _, made = world.ask("POST", "/items/live", {"fieldData": data})
    world.others[made["id"]] = next(item for item in world.webflow.items() if item.id == made["id"])


def _night(world: World, *faults: dict[str, Any]) -> None:
    world.faults = list(faults)
    world.run()
    after_a_run(world)


def _morning(world: World) -> None:
    world.faults = []
    world.passes(1_000)
    world.run()
    at_the_end(world)


def an_old_imitation(folder: Path, seed: int) -> None:
    """Long before a row is sent somebody made an item like it, which no look-up shows; the row's request is lost."""
    with _world(folder, seed, 1, taken_slug="suffix", listing_order="ignored") as world:
        _imitation(world)
        world.passes(200)
        _others(world, 400)
        world.passes(200)
        _night(world, {"do": "reset_before", "when": LOST})
        _morning(world)


def an_early_imitation(folder: Path, seed: int) -> None:
    """While a lost row may still be written, somebody makes an item like it under a suffixed slug."""
    with _world(folder, seed, 1, taken_slug="suffix") as world:
        world.later(5.0, lambda: _imitation(world))
        _night(world, {"do": "timeout_then_commit", "wait": 1, "seconds": 50, "when": LOST})
        _morning(world)


def many_equal_stamps(folder: Path, seed: int) -> None:
    """Hundreds of items have one stamp, one of ours is newer, a row is lost; listings have an order of their own."""
    with _world(folder, seed, 1, listing_order="ignored", stamps="equal") as world:
        _others(world, 400)
        world.passes(100)
        _night(world)
        world.passes(100)
        world.notes.append(_note(1))
        _night(world, {"do": "reset_after", "when": LOST})
        _morning(world)


def a_death(*, heard: float, carried_out: float) -> Callable[[Path, int], None]:
    """Tell of a process that dies after 5 s; the request that it sent at once is lost, and carried out later."""

    def scene(folder: Path, seed: int) -> None:
        with _world(folder, seed, 2, taken_slug="suffix") as world:
            world.later(5.0, world.process.dies)
            _night(world, {"do": "timeout_then_commit", "wait": heard, "seconds": carried_out, "when": LOST})
            world.passes(25.0)
            _night(world)
            _morning(world)

    return scene


UNDER_WAY = a_death(heard=100.0, carried_out=85.0)
"""It is under way then, and has its effect within the patience of the next process."""

HEARD_OF = a_death(heard=1.0, carried_out=60.5)
"""It was lost before, and has its effect within that patience."""


def a_row_that_only_webflow_rejects(folder: Path, seed: int) -> None:
    """Webflow refuses a row for a reason of its own, in each run; it stays rejected until somebody changes it."""
    secret = {"do": "status", "status": 400, "message": "Validation Error: 'note-1' is not welcome."}
    with _world(folder, seed, 3) as world:
        for _ in range(2):
            _night(world, secret | {"when": {"method": "POST", "path": "*/items*", "body": "note-1"}})
            if world.told.summary is None or world.told.summary.counts.rejected != 1:
                raise BrokenError(f"one row is rejected, and counted are {world.told.summary}")


def a_late_row_seen_again(folder: Path, seed: int) -> None:
    """A row whose request is lost looks like an item that was seen before; a look-up shows that once more."""
    with _world(folder, seed, 1, taken_slug="suffix") as world:
        _imitation(world)
        world.passes(10)
        world.later(5.0, world.process.dies)
        _night(world, {"do": "reset_before", "when": LOST})
        world.notes.append(_note(1))
        _night(world)
        _morning(world)


def a_twin_while_nothing_stands_still(folder: Path, seed: int) -> None:
    """Two requests of a row made an item each; when it is looked for twins, items come and go all the time."""
    lie = {"do": "status", "status": 429, "work": "done", "headers": {"Retry-After": "0"}}
    with _world(folder, seed, 1, taken_slug="suffix") as world:
        _others(world, 8)
        world.wire.page = 2
        _night(world, {"when": LOST} | lie, {"when": LOST | {"nth": 2}, "do": "reset_after"})
        world.passes(100)
        world.wire.ambush = lambda page: shift(world, page)
        _night(world)
        world.wire.ambush = lambda _page: None
        _morning(world)


def a_sleeping_holder(folder: Path, seed: int) -> None:
    """A run has been stopped (SIGSTOP) for hours, and another one begins: it must not go on without the first."""
    with _world(folder, seed, 2) as world:
        state = world.process.state
        with held(state):
            told = state.with_name(f"{state.name}.lock.json")
            sleeping = orjson.loads(told.read_bytes()) | {"heartbeat": "2020-01-01T00:00:00+00:00"}
            told.write_bytes(orjson.dumps(sleeping))
            world.run()
            if world.told.exit_code != LOCKED or world.wire.carried["POST"]:
                raise BrokenError(f"a second run went on while the first one held the state file: {world.told}")
        _morning(world)


LOCKED = 5
"""How a run ends that another one keeps out."""
