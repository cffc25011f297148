"""Which listed item, or which item of an answer, belongs to which row: pure, and never by position."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from importer.model import Status
from importer.schema.content import readable

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence
    from datetime import datetime

    from importer.client import ListedItem
    from importer.model import Item
    from importer.schema import CollectionSchema
    from importer.state import Sending, SentRow

SKEW = timedelta(seconds=60)
"""How far two `createdOn` stamps may be from their true order (state file, "Time")."""

_SUFFIX = re.compile(r"-[A-Za-z0-9]{1,12}$")

Key = tuple[str, str]
"""Locale and key of a row."""


@dataclass(frozen=True, slots=True)
class Shown:
    """An item that a listing showed, without its content; `live` says that the live listing showed it."""

    id: str
    locale: str
    slug: str
    name: str
    key: str | None
    readable: str
    created_on: datetime | None
    last_published: str | None
    is_draft: bool
    is_archived: bool
    live: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """A row whose create may have had its effect: each request that carried it, oldest first.

    `patience` is how long after its end each of them can have had its effect; None: nobody asks for an end.
    """

    locale: str
    key: str
    slug: str
    sendings: tuple[Sending, ...]
    patience: timedelta | None = None

    @property
    def id(self) -> Key:
        """Locale and key."""
        return self.locale, self.key

    @property
    def since(self) -> datetime | None:
        """The first watermark: what was made before is not its own; None where any age may be."""
        since = [one.watermark for one in self.sendings]
        return None if None in since else min((moment for moment in since if moment is not None), default=None)

    def sent_as(self, readable: str) -> SentRow | None:
        """Give the row as it was sent last with this content."""
        return next((one.row for one in reversed(self.sendings) if one.row.readable == readable), None)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known besides a listing: who holds which item, what was seen before which request."""

    held: Mapping[str, Key]
    sighted: Mapping[str, int]


def same_name(left: str, right: str) -> bool:
    """Whether two names are one, but for blanks at the ends and Unicode composition."""
    return unicodedata.normalize("NFC", left.strip()) == unicodedata.normalize("NFC", right.strip())


def is_ours(wanted: Wanted, item: Shown, evidence: Evidence) -> bool:
    """Whether an item can be what one of this row's requests made, its slug apart; no other row holds it."""
    if evidence.held.get(item.id, wanted.id) != wanted.id:
        return False
    if wanted.locale and item.locale and wanted.locale != item.locale:
        return False
    sighted = evidence.sighted.get(item.id)
    return any(_can_have_made(one, item, sighted, wanted.patience) for one in wanted.sendings)


def _can_have_made(sending: Sending, item: Shown, sighted: int | None, patience: timedelta | None) -> bool:
    """Whether a request can have made an item: as it was sent, not seen before, and made while it could be.

    That is from its watermark until `patience` after its end; stamps are off by `SKEW` at most.
    """
    if item.readable != sending.row.readable or not same_name(sending.row.name, item.name):
        return False
    if sighted is not None and sighted < sending.request:
        return False
    made = item.created_on
    if sending.watermark is not None and (made is None or made < sending.watermark - SKEW):
        return False
    if patience is None or sending.ended is None:
        return True
    return made is not None and made <= sending.ended + patience + SKEW


def stem_of(slug: str) -> str | None:
    """The slug that a suffixed one was made from; None where it has no suffix."""
    return _SUFFIX.sub("", slug) if _SUFFIX.search(slug) else None


def status_of(item: Shown) -> Status:
    """Whether an item is published or staged."""
    published = item.live or (item.last_published is not None and not item.is_draft)
    return Status.PUBLISHED if published and not item.is_archived else Status.STAGED


class Shelves:
    """Items by their slug (without case), and by the slug that theirs was made from where it has a suffix.

    One that is under a slug that was `sent` (without case) has no suffix: its row's slug only looks like it.
    """

    def __init__(self, items: Iterable[Shown], sent: Container[str] = frozenset()) -> None:
        self._exact: dict[str, list[Shown]] = defaultdict(list)
        self._suffixed: dict[str, list[Shown]] = defaultdict(list)
        for item in items:
            slug = item.slug.casefold()
            self._exact[slug].append(item)
            stem = stem_of(slug)
            if stem is not None and slug not in sent:
                self._suffixed[stem].append(item)

    def exact(self, slug: str) -> list[Shown]:
        """Give those under this very slug."""
        return self._exact.get(slug.casefold(), [])

    def suffixed(self, slug: str) -> list[Shown]:
        """Give those under this slug with a suffix."""
        return self._suffixed.get(slug.casefold(), [])

    def under(self, slug: str) -> list[Shown]:
        """Give all of them, oldest first."""
        return sorted([*self.exact(slug), *self.suffixed(slug)], key=age)


def find(
    wanted: Sequence[Wanted],
    items: Iterable[Shown],
    evidence: Evidence,
    *,
    suffixed: Container[Key],
    claimed: frozenset[str] = frozenset(),
) -> dict[Key, Shown]:
    """Give each row the item that its request made: sent slugs first, then suffixed ones where `suffixed` allows.

    An item whose slug another of these rows was sent with, or that is `claimed` by another one (slugs without
    case), is never taken for a suffixed one. Under the sent slug it may have come late; a copy with a suffix may be
    anybody's, so it must have come in time.
    """
    shelves = Shelves(items, claimed | {one.slug.casefold() for one in wanted})
    found: dict[Key, Shown] = {}
    taken: set[str] = set()
    whenever = [replace(one, patience=None) for one in wanted]
    for source, rows in ((shelves.exact, whenever), (shelves.suffixed, [one for one in wanted if one.id in suffixed])):
        for one in rows:
            if one.id in found:
                continue
            candidates = [item for item in source(one.slug) if item.id not in taken]
            fitting = sorted((i for i in candidates if is_ours(one, i, evidence)), key=age)
            if fitting:
                found[one.id] = fitting[0]
                taken.add(fitting[0].id)
    return found


def match_answer(
    items: Sequence[Item], answered: Sequence[ListedItem], schema: CollectionSchema
) -> dict[Key, ListedItem]:
    """Match the items of an answer to those sent: by exact slug, then by name and content where only one fits."""
    matched: dict[Key, ListedItem] = {}
    left = {listed.id: listed for listed in answered}
    by_slug: dict[str, list[ListedItem]] = defaultdict(list)
    for listed in answered:
        by_slug[listed.slug].append(listed)
    for item in items:
        exact = by_slug.get(item.slug, [])
        if len(exact) == 1:
            matched[item.locale, item.key] = exact[0]
            left.pop(exact[0].id, None)
    open_items = [item for item in items if (item.locale, item.key) not in matched]
    if not open_items:
        return matched
    contents = {listed.id: readable(listed.field_data, schema) for listed in left.values()}
    fits = {
        (item.locale, item.key): [
            listed
            for listed in left.values()
            if contents[listed.id] == item.readable and same_name(item.name, listed.name)
        ]
        for item in open_items
    }
    claims: dict[str, int] = defaultdict(int)
    for candidates in fits.values():
        for listed in candidates:
            claims[listed.id] += 1
    for key, candidates in fits.items():
        if len(candidates) == 1 and claims[candidates[0].id] == 1:
            matched[key] = candidates[0]
    return matched


def age(item: Shown) -> tuple[str, str]:
    """Oldest first: of twins the original is kept."""
    return (item.created_on.isoformat() if item.created_on else "", item.id)
