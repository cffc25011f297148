"""`sandbox`: serve the local Webflow on a port of this machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from importer.commands.opening import seed_beside
from importer.errors import UsageError
from importer.sandbox import serve
from importer.sandbox.faults import parse_faults
from importer.settings import sandbox_path

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


def sandbox(
    path: Path | None = None,
    *,
    port: int = 8765,
    host: str = "127.0.0.1",
    switches: Mapping[str, str] | None = None,
    faults: Path | None = None,
    on_ready: Callable[[int], None] | None = None,
) -> None:
    """Serve the sandbox that is kept in `path` until Ctrl-C or SIGTERM; `on_ready` is told the port.

    A new file is seeded from `sandbox.json` in the current folder, else with the four sample collections.
    Raises UsageError for an unknown switch or a wrong file of faults.
    """
    file = sandbox_path(None, path)
    plan = None if faults is None else read_faults(faults)
    file.parent.mkdir(parents=True, exist_ok=True)
    seed = None if file.exists() else seed_beside(Path())
    try:
        serve(file, host=host, port=port, seed=seed, switches=dict(switches or {}), faults=plan, on_ready=on_ready)
    except ValueError as error:
        raise UsageError(str(error)) from error


def parse_switches(texts: Sequence[str]) -> dict[str, str]:
    """Read NAME=VALUE pairs; raises UsageError."""
    switches: dict[str, str] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign or not name.strip():
            raise UsageError(f"--switch {text} is no NAME=VALUE.", "Write it like --switch taken_slug=suffix.")
        switches[name.strip()] = value.strip()
    return switches


def read_faults(path: Path) -> Any:
    """Read a plan of faults; raises UsageError."""
    try:
        plan = orjson.loads(path.read_bytes())
    except OSError as error:
        raise UsageError(f"The plan of faults {path} cannot be read: {error.strerror}.", "Check the path.") from error
    except orjson.JSONDecodeError as error:
        raise UsageError(f"The plan of faults {path} is no JSON: {error}.", "Mend the file.") from error
    try:
        parse_faults(plan)
    except ValueError as error:
        raise UsageError(f"The plan of faults {path} is wrong: {error}", "Mend the file.") from error
    return plan
