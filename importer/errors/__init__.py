"""Everything that ends a run: one root, a class for each thing to do next, each with its code and exit status.

    ImporterError
    |- UsageError SourceError MappingError StateError NotYet      2  invalid
    |- TokenError ScopeError                                      3  denied
    |- SiteUnpublished CollectionChanged PlanLimit                4  refused
    |- Outage DeadlinePassed DiskFull Locked NotRun               5  stopped
    |- GuardTripped IdentityChanged SourceEmpty                   6  guarded
    |- Interrupted                                          130/143  stopped
    `- Bug                                                       70  bug

A bad row is never one of these: it is a `model.Problem`.
"""

from __future__ import annotations

from typing import ClassVar

EXIT_VERDICTS: dict[int, str] = {
    0: "done",
    1: "rejects",
    2: "invalid",
    3: "denied",
    4: "refused",
    5: "stopped",
    6: "guarded",
    7: "in_doubt",
    70: "bug",
    130: "stopped",
    143: "stopped",
}
"""What each exit status is called in `--json`."""

EXIT_PRECEDENCE: tuple[int, ...] = (70, 2, 6, 3, 4, 130, 143, 5, 7, 1, 0)
"""Where several hold, the first of these is the exit status."""


class ImporterError(Exception):
    """What broke a run, as one sentence, with what to do next as `hint`."""

    code: ClassVar[str] = "bug"
    exit_code: int = 70

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(ImporterError):
    """The command line asks for something that makes no sense."""

    code = "usage"
    exit_code = 2


class SourceError(ImporterError):
    """The sheet cannot be read."""

    code = "source"
    exit_code = 2


class MappingError(ImporterError):
    """The mapping file is wrong; `mistakes` holds every one of them, a line each."""

    code = "mapping"
    exit_code = 2

    def __init__(self, message: str, hint: str = "", mistakes: tuple[str, ...] = ()) -> None:
        super().__init__("\n".join((message, *(f"  {mistake}" for mistake in mistakes))), hint)
        self.mistakes = mistakes


class StateError(ImporterError):
    """The state file cannot be used."""

    code = "state"
    exit_code = 2


class NotYet(ImporterError):  # noqa: N818 - an answer, not an error: the feature is planned
    """Asked for something that is not built yet."""

    code = "not_yet"
    exit_code = 2


class TokenError(ImporterError):
    """There is no token, or Webflow does not accept it."""

    code = "token"
    exit_code = 3


class ScopeError(ImporterError):
    """The token lacks a scope, or Webflow keeps answering 403."""

    code = "scope"
    exit_code = 3


class SiteUnpublished(ImporterError):  # noqa: N818 - named by what to do next: publish the site
    """The site must be published by a person first."""

    code = "site_unpublished"
    exit_code = 4


class CollectionChanged(ImporterError):  # noqa: N818 - named by what to do next: look at the collection
    """The collection's structure is not the one that was read, or not the one that is published."""

    code = "collection_changed"
    exit_code = 4


class PlanLimit(ImporterError):  # noqa: N818 - named by what to do next: change the plan
    """The site's plan holds no more items."""

    code = "plan_limit"
    exit_code = 4


class Outage(ImporterError):  # noqa: N818 - named by what people call it, not an error of ours
    """Webflow (or the web address of a sheet) cannot be reached, or answers nothing but errors."""

    code = "outage"
    exit_code = 5


class DeadlinePassed(ImporterError):  # noqa: N818 - a stop that was asked for, no error
    """The run took longer than `--deadline`."""

    code = "deadline"
    exit_code = 5


class DiskFull(ImporterError):  # noqa: N818 - named by what is full
    """The state could not be written, so nothing more is sent."""

    code = "disk_full"
    exit_code = 5


class Locked(ImporterError):  # noqa: N818 - named by what the state file is
    """Another run holds the state file."""

    code = "locked"
    exit_code = 5


class NotRun(ImporterError):  # noqa: N818 - what is said of a mapping, not what broke it
    """A mapping of several had no turn, because of what ended another one."""

    code = "not_run"
    exit_code = 5


class GuardTripped(ImporterError):  # noqa: N818 - a guard did its work, no error
    """More would be changed, removed or rejected than a guard allows; nothing was sent."""

    code = "guard"
    exit_code = 6


class IdentityChanged(ImporterError):  # noqa: N818 - named by what changed
    """The rules of key or slug differ from those that earlier rows were sent with; nothing was sent."""

    code = "identity_changed"
    exit_code = 6


class SourceEmpty(ImporterError):  # noqa: N818 - named by what is empty
    """The sheet has no rows."""

    code = "source_empty"
    exit_code = 6


class Interrupted(ImporterError):  # noqa: N818 - somebody asked for it: no error
    """Ctrl-C (130) or SIGTERM (143)."""

    code = "interrupted"

    def __init__(self, message: str, hint: str = "", *, terminated: bool = False) -> None:
        super().__init__(message, hint)
        self.exit_code = 143 if terminated else 130


class Bug(ImporterError):  # noqa: N818 - named by what it is
    """Our own mistake."""

    code = "bug"
    exit_code = 70


def graver(one: ImporterError | None, other: ImporterError) -> ImporterError:
    """Of two errors that both hold, the one whose exit status comes first in `EXIT_PRECEDENCE`; else the first."""
    if one is None or EXIT_PRECEDENCE.index(other.exit_code) < EXIT_PRECEDENCE.index(one.exit_code):
        return other
    return one


def exit_code(error: ImporterError | None, *, in_doubt: int = 0, rejected: int = 0) -> int:
    """Weigh what happened by `EXIT_PRECEDENCE`."""
    held = {0}
    if error is not None:
        held.add(error.exit_code)
    if in_doubt:
        held.add(7)
    if rejected:
        held.add(1)
    return next(code for code in EXIT_PRECEDENCE if code in held)
