"""Whole processes, measured from outside: wall clock, processor time and peak memory, taken in turns."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
IMPORTER = str(BIN / "importer")
"""The installed command, as people start it."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What a process took: seconds by the clock and of the processors, peak memory in MB; and what it printed.

    The system counts what the process that starts another one holds towards the other's peak: this module's own 20 MB
    are the least that can be told, and the reason why nothing heavy is imported here.
    """

    seconds: float
    processor: float
    peak: float
    printed: str


def take(command: Sequence[str], folder: Path, *, ends: Sequence[int] = (0,), **environment: str) -> Taken:
    """Run a command to its end; one that ends in another way than expected is no measurement and stops the bench."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as complaints:
        began = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdout=out,
            stderr=complaints,
            env={**surroundings(), **environment},
        )
        taken = _waited(process, began)
        out.seek(0)
        complaints.seek(0)
        if process.returncode not in ends:
            raise SystemExit(f"{' '.join(command)} ended with {process.returncode}:\n{complaints.read().decode()}")
        return Taken(*taken, out.read().decode())


def surroundings() -> dict[str, str]:
    """Give the environment of every process: this tree's code, compiled once and kept, as installed packages are."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPATH": str(ROOT)}


def ended(process: subprocess.Popen[str]) -> Taken:
    """End a server that we started, and tell what it took."""
    process.terminate()
    return Taken(*_waited(process, time.perf_counter()), "")


def _waited(process: subprocess.Popen[bytes] | subprocess.Popen[str], began: float) -> tuple[float, float, float]:
    _, status, usage = os.wait4(process.pid, 0)  # of this one child only, unlike getrusage(RUSAGE_CHILDREN)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    unit = 1 if sys.platform == "darwin" else 1024
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit / 1e6


def in_turns(contenders: Mapping[str, Callable[[], Taken]], rounds: int) -> dict[str, Taken]:
    """Let each run once in every round, so that a busy minute of the machine hits all alike; give the medians."""
    taken: dict[str, list[Taken]] = {name: [] for name in contenders}
    for at in range(rounds):
        for name, run in contenders.items():
            tell(f"  {name}, {at + 1} of {rounds}")
            taken[name].append(run())
    tell("")
    return {name: middle(each) for name, each in taken.items()}


def tell(sentence: str) -> None:
    """Say on a terminal what goes on, each sentence in place of the one before."""
    if sys.stderr.isatty():
        print(f"\r{sentence:<78}\r", end="", file=sys.stderr, flush=True)


def middle(taken: Sequence[Taken]) -> Taken:
    """Give the medians, of memory the highest, and what was printed last."""
    return Taken(
        median(one.seconds for one in taken),
        median(one.processor for one in taken),
        max(one.peak for one in taken),
        taken[-1].printed,
    )


def table(title: str, taken: Mapping[str, Taken], rows: int | None = None) -> None:
    """Print what each took, the first contender first; memory is the worst of all rounds."""
    speed = f"{'rows/s':>10}" if rows else ""
    print(f"\n{title:<46}{'seconds':>9}{'CPU s':>8}{'peak MB':>9}{speed}")
    for name, one in taken.items():
        speed = f"{rows / one.seconds:>10,.0f}" if rows else ""
        print(f"  {name:<44}{one.seconds:>9.3f}{one.processor:>8.2f}{one.peak:>9.0f}{speed}")


def compared(what: str, figure: str, aim: str, *, met: bool) -> None:
    """Print a figure beside what it should be; nothing fails over it, for machines differ."""
    print(f"    {what:<42}{figure:>9}   aim: {aim:<14} {'met' if met else 'NOT MET'}")
