"""Many rounds side by side, and the sum of what happened in them."""

from __future__ import annotations

import shutil
import signal
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from tests.soak.desk import BrokenError
from tests.soak.plans import Plan
from tests.soak.rounds import play

if TYPE_CHECKING:
    from collections.abc import Generator

MOST_VOID = 0.05
"""The share of rounds that may prove nothing; where more do, the campaign has shown too little."""

KINDS = {
    "round": "rounds",
    "kill -9": "kill -9, and where the run stood (by its state file)",
    "trouble": "what happened to runs",
    "wire": "what the proxy did",
    "fault": "what the sandbox did",
    "moment": "troubles that came to nothing",
    "exit": "how runs ended (exit code, error code)",
}


@dataclass(frozen=True, slots=True)
class Lived:
    """What became of a round; `broken` says what did not hold, "" where all did; `void`: it proves nothing."""

    seed: int
    happened: Counter[tuple[str, str]]
    seconds: float
    broken: str = ""
    void: str = ""
    lost: int = 0
    doubled: int = 0
    story: tuple[str, ...] = ()


@dataclass(slots=True)
class Sum:
    """The sum of a campaign."""

    rounds: int = 0
    broken: list[Lived] = field(default_factory=list)
    void: list[Lived] = field(default_factory=list)
    happened: Counter[tuple[str, str]] = field(default_factory=Counter)
    longest: float = 0.0

    def holds(self, rounds: int) -> bool:
        """Whether so many rounds were played, nothing broke, and enough of them prove something."""
        return self.rounds >= rounds and not self.broken and len(self.void) <= MOST_VOID * rounds

    def add(self, lived: Lived) -> None:
        """Add a round."""
        self.rounds += 1
        self.happened += lived.happened
        self.longest = max(self.longest, lived.seconds)
        if lived.broken:
            self.broken.append(lived)
        elif lived.void:
            self.void.append(lived)


def lived(seed: int) -> Lived:
    """Play one round in a folder of its own; that of a broken round is kept."""
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix=f"soak-{seed}-"))
    try:
        played = play(Plan.drawn(seed), folder)
    except BrokenError as error:
        told = f"{error}\nIts files are kept in {folder}."
        seconds = time.monotonic() - began
        return Lived(seed, Counter(), seconds, told, "", error.lost, error.doubled, tuple(error.story))
    except KeyboardInterrupt:
        shutil.rmtree(folder)
        raise
    shutil.rmtree(folder)
    return Lived(seed, played.desk.happened, time.monotonic() - began, void=played.void, story=tuple(played.desk.story))


def campaign(seeds: range, workers: int) -> Generator[Lived, None, None]:
    """Play all rounds, so many at a time; gives each as it ends. SIGTERM stops it as Ctrl-C does."""
    stop = (signal.SIGTERM, signal.default_int_handler)
    signal.signal(*stop)
    pool = ProcessPoolExecutor(workers, get_context("spawn"), signal.signal, stop)
    try:
        rounds = {pool.submit(lived, seed): seed for seed in seeds}
        for ended in as_completed(rounds):
            mistake = ended.exception()  # one of the soak's own
            told = f"{type(mistake).__name__}: {mistake}"
            yield ended.result() if mistake is None else Lived(rounds[ended], Counter(), 0.0, told)
    finally:
        pool.shutdown(cancel_futures=True)  # rounds that have begun clear up


def table(total: Sum, seconds: float) -> str:
    """Write down what happened, and what came of it."""
    lines = [""]
    for kind, title in KINDS.items():
        lines.append(title)
        lines += [f"  {number:6d}  {what}" for (one, what), number in sorted(total.happened.items()) if one == kind]
    lost, doubled = (sum(getattr(one, name) for one in total.broken) for name in ("lost", "doubled"))
    lines += [f"seed {one.seed} proves nothing: {one.void}" for one in total.void]
    lines += [f"seed {one.seed} broke: {one.broken.splitlines()[0]}" for one in total.broken]
    lines.append(
        f"{total.rounds} rounds in {seconds:.0f} s (the longest {total.longest:.0f} s): {len(total.broken)} broken,"
        f" {len(total.void)} void, {lost} rows lost, {doubled} doubled"
    )
    if len(total.void) > MOST_VOID * total.rounds:
        lines.append(f"More than {MOST_VOID:.0%} of the rounds prove nothing: play them on a quieter machine.")
    if total.broken:
        lines.append(f"One again, with its story: python -m tests.soak --seed {total.broken[0].seed}")
    return "\n".join(lines)
