"""Rule 7: a row that became two items keeps the older one, whoever finds it and whenever; no row loses its last."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.flows.faulty import CREATE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.flows.conftest import Night


def only_own(night: Night, good: int) -> None:
    """Each row has one item, under its own slug, and the state file names it."""
    night.switches |= {"live_in_staged": "yes"}
    assert night.published() == sorted(f"note-{n}" for n in range(1, good + 1))
    live = {item["id"] for item in night.items(live=True)}
    held = night.ask_state("SELECT item_id FROM rows WHERE status = 'published'")
    assert {item_id for (item_id,) in held} == live


@pytest.mark.parametrize("staged", ["yes", "no"])
@pytest.mark.parametrize("seconds", [20, 200, 290])
def test_commit_within_patience_leaves_no_double(night: Callable[..., Night], staged: str, seconds: int) -> None:
    """However late within patience a lost request has its effect: the row takes that item and makes no other."""
    one = night(taken_slug="suffix", live_in_staged=staged)
    one.faults = [{"when": CREATE | {"nth": 1}, "do": "timeout_then_commit", "seconds": seconds, "wait": 1}]
    assert one.run(patience=300.0).counts.created == 5
    only_own(one, 5)


@pytest.mark.parametrize("staged", ["yes", "no"])
def test_commit_beyond_patience_is_mended_by_a_later_run(night: Callable[..., Night], staged: str) -> None:
    """Here the promise ends: there are two items for a while, and never none."""
    one = night(taken_slug="suffix", live_in_staged=staged)
    one.faults = [{"when": CREATE | {"nth": 1}, "do": "timeout_then_commit", "seconds": 312, "wait": 1}]
    one.run(patience=300.0)
    one.faults = []
    for _ in range(2):
        assert {slug[:6] for slug in one.published()} == {f"note-{n}" for n in range(1, 6)}
        one.passes(400)
        one.switches |= {"live_in_staged": staged}
        one.run(patience=300.0)


@pytest.mark.parametrize("seconds", [2, 50])
def test_two_ways_to_a_twin_do_not_remove_both_items(night: Callable[..., Night], seconds: int) -> None:
    """An altered slug and an open request name the same rows at the same time; one of two items stays."""
    one = night(taken_slug="suffix", rate_limit="60")
    one.sheet = one.filed(38)
    one.faults = [
        {"when": CREATE | {"nth": 1}, "do": "status", "status": 500},
        {"when": CREATE | {"nth": 3}, "do": "status", "status": 429, "code": "too_many_requests", "work": "done"},
        {"when": CREATE | {"nth": 2}, "do": "timeout_then_commit", "seconds": seconds, "wait": 1},
    ]
    for _ in range(3):
        one.run(patience=60.0)
        one.passes(100)
        one.faults = []
    assert one.exit_code == 0
    only_own(one, 38)


def test_row_that_a_gateway_never_answers_does_not_hold_back_the_others(night: Callable[..., Night]) -> None:
    """A chunk that loses its answer again and again is narrowed like one that is refused."""
    one = night()
    one.sheet = one.rows(120, Text=["poison" if n == 50 else f"Text {n}" for n in range(1, 121)])
    one.faults = [{"when": CREATE | {"body": "poison"}, "do": "status", "status": 504, "body": "html"}]
    for _ in range(4):
        counts = one.run(patience=30.0).counts
        if one.exit_code == 1:
            break
    assert (one.exit_code, counts.rejected, counts.created + counts.unchanged) == (1, 1, 119)
    assert one.outcome()[51] == ("rejected", "server_error")


def test_number_zero_is_a_value() -> None:
    """An item without stock is not the row that says 0."""
    from importer.schema import CollectionSchema, Field
    from importer.schema.content import readable

    schema = CollectionSchema(id="c", fields=(Field(slug="stock", type="Number"),))
    assert readable({"stock": 0}, schema) != readable({}, schema)
    assert readable({"stock": False}, schema) == readable({}, schema)


def test_rows_too_large_for_webflow_are_rejected_alone(night: Callable[..., Night]) -> None:
    """A 413 speaks of the row, not of the plan."""
    one = night()
    one.sheet = one.rows(6, Text=["huge" if n in {2, 5} else "x" for n in range(1, 7)])
    one.faults = [{"when": CREATE | {"body": "huge"}, "do": "status", "status": 413, "code": "validation_error",
                   "message": "Payload Too Large"}]  # fmt: skip
    counts = one.run().counts
    assert (one.exit_code, counts.rejected, counts.created) == (1, 2, 4)


@pytest.mark.parametrize("delay", ["30", "45"])
@pytest.mark.parametrize("changed", [False, True])
@pytest.mark.parametrize("lost", [False, True])
def test_twin_of_an_earlier_request_is_looked_for_though_a_later_one_left_the_row_in_doubt(
    night: Callable[..., Night], delay: str, *, changed: bool, lost: bool
) -> None:
    """An item is listed later than is assumed, so its row is sent again; each request is looked after on its own."""
    one = night(taken_slug="suffix", listing_delay=delay)
    one.sheet = one.rows(1)
    one.faults = [
        {"when": CREATE | {"nth": 1}, "do": "status", "status": 500, "work": "done"},
        {"when": CREATE | {"from": 2}, "do": "refuse"},
    ]
    one.run(deadline=14.0)
    assert one.outcome() == {2: ("pending", None)}
    one.faults = [{"when": CREATE | {"nth": 1}, "do": "reset_after"}] if lost else []
    one.sheet = one.changed(Text={0: "Another text"}) if changed else one.sheet
    for _ in range(2):
        one.switches["listing_delay"] = delay
        one.run()
        one.faults = []
        one.passes(400)
    assert one.exit_code == 0
    only_own(one, 1)
