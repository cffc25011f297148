"""Waits for what a command asks Webflow before there is anything else to tell: how long, and for what."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, TypeVar

from importer.errors import DeadlinePassed
from importer.model import Progress

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

    from importer.commands.opening import Connection
    from importer.commands.options import RunOptions
    from importer.model import Clock, Observer

T = TypeVar("T")

EVERY = 1.0
"""Seconds from one look to the next."""


async def watched(work: Coroutine[Any, Any, T], opened: Connection, observer: Observer, *, aloud: bool = False) -> T:
    """Await work; meanwhile the observer is told what the client waits for, such as a network that is not there.

    With `aloud` the first wait is said in a sentence besides, at once: progress may not be shown, or seldom.
    """

    async def look() -> None:
        told = not aloud
        while True:
            await opened.clock.sleep(EVERY)
            if waiting := opened.client.waiting_for:
                if not told:
                    told = True
                    observer.say(f"That waits for {waiting}.")
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


def spent(started: float) -> float:
    """Seconds of the machine's time since a command began (`time.monotonic`)."""
    return time.monotonic() - started


def deadline_of(options: RunOptions, started: float, clock: Clock) -> float | None:
    """The moment (of the clock) at which a command's time is over; `started`, it began (monotonic seconds)."""
    if options.deadline is None:
        return None
    return clock.monotonic() + options.deadline - spent(started)


async def in_time(work: Coroutine[Any, Any, T], until: float | None, clock: Clock) -> T:
    """Await work that nothing hangs on; at this moment (of the clock) it is given up, as the deadline has passed."""
    if until is None:
        return await work
    task = asyncio.ensure_future(work)
    timer = asyncio.ensure_future(clock.sleep(max(0.0, until - clock.monotonic())))
    try:
        await asyncio.wait((task, timer), return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        timer.result()  # a clock that fails is no deadline that passed
        raise DeadlinePassed(
            "The deadline passed before Webflow had said what the import needs to know; nothing was sent.",
            "Run the same command again, with more time: see --deadline and --requests-per-minute.",
        )
    finally:
        task.cancel()
        timer.cancel()
        await asyncio.wait((task, timer))
