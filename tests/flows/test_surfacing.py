"""A mistake of ours, or a full disk, is said whenever it comes up; one that comes first is not hidden by another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from importer.errors import Bug, DiskFull
from importer.publishing import Session
from tests.flows.conftest import Hours
from tests.flows.faulty import CREATE

if TYPE_CHECKING:
    from collections.abc import Callable

    from importer.state import State
    from tests.flows.conftest import Night


def fail(error: BaseException) -> Callable[..., None]:
    """Something that goes wrong."""

    def failing(*_: object, **__: object) -> None:
        raise error

    return failing


@pytest.mark.parametrize("error", [DiskFull("The disk is full.", "Make room."), Bug("Wrong.", "Report it.")])
def test_what_fails_while_a_run_is_stopped_is_said(
    night: Callable[..., Night], states: list[State], monkeypatch: pytest.MonkeyPatch, error: DiskFull | Bug
) -> None:
    """The deadline passes, and what is taken back then cannot be written down: that is why the run ended."""
    one = night()
    one.faults = [{"when": CREATE, "do": "slow_answer", "seconds": 100}]
    one.wire = lambda inner: failing_at_create(inner, states, monkeypatch, error)
    counts = one.run(deadline=5.0).counts
    assert one.result is not None
    assert one.result.error is error
    assert counts.in_doubt == 5


def test_mistake_of_ours_while_a_run_is_stopped_is_raised(
    night: Callable[..., Night], states: list[State], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is no ImporterError reaches the caller, also where the run was told to stop before."""
    one = night()
    one.faults = [{"when": CREATE, "do": "slow_answer", "seconds": 100}]
    one.wire = lambda inner: failing_at_create(inner, states, monkeypatch, ZeroDivisionError("ours"))
    with pytest.raises(ZeroDivisionError, match="ours"):
        one.run(deadline=5.0)


def test_first_mistake_is_not_hidden_by_what_fails_after_it(
    night: Callable[..., Night], states: list[State], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer cannot be written down; what else was in flight then fails too: the first is raised."""
    one = night()
    one.sheet = one.rows(300)
    one.faults = [{"when": CREATE | {"nth": 2}, "do": "slow_answer", "seconds": 100}]

    def wire(inner: httpx.AsyncBaseTransport) -> httpx.AsyncBaseTransport:
        monkeypatch.setattr(states[-1], "finish", fail(ZeroDivisionError("first")))
        return failing_at_create(inner, states, monkeypatch, ZeroDivisionError("second"))

    one.wire = wire
    with pytest.raises(ZeroDivisionError, match="first"):
        one.run()


def test_clock_that_fails_is_no_moment_that_came(night: Callable[..., Night]) -> None:
    """What a run waits with fails: it says so, instead of waiting no more."""

    class Broken(Hours):
        once = True

        async def sleep(self, seconds: float) -> None:
            if seconds == 1.0 and self.once:
                self.once = False
                raise ZeroDivisionError("no time")
            await super().sleep(seconds)

    one = night()
    one.hours = Broken()
    one.faults = [{"when": CREATE, "do": "slow_answer", "seconds": 100}]
    with pytest.raises(ZeroDivisionError, match="no time"):
        one.run()


def failing_at_create(
    inner: httpx.AsyncBaseTransport, states: list[State], monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> httpx.AsyncBaseTransport:
    """A wire; once a create goes, losses cannot be written down any more."""

    class Wire(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if request.method == "POST":
                monkeypatch.setattr(states[-1], "lost", fail(error))
            return await inner.handle_async_request(request)

    return Wire()


@pytest.mark.parametrize("deadline", [None, 5.0])
def test_counts_that_do_not_add_up_are_a_bug(
    night: Callable[..., Night], monkeypatch: pytest.MonkeyPatch, deadline: float | None
) -> None:
    """A row that is counted twice: exit 70, also where the run was stopped for another reason."""

    class Doubling(Session):
        async def publish(self, *given: Any, **named: Any) -> None:
            await super().publish(*given, **named)
            self.ledger.counts.created += 1

    monkeypatch.setattr("importer.commands.run.Session", Doubling)
    one = night()
    if deadline:
        one.faults = [{"when": CREATE, "do": "slow_answer", "seconds": 100}]
    with pytest.raises(AssertionError):
        one.run(deadline=deadline)
    assert one.result is not None
    assert isinstance(one.result.error, Bug)
    assert one.exit_code == 70
