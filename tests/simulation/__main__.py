"""Live through many worlds: `python -m tests.simulation 10000`, or one again with its story: `... --seed 17`."""

from __future__ import annotations

import os

os.environ.setdefault("POLARS_MAX_THREADS", "1")  # many small sheets: threads only get in each other's way

import argparse
import tempfile
import time
from collections import Counter
from multiprocessing import Pool
from pathlib import Path

from tests.simulation.nights import BrokenError, play


def lived(seed: int) -> tuple[int, str, Counter[str]]:
    """Live through a world; gives the seed, what broke ("" for nothing), and what happened."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        try:
            world = play(seed, Path(folder))
        except BrokenError as error:
            return seed, str(error), Counter()
        return seed, "", world.happened


def main() -> int:
    """Live, and print what happened."""
    parser = argparse.ArgumentParser()
    parser.add_argument("worlds", nargs="?", type=int, default=100)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--about", default="")
    given = parser.parse_args()
    if given.seed is not None:
        with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
            try:
                world = play(given.seed, Path(folder))
            except BrokenError as error:
                print("\n".join(line[:2000] for line in error.story if given.about in line))
                raise
            print("\n".join(line[:400] for line in world.story if given.about in line))
        return 0
    began, happened, broken = time.monotonic(), Counter[str](), 0
    with Pool(2) as pool:
        for seed, what, seen in pool.imap_unordered(lived, range(given.first, given.first + given.worlds), chunksize=4):
            happened += seen
            if what:
                broken += 1
                print(f"seed {seed}: {what}")
    for name, number in sorted(happened.items()):
        print(f"{number:8d}  {name}")
    seconds = time.monotonic() - began
    print(f"{given.worlds} worlds in {seconds:.0f} s, {broken} broken")
    return 1 if broken else 0


if __name__ == "__main__":
    raise SystemExit(main())
