"""The sheet is saved anew, or removed, while a run goes on: it stops in order, and says what became of each row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from importer.commands.opening import Door
from importer.commands.options import RunOptions
from importer.commands.run import run_through
from importer.mapping import parse_mapping
from importer.pacing import Pacer
from tests.flows.faulty import CREATE
from tests.flows.test_stops import Telling

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from importer.commands.result import RunResult
    from tests.flows.conftest import Night


def run(one: Night, sheet: Path) -> RunResult:
    """Run this file, instead of the night's own frame."""
    one._pacer = Pacer()
    door = Door(open=one._open, wait=one._wait)
    options = RunOptions(state=one.state, sandbox=True, patience=60.0)
    return run_through(door, parse_mapping(one.mapping, name="notes"), sheet, options)


@pytest.mark.parametrize("removed", [True, False])
def test_what_was_done_is_said_though_the_rejects_cannot_be_written(
    night: Callable[..., Night], *, removed: bool
) -> None:
    """The last answer has come; the rejected row's cells are in the sheet, which is not what it was."""
    one = night()
    sheet = one.folder / "sheet.csv"
    one.rows(50, Photo=["https://example.com/dead.png", *[None] * 49]).write_csv(sheet)
    deed = sheet.unlink if removed else lambda: one.rows(3).write_csv(sheet)
    one.wire = lambda inner: Telling(inner, {2: deed})
    result = run(one, sheet)
    assert result.error is not None
    assert (result.exit_code, result.error.code) == (2, "source")
    (summary,) = result.runs
    assert (summary.counts.created, summary.counts.rejected, summary.rejects) == (49, 1, None)
    assert one.ask_state("SELECT verdict, exit_code FROM runs") == [("invalid", 2)]


def test_what_is_in_flight_is_waited_for(night: Callable[..., Night]) -> None:
    """The sheet ends before its time: what was sent gets its verdict, and nothing is left in doubt."""
    one = night()
    sheet = one.folder / "sheet.csv"
    one.rows(900).write_csv(sheet)
    one.faults = [{"when": CREATE | {"every": 3}, "do": "slow_answer", "seconds": 9}]
    one.wire = lambda inner: Telling(inner, {2: sheet.unlink})
    result = run(one, sheet)
    counts = result.runs[0].counts
    assert result.exit_code == 2
    assert (counts.in_doubt, counts.created) == (0, 100 * one.writes())
    assert counts.created + counts.not_sent == 900
