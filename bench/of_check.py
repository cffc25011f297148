"""`importer check` of large sheets, against a loop that does the same and against polars only reading them."""

from __future__ import annotations

import json
import sys
from functools import partial
from typing import TYPE_CHECKING

from bench.measuring import IMPORTER, compared, in_turns, table, take, tell
from bench.sheets import HEADER, ITEM, MAPPING, ROWS_OF_ITEM, write_grouped, write_sheet

if TYPE_CHECKING:
    from pathlib import Path

SIZES = {100_000: 5, 1_000_000: 3}
"""Rows, and how often each is measured."""

MOST_OF_GROUPS = 1.5
"""How much longer a check may take where several rows are an item."""

LEAST_OF_LOOP, MOST_OF_READING, MOST_MEMORY = 4.0, 3.0, 300.0


def bench_check(folder: Path) -> None:
    """Measure checks of all sizes."""
    for rows, rounds in SIZES.items():
        _bench(folder / f"check-{rows}", rows, rounds)


def bench_groups(folder: Path) -> None:
    """Measure what it costs that four rows are one item, beside the same sheet with a row an item."""
    rows, rounds = 1_000_000, 3
    for name, apart in (("adjacent", 1), ("5,000 rows apart", 5_000)):
        place = folder / f"groups-{apart}"
        place.mkdir()
        tell(f"  making a sheet of {rows:,} rows, those of an item {name}")
        write_grouped(place / "products.csv", rows, apart=apart)
        (place / "products.toml").write_text(MAPPING, encoding="utf-8")
        grouped = MAPPING.replace("[source]\n", f'[source]\ngroup_by = "{ITEM}"\n')
        (place / "grouped.toml").write_text(grouped, encoding="utf-8")
        with_groups, without = f"with group_by, rows {name}", "without group_by"
        contenders = {
            label: partial(take, [IMPORTER, "check", file, "--sandbox", "--json", "--quiet"], place, ends=(1,))
            for label, file in ((with_groups, "grouped.toml"), (without, "products.toml"))
        }
        contenders[without]()  # makes the sandbox and compiles what is not compiled yet
        taken = in_turns(contenders, rounds)
        for label, items in ((with_groups, rows // ROWS_OF_ITEM), (without, rows)):
            run = json.loads(taken[label].printed)["runs"][0]
            if (run["rows"]["read"], run["items"]["total"]) != (rows, items):
                raise SystemExit(f"{label}: read {run['rows']['read']} rows, {run['items']['total']} items")
        table(f"Check: {rows:,} rows x {len(HEADER) + 1} columns", taken, rows)
        times, peak = taken[with_groups].seconds / taken[without].seconds, taken[with_groups].peak
        compared("times without", f"{times:.2f}x", f"at most {MOST_OF_GROUPS}x", met=times <= MOST_OF_GROUPS)
        compared("peak memory", f"{peak:.0f} MB", f"under {MOST_MEMORY:.0f} MB", met=peak < MOST_MEMORY)
        (place / "products.csv").unlink()


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
