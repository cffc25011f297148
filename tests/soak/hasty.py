"""The command `importer`, in a hurry: it waits IMPORTER_SOAK_TIMEOUT seconds for an answer instead of minutes.

A soak cannot wait three minutes for each answer that never comes; all else of the command is as it is.
"""

from __future__ import annotations

import os
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, NoReturn

from importer.__main__ import main
from importer.cli.holding import hold_signals

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    import httpx


def hurry(seconds: float) -> None:
    """Let every client that a command opens from now on wait no longer than that."""
    from importer.client import connect  # signals are held by now
    from importer.commands import opening

    async def shorten(request: httpx.Request) -> None:
        waits: dict[str, float] = request.extensions["timeout"]
        request.extensions["timeout"] = {what: min(wait, seconds) for what, wait in waits.items()}

    def connect_in_a_hurry(*arguments: Any, **options: Any) -> httpx.AsyncClient:
        http = connect(*arguments, **options)
        http.event_hooks = {"request": [shorten], "response": []}
        return http

    vars(opening)["connect"] = connect_in_a_hurry


def planted(bug: str) -> AbstractContextManager[None]:
    """Plant a mistake of the simulation's list (none for ""): the soak must notice it too."""
    if not bug:
        return nullcontext()
    from tests.simulation import misjudgements, mistakes

    plant: AbstractContextManager[None] = getattr(mistakes if hasattr(mistakes, bug) else misjudgements, bug)()
    return plant


def main_in_a_hurry() -> NoReturn:
    """Run the command line, in a hurry where the environment says so, and with a mistake where it names one."""
    hold_signals()
    if "IMPORTER_SOAK_TIMEOUT" in os.environ:
        hurry(float(os.environ["IMPORTER_SOAK_TIMEOUT"]))
    with planted(os.environ.get("IMPORTER_SOAK_BUG", "")):
        main()


if __name__ == "__main__":
    main_in_a_hurry()
