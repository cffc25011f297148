"""`run`: check the whole sheet, then publish it; running the same command again goes on where it stopped."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from importer.commands.beforehand import Beforehand, settle_earlier
from importer.commands.checking import Sheet, check_sheet
from importer.commands.compiling import compile_job
from importer.commands.feed import Feed, Foresight, Selection
from importer.commands.fetching import open_sheet
from importer.commands.guarding import bound_by_rules, keep_identity, require_allowed, require_same_identity
from importer.commands.loading import Job, Sheetlike, prepare
from importer.commands.missing import Gaps, Missing
from importer.commands.notes import Ended
from importer.commands.notes import notes as notes_of
from importer.commands.opening import Door, front_door
from importer.commands.options import RunOptions
from importer.commands.recording import problems_of_run, record_rejected
from importer.commands.result import RunResult, RunSummary
from importer.commands.stopping import Stopping
from importer.commands.surroundings import learn, remember
from importer.commands.waiting import deadline_of, in_time
from importer.errors import EXIT_VERDICTS, Bug, DeadlinePassed, DiskFull, ImporterError, exit_code, graver
from importer.model import Counts, Observer, Progress, Silent, Tally, Unsettled
from importer.planning import Decision
from importer.publishing import GRACE, Allowance, Listings, Place, Plan, Session, Target, Timing, with_seen_lag
from importer.report.rejects import write_rejects
from importer.settings import run_folder
from importer.state import Identity, State

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator
    from pathlib import Path

    import polars as pl

    from importer.commands.missing import Order
    from importer.commands.neighbours import Expected
    from importer.commands.surroundings import Learnt, Listed, Surroundings
    from importer.mapping import Compiled, Mapping
    from importer.report.summary import Referenced
    from importer.sources import Source


def run(
    mapping: Mapping | str | Path,
    sheet: Sheetlike | None = None,
    options: RunOptions | None = None,
    *,
    observer: Observer | None = None,
) -> RunResult:
    """Publish a sheet through a mapping, exactly once; what ends the run early is the result's `error`.

    Rows that were published before cost no request. Rejected rows are written into `runs/<run>/` beside the state file.
    Prints nothing; SIGINT and SIGTERM stop it in order where it runs in the main thread.
    """
    return run_through(front_door(), mapping, sheet, options, observer=observer)


def run_through(
    door: Door,
    mapping: Mapping | str | Path,
    sheet: Sheetlike | None = None,
    options: RunOptions | None = None,
    *,
    observer: Observer | None = None,
) -> RunResult:
    """Do what `run` does, through a door of one's own: another Webflow, another clock."""
    started = time.monotonic()
    try:
        with Stopping() as stopping:
            job = prepare(mapping, sheet, options or RunOptions())
            result = perform(Call(door, job, stopping, observer or Silent(), started))
    except ImporterError as error:
        result = RunResult(error=error)
    return replace(result, seconds=time.monotonic() - started)


@dataclass(frozen=True, slots=True)
class Call:
    """What a run is called with, and when that was (monotonic seconds).

    With `learnt` nothing is asked of Webflow before the sheet is checked; what others call its rows is put into
    `expected`.
    """

    door: Door
    job: Job
    stopping: Stopping
    observer: Observer
    started: float
    learnt: Learnt | None = None
    expected: Expected | None = None


@dataclass(slots=True)
class _Run:
    """What one run knows, filled as it goes on."""

    door: Door
    job: Job
    stopping: Stopping
    observer: Observer
    started: float
    state: State
    source: Source
    around: Surroundings
    compiled: Compiled
    sheet: Sheet
    foreseen: Counter[tuple[Decision, str]]
    in_doubt: frozenset[tuple[str, str]]
    selection: Selection
    orders: tuple[Order, ...]
    id: str = ""
    counts: Counts = field(default_factory=Counts)
    elsewhere: int = 0
    unsettled: Unsettled | None = None
    tally: Tally = field(default_factory=Tally)
    error: ImporterError | None = None
    rejections: dict[int, tuple[str, str]] = field(default_factory=dict)
    warnings: dict[str, int] = field(default_factory=dict)
    rejects: Path | None = None
    referenced: list[Referenced] = field(default_factory=list)


def perform(call: Call) -> RunResult:
    """Do one run from its beginning to its end; raises what ends it before it has begun."""
    with _ready(call) as current:
        _begin(current)
        if current.error is None:
            call.door.wait(_published(current))
        return _ended(current)


def rehearse(call: Call) -> RunResult:
    """Do all that a run does before it begins: check the sheet and ask the guards; no run is written down.

    Good items are counted as `not_sent`; a guard that trips is the result's `error`.
    """
    with _ready(call) as current:
        counts = Counts(total=current.sheet.total, rejected=current.sheet.bad.len(), not_sent=current.sheet.good)
        return RunResult(runs=(replace(_summary(current), run=None, counts=counts),), error=current.error)


@contextmanager
def _ready(call: Call) -> Iterator[_Run]:
    """Hold the sheet and the state file of a run that is checked, and that guards allow, or `error` says what not."""
    job = call.job
    with open_sheet(job, call.stopping, call.observer) as source, State.open(job.state_path) as state, state.lock():
        for line in (source.detected, *source.notes):
            call.observer.say(line)
        current = _checked(call, source, state)
        try:
            require_same_identity(state, current.compiled, current.foreseen, job.options)
            require_allowed(current.sheet, current.foreseen, job.options)
        except ImporterError as error:
            current.error = error
            current.counts.in_doubt = len(current.in_doubt)
            current.counts.not_sent = current.sheet.good - current.counts.in_doubt
            current.counts.rejected = current.sheet.bad.len()
        yield current


def _checked(call: Call, source: Source, state: State) -> _Run:
    """Pass 1: the whole sheet is checked, and what is to be done is foreseen, before anything is sent."""
    job, stopping, observer = call.job, call.stopping, call.observer
    learnt = call.learnt or call.door.wait(stopping.unless_told(asked(call, state=state)))
    around = learnt.around
    compiled = compile_job(job, learnt, source, observer)
    state.claim(Identity(job.mapping.name, around.site, around.schema.id))
    remember(state, job.mapping, around)
    options = job.options
    selection = Selection(options.rows, options.limit, options.only_failed)
    unnamed = state.unnamed_rejects(None if source.ours else job.sheet_text) if options.only_failed else frozenset()
    foresight, missing = Foresight(state, selection, unnamed), Missing(learnt.then.references)

    def on_batch(read: int, mapped: pl.DataFrame) -> None:
        stopping.check()
        foresight.add(mapped)
        missing.add(mapped)
        if call.expected is not None:
            call.expected.add(mapped)
        observer.progress(Progress(0, read, 0, None, "checking"))

    sheet = check_sheet(source, compiled, on_batch=on_batch, on_look=stopping.check, state=state)
    sheet = missing.judged(job, sheet, state, foresight.going(sheet, limited=False))
    foreseen = foresight.counts(sheet)
    stopping.check()
    if call.expected is not None:
        call.expected.settle(sheet)
    return _Run(
        call.door,
        job,
        stopping,
        observer,
        call.started,
        state,
        source,
        around,
        compiled,
        sheet,
        foreseen,
        foresight.in_doubt(sheet),
        foresight.selection,
        missing.orders(sheet, foresight.going(sheet, limited=True)),
        counts=Counts(total=sheet.total),
        tally=learnt.tally,
    )


async def asked(call: Call, listed: Listed | None = None, state: State | None = None) -> Learnt:
    """Ask Webflow for what the import needs to know; raises DeadlinePassed if that takes too long.

    What earlier runs left in doubt of items that rows refer to is settled first, in `state` where that is open already.
    """
    async with call.door.open(call.job) as opened:
        deadline = deadline_of(call.job.options, call.started, opened.clock)
        settle = partial(settle_earlier, opened, call.job, state, call.observer, deadline)
        asking = learn(opened, call.job, call.observer, listed, settle)
        return await in_time(asking, None if deadline is None else deadline + GRACE, opened.clock)


def _begin(current: _Run) -> None:
    """Write down that the run begins, and what our own checks rejected."""
    job, state = current.job, current.state
    mode = job.options.mode_of(job.mapping.mode)
    current.id = state.start_run(
        mapping=job.mapping_text,
        source=job.sheet_text,
        mode=mode,
        at=current.door.now(),
        taken=lambda run: run_folder(job.state_path, run).exists(),
    )
    if current.error is not None:
        return
    keep_identity(state, current.compiled, renew=not bound_by_rules(state))
    bad = record_rejected(
        state,
        current.source,
        current.compiled,
        current.sheet,
        run=current.id,
        name=job.sheet_text,
        asked=current.selection,
    )
    current.counts.rejected = bad
    current.counts.skipped = current.sheet.bad.len() - bad


async def _published(current: _Run) -> None:
    """Pass 2: map again and publish."""
    job, state, options = current.job, current.state, current.job.options
    async with current.door.open(job) as opened:
        target = Target(current.around.schema, current.compiled.key_field, job.mapping.skip_invalid_files)
        place = Place(
            client=opened.client,
            state=state,
            clock=opened.clock,
            target=target,
            timing=with_seen_lag(Timing.of(options.patience, embedded=opened.embedded), state),
            listings=Listings(opened.client, target.collection),
            run=current.id,
            source=job.sheet_text,
        )
        session = Session(
            place,
            current.counts,
            current.observer,
            concurrency=options.concurrency,
            allowance=Allowance(options.limit),
        )
        deadline = deadline_of(options, current.started, opened.clock)
        first = Beforehand(place, job, current.observer, current.stopping, deadline, {}, current.referenced)
        await first.make(current.orders)
        if first.error is not None:
            session.halt(first.error)
        feed = Feed(
            current.source,
            current.compiled,
            current.sheet,
            state=state,
            ledger=session.ledger,
            selection=current.selection,
        )
        gaps = Gaps(current.around.references, first.whys)
        todos = feed.todos(current.foreseen, stopped=lambda: session.stop is not None, gaps=gaps)
        try:
            with current.stopping.telling(session.interrupt):
                await session.publish(todos, _plan(current), deadline=deadline)
        except ImporterError as error:
            current.error = error
        left = session.left_over(current.in_doubt)
        current.counts.in_doubt, current.elsewhere = left.in_doubt, left.elsewhere
        current.unsettled = left.unsettled
        current.counts.not_sent = current.sheet.good - feed.drawn + left.not_sent
        _take(current, session, opened.tally)


def _plan(current: _Run) -> Plan:
    creates: dict[str, int] = {}
    for (decision, locale), number in current.foreseen.items():
        if decision is Decision.CREATE:
            creates[locale] = number if current.selection.limit is None else min(number, current.selection.limit)
    return Plan(creates)


def _take(current: _Run, session: Session, tally: Tally) -> None:
    """Take over what the session counted, and see that it adds up."""
    counts = current.counts
    current.error = current.error or session.stop
    current.rejections, current.warnings = session.ledger.rejections, session.ledger.warnings
    current.tally = Tally(
        current.tally.sent + tally.sent,
        current.tally.retried + tally.retried,
        current.tally.throttled + tally.throttled,
    )
    if isinstance(current.error, DeadlinePassed) and not counts.not_sent and not counts.in_doubt:
        current.error = None  # it passed when nothing was left to do
    if not counts.adds_up() or (counts.not_sent and current.error is None):
        ended = f" The run had ended with: {current.error.message}" if current.error is not None else ""
        current.error = Bug(
            f"The counts do not add up: {counts}.{ended}",
            "Please report this; `importer status --list` shows what is known.",
        )


def _ended(current: _Run) -> RunResult:
    """Write the rejects, keep the summary, and give the result."""
    counts = current.counts
    notes = tuple(
        notes_of(
            Ended(
                current.sheet,
                counts,
                current.selection,
                current.warnings,
                current.elsewhere,
                current.unsettled,
                current.error is None,
            )
        )
    )
    for note in notes:
        current.observer.say(note)
    _write_rejects(current)
    try:
        if counts.created or counts.staged:
            keep_identity(current.state, current.compiled, renew=True)
        code = exit_code(current.error, in_doubt=counts.in_doubt + current.elsewhere, rejected=counts.rejected)
        summary = _summary(current).as_json()
        now = current.door.now()
        current.state.finish_run(current.id, verdict=EXIT_VERDICTS[code], exit_code=code, summary=summary, at=now)
    except DiskFull as full:
        current.error = graver(current.error, full)
    return RunResult(runs=(_summary(current),), error=current.error, notes=(*current.compiled.warnings, *notes))


def _write_rejects(current: _Run) -> None:
    """Write the rejects; where that cannot be done, as the sheet was changed meanwhile, all else is known still."""
    job = current.job
    sheet, source = current.sheet, current.source
    batches = sheet.batches(source) if current.rejections else sheet.guilty(source)
    try:
        current.rejects = write_rejects(
            run_folder(job.state_path, current.id),
            columns=source.columns,
            batches=map(current.selection.keep, batches),
            problems=problems_of_run(sheet, current.rejections),
            decimal=job.mapping.source.decimal,
        )
    except ImporterError as error:
        current.error = graver(current.error, error)


def _summary(current: _Run) -> RunSummary:
    job, around = current.job, current.around
    return RunSummary(
        run=current.id,
        mapping=job.mapping_text,
        source=job.sheet_text,
        site=around.site,
        collection_id=around.schema.id,
        collection_slug=around.schema.slug,
        mode=job.options.mode_of(job.mapping.mode),
        read=current.sheet.read,
        left_out=current.sheet.left_out,
        counts=current.counts,
        elsewhere=current.elsewhere,
        unsettled=current.unsettled,
        referenced=tuple(current.referenced),
        tally=current.tally,
        rejects=current.rejects,
        state=job.state_path,
    )
