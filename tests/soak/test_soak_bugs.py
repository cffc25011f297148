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

PLENTY = 150
"""Rows that make more than one request."""

pytestmark = [
    pytest.mark.soak,
    pytest.mark.timeout(900),
    pytest.mark.enable_socket,  # processes are forked by asking for them through a socket of the file system
]


def plans(what: str) -> list[Plan]:
    """Rounds with this act alone, while a request is carried out, and a Webflow that renames taken slugs.

    There, what is sent twice is there twice.
    """
    harsh = {"taken_slug": "suffix", "listing_delay": "0"}
    wanted = []
    for plan in (Plan.drawn(seed) for seed in range(1_000)):
        acts = tuple(act for act in plan.acts if act.what == what and act.moment.after == "create")
        if acts and plan.pace and len(plan.sheet.notes) > PLENTY:
            wanted.append(replace(plan, acts=acts, switches=plan.switches | harsh, typed=False, twice=False))
    return wanted[:ROUNDS]


@pytest.mark.parametrize(
    ("bug", "what"),
    [
        ("frees_the_lock_by_age", "freeze"),
        ("done_before_the_answer", "kill"),
        ("lost_create_is_done", "freeze"),
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
