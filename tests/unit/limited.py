"""A simulated server with Webflow's rate limit, in virtual time, and a client that asks the pacer first."""

from __future__ import annotations

import heapq
import itertools
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDINGS: dict[str, Callable[[float], int]] = {"ceil": math.ceil, "floor": math.floor, "round": round}


class Pace(Protocol):
    """Says when requests may go; `importer.pacing.Pacer`, and what it is measured against."""

    def wait(self, now: float, queued: int = 1, /) -> float: ...

    def sent(self, now: float, /) -> None: ...

    def answered(
        self,
        sent_at: float,
        now: float,
        status: int,
        limit: str | None = None,
        remaining: str | None = None,
        retry_after: str | None = None,
        /,
    ) -> None: ...

    def not_answered(self, sent_at: float, now: float, /) -> None: ...


@dataclass(slots=True)
class Server:
    """A rate limit as Webflow's: a fixed window that its first request opens.

    `changes` are moments at which the limit becomes another one; `windows` remembers of each when it was opened, and
    how many requests of all clients were granted in it.
    """

    limit: int = 60
    rounding: str = "ceil"
    window: float = 60.0
    headers: bool = True
    opened: float = -math.inf
    used: int = 0
    granted: int = 0
    refused: int = 0
    changes: list[tuple[float, int]] = field(default_factory=list)
    windows: list[tuple[float, int]] = field(default_factory=list)

    def count(self, at: float) -> tuple[int, float]:
        """Count a request that arrives; its status, and when the window ends."""
        while self.changes and at >= self.changes[0][0]:
            _, self.limit = self.changes.pop(0)
        if at >= self.opened + self.window:
            self.windows.append((self.opened, self.granted))
            self.opened, self.used, self.granted = at, 0, 0
        self.used += 1
        if self.used > self.limit:
            self.refused += 1
            return 429, self.opened + self.window
        self.granted += 1
        return 202, self.opened + self.window

    def allowance_used(self) -> float:
        """Tell what part of the allowance was used, from the second window to the last that is over."""
        whole = self.windows[2:]
        return sum(granted for _, granted in whole) / self.limit * self.window / (self.opened - whole[0][0])

    def retry_after(self, ends: float, at: float) -> str:
        return str(max(0, ROUNDINGS[self.rounding](round(ends - at, 6))))


@dataclass(slots=True)
class Journey:
    """What happens to one request: seconds up, at work and down again; whether its answer comes."""

    up: float = 0.05
    work: float = 0.2
    down: float = 0.05
    lost: bool = False


@dataclass(slots=True)
class Outcome:
    sent: list[float] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    ended: float = 0.0


def simulate(  # noqa: C901 - an event loop
    pacer: Pace,
    server: Server,
    journeys: list[Journey],
    *,
    in_flight: int = 4,
    foreign: list[float] | None = None,
    late_headers: bool = False,
) -> Outcome:
    """Send every journey through the pacer, at most `in_flight` at once; other clients' requests come at `foreign`."""
    outcome, order = Outcome(), itertools.count()
    events: list[tuple[float, int, Callable[[float], None]]] = []
    waiting, flying = list(reversed(journeys)), 0

    def at(time: float, act: Callable[[float], None]) -> None:
        heapq.heappush(events, (time, next(order), act))

    def pump(now: float) -> None:
        nonlocal flying
        while waiting and flying < in_flight:
            pause = pacer.wait(now, min(len(waiting), in_flight - flying))
            assert pause >= 0
            if pause > 0:
                if math.isinf(pause):
                    assert flying, "waits for an answer though nothing is in flight"
                else:
                    at(now + pause, pump)
                return
            start(waiting.pop(), now)

    def start(journey: Journey, now: float) -> None:
        nonlocal flying
        flying += 1
        pacer.sent(now)
        outcome.sent.append(now)

        def arrive(time: float) -> None:
            status, ends = server.count(time)
            outcome.statuses.append(status)
            used = server.used
            told_at = time + journey.work if late_headers else time

            def finish(done: float) -> None:
                nonlocal flying
                flying -= 1
                outcome.ended = done
                if journey.lost:
                    pacer.not_answered(now, done)
                elif server.headers:
                    left = str(max(0, server.limit - used))
                    pacer.answered(now, done, status, str(server.limit), left, server.retry_after(ends, told_at))
                else:
                    pacer.answered(now, done, status)
                pump(done)

            at(time + journey.work + journey.down, finish)

        at(now + journey.up, arrive)

    for time in foreign or ():
        at(time, lambda now: void(server.count(now)))
    at(0.0, pump)
    while events:
        now, _, act = heapq.heappop(events)
        act(now)
    assert len(outcome.sent) == len(journeys)
    return outcome


def void(_: object) -> None:
    """Forget a value."""


def journey(shares: tuple[float, float], latency: float) -> Journey:
    """Split a latency into the way up, the work and the way down."""
    up, down = shares
    return Journey(latency * up, latency * (1 - up) * (1 - down), latency * (1 - up) * down)
