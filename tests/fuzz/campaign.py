"""Trying one case after the other, each made from a seed of its own, until one goes wrong or time is over."""

from __future__ import annotations

import faulthandler
import itertools
import sys
import tempfile
import time
import traceback
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from importer.errors import ImporterError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.fuzz.target import Case, Target

SLOWEST = 30.0
"""Seconds of processors that a case may take; the slowest are tables of ten thousand columns."""

HANGS = 300.0
"""Seconds after which the process is ended, with a traceback of where it hangs."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """What went wrong: with which seed and bytes, and how."""

    seed: int
    case: Case
    story: str


@dataclass(frozen=True, slots=True)
class Told:
    """How a campaign went: how many cases were tried, how long the slowest took, and the mistake that ended it."""

    tried: int
    slowest: tuple[float, int]
    mistake: Mistake | None


def campaign(
    target: Target,
    first: int,
    *,
    seconds: float = float("inf"),
    cases: int | None = None,
    on_case: Callable[[int], None] = lambda _: None,
) -> Told:
    """Try cases with the seeds from `first` on, for so many seconds or so many cases; the first mistake ends it."""
    ends = time.monotonic() + seconds
    tried, slowest = 0, (0.0, first)
    for seed in itertools.count(first) if cases is None else range(first, first + cases):
        if time.monotonic() >= ends:
            break
        on_case(seed)
        case = target.make(Random(seed))
        began = time.process_time()  # others may keep the machine busy
        story = _attempted(target, case)
        took = time.process_time() - began
        tried, slowest = tried + 1, max(slowest, (took, seed))
        if story is None and took > SLOWEST:
            story = f"it took {took:.0f} s"
        if story is not None:
            return Told(tried, slowest, Mistake(seed, case, story))
    return Told(tried, slowest, None)


def _attempted(target: Target, case: Case) -> str | None:
    """Try a case; tells what went wrong, None where nothing did."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder, _hanging_told():
        try:
            target.attempt(case, Path(folder))
        except ImporterError:
            return None
        except KeyboardInterrupt:
            raise
        except BaseException:  # noqa: BLE001 - whatever it is, it is the mistake that was looked for (a panic of polars too)
            return traceback.format_exc()
    return None


@contextmanager
def _hanging_told() -> Iterator[None]:
    faulthandler.dump_traceback_later(HANGS, exit=True, file=sys.__stderr__ or sys.stderr)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
