"""Live through many worlds: `python -m tests.simulation 10000`, or one again with its story: `... --seed 17`."""

from __future__ import annotations

import os

os.environ.setdefault("POLARS_MAX_THREADS", "1")  # many small sheets: threads only get in each other's way

import argparse
import gc
import sys
import tempfile
import time
from collections import Counter
from functools import partial
from math import inf
from multiprocessing import Pool
from pathlib import Path

from tests.simulation.nights import BrokenError, play
from tests.simulation.story import about, table, unseen

MEMORY = "/dev/shm"
"""A folder in memory, where there is one: thousands of small files are made."""

ENOUGH = 1_000
"""Worlds from which on everything must have happened at least once."""


def lived(seed: int, until: float = inf) -> tuple[int, str, int, Counter[str]]:
    """Live through a world; gives the seed, what broke ("" for nothing), its runs, and what happened.

    After the moment `until` it does nothing, and there are no runs. A worker is never ended from outside while it
    lives: the importer would hear the signal, and stop its run in order.
    """
    if time.monotonic() > until:
        return seed, "", 0, Counter()
    with tempfile.TemporaryDirectory(dir=_room()) as folder:
        try:
            world = play(seed, Path(folder))
        except BrokenError as error:
            return seed, str(error), 1, Counter()
        return seed, "", world.told.number, world.happened


def _room() -> str | None:
    return MEMORY if os.access(MEMORY, os.W_OK) else None


def _begin() -> None:
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 20, 100)  # a world is thrown away as a whole: there is little to look for in between


def one(seed: int, word: str) -> int:
    """Live through one world and tell its story, or what of it is about a word (`note-3`)."""
    with tempfile.TemporaryDirectory(dir=_room()) as folder:
        try:
            story, broken = play(seed, Path(folder)).story, ""
        except BrokenError as error:
            story, broken = error.story, str(error)
    print("\n".join(about(story, word)))
    print(f"BROKEN {broken}" if broken else "nothing is broken")
    return 1 if broken else 0


def many(first: int, number: int, processes: int, minutes: float) -> int:
    """Live through many worlds, or as many as the time allows, and print what happened; how a broken one is told."""
    began, happened, broken, runs, lives = time.monotonic(), Counter[str](), 0, 0, 0
    with Pool(processes, initializer=_begin) as pool:
        until = began + minutes * 60
        life = partial(lived, until=until)
        for seed, what, nights, seen in pool.imap_unordered(life, range(first, first + number), chunksize=4):
            happened += seen
            runs += nights
            lives += nights > 0
            if what:
                broken += 1
                word = next((part for part in what.replace(":", " ").split() if part.startswith("note-")), "")
                command = f"python -m tests.simulation --seed {seed}" + (f" --about {word}" if word else "")
                print(f"seed {seed}: {what[:600]}\n    its story: {command}", flush=True)
    seconds = time.monotonic() - began
    print("\n".join(table(happened)))
    missing = unseen(happened)
    if missing:
        print("never happened: " + ", ".join(missing))
    print(f"{lives} worlds, {runs} nights in {seconds:.0f} s ({60 * runs / seconds:.0f} a minute), {broken} broken")
    return 1 if broken or (missing and lives >= ENOUGH) else 0


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("worlds", nargs="?", type=int, default=100, help="how many seeds")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--minutes", type=float, default=inf, help="end after so many, whatever is left")
    parser.add_argument("--seed", type=int, help="tell the story of one seed")
    parser.add_argument("--about", default="", help="... as far as it is about a row (note-3) or another word")
    given = parser.parse_args()
    if given.seed is not None:
        return one(given.seed, given.about)
    return many(given.first, given.worlds, given.processes, given.minutes)


if __name__ == "__main__":
    sys.exit(main())
