"""Staged items that are to go live, and a run that is stopped over it: nothing more is asked, nothing is made up."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from tests.flows.test_stops import Telling

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.flows.conftest import Night

PUBLISH = {"method": "POST", "path": "*/items/publish"}


@pytest.fixture
def staged(night: Callable[..., Night]) -> Callable[[int], Night]:
    """Make a night in which so many drafts are now meant live."""

    def begin(number: int) -> Night:
        one = night()
        one.sheet = one.rows(number)
        one.mapping["publish"] = "draft"
        assert one.run().counts.staged == number
        del one.mapping["publish"]
        return one

    return begin


def told(one: Night, number: int) -> None:
    """Send this process a signal as this write goes."""
    one.wire = lambda inner: Telling(inner, {number: lambda: os.kill(os.getpid(), signal.SIGINT)})


def complete(one: Night, number: int) -> None:
    one.faults = []
    one.wire = lambda inner: inner
    one.passes(1_000)
    one.run()
    assert one.exit_code == 0
    assert one.published() == sorted(f"note-{n}" for n in range(1, number + 1))


def test_nothing_more_is_asked_once_the_run_is_stopped(staged: Callable[[int], Night]) -> None:
    """A refused request is repeated item by item; Ctrl-C in between lets the one in flight end, and no other begin."""
    one = staged(50)
    gone = {"status": 404, "code": "resource_not_found", "message": "Requested resource not found"}
    one.faults = [
        {"when": PUBLISH | {"nth": 1}, "do": "status", **gone},
        {"when": PUBLISH, "do": "slow_answer", "seconds": 1},
    ]
    told(one, 3)
    before = one.writes()
    counts = one.run().counts
    assert one.exit_code == 130
    assert (counts.updated, counts.not_sent, one.writes() - before) == (2, 48, 3)
    complete(one, 50)


def test_item_that_may_be_live_is_in_doubt(staged: Callable[[int], Night]) -> None:
    """The answer is not waited for any longer: the items are live, and nobody has said so."""
    one = staged(5)
    one.faults = [{"when": PUBLISH, "do": "slow_answer", "seconds": 100}]
    told(one, 1)
    counts = one.run().counts
    assert one.exit_code == 130
    assert (counts.in_doubt, counts.not_sent) == (5, 0)
    complete(one, 5)


@pytest.mark.parametrize(("fault", "in_doubt"), [("reset_after", 5), ("refuse", 0)])
def test_outage_says_what_may_be_live(staged: Callable[[int], Night], fault: str, in_doubt: int) -> None:
    """Ten answers are lost: the items may be live; ten connections that never opened: they are not."""
    one = staged(5)
    one.faults = [{"when": PUBLISH, "do": fault}]
    counts = one.run().counts
    assert one.exit_code == 5
    assert (counts.in_doubt, counts.not_sent) == (in_doubt, 5 - in_doubt)
    complete(one, 5)


@pytest.mark.parametrize(("limit", "live"), [(None, 5), (2, 2)])
@pytest.mark.parametrize("changed", [False, True])
def test_draft_that_was_in_doubt_and_is_meant_live_by_now_is_published(
    night: Callable[..., Night], limit: int | None, live: int, *, changed: bool
) -> None:
    """It was made as a draft, and its answer was lost: it is found, and goes live in the same run."""
    one = night()
    one.mapping["publish"] = "draft"
    one.faults = [{"when": {"method": "POST", "path": "*/items"}, "do": "reset_after"}]
    one.switches["listing_delay"] = "60"
    assert one.run(deadline=0.5).counts.in_doubt == 5
    one.faults, one.switches["listing_delay"] = [], "0"
    del one.mapping["publish"]
    if changed:
        one.sheet = one.changed(Text={0: "Another text"})
    counts = one.run(limit=limit).counts
    assert one.exit_code == 0
    assert (counts.updated, counts.staged + counts.skipped, len(one.published())) == (live, 5 - live, live)
    assert one.result is not None
    assert any("1 draft was published as it stands" in note for note in one.result.notes) is changed
    complete(one, 5)


@pytest.mark.parametrize("how", ["left the sheet", "is meant as a draft again"])
@pytest.mark.parametrize("landed", [True, False])
def test_item_whose_publishing_was_never_answered_is_what_the_state_says(
    staged: Callable[[int], Night], how: str, landed: bool
) -> None:
    """The run is stopped over lost answers, and nobody asks again: whether the item is live is looked up."""
    one = staged(2)
    one.faults = [{"when": PUBLISH, "do": "reset_after" if landed else "reset_before"}]
    assert one.run().counts.in_doubt == 2
    one.faults = []
    if how == "left the sheet":
        one.sheet = one.rows(3)[2:]
    else:
        one.mapping["publish"] = "draft"
    one.passes(1_000)

    one.run()

    live = {item["id"] for item in one.items(live=True)}
    told = dict(one.ask_state("SELECT item_id, status FROM rows WHERE slug IN ('note-1', 'note-2')"))
    assert told == {item: "published" if item in live else "staged" for item in told}
    assert (len(live & told.keys()) == 2) == landed
    asked = len(one.app.log)
    one.run()
    assert len(one.app.log) - asked <= 4


def test_item_that_is_live_though_publishing_it_again_was_refused_is_no_reject(staged: Callable[[int], Night]) -> None:
    """The first answer was lost and the work done; the second request is refused: the item is live all the same."""
    one = staged(1)
    one.faults = [
        {"when": PUBLISH | {"nth": 1}, "do": "reset_after"},
        {"when": PUBLISH | {"nth": 2}, "do": "plan_limit"},
    ]
    counts = one.run().counts
    assert (counts.updated, counts.rejected, one.exit_code) == (1, 0, 0)
    assert one.outcome() == {2: ("published", None)}
    assert len(one.published()) == 1
