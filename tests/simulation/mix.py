"""What share of the worlds has what: every probability and every choice that a seed draws from, in one place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.flows.faulty import FAULTS

if TYPE_CHECKING:
    from collections.abc import Mapping

Fault = dict[str, Any]

SWITCHES: dict[str, tuple[str, ...]] = {
    "refusal": ("atomic", "partial", "partial_ahead"),
    "taken_slug": ("refuse", "suffix"),
    "answer_order": ("sent", "shuffled"),
    "answer_shape": ("items", "list"),
    "listing_delay": ("0", "5"),
    "listing_order": ("as_asked", "ignored"),
    "listing_sort": ("supported", "refused"),
    "live_in_staged": ("yes", "no"),
    "missing_headers": ("no", "yes"),
    "date_header": ("yes", "no"),
    "stamps": ("equal", "spread"),
    "rate_limit": ("60", "600"),
}
"""What nobody knows about Webflow, within what the state file assumes (an order that is new each time is not)."""

STOPPING: tuple[Fault, ...] = ({"do": "conflict"}, {"do": "missing_scopes"}, {"do": "revoked"})
"""Faults that stop a run."""


@dataclass(frozen=True, slots=True)
class Mix:
    """What a seed draws from: a float is a share (0 to 1), a tuple is drawn from evenly, so that a value may repeat.

    A harsher mix is `dataclasses.replace(Mix(), somebody=(3,), ...)`.
    """

    # A world
    switches: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: SWITCHES)
    rows: tuple[int, ...] = (1, 2, 3, 5, 5, 12, 12, 40, 130)
    dead_files: tuple[int, ...] = (0, 0, 0, 1, 2)
    """How many rows are bad in a way that only Webflow can see."""
    keyed: float = 0.3
    """Worlds whose key is a column that is no field."""
    drafts: float = 0.1
    slowness: tuple[float, ...] = (0.0, 0.3, 5.0)
    """Seconds that a request takes at most, each way."""
    nights: tuple[int, ...] = (1, 2, 3, 4, 5)

    # A night
    faults: tuple[Fault, ...] = tuple(FAULTS)
    stopping_faults: tuple[Fault, ...] = STOPPING
    stopping: float = 0.1
    """Faults that stop a run, among all faults."""
    faults_a_night: tuple[int, ...] = (0, 1, 2, 3)
    about: tuple[Fault, ...] = ({"method": "POST"}, {"method": "POST"}, {"path": "*/items*"}, {})
    """Which requests a fault happens to."""
    nth: tuple[int, ...] = (1, 2, 3, 4, 5, 6)
    every: tuple[int, ...] = (2, 3, 4)
    somebody: tuple[int, ...] = (0, 0, 1, 3)
    """How often somebody else does something during a run."""
    somebody_does: tuple[str, ...] = ("makes", "makes", "deletes", "edits")
    somebody_after: tuple[float, ...] = (0.0, 1.0, 30.0, 90.0)
    """Seconds after the run's start in which somebody does it."""
    plan_limit: float = 0.05
    dies: float = 0.5
    concurrency: tuple[int, ...] = (1, 2, 4)
    limit: tuple[int | None, ...] = (None, None, None, 0, 3, 50)
    """What `--limit` says."""

    # A day
    pause: tuple[float, ...] = (0, 0, 30, 1_000)
    """Seconds between two runs."""
    edits: tuple[int, ...] = (0, 0, 1, 5)
    undrafts: float = 0.3
    shuffles: float = 0.2
    forgets: float = 0.06
    """Days on which the state file is deleted."""
    removes: float = 0.15
    """Days on which a row leaves the sheet."""
    brings_back: float = 0.1
