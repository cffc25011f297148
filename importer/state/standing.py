"""How each row stands: what is told of it together with the request that carried it last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from importer.state import instants
from importer.state.rows import COLUMNS, row_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from importer.model import Row
    from importer.state.file import StateFile


_OF_ROW = [f"rows.{name.strip()}" for name in COLUMNS.split(",")]

_STANDING = (
    f"SELECT {', '.join(_OF_ROW)}, parts, rows.request, coalesce(answered_at, lost_at, sent_at)"  # noqa: S608 - only our own names
    " FROM rows LEFT JOIN requests ON requests.id = rows.request"
)


@dataclass(frozen=True, slots=True)
class Standing:
    """A row, and the request that carried it last: its number, and the server's time at its answer (loss, or send).

    `parts` is JSON with a short hash of each field as sent; None where that is not known.
    """

    row: Row
    parts: str | None
    request: int | None
    at: datetime | None


def standings(file: StateFile, collection: str) -> Iterator[Standing]:
    """Give all rows in the order of the sheet, each with its request."""
    lines = file.each(
        f"{_STANDING} WHERE rows.collection = ? ORDER BY source_row, rows.locale, rows.key",
        (collection,),
    )
    return map(_standing_of, lines)


def standing_of(file: StateFile, collection: str, locale: str, key: str) -> Standing | None:
    """Give one row with its request."""
    asked = f"{_STANDING} WHERE rows.collection = ? AND rows.locale = ? AND rows.key = ?"
    line = file.one(asked, (collection, locale, key))
    return None if line is None else _standing_of(line)


def _standing_of(line: tuple[Any, ...]) -> Standing:
    parts, request, at = line[len(_OF_ROW) :]
    return Standing(row_of(line[: len(_OF_ROW)]), parts, request, instants.read(at))


def sent_locales(file: StateFile, collection: str) -> list[str]:
    """List the locales of the rows that were ever sent, or that hold an item."""
    lines = file.all(
        "SELECT DISTINCT locale FROM rows WHERE collection = ? AND (attempts > 0 OR item_id IS NOT NULL)"
        " ORDER BY locale",
        (collection,),
    )
    return [locale for (locale,) in lines]


def latest_moment(file: StateFile) -> datetime | None:
    """Tell when, by the server's clock, the last request was answered or lost; None where that is not known of one."""
    line = file.one(
        "SELECT max(coalesce(lost_at, answered_at)), min(coalesce(lost_at, answered_at, '')) FROM requests"
        " WHERE outcome IS NOT 'not_carried_out'"
    )
    return instants.read(line[0]) if line is not None and line[1] else None
