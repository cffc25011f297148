"""How a command with several mappings ended: one object for scripts, and for people a line for each and a total."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from importer.errors import EXIT_PRECEDENCE, EXIT_VERDICTS, ImporterError, NotRun, graver
from importer.model import Counts, Tally
from importer.report.amounts import duration, number_of
from importer.report.sentences import HEADLINES, error_text, kinds_of, made_text
from importer.report.summary import FORMAT, SHOWN_PROBLEMS, RunResult, error_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResults:
    """What a command with several mappings gives back: a result for each, in the order in which they had their turns.

    Each result of `parts` has one run, and the error that ended that mapping, or that kept it from having a turn.
    `refused` is what ended the command before any mapping had its turn; `checked` says that it was a check.
    """

    parts: tuple[RunResult, ...] = ()
    names: tuple[str, ...] = ()
    seconds: float = 0.0
    refused: ImporterError | None = None
    checked: bool = False

    @property
    def error(self) -> ImporterError | None:
        """The gravest of all errors."""
        gravest = self.refused
        for part in self.parts:
            gravest = gravest if part.error is None else graver(gravest, part.error)
        return gravest

    @property
    def exit_code(self) -> int:
        """The exit status, weighed over all mappings by the precedence of the exit table."""
        held = {0, *(part.exit_code for part in self.parts)}
        held |= set() if self.refused is None else {self.refused.exit_code}
        return next(code for code in EXIT_PRECEDENCE if code in held)

    @property
    def verdict(self) -> str:
        """What that exit status is called."""
        return EXIT_VERDICTS[self.exit_code]

    @property
    def counts(self) -> Counts:
        """How the items of all mappings ended, added up."""
        every = [run.counts for part in self.parts for run in part.runs]
        return Counts(**{one.name: sum(getattr(counts, one.name) for counts in every) for one in fields(Counts)})

    def raise_for_error(self) -> None:
        """Raise the gravest of what ended mappings early, if anything did (an ImporterError)."""
        if self.error is not None:
            raise self.error

    def as_json(self) -> dict[str, Any]:
        """Give the object that `--json` prints: each of its `runs` has a verdict, an exit code and an error of its own.

        After a check each problem says which mapping found it.
        """
        error = self.error
        answer: dict[str, Any] = {
            "format": FORMAT,
            "verdict": self.verdict,
            "exit_code": self.exit_code,
            "seconds": round(self.seconds, 3),
            "error": None if error is None else error_json(error),
            "runs": [
                run.as_json()
                | {
                    "verdict": part.verdict,
                    "exit_code": part.exit_code,
                    "error": None if part.error is None else error_json(part.error),
                }
                for part in self.parts
                for run in part.runs
            ],
        }
        if self.checked:
            answer["problems"] = list(self._problems())[:SHOWN_PROBLEMS]
            answer["problem_counts"] = self._problem_counts()
        return answer

    def _problems(self) -> Iterator[dict[str, Any]]:
        for part in self.parts:
            for problem in part.problems or ():
                yield {"mapping": part.runs[0].mapping, **asdict(problem)}

    def _problem_counts(self) -> dict[str, int]:
        counted: dict[str, int] = {}
        for part in self.parts:
            for code, number in part.problem_counts.items():
                counted[code] = counted.get(code, 0) + number
        return dict(sorted(counted.items(), key=lambda pair: (-pair[1], pair[0])))


def several_text(results: RunResults) -> str:
    """Give the summary of a run with several mappings: a line for each, the files of its rejects, and the total."""
    tally = _tally(results)
    sent = [number_of(tally.sent, "request", "requests")]
    if tally.retried:
        sent.append(f"{tally.retried:,} sent again")
    if tally.throttled:
        sent.append(f"{tally.throttled:,} held back by the rate limit")
    total = f"{kinds_of(results.counts) or 'nothing was sent'}; {', '.join(sent)} ({duration(results.seconds)})"
    return _each_and_all(results, _ran, total)


def several_checked_text(results: RunResults) -> str:
    """Give the summary of a check with several mappings: a line for each, and the total."""
    return _each_and_all(results, _checked, _good(results.counts))


def _each_and_all(results: RunResults, say: Callable[[RunResult], str], total: str) -> str:
    """Set a line for each mapping, with the file of its rejects, above the total."""
    names = [*results.names, "in all"]
    width = max(len(name) for name in names)
    lines = []
    for name, part in zip(results.names, results.parts, strict=True):
        lines.append(f"{name:<{width}}  {say(part)}")
        lines += [f"{'':<{width}}  {made_text(one)}" for one in part.runs[0].referenced]
        if part.runs[0].rejects is not None:
            lines.append(f"{'':<{width}}  rejected rows: {part.runs[0].rejects}")
    return "\n".join([*lines, f"{'in all':<{width}}  {total}"])


def _ran(part: RunResult) -> str:
    return ": ".join(filter(None, (_headline(part, "not run"), kinds_of(part.runs[0].counts))))


def _checked(part: RunResult) -> str:
    return _good(part.runs[0].counts) if part.error is None else _headline(part, "not checked")


def named_errors(results: RunResults) -> Iterator[str]:
    """Say of each mapping that did not come to its end why, and what to do next; of several with one reason at once."""
    if results.refused is not None:
        yield error_text(results.refused)
    told: dict[tuple[str, str], list[str]] = {}
    for name, part in zip(results.names, results.parts, strict=True):
        if part.error is not None:
            told.setdefault((part.error.message, part.error.hint), []).append(name)
    for (message, hint), names in told.items():
        yield error_text(ImporterError(f"{', '.join(names)}: {message}", hint))


def _headline(part: RunResult, no_turn: str) -> str:
    return no_turn if isinstance(part.error, NotRun) else HEADLINES[part.verdict]


def _good(counts: Counts) -> str:
    rows = number_of(counts.total, "row", "rows")
    if not counts.rejected:
        return f"{rows}, all good" if counts.total else rows
    return f"{rows}, {counts.not_sent:,} good, {counts.rejected:,} would be rejected"


def _tally(results: RunResults) -> Tally:
    every = [run.tally for part in results.parts for run in part.runs]
    return Tally(**{one.name: sum(getattr(tally, one.name) for tally in every) for one in fields(Tally)})
