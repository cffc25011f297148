"""Whole runs under faults: each row ends published exactly once, or rejected with a reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from importer.sandbox.switches import NUMBER, SWITCHES
from tests.flows.faulty import CREATE, FAULTS

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl

    from tests.flows.conftest import Night

ROWS: Final = 127
PHOTO: Final = "https://example.com/ok.png"

UNKNOWN = [
    (name, value)
    for name, (values, default, _) in SWITCHES.items()
    for value in values
    if values != NUMBER and name != "unpublished_site" and value != default
]
"""What nobody knows of Webflow, switch by switch, other than as the other tests here have it.

Numbers stand below; a site that was never published stops every run.
"""


def name_of(fault: dict[str, Any]) -> str:
    return "-".join(str(value) for value in fault.values())


def four_chunks(one: Night) -> pl.DataFrame:
    """A sheet of `ROWS` rows that needs four requests: 100 and 1 without a file, 25 and 1 with one."""
    return one.rows(ROWS, Photo=[None] * 101 + [PHOTO] * 26)


def complete(night: Night, rows: int = ROWS, *, without: int = 0) -> None:
    """Each good row is live exactly once, under its own slug, and nothing else is there."""
    good = sorted(f"note-{n}" for n in range(1, rows + 1) if n != without)
    assert night.published() == good
    assert len(night.items(live=False)) == len(good) or night.switches.get("live_in_staged") == "no"


@pytest.mark.parametrize(("name", "value"), [("refusal", "atomic"), ("listing_delay", "5"), *UNKNOWN])
def test_whole_import_ends_right_under_each_switch(night: Callable[..., Night], name: str, value: str) -> None:
    """However Webflow behaves where nobody knows: all rows, once; a bad image rejected alone, a lost answer settled."""
    one = night(**{name: value})
    one.sheet = one.rows(121, Photo=[None] * 101 + [PHOTO] * 9 + ["https://example.com/dead.png"] + [PHOTO] * 10)
    one.faults = [{"when": CREATE | {"nth": 2}, "do": "reset_after"}]
    counts = one.run().counts
    assert (counts.created, counts.rejected, counts.in_doubt, one.exit_code) == (120, 1, 0, 1)
    complete(one, 121, without=111)
    assert one.outcome()[112] == ("rejected", "asset_refused")
    before = one.writes()
    again = one.run().counts
    assert (again.unchanged, again.rejected) == (120, 1)
    assert one.writes() - before <= 2, "only the row whose file may have come back is sent again"


@pytest.mark.parametrize("fault", FAULTS, ids=name_of)
@pytest.mark.parametrize("nth", [1, pytest.param(3, marks=pytest.mark.soak)])
def test_fault_neither_loses_nor_doubles_a_row(night: Callable[..., Night], fault: dict[str, Any], nth: int) -> None:
    """A request that goes wrong once costs time, and nothing else."""
    one = night()
    one.sheet = four_chunks(one)
    one.faults = [{"when": CREATE | {"nth": nth}} | fault]
    counts = one.run().counts
    assert (counts.created, counts.in_doubt, one.exit_code) == (ROWS, 0, 0)
    complete(one)
    before = one.writes()
    assert one.run().counts.unchanged == ROWS
    assert one.writes() == before


@pytest.mark.soak
@pytest.mark.parametrize("suffix", ["refuse", "suffix"])
@pytest.mark.parametrize("fault", FAULTS, ids=name_of)
def test_fault_at_every_third_request(night: Callable[..., Night], fault: dict[str, Any], suffix: str) -> None:
    """Faults that go on: the run ends complete, or stops and the next ones complete it."""
    one = night(taken_slug=suffix)
    one.sheet = four_chunks(one)
    one.faults = [{"when": {"method": "POST", "every": 3}} | fault]
    for _ in range(6):
        summary = one.run()
        if one.exit_code == 0:
            break
    assert one.exit_code == 0, summary
    complete(one)


def test_requests_are_counted_as_they_went(night: Callable[..., Night]) -> None:
    """`sent` is what Webflow heard of, `retried` what carried rows a second time."""
    one = night()
    one.sheet = four_chunks(one)
    one.faults = [{"when": CREATE | {"nth": 2}, "do": "reset_before"}]
    tally = one.run().tally
    assert (tally.sent, tally.retried) == (len(one.app.log), 1)
