"""Where the promise ends: in none of these cases a row is lost; what is doubled is removed, or told."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from tests.flows.faulty import CREATE
from tests.flows.notes import complete, content, made, meanwhile, names
from tests.flows.verifying import verified

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.flows.conftest import Night


def late(seconds: float) -> dict[str, Any]:
    """The answer to the first create is lost, and it is carried out so many seconds later."""
    return {"when": CREATE | {"nth": 1}, "do": "timeout_then_commit", "seconds": seconds + 1, "wait": 1}


def titles(one: Night) -> dict[str, int]:
    """How many live items each row has, by its title."""
    found = [item["fieldData"]["name"] for item in one.items(live=True)]
    return {name: found.count(name) for name in found}


def each_at_least_once(one: Night, number: int) -> None:
    """No row is lost."""
    assert titles(one).keys() >= {f"Note {n}" for n in range(1, number + 1)}


def state_names_what_is_live(one: Night) -> None:
    """What the state calls published is there."""
    held = one.ask_state("SELECT item_id FROM rows WHERE status = 'published'")
    assert {item_id for (item_id,) in held} <= {item["id"] for item in one.items(live=True)}


def forget(one: Night) -> None:
    """Somebody deletes the state file."""
    for end in ("", "-wal", "-shm", ".lock"):
        one.state.with_name(one.state.name + end).unlink(missing_ok=True)


def test_promise_ends_where_a_commit_comes_later_than_patience(night: Callable[..., Night]) -> None:
    """The rows were sent again by then, and the server renames: the twins are found and removed by `verify --heal`."""
    one = night(taken_slug="suffix")
    one.faults = [late(80)]
    one.run(patience=60.0)
    one.faults = []
    one.passes(400)
    one.run(patience=60.0)
    each_at_least_once(one, 5)
    state_names_what_is_live(one)
    assert len(one.items(live=True)) == 10
    verified(one, heal=True)
    complete(one, 5)


def test_promise_holds_however_late_a_commit_comes_where_a_taken_slug_is_refused(
    night: Callable[..., Night],
) -> None:
    """The second send has the slugs by then: what comes late is refused."""
    one = night()
    one.faults = [late(200)]
    one.run(patience=60.0)
    one.faults = []
    one.passes(400)
    assert one.run(patience=60.0).counts.unchanged == 5
    complete(one, 5)


@pytest.mark.parametrize("do", ["reset_before", "reset_after"])
def test_promise_ends_where_the_order_of_a_listing_changes_with_every_request(
    night: Callable[..., Night], do: str
) -> None:
    """Pages that are dealt anew each time: what cannot be proven stays in doubt, and no row is lost."""
    one = night(listing_order="random", taken_slug="suffix")
    one.strangers([content(n, name=f"Other {n}") for n in range(1_000, 1_105)])
    one.passes(1_000)
    one.faults = [{"when": CREATE | {"nth": 1}, "do": do}]
    one.run(patience=60.0)
    one.faults = []
    for _ in range(3):
        if one.exit_code == 0:
            break
        one.switches["listing_order"] = "random"
        one.passes(400)
        one.run(patience=60.0)
    one.switches["listing_order"] = "as_asked"
    one.run(patience=60.0)
    assert one.exit_code == 0
    each_at_least_once(one, 5)
    state_names_what_is_live(one)


@pytest.mark.parametrize(("taken", "back"), [("suffix", "deleted"), ("suffix", "set back"), ("refuse", "deleted")])
def test_promise_ends_where_the_state_file_is_lost_while_a_lost_request_is_young(
    night: Callable[..., Night], taken: str, back: str
) -> None:
    """Nobody knows any more that something is under way: it is sent again, and comes; none of the rows is lost."""
    one = night(taken_slug=taken)
    old = one.folder / "old.db"
    one.sheet = one.rows(5).head(1)
    one.run()
    shutil.copyfile(one.state, old)
    one.sheet = one.rows(5)
    one.faults = [late(30)]
    assert one.run(patience=60.0, deadline=10.0).counts.in_doubt == 4
    forget(one)
    if back == "set back":
        shutil.copyfile(old, one.state)
    one.faults = []
    one.run(patience=60.0)
    one.passes(400)
    one.run(patience=60.0)
    each_at_least_once(one, 5)
    state_names_what_is_live(one)
    assert taken == "suffix" or one.published() == names(5), "a taken slug that is refused makes no twin"


def test_promise_holds_again_where_the_state_file_is_lost_once_nothing_is_young(night: Callable[..., Night]) -> None:
    """After patience has passed, what is there is found and adopted: nothing is doubled."""
    one = night(taken_slug="suffix")
    one.faults = [late(30)]
    assert one.run(patience=60.0, deadline=10.0).counts.in_doubt == 5
    forget(one)
    one.faults = []
    one.passes(400)
    assert one.run(patience=60.0).counts.unchanged == 5
    complete(one, 5)


@pytest.mark.parametrize("taken", ["refuse", "suffix"])
def test_promise_ends_where_two_state_files_serve_one_collection(night: Callable[..., Night], taken: str) -> None:
    """Two importers send the same rows in the same seconds: each row is there, and each state tells the truth."""
    one = night(taken_slug=taken)
    other = one.folder / "other.db"
    mine = one.state

    def second() -> None:
        for number in range(1, 4):  # the other importer was quicker with these
            made(one, content(number))

    one.faults = [{"when": CREATE | {"nth": 1}, "do": "throttle", "retry_after": "1"}]
    meanwhile(one, second)
    one.run(patience=60.0)
    one.faults, one.state = [], other
    one.run(patience=60.0)
    each_at_least_once(one, 5)
    for state in (mine, other):
        one.state = state
        one.passes(400)
        one.run(patience=60.0)
        state_names_what_is_live(one)
    each_at_least_once(one, 5)
    assert taken == "suffix" or one.published() == names(5)


@pytest.mark.parametrize("do", ["reset_before", "reset_after"])
def test_promise_ends_where_somebody_makes_the_same_within_the_same_minutes(
    night: Callable[..., Night], do: str
) -> None:
    """Their item says what ours says, under our slug or one like it: it may be taken for ours; no row is lost."""
    one = night(taken_slug="suffix")
    theirs: list[str] = []
    meanwhile(
        one,
        lambda: theirs.append(made(one, content(1))),
        lambda: theirs.append(made(one, content(2, slug="note-2-abcde"))),
    )
    one.faults = [{"when": CREATE | {"nth": 1}, "do": do}]
    one.run(patience=60.0)
    one.faults = []
    one.passes(400)
    one.run(patience=60.0)
    assert one.exit_code == 0
    each_at_least_once(one, 5)
    state_names_what_is_live(one)
