"""`status`: what the state files say of runs and rows."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from importer.commands.options import RunOptions
from importer.commands.result import RunResult, RunSummary, taken_back
from importer.errors import Interrupted, StateError, UsageError
from importer.errors.addresses import sheet_name
from importer.model import Counts, Status
from importer.settings import read_settings, state_path
from importer.state import State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.model import Row, Unsettled
    from importer.state import RunRecord

FOLDERS = (".importer", "*/.importer", "mappings/*/.importer")
"""Where `status` looks for state files when no mapping is named (from the current folder, not deeper than that)."""

SANDBOX_FILE = "sandbox.db"
"""The sandbox's own file, which lies beside the states and is none."""


@dataclass(frozen=True, slots=True)
class StateReport:
    """What one state file says: the rows by status, and its runs, oldest first.

    `beside` counts the items of other collections, which rows refer to, in the same way.
    """

    path: Path
    rows: dict[Status, int]
    runs: tuple[RunRecord, ...]
    beside: dict[Status, int] = field(default_factory=dict)

    def last(self) -> RunSummary | None:
        """Give the summary of the last run; of one that was killed, what the rows say; None where nothing was run."""
        if not self.runs:
            return None
        record = self.runs[-1]
        if record.summary is not None:
            return taken_back(run_of(record.summary))
        counts = Counts(
            total=sum(self.rows.values()),
            created=self.rows.get(Status.PUBLISHED, 0),
            staged=self.rows.get(Status.STAGED, 0),
            rejected=self.rows.get(Status.REJECTED, 0),
            in_doubt=self.rows.get(Status.IN_FLIGHT, 0),
            not_sent=self.rows.get(Status.PENDING, 0),
        )
        return RunSummary(
            run=record.run,
            mapping=record.mapping,
            source=record.source,
            mode=record.mode,
            counts=counts,
            state=self.path,
        )

    def lines(self) -> list[str]:
        """Say in one line each what the runs did, oldest first."""
        return [_line(record) for record in self.runs]

    def unsettled(self) -> Unsettled | None:
        """Say what the last run left in doubt; None where it left nothing, or was killed."""
        last = self.last()
        return None if last is None else last.unsettled

    def unfinished(self) -> bool:
        """Say whether the last run never came to its end (killed, or still going)."""
        return bool(self.runs) and self.runs[-1].verdict is None


def status(mapping: str | Path | None = None, options: RunOptions | None = None) -> tuple[StateReport, ...]:
    """Read the state file of a mapping, or all of them in this folder; raises StateError where there is none."""
    return tuple(map(_report, state_files(mapping, options or RunOptions())))


def as_result(reports: tuple[StateReport, ...]) -> RunResult:
    """Give the object of the last run of each mapping, as `status --json` prints it."""
    runs = tuple(last for report in reports if (last := report.last()) is not None)
    unfinished = [report for report in reports if report.unfinished()]
    result = RunResult(runs=runs)
    if unfinished:
        names = ", ".join(report.runs[-1].run for report in unfinished)
        result = replace(
            result,
            error=Interrupted(
                f"The last run did not come to its end (or is still going): {names}.", "Run the same command again."
            ),
        )
    return result


def listed(
    mapping: str | Path | None = None, options: RunOptions | None = None, *, wanted: str | None = None
) -> Iterator[Row]:
    """Give the rows of the state files (of one status), in the order of the sheet.

    Raises UsageError and StateError before it gives anything.
    """
    chosen = None if wanted is None else parse_status(wanted)
    return _rows(state_files(mapping, options or RunOptions()), chosen)


def _rows(paths: list[Path], chosen: Status | None) -> Iterator[Row]:
    for path in paths:
        with State.open(path, read_only=True) as state:
            yield from state.all_rows(chosen)


def parse_status(text: str) -> Status:
    """Read the name of a status; raises UsageError that names them all."""
    try:
        return Status(text.strip().lower().replace("-", "_"))
    except ValueError as error:
        raise UsageError(f'"{text}" is no status.', f"It is one of {', '.join(Status)}.") from error


def state_files(mapping: str | Path | None, options: RunOptions) -> list[Path]:
    """Find the state files that are meant; raises StateError where there is none."""
    if options.state is not None:
        return [_there(options.state, [], options.typed(mapping or "MAPPING"))]
    if mapping is None:
        found = [path for folder in FOLDERS for path in sorted(Path().glob(f"{folder}/*.db"))]
        found = [path for path in found if path.name != SANDBOX_FILE]
        if not found:
            raise StateError(
                f"There is no state file in {Path.cwd()}: looked in {', '.join(FOLDERS[:-1])} and {FOLDERS[-1]}.",
                "Nothing was run there yet, or its mapping lies elsewhere: name the mapping"
                " (`importer status mappings/products.toml`) or the state file (--state PATH).",
            )
        return found
    settings = read_settings(base_url=options.base_url, sandbox=options.sandbox)
    path = state_path(mapping, base_url=settings.base_url, sandbox=options.sandbox)
    if not os.path.lexists(path) and (Path(mapping).suffix.lower() != ".toml" or not Path(mapping).is_file()):
        raise UsageError(
            f"There is no mapping file {mapping}." if not Path(mapping).exists() else f"{mapping} is no mapping file.",
            "Name the mapping that was run (it ends in .toml), or its state file with --state PATH.",
        )
    return [_there(path, sorted(path.parent.glob(f"{Path(mapping).stem}.*db")), options.typed(mapping))]


def run_of(summary: dict[str, object]) -> dict[str, object]:
    """Take the run out of a kept summary, be it the whole object or the run's own part."""
    runs = summary.get("runs")
    if isinstance(runs, list) and runs and isinstance(runs[0], dict):
        return dict(runs[0])
    return summary


def _there(path: Path, others: list[Path], typed: str) -> Path:
    try:
        if path.exists():
            return path
    except OSError as error:
        raise StateError(f"{path} cannot be read: {error.strerror or error}.", "Who may read its folder?") from error
    hint = f"Run something first: `importer run {typed}`."
    if others:
        hint = (
            f"There is {', '.join(other.name for other in others)}: add --sandbox or --base-url for that destination."
        )
    raise StateError(f"There is no state file {path}: nothing was run there yet.", hint)


def _line(record: RunRecord) -> str:
    begun = f"{record.run}  {record.started_at.astimezone():%Y-%m-%d %H:%M}  {sheet_name(record.source)}"
    if record.summary is None:
        return f"{begun}: did not come to its end (or is still going)"
    counts = taken_back(run_of(record.summary)).counts
    named = {"published": counts.created, "updated": counts.updated, "staged": counts.staged,
             "unchanged": counts.unchanged, "skipped": counts.skipped, "rejected": counts.rejected,
             "in doubt": counts.in_doubt, "not sent": counts.not_sent}  # fmt: skip
    said = ", ".join(f"{number:,} {name}" for name, number in named.items() if number) or "nothing to do"
    return f"{begun}: {record.verdict} ({record.exit_code}): {said}"


def _report(path: Path) -> StateReport:
    with State.open(path, read_only=True) as state:
        return StateReport(path, state.count_rows(), tuple(state.runs()), state.count_beside())
