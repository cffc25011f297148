"""The progress of a run as one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.report.amounts import number_of

if TYPE_CHECKING:
    from importer.model import Progress


def progress_line(progress: Progress, *, seconds: float) -> str:
    """Say how far work is that began `seconds` ago: what is done, rejects, speed, requests left, what is waited for."""
    rows = number_of(progress.total or progress.done, progress.unit, f"{progress.unit}s")
    parts = [rows] if progress.done else []
    if progress.total:
        parts = [f"{progress.done:,} of {rows} ({100 * progress.done // progress.total} %)"]
    if progress.rejected:
        parts.append(f"{progress.rejected:,} rejected")
    if seconds >= 1 and progress.done:
        parts.append(f"{progress.done / seconds:,.0f} {progress.unit}s/s")
    said = ", ".join([*parts, *asides(progress)])
    return f"{progress.mapping}: {said}" if progress.mapping else said


def asides(progress: Progress) -> list[str]:
    """Say what stands behind the numbers: what is being waited for, and requests left in the minute.

    The wait comes first: a narrow terminal cuts the end off.
    """
    said = [f"waiting for {progress.waiting_for}"] if progress.waiting_for else []
    if progress.requests_left is not None:
        said.append(f"{number_of(progress.requests_left, 'request', 'requests')} left this minute")
    return said
