"""How long `importer --help` takes, against Python doing nothing."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING

from bench.measuring import IMPORTER, compared, in_turns, table, take

if TYPE_CHECKING:
    from pathlib import Path

ROUNDS = 15
MOST = 7.0


def bench_start(folder: Path) -> None:
    """Measure the start."""
    ours, bare = "importer --help", "python -c pass"
    contenders = {
        ours: partial(take, [IMPORTER, "--help"], folder),
        bare: partial(take, [sys.executable, "-c", "pass"], folder),
    }
    in_turns(contenders, 1)  # compiles what is not compiled yet
    taken = in_turns(contenders, ROUNDS)
    table("Start", taken)
    times = taken[ours].seconds / taken[bare].seconds
    compared("times bare Python", f"{times:.1f}x", f"at most {MOST:.0f}x", met=times <= MOST)
