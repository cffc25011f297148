"""`retry`: send the rows that failed once more, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from importer.commands.loading import prepare
from importer.commands.options import RunOptions
from importer.commands.result import RunResult
from importer.commands.run import run
from importer.errors import ImporterError, UsageError
from importer.sources import is_address
from importer.state import State

if TYPE_CHECKING:
    from importer.commands.loading import Job, Sheetlike
    from importer.mapping import Mapping
    from importer.model import Observer


def retry(
    mapping: Mapping | str | Path,
    sheet: Sheetlike | None = None,
    options: RunOptions | None = None,
    *,
    observer: Observer | None = None,
) -> RunResult:
    """Send the rejected rows again; without a sheet, from the sheet of the last run."""
    options = replace(options or RunOptions(), only_failed=True)
    try:
        sheet = sheet if sheet is not None else last_sheet(prepare(mapping, None, options))
    except ImporterError as error:
        return RunResult(error=error)
    return run(mapping, sheet, options, observer=observer)


def last_sheet(job: Job) -> str | Path:
    """Find the sheet of the last run; raises UsageError where there is none that can be read again."""
    use_run = f"Use `importer run {job.options.typed(job.mapping_text)}`."
    if not job.state_path.exists():
        raise UsageError(f"Nothing was run yet with {job.mapping_text} (no {job.state_path}).", use_run)
    with State.open(job.state_path, read_only=True) as state:
        last = state.last_run()
    if last is None:
        raise UsageError(f"Nothing was run yet with {job.mapping_text}.", use_run)
    if last.source in {"", "-", "<frame>"}:
        raise UsageError(
            "The last run read a sheet that cannot be read again (standard input, or a frame).",
            f"Name the sheet: `importer retry {job.options.typed(job.mapping_text, 'SHEET')}`.",
        )
    return last.source if is_address(last.source) else Path(last.source)
