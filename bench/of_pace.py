"""How much of the announced allowance the pacer uses, against an even pace and a token bucket; in virtual time."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import partial
from random import Random
from statistics import fmean
from typing import TYPE_CHECKING

from bench.measuring import compared, take, tell
from importer.pacing import Pacer
from tests.unit.limited import Journey, Outcome, Pace, Server, journey, simulate

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WINDOWS = 32
"""Windows of a run; the first and the last do not count."""

MINUTE = 60.0

LEAST = 0.98

LONGEST = 8.0

_TOO_MANY = 429


@dataclass(frozen=True, slots=True)
class Case:
    """A limit, how long answers take (seconds, and by what part more or less), and how many requests are in flight."""

    limit: int
    latency: float
    spread: float
    in_flight: int

    def latencies(self) -> list[float]:
        """Draw how long each answer takes; the same in every world."""
        random = Random(4)
        bounds = self.latency * (1 - self.spread), self.latency * (1 + self.spread)
        return [random.uniform(*bounds) for _ in range(self.limit * WINDOWS)]

    @property
    def reachable(self) -> float:
        """What part of the allowance so many requests at once can use at all: rate times latency (Little's law)."""
        return min(1.0, self.in_flight * MINUTE / self.latency / self.limit)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request is counted, as a part of the latency; whether the headers are written when the work is done."""

    up: float | None = None
    late: bool = False
    rounding: str = "ceil"

    def journeys(self, case: Case) -> list[Journey]:
        """Split the latencies into the way up, the work and the way down."""
        random = Random(5)
        return [self._journey(latency, random.uniform(0.5, 1.5)) for latency in case.latencies()]

    def _journey(self, latency: float, luck: float) -> Journey:
        if self.up is not None:
            return journey((self.up, 0.1), latency)
        way = min(WAY, latency / 4) * luck
        return Journey(way, latency - 2 * way, way)


WAY = 0.05
"""Seconds to a gateway, half more or less."""

ARRIVAL = Place()
"""A gateway counts requests as they arrive: what is recorded of Webflow looks like that."""

ANYWHERE = (
    ARRIVAL, Place(0.05), Place(0.0), Place(0.0, late=True, rounding="floor"), Place(0.5, rounding="round"),
    Place(0.5, late=True), Place(1.0), Place(1.0, rounding="floor"),
)  # fmt: skip

CASES = [
    Case(limit, latency, spread, in_flight)
    for limit, latency, in_flight in (
        (60, 0.05, 4), (60, 0.2, 4), (60, 1.0, 4), (60, 3.0, 4), (60, 8.0, 4), (60, 8.0, 10),
        (120, 0.05, 4), (120, 0.2, 4), (120, 1.0, 4), (120, 3.0, 4), (120, 3.0, 8), (120, 8.0, 20),
    )
    for spread in (0.0, 0.1, 0.5)
]  # fmt: skip


class EvenPace:
    """A naive limiter: one request each `60 / limit` seconds; after a 429 it waits as long as `Retry-After` says."""

    def __init__(self, limit: int) -> None:
        self._step = MINUTE / limit
        self._next = 0.0

    def wait(self, now: float, _queued: int = 1, /) -> float:
        pause = self._next - now
        return pause if pause > 1e-6 else 0.0

    def sent(self, now: float, /) -> None:
        self._next = max(self._next, now) + self._step

    def answered(
        self,
        _sent_at: float,
        now: float,
        status: int,
        _limit: str | None = None,
        _remaining: str | None = None,
        retry_after: str | None = None,
        /,
    ) -> None:
        if status == _TOO_MANY:
            self._next = max(self._next, now + float(retry_after or MINUTE))

    def not_answered(self, _sent_at: float, _now: float, /) -> None:
        """Nothing is learnt from it."""


class Unpaced(EvenPace):
    """Sends whatever there is."""

    def wait(self, _now: float, _queued: int = 1, /) -> float:
        return 0.0


class TokenBucket(EvenPace):
    """A bucket of `limit` tokens that is full at first and gets `limit / 60` a second."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self._most = self._tokens = float(limit)
        self._filled = 0.0

    def wait(self, now: float, queued: int = 1, /) -> float:
        self._tokens = min(self._most, self._tokens + (now - self._filled) / self._step)
        self._filled = now
        short = (1 - self._tokens) * self._step
        return max(short if short > 1e-6 else 0.0, super().wait(now, queued))

    def sent(self, _now: float, /) -> None:
        self._tokens -= 1


def run(pacer: Pace, case: Case, place: Place) -> tuple[Server, Outcome]:
    """Send as many requests as fill the windows."""
    server = Server(case.limit, place.rounding)
    return server, simulate(pacer, server, place.journeys(case), in_flight=case.in_flight, late_headers=place.late)


def bound(case: Case, place: Place) -> float:
    """What no pacer can surpass that is never refused: each turn costs either one request, or what is not known.

    A request is let go only if it is allowed wherever it may be counted. So either one is kept back for the turn; or
    the next goes when the window is surely over, known by the quickest way back of its answers, and has its own way
    before it: where all take as long, the whole latency.
    """
    journeys = place.journeys(case)
    parts = []
    for turn in range(case.limit, len(journeys), case.limit):
        back = min(one.work + one.down for one in journeys[turn - case.limit : turn])
        up = min(one.up for one in journeys[turn : turn + case.in_flight])
        parts.append(max(1 - 1 / case.limit, MINUTE / (MINUTE + back + up)))
    return min(case.reachable, fmean(parts))


def first_ten(pacer: Pace, case: Case) -> float:
    """Seconds until ten requests are answered, in a run of ten."""
    return simulate(pacer, Server(case.limit), ARRIVAL.journeys(case)[:10], in_flight=case.in_flight).ended


def bench_pace(folder: Path) -> None:
    """Measure the pacer, then whole runs."""
    print(
        f"\nPace: part of the allowance used in {WINDOWS - 2} windows of 60 s, in virtual time; requests are counted as"
        "\nthey arrive. 'worst': wherever in the latency they are counted, and headers are written. 429s of all worlds."
        "\nBound: what a pacer that is never refused can use at most in that worst world. 'ten s': until ten requests"
        "\nare answered; 'held': how much of that is the pacer's."
    )
    print(
        f"{'':>72} | {'even pace':^20} | {'token bucket':^20}\n"
        f"{'limit':>5}{'latency':>13}{'in flight':>10}{'used':>8}{'worst':>8}{'bound':>8}"
        f"{'ratio':>7}{'ten s':>7}{'held':>6}{'429s':>6}" + f" | {'used':>7}{'ten s':>7}{'429s':>6}" * 2
    )
    least, safe = {"50 ms to 3 s": 1.0, "8 s": 1.0}, True
    for case in CASES:
        used, worst, refused = _measured(case)
        if case.reachable == 1:
            group = "8 s" if case.latency == LONGEST else "50 ms to 3 s"
            least[group] = min(least[group], used)
        safe &= not refused
        peers = [_peer(partial(kind, case.limit), case) for kind in (EvenPace, TokenBucket)]
        ten = first_ten(Pacer(), case)
        spread = f" ±{case.spread:.0%}" if case.spread else ""
        print(
            f"{case.limit:>5}{f'{case.latency:g} s{spread}':>13}{case.in_flight:>10}{used:>8.1%}{worst[0]:>8.1%}"
            f"{worst[1]:>8.1%}{worst[0] / worst[1]:>7.1%}{ten:>7.1f}"
            f"{ten - first_ten(Unpaced(case.limit), case):>6.1f}{refused:>6} | " + " | ".join(peers)
        )
    for group, share in least.items():
        compared(f"least used, {group}, enough in flight", f"{share:.1%}", f"at least {LEAST:.0%}", met=share >= LEAST)
    compared("429s", "none" if safe else "some", "none", met=safe)
    print("\nWhole runs through the importer, 300 chunks each; used: between the first and last window")
    print(take([sys.executable, "-m", "bench.paced_runs"], folder).printed, end="")


def _measured(case: Case) -> tuple[float, tuple[float, float], int]:
    """Give what is used where requests are counted as they arrive; the worst world's share and bound; all 429s."""
    shares, refused = [], 0
    for place in ANYWHERE:
        tell(f"  pace: {case}")
        server, _ = run(Pacer(), case, place)
        shares.append((server.allowance_used(), bound(case, place)))
        refused += server.refused
    tell("")
    return shares[0][0], min(shares), refused


def _peer(kind: Callable[[], Pace], case: Case) -> str:
    servers = [run(kind(), case, place)[0] for place in ANYWHERE]
    refused = sum(server.refused for server in servers)
    return f"{servers[0].allowance_used():>7.1%}{first_ten(kind(), case):>7.1f}{refused:>6}"
