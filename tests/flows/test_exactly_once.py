"""Whole runs under faults: each row ends published exactly once, or rejected with a reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.flows.conftest import Night

CREATE = {"method": "POST", "path": "*/items/live"}

SWITCHES = [
    ("refusal", "atomic"), ("refusal", "partial"), ("refusal", "partial_ahead"),
    ("taken_slug", "refuse"), ("taken_slug", "suffix"),
    ("answer_order", "sent"), ("answer_order", "shuffled"),
    ("answer_shape", "items"), ("answer_shape", "list"),
    ("listing_delay", "0"), ("listing_delay", "5"),
    ("listing_order", "as_asked"), ("listing_order", "ignored"), ("listing_order", "random"),
    ("listing_sort", "supported"), ("listing_sort", "refused"),
    ("live_in_staged", "yes"), ("live_in_staged", "no"),
    ("missing_slug", "made"), ("missing_slug", "refused"),
    ("slug_case", "insensitive"), ("slug_case", "sensitive"),
    ("missing_headers", "no"), ("missing_headers", "yes"),
    ("date_header", "yes"), ("date_header", "no"),
    ("stamps", "equal"), ("stamps", "spread"),
    ("retry_after_rounding", "ceil"), ("retry_after_rounding", "floor"),
    ("introspect", "refused"), ("deleted_slug", "held"),
]  # fmt: skip

FAULTS: list[dict[str, Any]] = [
    {"do": "refuse"},
    {"do": "reset_before"},
    {"do": "reset_after"},
    {"do": "slow", "seconds": 20},
    {"do": "slow_answer", "seconds": 400},
    {"do": "timeout_then_commit", "seconds": 30, "wait": 1},
    {"do": "truncated"},
    {"do": "garbage"},
    {"do": "stray_403"},
    {"do": "throttle", "retry_after": "missing"},
    {"do": "throttle", "retry_after": "0"},
    {"do": "throttle", "retry_after": "7"},
    {"do": "throttle", "retry_after": "date"},
    {"do": "throttle", "retry_after": "absurd"},
    {"do": "status", "status": 500},
    {"do": "status", "status": 500, "work": "done"},
    {"do": "status", "status": 502, "body": "html"},
    {"do": "status", "status": 503, "work": "done", "body": "html"},
    {"do": "status", "status": 504, "body": "html"},
]


def name_of(fault: dict[str, Any]) -> str:
    return "-".join(str(value) for value in fault.values())


def complete(night: Night, good: int) -> None:
    """Each good row is live exactly once, under its own slug, and nothing else is there."""
    assert night.published() == sorted(f"note-{n}" for n in range(1, good + 1))
    assert len(night.items(live=False)) == good or night.switches.get("live_in_staged") == "no"


@pytest.mark.parametrize(("name", "value"), SWITCHES)
def test_whole_import_ends_right_under_each_switch(night: Callable[..., Night], name: str, value: str) -> None:
    """However Webflow behaves where nobody knows: all rows, once; a bad image rejected alone, a lost answer settled."""
    one = night(**{name: value})
    one.sheet = one.rows(230, Photo=[None] * 229 + ["https://example.com/dead.png"])
    one.faults = [{"when": CREATE | {"nth": 2}, "do": "reset_after"}]
    counts = one.run().counts
    assert (counts.created, counts.rejected, counts.in_doubt, one.exit_code) == (229, 1, 0, 1)
    complete(one, 229)
    assert one.outcome()[231] == ("rejected", "asset_refused")
    before = one.writes()
    again = one.run().counts
    assert (again.unchanged, again.rejected) == (229, 1)
    assert one.writes() - before <= 2, "only the row whose file may have come back is sent again"


@pytest.mark.parametrize("fault", FAULTS, ids=name_of)
@pytest.mark.parametrize("nth", [1, 3])
def test_fault_neither_loses_nor_doubles_a_row(night: Callable[..., Night], fault: dict[str, Any], nth: int) -> None:
    """A request that goes wrong once costs time, and nothing else."""
    one = night()
    one.sheet = one.rows(320)
    one.faults = [{"when": CREATE | {"nth": nth}} | fault]
    counts = one.run().counts
    assert (counts.created, counts.in_doubt, one.exit_code) == (320, 0, 0)
    complete(one, 320)
    before = one.writes()
    assert one.run().counts.unchanged == 320
    assert one.writes() == before


@pytest.mark.parametrize("suffix", ["refuse", "suffix"])
@pytest.mark.parametrize("fault", FAULTS, ids=name_of)
def test_fault_at_every_third_request(night: Callable[..., Night], fault: dict[str, Any], suffix: str) -> None:
    """Faults that go on: the run ends complete, or stops and the next ones complete it."""
    one = night(taken_slug=suffix)
    one.sheet = one.rows(320)
    one.faults = [{"when": {"method": "POST", "every": 3}} | fault]
    for _ in range(6):
        summary = one.run()
        if one.exit_code == 0:
            break
    assert one.exit_code == 0, summary
    complete(one, 320)


def test_requests_are_counted_as_they_went(night: Callable[..., Night]) -> None:
    """`sent` is what Webflow heard of, `retried` what carried rows a second time."""
    one = night()
    one.sheet = one.rows(320)
    one.faults = [{"when": CREATE | {"nth": 2}, "do": "reset_before"}]
    tally = one.run().tally
    assert (tally.sent, tally.retried) == (len(one.app.log), 1)
