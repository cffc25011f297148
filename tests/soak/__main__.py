"""A campaign with real processes: `python -m tests.soak 300`; one round again with its story: `... --seed 17`."""

from __future__ import annotations

import argparse
import os
import sys
import time

from tests.soak.campaign import Sum, campaign, lived, table

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
    total, told = Sum(), began
    for one in campaign(range(given.first, given.first + given.rounds), given.workers):
        total.add(one)
        if one.broken:
            print(f"\nseed {one.seed}: {one.broken}", flush=True)
        if sys.stderr.isatty() or time.monotonic() >= told + EVERY or total.rounds == given.rounds:
            told = time.monotonic()
            line = f"{total.rounds} of {given.rounds} rounds, {len(total.broken)} broken, {told - began:.0f} s"
            print(line, end="\r" if sys.stderr.isatty() else "\n", file=sys.stderr, flush=True)
    print(table(total, time.monotonic() - began))
    return 1 if total.broken else 0


if __name__ == "__main__":
    raise SystemExit(main())
