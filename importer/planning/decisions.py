"""What a second run does with a row, found by its key (the table of that name in ARCHITECTURE.md)."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from importer.model import Status

if TYPE_CHECKING:
    from importer.model import Row

OUTSIDE_CAUSES = frozenset(
    {"asset_refused", "reference_unknown", "reference_unmade", "slug_taken", "slug_held", "server_error"}
)
"""Problem codes whose cause lies outside the row: such rows are sent again once a run, though unchanged."""


class Decision(StrEnum):
    """What is to be done with a good row."""

    CREATE = "create"
    PUBLISH = "publish"
    SETTLE = "settle"
    COMPARE = "compare"
    UNCHANGED = "unchanged"
    LEAVE_REJECTED = "leave_rejected"
    SKIP = "skip"


def decide(row: Row | None, source_hash: str, *, live: bool, retry: bool = False) -> Decision:
    """Decide by what the state says of the row; `retry` sends only, and all, rows that failed.

    `COMPARE` means: the cells or rules differ, so the content itself must be compared.
    """
    if row is None or row.status is Status.PENDING:
        return Decision.SKIP if retry else Decision.CREATE
    if row.status is Status.IN_FLIGHT:
        return Decision.SETTLE
    if row.status is Status.STAGED and live:
        return Decision.PUBLISH
    if row.status is Status.REJECTED:
        return _decide_rejected(row, source_hash, retry=retry)
    return Decision.UNCHANGED if row.source_hash == source_hash else Decision.COMPARE


def _decide_rejected(row: Row, source_hash: str, *, retry: bool) -> Decision:
    """A row that our checks refused is good now; one that Webflow refused may have changed, or its cause may."""
    if retry or row.error_source == "check" or row.source_hash != source_hash or row.error_code in OUTSIDE_CAUSES:
        return Decision.CREATE
    return Decision.LEAVE_REJECTED
