"""The command `importer`, in a hurry: it waits IMPORTER_SOAK_TIMEOUT seconds for an answer instead of minutes.

A soak cannot wait three minutes for each answer that never comes; all else of the command is as it is.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from importer.__main__ import main
from importer.cli.holding import hold_signals

if TYPE_CHECKING:
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


if __name__ == "__main__":
    hold_signals()
    hurry(float(os.environ["IMPORTER_SOAK_TIMEOUT"]))
    main()
