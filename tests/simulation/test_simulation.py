"""A few simulated worlds as part of every test run; `make simulate SEEDS=10000` lives through many."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.simulation.late import Lateness
from tests.simulation.mistakes import replaced
from tests.simulation.mix import SWITCHES, Mix
from tests.simulation.nights import BrokenError, play
from tests.simulation.story import about, unseen

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulation.world import World

SEEDS = range(9)
"""The worlds of each test run."""

TOLD = 29
"""A world in which processes die, answers are lost and other people come by."""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], World]:
    """Live through the world `TOLD`, each time in a folder of its own."""
    return lambda: play(TOLD, tmp_path_factory.mktemp("world"))


@pytest.mark.parametrize("seed", SEEDS)
def test_each_row_ends_once_whatever_happens(tmp_path: Path, seed: int) -> None:
    """Each good row is there once with its content, each bad one rejected with its reason, all stories are one."""
    play(seed, tmp_path)


@pytest.mark.soak
def test_same_seed_tells_the_same_story_in_any_process(told: Callable[[], World]) -> None:
    """One seed decides everything: not the addresses of objects, nor the order of sets, nor the time of day."""
    story = told().story

    assert told().story == story
    another = subprocess.run(
        [sys.executable, "-m", "tests.simulation", "--seed", str(TOLD)],
        env={**os.environ, "PYTHONHASHSEED": "7"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert another.stdout == "\n".join([*about(story, ""), "nothing is broken", ""])


def test_story_can_be_told_of_one_row(told: Callable[[], World]) -> None:
    """What has nothing to do with the row is left out, but for the runs themselves; long lines are cut to it."""
    story = told().story

    lines = list(about(story, "note-1"))

    assert 0 < len(lines) < len(story)
    assert any("RUN 1" in line for line in lines)
    assert all("note-1" in line or "RUN" in line or line[11:].isupper() or line[11:16].isupper() for line in lines)
    assert not any("note-10" in line and "note-1 " not in line and '"note-1"' not in line for line in lines)


def test_what_never_happened_is_named() -> None:
    """A campaign in which a fault, a crash or a circumstance is missing has not shown what it should."""
    everything = unseen(Counter())

    assert {"fault: reset_after", "crash: before a commit", "disk: full", "switch: taken_slug=suffix"} <= set(
        everything
    )
    assert unseen(Counter(everything)) == []


def test_broken_world_tells_its_story_and_how_to_hear_it(tmp_path: Path) -> None:
    """A commit beyond patience that nobody calls one leaves two items of a row: this is noticed, and told by row."""
    switches = SWITCHES | {"taken_slug": ("suffix",), "refusal": ("atomic",)}
    late = ({"do": "timeout_then_commit", "seconds": 400, "wait": 1},)
    once: dict[str, Any] = {
        "beyond": (),
        "faults_a_night": (1,),
        "stopping": 0.0,
        "beyond_patience": 0.0,
        "dies": 0.0,
        "disk": 0.0,
    }
    mix = Mix(switches=switches, rows=(3,), nights=(1,), faults=late, about=({"method": "POST"},), nth=(1,), **once)

    def live_until_it_breaks() -> None:
        for seed in range(8):
            (tmp_path / str(seed)).mkdir()
            play(seed, tmp_path / str(seed), mix)

    with (
        replaced(Lateness, "delays", lambda *_given: None),
        pytest.raises(BrokenError, match=r"note-. is there \d times") as broken,
    ):
        live_until_it_breaks()

    lines = list(about(broken.value.story, str(broken.value).split()[0]))
    assert any("FAULT timeout_then_commit" in line for line in broken.value.story)
    assert sum("POST" in line for line in lines) >= 2
