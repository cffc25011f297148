"""A row was denied (429), and by the next run it has another slug: what the denial made is found, and only that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from tests.flows.faulty import CREATE
from tests.flows.naming import Naming, naming
from tests.flows.test_denials import LIE, REVOKED, creates, is_left
from tests.flows.verifying import proof_of, verdicts

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.flows.conftest import Night

__all__ = ["naming"]

FILE = "https://example.com/ok.png"


def test_what_was_made_just_now_is_looked_for_once_more(night: Callable[..., Night]) -> None:
    """The second run comes before `lag`: what the first one made is not listed yet, so its absence says nothing."""
    one = night(listing_delay="9")
    one.sheet = one.rows(1)
    one.mapping["key"] = {"from": "Title"}
    one.faults = creates(LIE)
    one.run(deadline=1.0)
    assert one.exit_code == 5
    one.faults = []
    one.sheet = one.changed(Slug={0: "moved"})
    for _ in range(2):
        one.run()
        one.passes(1_000)
    is_left(one, "note-1")


def test_what_the_look_up_has_shown_is_not_asked_for_again(night: Callable[..., Night]) -> None:
    """A hundred rows were made and denied: the page that shows them all is enough."""
    one = night()
    one.sheet = one.rows(100)
    one.mapping["key"] = {"from": "Title"}
    one.faults = creates(LIE)
    one.run(deadline=1.0)
    one.faults = []
    one.sheet = one.changed(Slug={n: f"moved-{n}" for n in range(100)})
    before = len(one.app.log)
    assert one.run().counts.skipped == 100
    assert len(one.app.log) - before < 12
    is_left(one, *(f"note-{n}" for n in range(1, 101)))


@pytest.mark.parametrize(
    "fate", [{"do": "slow_answer", "seconds": 5}, {"do": "reset_after"}], ids=["under way", "in doubt"]
)
def test_item_of_a_row_under_way_is_not_taken(night: Callable[..., Night], fate: dict[str, Any]) -> None:
    """Keys are numbers, and the rows were numbered anew: what key 1 was denied with is key 2's by now."""
    one = night()
    one.strangers([{"name": f"Other {n}", "slug": f"other-{n}", "text": ""} for n in range(950)])
    one.mapping["key"] = {"from": "No"}
    one.sheet = one.rows(1, Photo=[FILE]).with_columns(No=pl.lit("1"))
    one.faults = [{"when": CREATE, "do": "throttle", "retry_after": "60"}]
    one.run(deadline=1.0)
    assert (one.exit_code, one.outcome()) == (5, {2: ("pending", None)})
    # The row with the file goes alone and is quickest; key 1 is asked about last.
    one.sheet = one.rows(5, Photo=[FILE, *[None] * 4]).with_columns(No=pl.Series(["2", "3", "4", "5", "1"]))
    one.faults = creates(fate)
    assert one.run().counts.created == 5
    assert one.exit_code == 0
    is_left(one, *(f"note-{n}" for n in range(1, 6)))


def test_what_our_checks_said_meanwhile_is_no_refusal_of_what_was_sent(night: Callable[..., Night]) -> None:
    """A cell was too long for a run, and was corrected: the row was sent before all the same."""
    one = night()
    one.sheet = one.rows(1).with_columns(No=pl.lit("1"))
    one.mapping["key"] = {"from": "No"}
    one.faults = creates(LIE, REVOKED)
    one.run()
    one.faults = []
    good, one.sheet = one.sheet, one.changed(Text={0: "x" * 300})
    assert one.run().counts.rejected == 1
    one.sheet = good
    one.sheet = one.changed(Slug={0: "moved"})
    assert one.run().counts.skipped == 1, "it was changed since it was published"
    is_left(one, "note-1")


def test_a_row_that_was_not_sent_for_what_it_refers_to_was_not_refused(naming: Callable[..., Naming]) -> None:
    """What it named could not be made, and it names that no more: the row was sent before all the same."""
    one = naming()
    one.night.mapping["key"] = {"from": "No"}

    def sheet(*cells: str) -> None:
        one.sheet(("Note 1", *cells))
        one.night.sheet = one.night.sheet.with_columns(No=pl.lit("1"))

    sheet()
    one.night.faults = creates(LIE, REVOKED)
    one.night.run()
    one.night.faults = [{"when": CREATE | {"nth": 1}, "do": "status", "status": 400, "code": "validation_error"}]
    sheet("Rivers")
    assert one.night.run().counts.rejected == 1
    assert one.night.ask_state("SELECT error_code FROM rows WHERE slug_sent = 'note-1'") == [("reference_unmade",)]
    one.night.faults = []
    sheet()
    one.night.sheet = one.night.changed(Slug={0: "moved"})
    assert one.night.run().counts.skipped == 1, "it was changed since it was published"
    is_left(one.night, "note-1")


def test_verify_looks_under_the_slug_that_was_sent_not_under_one_that_was_refused_unsent(
    night: Callable[..., Night],
) -> None:
    """Somebody's item has the new slug, and what the denial made is not listed yet: the row is rejected, unsent."""
    one = night(listing_delay="9")
    one.strangers([{"name": "Theirs", "slug": "moved", "text": ""}])
    one.passes(100)
    one.sheet = one.rows(1).with_columns(No=pl.lit("1"))
    one.mapping["key"] = {"from": "No"}
    one.faults = creates(LIE)
    one.run(deadline=1.0)
    one.faults = []
    one.sheet = one.changed(Slug={0: "moved"})
    one.run()
    assert one.outcome() == {2: ("rejected", "slug_taken")}
    proof = proof_of(one)
    assert verdicts(proof) == {2: "unrecorded"}
    assert [stray.name for stray in proof.strangers] == ["Theirs"]
    one.passes(1_000)
    one.run()
    is_left(one, "note-1")
