"""Spreadsheets into Webflow CMS collections: complete, correct, exactly once.

`run` and `check` are the commands without the command line: they print nothing and give a `RunResult`.
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

__all__ = ["RunOptions", "RunResult", "check", "load_mapping", "run"]

_HOMES = {
    "RunOptions": "importer.commands.options",
    "RunResult": "importer.commands.result",
    "check": "importer.commands.check",
    "load_mapping": "importer.commands.loading",
    "run": "importer.commands.run",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is asked for: `importer --help` must not load polars."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
