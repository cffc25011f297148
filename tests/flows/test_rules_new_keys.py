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
