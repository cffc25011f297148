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
    how many requests of all clients were granted in it. Headers named in `hidden` are left out, and `lies` replaces
    what `Retry-After` says.
    """

    limit: int = 60
    rounding: str = "ceil"
    window: float = 60.0
    headers: bool = True
    opened: float = -math.inf
    used: int = 0
    granted: int = 0
    refused: int = 0
    hidden: frozenset[str] = frozenset()
    lies: str | None = None
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

    def said(self, ends: float, at: float) -> tuple[str | None, str | None, str | None]:
        """Give the headers: limit, remaining, and when the window ends."""
        headers = {
            "limit": str(self.limit),
            "remaining": str(max(0, self.limit - self.used)),
            "retry-after": self.lies or self.retry_after(ends, at),
        }
        limit, remaining, retry_after = (None if name in self.hidden else said for name, said in headers.items())
        return limit, remaining, retry_after

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


def simulate(
    pacer: Pace,
    server: Server,
    journeys: list[Journey],
    *,
    in_flight: int = 4,
    foreign: list[float] | None = None,
    late_headers: bool = False,
) -> Outcome:
    """Send every journey through the pacer, at most `in_flight` at once; other clients' requests come at `foreign`."""
    events = Events()
    client = Client(pacer, server, journeys, events, in_flight=in_flight, late_headers=late_headers)
    for time in foreign or ():
        events.at(time, lambda now: void(server.count(now)))
    events.run(client)
    return client.outcome


class Events:
    """What is to happen, in virtual time."""

    def __init__(self) -> None:
        self._order = itertools.count()
        self._ahead: list[tuple[float, int, Callable[[float], None]]] = []

    def at(self, time: float, act: Callable[[float], None]) -> None:
        heapq.heappush(self._ahead, (time, next(self._order), act))

    def run(self, *clients: Client) -> None:
        """Let everything happen, until all clients have sent what they have."""
        for client in clients:
            self.at(0.0, client.pump)
        while self._ahead:
            now, _, act = heapq.heappop(self._ahead)
            act(now)
        assert not any(client.waiting for client in clients)


class Client:
    """Sends journeys through a pacer, at most `in_flight` at once."""

    def __init__(
        self,
        pacer: Pace,
        server: Server,
        journeys: list[Journey],
        events: Events,
        *,
        in_flight: int = 4,
        late_headers: bool = False,
    ) -> None:
        self._pacer, self._server, self._events = pacer, server, events
        self._in_flight, self._late_headers = in_flight, late_headers
        self.waiting, self._flying = list(reversed(journeys)), 0
        self._again = -math.inf
        self.outcome = Outcome()

    def pump(self, now: float) -> None:
        """Send what may go now."""
        while self.waiting and self._flying < self._in_flight:
            pause = self._pacer.wait(now, min(len(self.waiting), self._in_flight - self._flying))
            assert pause >= 0
            if pause > 0:
                if math.isinf(pause):
                    assert self._flying, "waits for an answer though nothing is in flight"
                elif not now < self._again <= now + pause:
                    self._again = now + pause
                    self._events.at(self._again, self.pump)
                return
            self._start(self.waiting.pop(), now)

    def _start(self, journey: Journey, now: float) -> None:
        self._flying += 1
        self._pacer.sent(now)
        self.outcome.sent.append(now)
        self._events.at(now + journey.up, lambda time: self._arrive(journey, now, time))

    def _arrive(self, journey: Journey, sent_at: float, time: float) -> None:
        server = self._server
        status, ends = server.count(time)
        self.outcome.statuses.append(status)
        told_at = time + journey.work if self._late_headers else time
        said = server.said(ends, told_at) if server.headers else (None, None, None)

        def finish(done: float) -> None:
            self._flying -= 1
            self.outcome.ended = done
            if journey.lost:
                self._pacer.not_answered(sent_at, done)
            else:
                self._pacer.answered(sent_at, done, status, *said)
            self.pump(done)

        self._events.at(time + journey.work + journey.down, finish)


def void(_: object) -> None:
    """Forget a value."""


def journey(shares: tuple[float, float], latency: float) -> Journey:
    """Split a latency into the way up, the work and the way down."""
    up, down = shares
    return Journey(latency * up, latency * (1 - up) * (1 - down), latency * (1 - up) * down)
