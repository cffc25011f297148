"""How a run ends before its time: told to, out of time, out of disk, or held back by a guard; and what it says then."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from importer.commands.feed import Feed
from importer.errors import DeadlinePassed
from importer.publishing import GRACE, Session
from importer.settings import parse_count_or_percent, parse_rows
from tests.flows.faulty import CREATE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from importer.planning import Decision
    from importer.state import State
    from tests.flows.conftest import Night


class Telling(httpx.AsyncBaseTransport):
    """A wire that does something as the n-th create goes."""

    def __init__(self, inner: httpx.AsyncBaseTransport, deeds: dict[int, Callable[[], None]]) -> None:
        self._inner, self._deeds, self._creates = inner, deeds, 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            self._creates += 1
            self._deeds.get(self._creates, lambda: None)()
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()


def told(one: Night, *numbers: int, kind: signal.Signals = signal.SIGINT) -> None:
    """Send this process a signal as these creates go."""
    deeds = dict.fromkeys(numbers, lambda: os.kill(os.getpid(), kind))
    one.wire = lambda inner: Telling(inner, deeds)


def in_flight(one: Night) -> int:
    return int(one.ask_state("SELECT count(*) FROM rows WHERE status = 'in_flight'")[0][0])


def complete(one: Night, number: int) -> None:
    one.faults = []
    one.wire = lambda inner: inner
    one.passes(1_000)
    one.run()
    assert one.exit_code == 0
    assert one.published() == sorted(f"note-{n}" for n in range(1, number + 1))
    assert len(one.items(live=False)) == number


def test_signal_waits_for_what_is_in_flight_and_sends_nothing_new(night: Callable[..., Night]) -> None:
    """Ctrl-C: requests on the wire are waited for; those that wait for the rate limit are not sent when it opens."""
    one = night(rate_limit="8")
    one.sheet = one.filed(375)
    one.faults = [{"when": CREATE, "do": "slow", "seconds": 58}]

    def later() -> None:
        asyncio.get_running_loop().call_later(55, os.kill, os.getpid(), signal.SIGINT)

    one.wire = lambda inner: Telling(inner, {1: later})
    counts = one.run().counts
    assert one.exit_code == 130
    assert counts.in_doubt == in_flight(one) == 0
    assert counts.created == 25 * one.writes()
    assert one.writes() < 4
    assert counts.created + counts.not_sent == 375
    complete(one, 375)


def test_sigterm_ends_with_its_own_exit_code(night: Callable[..., Night]) -> None:
    """SIGTERM: the same, exit 143."""
    one = night()
    told(one, 1, kind=signal.SIGTERM)
    one.run()
    assert one.exit_code == 143
    complete(one, 5)


def test_what_takes_longer_than_ten_seconds_is_left_in_doubt(night: Callable[..., Night]) -> None:
    """A request that does not end: ten seconds are waited, then its rows are in doubt for the next run."""
    one = night()
    one.faults = [{"when": CREATE, "do": "slow_answer", "seconds": 100}]
    told(one, 1)
    counts = one.run().counts
    assert one.exit_code == 130
    assert (counts.in_doubt, in_flight(one)) == (5, 5)
    assert len(one.ask_state("SELECT 1 FROM requests WHERE outcome = 'lost'")) == 1
    complete(one, 5)


def test_second_signal_waits_for_nothing(night: Callable[..., Night]) -> None:
    """A second Ctrl-C: what is in flight is left in doubt at once."""
    one = night()
    one.sheet = one.rows(300)
    one.faults = [{"when": CREATE, "do": "slow_answer", "seconds": 8}]
    told(one, 2, 3)
    counts = one.run().counts
    assert one.exit_code == 130
    assert counts.in_doubt == in_flight(one) > 0
    complete(one, 300)


def test_deadline_stops_and_the_next_run_goes_on(night: Callable[..., Night]) -> None:
    """--deadline: exit 5, the counts add up, and the same command goes on."""
    one = night(rate_limit="12")
    one.sheet = one.filed(500)
    counts = one.run(deadline=60.0).counts
    assert one.result is not None
    assert one.result.error is not None
    assert (one.exit_code, one.result.error.code) == (5, "deadline")
    assert 0 < counts.created < 500
    assert counts.in_doubt == in_flight(one) == 0
    complete(one, 500)


def test_deadline_bounds_what_is_asked_first(night: Callable[..., Night]) -> None:
    """--deadline while Webflow is slow to say what a run must know before it begins: exit 5, and nothing was sent."""
    one = night()
    one.faults = [{"when": {"method": "GET"}, "do": "slow", "seconds": 3_000}]
    with pytest.raises(DeadlinePassed):
        one.run(deadline=5.0)
    assert (one.exit_code, one.writes()) == (5, 0)
    complete(one, 5)


def test_deadline_bounds_the_wait_for_ones_own_rate(night: Callable[..., Night]) -> None:
    """--requests-per-minute lets the second question wait for a minute: the deadline ends that wait."""
    one = night()
    with pytest.raises(DeadlinePassed):
        one.run(deadline=3.0, requests_per_minute=1)
    assert (one.exit_code, one.writes()) == (5, 0)
    assert one.hours.monotonic() < 3.0 + 2 * GRACE
    complete(one, 5)


def test_full_disk_stops_before_anything_more_is_sent(night: Callable[..., Night], states: list[State]) -> None:
    """The state cannot be written: exit 5, what was under way is in doubt, and with room again the run completes."""
    one = night()
    one.sheet = one.filed(250)

    def fill() -> None:
        connection = states[-1]._file.connection
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")

    one.wire = lambda inner: Telling(inner, {4: fill})
    counts = one.run().counts
    assert one.result is not None
    assert one.result.error is not None
    assert (one.exit_code, one.result.error.code) == (5, "disk_full")
    assert counts.created < 250
    assert counts.in_doubt == in_flight(one) > 0
    assert one.writes() <= 8
    complete(one, 250)


def test_what_a_run_keeps_does_not_grow_with_the_sheet(
    night: Callable[..., Night], monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the end nothing is kept of rows that have their verdict, whatever went wrong on the way."""
    sessions: list[Session] = []

    def made(*given: Any, **named: Any) -> Session:
        sessions.append(Session(*given, **named))
        return sessions[-1]

    monkeypatch.setattr("importer.commands.run.Session", made)
    one = night()
    one.sheet = one.filed(250)
    server = {"when": CREATE | {"every": 3}, "do": "status", "status": 500}
    one.faults = [server, {"when": CREATE | {"every": 4}, "do": "stray_403"}]
    assert one.run().counts.created == 250
    session = sessions[0]
    waiting, sender = session._waiting, session._sender
    left = (waiting._sent_before, waiting._doomed, waiting._again, waiting._ready, waiting.staged, waiting.unsettled)
    assert not any(left)
    assert not session._begun
    assert not session._settling.rows
    assert not session._troubles._errors
    assert not sender._trust._open


def test_stopped_run_says_of_each_row_what_is_known(night: Callable[..., Night]) -> None:
    """Rows published before are unchanged even where a stopped run did not come to them; the rest was not sent."""
    one = night()
    one.sheet = one.rows(900)
    one.run(rows=parse_rows("602-901"))
    one.faults = [{"when": CREATE, "do": "missing_scopes"}]
    counts = one.run().counts
    assert one.exit_code == 3
    assert (counts.unchanged, counts.in_doubt + counts.not_sent) == (300, 600)
    assert counts.in_doubt == in_flight(one)


def test_patience_counts_from_the_loss_not_from_the_next_run(night: Callable[..., Night]) -> None:
    """A run long after a lost answer need not wait for it again."""
    one = night()
    one.faults = [{"when": CREATE | {"nth": 1}, "do": "reset_before"}]
    assert one.run(deadline=5.0, patience=300.0).counts.in_doubt == 5
    one.faults = []
    one.passes(3_600)
    before = one.hours.now
    assert one.run(patience=300.0).counts.created == 5
    assert one.hours.now - before < 30
    complete(one, 5)


def test_settled_rows_are_sent_again_together(night: Callable[..., Night]) -> None:
    """Rows in doubt since an earlier run that were not written go out a hundred to a request."""
    one = night()
    one.sheet = one.rows(700)
    one.faults = [{"when": CREATE, "do": "reset_before"}]
    one.run(limit=300, deadline=5.0)
    one.faults = []
    one.passes(3_600)
    one.sheet = one.sheet.reverse()
    before = one.writes()
    assert one.run().counts.created == 700
    assert one.writes() - before <= 7 + 2


def test_slow_listing_does_not_keep_the_run_busy(night: Callable[..., Night]) -> None:
    """While a listing is read, time passes: the run waits for it instead of asking itself again and again."""
    one = night()
    slow = {"when": {"method": "GET", "path": "*/items*", "from": 3}, "do": "slow", "seconds": 20}
    one.faults = [{"when": CREATE | {"nth": 1}, "do": "status", "status": 500}, slow]
    assert one.run().counts.created == 5


def test_listing_that_cannot_be_read_stops_the_run_resumably(night: Callable[..., Night]) -> None:
    """A listing without a total proves nothing: exit 5, the rows stay in doubt, the next run settles them."""
    one = night()
    listing = {"method": "GET", "path": "*/items*", "from": 3}
    one.faults = [
        {"when": CREATE | {"nth": 1}, "do": "reset_after"},
        {"when": listing, "do": "status", "status": 200, "body": '{"items": []}'},
    ]
    counts = one.run().counts
    assert (counts.in_doubt, one.exit_code) == (5, 5)
    one.faults = []
    one.passes(600)
    assert one.run().counts.created == 5
    complete(one, 5)


def test_rule_10_changed_rules_of_identity_stop_before_sending(night: Callable[..., Night]) -> None:
    """The slugs come from another column: exit 6 says how many rows would become new, and how to mean it."""
    one = night()
    one.run()
    one.mapping["fields"] = one.mapping["fields"] | {"slug": "Other"}
    one.sheet = one.rows(5).with_columns(Other="Slug").with_columns(Other=one.sheet["Slug"] + "-new")
    before = one.writes()
    counts = one.run().counts
    assert one.result is not None
    assert one.result.error is not None
    assert (one.exit_code, one.result.error.code, counts.not_sent) == (6, "identity_changed", 5)
    assert "5 rows" in one.result.error.message
    assert "--accept-new-keys" in one.result.error.hint
    assert one.writes() == before
    assert one.run(accept_new_keys=True).counts.created == 5
    assert one.run().counts.unchanged == 5


@pytest.mark.parametrize(("guard", "allowed"), [("max_rejects", "0"), ("max_change", "3"), ("max_change", "50%")])
def test_guard_stops_before_anything_is_sent(night: Callable[..., Night], guard: str, allowed: str) -> None:
    """More than a guard allows: exit 6, nothing sent, and the counts add up."""
    one = night()
    one.sheet = one.changed(Text={1: "x" * 300})
    counts = one.run(**{guard: parse_count_or_percent(allowed)}).counts
    assert one.exit_code == 6
    assert (counts.not_sent, counts.rejected) == (4, 1)
    assert one.writes() == 0


@pytest.mark.parametrize("date", ["yes", "no"])
def test_patience_does_not_end_with_the_run(night: Callable[..., Night], date: str) -> None:
    """The next run begins at once: what the first one lost may still have its effect, so nothing is sent before."""
    one = night(taken_slug="suffix", date_header=date)
    one.faults = [{"when": CREATE | {"nth": 1}, "do": "timeout_then_commit", "seconds": 50, "wait": 1}]
    assert one.run(deadline=5.0, patience=60.0).counts.in_doubt == 5
    one.faults = []
    before = one.writes()
    assert one.run(patience=60.0).counts.created == 5
    assert one.writes() == before
    complete(one, 5)


def test_stopped_run_reads_no_further_than_there_is_something_to_count(
    night: Callable[..., Night], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C early in a long sheet: rows to be sent stay where they are, rows at rest are counted."""
    drawn: list[Decision] = []

    class Watched(Feed):
        def todos(self, *given: Any, **named: Any) -> Iterator[Any]:
            for todo in super().todos(*given, **named):
                drawn.extend([] if todo is None else [todo.decision])
                yield todo

    monkeypatch.setattr("importer.commands.run.Feed", Watched)
    one = night()
    one.sheet = one.rows(40_000)
    told(one, 1)
    counts = one.run(rows=parse_rows("2-30001")).counts
    assert one.exit_code == 130
    assert (counts.skipped, counts.created + counts.not_sent, counts.in_doubt) == (10_000, 30_000, 0)
    assert len(drawn) <= 2_500
    one.wire = lambda inner: inner
    one.faults = [{"when": CREATE, "do": "missing_scopes"}]
    again = one.run().counts
    assert (again.unchanged, again.created + again.not_sent + again.in_doubt) == (
        counts.created,
        40_000 - counts.created,
    )


def test_first_signal_after_a_deadline_waits_for_what_is_in_flight(night: Callable[..., Night]) -> None:
    """It is the first one: the ten seconds count from it, and only a second one takes back what is on the wire."""
    one = night()
    one.faults = [{"when": CREATE, "do": "slow_answer", "seconds": 14}]

    def signal_later() -> None:
        asyncio.get_running_loop().call_later(6, os.kill, os.getpid(), signal.SIGINT)

    one.wire = lambda inner: Telling(inner, {1: signal_later})
    counts = one.run(deadline=2.0).counts
    assert (counts.created, counts.in_doubt) == (5, 0)


def test_two_rows_refused_without_a_reason_are_no_full_plan_where_others_are_written(
    night: Callable[..., Night],
) -> None:
    """What was begun after the first refusal was written: the plan is not full, and each of the two is at fault."""
    one = night()
    one.sheet = one.rows(300, Text=["poison" if n in {50, 250} else f"Text {n}" for n in range(1, 301)])
    refusal = {"do": "status", "status": 400, "code": "validation_error", "message": "Validation Error"}
    one.faults = [{"when": CREATE | {"body": "poison"}} | refusal]
    counts = one.run().counts
    assert (one.exit_code, counts.created, counts.rejected, counts.not_sent) == (1, 298, 2, 0)
    assert {row for row, (status, _) in one.outcome().items() if status == "rejected"} == {51, 251}
