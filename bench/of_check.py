"""`importer check` of large sheets, against a loop that does the same and against polars only reading them."""

from __future__ import annotations

import json
import sys
from functools import partial
from typing import TYPE_CHECKING

from bench.measuring import IMPORTER, compared, in_turns, table, take, tell
from bench.sheets import HEADER, MAPPING, write_sheet

if TYPE_CHECKING:
    from pathlib import Path

SIZES = {100_000: 5, 1_000_000: 3}
"""Rows, and how often each is measured."""

LEAST_OF_LOOP, MOST_OF_READING, MOST_MEMORY = 4.0, 3.0, 300.0


def bench_check(folder: Path) -> None:
    """Measure checks of all sizes."""
    for rows, rounds in SIZES.items():
        _bench(folder / f"check-{rows}", rows, rounds)


def _bench(folder: Path, rows: int, rounds: int) -> None:
    folder.mkdir()
    sheet = folder / "products.csv"
    tell(f"  making a sheet of {rows:,} rows")
    write_sheet(sheet, rows)
    (folder / "products.toml").write_text(MAPPING, encoding="utf-8")
    check = [IMPORTER, "check", "products.toml", "--sandbox", "--json", "--quiet"]
    ours, loop, reading = "importer check", "loop over csv.DictReader, same rules", "polars only reading the sheet"
    contenders = {
        ours: partial(take, check, folder, ends=(1,)),
        loop: partial(take, [sys.executable, "-m", "bench.plain_check", sheet.name, "rejects.csv"], folder),
        reading: partial(take, [sys.executable, "-m", "bench.plain_read", sheet.name], folder),
    }
    take(check, folder, ends=(1,))  # makes the sandbox and compiles what is not compiled yet
    taken = in_turns(contenders, rounds)
    _require_same(taken[ours].printed, taken[loop].printed, taken[reading].printed)
    size = sheet.stat().st_size / 1e6
    table(f"Check: {rows:,} rows x {len(HEADER)} columns, {size:.0f} MB", taken, rows)
    of_loop = taken[loop].seconds / taken[ours].seconds
    of_reading = taken[ours].seconds / taken[reading].seconds
    peak = taken[ours].peak
    compared("faster than the loop", f"{of_loop:.1f}x", f"at least {LEAST_OF_LOOP:.0f}x", met=of_loop >= LEAST_OF_LOOP)
    compared(
        "times only reading", f"{of_reading:.1f}x", f"at most {MOST_OF_READING:.0f}x", met=of_reading <= MOST_OF_READING
    )
    compared("peak memory", f"{peak:.0f} MB", f"under {MOST_MEMORY:.0f} MB", met=peak < MOST_MEMORY)
    sheet.unlink()


def _require_same(checked: str, looped: str, read: str) -> None:
    """Refuse to compare things that did not do the same: all must have read all rows, and found the same number bad."""
    run = json.loads(checked)["runs"][0]
    ours = (run["rows"]["read"], run["items"]["rejected"])
    loop = tuple(map(int, looped.split()))
    if ours != loop or ours[0] != int(read):
        raise SystemExit(f"not the same: importer read and rejected {ours}, the loop {loop}, polars read {read}")
