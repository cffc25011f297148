"""Several mappings in one command: in the order of their references, at one pace, with one answer."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from importer.commands.arranging import Arranged, Known, arranged
from importer.commands.check import checked, kept
from importer.commands.loading import Job, MappingOfFile, prepare
from importer.commands.opening import Door, front_door
from importer.commands.options import RunOptions
from importer.commands.result import RunResult, RunSummary
from importer.commands.retry import last_sheet
from importer.commands.run import Call, asked, perform, rehearse
from importer.commands.stopping import Stopping
from importer.errors import (
    Bug,
    DeadlinePassed,
    DiskFull,
    ImporterError,
    Interrupted,
    NotRun,
    Outage,
    PlanLimit,
    ScopeError,
    SiteUnpublished,
    TokenError,
    UsageError,
)
from importer.model import Observer, Progress, Silent
from importer.report.several import RunResults

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from importer.commands.surroundings import Learnt, Listed
    from importer.mapping import Mapping

    Mappinglike = Mapping | str | Path

ENDS_ALL = (TokenError, ScopeError, SiteUnpublished, DeadlinePassed, DiskFull, Interrupted)
"""What ends the whole command: it is about the token, the site, the time or the machine, which all mappings share."""

ENDS_ALL_TWICE = (Outage, PlanLimit)
"""What may be one mapping's own trouble, but is taken to be everybody's once two in a row have met it."""


def run_all(
    mappings: Sequence[Mappinglike], options: RunOptions | None = None, *, observer: Observer | None = None
) -> RunResults:
    """Publish the sheets of several mappings, those first whose items others refer to; each as `run` does it.

    Every mapping is checked before the first item is sent. One that fails keeps only those from having their turn that
    refer to its collection; what ends all of them is a matter of all. Prints nothing.
    """
    return run_all_through(front_door(), mappings, options, observer=observer)


def check_all(
    mappings: Sequence[Mappinglike], options: RunOptions | None = None, *, observer: Observer | None = None
) -> RunResults:
    """Check the sheets of several mappings as `check` does it: what one of them would make, others may refer to."""
    return _Several(front_door(), options, observer, checks=True).results(mappings)


def retry_all(
    mappings: Sequence[Mappinglike], options: RunOptions | None = None, *, observer: Observer | None = None
) -> RunResults:
    """Send the rejected rows of several mappings again, each from the sheet of its last run."""
    return run_all(mappings, replace(options or RunOptions(), only_failed=True), observer=observer)


def run_all_through(
    door: Door,
    mappings: Sequence[Mappinglike],
    options: RunOptions | None = None,
    *,
    observer: Observer | None = None,
) -> RunResults:
    """Do what `run_all` does, through a door of one's own."""
    return _Several(door, options, observer).results(mappings)


@dataclass(slots=True)
class _Turn:
    """One mapping of the command, and what became of it so far."""

    name: str
    mapping: Mappinglike
    job: Job | None = None
    learnt: Learnt | None = None
    result: RunResult | None = None
    error: ImporterError | None = None

    def part(self) -> RunResult:
        """Give the mapping's part of the answer: its last result, with what ended it."""
        if self.result is not None:
            return replace(self.result, error=self.error)
        told = _text(self.mapping) if self.job is None else self.job.mapping_text
        return RunResult(
            runs=(RunSummary(run=None, mapping=told, source="" if self.job is None else self.job.sheet_text),),
            error=self.error,
        )


class _Named:
    """Puts a mapping's name before all that is said of it; `hushed`, only its progress is told."""

    def __init__(self, observer: Observer, name: str, *, hushed: bool = False) -> None:
        self._observer, self._name, self._hushed = observer, name, hushed

    def progress(self, progress: Progress) -> None:
        """Tell whose progress it is."""
        self._observer.progress(replace(progress, mapping=self._name))

    def say(self, sentence: str) -> None:
        """Say of whom it is said."""
        if not self._hushed:
            begun = sentence.startswith(f"{self._name}: ")
            self._observer.say(sentence if begun else f"{self._name}: {sentence}")


@dataclass(slots=True)
class _Several:
    """One command at work on several mappings."""

    door: Door
    options: RunOptions | None
    observer: Observer | None
    turns: list[_Turn] = field(default_factory=list)
    arranged: Arranged | None = None
    ended: str = ""
    before: ImporterError | None = None
    checks: bool = False
    after: tuple[Job, ...] = ()
    stopping: Stopping = field(default_factory=Stopping)
    started: float = field(default_factory=time.monotonic)

    def results(self, mappings: Sequence[Mappinglike]) -> RunResults:
        """Do the work from the beginning to the end, and give what came of it."""
        refused: ImporterError | None = None
        try:
            self.turns = _turns(mappings, self.options or RunOptions())
            with self.stopping:
                self._arrange()
                self._each(self._check if self.checks else self._rehearse)
                if not self.checks:
                    self._each(self._perform)
        except ImporterError as error:
            refused = error
            self.turns = []
        return RunResults(
            parts=tuple(turn.part() for turn in self.turns),
            names=tuple(turn.name for turn in self.turns),
            seconds=time.monotonic() - self.started,
            refused=refused,
            checked=self.checks,
        )

    def _arrange(self) -> None:
        """Learn what all mappings need to know, and put them in order; raises what makes that impossible."""
        self._each(self._prepare)
        listed: Listed = {}
        self._each(lambda turn: self._learn(turn, listed))
        known = {turn.name: Known(turn.job, turn.learnt) for turn in self.turns if turn.job and turn.learnt}
        self.arranged = arranged([turn.name for turn in self.turns], known)
        self.turns = [self.turns[place] for place in self.arranged.order]

    def _each(self, step: Callable[[_Turn], None]) -> None:
        """Take a step with each mapping that can go on; one that cannot is told why."""
        for turn in self.turns:
            if turn.error is not None:
                continue
            if reason := self.ended or self._hindered(turn):
                turn.error = NotRun(
                    f"Had no turn: {reason}.", "Once that is put right, the same command goes on from here."
                )
                continue
            try:
                step(turn)
            except ImporterError as error:
                turn.error = error
            self._weigh(turn)

    def _hindered(self, turn: _Turn) -> str:
        """Say why a mapping cannot go on: another one that fills a collection which it refers to did not."""
        if self.arranged is None:
            return ""
        failed = {other.name for other in self.turns if other.error is not None}
        return self.arranged.hindrance(turn.name, failed)

    def _weigh(self, turn: _Turn) -> None:
        """See whether what ended a mapping ends them all, and say at once that it ended."""
        error, before = turn.error, self.before
        self.before = error
        if error is None:
            return
        again = isinstance(error, ENDS_ALL_TWICE) and type(error) is type(before)
        if again or isinstance(error, ENDS_ALL):
            self.ended = f"what ended {turn.name} is a matter of the whole command"
        elif self.observer is not None:
            self.observer.say(f"{turn.name} cannot go on, others do: {error.message.splitlines()[0]}")

    def _prepare(self, turn: _Turn) -> None:
        options = self.options or RunOptions()
        turn.job = prepare(turn.mapping, None, options)
        if options.only_failed:
            turn.job = replace(turn.job, sheet=last_sheet(turn.job))
        if str(turn.job.sheet) == "-":
            raise UsageError(
                "Its sheet is standard input, which can be read once, and by one mapping.",
                "Write the sheet into a file and name that in [source] path, or run this mapping by itself.",
            )

    def _learn(self, turn: _Turn, listed: Listed) -> None:
        call = self._call(turn, hushed=True)
        if call.job.options.offline:
            turn.learnt = kept(call.job)
        else:
            turn.learnt = self.door.wait(self.stopping.unless_told(asked(call, listed)))

    def _check(self, turn: _Turn) -> None:
        call = self._call(turn, foretold=True)
        turn.result = checked(
            call.job, self.stopping, call.observer, call.learnt, call.expected, into=f"check-{call.job.mapping.name}"
        )

    def _rehearse(self, turn: _Turn) -> None:
        turn.result = rehearse(self._call(turn, hushed=True, foretold=True))
        turn.error = turn.result.error

    def _perform(self, turn: _Turn) -> None:
        turn.result = perform(self._call(turn))
        self.after += () if turn.job is None else (turn.job,)
        turn.error = turn.result.error

    def _call(self, turn: _Turn, *, hushed: bool = False, foretold: bool = False) -> Call:
        """Put together what a mapping's step is called with."""
        if turn.job is None:
            raise Bug(f"{turn.name} was to be worked at before it was prepared")
        learnt, expected = turn.learnt, None
        if self.arranged is not None and learnt is not None:
            learnt = self.arranged.completed(learnt, drafts=turn.job.drafts, foretold=foretold, after=self.after)
            expected = self.arranged.expected(turn.name) if foretold else None
        observer = _Named(self.observer or Silent(), turn.name, hushed=hushed)
        return Call(self.door, turn.job, self.stopping, observer, self.started, learnt, expected)


def _turns(mappings: Sequence[Mappinglike], options: RunOptions) -> list[_Turn]:
    """Make a turn for each mapping; raises UsageError for what makes no sense with several."""
    if options.state is not None:
        raise UsageError(
            "--state names one state file, and each of several mappings has its own.",
            "Leave --state away, or give one mapping after the other.",
        )
    if options.rows is not None:
        raise UsageError(
            "--rows names rows of one sheet, and each of several mappings has its own.",
            "Leave --rows away, or give one mapping after the other.",
        )
    places = Counter(str(path.resolve()) for one in mappings if (path := _path(one)) is not None)
    for place, number in places.items():
        if number > 1:
            raise UsageError(f"The mapping {place} is named {number} times.", "Name each mapping once.")
    folders = {path.resolve().parent for one in mappings if (path := _path(one)) is not None}
    if options.sandbox and options.sandbox_file is None and len(folders) > 1:
        raise UsageError(
            "The mappings lie in several folders, and each of these has a sandbox of its own.",
            "Name one for all of them: --sandbox-file PATH.",
        )
    names = [_name(one) for one in mappings]
    times = Counter(names)
    return [_Turn(name if times[name] == 1 else _text(one), one) for name, one in zip(names, mappings, strict=True)]


def _path(mapping: Mappinglike) -> Path | None:
    if isinstance(mapping, MappingOfFile):
        return mapping.path
    return Path(mapping) if isinstance(mapping, str | Path) else None


def _name(mapping: Mappinglike) -> str:
    return Path(mapping).stem if isinstance(mapping, str | Path) else mapping.name


def _text(mapping: Mappinglike) -> str:
    path = _path(mapping)
    return str(path) if path is not None else _name(mapping)
