"""Proving a state file: what stock was taken of is held against what the state says of each row; nothing is sent."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from importer.model import Status
from importer.publishing.matching import Evidence, Shelves, Wanted, age, is_ours
from importer.report.receipts import Likeness, Receipt, Stray
from importer.state import UNNAMED, Sending, SentRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import timedelta

    from importer.model import Row
    from importer.publishing.judging import Judge
    from importer.publishing.matching import Shown
    from importer.publishing.stock import Stock
    from importer.state import Standing, State

TWICE = 2
"""Sends of a row from which on it can have two items."""


@dataclass(frozen=True, slots=True)
class Doubled:
    """A row that has more than the item it holds: what its items are looked for by, and under which slugs."""

    wanted: Wanted
    slugs: tuple[str, ...]


@dataclass(slots=True)
class Proven:
    """A receipt for each row in the order of the sheet, and every item that no row holds.

    `doubled` rows can be healed: each of them keeps the oldest of its items.
    """

    receipts: list[Receipt] = field(default_factory=list)
    twins: list[Stray] = field(default_factory=list)
    strangers: list[Stray] = field(default_factory=list)
    doubled: list[Doubled] = field(default_factory=list)
    listed: int = 0
    held: int = 0
    unsettled: int = 0
    whole: bool = True


@dataclass(slots=True)
class _Free:
    """The items of one locale that no row holds, as far as they are not told yet whose they are."""

    stock: Stock
    items: dict[str, Shown]
    shelves: Shelves
    suspects: dict[str, Stray] = field(default_factory=dict)

    def under(self, slug: str) -> list[Shown]:
        """Give those under this slug, or under it with a suffix; oldest first."""
        return [item for item in self.shelves.under(slug) if item.id in self.items]


def prove(state: State, stocks: Mapping[str, Stock], judge: Judge, *, patience: timedelta) -> Proven:
    """Hold what was listed (by locale) against the state file; a request has its effect within `patience`, or never.

    Rows whose item is not known yet are asked first: what may be theirs is nobody's twin.
    """
    proven = Proven(whole=all(stock.whole for stock in stocks.values()))
    free, unsettled = _free_items(state, stocks)
    claims = {(one.row.locale, one.row.key): _ours(state, one, free.get(one.row.locale)) for one in unsettled}
    for standing in state.standings():
        row, stock = standing.row, stocks.get(standing.row.locale)
        held = None if stock is None else stock.sight(row.item_id)
        ours = claims.get((row.locale, row.key))
        if ours is None:
            beside = None if held is None or stock is None else (judge, stock)
            ours = _ours(state, standing, free.get(row.locale), patience, beside)
        flying = row.status is Status.IN_FLIGHT
        claimed = ours[0] if ours and (held is None or flying) else None
        receipt = judge.receipt(standing, stock, claimed)
        proven.receipts.append(receipt)
        proven.held += held is not None
        proven.unsettled += claimed is not None
        twins = ours if claimed is None else ours[1:]
        doubled = None
        if ours and not flying and row.item_id is not None and stock is not None and stock.whole:
            own = ours if held is None else [*ours, held.shown]
            doubled = _doubled(_wanted(state, row, patience), standing, own, judge, stock)
        proven.doubled += () if doubled is None else (doubled,)
        strays = (_stray(item, row, of=receipt.item_id) for item in twins)
        proven.twins += [replace(stray, healable=doubled is not None) for stray in strays]
    proven.listed = sum(len(stock.everything()) for stock in stocks.values())
    for locale, one in free.items():
        proven.strangers += [one.suspects.get(item.id) or _stranger(item, locale) for item in one.items.values()]
    return proven


def _free_items(state: State, stocks: Mapping[str, Stock]) -> tuple[dict[str, _Free], list[Standing]]:
    """Find the items that no row holds, by slug and stem, and the rows that were sent and hold none for certain."""
    held: dict[str, set[str]] = defaultdict(set)
    sent: dict[str, set[str]] = defaultdict(set)
    unsettled = []
    for standing in state.standings():
        row = standing.row
        if row.item_id is not None:
            held[row.locale].add(row.item_id)
        if row.slug_sent:
            sent[row.locale].add(row.slug_sent.casefold())
        if row.attempts and (row.item_id is None or row.status is Status.IN_FLIGHT):
            unsettled.append(standing)
    found: dict[str, _Free] = {}
    for locale, stock in stocks.items():
        items = {id_: sight.shown for id_, sight in stock.everything().items() if id_ not in held[locale]}
        found[locale] = _Free(stock, items, Shelves(items.values(), sent[locale]))
    return found, unsettled


def _ours(
    state: State,
    standing: Standing,
    free: _Free | None,
    patience: timedelta | None = None,
    beside: tuple[Judge, Stock] | None = None,
) -> list[Shown]:
    """Take the free items that are provably this row's own (rule 4), oldest first, and mark those that may be.

    Those that were made later than `patience` after any request may be copies that somebody made: nobody can tell.
    `beside` the row's item, one that somebody may have worked on is no twin.
    """
    row = standing.row
    if free is None or row.first_request is None or not row.slug_sent:
        return []
    # The sheet may have given it another slug in between, under which it was sent again, or refused without being sent.
    sent = state.sendings(row) if row.attempts >= TWICE or row.item_id is None else ()
    slugs = dict.fromkeys((row.slug_sent, *(one.row.slug for one in sent)))
    candidates = list({item.id: item for slug in slugs for item in free.under(slug)}.values())
    if not candidates:
        return []
    wanted = _wanted(state, row, patience)
    ids = [item.id for item in candidates]
    evidence = Evidence(state.keys_by_item(ids), state.first_sighting(ids))
    names = tuple(dict.fromkeys((row.name or "", *(one.row.name for one in sent))))
    alike = [item for item in candidates if is_ours(_whatever(wanted, row, item, names), item, evidence)]
    ours = [item for item in alike if is_ours(wanted, item, evidence)]
    if beside is not None:
        judge, stock = beside
        ours = [item for item in ours if judge.as_made(standing, stock.versions(item.id), wanted, evidence)]
    for item in ours:
        del free.items[item.id]
    for item in alike:
        if item.id in free.items:
            stray = _stray(item, row, of=row.item_id)
            instead = None if ours else _instead(row, item, free.stock)
            free.suspects[item.id] = replace(stray, suspect=True, instead=instead)
    return ours


def _instead(row: Row, item: Shown, stock: Stock) -> Likeness | None:
    """Say how an item is like the one that a row held, where that is gone; None where it is there, or may be."""
    if row.item_id is None or row.status is Status.IN_FLIGHT or not stock.whole or stock.sight(row.item_id) is not None:
        return None
    if item.readable != row.readable or item.slug not in {row.slug, row.slug_sent}:
        return Likeness.OTHER_CONTENT
    away = row.status is Status.PUBLISHED and not stock.is_live(item.id)
    return Likeness.NOT_LIVE if away else Likeness.EQUAL


def _doubled(wanted: Wanted, standing: Standing, own: list[Shown], judge: Judge, stock: Stock) -> Doubled | None:
    """Give what it takes to heal a row that has these items, the one that it holds among them; None leaves them."""
    oldest_first = [stock.versions(item.id) for item in sorted(own, key=age)]
    live = {item.id for item in own if stock.is_live(item.id)}
    if not judge.may_remove(standing, oldest_first, live):
        return None
    return Doubled(wanted, tuple(sorted({item.slug for item in own})))


def _wanted(state: State, row: Row, patience: timedelta | None) -> Wanted:
    """What a row is looked for by, whichever of its sends made the item.

    A second item (within `patience`) can be its own only if it was sent more than once, and by a request of which it is
    known when it ended: the answers of some servers have no `Date`.
    """
    sendings = state.sendings(row)
    if patience is not None:
        sendings = [one for one in sendings if one.ended is not None] if row.attempts >= TWICE else []
    return Wanted(row.locale, row.key, row.slug_sent or "", tuple(sendings), patience)


def _whatever(wanted: Wanted, row: Row, item: Shown, names: Iterable[str]) -> Wanted:
    """As if this item's content had been sent, whenever: what is left are the names, first watermark and sightings."""
    sent = [SentRow(row.locale, row.key, wanted.slug, name, "", item.readable) for name in names]
    first, since = row.first_request or 0, row.first_watermark
    return replace(wanted, sendings=tuple(Sending(first, one, since, None) for one in sent))


def _stray(item: Shown, row: Row, *, of: str | None) -> Stray:
    """An item that has to do with a row."""
    key = None if row.key.startswith(UNNAMED) else row.key
    return replace(_stranger(item, row.locale), file=row.source, row=row.source_row, key=key, of=of)


def _stranger(item: Shown, locale: str) -> Stray:
    return Stray(item_id=item.id, locale=locale, slug=item.slug, name=item.name, created_on=item.created_on)
