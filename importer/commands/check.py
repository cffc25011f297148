"""`check`: read, map and check every row; send nothing."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from importer.commands.checking import Sheet, check_sheet
from importer.commands.loading import Job, Sheetlike, prepare, today_of
from importer.commands.opening import connection, finished
from importer.commands.options import RunOptions
from importer.commands.result import RunResult, RunSummary
from importer.commands.stopping import Stopping
from importer.commands.surroundings import Surroundings, compile_for, look_around, remember, remembered
from importer.commands.waiting import watched
from importer.errors import ImporterError, Locked, UsageError
from importer.model import Counts, Observer, Progress, Silent, Tally
from importer.report.rejects import write_rejects
from importer.report.summary import SHOWN_PROBLEMS
from importer.settings import run_folder
from importer.state import State

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

    from importer.mapping import Compiled, Mapping
    from importer.sources import Source


def check(
    mapping: Mapping | str | Path,
    sheet: Sheetlike | None = None,
    options: RunOptions | None = None,
    *,
    observer: Observer | None = None,
) -> RunResult:
    """Check a sheet against a mapping and its collection; nothing is sent, and no lock is taken.

    Good items are counted as `not_sent`. The rejected rows are written into `runs/check/` beside the state file, which
    also keeps what was learnt of the collection, for `offline`. What ends the check early is the result's `error`.
    """
    started = time.monotonic()
    try:
        with Stopping() as stopping:
            result = _checked(prepare(mapping, sheet, options or RunOptions()), stopping, observer or Silent())
    except ImporterError as error:
        result = RunResult(error=error, problems=())
    return replace(result, seconds=time.monotonic() - started)


@dataclass(frozen=True, slots=True)
class _Learnt:
    around: Surroundings
    tally: Tally


def _checked(job: Job, stopping: Stopping, observer: Observer) -> RunResult:
    with job.open_sheet() as source:
        for line in (source.detected, *source.notes):
            observer.say(line)
        learnt = _kept(job) if job.options.offline else finished(stopping.unless_told(_asked(job, observer)))
        drafts = job.options.draft
        compiled = compile_for(job.mapping, learnt.around, source, today=today_of(job.mapping), draft=drafts)
        for warning in compiled.warnings:
            observer.say(warning)
        if not job.options.offline:
            _keep(job, learnt.around, observer)

        def on_batch(read: int, _mapped: pl.DataFrame) -> None:
            stopping.check()
            observer.progress(Progress(0, read, 0, None))

        sheet = check_sheet(source, compiled, hashed=False, on_batch=on_batch, on_look=stopping.check)
        stopping.check()
        rejects = write_rejects(
            rejects_folder(job, source),
            columns=source.columns,
            batches=sheet.guilty(source),
            problems=sheet.problems_for,
            decimal=job.mapping.source.decimal,
            expected=sheet.bad.len(),
        )
        return _result(job, sheet, compiled, learnt, rejects)


def _result(job: Job, sheet: Sheet, compiled: Compiled, learnt: _Learnt, rejects: Path | None) -> RunResult:
    summary = RunSummary(
        run=None,
        mapping=job.mapping_text,
        source=job.sheet_text,
        site=learnt.around.site,
        collection_id=learnt.around.schema.id,
        collection_slug=learnt.around.schema.slug,
        mode=job.options.mode_of(job.mapping.mode),
        read=sheet.read,
        left_out=sheet.left_out,
        counts=Counts(total=sheet.total, rejected=sheet.bad.len(), not_sent=sheet.good),
        tally=learnt.tally,
        rejects=rejects,
        state=job.state_path,
    )
    return RunResult(
        runs=(summary,),
        problems=tuple(islice(sheet.problems(), SHOWN_PROBLEMS)),
        problem_counts=sheet.problem_counts(),
        notes=compiled.warnings,
    )


async def _asked(job: Job, observer: Observer) -> _Learnt:
    async with connection(job.settings, job.options, mapping_path=job.mapping_path) as opened:
        drafts = job.options.draft or job.mapping.publish == "draft"
        asking = look_around(opened.client, job.mapping, drafts=drafts)
        return _Learnt(await watched(asking, opened, observer), opened.tally)


def _kept(job: Job) -> _Learnt:
    if not job.state_path.exists():
        raise UsageError(
            f"There is no state file {job.state_path} yet, so nothing is known of the collection --offline.",
            "Run the same command once without --offline; it keeps what it learns in the state file.",
        )
    with State.open(job.state_path, read_only=True) as state:
        return _Learnt(remembered(state, job.mapping), Tally())


def _keep(job: Job, around: Surroundings, observer: Observer) -> None:
    """Keep what was learnt; a run that is writing just now is not disturbed."""
    with State.open(job.state_path) as state:
        state.require_collection(around.schema.id)
        try:
            remember(state, job.mapping, around)
        except Locked:
            observer.say("A run is writing the state file, so what was learnt is not kept for --offline.")


def rejects_folder(job: Job, source: Source) -> Path:
    """Say where a check writes its rejects: never over the file that it reads."""
    folder = run_folder(job.state_path, "check")
    if source.ours and job.sheet_folder() == folder.absolute():
        return run_folder(job.state_path, "check-again")
    return folder
