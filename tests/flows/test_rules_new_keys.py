"""Rule 10 where nothing is published yet: rows in doubt under the old rules of key and slug are rows all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from tests.flows.faulty import CREATE
from tests.flows.notes import Wire, content, made
from tests.flows.test_stops import told

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.flows.conftest import Night


@pytest.mark.parametrize("taken_slug", ["refuse", "suffix"])
def test_rule_10_new_keys_do_not_double_rows_in_doubt(night: Callable[..., Night], taken_slug: str) -> None:
    """The key comes from another column while the first rows are in doubt: none of them is made a second time."""
    one = night(taken_slug=taken_slug)
    one.sheet = one.rows(3).with_columns(No=pl.col("Title"))
    one.faults = [{"when": CREATE | {"nth": 1}, "do": "timeout_then_commit", "seconds": 50, "wait": 1}]
    assert one.run(deadline=5.0).counts.in_doubt == 3
    one.faults = []
    one.mapping["key"] = {"from": "No"}
    before = one.writes()

    counts = one.run().counts

    assert (one.exit_code, counts.created, one.writes()) == (6, 0, before)
    del one.mapping["key"]
    one.run()
    assert one.exit_code == 0
    assert one.published() == ["note-1", "note-2", "note-3"]


@pytest.mark.parametrize("concurrency", [1, 4])
def test_rule_4_item_of_a_row_in_doubt_is_given_to_one_row_only(night: Callable[..., Night], concurrency: int) -> None:
    """New keys are meant: the item that came late is the old row's or the new one's, and nobody takes it twice."""
    one = night()
    one.sheet = one.filed(30)
    one.faults = [{"when": CREATE | {"nth": 1}, "do": "timeout_then_commit", "seconds": 50, "wait": 1}]
    assert one.run(deadline=5.0).counts.in_doubt
    one.faults = []
    one.passes(1_000)
    one.mapping["key"] = {"from": "Title"}

    counts = one.run(accept_new_keys=True, concurrency=concurrency).counts

    assert (one.exit_code, counts.in_doubt, counts.not_sent) in {(0, 0, 0), (1, 0, 0)}
    assert len(one.published()) == len(set(one.published())) == 30


def test_rule_4_look_up_takes_no_item_that_was_given_away_while_it_asked(night: Callable[..., Night]) -> None:
    """The look-up knows whose item it is, asks about another slug, and meanwhile settling gives the item to its row."""
    one = night()
    one.strangers([{"name": f"Old {n}", "slug": f"old-{n}"} for n in range(150)])
    one.passes(300)
    one.sheet = pl.concat([one.filed(3), one.filed(1).with_columns(Slug=pl.lit("old-0"), Title=pl.lit("New"))])
    one.faults = [{"when": CREATE | {"nth": 1}, "do": "timeout_then_commit", "seconds": 50, "wait": 1}]
    assert one.run(deadline=5.0).counts.in_doubt == 3
    one.faults = [{"when": {"path": "*/items*", "method": "GET", "body": ""}, "do": "slow_answer", "seconds": 0.2}]
    one.passes(1_000)
    one.mapping["key"] = {"from": "Title"}

    counts = one.run(accept_new_keys=True).counts

    assert (one.exit_code, counts.in_doubt, counts.not_sent) == (1, 0, 0)
    assert len(one.published()) == 153


@pytest.mark.parametrize("taken_slug", ["refuse", "suffix"])
@pytest.mark.parametrize("second", [{"do": "slow_answer", "seconds": 25}, {"do": "reset_after"}])
def test_rule_3_new_row_waits_while_another_one_in_doubt_was_sent_with_its_slug(
    night: Callable[..., Night], taken_slug: str, second: dict[str, Any]
) -> None:
    """A row's key cell is corrected while the row is in doubt: side by side, nobody could tell whose an item is."""
    one = night(taken_slug=taken_slug)
    one.mapping["key"] = {"from": "Code"}
    one.sheet = one.rows(1).with_columns(Code=pl.lit("k1"))
    one.faults = [{"when": CREATE | {"nth": 1}, "do": "reset_before"}]
    told(one, 1)
    one.run()
    one.wire = lambda inner: inner
    one.sheet = one.rows(1).with_columns(Code=pl.lit("k2"))
    one.faults = [{"when": CREATE | {"nth": 1}} | second]

    counts = one.run().counts

    assert (one.exit_code, counts.created) == (0, 1)
    assert one.ask_state("SELECT key, status FROM rows ORDER BY key") == [("k1", "pending"), ("k2", "published")]
    assert one.published() == ["note-1"]


def test_rule_3_new_row_stays_in_doubt_with_the_one_that_was_sent_with_its_slug(night: Callable[..., Night]) -> None:
    """No listing proves anything, so the older row is given up for now; the new one is not sent, and counts as it."""
    one = night(listing_order="random")
    one.mapping["key"] = {"from": "Code"}
    one.strangers([content(n) for n in range(100, 310)])
    one.sheet = one.rows(1).with_columns(Code=pl.lit("k1"))
    one.faults = [{"when": CREATE | {"nth": 1}, "do": "reset_before"}]
    told(one, 1)
    one.run()
    one.wire = lambda inner: Wire(inner, before=lambda _request: made_and_gone(one))
    one.sheet = one.rows(1).with_columns(Code=pl.lit("k2"))
    one.faults = []

    counts = one.run().counts

    assert (one.exit_code, counts.in_doubt, counts.created) == (7, 1, 0)
    assert one.published().count("note-1") == 0


def made_and_gone(one: Night) -> None:
    """Somebody makes an item before each request, so that no listing is the same twice."""
    made(one, content(1_000 + len(one.app.log)))
