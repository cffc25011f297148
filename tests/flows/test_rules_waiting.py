"""Rules 3, 4 and 7 by the clock: how long a run waits for what became of a row, and how much it asks for that."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from tests.flows.faulty import CREATE
from tests.flows.notes import Wire, complete, content, creates, names

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from tests.flows.conftest import Night

LAG, PATIENCE = 10.0, 300.0
LATEST = PATIENCE + LAG
"""Seconds after a loss from which on a listing decides."""

OK = "https://example.com/ok.png"
DEAD = "https://example.com/dead.png"
LOST: dict[str, Any] = {"do": "reset_before"}
GATEWAY: dict[str, Any] = {"do": "status", "status": 502, "body": "html"}
OWN_500: dict[str, Any] = {"do": "status", "status": 500}


def spent(one: Night, **options: Any) -> tuple[float, int]:
    """Run; the seconds that it took, and how many pages of items it asked for beside the two of the look-up."""
    began, asked = one.hours.now, len(one.app.log)
    one.run(patience=PATIENCE, **options)
    log = list(one.app.log)[asked:]
    pages = sum(line["method"] == "GET" and "/items" in line["path"] for line in log)
    return one.hours.now - began, pages - 2


def late(seconds: float) -> dict[str, Any]:
    """The answer is lost after a second, the work done so many seconds after that."""
    return {"do": "timeout_then_commit", "seconds": seconds + 1, "wait": 1}


@pytest.mark.parametrize(
    ("fault", "least", "most", "pages"),
    [
        pytest.param({"do": "reset_after"}, 0, 1, 1, id="lost, written: adopted at once"),
        pytest.param({"do": "truncated"}, 0, 1, 1, id="unreadable, written: adopted at once"),
        pytest.param(GATEWAY | {"work": "done"}, 0, 1, 1, id="gateway error, written: adopted at once"),
        pytest.param(OWN_500 | {"work": "done"}, 0, 1, 1, id="own 500, written: adopted at once"),
        pytest.param(LOST, LATEST, LATEST + 1, 7, id="lost, not written: patience and lag"),
        pytest.param(GATEWAY, LATEST, LATEST + 1, 7, id="gateway error, not written: patience and lag"),
        pytest.param(OWN_500, LAG, LAG + 1, 3, id="own 500, not written: lag"),
        pytest.param(late(4), 4, 11, 2, id="lost, written 4 s later"),
        pytest.param(late(50), 50, 111, 4, id="lost, written 50 s later: at most twice as late"),
        pytest.param(late(290), 290, LATEST + 2, 7, id="lost, written 290 s later"),
    ],
)
def test_rule_4_waits_no_longer_than_it_must(
    night: Callable[..., Night], fault: dict[str, Any], least: float, most: float, pages: int
) -> None:
    """Found under its own slug a row is adopted at once; that it is not there is known after lag, or patience and lag.

    In between it is looked for at growing distances: what comes is found after at most twice the time it took.
    """
    one = night()
    one.faults = [{"when": CREATE | {"nth": 1}} | fault]
    seconds, asked = spent(one)
    assert least <= seconds <= most
    assert asked <= pages
    complete(one, 5)


@pytest.mark.parametrize("refusal", ["atomic", "partial"])
def test_rule_4_a_refused_chunk_waits_for_lag_alone(night: Callable[..., Night], refusal: str) -> None:
    """Its request is over: one listing `lag` later tells which rows were written, and nothing is read before."""
    one = night(refusal=refusal)
    one.sheet = one.rows(3, Photo=[OK, DEAD, OK])
    times: list[float] = []

    def note(request: httpx.Request) -> None:
        if creates(request) or ("/items" in request.url.path and times):
            times.append(one.hours.now)

    one.wire = lambda inner: Wire(inner, before=note)
    counts = one.run(patience=PATIENCE).counts
    assert (counts.created, counts.rejected) == (2, 1)
    assert times[1] - times[0] == pytest.approx(LAG, abs=0.1)


def test_rule_4_suffixed_item_is_taken_only_by_the_deciding_listing(night: Callable[..., Night]) -> None:
    """The answer was lost and the slug was taken: what looks like ours may be somebody else's until it is decided."""
    one = night(taken_slug="suffix", listing_delay="1")
    one.strangers([content(2, text="Theirs")])
    one.faults = [{"when": CREATE | {"nth": 1}, "do": "reset_after"}]
    seconds, _ = spent(one)
    assert LATEST <= seconds <= LATEST + 1
    assert len(one.items(live=True)) == 6
    assert {row: status for row, (status, _) in one.outcome().items()} == dict.fromkeys(range(2, 7), "published")


@pytest.mark.parametrize(
    ("age", "dated", "left"),
    [
        pytest.param(100, "yes", LATEST - 105, id="the rest of its time"),
        pytest.param(400, "yes", 0, id="its time is over: nothing is waited for"),
        pytest.param(400, "no", LATEST, id="without a Date patience counts afresh"),
    ],
)
def test_rule_4_a_loss_of_an_earlier_run_counts_in_server_time(
    night: Callable[..., Night], age: float, dated: str, left: float
) -> None:
    """Only what is left of patience and lag is waited for, to the two seconds that a `Date` leaves open."""
    one = night(date_header=dated)
    one.faults = [{"when": CREATE | {"nth": 1}} | LOST]
    one.run(patience=PATIENCE, deadline=5.0)
    one.faults = []
    one.passes(age)
    seconds, asked = spent(one)
    assert left - 2 <= seconds <= left + 3
    assert asked <= 7
    complete(one, 5)


def test_rule_4_a_request_in_flight_at_the_start_counts_as_lost_then(night: Callable[..., Night]) -> None:
    """The process died: when its request was lost nobody knows, so it is taken to be just now."""
    one = night()
    one.faults = [{"when": CREATE | {"nth": 1}} | LOST]
    one.run(patience=PATIENCE, deadline=5.0)
    one.faults = []
    with closing(sqlite3.connect(one.state)) as file, file:
        file.execute("UPDATE requests SET outcome = NULL, lost_at = NULL, open = 0")
    one.passes(100)
    seconds, _ = spent(one)
    assert LATEST <= seconds <= LATEST + 2
    complete(one, 5)


def test_rule_4_a_request_that_was_over_in_an_earlier_run_is_not_waited_for(night: Callable[..., Night]) -> None:
    """Webflow's own 500, and the run was stopped: a minute later `lag` has passed long since."""
    one = night()
    one.faults = [{"when": CREATE | {"nth": 1}} | OWN_500]
    assert one.run(patience=PATIENCE, deadline=5.0).counts.in_doubt == 5
    one.faults = []
    one.passes(60)
    seconds, _ = spent(one)
    assert seconds < 1
    complete(one, 5)


class Later(Wire):
    """A wire on which the n-th of the first creates goes `apart` times n seconds later, and pages take `reading`."""

    apart = reading = 0.0
    first = 0

    def __init__(self, inner: httpx.AsyncBaseTransport, went: list[float], one: Night) -> None:
        super().__init__(inner)
        self._went, self._one = went, one

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if creates(request):
            place = len(self._went)
            self._went.append(self._one.hours.now)
            if place < self.first:
                await asyncio.sleep(self.apart * place)
                self._went[place] = self._one.hours.now
        elif self._went and request.url.path.endswith(("/items", "/items/live")):
            await asyncio.sleep(self.reading)
        return await super().handle_async_request(request)


@pytest.mark.parametrize(("fault", "wait"), [(OWN_500, LAG), (LOST, 60.0 + LAG)], ids=["over", "lost"])
def test_rule_4_a_listing_that_began_too_early_does_not_decide(
    night: Callable[..., Night], fault: dict[str, Any], wait: float
) -> None:
    """It decides about the first chunk; the time of the second comes while it is read, and that is read for anew."""

    class Slow(Later):
        apart, reading, first = 3.0, 4.0, 2

    one = night()
    one.sheet = one.filed(50)
    went: list[float] = []
    one.wire = lambda inner: Slow(inner, went, one)
    one.faults = [{"when": CREATE | {"until": 2}} | fault]
    one.run(patience=60.0, concurrency=2)
    assert went[1] - went[0] == pytest.approx(3)
    assert went[2] >= went[0] + wait + 8, "two pages of four seconds, begun when the wait was over"
    assert went[3] >= went[1] + wait + 8
    complete(one, 50)


def test_rule_4_losses_close_together_are_settled_by_one_listing(night: Callable[..., Night]) -> None:
    """Four requests lose their answers within a second: a deciding listing for all of them, not one for each."""

    class Staggered(Later):
        apart, first = 0.2, 4

    one = night()
    one.sheet = one.filed(100)
    went: list[float] = []
    one.wire = lambda inner: Staggered(inner, went, one)
    one.faults = [{"when": CREATE | {"until": 4}} | LOST]
    seconds, asked = spent(one)
    assert went[3] - went[0] == pytest.approx(0.6)
    assert seconds < LATEST + 3
    assert asked <= 7 + 1
    complete(one, 100)


def test_rule_4_looking_early_reads_the_newest_pages_only(night: Callable[..., Night]) -> None:
    """A long listing is read to its end once, when it decides; looking whether something came costs a few pages."""
    one = night()
    one.sheet = one.rows(400)
    one.faults = [{"when": CREATE | {"nth": 1}} | LOST]
    _, asked = spent(one)
    assert asked <= 2 * 4 + 2 + 6 * 5
    complete(one, 400)


def test_rule_4_a_listing_that_is_out_of_order_is_read_whole_and_not_too_often(night: Callable[..., Night]) -> None:
    """Nothing can be said by its first pages: it is read after `lag`, and when it decides."""
    one = night(listing_order="ignored")
    one.strangers([content(n) for n in range(1_000, 1_110)])
    one.faults = [{"when": CREATE | {"nth": 1}} | LOST]
    one.run(patience=PATIENCE)
    times: list[float] = []

    def note(request: httpx.Request) -> None:
        if creates(request) or (request.url.path.endswith("/items/live") and "offset=0" in str(request.url)):
            times.append(one.hours.now)

    one.passes(1_000)
    one.wire = lambda inner: Wire(inner, before=note)
    one.sheet = one.rows(10)
    one.faults = [{"when": CREATE | {"nth": 1}} | LOST]
    began = one.hours.now
    assert one.run(patience=PATIENCE).counts.created == 5
    looks = sorted({round(moment - began) for moment in times if moment - began > 1})
    assert looks == [10, 310]


# Rule 3: rows that are not in doubt go on ----------------------------------------------------------------------------


def test_rule_3_rows_that_are_not_in_doubt_go_on_meanwhile(night: Callable[..., Night]) -> None:
    """One request of five loses its answer: the other four chunks are live long before it is settled."""
    one = night()
    one.sheet = one.filed(125)
    live: dict[int, float] = {}

    def note(request: httpx.Request) -> None:
        if creates(request):
            live[len(live)] = one.hours.now

    one.wire = lambda inner: Wire(inner, before=note)
    one.faults = [{"when": CREATE | {"nth": 1}} | LOST]
    one.run(patience=PATIENCE)
    assert max(live[n] for n in range(5)) < 10
    assert live[5] >= LATEST
    complete(one, 125)


# Rule 7: what is not waited for ---------------------------------------------------------------------------------------


def test_rule_7_a_run_does_not_wait_for_the_patience_of_an_open_request_alone(night: Callable[..., Night]) -> None:
    """All rows are settled; that a twin may still come is a matter of a later run."""
    one = night()
    one.faults = [{"when": CREATE | {"nth": 1}} | OWN_500]
    seconds, _ = spent(one)
    assert seconds < LAG + 1
    assert one.ask_state("SELECT count(*) FROM requests WHERE open") == [(1,)]
    one.faults = []
    seconds, _ = spent(one)
    assert seconds < 1, "nor does the next one"
    assert one.ask_state("SELECT count(*) FROM requests WHERE open") == [(1,)]


def test_rule_7_an_altered_slug_is_looked_at_again_after_lag(night: Callable[..., Night]) -> None:
    """The item with the sent slug may be listed only then: 71 s for the 429, and `lag`."""
    one = night(taken_slug="suffix", listing_delay="9")
    one.faults = [
        {"when": CREATE | {"nth": 1}, "do": "status", "status": 429, "code": "too_many_requests", "work": "done"}
    ]
    counts = one.run(patience=PATIENCE).counts
    assert (counts.created, counts.removed) == (5, 5)
    assert one.published() == names(5)
