"""What share of the worlds has what: every probability and every choice that a seed draws from, in one place."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
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
    "listing_delay": ("0", "5", "9"),
    "listing_order": ("as_asked", "ignored"),
    "listing_sort": ("supported", "refused"),
    "live_in_staged": ("yes", "no"),
    "missing_headers": ("no", "no", "yes"),
    "date_header": ("yes", "no"),
    "stamps": ("equal", "spread"),
    "rate_limit": ("20", "60", "600"),
    "retry_after_rounding": ("ceil", "floor"),
    "deleted_slug": ("free", "free", "held"),
}
"""What nobody knows about Webflow, within what the state file assumes (an order that is new each time is not)."""

STOPPING: tuple[Fault, ...] = ({"do": "conflict"}, {"do": "missing_scopes"}, {"do": "revoked"}, {"do": "plan_limit"})
"""Faults that stop a run."""

NEAR_PATIENCE: tuple[Fault, ...] = (
    {"do": "timeout_then_commit", "seconds": 59, "wait": 1},
    {"do": "timeout_then_commit", "seconds": 60.5, "wait": 1},
)
"""Lost requests that have their effect as late as is promised at all."""

BEYOND: tuple[Fault, ...] = (
    {"do": "timeout_then_commit", "seconds": 100, "wait": 1},
    {"do": "timeout_then_commit", "seconds": 400, "wait": 1},
    {"do": "slow", "seconds": 400},
    {"do": "status", "status": 429, "work": "done", "headers": {"Retry-After": "7"}},
)
"""What is assumed not to happen: effects after the patience of every run, and a 429 to what was carried out."""


@dataclass(frozen=True, slots=True)
class Mix:
    """What a seed draws from: a float is a share (0 to 1), a tuple is drawn from evenly, so that a value may repeat.

    A harsher mix is `dataclasses.replace(Mix(), somebody=(3,), ...)`.
    """

    # A world
    switches: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: SWITCHES)
    rows: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 8, 8, 12, 12, 12, 20, 20, 40, 120)
    dead_files: tuple[int, ...] = (0, 0, 0, 0, 1, 2)
    """How many rows are bad in a way that only Webflow can see."""
    long_texts: float = 0.05
    """Rows that are bad in a way that our own checks see, from the beginning and after each edit."""
    photos: float = 0.1
    """Rows with a picture that can be fetched; they go into requests of their own."""
    alike: float = 0.05
    """Rows that have name and text of another row, and its slug with a suffix."""
    keyed: float = 0.3
    """Worlds whose key is a column that is no field."""
    drafts: float = 0.1
    chunk: tuple[int, ...] = (100, 100, 2, 5)
    """Items of a request, at most."""
    page: tuple[int, ...] = (100, 100, 2, 5)
    """Items of a page, at most."""
    slowness: tuple[float, ...] = (0.0, 0.3, 5.0)
    """Seconds that a request takes at most, each way."""
    nights: tuple[int, ...] = (1, 2, 3, 4)

    # A night
    faults: tuple[Fault, ...] = (*FAULTS, *NEAR_PATIENCE)
    stopping_faults: tuple[Fault, ...] = STOPPING
    stopping: float = 0.1
    """Faults that stop a run, among all faults."""
    beyond: tuple[Fault, ...] = BEYOND
    beyond_patience: float = 0.08
    """Faults beyond what is assumed, among all faults."""
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
    ambush: float = 0.3
    """Nights in which somebody makes or deletes an item between two pages of a listing."""
    besieged: float = 0.03
    """Nights in which that happens all the time, so that no listing proves anything."""
    eats: float = 0.1
    """Nights in which other clients of the same token use up most of the rate limit."""
    disorder: float = 0.03
    """Worlds whose listings come in a new order every time: outside of what is promised."""
    schema: float = 0.06
    """Nights in which the collection's fields are changed."""
    plan_limit: float = 0.05
    dies: float = 0.45
    disk: float = 0.05
    """Nights in which the disk becomes full, or the state file read-only."""
    skewed: float = 0.5
    """Nights in which the machine's own clock is wrong, or steps back during the run."""
    concurrency: tuple[int, ...] = (1, 2, 4)
    limit: tuple[int | None, ...] = (None, None, None, None, 0, 3)
    """What `--limit` says."""
    own_rate: tuple[int | None, ...] = (None, None, None, None, None, 12, 40)
    """What `--requests-per-minute` says."""

    # A day
    pause: tuple[float, ...] = (0, 0, 30, 1_000)
    """Seconds between two runs."""
    edits: tuple[int, ...] = (0, 0, 1, 5)
    edited: tuple[str, ...] = ("text",) * 7 + ("title", "slug", "photo")
    """What of a row is edited."""
    spoils: float = 0.15
    """Days on which a row becomes bad that was sent, best one that is still in doubt."""
    corrects: float = 0.4
    """Bad rows that are put right on a day: most of them say again what they said before."""
    undrafts: float = 0.3
    shuffles: float = 0.2
    forgets: float = 0.04
    """Days on which the state file is deleted."""
    copies: float = 0.15
    """Days on which somebody keeps a copy of the state file."""
    restores: float = 0.15
    """Days on which that copy is put back, where there is one."""
    rekeys: float = 0.04
    """Days on which the rule of the key is changed."""
    accepts_keys: float = 0.5
    """How often that is meant."""
    reslugs: float = 0.04
    """Days on which the rule of the slug is changed; where that is not meant, it is changed back after the run."""
    imitates: float = 0.03
    """Days on which somebody makes an item that looks like a row that was never sent, but for a suffix of its slug."""
    removes: float = 0.15
    """Days on which a row leaves the sheet."""
    brings_back: float = 0.1


DOUBTFUL = frozenset(
    {"reset_before", "reset_after", "timeout_then_commit", "truncated", "garbage", "left_out", "status"}
)

HARSH = replace(
    Mix(),
    switches=SWITCHES
    | {
        "refusal": ("atomic", "partial", "partial", "partial_ahead"),
        "taken_slug": ("refuse", "suffix", "suffix", "suffix"),
    },
    rows=(1, 2, 3, 4, 5, 6, 8, 12),
    dead_files=(0, 0, 1, 2),
    nights=(2, 3, 4),
    faults=tuple(one for one in FAULTS if one["do"] in DOUBTFUL or one.get("seconds") == 220) + NEAR_PATIENCE,
    stopping=0.04,
    beyond_patience=0.12,
    faults_a_night=(1, 2, 3, 4),
    about=({"method": "POST"},),
    nth=(1, 1, 2, 3),
    every=(1, 2, 2, 3),
    somebody_after=(0.0, 30.0),
    besieged=0.1,
    dies=0.6,
    limit=(None,),
    pause=(0, 0, 30, 70),
    forgets=0.02,
    shuffles=0.1,
)
"""Most requests that create are lost, on a server that hides it well: what leaves rows in doubt, and twins."""


def mix_of(seed: int) -> Mix:
    """Draw a world of all kinds, or a harsh one."""
    return HARSH if seed % 2 else Mix()
