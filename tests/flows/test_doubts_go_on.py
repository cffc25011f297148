"""Rows that one run has to leave in doubt: what the next one, and `verify`, know of them and wait for."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx
import orjson
import polars as pl

from importer.publishing.learned import learn_delay
from importer.state import State
from tests.flows.faulty import CREATE
from tests.flows.notes import Wire, complete, creates
from tests.flows.verifying import proof_of, verdicts

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.flows.conftest import Night


def test_row_that_was_given_up_keeps_its_request_open(night: Callable[..., Night]) -> None:
    """Five listings proved nothing, the next one, for the twins of its request, does: the next run settles the row."""
    one = night()
    one.sheet = one.filed(50)

    def one_more(request: httpx.Request, answer: httpx.Response) -> httpx.Response:
        """While people edit, the total counts what no page shows."""
        if request.method != "GET" or not request.url.path.endswith("/items") or one.hours.now > 90:
            return answer
        page = orjson.loads(answer.content)
        page["pagination"]["total"] += 1
        return httpx.Response(200, json=page, headers={"Date": answer.headers["Date"]})

    one.wire = lambda inner: Wire(inner, after=one_more)
    one.faults = [
        {"when": CREATE | {"nth": 1}, "do": "reset_before"},
        {"when": CREATE | {"nth": 2}, "do": "slow", "seconds": 100},
    ]
    counts = one.run(patience=20.0).counts
    assert (counts.created, counts.in_doubt) == (25, 25)
    assert one.ask_state("SELECT outcome, open FROM requests") == [("lost", 1), ("answered", 0)]
    one.faults = []
    assert one.run(patience=20.0).counts.created == 25
    complete(one, 50)


def test_row_waits_while_another_one_in_doubt_was_sent_with_its_slug(night: Callable[..., Night]) -> None:
    """Both are in doubt, and a line was taken out of the sheet: key 1, which is not there, is what key 2 was."""
    one = night(taken_slug="suffix")
    one.mapping["key"] = {"from": "No"}
    one.sheet = one.rows(2, Photo=[None, "https://example.com/ok.png"]).with_columns(No=pl.Series(["1", "2"]))
    one.faults = [
        {"when": CREATE | {"nth": 1}, "do": "status", "status": 503},
        {"when": CREATE | {"nth": 2}, "do": "timeout_then_commit", "seconds": 45, "wait": 1},
    ]
    one.run(deadline=3.0)
    assert one.outcome() == {2: ("in_flight", None), 3: ("in_flight", None)}
    one.sheet = one.rows(3)[1:].with_columns(No=pl.Series(["1", "2"]))
    one.faults = []
    one.run()
    assert one.published() == ["note-2"]
    assert one.outcome() == {2: ("rejected", "slug_taken"), 3: ("published", None)}
    assert 'the row with key "2"' in one.told(2)


class Slow(Wire):
    """A wire on which creates take half a minute, and are answered without a `Date`."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(30.0 if creates(request) else 0.0)
        answer = await super().handle_async_request(request)
        if creates(request):
            del answer.headers["Date"]
        return answer


def test_request_is_not_over_when_it_was_sent(night: Callable[..., Night]) -> None:
    """How long ago the answer came nobody knows, so `lag` is waited."""
    one = night(listing_delay="8", taken_slug="suffix")
    one.wire = Slow
    one.faults = [{"when": CREATE | {"nth": 1}, "do": "status", "status": 500, "work": "done"}]
    assert one.run(deadline=31.0).counts.in_doubt == 5
    assert one.run().counts.created == 5
    assert one.writes() == 1
    complete(one, 5)


def test_date_leaves_out_a_second(night: Callable[..., Night]) -> None:
    """Answers have whole seconds: a request may have been over up to one later than its answer says."""
    one = night(listing_delay="9.8", taken_slug="suffix")
    one.passes(0.4)
    one.faults = [{"when": CREATE | {"nth": 1}, "do": "status", "status": 500, "work": "done"}]
    assert one.run(deadline=0.55).counts.in_doubt == 5
    one.hours.now = 10.05
    assert one.run().counts.created == 5
    assert one.writes() == 1
    complete(one, 5)


def test_verify_waits_as_long_as_a_run_for_what_is_listed_late(night: Callable[..., Night]) -> None:
    """It was seen that items are listed half a minute late: what is not listed yet is not missing."""
    one = night(listing_delay="40")
    with State.open(one.state) as state:
        learn_delay(state, 30.0)
    one.run()
    assert verdicts(proof_of(one)) == {}


def test_verify_does_not_take_a_request_to_be_over_when_it_was_sent(night: Callable[..., Night]) -> None:
    """How long ago the answer came nobody knows, so `lag` is waited."""
    one = night(listing_delay="8")
    one.wire = Slow
    one.run()
    assert verdicts(proof_of(one)) == {}


def test_verify_does_not_wait_for_a_request_that_never_went(night: Callable[..., Night]) -> None:
    """No connection was opened: what was written before that is listed long since."""

    class Closed(Wire):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if creates(request):
                raise httpx.ConnectError("refused")
            return await super().handle_async_request(request)

    one = night()
    one.run()
    one.sheet, one.wire = one.rows(6), Closed
    one.run(deadline=1.0)
    assert one.ask_state("SELECT outcome FROM requests WHERE id = 2") == [("not_carried_out",)]
    one.passes(30)
    began, one.wire = one.hours.now, Wire
    assert verdicts(proof_of(one)) == {7: "not_sent"}
    assert one.hours.now == began


def test_verify_allows_for_the_second_that_a_date_leaves_out(night: Callable[..., Night]) -> None:
    """Answers have whole seconds."""
    one = night(listing_delay="9.8")
    one.passes(0.4)
    one.run(deadline=0.55)
    one.hours.now = 10.05
    assert verdicts(proof_of(one)) == {}


def test_row_that_our_checks_refused_while_it_was_in_doubt_is_sent_once_it_is_good_again(
    night: Callable[..., Night],
) -> None:
    """A listing shows that it was not written before its turn in the sheet comes: that is no verdict on it."""
    one = night()
    whole = one.filed(100)
    one.sheet = whole[99:]
    one.faults = [{"when": CREATE | {"nth": 1}, "do": "reset_before"}]
    one.run(deadline=0.5, patience=20.0)
    one.faults = []
    one.sheet = one.changed(Text={0: "x" * 300})
    one.run(deadline=0.1, patience=20.0)
    assert one.outcome() == {2: ("in_flight", "too_long")}
    one.sheet = whole
    one.faults = [{"when": CREATE, "do": "slow", "seconds": 20}]
    assert one.run(patience=20.0, concurrency=1).counts.created == 100
    assert one.exit_code == 0
    complete(one, 100)
