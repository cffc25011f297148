"""Time in a world: a loop that jumps from moment to moment, and the clock of each process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.flows.conftest import Hours, JumpingLoop
from tests.simulation.process import Died

if TYPE_CHECKING:
    from tests.simulation.process import Process

MOST_STEPS = 200_000
"""Steps of a run after which it is taken to go on for ever; some hundred are usual."""


class Loop(JumpingLoop):
    """A loop for a whole world; while a process is awaited each of its steps counts, and a dead one is left alone."""

    process: Process | None = None

    def __init__(self, hours: Hours) -> None:
        super().__init__(hours)
        self.mishaps: list[dict[str, Any]] = []
        self.set_exception_handler(lambda _loop, context: self.mishaps.append(context))

    def _run_once(self) -> None:
        if self.process is not None:
            self.process.at("between two steps")
            if self.process.dead:
                raise Died
            if self.process.reached["between two steps"] > MOST_STEPS:
                raise AssertionError(f"a run does not end: {MOST_STEPS} steps, {self._hours.now:.0f} s")
        super()._run_once()  # type: ignore[misc]  # the loop's own


class OwnHours(Hours):
    """The clock of one process: it counts from where it likes, so that no moment of it means anything to another."""

    def __init__(self, hours: Hours, began: float) -> None:
        super().__init__()
        self._hours, self._began = hours, began

    def monotonic(self) -> float:
        return self._hours.now + self._began
