"""`check`: read, map and check every row; send nothing."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from importer.commands.beforehand import would_make
from importer.commands.checking import Sheet, check_sheet
from importer.commands.compiling import compile_job
from importer.commands.fetching import open_sheet
from importer.commands.loading import Job, Sheetlike, prepare
from importer.commands.missing import Missing
from importer.commands.opening import connection, finished
from importer.commands.options import RunOptions
from importer.commands.result import RunResult, RunSummary
from importer.commands.stopping import Stopping
from importer.commands.surroundings import Learnt, learn, remember, remembered
from importer.errors import ImporterError, Locked, UsageError
from importer.model import Counts, Observer, Progress, Silent, Tally
from importer.report.rejects import write_rejects
from importer.report.summary import SHOWN_PROBLEMS
from importer.settings import run_folder
from importer.state import State

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

    from importer.commands.neighbours import Expected
    from importer.commands.surroundings import Surroundings
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
            result = checked(prepare(mapping, sheet, options or RunOptions()), stopping, observer or Silent())
    except ImporterError as error:
        result = RunResult(error=error, problems=())
    return replace(result, seconds=time.monotonic() - started)


def checked(
    job: Job,
    stopping: Stopping,
    observer: Observer,
    learnt: Learnt | None = None,
    expected: Expected | None = None,
    *,
    into: str = "check",
) -> RunResult:
    """Check one sheet, with what is `learnt` already; what others call its rows is put into `expected`.

    `into` is the folder of its rejects in `runs/`.
    """
    with open_sheet(job, stopping, observer) as source:
        for line in (source.detected, *source.notes):
            observer.say(line)
        if learnt is None:
            learnt = kept(job) if job.options.offline else finished(stopping.unless_told(_asked(job, observer)))
        compiled = compile_job(job, learnt, source, observer)
        if not job.options.offline:
            _keep(job, learnt.around, observer)

        missing = Missing(learnt.then.references)

        def on_batch(read: int, mapped: pl.DataFrame) -> None:
            stopping.check()
            missing.add(mapped)
            if expected is not None:
                expected.add(mapped)
            observer.progress(Progress(0, read, 0, None))

        sheet = check_sheet(source, compiled, hashed=False, on_batch=on_batch, on_look=stopping.check)
        stopping.check()
        if missing:
            with State.open(job.state_path, read_only=True) as state:
                sheet = missing.judged(job, sheet, state, None)
        if expected is not None:
            expected.settle(sheet)
        rejects = write_rejects(
            rejects_folder(job, source, into),
            columns=source.columns,
            batches=sheet.guilty(source),
            problems=sheet.problems_for,
            decimal=job.mapping.source.decimal,
            expected=sheet.bad.len(),
        )
        made = tuple(would_make(order) for order in missing.orders(sheet, None))
        summary = replace(_summary(job, sheet, learnt), rejects=rejects, referenced=made)
        return _result(summary, sheet, compiled)


def _summary(job: Job, sheet: Sheet, learnt: Learnt) -> RunSummary:
    return RunSummary(
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
        state=job.state_path,
    )


def _result(summary: RunSummary, sheet: Sheet, compiled: Compiled) -> RunResult:
    return RunResult(
        runs=(summary,),
        problems=tuple(islice(sheet.problems(), SHOWN_PROBLEMS)),
        problem_counts=sheet.problem_counts(),
        notes=compiled.warnings,
    )


async def _asked(job: Job, observer: Observer) -> Learnt:
    async with connection(job.settings, job.options, mapping_path=job.mapping_path) as opened:
        return await learn(opened, job, observer)


def kept(job: Job) -> Learnt:
    """Take what an earlier command kept in the state file; raises UsageError where it does not do."""
    if not job.state_path.exists():
        raise UsageError(
            f"There is no state file {job.state_path} yet, so nothing is known of the collection --offline.",
            "Run the same command once without --offline; it keeps what it learns in the state file.",
        )
    with State.open(job.state_path, read_only=True) as state:
        return Learnt(remembered(state, job.mapping), Tally())


def _keep(job: Job, around: Surroundings, observer: Observer) -> None:
    """Keep what was learnt; a run that is writing just now is not disturbed."""
    with State.open(job.state_path) as state:
        state.require_collection(around.schema.id)
        try:
            remember(state, job.mapping, around)
        except Locked:
            observer.say("A run is writing the state file, so what was learnt is not kept for --offline.")


def rejects_folder(job: Job, source: Source, into: str = "check") -> Path:
    """Say where a check writes its rejects: never over the file that it reads."""
    folder = run_folder(job.state_path, into)
    if source.ours and job.sheet_folder() == folder.absolute():
        return run_folder(job.state_path, f"{into}-again")
    return folder
