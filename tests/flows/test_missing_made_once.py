"""`missing = "create"` under faults: each item that rows refer to is there once, and no row is sent without it."""

from __future__ import annotations

import random
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from importer.errors import DeadlinePassed
from tests.flows.faulty import FAULTS
from tests.flows.naming import RULES, Naming, naming

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["naming"]

WRITES = {"method": "POST", "path": "*/items*"}

ROWS = [("One", "Rivers", "Trains,Bread", "Ada"), ("Two", "Bread", "rivers", "Bob"), ("Three", None, None, "ada")]

WHOLE = {"One": ("Rivers", ["Trains", "Bread"], "Ada"), "Two": ("Bread", ["Rivers"], "Bob"), "Three": (None, [], "Ada")}


def name_of(fault: dict[str, Any]) -> str:
    return "-".join(str(value) for value in fault.values())


def complete(one: Naming) -> None:
    """Each name and each row is there once, live, and every row refers to what its cells name."""
    assert one.once()
    assert (one.names("topics"), one.names("writers")) == (["Bread", "Rivers", "Trains"], ["Ada", "Bob"])
    assert one.refers() == WHOLE


@pytest.mark.parametrize("suffix", ["refuse", pytest.param("suffix", marks=pytest.mark.soak)])
@pytest.mark.parametrize(
    "fault",
    [pytest.param(one, id=name_of(one), marks=[pytest.mark.soak] * (n % 3 > 0)) for n, one in enumerate(FAULTS)],
)
def test_rule_11_a_fault_neither_loses_nor_doubles_an_item_that_rows_refer_to(
    naming: Callable[..., Naming], fault: dict[str, Any], suffix: str
) -> None:
    """Its create goes wrong: it is settled before the rows that need it are sent, whatever became of it."""
    one = naming(taken_slug=suffix)
    one.sheet(*ROWS)
    one.night.faults = [{"when": WRITES | {"nth": 1}} | fault]
    counts = one.night.run().counts
    assert (counts.created, counts.in_doubt, one.night.exit_code) == (3, 0, 0)
    complete(one)
    writes = one.night.writes()
    assert one.night.run().counts.unchanged == 3
    assert one.night.writes() == writes


@pytest.mark.parametrize("done", [False, True])
@pytest.mark.parametrize("at", [1, 2, 3])
@pytest.mark.parametrize("suffix", [pytest.param("refuse", marks=pytest.mark.soak), "suffix"])
def test_rule_11_a_run_that_dies_is_taken_up_where_it_ended(
    naming: Callable[..., Naming], at: int, done: bool, suffix: str
) -> None:
    """With the first collection, between the two, or with the rows: the next run settles what is in doubt first."""
    one = naming(taken_slug=suffix)
    one.sheet(*ROWS)
    assert one.dies(at, done=done)
    known = one.night.ask_state("SELECT count(*) FROM rows WHERE status = 'in_flight'")
    assert known[0][0] > 0
    assert one.night.run().counts.in_doubt == 0
    complete(one)


@pytest.mark.parametrize("done", [False, True])
@pytest.mark.parametrize("at", [*range(6, 36, 12), *(pytest.param(n, marks=pytest.mark.soak) for n in range(1, 50))])
def test_rule_11_a_run_that_dies_at_a_commit_is_taken_up_where_it_ended(
    naming: Callable[..., Naming], at: int, done: bool
) -> None:
    """Whatever the state file says by then of items that rows refer to, and of rows: in the end each is there once."""
    one = naming(taken_slug="suffix")
    one.sheet(*ROWS)
    one.dies_writing(at, done=done)
    assert one.night.run().counts.in_doubt == 0
    complete(one)


DENIED = {"do": "status", "status": 429, "work": "done", "headers": {"Retry-After": "1"}}
"""Says that nothing was carried out, and has done it."""


def doubled(naming: Callable[..., Naming], at: int, *, done: bool) -> Naming:
    """A create that was denied, and carried out, has made a twin; then the run died at its n-th request that writes."""
    one = naming(taken_slug="suffix")
    one.sheet(("One", "Rivers"))
    one.night.faults = [{"when": WRITES | {"nth": 1}} | DENIED]
    assert one.dies(at, done=done)
    one.night.faults = []
    assert one.names("topics") == ["Rivers", "Rivers"]
    return one


def test_rule_11_twins_of_an_earlier_run_go_before_their_name_is_ambiguous(naming: Callable[..., Naming]) -> None:
    """Once the patience of their requests has ended, they are removed before that collection is listed."""
    one = doubled(naming, 2, done=True)
    one.night.passes(100)
    assert one.night.run().counts.created == 1
    assert one.names("topics", live=False) == ["Rivers"]
    assert one.refers() == {"One": ("Rivers", [], None)}


def test_rule_11_a_removal_that_was_begun_is_kept_for_a_run_that_makes_items_of_that_collection(
    naming: Callable[..., Naming],
) -> None:
    """A run that refers to them otherwise looks at its own collection alone, and forgets nothing of the other."""
    one = doubled(naming, 3, done=False)
    one.night.mapping["fields"]["main"] = one.night.mapping["fields"]["topics"] = "Main"
    assert one.night.run().counts.rejected == 1, "nobody can tell which of the two is meant"
    one.sheet(("Two", None))
    assert one.night.run().counts.created == 1
    assert one.night.ask_state("SELECT count(*) FROM facts WHERE name LIKE 'remove from %'") == [(1,)]
    one.night.mapping["fields"] |= {"main": RULES["main"], "topics": RULES["topics"]}
    one.sheet(("One", "Rivers"))
    assert one.night.run().counts.created == 1
    assert one.names("topics", live=False) == ["Rivers"]
    assert one.night.ask_state("SELECT count(*) FROM facts WHERE name LIKE 'remove from %'") == [(0,)]


def test_rule_11_a_name_never_gets_the_item_that_another_name_with_its_slug_made(naming: Callable[..., Naming]) -> None:
    """The name was corrected before anybody could know that the first one was made: the item is that of the first."""
    one = naming(listing_delay="8")
    one.sheet(("One", "C"))
    one.night.faults = [{"when": WRITES | {"nth": 1}} | DENIED, {"when": WRITES, "do": "refuse"}]
    one.night.run(deadline=3.0)
    one.sheet(("One", "C++"))
    one.night.faults = []
    assert one.night.run().counts.rejected == 1
    assert 'that is the slug of "C"' in one.night.told(2)
    assert (one.names("topics"), one.refers()) == (["C"], {})


def test_rule_11_no_row_is_sent_when_making_what_it_refers_to_was_stopped(naming: Callable[..., Naming]) -> None:
    """An outage or a deadline while items are made ends the run: the rows are `not_sent`, and the next run goes on."""
    one = naming()
    one.sheet(*ROWS)
    one.night.faults = [{"when": WRITES, "do": "timeout_then_commit", "seconds": 50, "wait": 1}]
    summary = one.night.run(deadline=20.0)
    assert (summary.counts.not_sent, one.night.exit_code) == (3, 5)
    assert sum(each.counts.in_doubt for each in summary.referenced) == 3
    assert sum(each.counts.not_sent for each in summary.referenced) == 2
    assert one.refers() == {}
    one.night.faults = []
    assert one.night.run().counts.created == 3
    complete(one)


def test_rule_11_a_row_in_doubt_whose_new_reference_is_refused_is_not_sent_again(
    naming: Callable[..., Naming],
) -> None:
    """The row was lost and never made, and its cell was changed meanwhile to a name that Webflow refuses."""
    one = naming()
    one.sheet(("One", "Rivers"))
    one.night.faults = [{"when": WRITES | {"nth": 2}, "do": "reset_before"}]
    assert one.night.run(deadline=20.0).counts.in_doubt == 1
    one.sheet(("One", "Trains"))
    one.night.faults = [{"when": WRITES | {"body": '"Trains"'}, "do": "status", "status": 400, "message": "No trains"}]
    counts = one.night.run().counts
    assert (counts.rejected, counts.in_doubt) == (1, 0)
    assert "No trains" in one.night.told(2)
    assert one.refers() == {}
    one.night.faults = []
    assert one.night.run(only_failed=True).counts.created == 1
    assert one.refers() == {"One": ("Trains", [], None)}


SOME = 4
"""Seeds that are played each time; a soak plays more."""


@pytest.mark.parametrize("seed", [*range(SOME), *(pytest.param(n, marks=pytest.mark.soak) for n in range(SOME, 300))])
def test_rule_11_small_sheets_end_right_whatever_goes_wrong(naming: Callable[..., Naming], seed: int) -> None:
    """Faults, deaths and edits in any order: in the end each name is there once, and each row once and refers to it."""
    chance = random.Random(seed)
    one = naming(taken_slug=chance.choice(["refuse", "suffix"]), listing_delay=chance.choice(["0", "5"]))
    names = ["Rivers", "Trains", "Bread", "rivers", "BREAD ", "Ovens"]
    rows = []
    for n in range(chance.randint(1, 6)):
        topics = ",".join(chance.sample(names, chance.randint(0, 3)))
        rows.append((f"Note {n}", chance.choice([*names, None]), topics or None, chance.choice(["Ada", "Bob"])))
    for _ in range(chance.randint(1, 4)):
        one.sheet(*rows[: chance.randint(1, len(rows))])
        when = WRITES | {"every": chance.randint(1, 3)}
        one.night.faults = [{"when": when | {"times": 3}} | chance.choice(FAULTS)]
        if chance.random() < 0.5:
            one.dies(chance.randint(1, 4), done=chance.random() < 0.5)
        else:
            with suppress(DeadlinePassed):  # while the run finds out what became of earlier ones, it has not begun
                one.night.run(deadline=chance.choice([5.0, 90.0, None]))
        one.night.passes(chance.choice([0, 5, 400]))
    one.sheet(*rows)
    one.night.faults = []
    one.night.run()
    assert one.night.exit_code == 0
    assert one.once()
    plain = {"rivers": "Rivers", "trains": "Trains", "bread": "Bread", "ovens": "Ovens"}
    told = one.refers()
    assert sorted(told) == sorted(title for title, *_ in rows)
    for title, main, several, writer in rows:
        found = told[title]
        called = list(dict.fromkeys(plain[part.strip().lower()] for part in (several or "").split(",") if part))
        shown = (
            found[0] and plain[found[0].strip().lower()],
            [plain[each.strip().lower()] for each in found[1]],
            found[2],
        )
        assert shown == (main and plain[main.strip().lower()], called, writer)
    writes = one.night.writes()
    assert one.night.run().counts.unchanged == len(rows)
    assert one.night.writes() == writes


def test_rule_11_making_items_forgets_no_publishing_of_rows_that_was_never_answered(
    naming: Callable[..., Naming],
) -> None:
    """Drafts went live, the answers were lost, and their rows left the sheet: the state file says what they are."""
    one = naming()
    one.sheet(("One", None), ("Two", None))
    assert one.night.run(draft=True).counts.staged == 2
    one.night.faults = [{"when": {"method": "POST", "path": "*/items/publish"}, "do": "reset_after"}]
    assert one.night.run().counts.in_doubt == 2
    one.night.faults = []
    one.night.passes(1000)
    one.sheet(("Three", "Rivers"))
    assert one.night.run().counts.created == 1
    assert one.night.ask_state("SELECT DISTINCT status FROM rows") == [("published",)]
    assert one.names("notes") == ["One", "Three", "Two"]


def test_rule_11_what_was_published_unanswered_is_looked_up_before_its_collection_is_listed(
    naming: Callable[..., Naming],
) -> None:
    """Nobody asks for it again, for it is found by its name: the state file says all the same that it is live."""
    one = naming()
    one.sheet(("One", "Rivers"))
    assert one.night.run(draft=True).counts.staged == 1
    one.night.faults = [{"when": {"method": "POST", "path": "*/items/publish"}, "do": "reset_after"}]
    one.night.run()
    one.night.faults = []
    one.night.passes(1000)
    one.sheet(("Two", None))
    assert one.night.run().counts.created == 1
    assert one.night.ask_state("SELECT status FROM rows WHERE key = 'rivers'") == [("published",)]
    assert one.night.ask_state("SELECT count(*) FROM facts WHERE name LIKE 'publishing in %'") == [(0,)]
