"""What a person sees of a run while it goes on: a bar on a terminal, else one plain line every ten seconds."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, NoReturn, Self

import click

from importer.cli.streams import telling
from importer.report.progress import asides, progress_line

if TYPE_CHECKING:
    from types import TracebackType

    from tqdm import tqdm

    from importer.model import Progress

PLAIN_EVERY = 10.0
"""Seconds between two plain lines."""


class Watcher:
    """Shows progress on stderr; a context manager, so that the bar is closed before the summary is printed."""

    def __init__(self, *, quiet: bool = False, progress: bool = True, terminal: bool | None = None) -> None:
        self._quiet = quiet
        self._shows = progress and not quiet
        self._terminal = sys.stderr.isatty() if terminal is None else terminal
        self._bar: tqdm[NoReturn] | None = None
        self._started = self._spoken = time.monotonic()
        self._mapping = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            with telling():
                self._bar.close()

    def progress(self, progress: Progress) -> None:
        """Show how far it is."""
        if not self._shows:
            return
        if self._terminal:
            with telling():
                self._draw(progress)
            return
        now = time.monotonic()
        if progress.mapping != self._mapping:  # speed is that of the mapping that is at work
            self._mapping, self._started = progress.mapping, now
        if now - self._spoken >= PLAIN_EVERY:
            self._spoken = now
            with telling():
                click.echo(progress_line(progress, seconds=now - self._started), err=True)

    def say(self, sentence: str) -> None:
        """Show a sentence above the bar."""
        if self._quiet:
            return
        with telling():
            if self._bar is None:
                click.echo(sentence, err=True)
            else:
                self._bar.write(sentence, file=sys.stderr)

    def _draw(self, progress: Progress) -> None:
        total = progress.total or None
        bar = self._bar
        if bar is None or bar.total != total:
            if bar is not None:
                bar.close()
            from tqdm import tqdm  # only for a terminal: starting is quicker without

            bar = self._bar = tqdm(total=total, file=sys.stderr, leave=False, dynamic_ncols=True)
        bar.unit = f" {progress.unit}s"
        bar.set_description(progress.mapping, refresh=False)
        rejected = [f"{progress.rejected:,} rejected"] if progress.rejected else []
        bar.set_postfix_str(", ".join([*rejected, *asides(progress)]), refresh=False)
        bar.update(progress.done - bar.n)
