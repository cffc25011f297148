"""Whole runs of 300 chunks against a sandbox with a slow wire, in virtual time: `python -m bench.paced_runs`."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path

from tests.flows.conftest import Night
from tests.flows.slow import SlowWire, WatchedWindows

CHUNKS = 300

RUNS = ((60, 0.2, 0.0, 4), (60, 1.0, 0.0, 4), (60, 3.0, 0.0, 4), (60, 3.0, 0.5, 4), (60, 8.0, 0.0, 10))
"""Limit, latency, by what part more or less, and `--concurrency`."""


def whole_run(limit: int, latency: float, spread: float, concurrency: int) -> None:
    """Import 300 chunks; print how long it took, and what was used of the allowance, the first window left out."""
    with tempfile.TemporaryDirectory() as folder:
        night = Night(Path(folder), rate_limit=str(limit))
        night.sheet = night.filed(25 * CHUNKS)
        night.wire = partial(SlowWire, latency=latency, spread=spread)
        night.app.windows = watched = WatchedWindows()
        summary = night.run(concurrency=concurrency)
        night.app.close()
    assert summary.counts.created == 25 * CHUNKS, summary.counts
    many = f"{latency:g} s" + (f" ±{spread:.0%}" if spread else "")
    print(
        f"{limit:>5}{many:>13}{concurrency:>10}{watched.used(limit, skip=1):>8.1%}{night.hours.now:>11.1f}"
        f"{summary.tally.sent:>10}{watched.refused:>6}"
    )


def main() -> None:
    print(f"\n{'limit':>5}{'latency':>13}{'in flight':>10}{'used':>8}{'seconds':>11}{'requests':>10}{'429s':>6}")
    for each in RUNS:
        whole_run(*each)


if __name__ == "__main__":
    main()
