"""Where items go, how long doubt lasts, and what is to be done: what a publication is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from importer.publishing.matching import Shown
from importer.schema.content import key_of, readable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from importer.client import Client, ListedItem, Reply
    from importer.model import Clock, Item, Unsettled
    from importer.planning import Decision
    from importer.publishing.listing import Listings
    from importer.schema import CollectionSchema
    from importer.state import State

LAG = 10.0
"""Seconds within which what has taken effect is listed (an assumption about Webflow)."""


@dataclass(frozen=True, slots=True)
class Target:
    """The collection that items go to; `key_field` is the field that holds their key, None if no field does."""

    schema: CollectionSchema
    key_field: str | None = "slug"
    skip_invalid_files: bool = False

    @property
    def collection(self) -> str:
        """The collection's id."""
        return self.schema.id

    def shown(self, item: ListedItem, *, live: bool) -> Shown:
        """What is kept of an item that a listing shows: what it is known again by."""
        return Shown(
            id=item.id,
            locale=item.locale,
            slug=item.slug,
            name=item.name,
            key=key_of(item.field_data, self.key_field),
            readable=readable(item.field_data, self.schema),
            created_on=item.created_on,
            last_published=item.last_published,
            is_draft=item.is_draft,
            is_archived=item.is_archived,
            live=live,
        )


@dataclass(frozen=True, slots=True)
class Timing:
    """How long doubt lasts (seconds).

    A lost request has its effect at most `patience` after the loss; what has taken effect is listed within `lag`.
    `over_when_dead`: a request of a process that ended is over, as with the embedded sandbox.
    """

    patience: float = 300.0
    lag: float = LAG
    over_when_dead: bool = False

    @classmethod
    def of(cls, patience: float, *, embedded: bool = False) -> Timing:
        """The timing that `--patience` asks for; the embedded sandbox lists at once."""
        return cls(patience, 0.0 if embedded else min(LAG, patience), over_when_dead=embedded)


@dataclass(frozen=True, slots=True)
class Todo:
    """One good row that needs something: `CREATE`, `PUBLISH` (with the id of its staged item) or `SETTLE`.

    `unfit` (code, sentence) says why a row to be settled is rejected if it must be sent again.
    """

    decision: Decision
    item: Item
    item_id: str = ""
    unfit: tuple[str, str] | None = None


@dataclass(slots=True)
class Allowance:
    """How many more items may be sent (`--limit`); None is any number."""

    left: int | None = None

    def take(self) -> bool:
        """Whether one more may be sent; if so, it counts."""
        if self.left is None:
            return True
        self.left -= 1
        return self.left >= 0


@dataclass(frozen=True, slots=True)
class Plan:
    """What pass 1 foresees: how many items are to be created in each locale."""

    creates: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class LeftOver:
    """How many rows have no verdict: rows of the sheet in doubt, rows in doubt that are none of this run's.

    `not_sent` is to be added to the number of rows that were not drawn; those of them in doubt are taken off it.
    `unsettled` is what the state file has in doubt.
    """

    in_doubt: int
    not_sent: int
    elsewhere: int
    unsettled: Unsettled | None


@dataclass(frozen=True, slots=True)
class Place:
    """Everything one run publishes with: the doors, the clock, and the names it goes by in the state file."""

    client: Client
    state: State
    clock: Clock
    target: Target
    timing: Timing
    listings: Listings
    run: str
    source: str

    def server_now(self, *, latest: bool = False) -> datetime | None:
        """The server's clock at the earliest (or latest) that it can show now; None where no answer had a `Date`."""
        bounds = self.client.server_now()
        return None if bounds is None else bounds[1 if latest else 0]

    def ended(self, reply: Reply) -> datetime | None:
        """When a request was over, by the server's clock: the `Date` of its answer, or what earlier ones tell."""
        return reply.server_time or self.server_now(latest=True)
