"""One run at a time for a state file: a lock of the operating system, freed by the death of its holder only."""

from __future__ import annotations

import os
import socket
import time
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import orjson
from filelock import FileLock, Timeout

from importer.errors import Locked, StateError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BEAT_SECONDS: Final = 5.0
"""How often the holder writes down that it is alive; for people only, nothing is decided by it."""


class Heartbeat:
    """What the holder of a lock writes beside it: who it is, and when it was last alive."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._started = _now()
        self._next = 0.0

    def beat(self) -> None:
        """Write it down, unless that was done a moment ago."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + BEAT_SECONDS
        told = {"pid": os.getpid(), "host": socket.gethostname(), "started": self._started, "heartbeat": _now()}
        with suppress(OSError):  # for people only: the lock holds without it
            fresh = self._path.with_name(f"{self._path.name}.{os.getpid()}")
            fresh.write_bytes(orjson.dumps(told))
            fresh.replace(self._path)

    def end(self) -> None:
        """Take it away."""
        with suppress(OSError):  # the same
            self._path.unlink()


@contextmanager
def held(state: Path) -> Iterator[Heartbeat]:
    """Hold the lock of a state file.

    Raises Locked at once if another run holds it, StateError if the disk has no such locks.
    """
    lock = FileLock(
        f"{state}.lock", timeout=0, blocking=False, thread_local=False, fallback_to_soft=False, preserve_lock_file=True
    )
    told = state.with_name(f"{state.name}.lock.json")
    try:
        lock.acquire()
    except Timeout as error:
        raise Locked(
            f"Another run holds the state file {state}{_holder(told)}.",
            "Wait until it is done, or end it; then run the same command again.",
        ) from error
    except (OSError, NotImplementedError) as error:
        raise StateError(
            f"The state file {state} cannot be locked: {error}.",
            "Name a file in a folder that can be written to, on a disk with locks, with --state PATH.",
        ) from error
    heartbeat = Heartbeat(told)
    try:
        heartbeat.beat()
        yield heartbeat
    finally:
        heartbeat.end()
        lock.release()


def _holder(told: Path) -> str:
    """Tell who holds the lock, as far as it has said so."""
    try:
        holder: Any = orjson.loads(told.read_bytes())
        return (
            f" (process {holder['pid']} on {holder['host']}, since {holder['started']}, "
            f"last sign of life {holder['heartbeat']})"
        )
    except (OSError, ValueError, KeyError, TypeError):  # no file, or one that is being written by an older importer
        return ""


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
