"""How a command ended: as values, as the JSON object that scripts read, and as text for people."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from importer.errors import EXIT_VERDICTS, ImporterError, exit_code
from importer.model import Counts, Problem, Tally, Unsettled

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMAT = 1
"""The version of the JSON object; it rises when a key changes its meaning."""

SHOWN_PROBLEMS = 1_000
"""How many problems `check --json` lists; `problem_counts` counts all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Referenced:
    """Items of another collection that rows refer to and that were made for it (`missing = "create"`).

    `names` are the first few. After a check all of them are `not_sent`. What earlier runs made is not among them.
    """

    collection_id: str
    collection_slug: str
    names: tuple[str, ...] = ()
    counts: Counts = field(default_factory=Counts)

    def as_json(self) -> dict[str, Any]:
        """One element of the `referenced` of a run."""
        return {
            "collection": {"id": self.collection_id, "slug": self.collection_slug},
            "names": list(self.names),
            "items": asdict(self.counts),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """One mapping's part of a command: how many rows were read, and how each item ended.

    `run` is None where nothing was sent (`check`). `read` counts rows without the blank ones and includes `left_out`,
    those that did not pass the mapping's `where`. `elsewhere` counts rows in doubt that are none of the `counts`: an
    earlier run sent them, and this one was not given them. `unsettled` is None where nothing is in doubt. `referenced`
    are items of other collections, which are none of the `counts` either.
    """

    run: str | None
    mapping: str
    source: str
    site: str = ""
    collection_id: str = ""
    collection_slug: str = ""
    mode: str = "create"
    read: int = 0
    left_out: int = 0
    counts: Counts = field(default_factory=Counts)
    elsewhere: int = 0
    unsettled: Unsettled | None = None
    referenced: tuple[Referenced, ...] = ()
    tally: Tally = field(default_factory=Tally)
    rejects: Path | None = None
    state: Path | None = None

    def as_json(self) -> dict[str, Any]:
        """One element of the object's `runs`."""
        return {
            "run": self.run,
            "mapping": self.mapping,
            "source": self.source,
            "site": self.site,
            "collection": {"id": self.collection_id, "slug": self.collection_slug},
            "mode": self.mode,
            "rows": {"read": self.read, "left_out": self.left_out},
            "items": asdict(self.counts),
            "referenced": [one.as_json() for one in self.referenced],
            "doubt": None if self.unsettled is None else _doubt_json(self.unsettled),
            "requests": asdict(self.tally),
            "rejects": None if self.rejects is None else str(self.rejects),
            "state": None if self.state is None else str(self.state),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """What a command gives back: its runs, the error that ended it, and after `check` the problems found.

    `problems` is None for commands that do not list problems, else the first of them; `problem_counts` counts all by
    code. `notes` are sentences for people (warnings about the mapping, what was detected).
    """

    runs: tuple[RunSummary, ...] = ()
    seconds: float = 0.0
    error: ImporterError | None = None
    problems: tuple[Problem, ...] | None = None
    problem_counts: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """The exit status, weighed by the precedence of the exit table."""
        return exit_code(
            self.error,
            in_doubt=sum(one.counts.in_doubt + one.elsewhere for one in self.runs),
            rejected=sum(one.counts.rejected for one in self.runs),
        )

    @property
    def verdict(self) -> str:
        """What that exit status is called."""
        return EXIT_VERDICTS[self.exit_code]

    def raise_for_error(self) -> None:
        """Raise what ended the run early, if anything did (an ImporterError)."""
        if self.error is not None:
            raise self.error

    def as_json(self) -> dict[str, Any]:
        """Give the object that `--json` prints."""
        answer: dict[str, Any] = {
            "format": FORMAT,
            "verdict": self.verdict,
            "exit_code": self.exit_code,
            "seconds": round(self.seconds, 3),
            "error": None if self.error is None else error_json(self.error),
            "runs": [one.as_json() for one in self.runs],
        }
        if self.problems is not None:
            answer["problems"] = [asdict(problem) for problem in self.problems[:SHOWN_PROBLEMS]]
            answer["problem_counts"] = dict(self.problem_counts)
        return answer


def error_json(error: ImporterError) -> dict[str, str]:
    """Give the object's `error`."""
    return {"code": error.code, "message": error.message, "hint": error.hint}


def _doubt_json(unsettled: Unsettled) -> dict[str, Any]:
    """Give what is known of the rows in doubt; moments are the server's, in ISO 8601."""
    moments = {"lost_at": unsettled.lost_at, "known_by": unsettled.known_by}
    return {"rows": unsettled.rows} | {
        name: None if moment is None else f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        for name, moment in moments.items()
    }


def _doubt_back(doubt: Mapping[str, Any] | None) -> Unsettled | None:
    if not doubt:
        return None
    lost_at, known_by = (
        None if text is None else datetime.fromisoformat(text) for text in (doubt.get("lost_at"), doubt.get("known_by"))
    )
    return Unsettled(int(doubt.get("rows", 0)), lost_at, known_by)


def taken_back(summary: Mapping[str, Any]) -> RunSummary:
    """Read one element of the object's `runs` back (the state file keeps it); unknown keys are passed over."""
    collection = summary.get("collection") or {}
    rows = summary.get("rows") or {}
    return RunSummary(
        run=summary.get("run"),
        mapping=str(summary.get("mapping", "")),
        source=str(summary.get("source", "")),
        site=str(summary.get("site") or ""),
        collection_id=str(collection.get("id") or ""),
        collection_slug=str(collection.get("slug") or ""),
        mode=str(summary.get("mode", "create")),
        read=int(rows.get("read", 0)),
        left_out=int(rows.get("left_out", 0)),
        counts=Counts(**_known(summary.get("items") or {}, Counts)),
        unsettled=_doubt_back(summary.get("doubt")),
        referenced=tuple(_referenced_back(one) for one in summary.get("referenced") or ()),
        tally=Tally(**_known(summary.get("requests") or {}, Tally)),
        rejects=_path(summary.get("rejects")),
        state=_path(summary.get("state")),
    )


def _referenced_back(told: Mapping[str, Any]) -> Referenced:
    collection = told.get("collection") or {}
    return Referenced(
        collection_id=str(collection.get("id") or ""),
        collection_slug=str(collection.get("slug") or ""),
        names=tuple(map(str, told.get("names") or ())),
        counts=Counts(**_known(told.get("items") or {}, Counts)),
    )


def _known(numbers: Mapping[str, Any], kind: type[Counts | Tally]) -> dict[str, int]:
    return {name: int(numbers[name]) for name in kind.__dataclass_fields__ if name in numbers}


def _path(text: str | None) -> Path | None:
    return None if text is None else Path(text)
