"""`importer check`, with and without `group_by`, against only reading the sheet, a plain loop, and frictionless."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from functools import partial
from math import ceil
from typing import TYPE_CHECKING

from bench.measuring import BIN, IMPORTER, Taken, compared, in_turns, table, take, tell
from bench.peers import found_by, schema_of
from bench.sheets import ROWS_OF_ITEM, SHAPES, mapping_of, seed_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

ROUNDS = {10_000: 3, 100_000: 3, 250_000: 1, 1_000_000: 1}
"""How often sheets of so many rows are measured."""

MOST_OF_PEER = 100_000
"""Rows of the largest sheet that frictionless is given: it takes minutes for more."""

MOST_OF_READING, LEAST_OF_LOOP, MOST_OF_GROUPS, MOST_MEMORY = 3.0, 4.0, 1.5, 300.0
"""The aims: times the floor, times faster than the loop, times a check without `group_by`, MB."""

CHECK, GROUPED, LOOP, PEER = (
    "importer check",
    "the same with group_by",
    "plain loop, same rules",
    "frictionless validate",
)


@dataclass(frozen=True, slots=True)
class Case:
    """A sheet: how many rows, of which shape (`sheets.SHAPES`), in which kind of file."""

    rows: int
    shape: str
    kind: str

    @property
    def sheet(self) -> str:
        """What its file is called."""
        return f"products.{self.kind}"

    @property
    def floor(self) -> str:
        """What only reads it."""
        return "polars only reading it" if self.kind == "csv" else "fastexcel only reading it"


CASES = (
    *(Case(rows, shape, "csv") for rows in (10_000, 100_000, 1_000_000) for shape in ("narrow", "wide")),
    *(Case(rows, shape, "xlsx") for rows in (10_000, 100_000) for shape in ("narrow", "wide")),
    Case(1_000_000, "narrow", "xlsx"),
    Case(250_000, "wide", "xlsx"),
)
"""A workbook is held whole by whoever reads it: ten million cells of it, and not the forty of a million wide rows."""


def chosen(rows: int | None, shape: str | None, kind: str | None) -> tuple[Case, ...]:
    """Choose among the sheets; where none is of that size, others are made."""
    found = tuple(
        case
        for case in CASES
        if rows in {None, case.rows} and shape in {None, case.shape} and kind in {None, case.kind}
    )
    return found or tuple(
        Case(rows or 100_000, each, file)
        for each in ([shape] if shape else ["narrow", "wide"])
        for file in ([kind] if kind else ["csv", "xlsx"])
    )


def bench_check(folder: Path, cases: Sequence[Case] = CASES) -> None:
    """Measure checks of all sheets, then show them beside each other."""
    taken: dict[Case, dict[str, Taken]] = {}
    for case in cases:
        taken[case] = _measured(folder, case)
        label = f"{case.rows:,} rows, {case.shape}, {case.kind}"
        table(f"Check: {label}", taken[case], case.rows)
    _overview(taken)


def bench_groups(folder: Path) -> None:
    """Measure what it costs that the rows of an item stand far apart: `check` measures those that stand together."""
    case = Case(1_000_000, "usual", "csv")
    place = _prepared(folder, case, apart=5_000)
    taken = in_turns({name: partial(take, _check(name), place, ends=(1,)) for name in (GROUPED, CHECK)}, 3)
    _require_items(case, taken[GROUPED])
    table(f"Check: {case.rows:,} rows, 4 an item, 5,000 rows apart", taken, case.rows)
    times, peak = taken[GROUPED].seconds / taken[CHECK].seconds, taken[GROUPED].peak
    compared("times without group_by", f"{times:.2f}x", f"at most {MOST_OF_GROUPS}x", met=times <= MOST_OF_GROUPS)
    compared("peak memory", f"{peak:.0f} MB", f"under {MOST_MEMORY:.0f} MB", met=peak < MOST_MEMORY)
    (place / case.sheet).unlink()


def _measured(folder: Path, case: Case) -> dict[str, Taken]:
    place = _prepared(folder, case)
    contenders = {name: partial(take, _check(name), place, ends=(1,)) for name in (CHECK, GROUPED)}
    for name, module in ((LOOP, "plain_check"), (case.floor, "plain_read")):
        command = [sys.executable, "-m", f"bench.{module}", case.sheet]
        contenders[name] = partial(take, [*command, "loop.csv"] if name == LOOP else command, place)
    if case.rows <= MOST_OF_PEER:
        schema = schema_of(SHAPES[case.shape], typed=case.kind == "xlsx")
        (place / "schema.json").write_text(schema, encoding="utf-8")
        asked = ["--schema", "schema.json", "--limit-errors", str(case.rows), "--json"]
        contenders[PEER] = partial(take, [str(BIN / "frictionless"), "validate", case.sheet, *asked], place, ends=(1,))
    taken = in_turns(contenders, ROUNDS.get(case.rows, 1))
    _require_same(case, taken)
    (place / case.sheet).unlink()
    return taken


def _prepared(folder: Path, case: Case, apart: int = 1) -> Path:
    """Make a folder with the sheet, its mappings and a sandbox, and check once: that compiles what is not compiled."""
    place = folder / f"check-{case.rows}-{case.shape}-{case.kind}-{apart}"
    place.mkdir()
    tell(f"  making a {case.shape} sheet of {case.rows:,} rows, {case.kind}")
    take([sys.executable, "-m", "bench.sheets", case.sheet, str(case.rows), case.shape, str(apart)], place)
    columns = SHAPES[case.shape]
    (place / "sandbox.json").write_text(json.dumps(seed_of(columns)), encoding="utf-8")
    for name, grouped in ((CHECK, False), (GROUPED, True)):
        text = mapping_of(columns, case.sheet, grouped=grouped)
        (place / _mapping(name)).write_text(text, encoding="utf-8")
    take(_check(CHECK), place, ends=(1,))
    return place


def _mapping(name: str) -> str:
    return "grouped.toml" if name == GROUPED else "products.toml"


def _check(name: str) -> list[str]:
    return [IMPORTER, "check", _mapping(name), "--sandbox", "--json", "--quiet"]


def _require_same(case: Case, taken: dict[str, Taken]) -> None:
    """Refuse to compare what did not do the same: all have read all rows, and found the same number bad."""
    run = json.loads(taken[CHECK].printed)["runs"][0]
    answers = {
        CHECK: (run["rows"]["read"], run["items"]["rejected"]),
        LOOP: tuple(map(int, taken[LOOP].printed.split())),
        **({PEER: found_by(taken[PEER].printed)} if PEER in taken else {}),
    }
    read = {case.rows, int(taken[case.floor].printed)}
    if len(set(answers.values())) > 1 or read != {answers[CHECK][0]}:
        raise SystemExit(f"{case}: not the same rows read and rejected: {answers}; of {read}")
    _require_items(case, taken[GROUPED])


def _require_items(case: Case, taken: Taken) -> None:
    run = json.loads(taken.printed)["runs"][0]
    if (run["rows"]["read"], run["items"]["total"]) != (case.rows, ceil(case.rows / ROWS_OF_ITEM)):
        raise SystemExit(f"{case}: read {run['rows']['read']} rows, {run['items']['total']} items")


def _overview(taken: dict[Case, dict[str, Taken]]) -> None:
    """Print all sheets beside each other, as ratios; `*` marks what misses its aim."""
    print("\nCheck, all sheets. Ratios are of seconds by the clock; * misses the aim of its column.")
    print(f"Narrow: {len(SHAPES['narrow'])} columns; wide: {len(SHAPES['wide'])}. Frictionless: to 100,000 rows.")
    print("Workbooks are held whole by all that read them: of wide ones 250,000 rows (ten million cells) are the most.")
    heads = ("seconds", "x reading", "x faster", "x faster than", "x with", "peak MB", "peak MB")
    more = ("", "the same", "than loop", "frictionless", "group_by", "", "group_by")
    aims = ("", f"<= {MOST_OF_READING:g}", f">= {LEAST_OF_LOOP:g}", "", f"<= {MOST_OF_GROUPS:g}", *(2 * ["< 300"]))
    for label, line in (("", heads), ("", more), ("aim", aims)):
        print(f"  {label:<26}" + "".join(f"{cell:>14}" for cell in line))
    for case, each in taken.items():
        print(
            f"  {case.rows:>9,} {case.shape:<8}{case.kind:<8}" + "".join(f"{cell:>14}" for cell in _figures(case, each))
        )


def _figures(case: Case, each: dict[str, Taken]) -> list[str]:
    ours, grouped = each[CHECK], each[GROUPED]
    of_reading, of_loop = ours.seconds / each[case.floor].seconds, each[LOOP].seconds / ours.seconds
    of_groups = grouped.seconds / ours.seconds
    return [
        f"{ours.seconds:.2f}",
        _marked(f"{of_reading:.1f}", met=of_reading <= MOST_OF_READING),
        _marked(f"{of_loop:.1f}", met=of_loop >= LEAST_OF_LOOP),
        f"{each[PEER].seconds / ours.seconds:.1f}" if PEER in each else "-",
        _marked(f"{of_groups:.2f}", met=of_groups <= MOST_OF_GROUPS),
        *(_marked(f"{one.peak:.0f}", met=one.peak < MOST_MEMORY) for one in (ours, grouped)),
    ]


def _marked(figure: str, *, met: bool) -> str:
    return figure if met else f"{figure}*"
