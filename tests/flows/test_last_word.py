"""What a run says at its end where several things hold: the exit code by precedence, and nothing that is not so."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import TYPE_CHECKING, Any

import httpx
import orjson
import pytest

from importer.errors import EXIT_PRECEDENCE, DeadlinePassed, ImporterError, Interrupted, Outage, TokenError, graver
from importer.settings import parse_rows
from tests.flows.faulty import CREATE
from tests.flows.test_stops import Telling

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.flows.conftest import Night


class Overstating(httpx.AsyncBaseTransport):
    """A wire to a Webflow whose listings count one item more than they ever show."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self._inner.handle_async_request(request)
        if request.method != "GET" or "/items" not in request.url.path or "slug" in request.url.params:
            return answer
        page: dict[str, Any] = orjson.loads(await answer.aread())
        page["pagination"]["total"] += 1
        headers = {name: value for name, value in answer.headers.items() if name != "content-length"}
        return httpx.Response(answer.status_code, json=page, headers=headers, request=request)

    async def aclose(self) -> None:
        await self._inner.aclose()


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_refused_token_is_said_though_ctrl_c_came_first(night: Callable[..., Night]) -> None:
    """Ctrl-C, and what was in flight is answered 401: 3 goes before 130, for the next run would end so too."""
    one = night()
    one.faults = [{"when": CREATE, "do": "revoked"}]
    one.wire = lambda inner: Telling(inner, {1: interrupt})
    one.run()
    assert one.exit_code == 3


def test_ctrl_c_is_said_though_the_deadline_had_passed(night: Callable[..., Night]) -> None:
    """Both stop the run: 130 goes before 5."""
    one = night()
    one.faults = [{"when": CREATE, "do": "slow_answer", "seconds": 30}]

    def later() -> None:
        asyncio.get_running_loop().call_later(7, interrupt)

    one.wire = lambda inner: Telling(inner, {1: later})
    assert one.run(deadline=5.0).counts.in_doubt == 5
    assert one.exit_code == 130


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        (None, Outage("o"), 5),
        (Outage("o"), TokenError("t"), 3),
        (TokenError("t"), Outage("o"), 3),
        (DeadlinePassed("d"), Interrupted("i", terminated=True), 143),
        (Interrupted("i"), DeadlinePassed("d"), 130),
    ],
)
def test_graver_error_is_the_one_that_is_said(first: ImporterError | None, second: ImporterError, said: int) -> None:
    """By the table of exit codes; of two with the same, the first."""
    assert graver(first, second).exit_code == said
    assert said in EXIT_PRECEDENCE


@pytest.mark.parametrize("gone", ["left the sheet", "not asked for"])
def test_rows_in_doubt_that_this_run_was_not_given_are_no_success(night: Callable[..., Night], gone: str) -> None:
    """Nothing proves what became of them: exit 7, though all rows of this run are done."""
    one = night()
    whole = one.rows(8)
    one.sheet = whole[:5]
    one.faults = [{"when": CREATE, "do": "reset_before"}]
    assert one.run(deadline=0.5).counts.in_doubt == 5
    one.faults = []
    one.wire = Overstating
    one.passes(1_000)
    one.sheet = whole[5:] if gone == "left the sheet" else whole
    counts = one.run(rows=None if gone == "left the sheet" else parse_rows("7-9")).counts
    assert (one.exit_code, counts.created, counts.in_doubt) == (7, 3, 0)
    assert one.result is not None
    assert any("5 rows of earlier runs" in note for note in one.result.notes)
    one.wire = lambda inner: inner
    one.sheet = whole
    assert one.run().counts.created == 5
    assert one.exit_code == 0


class Slow(httpx.AsyncBaseTransport):
    """A wire on which the n-th request takes a minute, and something happens a second after it went."""

    def __init__(self, inner: httpx.AsyncBaseTransport, one: Night, left: list[int], deed: Callable[[], None]) -> None:
        self._inner, self._one, self._left, self._deed = inner, one, left, deed

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._left[0] -= 1
        if self._left[0] == 0:
            asyncio.get_running_loop().call_later(1, self._deed)
            await self._one.hours.sleep(55)
        return await self._inner.handle_async_request(request)


@pytest.mark.parametrize("how", ["Ctrl-C", "deadline"])
def test_stop_is_heard_while_a_run_finds_out_what_time_it_is(night: Callable[..., Night], how: str) -> None:
    """Before rows in doubt are looked for, one request tells the server's time; ten seconds are waited for it."""
    one = night()
    one.faults = [{"when": CREATE, "do": "reset_after"}]
    one.switches["listing_delay"] = "60"
    assert one.run(deadline=0.5).counts.in_doubt == 5
    one.faults, one.switches["listing_delay"] = [], "0"
    one.passes(100)
    before = one.hours.now
    left = [4]
    one.wire = lambda inner: Slow(inner, one, left, interrupt if how == "Ctrl-C" else lambda: None)
    counts = one.run(deadline=None if how == "Ctrl-C" else 1.0).counts
    assert one.exit_code == (130 if how == "Ctrl-C" else 5)
    assert (counts.in_doubt, counts.not_sent) == (5, 0)
    assert one.hours.now - before < 15
    one.wire = lambda inner: inner
    assert one.run().counts.created == 5


def test_second_ctrl_c_does_not_take_rows_in_doubt_for_unsent(night: Callable[..., Night]) -> None:
    """The sheet is read no further, but what earlier runs left in doubt is known; a row that is bad by now is bad."""
    one = night()
    whole = one.rows(300)
    one.sheet = whole[200:]
    one.faults = [{"when": CREATE, "do": "reset_before"}]
    assert one.run(deadline=0.5).counts.in_doubt == 100
    one.faults = [{"when": CREATE, "do": "slow_answer", "seconds": 5}]
    one.sheet = whole
    one.sheet = one.changed(Text={250: "x" * 300})

    def twice() -> None:
        interrupt()
        asyncio.get_running_loop().call_later(1, interrupt)

    one.wire = lambda inner: Telling(inner, {1: twice})
    counts = one.run(concurrency=1).counts
    assert one.exit_code == 130
    assert (counts.rejected, counts.in_doubt + counts.created + counts.not_sent) == (1, 299)
    flying = one.ask_state("SELECT count(*) FROM rows WHERE status = 'in_flight' AND error_code IS NULL")[0][0]
    assert counts.in_doubt == flying > 0
