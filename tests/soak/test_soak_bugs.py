"""The soak can fail: mistakes that are planted in the real command are noticed within a few rounds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.soak.desk import BrokenError
from tests.soak.plans import Plan
from tests.soak.rounds import play

if TYPE_CHECKING:
    from pathlib import Path

ROUNDS = 12
"""Rounds within which each mistake is noticed."""

pytestmark = [
    pytest.mark.soak,
    pytest.mark.timeout(900),
    pytest.mark.enable_socket,  # processes are forked by asking for them through a socket of the file system
]


def plans(what: str) -> list[Plan]:
    """Rounds with this act in which Webflow renames taken slugs, so that what is sent twice is there twice."""
    drawn = (Plan.drawn(seed) for seed in range(1_000))
    wanted = [plan for plan in drawn if any(act.what == what for act in plan.acts) and plan.pace]
    harsh = {"taken_slug": "suffix", "listing_delay": "0"}
    return [replace(plan, switches=plan.switches | harsh, typed=False) for plan in wanted[:ROUNDS]]


@pytest.mark.parametrize(
    ("bug", "what"),
    [
        ("frees_the_lock_by_age", "freeze"),
        ("settles_nothing", "kill"),
        ("records_after_sending", "kill"),
        ("never_records_the_answer", "wire and faults only"),
        ("retries_after_a_loss", "freeze"),
    ],
)
def test_a_planted_mistake_is_noticed(bug: str, what: str, tmp_path: Path) -> None:
    """By the proof at the end, or on the way."""
    for number, plan in enumerate(plans(what), 1):
        try:
            play(plan, tmp_path / str(plan.seed), bug)
        except BrokenError as broken:
            print(f"{bug}: noticed in round {number}: {broken}")  # noqa: T201 - the figures, for who asks with -s or -rP
            return
    pytest.fail(f"{ROUNDS} rounds did not notice it")
