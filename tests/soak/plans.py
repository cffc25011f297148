"""What a round is made of: one seed decides its sheet, its Webflow, its troubles and the moments they come at."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any, Final

from tests.soak.proxy import TRICKS, Trick
from tests.soak.sheets import Sheet

ACTS: Final = {
    "kill": 30,
    "freeze": 10,
    "freeze and kill": 7,
    "Ctrl-C": 5,
    "SIGTERM": 5,
    "full disk": 7,
    "file size limit": 7,
    "read-only folder": 5,
    "sandbox restarted": 10,
    "connections refused": 6,
    "wire and faults only": 18,
}
"""What happens to a run, and how often one is drawn. Tricks of the wire and faults of the sandbox come on top."""

_NETWORK: Final = frozenset({"sandbox restarted", "connections refused", "wire and faults only"})

SWITCHES: Final = {
    "refusal": ["atomic", "atomic", "partial", "partial_ahead"],
    "taken_slug": ["refuse", "suffix"],
    "answer_order": ["sent", "shuffled"],
    "answer_shape": ["items", "list"],
    "listing_order": ["as_asked", "as_asked", "ignored"],
    "listing_delay": ["0", "0", "0.3"],
    "live_in_staged": ["yes", "yes", "no"],
    "stamps": ["equal", "spread"],
}
"""What nobody knows of Webflow; each round draws one of its possible worlds."""


@dataclass(frozen=True, slots=True)
class Moment:
    """When it happens: `later` seconds after the run `start`ed, or after `nth` requests came by.

    `after`: start, request (any), create (one that creates items), created (the answer to one).
    """

    after: str
    nth: int
    later: float

    def __str__(self) -> str:
        return f"{self.after} {self.nth} + {self.later * 1000:.0f} ms"


@dataclass(frozen=True, slots=True)
class Act:
    """One run and what happens to it; `seconds` is how long it lasts, `room` what a full disk still takes (bytes)."""

    what: str
    moment: Moment
    seconds: float
    room: int
    tricks: tuple[Trick, ...]
    faults: tuple[dict[str, Any], ...]
    concurrency: int

    @property
    def breaks_the_wire(self) -> bool:
        """Whether answers may get lost, so that the run may call it an outage."""
        return bool(self.tricks or self.faults) or self.what in _NETWORK or self.what.startswith("freeze")


@dataclass(frozen=True, slots=True)
class Plan:
    """A round: `patience` and `timeout` (for an answer) in seconds, `pace` the time that each create takes."""

    seed: int
    sheet: Sheet
    switches: dict[str, str]
    patience: float
    timeout: float
    pace: float
    acts: tuple[Act, ...]
    twice: bool
    typed: bool

    @classmethod
    def drawn(cls, seed: int) -> Plan:
        """Draw one."""
        chance = random.Random(seed)
        sheet = Sheet.drawn(chance)
        switches = {name: chance.choice(values) for name, values in SWITCHES.items()}
        patience, timeout = chance.choice([1.0, 1.5]), chance.choice([0.7, 1.0])
        drawer = _Drawer(chance, patience, timeout, len(sheet.good()) // 100 + 1)
        acts: list[Act] = []
        for _ in range(chance.choice([1, 1, 1, 2, 3])):
            acts.append(drawer.act(chance.choices(list(ACTS), list(ACTS.values()))[0], again=bool(acts)))
            if acts[-1].what == "kill":
                acts += [drawer.act("kill", again=True) for _ in range(chance.choice([0, 0, 1, 3]))]
        pace = chance.choice([0.0, 0.05, 0.2])
        more = {"twice": chance.random() < 0.15, "typed": chance.random() < 0.1}
        return cls(seed, sheet, switches, patience, timeout, pace, tuple(acts), **more)

    @property
    def needs_a_disk(self) -> bool:
        """Whether a small disk of its own would be good to have."""
        return any(act.what in {"full disk", "read-only folder"} for act in self.acts)


@dataclass(frozen=True, slots=True)
class _Drawer:
    """Draws acts for a sheet that needs so many `creates`."""

    chance: random.Random
    patience: float
    timeout: float
    creates: int

    def act(self, what: str, *, again: bool) -> Act:
        """Draw what exactly happens, and when; `again`: an earlier run has left something to settle, maybe."""
        chance = self.chance
        alone = what == "wire and faults only"
        tricks = tuple(self._trick() for _ in range(chance.choice([1, 1, 2] if alone else [0, 0, 1])))
        faults = tuple(self._fault() for _ in range(chance.choice([0, 1, 2] if alone else [0, 0, 1])))
        return Act(
            what,
            self._moment(holding=what.startswith("freeze"), again=again),
            self.timeout + chance.uniform(0.2, 0.6) if what.startswith("freeze") else chance.uniform(0, 0.6),
            chance.choice([0, 0, 4096, 1 << 14, 1 << 16]),
            tricks,
            faults,
            chance.choice([1, 2, 4, 4]),
        )

    def _moment(self, *, holding: bool, again: bool) -> Moment:
        """Draw a moment; `holding`: one at which the run surely holds its lock."""
        chance = self.chance
        asking = ["request"] * (3 if again else 1)
        after = chance.choice([*([] if holding else ["start"]), *asking, "create", "create", "created"])
        if after == "start":
            return Moment(after, 0, chance.uniform(0, 1.2))
        if after == "request":
            longest = chance.choice([0.05, 0.3, *([2 * self.patience] * (2 if again else 1))])
            return Moment(after, chance.choice([1, 1, 3]), longest * chance.random())
        return Moment(after, chance.randint(1, self.creates), chance.choice([0.01, 0.2]) * chance.random())

    def _trick(self) -> Trick:
        chance = self.chance
        what = chance.choice(TRICKS)
        late = chance.choice([0.2, self.timeout + 0.4 * self.patience])  # its answer is given up before it arrives
        return Trick(
            what,
            method=chance.choice(["POST", "POST", "POST", "GET"]),
            nth=chance.randint(1, self.creates),
            share=chance.choice([0.0, chance.random(), chance.random(), 1.0]),
            seconds=chance.uniform(0.1, late),
            reset=chance.random() < 0.5,
        )

    def _fault(self) -> dict[str, Any]:
        chance = self.chance
        wait = chance.uniform(0, 0.3)
        long = self.timeout + 0.2
        for_reads: list[dict[str, Any]] = [
            {
                "do": "status",
                "status": chance.choice([500, 502, 503, 504]),
                "body": chance.choice(["html", "envelope"]),
            },
            {"do": "throttle", "retry_after": chance.choice(["0", "1"])},
            {"do": "reset_before"},
            {"do": "truncated"},
            {"do": "garbage"},
            {"do": "slow_answer", "seconds": long},
            {"do": "stray_403"},
        ]
        for_writes = [
            *for_reads,
            {"do": "timeout_then_commit", "wait": wait, "seconds": wait + chance.uniform(0, 0.5) * self.patience},
            {"do": "timeout_then_commit", "wait": wait, "seconds": wait + chance.uniform(0, 0.5) * self.patience},
            {"do": "status", "status": 500, "work": "done"},
            {"do": "status", "status": 504, "body": "html", "work": "done"},
            {"do": "reset_after"},
            {"do": "slow", "seconds": long},
        ]
        method = chance.choice(["POST", "POST", "POST", "GET"])
        when = {"method": method, "nth": chance.randint(1, self.creates)}
        return {"when": when} | chance.choice(for_writes if method == "POST" else for_reads)
