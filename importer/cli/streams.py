"""The standard streams where they are closed or full, or where nobody reads them any more.

What became of the rows is known and kept whether or not it can be said: nobody's leaving stops a run, and the exit
status stays the one of the work.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterator


class Unwritten(Exception):  # noqa: N818 - named by what the result is
    """A result that could not be printed; `status` is what the command ended with."""

    def __init__(self, status: int, reason: OSError) -> None:
        super().__init__(str(reason))
        self.status = status
        self.reason = reason


def open_closed_streams() -> None:
    """Let streams that were closed lead nowhere: else the next file takes their place, and is written into."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # it takes the lowest number that is free: this one
    for name, how in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(how, encoding="utf-8"))  # noqa: SIM115 - it stays open to the end


@contextmanager
def printing(status: int) -> Iterator[None]:
    """Print a result on stdout, at the end of a command whose status is known; raises Unwritten."""
    try:
        yield
        sys.stdout.flush()
    except OSError as error:
        lead_nowhere(sys.stdout)
        raise Unwritten(status, error) from error


@contextmanager
def telling() -> Iterator[None]:
    """Say something to people on stderr; where that fails, the work goes on without listeners."""
    try:
        yield
    except OSError:
        lead_nowhere(sys.stderr)


def lead_nowhere(stream: TextIO) -> None:
    """Drop what a broken stream still holds, and all that comes: Python would fail over it at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
