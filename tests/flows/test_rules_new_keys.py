"""Rule 10 where nothing is published yet: rows in doubt under the old rules of key and slug are rows all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from tests.flows.faulty import CREATE

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
