"""What a state file says, as text for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.model import Status
from importer.report.sentences import doubt_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from importer.model import Unsettled

SHOWN_RUNS = 10
"""The newest runs that are listed."""

_LABELS = {
    Status.PUBLISHED: "published",
    Status.STAGED: "staged (drafts or archived)",
    Status.REJECTED: "rejected",
    Status.IN_FLIGHT: "in doubt: sent, outcome not known yet",
    Status.PENDING: "not sent yet",
}


def standing_text(
    path: Path,
    rows: Mapping[Status, int],
    runs: Sequence[str],
    unsettled: Unsettled | None = None,
    beside: Mapping[Status, int] | None = None,
) -> str:
    """Say how many rows have each status, what the newest runs did (oldest first), and from when on doubt can end.

    `beside` are the items of other collections that were made because rows refer to them.
    """
    lines = [str(path)]
    lines += [f"  {rows[status]:>9,} {label}" for status, label in _LABELS.items() if rows.get(status)]
    if not any(rows.values()):
        lines.append("  no rows yet")
    if beside and any(beside.values()):
        said = ", ".join(f"{beside[status]:,} {label}" for status, label in _LABELS.items() if beside.get(status))
        lines.append(f"  items of other collections that rows refer to: {said}")
    shown = runs[-SHOWN_RUNS:]
    if shown:
        lines.append("  runs:" if len(shown) == len(runs) else f"  runs (the last {len(shown)} of {len(runs)}):")
        lines += [f"    {line}" for line in shown]
    if unsettled is not None and rows.get(Status.IN_FLIGHT):
        lines.append(f"  {doubt_text(unsettled, 'The next run')}")
    return "\n".join(lines)
