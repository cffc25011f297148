"""Instants as text that sorts as it should: UTC, milliseconds, `2026-11-23T17:45:01.123Z`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import overload

from importer.errors import StateError


@overload
def written(at: datetime) -> str: ...
@overload
def written(at: None) -> None: ...
@overload
def written(at: datetime | None) -> str | None: ...
def written(at: datetime | None) -> str | None:
    """Write an instant down, cut to milliseconds; raises ValueError for one without a zone."""
    if at is None:
        return None
    if at.tzinfo is None:
        raise ValueError(f"{at.isoformat()} has no time zone")
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def read(text: str | None) -> datetime | None:
    """Read what `written` wrote; nothing, or the empty text, is None. Raises StateError for anything else."""
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        raise StateError(
            f"The state file is damaged: it holds {text!r} where a moment should be.",
            "Put back a copy of it, or name another file with --state PATH; keep the damaged one.",
        ) from None
