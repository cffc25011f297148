"""Spreadsheets into Webflow CMS collections: complete, correct, exactly once.

`run`, `check` and `verify` are the commands without the command line: they print nothing and give a `RunResult` (the
last one a `VerifyResult`), whose `error` says what ended them early. `run_all` and `check_all` take several mappings
and give `RunResults`, with one `RunResult` for each. `load_mapping` raises such an error itself; all of them are
`ImporterError`s.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from importer.commands.check import check
    from importer.commands.loading import load_mapping
    from importer.commands.options import RunOptions
    from importer.commands.result import RunResult
    from importer.commands.run import run
    from importer.commands.several import check_all, run_all
    from importer.commands.verify import verify
    from importer.errors import (
        Bug,
        CollectionChanged,
        DeadlinePassed,
        DiskFull,
        GuardTripped,
        IdentityChanged,
        ImporterError,
        Interrupted,
        Locked,
        MappingError,
        NotRun,
        NotYet,
        Outage,
        PlanLimit,
        ScopeError,
        SiteUnpublished,
        SourceEmpty,
        SourceError,
        StateError,
        TokenError,
        UsageError,
    )
    from importer.report.receipts import VerifyResult
    from importer.report.several import RunResults

__all__ = [
    "Bug",
    "CollectionChanged",
    "DeadlinePassed",
    "DiskFull",
    "GuardTripped",
    "IdentityChanged",
    "ImporterError",
    "Interrupted",
    "Locked",
    "MappingError",
    "NotRun",
    "NotYet",
    "Outage",
    "PlanLimit",
    "RunOptions",
    "RunResult",
    "RunResults",
    "ScopeError",
    "SiteUnpublished",
    "SourceEmpty",
    "SourceError",
    "StateError",
    "TokenError",
    "UsageError",
    "VerifyResult",
    "check",
    "check_all",
    "load_mapping",
    "run",
    "run_all",
    "verify",
]

_HOMES = {
    "RunOptions": "importer.commands.options",
    "RunResult": "importer.commands.result",
    "RunResults": "importer.report.several",
    "VerifyResult": "importer.report.receipts",
    "check": "importer.commands.check",
    "check_all": "importer.commands.several",
    "load_mapping": "importer.commands.loading",
    "run": "importer.commands.run",
    "run_all": "importer.commands.several",
    "verify": "importer.commands.verify",
}
"""Where the others are; what is not named here is an error, of `importer.errors`."""


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is asked for: `importer --help` must not load polars."""
    if name in __all__:
        return getattr(import_module(_HOMES.get(name, "importer.errors")), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
