"""What the state file takes and gives: one frozen value for each thing that is written down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from datetime import datetime

    from importer.model import Item, Row, Status

UNNAMED: Final = "\x00row "
"""How the key of a row begins that has none of its own (see `unnamed_key`)."""


def unnamed_key(source_row: int) -> str:
    """Make the key for a row that has none of its own, or another row's."""
    return f"{UNNAMED}{source_row}"


@dataclass(frozen=True, slots=True)
class Identity:
    """What a state file belongs to; an empty `site` is unknown. The base address is part of the file's path."""

    mapping: str
    site: str
    collection: str


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run; `finished_at`, `verdict`, `exit_code` and `summary` are None while it goes on, or if it died."""

    run: str
    mapping: str
    source: str
    mode: str
    started_at: datetime
    finished_at: datetime | None
    verdict: str | None
    exit_code: int | None
    summary: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Sent:
    """An item of a request, and the name of the sheet that it came from."""

    item: Item
    source: str


@dataclass(frozen=True, slots=True)
class Published:
    """A row whose item is known to exist; `status` is PUBLISHED or STAGED, `slug` the returned one."""

    locale: str
    key: str
    item_id: str
    slug: str
    status: Status
    last_published: str | None = None


@dataclass(frozen=True, slots=True)
class Adopted:
    """An item that was found to be a row's own.

    A row that was never sent needs its `sent`; `as_sent` is what the item holds, if an earlier send brought it.
    """

    published: Published
    sent: Sent | None = None
    as_sent: SentRow | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that was refused, and why.

    `sent` is needed only by `State.reject` for a row that was never sent: it brings row number and hashes.
    """

    locale: str
    key: str
    code: str
    message: str
    error_source: str = "webflow"
    sent: Sent | None = None


@dataclass(frozen=True, slots=True)
class CheckedRow:
    """A row that our own checks rejected; `key` is None where it has none, or an earlier row's.

    `source_rows` are the numbers of all rows of an item of several, nothing where it is that one.
    """

    locale: str
    key: str | None
    source_row: int
    code: str
    message: str
    source_rows: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """One request that writes.

    `outcome` is None while it is in flight, else "lost", "answered", "refused:<code>", "not_carried_out", or "repeated"
    for what is asked for until it is answered (publish, unpublish, delete). `answered_at` is when that came.
    `watermark` None stands for an empty collection, `lost_at` None for: not lost, or no server time known yet.
    """

    id: int
    run: str
    verb: str
    endpoint: str
    watermark: datetime | None
    sent_at: datetime | None
    answered_at: datetime | None
    lost_at: datetime | None
    outcome: str | None
    closed: bool


@dataclass(frozen=True, slots=True)
class Doubt:
    """A row whose outcome is unknown, with the latest request that carried it."""

    row: Row
    request: Request


@dataclass(frozen=True, slots=True)
class SentRow:
    """A row of a request, as it was sent."""

    locale: str
    key: str
    slug: str
    name: str
    fingerprint: str
    readable: str


@dataclass(frozen=True, slots=True)
class Sending:
    """A row as one request carried it, and when that can have had its effect.

    `watermark` is the request's (None: an empty collection), `ended` the server's time when it was lost or over; None
    where nobody knows.
    """

    request: int
    row: SentRow
    watermark: datetime | None
    ended: datetime | None


@dataclass(frozen=True, slots=True)
class TwinCheck:
    """A row whose returned slug differs from the sent one, to be looked at again (rule 7)."""

    locale: str
    key: str
    request: int


@dataclass(frozen=True, slots=True)
class SeenItem:
    """An item that a look-up showed."""

    item_id: str
    locale: str
    slug: str
    name: str
    key: str | None
    readable: str
    created_on: datetime | None
    live: bool
