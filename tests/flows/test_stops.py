"""How a run ends before its time: told to, out of time, or out of disk; and what it says of each row then."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import TYPE_CHECKING, Any

import httpx

from importer.publishing import Session
from importer.state import State

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from tests.flows.conftest import Night

CREATE = {"method": "POST", "path": "*/items/live"}


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
    one.sheet = one.rows(1_500)
    one.faults = [{"when": CREATE, "do": "slow", "seconds": 58}]

    def later() -> None:
        asyncio.get_running_loop().call_later(55, os.kill, os.getpid(), signal.SIGINT)

    one.wire = lambda inner: Telling(inner, {1: later})
    counts = one.run().counts
    assert one.exit_code == 130
    assert counts.in_doubt == in_flight(one) == 0
    assert counts.created == 100 * one.writes()
    assert one.writes() < 4
    assert counts.created + counts.not_sent == 1_500
    complete(one, 1_500)


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
    one.sheet = one.rows(2_000)
    counts = one.run(deadline=60.0).counts
    assert one.result is not None
    assert one.result.error is not None
    assert (one.exit_code, one.result.error.code) == (5, "deadline")
    assert 0 < counts.created < 2_000
    assert counts.in_doubt == in_flight(one) == 0
    complete(one, 2_000)


def test_full_disk_stops_before_anything_more_is_sent(
    night: Callable[..., Night], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The state cannot be written: exit 5, what was under way is in doubt, and with room again the run completes."""
    one = night()
    one.sheet = one.rows(1_000)
    opened: list[State] = []
    truly = State.open

    def open_(path: Path, **options: Any) -> State:
        opened.append(truly(path, **options))
        return opened[-1]

    monkeypatch.setattr(State, "open", open_)

    def fill() -> None:
        connection = opened[-1]._database.connection
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")

    one.wire = lambda inner: Telling(inner, {4: fill})
    counts = one.run().counts
    assert one.result is not None
    assert one.result.error is not None
    assert (one.exit_code, one.result.error.code) == (5, "disk_full")
    assert counts.created < 1_000
    assert counts.in_doubt == in_flight(one) > 0
    assert one.writes() <= 8
    monkeypatch.undo()
    complete(one, 1_000)


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
    one.sheet = one.rows(1_000)
    server = {"when": CREATE | {"every": 3}, "do": "status", "status": 500}
    one.faults = [server, {"when": CREATE | {"every": 4}, "do": "stray_403"}]
    assert one.run().counts.created == 1_000
    session = sessions[0]
    waiting, sender = session._waiting, session._sender
    left = (waiting._sent_before, waiting._doomed, waiting._again, waiting._ready, waiting.staged, waiting.unsettled)
    assert not any(left)
    assert not sender.begun
    assert not sender.underway
    assert not session._settling.rows
    assert not session._troubles._errors
    assert not sender._trust._open
