"""The nouns that every floor shares: problems, items, rows of the state, time, and expressions with their checks."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    import polars as pl

ROW = "_row"
"""The column with the row number that a person sees in the spreadsheet (the header is row 1 of most sheets)."""

KIND_PREFIX = "\x00kind:"
"""`KIND_PREFIX + column` holds the `Kind` of each cell (UInt8); absent where every cell of a column is text."""

BROKEN = "\x00broken"
"""The column (String) that says why a row could not be read as a row (`row_broken`), null for a sound one."""


ITEM = "\x00item"
"""The column (UInt32) of an item of several rows: the least number among its rows, null for a row that does not count.

Only frames whose rows were gathered by `group_by` have it; the rows of an item then stand together, in their order.
"""


class Kind(IntEnum):
    """What a cell was in its workbook; its text is then canonical (`.` decimals, ISO dates, TRUE/FALSE)."""

    TEXT = 0
    NUMBER = 1
    DATE = 2
    BOOLEAN = 3
    ERROR = 4


class Clock(Protocol):
    """Time, so that tests can turn it."""

    def monotonic(self) -> float:
        """Seconds since some fixed point; never steps back."""

    async def sleep(self, seconds: float) -> None:
        """Wait; zero lets others run."""


class SystemClock:
    """The machine's own clock."""

    def monotonic(self) -> float:
        """Seconds since some fixed point; never steps back."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """What a mapping's `[source]` says about reading its sheet; `None` means: find out.

    `charset` is no key of a mapping: it is what a server called the encoding of a sheet that came from it.
    """

    path: str | None = None
    sheet: str | int | None = None
    header_row: int | None = None
    encoding: str | None = None
    delimiter: str | None = None
    quote: str | None = None
    null_values: tuple[str, ...] = ()
    decimal: str = "."
    timezone: str = "UTC"
    dates: tuple[str, ...] = ()
    base_url: str | None = None
    charset: str | None = None
    fill_down: tuple[str, ...] = ()
    group_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with one row: where, what, and what to do; `value` is shortened."""

    row: int
    column: str | None
    field: str | None
    code: str
    value: str | None
    message: str
    fix: str


@dataclass(frozen=True, slots=True)
class Cell:
    """What a rule hands to a field: text, its kind where the workbook said one, and the alt text of images.

    `value` is String, or List(String) if `many`; null means empty. `kind` is UInt8 (see `Kind`) and stands only
    where the text is a cell as it was. `alt` has the shape of `value`.
    """

    value: pl.Expr
    many: bool = False
    kind: pl.Expr | None = None
    alt: pl.Expr | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """A mistake that a row can hold: `when` is true (Boolean; null counts as false) on the guilty rows.

    `facts` fill the sentences of `errors.problems` for this `code`; `value` (String) is the text to show and
    `suggest` (String) a better one, both per row.
    """

    code: str
    when: pl.Expr
    value: pl.Expr | None = None
    suggest: pl.Expr | None = None
    facts: Mapping[str, str | int | float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Item:
    """One item that is ready to be sent, in the bytes that will be sent.

    `body` is the JSON of one element of `{"items": [...]}`; it is made once and kept for halving and sending again.
    `locale` is a cmsLocaleId, or "" for the primary one. Hashes are hex: `source_hash` over the cells,
    `fingerprint` over the content as sent, `readable` over the part of it that reads back as written; `parts` is JSON
    with a short hash of each field, "" where nobody needs to say later which of them was changed.
    """

    key: str
    locale: str
    row: int
    rows: tuple[int, ...]
    slug: str
    name: str
    draft: bool
    archived: bool
    body: bytes
    files: int
    source_hash: str
    fingerprint: str
    readable: str
    parts: str = ""

    @property
    def live(self) -> bool:
        """Whether it goes to the live endpoint."""
        return not (self.draft or self.archived)


class Status(StrEnum):
    """Where a row stands in the state file."""

    PENDING = "pending"
    IN_FLIGHT = "in_flight"
    PUBLISHED = "published"
    STAGED = "staged"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Row:
    """What the state file says of a row; `first_request` and `first_watermark` belong to its very first send."""

    key: str
    locale: str
    status: Status
    source: str = ""
    source_row: int = 0
    item_id: str | None = None
    slug: str | None = None
    slug_sent: str | None = None
    name: str | None = None
    first_request: int | None = None
    first_watermark: datetime | None = None
    source_hash: str | None = None
    fingerprint: str | None = None
    readable: str | None = None
    attempts: int = 0
    last_published: str | None = None
    error_source: str | None = None
    error_code: str | None = None
    error: str | None = None
    warning: str | None = None
    run: str | None = None


@dataclass(slots=True)
class Counts:
    """How the items of a run ended; `total` is always the sum of the others (see `adds_up`)."""

    total: int = 0
    created: int = 0
    updated: int = 0
    staged: int = 0
    unchanged: int = 0
    skipped: int = 0
    rejected: int = 0
    in_doubt: int = 0
    not_sent: int = 0
    removed: int = 0

    def adds_up(self) -> bool:
        """Whether every item has exactly one verdict."""
        return self.total == (
            self.created + self.updated + self.staged + self.unchanged
            + self.skipped + self.rejected + self.in_doubt + self.not_sent
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Unsettled:
    """Rows that a run left in doubt: how many, when the first answer was lost, and when all can be known.

    Both moments are the server's; None where no answer was lost, or nobody knows when.
    """

    rows: int
    lost_at: datetime | None
    known_by: datetime | None


@dataclass(slots=True)
class Tally:
    """Requests of a run: sent on the wire, sent again among them, and answered 429 or held back for the limit."""

    sent: int = 0
    retried: int = 0
    throttled: int = 0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: what an observer is told whenever it changes; `mapping` is named where there are several.

    `unit` is what is counted.
    """

    total: int
    done: int
    rejected: int
    requests_left: int | None
    waiting_for: str = ""
    mapping: str = ""
    unit: str = "row"


class Observer(Protocol):
    """Somebody who watches a run; the library's own default watches nothing."""

    def progress(self, progress: Progress) -> None:
        """Take note of how far the run is."""

    def say(self, sentence: str) -> None:
        """Take note of something a person should read (a warning, what was detected, what is waited for)."""


class Silent:
    """The observer of library users: watches nothing."""

    def progress(self, progress: Progress) -> None:
        """Ignore it."""

    def say(self, sentence: str) -> None:
        """Ignore it."""
