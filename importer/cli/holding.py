"""Signals wait while modules are imported: an import that is cut off leaves half of them behind."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

STOPS = (signal.SIGINT, signal.SIGTERM)


def hold_signals() -> None:
    """Let Ctrl-C and SIGTERM wait until they are released; where the system cannot (Windows), nothing happens."""
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)


def release_signals() -> None:
    """Let the signals come that had to wait."""
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)


@contextmanager
def signals_held() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM wait for the end of this block."""
    hold_signals()
    try:
        yield
    finally:
        release_signals()
