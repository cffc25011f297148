"""How many requests it takes to find bad rows that only Webflow knows to be bad: whole runs, in a time that jumps."""

from __future__ import annotations

import random
from dataclasses import dataclass
from math import ceil, log2
from typing import TYPE_CHECKING

from bench.measuring import compared, tell
from tests.flows.conftest import Night
from tests.flows.secretive import SAYINGS, Secretive, texts

if TYPE_CHECKING:
    from pathlib import Path

CHUNK = 100
MOST = 1.7

CASES = [
    *((rows, bad, "atomic") for rows, bad in ((1_000, 1), (1_000, 10), (1_000, 100), (300, 300), (10_000, 100))),
    *((1_000, 10, refusal) for refusal in ("partial", "partial_ahead")),
]

LOOKED_UP = 2
"""Pages that every run lists before its first create: the newest of both listings."""


@dataclass(frozen=True, slots=True)
class Isolated:
    """What a run took: requests that write, and pages of listings that were read for rows in doubt."""

    writes: int
    pages: int


def bench_isolate(folder: Path) -> None:
    """Print requests beyond those that the good rows need anyway, against what information theory asks."""
    print(
        "\nb bad rows among n, unseen by local checks. Beyond: writes less ceil(good / 100); pages: what was listed"
        "\nto settle doubt; bound: b*log2(n/b), or b if that is more; ratio: beyond by bound; with: beyond and pages by"
        "\nbound; halving: what plain halving takes beyond, to which pages would come too."
    )
    print(f"  {'n':>6} {'bad':>4}  {'refusals':<13} {'answers say':<12}", end="")
    print(f" {'writes':>6} {'beyond':>6} {'bound':>6} {'ratio':>6} {'pages':>6} {'with':>6} {'halving':>8}")
    worst = with_pages = 0.0
    for number, (rows, bad, refusal) in enumerate(CASES):
        guilty = set(random.Random(number).sample(range(rows), bad))
        bound = max(float(bad), bad * log2(rows / bad))
        halving = sum(_halved(sorted(guilty), start, min(CHUNK, rows - start)) for start in range(0, rows, CHUNK))
        good = ceil((rows - bad) / CHUNK)
        for saying in SAYINGS:
            tell(f"  {rows} rows, {bad} bad, {refusal}, {saying}")
            took = _run(folder / f"{number}-{saying}", rows, guilty, refusal, saying)
            beyond = took.writes - good
            worst, with_pages = max(worst, beyond / bound), max(with_pages, (beyond + took.pages) / bound)
            tell("")
            print(
                f"  {rows:>6,} {bad:>4}  {refusal:<13} {saying:<12} {took.writes:>6} {beyond:>6} {bound:>6.0f}", end=""
            )
            ratios = f"{beyond / bound:>6.2f} {took.pages:>6} {(beyond + took.pages) / bound:>6.2f}"
            print(f" {ratios} {halving - good:>8}")
    compared("the highest ratio", f"{worst:.2f}", f"at most {MOST}", met=worst <= MOST)
    print(f"  {with_pages:.2f} with the pages that are listed as long as no refusal is trusted to have written nothing")


def _run(folder: Path, rows: int, guilty: set[int], refusal: str, saying: str) -> Isolated:
    """Import so many rows, of which these are bad, into a collection that is empty."""
    folder.mkdir()
    night = Night(folder, refusal=refusal)
    night.sheet = night.rows(rows, Text=texts(rows, guilty))
    night.wire = lambda inner: Secretive(inner, saying)
    counts = night.run().counts
    if (counts.created, counts.rejected) != (rows - len(guilty), len(guilty)):
        raise SystemExit(f"{counts} is not what {len(guilty)} bad rows of {rows} come to")
    pages = sum(line["method"] == "GET" and "/items" in line["path"] for line in night.app.log)
    night.app.close()
    return Isolated(night.writes(), pages - LOOKED_UP)


def _halved(guilty: list[int], start: int, rows: int) -> int:
    """Count the requests that plain halving takes: a refused chunk is cut in two, and both are sent."""
    if rows == 1 or not any(start <= row < start + rows for row in guilty):
        return 1
    half = rows // 2
    return 1 + _halved(guilty, start, half) + _halved(guilty, start + half, rows - half)
