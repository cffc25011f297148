"""Says what is waited for while a command asks Webflow, before there is anything else to tell."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from importer.model import Progress

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

    from importer.commands.opening import Connection
    from importer.model import Observer

T = TypeVar("T")

EVERY = 1.0
"""Seconds from one look to the next."""


async def watched(work: Coroutine[Any, Any, T], opened: Connection, observer: Observer) -> T:
    """Await work; meanwhile the observer is told what the client waits for, such as a network that is not there."""

    async def look() -> None:
        while True:
            await opened.clock.sleep(EVERY)
            if waiting := opened.client.waiting_for:
                observer.progress(Progress(0, 0, 0, opened.client.requests_left(), waiting))

    looking = asyncio.ensure_future(look())
    try:
        answer = await work
    finally:
        looking.cancel()
        await asyncio.wait((looking,))
    if not looking.cancelled():
        looking.result()  # what fails in the observer is no matter of the work, but no secret either
    return answer
