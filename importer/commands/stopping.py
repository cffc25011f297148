"""Ctrl-C and SIGTERM: kept until the command is at a place where it can stop in order."""

from __future__ import annotations

import asyncio
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self, TypeVar

from importer.errors import Interrupted

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from types import FrameType, TracebackType

T = TypeVar("T")


class Stopping:
    """Hears Ctrl-C and SIGTERM while it is entered; outside the main thread, where nobody can, it hears nothing.

    The first signal is kept in `error`, for the command to look at where nothing is cut in two. A second one goes to
    those who heard signals before, and so ends the command at once, unless somebody listens who knows better.

    An exception, which a handler could raise instead, may come up where it is swallowed: in a finaliser, in an import,
    in the middle of a library's work.
    """

    def __init__(self) -> None:
        self.error: Interrupted | None = None
        self._times = 0
        self._before: dict[int, Any] = {}
        self._listener: Callable[[Interrupted], None] | None = None

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                if signal.getsignal(number) is not signal.SIG_IGN:  # as for whoever is started in the background
                    self._before[number] = signal.signal(number, self._told)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def check(self) -> None:
        """Raise Interrupted if a signal came."""
        if self.error is not None:
            raise self.error

    async def unless_told(self, work: Coroutine[Any, Any, T]) -> T:
        """Await work that may be cut off anywhere; once a signal came, raise Interrupted instead."""
        self.check()
        task = asyncio.ensure_future(work)
        with self.telling(lambda _: task.cancel()):
            (outcome,) = await asyncio.gather(task, return_exceptions=True)
        self.check()
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    @contextmanager
    def telling(self, listener: Callable[[Interrupted], object]) -> Iterator[None]:
        """Tell the listener, in the running loop, of the first two signals; also of one that came before this."""
        loop = asyncio.get_running_loop()

        def tell(error: Interrupted) -> None:
            loop.call_soon_threadsafe(listener, error)

        self._listener = tell
        try:
            if self.error is not None:
                tell(self.error)
            yield
        finally:
            self._listener = None

    def _told(self, number: int, _frame: FrameType | None) -> None:
        self._times += 1
        if self.error is None:
            terminated = number == signal.SIGTERM
            self.error = Interrupted(
                f"Stopped by {'SIGTERM' if terminated else 'Ctrl-C'}.",
                "Run the same command again: it goes on where it stopped.",
                terminated=terminated,
            )
        if self._times > (1 if self._listener is None else 2):
            signal.signal(number, self._before[number])
            signal.raise_signal(number)
        elif self._listener is not None:
            self._listener(self.error)
