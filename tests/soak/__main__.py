"""A campaign with real processes: `python -m tests.soak 300`; one round again with its story: `... --seed 17`."""

from __future__ import annotations

import argparse
import os
import sys
import time
from contextlib import closing, suppress
from typing import TYPE_CHECKING

from tests.soak.campaign import Sum, campaign, lived, table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.soak.campaign import Lived

WORKERS = 3
"""Rounds at a time: they mostly wait."""

EVERY = 10.0
"""Seconds between two lines that say how far it is, where no terminal shows them."""


def main() -> int:
    """Play, and print what happened."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak")
    parser.add_argument("rounds", nargs="?", type=int, default=300)
    parser.add_argument("--first", type=int, default=0, metavar="SEED", help="the seed of the first round")
    parser.add_argument("--workers", type=int, default=WORKERS, help="rounds at a time")
    parser.add_argument("--seed", type=int, help="one round only, with its story")
    given = parser.parse_args()
    os.environ["PYTHONDONTWRITEBYTECODE"] = ""  # hundreds of processes: each finds the modules compiled
    if given.seed is not None:
        one = lived(given.seed)
        print("\n".join(one.story))
        print(one.broken or one.void or f"all that must hold holds ({one.seconds:.1f} s)")
        return 1 if one.broken else 0
    began = time.monotonic()
    total = Sum()
    with (
        suppress(KeyboardInterrupt),
        closing(campaign(range(given.first, given.first + given.rounds), given.workers)) as rounds,
    ):
        follow(rounds, total, given.rounds)
    print(table(total, time.monotonic() - began))
    return 0 if total.holds(given.rounds) else 1


def follow(rounds: Iterable[Lived], total: Sum, number: int) -> None:
    """Add up the rounds as they end, and say how far it is."""
    began = told = time.monotonic()
    for one in rounds:
        total.add(one)
        if one.broken:
            print(f"\nseed {one.seed}: {one.broken}", flush=True)
        if sys.stderr.isatty() or time.monotonic() >= told + EVERY or total.rounds == number:
            told = time.monotonic()
            line = f"{total.rounds} of {number} rounds, {len(total.broken)} broken, {told - began:.0f} s"
            print(line, end="\r" if sys.stderr.isatty() else "\n", file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
