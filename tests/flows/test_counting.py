"""What a run counts: each row of the sheet once, as the state file has it, and no more sent than was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from importer.settings import parse_count_or_percent
from tests.flows.faulty import CREATE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.flows.conftest import Night


def lose(one: Night, rows: int, *, landed: bool) -> None:
    """The first `rows` are sent, their answer is lost, and the run is stopped before it is known what became of it."""
    one.faults = [{"when": CREATE | {"nth": 1}, "do": "reset_after" if landed else "reset_before"}]
    one.switches["listing_delay"] = "60"
    assert one.run(limit=rows, deadline=5.0).counts.in_doubt == rows
    one.faults, one.switches["listing_delay"] = [], "0"
    one.passes(1_000)


def carried(one: Night) -> int:
    """How many items the creates so far carried."""
    return len(one.items(live=False))


@pytest.mark.parametrize("options", [{}, {"only_failed": True}])
def test_limit_bounds_rows_in_doubt_that_are_sent_again(night: Callable[..., Night], options: dict[str, Any]) -> None:
    """--limit 2: four rows in doubt turn out not to be written, and two items are made in all."""
    one = night()
    one.sheet = one.rows(10)
    lose(one, 4, landed=False)
    counts = one.run(limit=2, **options).counts
    assert (counts.created, counts.skipped, one.exit_code) == (2, 8, 0)
    assert carried(one) == 2
    assert one.run(limit=3).counts.created == 3
    assert carried(one) == 5
    one.run()
    assert one.published() == sorted(f"note-{n}" for n in range(1, 11))


def test_limit_bounds_rows_that_were_settled_before_the_sheet_named_them(night: Callable[..., Night]) -> None:
    """Rows in doubt that stand at the end of the sheet are settled long before their turn comes."""
    one = night()
    one.sheet = one.rows(300)
    lose(one, 4, landed=False)
    one.sheet = one.sheet.reverse()
    counts = one.run(limit=298, concurrency=1).counts
    assert (counts.created, counts.skipped) == (298, 2)
    assert carried(one) == 298


def test_row_that_was_settled_before_the_sheet_named_it_may_have_been_changed(night: Callable[..., Night]) -> None:
    """It was written as it was sent: what the sheet says by now is left alone."""
    one = night()
    one.sheet = one.rows(300)
    lose(one, 4, landed=True)
    one.sheet = one.changed(Text={1: "Another text"}).reverse()
    counts = one.run(concurrency=1).counts
    assert (counts.created, counts.skipped) == (299, 1)


def test_limit_does_not_bound_what_is_only_looked_up(night: Callable[..., Night]) -> None:
    """Rows in doubt that were written are found whatever the limit: nothing is sent for them."""
    one = night()
    one.sheet = one.rows(10)
    lose(one, 4, landed=True)
    counts = one.run(limit=0).counts
    assert (counts.created, counts.skipped, one.exit_code) == (4, 6, 0)
    assert carried(one) == 4


def test_limit_does_not_count_a_row_twice_that_is_sent_again(night: Callable[..., Night]) -> None:
    """A row that this run sends, loses and sends again is one of the limit."""
    one = night()
    one.sheet = one.rows(10)
    one.faults = [{"when": CREATE | {"nth": 1}, "do": "reset_before"}]
    counts = one.run(limit=4).counts
    assert (counts.created, counts.skipped) == (4, 6)


def late(one: Night) -> None:
    """Note 1 is made, answered 500 and listed late; sent again it is refused; note 2 keeps the run going meanwhile."""
    one.sheet = one.rows(2, Photo=[None, "https://example.com/ok.png"])
    first = CREATE | {"body": '"note-1"'}
    one.faults = [
        {"when": first | {"nth": 1}, "do": "status", "status": 500, "work": "done"},
        {"when": first | {"nth": 2}, "do": "status", "status": 413, "code": "", "message": "Too much", "details": []},
        {"when": CREATE | {"body": '"note-2"'}, "do": "slow_answer", "seconds": 100},
    ]


def test_row_rejected_and_adopted_after_all_is_no_reject(night: Callable[..., Night]) -> None:
    """Counts and rejects say of such a row what the state file says: published."""
    one = night(listing_delay="30")
    late(one)
    summary = one.run(patience=60.0)
    assert one.outcome() == {2: ("published", None), 3: ("published", None)}
    assert (summary.counts.created, summary.counts.rejected, one.exit_code) == (2, 0, 0)
    assert summary.rejects is None
    one.faults = []
    assert one.run().counts.unchanged == 2


def test_row_left_rejected_and_adopted_in_a_later_run_is_no_reject(night: Callable[..., Night]) -> None:
    """The twin of a rejected row is found by the next run, which has nothing else to do."""
    one = night(listing_delay="30")
    late(one)
    del one.faults[2]
    assert one.run(patience=60.0).counts.rejected == 1
    one.faults = []
    one.passes(100)
    summary = one.run(patience=60.0)
    assert one.outcome() == {2: ("published", None), 3: ("published", None)}
    assert (summary.counts.created, summary.counts.unchanged, summary.counts.rejected) == (1, 1, 0)
    assert (one.exit_code, summary.rejects) == (0, None)


def test_row_put_aside_and_adopted_after_all_is_no_reject(night: Callable[..., Night]) -> None:
    """Refused without a reason of its own, it waits for its verdict; its item is found before that."""
    one = night(listing_delay="30")
    late(one)
    one.faults[1] |= {"status": 400, "code": "bad_request", "message": "Bad request"}
    one.faults[2] = {"when": CREATE | {"body": '"note-2"', "nth": 1}, "do": "reset_before"}
    summary = one.run(patience=60.0)
    assert one.outcome() == {2: ("published", None), 3: ("published", None)}
    assert (summary.counts.created, summary.counts.rejected, one.exit_code) == (2, 0, 0)


def test_row_in_doubt_that_was_spoilt_in_the_sheet_is_rejected_once_it_is_known_not_to_be_there(
    night: Callable[..., Night],
) -> None:
    """The run counts it as rejected by our checks, and so does the state file; corrected, it is sent."""
    one = night()
    one.faults = [{"when": CREATE, "do": "reset_before"}]
    assert one.run(deadline=0.5).counts.in_doubt == 5
    one.faults = []
    good, one.sheet = one.sheet, one.changed(Text={0: "x" * 300})
    assert one.run().counts.rejected == 1
    assert one.outcome()[2] == ("rejected", "too_long")
    one.sheet = good
    assert one.run().counts.created == 1
    assert one.outcome()[2] == ("published", None)


def test_row_in_doubt_that_was_spoilt_and_corrected_is_no_reject(night: Callable[..., Night]) -> None:
    """It was in doubt all the time; what our checks once said of it does not outlive the correction."""
    one = night()
    one.faults = [{"when": CREATE, "do": "reset_before"}]
    assert one.run(deadline=0.5).counts.in_doubt == 5
    good, one.sheet = one.sheet, one.changed(Text={0: "x" * 300})
    one.faults = [{"when": {"method": "GET", "path": "*/items*"}, "do": "reset_before"}]
    one.run(deadline=0.5)
    assert one.outcome()[2] == ("in_flight", "too_long")
    one.faults = []
    one.sheet = good
    assert one.run(limit=0).counts.skipped == 5
    assert one.outcome()[2] == ("pending", None)


def test_guarded_run_counts_rows_in_doubt_as_in_doubt(night: Callable[..., Night]) -> None:
    """A guard stops the run before it looks at anything: what an earlier run left in doubt is no less in doubt."""
    one = night()
    one.sheet = one.rows(5)
    lose(one, 2, landed=True)

    counts = one.run(max_change=parse_count_or_percent("0")).counts

    assert one.exit_code == 6
    assert (counts.in_doubt, counts.not_sent) == (2, 3)
