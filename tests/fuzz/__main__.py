"""Fuzzing: `python -m tests.fuzz sources --minutes 10`; one case again: `python -m tests.fuzz sources --seed 17`."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from tests.fuzz.campaign import Mistake, campaign
from tests.fuzz.targets import TARGETS

EVERY = 10.0
"""Seconds between two lines that say how far it is."""

SHOWN = 2000
"""Bytes of a guilty file that are printed; all of it is kept in a file."""


def main(arguments: list[str] | None = None) -> int:
    """Try cases and print what happened; 1 if anything but an ImporterError arose."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("target", choices=sorted(TARGETS))
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--first", type=int, help="the seed of the first case; else the time tells it")
    parser.add_argument("--seed", type=int, help="one case only")
    parser.add_argument("--keep", type=Path, default=Path(), help="the folder for the bytes of a mistake")
    given = parser.parse_args(arguments)
    target = TARGETS[given.target]()
    if given.seed is not None:
        told = campaign(target, given.seed, cases=1)
    else:
        first = time.time_ns() // 1_000_000 * 1000 if given.first is None else given.first
        told = campaign(target, first, seconds=given.minutes * 60, on_case=Follower(first))
    slowest, seed = told.slowest
    print(f"{told.tried:,} cases of {given.target}; the slowest took {slowest:.1f} s (seed {seed})")
    if told.mistake is None:
        return 0
    tell(told.mistake, given.target, given.keep)
    return 1


class Follower:
    """Says from time to time how far it is, and with which seed, should the process die over it."""

    def __init__(self, first: int) -> None:
        self._first, self._told = first, time.monotonic()

    def __call__(self, seed: int) -> None:
        """Take note of a case that begins."""
        if time.monotonic() >= self._told + EVERY:
            self._told = time.monotonic()
            print(f"{seed - self._first:,} cases, at seed {seed}", file=sys.stderr, flush=True)


def tell(mistake: Mistake, target: str, folder: Path) -> None:
    """Print a mistake with its seed and bytes, and keep the file."""
    kept = folder / f"fuzz-{mistake.seed}-{mistake.case.name}"
    kept.write_bytes(mistake.case.data)
    print(mistake.story)
    print(f"seed {mistake.seed}: {mistake.case.name}, {mistake.case.how}")
    print(f"{mistake.case.data[:SHOWN]!r}{' ...' if len(mistake.case.data) > SHOWN else ''}")
    print(f"The file is kept as {kept}; the same again: python -m tests.fuzz {target} --seed {mistake.seed}")


if __name__ == "__main__":
    raise SystemExit(main())
